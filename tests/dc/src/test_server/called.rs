//! Waiting for calls without blocking a thread.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use sansgram_core::time::Timestamp;
use sansgram_core::tl::{Constructor, Deserialize};

use super::handlers::calls_of;
use super::server::TestServer;
use super::shared::Waiting;

impl TestServer {
    /// Returns a future of the recorded calls of the method `F`, oldest first. It completes once there are `count` of them,
    /// or after `timeout` with those that there are, like [`wait_for_calls`](Self::wait_for_calls). It works under every
    /// runtime; the time is that of the system, also if a runtime has paused its own.
    pub fn called<F: Constructor + Deserialize>(&self, count: usize, timeout: Duration) -> Called<'_, F> {
        let until = self.shared.now().monotonic + timeout;
        Called { server: self, count, until, number: None, method: PhantomData }
    }
}

/// The future of [`TestServer::called`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Called<'a, F> {
    server: &'a TestServer,
    count: usize,
    until: Timestamp,
    /// Its number among the waiting futures, once it has waited.
    number: Option<u64>,
    method: PhantomData<fn() -> F>,
}

impl<F: Constructor + Deserialize> Future for Called<'_, F> {
    type Output = Vec<F>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<F>> {
        let shared = &self.server.shared;
        let mut state = self.server.lock();
        let calls = calls_of(state.dcs.handlers());
        if calls.len() >= self.count || shared.now().monotonic >= self.until {
            return Poll::Ready(calls);
        }
        let number = self.number.unwrap_or(state.next_waiting);
        let waiting = Waiting { until: self.until, waker: cx.waker().clone() };
        if state.waiting.insert(number, waiting).is_none() {
            state.next_waiting += 1;
            // The timer has one more deadline.
            shared.timer.notify_all();
        }
        drop(state);
        self.number = Some(number);
        Poll::Pending
    }
}

impl<F> Drop for Called<'_, F> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.server.shared.lock().waiting.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Instant;

    use sansgram_core::tl::functions::help::GetNearestDc;

    use super::super::TestServerOptions;
    use super::super::block_on::block_on;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_future_has_one_waker_until_it_is_dropped() {
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut futures = [0, 1].map(|_| Box::pin(server.called::<GetNearestDc>(1, LONG)));
        for _ in 0..10 {
            assert!(futures.iter_mut().all(|future| future.as_mut().poll(&mut context).is_pending()));
            assert_eq!(server.lock().waiting.len(), 2);
        }
        drop(futures);
        assert_eq!(server.lock().waiting.len(), 0);
    }

    #[test]
    fn a_future_ends_at_its_time_limit() {
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let started = Instant::now();
        assert!(block_on(server.called::<GetNearestDc>(1, Duration::from_millis(20))).is_empty());
        assert!((Duration::from_millis(20)..LONG).contains(&started.elapsed()), "{:?}", started.elapsed());
    }
}
