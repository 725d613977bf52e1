//! Many calls at once: how often the driver is woken, the clock is read and the stream is written.

use super::*;

#[test]
fn a_burst_of_calls_is_one_wake_up_and_one_transmit() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.heard();
    let wakes = bench.wakes();
    for _ in 0..100 {
        bench.shared.with_state(|state, _| state.machine.queued.push(b'q'));
    }
    assert_eq!(bench.wakes(), wakes + 1);
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), [format!("1 sent {}", "q".repeat(100))]);
}

#[test]
fn the_clock_is_read_once_for_a_burst_of_calls_and_once_for_a_poll_of_the_driver() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    let reads = |bench: &Bench| bench.runtime.clock_reads.swap(0, Ordering::Relaxed);
    reads(&bench);
    let mut times = Vec::new();
    for _ in 0..100 {
        bench.shared.with_state(|state, now| {
            state.machine.queued.push(b'q');
            times.push(now.monotonic);
        });
        bench.pass(Duration::from_micros(1));
    }
    assert_eq!(reads(&bench), 1);
    bench.wire(FIRST).incoming.extend((0..10).map(|_| b"reply".to_vec()));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard().len(), 12, "opened, one transmit and all arrivals");
    assert_eq!(reads(&bench), 1);

    // The next burst has a time of its own.
    bench.shared.with_state(|_, now| times.push(now.monotonic));
    assert_eq!(reads(&bench), 1);
    let [first, .., last, next] = times[..] else { unreachable!() };
    assert_eq!((last, next), (first, first + Duration::from_micros(100)));
}

/// A call on another thread may read the clock while the driver runs.
#[test]
fn time_never_goes_back_within_a_poll() {
    let bench = Bench::new();
    let mut state = bench.shared.lock();
    let begin = state.round_time(None);
    drop(state);
    bench.pass(Duration::from_millis(1));
    let call = bench.shared.with_state(|_, now| now);
    let mut state = bench.shared.lock();
    assert_eq!(state.round_time(Some(begin)).monotonic, call.monotonic);
    assert_eq!(state.round_time(Some(begin)).monotonic, begin.monotonic, "the call's time was taken");
}

/// An executor may run the driver before the other callers that it has woken.
#[test]
fn the_driver_lets_several_callers_run_first() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.heard();
    let shared = bench.shared.clone();
    let callers = Waker::from(Arc::<Wakes>::default());
    let completed = |id| Output::Event(Event::Completed(RequestId(id)));
    for (ids, yields) in [(1..2, false), (2..4, true)] {
        let mut waiting: Vec<_> =
            ids.clone().map(|id| Box::pin(shared.until_completed(RequestId(id), |_| None::<()>))).collect();
        for waiting in &mut waiting {
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&callers)).is_pending());
        }
        bench.output(ids.map(completed));
        bench.shared.with_state(|state, _| state.machine.queued.push(b'q'));
        let wakes = bench.wakes();
        assert!(bench.poll().is_pending());
        if yields {
            assert_eq!((bench.wakes(), bench.heard().len()), (wakes + 1, 0));
            bench.shared.with_state(|state, _| state.machine.queued.push(b'q'));
            assert_eq!(bench.wakes(), wakes + 1, "it is woken already");
            assert!(bench.poll().is_pending());
            assert_eq!(bench.heard(), ["1 sent qq"]);
        } else {
            assert_eq!(bench.heard(), ["1 sent q"]);
        }
    }
}
