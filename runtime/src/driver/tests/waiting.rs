//! Callers that wait for the driver.

use super::*;

#[test]
fn calls_wake_the_driver_and_completions_wake_their_waiters() {
    let mut bench = Bench::new();
    assert!(bench.poll().is_pending());
    let wakes = bench.wakes();
    bench.shared.with_state(|_, _| ());
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

/// There is no event for an acknowledgement: callers that wait for one are woken by all bytes that arrive, other callers
/// are not.
#[test]
fn arriving_bytes_wake_callers_that_wait_for_an_ack() {
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
    let mut acked = pin!(shared.until_acked(RequestId(1), heard("1 received ack")));
    assert!(acked.as_mut().poll(&mut cx).is_pending());
    let mut reply = pin!(shared.until_completed(RequestId(1), heard("1 received ack")));
    assert!(reply.as_mut().poll(&mut cx).is_pending());

    bench.wire(FIRST).incoming.push_back(b"pong".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(wakes.0.swap(0, Ordering::Relaxed), 1);
    assert!(acked.as_mut().poll(&mut cx).is_pending());
    bench.wire(FIRST).incoming.push_back(b"ack".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(wakes.0.swap(0, Ordering::Relaxed), 1);
    assert!(acked.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn no_caller_waits_for_a_driver_that_is_gone() {
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
