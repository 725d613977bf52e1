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

#[test]
fn a_later_deadline_leaves_the_timer_alone_and_is_kept() {
    let mut bench = Bench::new();
    let seconds = Duration::from_secs;
    let begin = bench.shared.lock().clock.read().monotonic;
    let set = |bench: &mut Bench, deadline: u64| {
        bench.shared.with_state(|state, _| state.machine.deadline = Some(begin + seconds(deadline)));
        assert!(bench.poll().is_pending());
        bench.runtime.timer_resets.swap(0, Ordering::Relaxed)
    };
    assert_eq!(set(&mut bench, 20), 1);
    for later in [21, 22, 23] {
        assert_eq!(set(&mut bench, later), 0);
    }
    assert_eq!(set(&mut bench, 10), 1, "an earlier one");
    assert_eq!(set(&mut bench, 30), 0);
    // The timer expires early, and is set for the rest of the time.
    bench.pass(seconds(10));
    assert_eq!(set(&mut bench, 30), 1);
    bench.pass(seconds(19));
    assert!(bench.poll().is_pending());
    assert!(bench.heard().is_empty());
    bench.pass(seconds(1));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["tick"]);

    // Without a deadline no timer counts.
    assert_eq!(set(&mut bench, 40), 1);
    bench.shared.with_state(|state, _| state.machine.deadline = None);
    assert!(bench.poll().is_pending());
    bench.pass(seconds(3600));
    assert!(bench.poll().is_pending());
    assert!(bench.heard().is_empty());
    assert_eq!(
        bench.shared.lock().clock.read().monotonic,
        begin + seconds(3630),
        "the process was not stopped"
    );
}

/// As after Ctrl-Z: no timer expires, and the process continues much later.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
#[test]
fn time_that_the_process_is_stopped_does_not_count() {
    let mut bench = Bench::new();
    let seconds = Duration::from_secs;
    let passed = |bench: &Bench| bench.shared.lock().clock.read().monotonic.since_origin();
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
