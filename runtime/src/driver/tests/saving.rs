//! Saves of the session, and the end of the driver.

use super::*;

#[test]
fn sessions_are_saved_off_the_lock_and_the_newest_state_last() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    assert_eq!(bench.runtime.blocking.lock().unwrap().len(), 1, "one save at a time");
    assert!(bench.store.session().is_none());
    bench.run_blocking();
    assert_eq!(bench.store.session().unwrap().api_id, Some(7));
    assert_eq!(bench.shared.lock().saves.finished_version, 1);
    assert!(bench.poll().is_pending());
    bench.run_blocking();
    assert!(bench.shared.lock().saves.is_idle());
}

#[test]
fn a_save_that_never_finishes_counts_as_failed() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    bench.runtime.blocking.lock().unwrap().clear();
    let state = bench.shared.lock();
    assert!(state.saves.is_idle());
    assert!(state.saves.error.is_some());
}

#[test]
fn a_failed_save_is_retried_at_the_end() {
    let mut bench = Bench::new();
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    let unfinished = std::mem::take(&mut *bench.runtime.blocking.lock().unwrap());
    drop(unfinished);
    assert!(bench.store.session().is_none());
    bench.shared.with_state(|state, _| state.close_requested = true);
    assert!(bench.poll().is_pending(), "there is something left to save");
    bench.run_blocking();
    assert!(bench.poll().is_ready());
    assert!(bench.store.session().is_some());
}

#[test]
fn a_save_that_fails_is_reported_and_tried_again_with_a_backoff() {
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
            matches!(&event, Some(ClientEvent::SaveFailed { reason, retry_in: it }) if *it == Some(retry_in)
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
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        fails(&mut bench, pause);
    }
    bench.run_blocking();
    assert!(bench.store.session().is_some());
    assert!(bench.shared.lock().saves.error.is_none());
    assert_eq!(bench.shared.lock().events.pop_front(), Some(ClientEvent::Saved));
    // The backoff starts again with a short pause, and a success without a failure before it is not reported.
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    fails(&mut bench, 1);
    bench.run_blocking();
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    bench.run_blocking();
    assert_eq!(bench.shared.lock().events.len(), 1);
    bench.pass(Duration::from_secs(1000));
    assert!(bench.poll().is_pending());
    assert!(bench.runtime.blocking.lock().unwrap().is_empty());
}

#[test]
fn the_driver_saves_closes_and_ends_without_handles() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    bench.heard();
    bench.shared.with_state(|state, _| state.close_requested = true);
    assert!(bench.poll().is_pending(), "the save is still running");
    assert_eq!(bench.heard(), ["close"]);
    assert!(bench.wire(FIRST).closed && !bench.wire(FIRST).reset);
    bench.run_blocking();
    assert!(bench.poll().is_ready());
    assert!(bench.store.session().is_some());
}

/// Counts the holders of the store when it is woken.
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
fn the_store_is_dropped_before_a_save_or_the_end_is_reported() {
    let mut bench = Bench::new();
    let watch = Arc::new(StoreWatch { store: bench.store.clone(), holders: AtomicUsize::new(0) });
    let ours = 2;
    let waker = Waker::from(watch.clone());
    let mut cx = Context::from_waker(&waker);
    let shared = bench.shared.clone();
    bench.output([Output::Event(Event::StoredSessionChanged)]);
    let mut save = pin!(shared.until(|state| state.saves.is_idle().then_some(())));
    assert!(save.as_mut().poll(&mut cx).is_pending());
    bench.run_blocking();
    assert_eq!(watch.holders.load(Ordering::Relaxed), ours + 1, "only the driver holds it");
    let mut end = pin!(shared.until(|_| None::<()>));
    assert!(end.as_mut().poll(&mut cx).is_pending());
    drop(bench.driver.take());
    assert_eq!(watch.holders.load(Ordering::Relaxed), ours);
}
