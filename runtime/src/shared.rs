//! What the handles and the driver share: the machine, behind a lock, and who waits for it.
//!
//! Nothing but the machine runs under the lock. Wakers are woken, and old ones dropped, after it is released: both
//! may run a runtime's code, which may come back here.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansgram_core::client::{
    DcId, DisconnectReason, Event, IoFailure, LogoutCause, ProxyFault, RequestId, UpdatesState,
};
use sansgram_core::time::{Now, Timestamp};

use crate::StoreError;
use crate::clock::Clock;
use crate::connect::ProxyWaits;
use crate::event::ClientEvent;
use crate::machine::Machine;
use crate::policy::{FIRST_SAVE_RETRY, MAX_EVENTS, MAX_SAVE_RETRY};

const PROXY_SILENT: DisconnectReason = DisconnectReason::Network(IoFailure::Proxy(ProxyFault::Silent));

pub(crate) struct Shared<M> {
    state: Mutex<State<M>>,
    pub(crate) clock: Clock,
    /// Read by the state, written by the links.
    pub(crate) proxy_waits: ProxyWaits,
}

pub(crate) struct State<M> {
    pub(crate) machine: M,
    /// Woken after every change that the driver has to look at.
    pub(crate) driver: Option<Waker>,
    /// Woken when their request is completed.
    requests: BTreeMap<RequestId, Waker>,
    /// Woken when their request is completed, and by all that arrives: there is no event for an acknowledgement.
    receipts: BTreeMap<RequestId, Waker>,
    /// Woken by everything else that changes.
    watchers: BTreeMap<u64, Waker>,
    next_watcher: u64,
    /// No handle is left: close the sockets and end.
    pub(crate) close_requested: bool,
    /// The driver is gone, so nothing will happen any more.
    pub(crate) ended: bool,
    /// The connections that ended, by DC.
    pub(crate) disconnects: BTreeMap<DcId, DcDisconnects>,
    /// The last of them all, until that DC is connected again.
    pub(crate) last_disconnect: Option<(DcId, DisconnectReason)>,
    pub(crate) logged_out: Option<LogoutCause>,
    /// The same, until `next_update` has returned it.
    pub(crate) logout_unreported: Option<LogoutCause>,
    /// Events of the connections, until a caller takes them.
    pub(crate) events: VecDeque<ClientEvent>,
    /// A caller has waited for updates, so the connection they arrive on was requested.
    pub(crate) listens: bool,
    /// Updates were dropped, which `next_update` has not returned yet.
    pub(crate) updates_missed: bool,
    /// The state of updates, until a caller takes it.
    pub(crate) updates_state: Option<UpdatesState>,
    /// How often the server asked a login to wait, and for how long the last time.
    pub(crate) floods: (u64, Duration),
    pub(crate) saves: Saves,
    proxy_waits: ProxyWaits,
}

/// The connections to a DC that ended or could not be opened: how many, and the last of them.
#[derive(Clone, Debug)]
pub(crate) struct DcDisconnects {
    /// How many ended so far.
    pub(crate) count: u64,
    pub(crate) reason: DisconnectReason,
    /// Whether the machine tries again by itself.
    pub(crate) retries: bool,
}

/// Which state of the session is on the disk. The states are numbered by the machine's requests to save.
#[derive(Debug, Default)]
pub(crate) struct Saves {
    /// The newest state that should be kept.
    pub(crate) wanted: u64,
    /// The newest state whose save is over, well or not.
    pub(crate) done: u64,
    pub(crate) running: bool,
    /// Why the last save failed; `None` if it succeeded.
    pub(crate) error: Option<Arc<StoreError>>,
    /// How many failed in a row.
    failures: u32,
    /// When what failed is tried again.
    retry_at: Option<Timestamp>,
}

impl Saves {
    pub(crate) fn is_idle(&self) -> bool {
        !self.running && self.done == self.wanted
    }

    /// Wants another save if it is time for that, after one that failed; otherwise the time, if there is one.
    pub(crate) fn retry(&mut self, now: Timestamp) -> Option<Timestamp> {
        let at = self.retry_at?;
        if now < at {
            return Some(at);
        }
        self.retry_at = None;
        // What has changed meanwhile is saved anyway.
        if self.is_idle() {
            self.wanted += 1;
        }
        None
    }
}

impl<M: Machine> Shared<M> {
    pub(crate) fn new(machine: M, clock: Clock) -> Self {
        let proxy_waits = ProxyWaits::default();
        let state = State {
            machine,
            driver: None,
            requests: BTreeMap::new(),
            receipts: BTreeMap::new(),
            watchers: BTreeMap::new(),
            next_watcher: 0,
            close_requested: false,
            ended: false,
            disconnects: BTreeMap::new(),
            last_disconnect: None,
            logged_out: None,
            logout_unreported: None,
            events: VecDeque::new(),
            listens: false,
            updates_missed: false,
            updates_state: None,
            floods: (0, Duration::ZERO),
            saves: Saves::default(),
            proxy_waits: proxy_waits.clone(),
        };
        Self { state: Mutex::new(state), clock, proxy_waits }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<M>> {
        // Nothing panics under the lock; if it did, the driver would end and every waiter be told so.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the machine and has the driver look at what came of it.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&mut State<M>, Now) -> T) -> T {
        let now = self.clock.now();
        let mut state = self.lock();
        let result = call(&mut state, now);
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// Waits until `ready` returns a value; it is called again when the request is completed.
    pub(crate) fn until_completed<T, F>(&self, id: RequestId, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        Until { shared: self, key: Key::Request(id), ready, result: PhantomData }
    }

    /// Waits until `ready` returns a value; it is called again when the request is completed, and whenever bytes arrive.
    pub(crate) fn until_received<T, F>(&self, id: RequestId, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        Until { shared: self, key: Key::Receipt(id), ready, result: PhantomData }
    }

    /// Waits until `ready` returns a value; it is called again after every change except the completion of requests.
    pub(crate) fn until<T, F>(&self, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        Until { shared: self, key: Key::Watcher(None), ready, result: PhantomData }
    }
}

impl<M: Machine> State<M> {
    /// A step is over. If a user is logged in now, how the last login ended no longer matters.
    pub(crate) fn note_login(&mut self) {
        if self.machine.session().user.is_some() {
            (self.logged_out, self.logout_unreported) = (None, None);
        }
    }
}

impl<M> State<M> {
    /// Records an event, and adds the wakers of the callers that wait for it to `wake`.
    pub(crate) fn note(&mut self, event: Event, wake: &mut Vec<Waker>) {
        match event {
            Event::Completed(id) => {
                wake.extend(self.requests.remove(&id));
                wake.extend(self.receipts.remove(&id));
                return;
            }
            // Callers that wait for it look after each arrival.
            Event::QuickAck(_) => return,
            Event::SessionChanged => {
                self.saves.wanted += 1;
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
            Event::FloodWait { wait, .. } => {
                self.floods = (self.floods.0 + 1, wait);
                self.push_event(ClientEvent::FloodWait { wait });
            }
            Event::SessionRevoked(cause) => {
                (self.logged_out, self.logout_unreported) = (Some(cause), Some(cause));
            }
            Event::UpdatesLost => self.updates_missed = true,
            Event::UpdatesState(state) => self.updates_state = Some(state),
            _ => {}
        }
        self.wake_watchers(wake);
    }

    /// Returns why the connection to a DC was lost last, or could not be opened. A proxy that has accepted a connection
    /// and does not answer counts as silent from the start.
    pub(crate) fn last_disconnect(&self) -> Option<(DcId, DisconnectReason)> {
        let silent = || self.proxy_waits.first().map(|dc| (dc, PROXY_SILENT));
        self.last_disconnect.clone().or_else(silent)
    }

    /// The machine's own time limit knows nothing of a proxy.
    fn blame_proxy(&self, dc: DcId, reason: DisconnectReason) -> DisconnectReason {
        match reason {
            DisconnectReason::Network(IoFailure::TimedOut) if self.proxy_waits.has(dc) => PROXY_SILENT,
            reason => reason,
        }
    }

    /// A save of this version is over.
    pub(crate) fn note_saved(&mut self, version: u64, result: Result<(), StoreError>, now: Timestamp) {
        let saves = &mut self.saves;
        (saves.running, saves.done) = (false, version);
        match result {
            Ok(()) => {
                let failed = saves.error.take().is_some();
                (saves.failures, saves.retry_at) = (0, None);
                if failed {
                    self.push_event(ClientEvent::Saved);
                }
            }
            Err(error) => {
                let retry_in = (FIRST_SAVE_RETRY * (1 << saves.failures.min(16))).min(MAX_SAVE_RETRY);
                saves.failures += 1;
                saves.retry_at = Some(now + retry_in);
                let reason = error.to_string();
                saves.error = Some(Arc::new(error));
                self.push_event(ClientEvent::SaveFailed { reason, retry_in });
            }
        }
    }

    /// Whether a caller waits for a request.
    pub(crate) fn is_called(&self) -> bool {
        !self.requests.is_empty() || !self.receipts.is_empty()
    }

    fn push_event(&mut self, event: ClientEvent) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Wakes the callers that wait for a receipt: bytes arrived, which may hold an acknowledgement.
    pub(crate) fn wake_receipts(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(std::mem::take(&mut self.receipts).into_values());
    }

    /// Wakes all watchers, so that they look again.
    pub(crate) fn wake_watchers(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(std::mem::take(&mut self.watchers).into_values());
    }

    /// The driver is gone: every waiting caller returns.
    pub(crate) fn end(&mut self, wake: &mut Vec<Waker>) {
        self.ended = true;
        self.wake_watchers(wake);
        self.wake_receipts(wake);
        wake.extend(std::mem::take(&mut self.requests).into_values());
    }
}

/// The driver ended, so what was waited for will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

enum Key {
    Request(RequestId),
    Receipt(RequestId),
    Watcher(Option<u64>),
}

/// Waits for an answer of the shared state. It may be dropped at any time.
#[must_use]
pub(crate) struct Until<'a, M, T, F> {
    shared: &'a Shared<M>,
    key: Key,
    ready: F,
    result: PhantomData<fn() -> T>,
}

impl<M: Machine, T, F: FnMut(&mut State<M>) -> Option<T> + Unpin> Future for Until<'_, M, T, F> {
    type Output = Result<T, Stopped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let mut guard = this.shared.lock();
        let state = &mut *guard;
        if let Some(result) = (this.ready)(state) {
            return Poll::Ready(Ok(result));
        }
        if state.ended {
            return Poll::Ready(Err(Stopped));
        }
        let replaced = match &mut this.key {
            Key::Request(id) => state.requests.insert(*id, waker),
            Key::Receipt(id) => state.receipts.insert(*id, waker),
            Key::Watcher(key) => {
                let key = *key.get_or_insert_with(|| {
                    state.next_watcher += 1;
                    state.next_watcher
                });
                state.watchers.insert(key, waker)
            }
        };
        drop(guard);
        drop(replaced);
        Poll::Pending
    }
}

impl<M, T, F> Drop for Until<'_, M, T, F> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waker = match self.key {
            Key::Request(id) => state.requests.remove(&id),
            Key::Receipt(id) => state.receipts.remove(&id),
            Key::Watcher(Some(key)) => state.watchers.remove(&key),
            Key::Watcher(None) => None,
        };
        drop(state);
        drop(waker);
    }
}
