//! Callers that wait for the driver.

use super::*;
use crate::ClientEvent;
use crate::stopped::Stopped;

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

/// There is no event for an acknowledgement: callers that wait for one are woken by all bytes that arrive, other
/// callers are not.
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

/// Starts request 1 of the toy machine, whose result is a number.
fn call(shared: &Shared<Toy>) -> impl Future<Output = Result<u8, Stopped>> {
    shared.call(
        |_, _| Ok(RequestId(1)),
        |machine, id| machine.results.remove(&id),
        |machine, id| machine.cancelled.push(id),
    )
}

/// Lets the toy machine complete request 1.
fn complete(bench: &mut Bench) {
    bench.shared.lock().machine.results.insert(RequestId(1), 7);
    bench.output([Output::Event(Event::Completed(RequestId(1)))]);
}

#[test]
fn a_call_starts_with_its_first_poll_and_is_woken_once() {
    let mut bench = Bench::new();
    assert!(bench.poll().is_pending());
    let (wakes, waiter) = (bench.wakes(), Arc::new(Wakes::default()));
    let waker = Waker::from(waiter.clone());
    let mut cx = Context::from_waker(&waker);
    let shared = bench.shared.clone();
    {
        let mut call = pin!(call(&shared));
        assert_eq!(bench.wakes(), wakes, "nothing happens before");
        assert!(call.as_mut().poll(&mut cx).is_pending());
        assert_eq!(bench.wakes(), wakes + 1);
        complete(&mut bench);
        assert_eq!(waiter.0.load(Ordering::Relaxed), 1);
        assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
    }
    assert!(bench.shared.lock().machine.cancelled.is_empty());
    drop(waker);
    assert_eq!(Arc::strong_count(&waiter), 1, "no waker is kept");
}

#[test]
fn a_call_that_moves_to_another_task_is_woken_there() {
    let mut bench = Bench::new();
    let waiters = [Arc::new(Wakes::default()), Arc::new(Wakes::default())];
    let shared = bench.shared.clone();
    let mut call = pin!(call(&shared));
    for waiter in &waiters {
        let waker = Waker::from(waiter.clone());
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&waiters[0]), 1, "the first waker is dropped");
    complete(&mut bench);
    assert_eq!(waiters.each_ref().map(|waiter| waiter.0.load(Ordering::Relaxed)), [0, 1]);
}

/// Before the answer, and after it but before the task runs.
#[test]
fn a_dropped_call_is_cancelled_and_disturbs_no_other() {
    for completed in [false, true] {
        let mut bench = Bench::new();
        assert!(bench.poll().is_pending());
        let [dropped, other] = [Arc::new(Wakes::default()), Arc::new(Wakes::default())];
        let [dropped_waker, other_waker] = [&dropped, &other].map(|it| Waker::from(it.clone()));
        let shared = bench.shared.clone();
        let mut other_call =
            pin!(shared.until_completed(RequestId(2), |state| state.machine.results.remove(&RequestId(2))));
        assert!(other_call.as_mut().poll(&mut Context::from_waker(&other_waker)).is_pending());
        let mut call = Box::pin(call(&shared));
        assert!(call.as_mut().poll(&mut Context::from_waker(&dropped_waker)).is_pending());
        drop(dropped_waker);
        if completed {
            complete(&mut bench);
        }
        assert!(bench.poll().is_pending());
        let wakes = bench.wakes();
        drop(call);
        assert_eq!(bench.wakes(), wakes + 1, "the server is told");
        assert_eq!(bench.shared.lock().machine.cancelled, [RequestId(1)]);
        assert_eq!(Arc::strong_count(&dropped), 1, "no waker is kept");

        complete(&mut bench);
        assert_eq!(dropped.0.load(Ordering::Relaxed), usize::from(completed));
        bench.shared.lock().machine.results.insert(RequestId(2), 8);
        bench.output([Output::Event(Event::Completed(RequestId(2)))]);
        assert_eq!(other.0.load(Ordering::Relaxed), 1);
        let mut cx = Context::from_waker(&other_waker);
        assert_eq!(other_call.as_mut().poll(&mut cx), Poll::Ready(Ok(8)));
    }
}

#[test]
fn a_call_that_cannot_start_or_has_no_driver_returns_at_once() {
    let mut bench = Bench::new();
    let shared = bench.shared.clone();
    let mut cx = Context::from_waker(Waker::noop());
    {
        let refused = shared.call(
            |_, _| Err(Stopped::default()),
            |_, _| None::<u8>,
            |machine: &mut Toy, id| machine.cancelled.push(id),
        );
        assert_eq!(pin!(refused).poll(&mut cx), Poll::Ready(Err(Stopped::default())));
    }
    assert!(shared.lock().machine.cancelled.is_empty(), "it has not started");

    let mut started = Box::pin(call(&shared));
    assert!(started.as_mut().poll(&mut cx).is_pending());
    drop(bench.driver.take());
    assert_eq!(started.as_mut().poll(&mut cx), Poll::Ready(Err(Stopped::default())));
    drop(started);
    let mut late = Box::pin(call(&shared));
    assert_eq!(late.as_mut().poll(&mut cx), Poll::Ready(Err(Stopped::default())));
    drop(late);
    assert_eq!(shared.lock().machine.cancelled, [RequestId(1); 2]);
    assert!(!shared.lock().waiters.wait_for_requests());
}

/// The prompt of an interactive login says that the login continues after the wait.
#[test]
fn flood_waits_of_requests_are_events_but_not_waits_of_the_login() {
    let mut bench = Bench::new();
    bench.shared.lock().machine.login_step = Some(RequestId(1));
    let seconds = Duration::from_secs;
    let flood_wait = |id, wait| Output::Event(Event::FloodWait { id: RequestId(id), wait });
    bench.output([flood_wait(1, seconds(5)), flood_wait(2, seconds(50))]);
    let state = bench.shared.lock();
    assert_eq!((state.flood_waits.count, state.flood_waits.last), (1, seconds(5)));
    let events = [5, 50].map(|wait| ClientEvent::FloodWait { wait: seconds(wait) });
    assert_eq!(state.events, events);
}
