//! A session that is owned by a lease: the end of the lease, its saves, its release.

use super::*;
use crate::oneshot::{Sender, oneshot};
use crate::stopped::Stopped;
use crate::{Lease, OwnedSession, StoreFuture};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// A leased session whose saves and release the test completes.
#[derive(Debug)]
struct ToyOwned {
    lease: Lease,
    work: Arc<Work>,
}

#[derive(Default)]
struct Work {
    saves: Mutex<VecDeque<Sender<Result<(), StoreError>>>>,
    release: Mutex<Option<Sender<Result<(), StoreError>>>>,
    /// What the clock of the lease says.
    time: Mutex<Duration>,
    /// How often it is read until the process is stopped for twice the lease.
    reads_until_stop: Mutex<Option<u32>>,
    /// A stream, and whether it was reset when the ownership was dropped.
    on_drop: Mutex<Option<Arc<Mutex<Wire>>>>,
    was_reset: Mutex<Option<bool>>,
}

impl Work {
    fn now(&self) -> Duration {
        let mut reads = self.reads_until_stop.lock().unwrap();
        match &mut *reads {
            Some(0) => {
                *self.time.lock().unwrap() += LEASE * 2;
                *reads = None;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        *self.time.lock().unwrap()
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl Drop for ToyOwned {
    fn drop(&mut self) {
        if let Some(wire) = &*self.work.on_drop.lock().unwrap() {
            *self.work.was_reset.lock().unwrap() = Some(wire.lock().unwrap().reset);
        }
    }
}

impl OwnedSession for ToyOwned {
    fn lease(&self) -> &Lease {
        &self.lease
    }

    fn save(&self, session: &StoredSession) -> StoreFuture<()> {
        assert_eq!(session.api_id, Some(7));
        let (sender, receiver) = oneshot();
        self.work.saves.lock().unwrap().push_back(sender);
        Box::pin(async { receiver.await.unwrap_or_else(|| Err(StoreError::Other("gone".into()))) })
    }

    fn release(self: Box<Self>) -> StoreFuture<()> {
        let (sender, receiver) = oneshot();
        *self.work.release.lock().unwrap() = Some(sender);
        Box::pin(async { receiver.await.unwrap_or_else(|| Err(StoreError::Other("gone".into()))) })
    }
}

struct Leased {
    bench: Bench,
    lease: Lease,
    work: Arc<Work>,
}

impl Leased {
    fn new() -> Self {
        let work = Arc::new(Work::default());
        let time = work.clone();
        let lease = Lease::with_clock("me", 1, LEASE, move || time.now());
        let owned = Box::new(ToyOwned { lease: lease.clone(), work: work.clone() });
        let mut bench = Bench::with(false, None, Some(Ownership::Lease(owned)));
        bench.open(1, &[FIRST]);
        assert!(bench.poll().is_pending());
        assert_eq!(bench.heard(), ["1 opened"]);
        Self { bench, lease, work }
    }

    /// Both clocks advance.
    fn pass(&self, time: Duration) {
        self.bench.pass(time);
        *self.work.time.lock().unwrap() += time;
    }

    fn transmit(&mut self, text: &str) {
        self.bench.shared.with_state(|state, _| state.machine.queued.extend(text.as_bytes()));
    }

    fn saves(&self) -> usize {
        self.work.saves.lock().unwrap().len()
    }

    fn finish_save(&self, result: Result<(), StoreError>) {
        self.work.saves.lock().unwrap().pop_front().unwrap().send(result);
    }

    fn is_released(&self) -> bool {
        self.work.release.lock().unwrap().is_some()
    }

    /// The driver has ended without another byte, and each call says why.
    fn assert_ended_by(&self, reason: &str) {
        assert!(self.bench.wire(FIRST).reset && !self.bench.wire(FIRST).closed);
        assert!(!self.is_released(), "there is nothing to release");
        let stopped = self.bench.shared.lock().stopped().0.unwrap();
        assert!(matches!(&*stopped, StoreError::LeaseLost { session, .. } if session == "me"), "{stopped}");
        assert!(stopped.to_string().contains(reason), "{stopped}");
    }
}

/// What a caller waits for is over.
fn lost<T>(polled: &Poll<Result<T, Stopped>>) -> bool {
    matches!(polled, Poll::Ready(Err(Stopped(Some(error)))) if matches!(**error, StoreError::LeaseLost { .. }))
}

#[test]
fn a_lease_runs_out_while_a_request_is_pending() {
    let mut leased = Leased::new();
    let shared = leased.bench.shared.clone();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut call = Box::pin(shared.until_completed(RequestId(1), |_| None::<()>));
    let mut watcher = Box::pin(shared.until(|_| None::<()>));
    assert!(call.as_mut().poll(&mut cx).is_pending() && watcher.as_mut().poll(&mut cx).is_pending());
    leased.transmit("sent");
    assert!(leased.bench.poll().is_pending());
    leased.pass(LEASE - SECOND);
    leased.transmit("late");
    assert!(leased.bench.poll().is_pending());
    assert_eq!(leased.bench.wire(FIRST).written, b"sentlate");
    leased.pass(SECOND);
    leased.transmit("too late");
    assert!(leased.bench.poll().is_ready());
    leased.bench.driver = None;
    assert_eq!(leased.bench.wire(FIRST).written, b"sentlate");
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    assert!(lost(&call.as_mut().poll(&mut cx)) && lost(&watcher.as_mut().poll(&mut cx)));
    leased.assert_ended_by("not renewed in time");
    // A call that begins now ends the same way.
    assert!(lost(&pin!(shared.until(|_| None::<()>)).poll(&mut cx)));
}

/// The driver has nothing else to do: its timer alone wakes it.
#[test]
fn the_alarm_ends_an_idle_client_with_its_lease() {
    let mut leased = Leased::new();
    while leased.bench.poll().is_pending() {
        leased.pass(leased.bench.until_timer());
        assert!(*leased.work.time.lock().unwrap() <= LEASE, "not later than that");
    }
    assert_eq!(*leased.work.time.lock().unwrap(), LEASE);
    leased.assert_ended_by("not renewed in time");
}

#[test]
fn a_lease_that_is_renewed_in_time_goes_on() {
    let mut leased = Leased::new();
    for round in 1..=20 {
        leased.pass(LEASE / 3);
        assert!(leased.lease.renew(LEASE / 3 * round + LEASE));
        leased.transmit("x");
        assert!(leased.bench.poll().is_pending());
    }
    assert_eq!(leased.bench.wire(FIRST).written, [b'x'; 20]);
    assert!(!leased.bench.wire(FIRST).reset);
}

#[test]
fn a_loss_that_the_store_announces_ends_the_client_at_once() {
    let mut leased = Leased::new();
    assert!(leased.bench.poll().is_pending());
    let wakes = leased.bench.wakes();
    leased.lease.lose("host 2 has taken it");
    assert_eq!(leased.bench.wakes(), wakes + 1);
    leased.transmit("too late");
    assert!(leased.bench.poll().is_ready());
    assert!(leased.bench.wire(FIRST).written.is_empty());
    leased.assert_ended_by("host 2 has taken it");
}

/// The process is stopped (SIGSTOP) for twice the lease. What it was about to write then stays with it.
#[test]
fn a_stopped_process_sends_nothing_before_it_notices() {
    let mut leased = Leased::new();
    leased.bench.wire(FIRST).room = 0;
    leased.transmit("in the socket");
    assert!(leased.bench.poll().is_pending());
    leased.pass(LEASE * 2);
    // Everything is ready at once: room, an answer, a call.
    leased.bench.wire(FIRST).room = 1000;
    leased.bench.wire(FIRST).incoming.push_back(b"answer".to_vec());
    leased.transmit("of a call");
    leased.bench.shared.with_state(|state, _| {
        state.machine.outputs.push_back(Output::Event(Event::StoredSessionChanged));
    });
    assert!(leased.bench.poll().is_ready());
    assert!(leased.bench.wire(FIRST).written.is_empty());
    assert_eq!(leased.saves(), 0, "nor is anything saved");
    leased.assert_ended_by("not renewed in time");
    // The store may still renew it: the client stays ended.
    assert!(!leased.lease.renew(LEASE * 10));
}

/// A process is stopped anywhere: also between the look at the lease at the beginning of a round and the write.
#[test]
fn the_lease_is_looked_at_right_before_a_write() {
    for reads in 0..3 {
        let mut leased = Leased::new();
        leased.transmit("too late");
        *leased.work.reads_until_stop.lock().unwrap() = Some(reads);
        while leased.bench.poll().is_pending() {}
        assert!(leased.bench.wire(FIRST).written.is_empty(), "after {reads} reads");
        leased.assert_ended_by("not renewed in time");
    }
    // The third look was the one before the write.
    let mut leased = Leased::new();
    leased.bench.wire(FIRST).room = 3;
    leased.transmit("in two writes");
    *leased.work.reads_until_stop.lock().unwrap() = Some(3);
    while leased.bench.poll().is_pending() {}
    assert_eq!(leased.bench.wire(FIRST).written, b"in ");
}

#[test]
fn saves_need_no_blocking_thread_and_failures_are_reported() {
    use crate::ClientEvent;
    let mut leased = Leased::new();
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    assert_eq!(leased.saves(), 1, "one save at a time");
    leased.finish_save(Ok(()));
    assert!(leased.bench.poll().is_pending());
    assert!(leased.bench.poll().is_pending());
    assert_eq!(leased.bench.shared.lock().saves.finished_version, 1);
    assert_eq!(leased.saves(), 1);
    leased.finish_save(Err(StoreError::Other("the database is down".into())));
    assert!(leased.bench.poll().is_pending());
    let event = leased.bench.shared.lock().events.pop_front();
    assert!(
        matches!(&event, Some(ClientEvent::SaveFailed { reason, .. }) if reason == "the database is down")
    );
    assert!(leased.bench.poll().is_pending());
    assert_eq!(leased.saves(), 0);
    leased.pass(SECOND);
    assert!(leased.bench.poll().is_pending());
    leased.finish_save(Ok(()));
    assert!(leased.bench.poll().is_pending());
    assert_eq!(leased.bench.shared.lock().events.pop_front(), Some(ClientEvent::Saved));
    assert!(leased.bench.runtime.blocking.lock().unwrap().is_empty());
}

#[test]
fn a_save_that_finds_another_owner_ends_the_client() {
    let mut leased = Leased::new();
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    let reason = String::from("host 2 has taken it");
    leased.finish_save(Err(StoreError::LeaseLost { session: "me".into(), reason }));
    leased.transmit("too late");
    while leased.bench.poll().is_pending() {}
    leased.assert_ended_by("host 2 has taken it");
}

#[test]
fn changes_that_are_not_saved_when_the_lease_ends_are_reported() {
    let mut leased = Leased::new();
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    leased.pass(LEASE);
    assert!(leased.bench.poll().is_ready());
    let error = leased.bench.shared.lock().saves.error.clone().unwrap();
    assert!(matches!(*error, StoreError::LeaseLost { .. }), "{error}");
}

#[test]
fn a_client_that_closes_saves_and_then_releases_its_session() {
    let mut leased = Leased::new();
    leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
    leased.bench.shared.with_state(|state, _| state.close_requested = true);
    assert!(leased.bench.poll().is_pending());
    assert!(leased.bench.wire(FIRST).reset && !leased.is_released(), "the save comes first");
    leased.finish_save(Ok(()));
    assert!(leased.bench.poll().is_pending());
    assert!(leased.bench.poll().is_pending());
    let release = leased.work.release.lock().unwrap().take().unwrap();
    let wakes = leased.bench.wakes();
    release.send(Ok(()));
    assert_eq!(leased.bench.wakes(), wakes + 1);
    assert!(leased.bench.poll().is_ready());
    assert!(leased.bench.shared.lock().stopped().0.is_none());
}

/// The database is gone: the session is free when the lease ends.
#[test]
fn a_release_takes_no_longer_than_the_lease() {
    let mut leased = Leased::new();
    leased.bench.shared.with_state(|state, _| state.close_requested = true);
    assert!(leased.bench.poll().is_pending());
    assert!(leased.is_released());
    // Nothing but the timer wakes the driver.
    while leased.bench.poll().is_pending() {
        leased.pass(leased.bench.until_timer());
        assert!(*leased.work.time.lock().unwrap() <= LEASE, "not later than that");
    }
    assert_eq!(*leased.work.time.lock().unwrap(), LEASE);
}

/// The next owner may send at once, so the operating system must not go on to send what this one has written.
#[test]
fn connections_are_reset_before_a_session_is_given_up() {
    let mut leased = Leased::new();
    leased.transmit("goodbye");
    leased.bench.shared.with_state(|state, _| state.close_requested = true);
    assert!(leased.bench.poll().is_pending());
    assert!(leased.is_released());
    {
        let wire = leased.bench.wire(FIRST);
        assert_eq!(wire.written, b"goodbye");
        assert!(wire.reset && !wire.closed);
    }
    // The runtime drops the driver.
    let mut leased = Leased::new();
    let wire = leased.bench.runtime.peers[&FIRST].as_ref().unwrap().0.clone();
    *leased.work.on_drop.lock().unwrap() = Some(wire);
    drop(leased.bench.driver.take());
    assert_eq!(*leased.work.was_reset.lock().unwrap(), Some(true));
}

#[test]
fn a_save_that_is_not_tried_again_says_so() {
    use crate::ClientEvent;
    let retries = |leased: &Leased| match leased.bench.shared.lock().events.pop_front() {
        Some(ClientEvent::SaveFailed { retry_in, .. }) => retry_in,
        event => panic!("{event:?}"),
    };
    let saving = || {
        let mut leased = Leased::new();
        leased.bench.output([Output::Event(Event::StoredSessionChanged)]);
        leased
    };
    let mut leased = saving();
    leased.finish_save(Err(StoreError::Other("the database is down".into())));
    assert!(leased.bench.poll().is_pending());
    assert_eq!(retries(&leased), Some(SECOND));
    // It is disconnected.
    let mut leased = saving();
    leased.bench.shared.with_state(|state, _| state.close_requested = true);
    leased.finish_save(Err(StoreError::Other("the database is down".into())));
    assert!(leased.bench.poll().is_pending());
    assert_eq!(retries(&leased), None);
    // Its lease ends.
    let mut leased = saving();
    leased.pass(LEASE);
    assert!(leased.bench.poll().is_ready());
    assert_eq!(retries(&leased), None);
    // The runtime drops it.
    let mut leased = saving();
    drop(leased.bench.driver.take());
    assert_eq!(retries(&leased), None);
}
