//! The state that the handles and the driver share, behind a lock: the machine, its clock, and the wakers of waiting
//! callers.
//!
//! Only the machine runs under the lock. Wakers are woken and dropped after it is released: both may run code of the
//! runtime, which may take the lock again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use sansgram_core::client::{
    DcId, DisconnectReason, Event, IoFailure, LogoutCause, ProxyFault, UpdatesState,
};
use sansgram_core::time::{Now, Timestamp};

use crate::StoreError;
use crate::clock::Clock;
use crate::connect::ProxyWaits;
use crate::event::ClientEvent;
use crate::machine::Machine;
use crate::policy::{INITIAL_SAVE_BACKOFF, MAX_EVENTS, MAX_SAVE_BACKOFF};
use crate::stopped::Stopped;
use crate::waiters::Waiters;

const PROXY_SILENT: DisconnectReason = DisconnectReason::Network(IoFailure::Proxy(ProxyFault::Silent));

pub(crate) struct Shared<M> {
    state: Mutex<State<M>>,
    /// The sockets add and remove entries; [`State`] reads them.
    pub(crate) proxy_waits: ProxyWaits,
}

pub(crate) struct State<M> {
    pub(crate) machine: M,
    /// The waker of the driver, which every call of a handle wakes.
    pub(crate) driver_waker: Option<Waker>,
    pub(crate) waiters: Waiters,
    pub(crate) clock: Clock,
    /// The time of the first call since the last round of the driver.
    call_time: Option<Now>,
    /// The number of calls since the last round of the driver.
    pub(crate) calls: usize,
    /// True if the driver must close the connections and end.
    pub(crate) close_requested: bool,
    /// True if the driver has ended.
    pub(crate) ended: bool,
    /// Why the driver has ended, if the lease of the session is over.
    lost_lease: Option<Arc<StoreError>>,
    /// The lost connections of each DC.
    pub(crate) disconnects: BTreeMap<DcId, DcDisconnects>,
    /// The DC that lost its connection last and the reason, until that DC is connected again.
    pub(crate) last_disconnect: Option<(DcId, DisconnectReason)>,
    /// The reason why the server ended the login, until a user logs in again.
    pub(crate) logged_out: Option<LogoutCause>,
    /// The same as `logged_out`, until `next_update` returns it.
    pub(crate) logout_unreported: Option<LogoutCause>,
    /// The events of the connections that no caller has taken yet.
    pub(crate) events: VecDeque<ClientEvent>,
    /// True once a caller has waited for updates, which opened the connection that they arrive on.
    pub(crate) wants_updates: bool,
    /// True if updates were dropped and `next_update` has not reported it yet.
    pub(crate) updates_lost: bool,
    /// The state of the updates, if no caller has taken it yet.
    pub(crate) updates_state: Option<UpdatesState>,
    /// The flood waits of login steps, which the interactive login shows.
    pub(crate) flood_waits: FloodWaits,
    pub(crate) saves: Saves,
    proxy_waits: ProxyWaits,
}

/// The connections to a DC that ended or could not be opened: their number, and the last one.
#[derive(Clone, Debug)]
pub(crate) struct DcDisconnects {
    /// The number of lost connections so far.
    pub(crate) count: u64,
    pub(crate) reason: DisconnectReason,
    /// True if the machine tries again automatically.
    pub(crate) retries: bool,
}

/// The waits that the server demanded of login steps (`FLOOD_WAIT_X`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FloodWaits {
    /// The number of waits so far.
    pub(crate) count: u64,
    /// The duration of the last wait.
    pub(crate) last: Duration,
}

/// The progress of the saves. Each request to save gets the next version number.
#[derive(Debug, Default)]
pub(crate) struct Saves {
    /// The version of the last request to save.
    pub(crate) requested_version: u64,
    /// The newest version whose save succeeded or failed.
    pub(crate) finished_version: u64,
    pub(crate) running: bool,
    /// The error of the last save, or `None` if it succeeded.
    pub(crate) error: Option<Arc<StoreError>>,
    /// The number of failures in a row.
    failures: u32,
    /// The time of the next attempt after a failed save.
    retry_at: Option<Timestamp>,
}

impl Saves {
    pub(crate) fn is_idle(&self) -> bool {
        !self.running && self.finished_version == self.requested_version
    }

    /// Requests another save if the last one failed and its backoff is over. Otherwise, returns the end of the backoff.
    pub(crate) fn poll_retry(&mut self, now: Timestamp) -> Option<Timestamp> {
        let at = self.retry_at?;
        if now < at {
            return Some(at);
        }
        self.retry_at = None;
        // If the session has changed meanwhile, a save is requested already.
        if self.is_idle() {
            self.requested_version += 1;
        }
        None
    }
}

impl<M> Shared<M> {
    pub(crate) fn new(machine: M, clock: Clock) -> Self {
        let proxy_waits = ProxyWaits::default();
        let state = State {
            machine,
            driver_waker: None,
            waiters: Waiters::default(),
            clock,
            call_time: None,
            calls: 0,
            close_requested: false,
            ended: false,
            lost_lease: None,
            disconnects: BTreeMap::new(),
            last_disconnect: None,
            logged_out: None,
            logout_unreported: None,
            events: VecDeque::new(),
            wants_updates: false,
            updates_lost: false,
            updates_state: None,
            flood_waits: FloodWaits::default(),
            saves: Saves::default(),
            proxy_waits: proxy_waits.clone(),
        };
        Self { state: Mutex::new(state), proxy_waits }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<M>> {
        // No code panics under the lock; if it did, the driver would end, and all waiting calls would return an error.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `call` under the lock, then wakes the driver.
    pub(crate) fn with_state<T>(&self, call: impl FnOnce(&mut State<M>, Now) -> T) -> T {
        let mut state = self.lock();
        state.calls += 1;
        let now = state.call_time();
        let result = call(&mut state, now);
        let driver = state.driver_waker.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }
}

impl<M: Machine> State<M> {
    /// Records the end of a step of a login: if a user is logged in now, the reason of the last logout is cleared.
    pub(crate) fn clear_logout_if_logged_in(&mut self) {
        if self.machine.stored_session().user.is_some() {
            (self.logged_out, self.logout_unreported) = (None, None);
        }
    }

    /// Records an event, and moves the wakers of the callers that wait for it to `wake`.
    pub(crate) fn on_event(&mut self, event: Event, wake: &mut Vec<Waker>) {
        match event {
            Event::Completed(id) => {
                self.waiters.wake_completed(id, wake);
                return;
            }
            // The callers that wait for the ack are woken whenever bytes arrive.
            Event::QuickAck(_) => return,
            Event::StoredSessionChanged => {
                self.saves.requested_version += 1;
                return;
            }
            Event::Connected { dc } => {
                drop(self.last_disconnect.take_if(|(lost, _)| *lost == dc));
                self.push_event(ClientEvent::Connected { dc });
            }
            Event::Disconnected { dc, reason, retry_in } => {
                let reason = self.blame_proxy(dc, reason);
                let count = self.disconnects.get(&dc).map_or(0, |it| it.count) + 1;
                self.last_disconnect = Some((dc, reason.clone()));
                self.disconnects
                    .insert(dc, DcDisconnects { count, reason: reason.clone(), retries: retry_in.is_some() });
                self.push_event(ClientEvent::Disconnected { dc, reason, retry_in });
            }
            Event::FloodWait { id, wait } => {
                if self.machine.is_login_step(id) {
                    self.flood_waits = FloodWaits { count: self.flood_waits.count + 1, last: wait };
                }
                self.push_event(ClientEvent::FloodWait { wait });
            }
            Event::LoggedOut(cause) => {
                (self.logged_out, self.logout_unreported) = (Some(cause), Some(cause));
            }
            Event::UpdatesLost => self.updates_lost = true,
            Event::UpdatesState(state) => self.updates_state = Some(state),
            _ => {}
        }
        self.waiters.wake_watchers(wake);
    }
}

impl<M> State<M> {
    /// Returns the time for a call. The calls between two rounds of the driver share one reading of the clock: the
    /// first one wakes the driver, which runs before much time passes.
    fn call_time(&mut self) -> Now {
        *self.call_time.get_or_insert_with(|| self.clock.read())
    }

    /// Returns the time for a round of the driver whose poll has read `earlier` already. Time never goes back.
    pub(crate) fn round_time(&mut self, earlier: Option<Now>) -> Now {
        match (earlier, self.call_time.take()) {
            (Some(earlier), Some(call)) if call.monotonic > earlier.monotonic => call,
            (Some(earlier), _) => earlier,
            (None, _) => self.clock.read(),
        }
    }

    /// Returns the last lost connection and the reason. A proxy that has accepted a connection and not answered yet
    /// counts as silent.
    pub(crate) fn last_disconnect(&self) -> Option<(DcId, DisconnectReason)> {
        let silent = || self.proxy_waits.first().map(|dc| (dc, PROXY_SILENT));
        self.last_disconnect.clone().or_else(silent)
    }

    /// Returns the reason for the handles: a timeout that a silent proxy caused is reported as the proxy's.
    fn blame_proxy(&self, dc: DcId, reason: DisconnectReason) -> DisconnectReason {
        match reason {
            DisconnectReason::Network(IoFailure::TimedOut) if self.proxy_waits.has(dc) => PROXY_SILENT,
            reason => reason,
        }
    }

    /// Records the result of the save of this version.
    pub(crate) fn on_saved(&mut self, version: u64, result: Result<(), StoreError>, now: Timestamp) {
        let saves = &mut self.saves;
        (saves.running, saves.finished_version) = (false, version);
        match result {
            Ok(()) => {
                let failed = saves.error.take().is_some();
                (saves.failures, saves.retry_at) = (0, None);
                if failed {
                    self.push_event(ClientEvent::Saved);
                }
            }
            Err(error) => {
                let retry_in = (INITIAL_SAVE_BACKOFF * (1 << saves.failures.min(16))).min(MAX_SAVE_BACKOFF);
                saves.failures += 1;
                let ends =
                    self.close_requested || self.ended || matches!(error, StoreError::LeaseLost { .. });
                let retry_in = (!ends).then_some(retry_in);
                saves.retry_at = retry_in.map(|retry_in| now + retry_in);
                let reason = error.to_string();
                saves.error = Some(Arc::new(error));
                self.push_event(ClientEvent::SaveFailed { reason, retry_in });
            }
        }
    }

    /// Records that the lease is over. Changes that are not saved are lost.
    pub(crate) fn lose_lease(&mut self, error: Arc<StoreError>) {
        if !self.saves.is_idle() {
            self.saves.error = Some(error.clone());
        }
        self.lost_lease = Some(error);
    }

    /// Returns the error of calls after the end of the driver.
    pub(crate) fn stopped(&self) -> Stopped {
        Stopped(self.lost_lease.clone())
    }

    fn push_event(&mut self, event: ClientEvent) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Marks the driver as ended, and moves the wakers of all waiting callers to `wake`.
    pub(crate) fn end(&mut self, wake: &mut Vec<Waker>) {
        self.ended = true;
        self.waiters.wake_all(wake);
    }
}
