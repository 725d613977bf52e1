//! Sessions that a client owns for a limited time: the lease, which the store renews and the driver obeys.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use sansgram_core::client::StoredSession;

use super::StoreError;

mod clock;

/// The future of a [`LeasedStore`]. It works under every runtime, since the store does its work elsewhere.
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// A store whose sessions are owned by leases, so that of all processes that share it only one uses a session at a
/// time.
///
/// [`SessionStore::leased`](super::SessionStore::leased) says that a store is one. The store renews its leases by
/// itself; a client that learns that its lease is over ends without sending another byte.
pub trait LeasedStore: Send + Sync {
    /// Takes the session: no other owner gets it before this one releases it or its lease ends.
    ///
    /// # Errors
    /// The future returns [`StoreError::Leased`] if the session has an owner, and another [`StoreError`] if the session
    /// cannot be loaded. Nothing is changed then.
    fn acquire(&self) -> StoreFuture<Acquired>;
}

/// A session that [`LeasedStore::acquire`] has taken.
#[derive(Debug)]
pub struct Acquired {
    /// The session, or `None` if there is none yet.
    pub session: Option<StoredSession>,
    /// The ownership.
    pub owned: Box<dyn OwnedSession>,
}

/// The ownership of one session, until it is released or its lease is over. Dropping it releases the session without
/// waiting.
pub trait OwnedSession: fmt::Debug + Send + Sync + 'static {
    /// Returns the lease, which the store renews.
    fn lease(&self) -> &Lease;

    /// Stores `session` instead of the previous one. The session is durable when the future completes. The save goes on
    /// if the future is dropped. It is called only after the previous save has completed.
    ///
    /// # Errors
    /// The future returns [`StoreError::LeaseLost`] if the session has another owner now, and another [`StoreError`] if
    /// it cannot be stored. The previous session is then still there.
    fn save(&self, session: &StoredSession) -> StoreFuture<()>;

    /// Gives the session back, so that the next owner need not wait for the end of the lease.
    ///
    /// # Errors
    /// The future returns a [`StoreError`] if the store cannot be reached; the lease then ends by itself.
    fn release(self: Box<Self>) -> StoreFuture<()>;
}

/// The time for which a client owns a session. Clones share it: the store holds one, and renews it; the driver of the
/// client holds another, and obeys it.
///
/// Times are durations on [`Lease::clock`]. A lease that is over stays so: a client that stopped sending is not
/// revived.
#[derive(Clone)]
pub struct Lease {
    shared: Arc<Shared>,
}

struct Shared {
    session: String,
    fence: u64,
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    until: Duration,
    /// Why it is over.
    lost: Option<String>,
    driver: Option<Waker>,
}

impl Lease {
    /// Creates a lease of a session. `fence` is the number of the ownership, which rises with each owner; a store
    /// refuses the writes of earlier ones. The client may send before `until`: the end of the lease as the store has
    /// it, less the longest error of the clocks, counted from before the request for it was sent.
    #[must_use]
    pub fn new(session: impl Into<String>, fence: u64, until: Duration) -> Self {
        Self::with_clock(session, fence, until, Self::clock)
    }

    /// Like [`new`](Self::new), with another clock, such as that of a test.
    #[must_use]
    pub fn with_clock(
        session: impl Into<String>,
        fence: u64,
        until: Duration,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let state = Mutex::new(State { until, lost: None, driver: None });
        let session = session.into();
        Self { shared: Arc::new(Shared { session, fence, clock: Box::new(clock), state }) }
    }

    /// Returns the time of the clock that leases are measured by. It counts from an arbitrary moment and does not
    /// follow changes of the date. It continues while the process is stopped, and while the computer sleeps (on Linux,
    /// Android, Apple's systems and Windows). It stands still, as all clocks of the computer do, while a virtual
    /// machine is paused from outside.
    #[must_use]
    pub fn clock() -> Duration {
        clock::since_boot()
    }

    /// Returns the name of the session.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.shared.session
    }

    /// Returns the number of the ownership, which rises with each owner of the session.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.shared.fence
    }

    /// Returns how long the client may still send. Zero means that the lease is over for good.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let now = (self.shared.clock)();
        self.remaining_at(&mut self.lock(), now)
    }

    /// Like [`remaining`](Self::remaining), and wakes `waker` when the lease is lost. It is not woken when the lease
    /// runs out.
    pub fn remaining_or_wake(&self, waker: &Waker) -> Duration {
        let now = (self.shared.clock)();
        let mut state = self.lock();
        let remaining = self.remaining_at(&mut state, now);
        let is_other = state.driver.as_ref().is_none_or(|driver| !driver.will_wake(waker));
        // Dropping a waker may run code of the runtime, which must not happen under the lock.
        let replaced = if is_other { state.driver.replace(waker.clone()) } else { None };
        drop(state);
        drop(replaced);
        remaining
    }

    /// Extends the lease. Returns `false` if it is over already, or ends later.
    pub fn renew(&self, until: Duration) -> bool {
        let now = (self.shared.clock)();
        let mut state = self.lock();
        let is_longer = !self.remaining_at(&mut state, now).is_zero() && until > state.until;
        if is_longer {
            state.until = until;
        }
        is_longer
    }

    /// Ends the lease, because the session has another owner or is gone. `reason` is a part of a sentence.
    pub fn lose(&self, reason: impl Into<String>) {
        let mut state = self.lock();
        state.lost.get_or_insert_with(|| reason.into());
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Returns the error of a client whose lease is over; `None` if it is not.
    #[must_use]
    pub fn lost(&self) -> Option<StoreError> {
        let now = (self.shared.clock)();
        let mut state = self.lock();
        self.remaining_at(&mut state, now);
        let reason = state.lost.clone()?;
        Some(StoreError::LeaseLost { session: self.shared.session.clone(), reason })
    }

    fn remaining_at(&self, state: &mut State, now: Duration) -> Duration {
        if state.lost.is_some() {
            return Duration::ZERO;
        }
        let remaining = state.until.saturating_sub(now);
        if remaining.is_zero() {
            state.lost = Some("its lease was not renewed in time".into());
        }
        remaining
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (session, fence) = (&self.shared.session, self.shared.fence);
        let state = self.lock();
        f.debug_struct("Lease")
            .field("session", session)
            .field("fence", &fence)
            .field("until", &state.until)
            .field("lost", &state.lost)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A lease until second 30 of the returned clock.
    fn lease() -> (Lease, Arc<AtomicU64>) {
        let seconds = Arc::new(AtomicU64::new(0));
        let clock = seconds.clone();
        let now = move || Duration::from_secs(clock.load(Ordering::Relaxed));
        (Lease::with_clock("me", 7, 30 * SECOND, now), seconds)
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_lease_that_ran_out_stays_over() {
        let (lease, seconds) = lease();
        assert_eq!((lease.session(), lease.fence(), lease.remaining()), ("me", 7, 30 * SECOND));
        seconds.store(29, Ordering::Relaxed);
        assert_eq!(lease.remaining(), SECOND);
        assert!(!lease.renew(29 * SECOND), "it is not shortened");
        assert!(lease.renew(59 * SECOND));
        assert_eq!(lease.remaining(), 30 * SECOND);
        assert!(lease.lost().is_none());
        seconds.store(59, Ordering::Relaxed);
        assert!(!lease.renew(1000 * SECOND), "too late");
        seconds.store(0, Ordering::Relaxed);
        assert_eq!(lease.clone().remaining(), Duration::ZERO);
        let error = lease.lost().unwrap().to_string();
        assert!(error.starts_with("the session me is no longer owned: its lease was not renewed"), "{error}");
    }

    #[test]
    fn a_loss_wakes_the_driver_once_and_keeps_its_first_reason() {
        let (lease, _) = lease();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        for _ in 0..3 {
            assert_eq!(lease.remaining_or_wake(&waker), 30 * SECOND);
        }
        lease.lose("it was taken");
        lease.lose("something else");
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(lease.remaining(), Duration::ZERO);
        assert!(lease.lost().unwrap().to_string().contains("it was taken"));
    }

    #[test]
    fn the_clock_advances() {
        let (before, begin) = (Lease::clock(), Instant::now());
        while begin.elapsed() < Duration::from_millis(20) {}
        let passed = Lease::clock() - before;
        assert!((Duration::from_millis(19)..60 * SECOND).contains(&passed), "{passed:?}");
    }
}
