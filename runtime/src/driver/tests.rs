//! The driver over a toy machine, toy streams and a clock that stands still unless it is told.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_core::client::{DcId, IoFailure, RequestId};
use sansgram_core::time::Now;

use super::*;
use crate::MemoryStore;
use crate::clock::Clock;
use crate::connect::io_failure;

/// Does as its script says, and notes what it is told.
#[derive(Default)]
struct Toy {
    outputs: VecDeque<Output>,
    deadline: Option<Timestamp>,
    heard: Vec<String>,
    session: StoredSession,
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
        self.outputs.pop_front().unwrap_or(Output::Timeout(self.deadline))
    }

    fn close(&mut self, _now: Now) {
        self.heard.push("close".into());
    }

    fn session(&self) -> &StoredSession {
        &self.session
    }
}

/// What a toy stream does, seen from both sides.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<Vec<u8>>,
    /// Never runs dry.
    endless: bool,
    ended: bool,
    written: Vec<u8>,
    /// How many bytes it still takes.
    room: usize,
    closed: bool,
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
}

impl Timer for ToyTimer {
    fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
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
    /// How many connects were dropped unanswered.
    dropped: Arc<AtomicUsize>,
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

    async fn resolve(&self, name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        match name.as_str() {
            "nobody" => Err(io::ErrorKind::NotFound.into()),
            "unanswered" => pending().await,
            _ => Ok([REFUSES, port].map(|port| SocketAddr::from(([127, 0, 0, 1], port))).into()),
        }
    }

    fn timer(&self, deadline: Instant) -> ToyTimer {
        ToyTimer { clock: self.clock.clone(), deadline, stuck: self.stuck_timers }
    }

    fn spawn(&self, _task: impl Future<Output = ()> + Send + 'static) {
        unreachable!("the driver spawns nothing")
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.blocking.lock().unwrap().push(Box::new(work));
    }

    fn now(&self) -> Instant {
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
        Self::with(stuck_timers, None)
    }

    fn behind(proxy: &str) -> Self {
        Self::with(false, Some(Arc::new(proxy.parse().unwrap())))
    }

    fn with(stuck_timers: bool, proxy: Option<Arc<Proxy>>) -> Self {
        let stream = || Ok(ToyStream(Arc::new(Mutex::new(Wire { room: 1000, ..Wire::default() }))));
        let peers = [(REFUSES, Err(io::ErrorKind::ConnectionRefused)), (FIRST, stream()), (SECOND, stream())];
        let runtime = Arc::new(ToyRuntime {
            clock: Arc::new(Mutex::new(Instant::now())),
            stuck_timers,
            peers: peers.into_iter().collect(),
            blocking: Mutex::default(),
            connects: Mutex::default(),
            dropped: Arc::default(),
        });
        let session = StoredSession { api_id: Some(7), ..StoredSession::default() };
        let toy = Toy { session, ..Toy::default() };
        let shared = Arc::new(Shared::new(toy, Clock::of(&runtime)));
        let store = Arc::new(MemoryStore::new());
        let driver = Driver::new(runtime.clone(), shared.clone(), store.clone(), proxy);
        Self { runtime, shared, driver: Some(Box::pin(driver)), wakes: Arc::default(), store }
    }

    fn poll(&mut self) -> Poll<()> {
        let waker = Waker::from(self.wakes.clone());
        self.driver.as_mut().unwrap().as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls once with new outputs of the machine, which is told nothing else.
    fn output(&mut self, outputs: impl IntoIterator<Item = Output>) {
        self.shared.call(|state, _| state.machine.outputs.extend(outputs));
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

    fn run_blocking(&self) {
        for work in std::mem::take(&mut *self.runtime.blocking.lock().unwrap()) {
            work();
        }
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }
}

#[test]
fn bytes_travel_both_ways_and_the_buffer_comes_back() {
    let mut bench = Bench::new();
    bench.open(5, &[FIRST]);
    assert_eq!(bench.heard(), ["5 opened"]);

    bench.wire(FIRST).room = 4;
    bench.output([Output::Transmit { conn: ConnId(5), bytes: b"question".to_vec() }]);
    assert_eq!(bench.wire(FIRST).written, b"ques", "only as much as the stream takes");
    assert!(bench.heard().is_empty(), "a transmit is over when all of it is written");
    bench.wire(FIRST).room = 1000;
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["5 sent question"]);
    assert_eq!(bench.wire(FIRST).written, b"question");

    bench.wire(FIRST).incoming.push_back(b"answer".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["5 received answer"]);
}

#[test]
fn addresses_are_tried_in_turn() {
    let mut bench = Bench::new();
    bench.open(1, &[REFUSES, FIRST]);
    assert_eq!(bench.heard(), ["1 opened"]);
    bench.open(2, &[REFUSES]);
    assert_eq!(bench.heard(), ["2 lost Refused"]);
}

#[test]
fn a_silent_address_does_not_hide_the_next_one() {
    let mut bench = Bench::new();
    bench.open(1, &[SILENT, SECOND]);
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(249));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT]);
    bench.pass(Duration::from_millis(1));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT, SECOND]);
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 1, "the loser is closed");
}

#[test]
fn a_failure_begins_the_next_attempt_at_once_while_others_go_on() {
    let mut bench = Bench::new();
    bench.open(1, &[SILENT, REFUSES, SILENT + 1, FIRST]);
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT]);
    bench.pass(Duration::from_millis(250));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT, REFUSES, SILENT + 1]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 0, "the first may still win");
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(250));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 2);
}

#[test]
fn a_proxys_name_is_resolved_and_its_addresses_raced() {
    let mut bench = Bench::behind("socks5://somebody:11");
    bench.open(1, &[443]);
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [REFUSES, FIRST]);
    assert_eq!(bench.wire(FIRST).written, [5, 1, 0]);
    bench.wire(FIRST).incoming.extend([vec![5, 0], vec![5, 0, 0, 1, 9], vec![9; 5]]);
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.wire(FIRST).written[3..], [5, 1, 0, 1, 127, 0, 0, 1, 1, 0xbb]);

    let mut bench = Bench::behind("socks5://nobody:11");
    bench.open(1, &[443]);
    assert_eq!(bench.heard(), ["1 lost Proxy(UnknownHost)"]);
}

#[test]
fn f14_a_proxys_name_that_is_looked_up_in_vain_is_blamed_in_time() {
    let mut bench = Bench::behind("http://unanswered:11");
    bench.open(1, &[443, 80]);
    bench.pass(Duration::from_secs(7));
    assert!(bench.poll().is_pending());
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_secs(1));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 lost Proxy(LookupTimedOut)"]);
}

#[test]
fn a_silent_proxy_is_blamed_in_time() {
    let mut bench = Bench::behind("http://127.0.0.1:11");
    bench.open(1, &[443, 80]);
    bench.pass(Duration::from_secs(4));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [FIRST, FIRST], "once for each address");
    bench.pass(Duration::from_secs(12));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 lost Proxy(Silent)"]);
}

#[test]
fn the_end_of_a_stream_is_told_once_and_the_link_is_gone() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).ended = true;
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened", "1 lost Closed"]);
    // A transmit that crossed the loss is dropped quietly.
    bench.output([Output::Transmit { conn: ConnId(1), bytes: vec![0] }, Output::Close { conn: ConnId(1) }]);
    assert!(bench.heard().is_empty());
}

#[test]
fn links_are_served_in_turn_within_a_budget() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.open(2, &[SECOND]);
    bench.heard();
    bench.wire(FIRST).endless = true;
    bench.wire(SECOND).endless = true;
    let wakes = bench.wakes();
    assert!(bench.poll().is_pending());
    assert_eq!(bench.wakes(), wakes + 1, "it asks to be polled again, after others had their turn");
    let heard = bench.heard();
    assert_eq!(heard.len(), MAX_INPUTS_PER_POLL);
    for pair in heard.chunks_exact(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn reading_does_not_starve_writing() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.heard();
    bench.wire(FIRST).endless = true;
    bench.output([Output::Transmit { conn: ConnId(1), bytes: b"now".to_vec() }]);
    assert!(bench.heard()[..3].contains(&"1 sent now".to_string()));
}

#[test]
fn a_deadline_is_kept_even_where_the_timer_forgets_it() {
    for stuck_timers in [false, true] {
        let mut bench = Bench::with_timers(stuck_timers);
        bench.shared.call(|state, now| state.machine.deadline = Some(now.monotonic + Duration::from_secs(3)));
        assert!(bench.poll().is_pending());
        assert!(bench.heard().is_empty());
        bench.pass(Duration::from_secs(3));
        assert!(bench.poll().is_pending());
        assert_eq!(bench.heard(), ["tick"]);
    }
}

#[test]
fn calls_wake_the_driver_and_completions_wake_their_waiters() {
    let mut bench = Bench::new();
    assert!(bench.poll().is_pending());
    let wakes = bench.wakes();
    bench.shared.call(|_, _| ());
    assert_eq!(bench.wakes(), wakes + 1);

    let shared = bench.shared.clone();
    let waiter = Arc::new(Wakes::default());
    let waker = Waker::from(waiter.clone());
    let mut cx = Context::from_waker(&waker);
    let mut done = false;
    let mut waiting =
        pin!(shared.until_completed(RequestId(9), |_| std::mem::replace(&mut done, true).then_some(())));
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    bench.output([Output::Event(Event::Completed(RequestId(8)))]);
    assert_eq!(waiter.0.load(Ordering::Relaxed), 0, "another request's completion");
    bench.output([Output::Event(Event::Completed(RequestId(9)))]);
    assert_eq!(waiter.0.load(Ordering::Relaxed), 1);
    assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
}

#[test]
fn sessions_are_saved_off_the_lock_and_the_newest_state_last() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::SessionChanged)]);
    bench.output([Output::Event(Event::SessionChanged)]);
    assert_eq!(bench.runtime.blocking.lock().unwrap().len(), 1, "one save at a time");
    assert!(bench.store.session().is_none());
    bench.run_blocking();
    assert_eq!(bench.store.session().unwrap().api_id, Some(7));
    assert_eq!(bench.shared.lock().saves.done, 1);
    assert!(bench.poll().is_pending());
    bench.run_blocking();
    assert!(bench.shared.lock().saves.is_idle());
}

#[test]
fn a_save_that_never_finishes_counts_as_failed() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::SessionChanged)]);
    bench.runtime.blocking.lock().unwrap().clear();
    let state = bench.shared.lock();
    assert!(state.saves.is_idle());
    assert!(state.saves.error.is_some());
}

#[test]
fn without_handles_it_saves_closes_and_ends() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.output([Output::Event(Event::SessionChanged)]);
    bench.heard();
    bench.shared.call(|state, _| state.close_requested = true);
    assert!(bench.poll().is_pending(), "the save is still running");
    assert_eq!(bench.heard(), ["close"]);
    assert!(bench.wire(FIRST).closed);
    bench.run_blocking();
    assert!(bench.poll().is_ready());
    assert!(bench.store.session().is_some());
}

#[test]
fn nobody_waits_for_a_driver_that_is_gone() {
    let mut bench = Bench::new();
    assert!(bench.poll().is_pending());
    let waiter = Arc::new(Wakes::default());
    let waker = Waker::from(waiter.clone());
    let mut cx = Context::from_waker(&waker);
    let shared = bench.shared.clone();
    let mut change = pin!(shared.until(|_| None::<()>));
    let mut request = pin!(shared.until_completed(RequestId(1), |_| None::<()>));
    assert!(change.as_mut().poll(&mut cx).is_pending());
    assert!(request.as_mut().poll(&mut cx).is_pending());
    drop(bench.driver.take());
    assert_eq!(waiter.0.load(Ordering::Relaxed), 2);
    assert!(matches!(change.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
    assert!(matches!(request.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
}

/// Looks, when it is woken, whether the store is still held by others than the test.
struct StoreWatch {
    store: Arc<MemoryStore>,
    holders: AtomicUsize,
}

impl Wake for StoreWatch {
    fn wake(self: Arc<Self>) {
        self.holders.store(Arc::strong_count(&self.store), Ordering::Relaxed);
    }
}

#[test]
fn the_store_is_let_go_before_a_save_or_the_end_is_told() {
    let mut bench = Bench::new();
    let watch = Arc::new(StoreWatch { store: bench.store.clone(), holders: AtomicUsize::new(0) });
    let ours = 2;
    let waker = Waker::from(watch.clone());
    let mut cx = Context::from_waker(&waker);
    let shared = bench.shared.clone();
    bench.output([Output::Event(Event::SessionChanged)]);
    let mut save = pin!(shared.until(|state| state.saves.is_idle().then_some(())));
    assert!(save.as_mut().poll(&mut cx).is_pending());
    bench.run_blocking();
    assert_eq!(watch.holders.load(Ordering::Relaxed), ours + 1, "only the driver holds it");
    let mut end = pin!(shared.until(|_| None::<()>));
    assert!(end.as_mut().poll(&mut cx).is_pending());
    drop(bench.driver.take());
    assert_eq!(watch.holders.load(Ordering::Relaxed), ours);
}

#[test]
fn a_dropped_wait_leaves_nothing_behind() {
    let bench = Bench::new();
    let waiter = Arc::new(Wakes::default());
    {
        let waker = Waker::from(waiter.clone());
        let mut change = pin!(bench.shared.until(|_| None::<()>));
        let mut request = pin!(bench.shared.until_completed(RequestId(1), |_| None::<()>));
        assert!(change.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(request.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&waiter), 1, "no waker is kept");
}

#[test]
fn errors_of_the_system_become_causes() {
    use io::ErrorKind as Kind;
    for (kind, cause) in [
        (Kind::ConnectionRefused, IoFailure::Refused),
        (Kind::HostUnreachable, IoFailure::Unreachable),
        (Kind::NetworkUnreachable, IoFailure::Unreachable),
        (Kind::ConnectionReset, IoFailure::Reset),
        (Kind::BrokenPipe, IoFailure::Reset),
        (Kind::TimedOut, IoFailure::TimedOut),
        (Kind::UnexpectedEof, IoFailure::Closed),
        (Kind::PermissionDenied, IoFailure::Other),
    ] {
        assert_eq!(io_failure(&kind.into()), cause);
    }
}

/// An acknowledgement is no event: whoever waits for one looks at all that arrives, and nobody else does.
#[test]
fn what_arrives_wakes_who_waits_for_a_receipt() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    let shared = bench.shared.clone();
    let heard = |text: &'static str| {
        move |state: &mut crate::shared::State<Toy>| {
            state.machine.heard.iter().any(|heard| heard == text).then_some(())
        }
    };
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut receipt = pin!(shared.until_received(RequestId(1), heard("1 received ack")));
    assert!(receipt.as_mut().poll(&mut cx).is_pending());
    let mut reply = pin!(shared.until_completed(RequestId(1), heard("1 received ack")));
    assert!(reply.as_mut().poll(&mut cx).is_pending());

    bench.wire(FIRST).incoming.push_back(b"pong".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(wakes.0.swap(0, Ordering::Relaxed), 1);
    assert!(receipt.as_mut().poll(&mut cx).is_pending());
    bench.wire(FIRST).incoming.push_back(b"ack".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(wakes.0.swap(0, Ordering::Relaxed), 1);
    assert!(receipt.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn what_could_not_be_saved_is_tried_again_at_the_end() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::SessionChanged)]);
    let unfinished = std::mem::take(&mut *bench.runtime.blocking.lock().unwrap());
    drop(unfinished);
    assert!(bench.store.session().is_none());
    bench.shared.call(|state, _| state.close_requested = true);
    assert!(bench.poll().is_pending(), "there is something left to save");
    bench.run_blocking();
    assert!(bench.poll().is_ready());
    assert!(bench.store.session().is_some());
}

#[test]
fn f5_a_save_that_fails_is_tried_again_with_a_backoff_and_told() {
    use crate::ClientEvent;
    let mut bench = Bench::new();
    let fails = |bench: &mut Bench, pause: u64| {
        let saves = std::mem::take(&mut *bench.runtime.blocking.lock().unwrap());
        assert_eq!(saves.len(), 1, "before the pause of {pause} s");
        drop(saves);
        assert!(bench.shared.lock().saves.error.is_some());
        let event = bench.shared.lock().events.pop_front();
        let retry_in = Duration::from_secs(pause);
        assert!(
            matches!(&event, Some(ClientEvent::SaveFailed { reason, retry_in: it }) if *it == retry_in
                && reason == "the save did not finish"),
            "{event:?}"
        );
        assert!(bench.poll().is_pending());
        bench.pass(retry_in - Duration::from_millis(1));
        assert!(bench.poll().is_pending());
        assert!(bench.runtime.blocking.lock().unwrap().is_empty(), "not yet");
        bench.pass(Duration::from_millis(1));
        assert!(bench.poll().is_pending());
    };
    bench.output([Output::Event(Event::SessionChanged)]);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        fails(&mut bench, pause);
    }
    bench.run_blocking();
    assert!(bench.store.session().is_some());
    assert!(bench.shared.lock().saves.error.is_none());
    assert_eq!(bench.shared.lock().events.pop_front(), Some(ClientEvent::Saved));
    // It begins with a short pause again, and what succeeds is not told.
    bench.output([Output::Event(Event::SessionChanged)]);
    fails(&mut bench, 1);
    bench.run_blocking();
    bench.output([Output::Event(Event::SessionChanged)]);
    bench.run_blocking();
    assert_eq!(bench.shared.lock().events.len(), 1);
    bench.pass(Duration::from_secs(1000));
    assert!(bench.poll().is_pending());
    assert!(bench.runtime.blocking.lock().unwrap().is_empty());
}

#[test]
fn f10_what_was_read_is_wiped() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).incoming.extend([b"a long secret".to_vec(), b"short".to_vec()]);
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened", "1 received a long secret", "1 received short"]);
    assert!(crate::read_buffer::is_wiped());
}

/// As after Ctrl-Z: no timer fires, and much later all goes on.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
#[test]
fn f10_time_that_the_process_is_stopped_does_not_count() {
    let mut bench = Bench::new();
    let seconds = Duration::from_secs;
    let passed = |bench: &Bench| bench.shared.clock.now().monotonic.since_origin();
    bench.shared.call(|state, now| state.machine.deadline = Some(now.monotonic + seconds(60)));
    assert!(bench.poll().is_pending());
    bench.pass(seconds(95));
    assert_eq!(passed(&bench), seconds(60), "an idle client had nothing to do before");
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["tick"]);

    // While a caller waits, a stop is noticed soon.
    let shared = bench.shared.clone();
    let mut call = pin!(shared.until_completed(RequestId(1), |_| None::<()>));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    bench.shared.call(|state, now| state.machine.deadline = Some(now.monotonic + seconds(60)));
    assert!(bench.poll().is_pending());
    bench.pass(seconds(3600));
    assert_eq!(passed(&bench), seconds(61));
    assert!(bench.poll().is_pending());
    assert!(bench.poll().is_pending());
    // The timer is set anew: what remains of the deadline remains.
    bench.shared.call(|state, now| state.machine.deadline = Some(now.monotonic + seconds(1)));
    assert!(bench.poll().is_pending());
    bench.heard();
    bench.pass(seconds(1));
    assert!(bench.poll().is_pending());
    assert_eq!((bench.heard(), passed(&bench)), (vec!["tick".to_owned()], seconds(62)));
}
