//! A proxy that does to connections what bad networks do.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sansgram_testkit::random::SeededRandomForTestingOnly;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::Result;

/// How many bytes are read at most at once: frames are cut anywhere.
const PIECE: usize = 8 << 10;
/// A connection that meets its end has at most this many bytes in one direction before.
const MAX_BYTES_BEFORE: u64 = 16 << 10;
/// How long a connection is silent before it ends: longer than the client waits for an answer to its ping.
const SILENCE: Duration = Duration::from_secs(120);

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Passes,
    /// Both ends are closed.
    Cut,
    /// Both ends are reset.
    Reset,
    /// Both ends stay open, and nothing passes any more.
    Silent,
    /// Each piece waits.
    Delayed(Duration),
    /// Each KiB takes this long.
    Throttled(Duration),
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Passes => "untouched",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::Silent => "silent",
            Self::Delayed(_) => "delayed",
            Self::Throttled(_) => "throttled",
        }
    }
}

/// A fate, and after how many bytes in either direction the connection meets it.
#[derive(Clone, Copy)]
struct Plan {
    fate: Fate,
    after: u64,
}

impl Plan {
    fn draw(random: &mut SeededRandomForTestingOnly) -> Self {
        let (first, second) = (random.below(100), random.next_u64());
        let fate = match first {
            0..40 => Fate::Cut,
            40..60 => Fate::Reset,
            60..63 => Fate::Silent,
            63..75 => Fate::Delayed(Duration::from_millis(1 + second % 200)),
            75..85 => Fate::Throttled(Duration::from_millis(1 + second % 50)),
            _ => Fate::Passes,
        };
        Self { fate, after: second % MAX_BYTES_BEFORE }
    }
}

/// The number of connections by the name of what happened to them.
type Counts = Mutex<BTreeMap<&'static str, usize>>;

/// The proxy. It runs until the process ends.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

impl Proxy {
    /// Returns how many connections had which fate.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts a proxy before `target` on a thread of its own. While it `is_calm`, all passes.
pub(crate) fn start(target: SocketAddr, seed: u64, is_calm: Arc<AtomicBool>) -> Result<Proxy> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let proxy = Proxy { address: listener.local_addr()?, counts: Arc::default() };
    let counts = proxy.counts.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || runtime.block_on(serve(listener, target, seed, is_calm, counts)));
    Ok(proxy)
}

async fn serve(
    listener: std::net::TcpListener,
    target: SocketAddr,
    seed: u64,
    is_calm: Arc<AtomicBool>,
    counts: Arc<Counts>,
) {
    let listener = TcpListener::from_std(listener).expect("the listener does not block");
    let mut random = SeededRandomForTestingOnly::new(seed);
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // No descriptor is free.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let plan = Plan::draw(&mut random);
        let (is_calm, counts) = (is_calm.clone(), counts.clone());
        tokio::spawn(async move {
            // While the DCs are restarted, the client's connection is closed at once.
            let Ok(server) = TcpStream::connect(target).await else { return };
            carry(client, server, plan, &is_calm, &counts).await;
        });
    }
}

/// Carries a connection until it ends, and counts what happened to it.
async fn carry(client: TcpStream, server: TcpStream, plan: Plan, is_calm: &AtomicBool, counts: &Counts) {
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let fate = tokio::select! {
        fate = pass(&mut from_client, &mut to_server, plan, is_calm) => fate,
        fate = pass(&mut from_server, &mut to_client, plan, is_calm) => fate,
    };
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(fate.name()).or_default() += 1;
    match fate {
        Fate::Reset => {
            for half in [&to_client, &to_server] {
                reset_on_close(half);
            }
        }
        Fate::Silent => sleep(SILENCE).await,
        _ => {}
    }
}

/// Copies one direction until it ends or the connection meets its end.
async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, plan: Plan, is_calm: &AtomicBool) -> Fate {
    let mut buffer = vec![0; PIECE];
    let mut passed = 0;
    let mut met = Fate::Passes;
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return met };
        if !is_calm.load(Ordering::Relaxed) {
            match plan.fate {
                Fate::Cut | Fate::Reset | Fate::Silent if passed + count as u64 > plan.after => {
                    // The bytes before still arrive.
                    let before = plan.after.saturating_sub(passed) as usize;
                    drop(to.write_all(&buffer[..before]).await);
                    return plan.fate;
                }
                Fate::Delayed(delay) => {
                    sleep(delay).await;
                    met = plan.fate;
                }
                Fate::Throttled(per_kib) => {
                    sleep(per_kib * (count as u32).div_ceil(1024)).await;
                    met = plan.fate;
                }
                _ => {}
            }
        }
        passed += count as u64;
        if to.write_all(&buffer[..count]).await.is_err() {
            return met;
        }
    }
}

/// Makes the kernel reset a connection that is closed.
fn reset_on_close(half: &OwnedWriteHalf) {
    #[cfg(unix)]
    let _ = rustix::net::sockopt::set_socket_linger(half.as_ref(), Some(Duration::ZERO));
    #[cfg(not(unix))]
    let _ = half;
}
