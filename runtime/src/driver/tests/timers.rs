//! Deadlines of the machine, and time during which the process is stopped.

use super::*;

#[test]
fn a_deadline_is_kept_even_if_the_timer_never_expires() {
    for stuck_timers in [false, true] {
        let mut bench = Bench::with_timers(stuck_timers);
        bench
            .shared
            .with_state(|state, now| state.machine.deadline = Some(now.monotonic + Duration::from_secs(3)));
        assert!(bench.poll().is_pending());
        assert!(bench.heard().is_empty());
        bench.pass(Duration::from_secs(3));
        assert!(bench.poll().is_pending());
        assert_eq!(bench.heard(), ["tick"]);
    }
}

/// As after Ctrl-Z: no timer expires, and the process continues much later.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
#[test]
fn time_that_the_process_is_stopped_does_not_count() {
    let mut bench = Bench::new();
    let seconds = Duration::from_secs;
    let passed = |bench: &Bench| bench.shared.clock.now().monotonic.since_origin();
    bench.shared.with_state(|state, now| state.machine.deadline = Some(now.monotonic + seconds(60)));
    assert!(bench.poll().is_pending());
    bench.pass(seconds(95));
    assert_eq!(passed(&bench), seconds(60), "an idle client had nothing to do before");
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["tick"]);

    // While a caller waits, a stop is noticed soon.
    let shared = bench.shared.clone();
    let mut call = pin!(shared.until_completed(RequestId(1), |_| None::<()>));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    bench.shared.with_state(|state, now| state.machine.deadline = Some(now.monotonic + seconds(60)));
    assert!(bench.poll().is_pending());
    bench.pass(seconds(3600));
    assert_eq!(passed(&bench), seconds(61));
    assert!(bench.poll().is_pending());
    assert!(bench.poll().is_pending());
    // The timer is set again: the rest of the time until the deadline is unchanged.
    bench.shared.with_state(|state, now| state.machine.deadline = Some(now.monotonic + seconds(1)));
    assert!(bench.poll().is_pending());
    bench.heard();
    bench.pass(seconds(1));
    assert!(bench.poll().is_pending());
    assert_eq!((bench.heard(), passed(&bench)), (vec!["tick".to_owned()], seconds(62)));
}
