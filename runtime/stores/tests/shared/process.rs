//! Clients in processes of their own, each with an address of loopback: this program again, as a child.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use sansgram_testkit::TestServer;
use sansgram_tokio::core::PublicKey;
use sansgram_tokio::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_tokio::{Client, Error, Runtime, Sleep, StoreError, Tokio};
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::clock::{Clock, STEP, SteppedClock};
use super::{Options, Store, keys};

/// Set in a child: the URL, the address of the child, the address of DC 2, and the lease in milliseconds.
const CHILD: &str = "SANSGRAM_STORES_CHILD";
/// The name of the session that the processes share.
pub(crate) const SESSION: &str = "shared";

/// tokio, with connections from an address of its own.
#[derive(Clone)]
pub(crate) struct Bound {
    tokio: Tokio,
    address: IpAddr,
    blocking: Arc<AtomicUsize>,
}

impl Bound {
    pub(crate) fn new(address: impl Into<IpAddr>) -> Self {
        Self { tokio: Tokio::current(), address: address.into(), blocking: Arc::default() }
    }

    /// Returns how often a blocking thread was asked for.
    pub(crate) fn blocking(&self) -> usize {
        self.blocking.load(Ordering::Relaxed)
    }
}

impl Runtime for Bound {
    type Stream = Compat<TcpStream>;
    type Timer = Sleep;

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(self.address, 0))?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream.compat())
    }

    fn reset(&self, stream: Self::Stream) {
        self.tokio.reset(stream);
    }

    fn timer(&self, deadline: Instant) -> Sleep {
        self.tokio.timer(deadline)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tokio.spawn(task);
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.blocking.fetch_add(1, Ordering::Relaxed);
        self.tokio.spawn_blocking(work);
    }
}

/// What a child does, or nothing in the tests themselves.
#[test]
fn child() {
    in_child(share);
}

/// Does the work of a child with its arguments, if this is one.
pub(crate) fn in_child(work: impl AsyncFnOnce(&str, IpAddr, SocketAddr, Duration)) {
    let Ok(arguments) = std::env::var(CHILD) else { return };
    let arguments: Vec<_> = arguments.split(' ').collect();
    let [url, address, dc, lease] = arguments[..] else { panic!("{arguments:?}") };
    let lease = Duration::from_millis(lease.parse().unwrap());
    let (address, dc): (IpAddr, SocketAddr) = (address.parse().unwrap(), dc.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    thread::spawn(|| {
        // It ends when the parent says so, or dies.
        let _ = io::stdin().read(&mut [0]);
        STOPPING.store(true, Ordering::Relaxed);
    });
    runtime.block_on(work(url, address, dc, lease));
}

static STOPPING: AtomicBool = AtomicBool::new(false);

/// Takes the session whenever it is free, and uses it without a pause.
async fn share(url: &str, address: IpAddr, dc: SocketAddr, lease: Duration) {
    let options = Options::default().with_lease(lease).with_owner(address.to_string());
    let store = Store::connect(url, keys(), options).await.unwrap();
    let runtime = Bound::new(address);
    say("ready", &"");
    while !STOPPING.load(Ordering::Relaxed) {
        let session = store.session(SESSION).unwrap();
        let client = match Client::start(runtime.clone(), config(dc), session).await {
            Ok(client) => client,
            Err(Error::Store(error)) if matches!(*error, StoreError::Leased { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            Err(error) => {
                say("failed", &error);
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        say("owner", &"");
        let mut is_first = true;
        let mut date = SystemTime::now();
        let mut is_stepped = false;
        loop {
            let before = std::mem::replace(&mut date, SystemTime::now());
            is_stepped |= date.duration_since(before).unwrap_or_else(|ahead| ahead.duration()) > STEP / 2;
            if STOPPING.load(Ordering::Relaxed) {
                client.disconnect().await;
                say("released", &"");
                return;
            }
            match client.get_me().await {
                Ok(_) if is_first => {
                    say("served", &"");
                    is_first = false;
                }
                Ok(_) if is_stepped => {
                    say("stepped", &"");
                    is_stepped = false;
                }
                Ok(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                Err(error) => {
                    say("lost", &error);
                    break;
                }
            }
        }
    }
}

pub(crate) fn say(what: &str, about: &dyn std::fmt::Display) {
    let mut out = io::stdout().lock();
    // The parent may be gone.
    let _ = writeln!(out, "\n@{what} {about}").and_then(|()| out.flush());
}

pub(crate) fn config(dc: SocketAddr) -> Config {
    let id = DcId::new(2).unwrap();
    let mut dcs = DcTable::new();
    dcs.insert(id, dc);
    let pem = std::env::var("SANSGRAM_STORES_CHILD_KEY").unwrap();
    let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
    Config::new(dcs, id, [PublicKey::from_pem(&pem).unwrap()]).with_api(Some(api))
}

/// A child process.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    said: Receiver<Message>,
    /// Whether it has said that the server answers it, and not since that it no longer owns the session.
    is_served: Cell<bool>,
    /// Why it last lost the session.
    loss: RefCell<String>,
    /// Its clock, if that can be stepped.
    clock: Option<SteppedClock>,
}

/// What a child says: a word, what it says about it, and when.
type Message = (String, String, Instant);

impl Process {
    /// Starts a process that takes the shared session whenever it is free.
    pub(crate) fn start(server: &TestServer, url: &str, address: [u8; 4], lease: Duration) -> Self {
        Self::start_with("process::child", server, url, address, lease, None)
    }

    /// Like [`start`](Self::start), with a clock that can be stepped.
    pub(crate) fn start_with_clock(
        server: &TestServer,
        url: &str,
        address: [u8; 4],
        lease: Duration,
        clock: Clock,
    ) -> Self {
        Self::start_with("process::child", server, url, address, lease, Some(SteppedClock::new(clock)))
    }

    /// Starts a process that does what this test does [in a child](in_child).
    pub(crate) fn start_with(
        test: &str,
        server: &TestServer,
        url: &str,
        address: [u8; 4],
        lease: Duration,
        clock: Option<SteppedClock>,
    ) -> Self {
        let dc = server.address(2).unwrap();
        let arguments = format!("{url} {} {dc} {}", IpAddr::from(address), lease.as_millis());
        let mut child = Command::new(std::env::current_exe().unwrap());
        if let Some(clock) = &clock {
            child.envs(clock.environment());
        }
        let mut child = child
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, arguments)
            .env("SANSGRAM_STORES_CHILD_KEY", server.public_key_pem())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let Some((what, about)) = line.strip_prefix('@').and_then(|it| it.split_once(' ')) else {
                    continue;
                };
                if sender.send((what.into(), about.into(), Instant::now())).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, said, is_served: Cell::new(false), loss: RefCell::default(), clock }
    }

    /// Waits until the process says this, and returns what it says about it and when it did. It may say other things
    /// before.
    pub(crate) fn says(&self, what: &str, within: Duration) -> (String, Instant) {
        let until = Instant::now() + within;
        let mut others = Vec::new();
        loop {
            match self.message(until.saturating_duration_since(Instant::now())) {
                Some((said, about, at)) if said == what => return (about, at),
                Some((said, about, _)) => others.push((said, about)),
                None => panic!("the process has not said {what:?} within {within:?}, but {others:?}"),
            }
        }
    }

    /// Waits a moment. Returns whether the process has said nothing meanwhile.
    pub(crate) fn try_says_nothing(&self) -> bool {
        self.message(Duration::from_millis(20)).is_none()
    }

    /// Returns whether the process owns the session and the server answers it, by what it has said so far.
    pub(crate) fn is_served(&self) -> bool {
        self.forget();
        self.is_served.get()
    }

    /// Returns why the process last lost the session, as it has said.
    pub(crate) fn loss(&self) -> String {
        self.loss.borrow().clone()
    }

    /// Like [`is_served`](Self::is_served), and waits for the next word first.
    pub(crate) fn is_served_within(&self, time: Duration) -> bool {
        let _ = self.message(time);
        self.is_served()
    }

    /// Forgets what the process has said.
    pub(crate) fn forget(&self) {
        while self.message(Duration::ZERO).is_some() {}
    }

    fn message(&self, within: Duration) -> Option<Message> {
        let message = self.said.recv_timeout(within).ok()?;
        match message.0.as_str() {
            "served" => self.is_served.set(true),
            "lost" | "released" => {
                self.is_served.set(false);
                self.loss.replace(message.1.clone());
            }
            _ => {}
        }
        Some(message)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Sets its clock ahead or back by an hour. It says `stepped` once the server has answered it since, if it still
    /// owns the session.
    pub(crate) fn step_clock(&self) {
        self.clock.as_ref().expect("the process has a clock of its own").step();
    }

    /// Tells the process to give the session back and to end.
    pub(crate) fn stop(&mut self) {
        self.input = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(clock) = &self.clock {
            clock.clean_up(self.child.id());
        }
    }
}
