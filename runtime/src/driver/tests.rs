//! The driver with a toy machine, toy streams and a clock that the tests advance.

mod bursts;
mod connecting;
mod leases;
mod saving;
mod sockets;
mod timers;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_core::client::{DcId, RequestId};
use sansgram_core::time::Now;

use super::*;
use crate::clock::Clock;
use crate::{MemoryStore, Timer};

/// A machine with scripted outputs, which records its inputs.
#[derive(Default)]
struct Toy {
    outputs: VecDeque<Output>,
    deadline: Option<Timestamp>,
    heard: Vec<String>,
    session: StoredSession,
    /// Bytes that the next transmit takes, on connection 1.
    queued: Vec<u8>,
    /// The results of completed requests.
    results: BTreeMap<RequestId, u8>,
    cancelled: Vec<RequestId>,
    login_step: Option<RequestId>,
}

impl Machine for Toy {
    fn handle(&mut self, _now: Now, input: Input<'_>) {
        if matches!(input, Input::Tick) {
            self.deadline = None;
        }
        self.heard.push(match input {
            Input::Tick => "tick".into(),
            Input::Opened { conn } => format!("{} opened", conn.0),
            Input::Received { conn, bytes } => {
                format!("{} received {}", conn.0, String::from_utf8_lossy(bytes))
            }
            Input::Transmitted { conn, buffer } => {
                format!("{} sent {}", conn.0, String::from_utf8_lossy(&buffer))
            }
            Input::Lost { conn, cause } => format!("{} lost {cause:?}", conn.0),
            _ => "computed".into(),
        });
    }

    fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        match std::mem::take(&mut self.queued) {
            none if none.is_empty() => Output::Timeout(self.deadline),
            bytes => Output::Transmit { conn: ConnId(1), bytes },
        }
    }

    fn close(&mut self, _now: Now) {
        self.heard.push("close".into());
    }

    fn stored_session(&self) -> &StoredSession {
        &self.session
    }

    fn is_login_step(&self, id: RequestId) -> bool {
        self.login_step == Some(id)
    }
}

/// The state of a toy stream, which the test and the driver share.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<Vec<u8>>,
    /// Every read returns a byte.
    endless: bool,
    ended: bool,
    written: Vec<u8>,
    /// The number of bytes that it still accepts.
    room: usize,
    closed: bool,
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Default)]
struct ToyStream(Arc<Mutex<Wire>>);

impl AsyncRead for ToyStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut wire = self.0.lock().unwrap();
        if wire.endless {
            bytes[0] = b'x';
            return Poll::Ready(Ok(1));
        }
        if let Some(mut incoming) = wire.incoming.pop_front() {
            let len = incoming.len().min(bytes.len());
            bytes[..len].copy_from_slice(&incoming[..len]);
            if incoming.len() > len {
                wire.incoming.push_front(incoming.split_off(len));
            }
            return Poll::Ready(Ok(len));
        }
        wire.reader = Some(cx.waker().clone());
        if wire.ended { Poll::Ready(Ok(0)) } else { Poll::Pending }
    }
}

impl AsyncWrite for ToyStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut wire = self.0.lock().unwrap();
        let len = bytes.len().min(wire.room).min(3);
        if len == 0 {
            wire.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        wire.room -= len;
        wire.written.extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().unwrap().closed = true;
        Poll::Ready(Ok(()))
    }
}

struct ToyTimer {
    clock: Arc<Mutex<Instant>>,
    deadline: Instant,
    stuck: bool,
    resets: Arc<AtomicUsize>,
    set_to: Arc<Mutex<Option<Instant>>>,
}

impl Timer for ToyTimer {
    fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        *self.set_to.lock().unwrap() = Some(deadline);
        self.resets.fetch_add(1, Ordering::Relaxed);
    }

    fn poll_expired(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        if !self.stuck && *self.clock.lock().unwrap() >= self.deadline {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

struct ToyRuntime {
    clock: Arc<Mutex<Instant>>,
    stuck_timers: bool,
    /// By port: a stream, an error, or (not listed) silence.
    peers: BTreeMap<u16, Result<ToyStream, io::ErrorKind>>,
    blocking: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    /// The ports of all connects.
    connects: Mutex<Vec<u16>>,
    /// The number of connects that were dropped without an answer.
    dropped: Arc<AtomicUsize>,
    /// How often the clock was read.
    clock_reads: AtomicUsize,
    /// How often a timer was created or reset.
    timer_resets: Arc<AtomicUsize>,
    /// What the timer of the driver was set to last.
    timer_set_to: Arc<Mutex<Option<Instant>>>,
}

struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Runtime for ToyRuntime {
    type Stream = ToyStream;
    type Timer = ToyTimer;

    async fn connect(&self, address: SocketAddr) -> io::Result<ToyStream> {
        self.connects.lock().unwrap().push(address.port());
        match self.peers.get(&address.port()) {
            Some(Ok(stream)) => Ok(stream.clone()),
            Some(Err(kind)) => Err((*kind).into()),
            None => {
                let _dropped = Dropped(self.dropped.clone());
                pending().await
            }
        }
    }

    fn reset(&self, stream: ToyStream) {
        stream.0.lock().unwrap().reset = true;
    }

    async fn resolve(&self, name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        match name.as_str() {
            "unknown.example" => Err(io::ErrorKind::NotFound.into()),
            "unanswered" => pending().await,
            _ => Ok([REFUSES, port].map(|port| SocketAddr::from(([127, 0, 0, 1], port))).into()),
        }
    }

    fn timer(&self, deadline: Instant) -> ToyTimer {
        self.timer_resets.fetch_add(1, Ordering::Relaxed);
        let (resets, set_to) = (self.timer_resets.clone(), self.timer_set_to.clone());
        *set_to.lock().unwrap() = Some(deadline);
        ToyTimer { clock: self.clock.clone(), deadline, stuck: self.stuck_timers, resets, set_to }
    }

    fn spawn(&self, _task: impl Future<Output = ()> + Send + 'static) {
        unreachable!("the driver spawns nothing")
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.blocking.lock().unwrap().push(Box::new(work));
    }

    fn now(&self) -> Instant {
        self.clock_reads.fetch_add(1, Ordering::Relaxed);
        *self.clock.lock().unwrap()
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Bench {
    runtime: Arc<ToyRuntime>,
    shared: Arc<Shared<Toy>>,
    driver: Option<Pin<Box<Driver<ToyRuntime, Toy>>>>,
    wakes: Arc<Wakes>,
    store: Arc<MemoryStore>,
}

const REFUSES: u16 = 1;
const SILENT: u16 = 2;
const FIRST: u16 = 11;
const SECOND: u16 = 12;

impl Bench {
    fn new() -> Self {
        Self::with_timers(false)
    }

    fn with_timers(stuck_timers: bool) -> Self {
        Self::with(stuck_timers, None, None)
    }

    fn behind(proxy: &str) -> Self {
        Self::with(false, Some(Arc::new(proxy.parse().unwrap())), None)
    }

    fn with(stuck_timers: bool, proxy: Option<Arc<Proxy>>, ownership: Option<Ownership>) -> Self {
        let stream = || Ok(ToyStream(Arc::new(Mutex::new(Wire { room: 1000, ..Wire::default() }))));
        let peers = [(REFUSES, Err(io::ErrorKind::ConnectionRefused)), (FIRST, stream()), (SECOND, stream())];
        let runtime = Arc::new(ToyRuntime {
            clock: Arc::new(Mutex::new(Instant::now())),
            stuck_timers,
            peers: peers.into_iter().collect(),
            blocking: Mutex::default(),
            connects: Mutex::default(),
            dropped: Arc::default(),
            clock_reads: AtomicUsize::new(0),
            timer_resets: Arc::default(),
            timer_set_to: Arc::default(),
        });
        let session = StoredSession { api_id: Some(7), ..StoredSession::default() };
        let toy = Toy { session, ..Toy::default() };
        let shared = Arc::new(Shared::new(toy, Clock::of(&runtime)));
        let store = Arc::new(MemoryStore::new());
        let ownership = ownership.unwrap_or_else(|| Ownership::Store(store.clone()));
        let driver = Driver::new(runtime.clone(), shared.clone(), ownership, proxy);
        Self { runtime, shared, driver: Some(Box::pin(driver)), wakes: Arc::default(), store }
    }

    fn poll(&mut self) -> Poll<()> {
        let waker = Waker::from(self.wakes.clone());
        self.driver.as_mut().unwrap().as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls once with new outputs of the machine and no other input.
    fn output(&mut self, outputs: impl IntoIterator<Item = Output>) {
        self.shared.with_state(|state, _| state.machine.outputs.extend(outputs));
        assert!(self.poll().is_pending());
    }

    fn open(&mut self, conn: u64, ports: &[u16]) {
        let endpoints = ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
        self.output([Output::Open { conn: ConnId(conn), dc: DcId::new(2).unwrap(), endpoints }]);
    }

    fn wire(&self, port: u16) -> std::sync::MutexGuard<'_, Wire> {
        self.runtime.peers[&port].as_ref().unwrap().0.lock().unwrap()
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().machine.heard)
    }

    fn pass(&self, time: Duration) {
        *self.runtime.clock.lock().unwrap() += time;
    }

    /// Returns how long nothing wakes the driver but its timer.
    fn until_timer(&self) -> Duration {
        let set_to = self.runtime.timer_set_to.lock().unwrap();
        let left = set_to.and_then(|at| at.checked_duration_since(*self.runtime.clock.lock().unwrap()));
        left.filter(|left| !left.is_zero()).expect("the timer is set")
    }

    fn run_blocking(&self) {
        for work in std::mem::take(&mut *self.runtime.blocking.lock().unwrap()) {
            work();
        }
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }
}
