//! The event loop of one client, as one future: it owns the streams and the timer and feeds the machine.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansgram_core::client::{
    ComputeTask, ConnId, DcId, DisconnectReason, Event, Input, Output, StoredSession,
};
use sansgram_core::time::{Now, Timestamp};

use crate::alarm::Alarm;
use crate::gathering::Gathering;
use crate::machine::Machine;
use crate::ownership::{Ownership, lease_of};
use crate::policy::{MAX_INPUTS_PER_POLL, SIGSTOP_CHECK_INTERVAL, SIGSTOP_CHECKS_AFTER_OPEN};
use crate::read_buffer::ReadBuffer;
use crate::shared::Shared;
use crate::socket::{Socket, SocketEvent};
use crate::{Lease, Proxy, Runtime, SessionStore, StoreError, StoreFuture};

mod leasing;

/// The driver of one client. It runs until the last handle is dropped or the client is disconnected.
///
/// In each round it locks the machine, feeds one input and drains all outputs; then, without the lock, it acts on the
/// outputs and looks for the next input. The waker is stored under the same lock that the handles take, so no call is
/// missed. All rounds of one poll have the same time, unless a call or the timer brings a later one. A poll that wakes
/// several callers is followed by one that lets them run first, so that their next calls leave together.
pub(crate) struct Driver<R: Runtime, M: Machine> {
    runtime: Arc<R>,
    shared: Arc<Shared<M>>,
    /// Given up before the driver ends, so that the session is free when [`Client::disconnect`](crate::Client::disconnect)
    /// returns.
    ownership: Option<Ownership>,
    /// The running save of a leased session.
    saving: Option<(Save<M>, StoreFuture<()>)>,
    /// A leased session is released, with its lease.
    releasing: Option<(Lease, StoreFuture<()>)>,
    /// How long the lease still lasts, as of this round.
    lease_left: Option<Duration>,
    proxy: Option<Arc<Proxy>>,
    sockets: Vec<Socket<R::Stream>>,
    /// The index of the socket that is polled first the next time, so that a busy socket does not starve the others.
    next_socket: usize,
    /// The time of all rounds of one poll, once it is read.
    time: Option<Now>,
    deadline: Option<Timestamp>,
    /// The end of the checks that a new connection starts ([`SIGSTOP_CHECKS_AFTER_OPEN`]).
    sigstop_checks_until: Timestamp,
    alarm: Alarm<R::Timer>,
    closing: bool,
    gathering: Gathering,
    actions: Vec<Action>,
    wake: Vec<Waker>,
    /// The events to log. They are logged without the lock, as a subscriber is code of the application.
    events_to_log: Vec<Event>,
}

/// An output of the machine that the driver acts upon after it has released the lock.
enum Action {
    Open { conn: ConnId, dc: DcId, endpoints: Vec<SocketAddr> },
    Transmit { conn: ConnId, bytes: Vec<u8> },
    Close { conn: ConnId },
    Compute(ComputeTask),
    Save { version: u64, session: Box<StoredSession> },
}

/// An input that is ready for the machine.
enum NextInput {
    Socket(ConnId, SocketEvent),
    Deadline,
}

impl<R: Runtime, M: Machine> Driver<R, M> {
    pub(crate) fn new(
        runtime: Arc<R>,
        shared: Arc<Shared<M>>,
        ownership: Ownership,
        proxy: Option<Arc<Proxy>>,
    ) -> Self {
        Self {
            runtime,
            shared,
            ownership: Some(ownership),
            saving: None,
            releasing: None,
            lease_left: None,
            proxy,
            sockets: Vec::new(),
            next_socket: 0,
            time: None,
            deadline: None,
            sigstop_checks_until: Timestamp::ZERO,
            alarm: Alarm::new(),
            closing: false,
            gathering: Gathering::default(),
            actions: Vec::new(),
            wake: Vec::new(),
            events_to_log: Vec::new(),
        }
    }

    fn run(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuffer) -> Poll<()> {
        if self.releasing.is_some() {
            return self.poll_release(cx);
        }
        if self.is_lease_over(cx) {
            return self.end_without_lease();
        }
        if self.gathering.yields() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.time = None;
        // Without a call, the machine has nothing to do before the next input.
        let is_called = self.shared.lock().calls > 0;
        let mut next = if is_called { None } else { self.next_input(cx, buffer) };
        for _ in usize::from(next.is_some())..MAX_INPUTS_PER_POLL {
            if self.drive_machine(cx, next.take(), buffer) {
                return self.release(cx);
            }
            // Right before anything is written: the process may have been stopped since the last round.
            if self.is_lease_over(cx) {
                return self.end_without_lease();
            }
            let sockets = self.sockets.len();
            self.perform_actions(cx);
            self.poll_save(cx);
            next = self.next_input(cx, buffer);
            let sockets_changed = self.sockets.len() != sockets;
            if next.is_none() && !sockets_changed {
                return Poll::Pending;
            }
        }
        // The budget is used up, but there is more to do.
        if next.is_some() && self.drive_machine(cx, next, buffer) {
            return self.release(cx);
        }
        if self.is_lease_over(cx) {
            return self.end_without_lease();
        }
        self.perform_actions(cx);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Feeds `next` to the machine and drains its outputs, under the lock. Returns whether the driver is done.
    fn drive_machine(
        &mut self,
        cx: &mut Context<'_>,
        next: Option<NextInput>,
        buffer: &mut ReadBuffer,
    ) -> bool {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        let calls = std::mem::take(&mut state.calls);
        if self.time.is_none() {
            self.gathering.on_poll(calls);
        }
        let now = state.round_time(self.time);
        self.time = Some(now);
        let replaced = match &state.driver_waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            _ => state.driver_waker.replace(cx.waker().clone()),
        };
        match next {
            None => {}
            Some(NextInput::Deadline) => {
                state.machine.handle(now, Input::Tick);
                state.waiters.trim();
            }
            Some(NextInput::Socket(conn, event)) => {
                let input = match event {
                    SocketEvent::Opened => {
                        // The network works again, so the next failure has another reason.
                        drop(
                            state
                                .last_disconnect
                                .take_if(|(_, reason)| matches!(reason, DisconnectReason::Network(_))),
                        );
                        Input::Opened { conn }
                    }
                    SocketEvent::Received(len) => Input::Received { conn, bytes: buffer.filled(len) },
                    SocketEvent::Transmitted(buffer) => Input::Transmitted { conn, buffer },
                    SocketEvent::Lost(cause) => Input::Lost { conn, cause },
                };
                let arrived = matches!(input, Input::Received { .. });
                state.machine.handle(now, input);
                if arrived {
                    state.waiters.wake_acks(&mut self.wake);
                }
            }
        }
        if state.close_requested && !self.closing {
            self.closing = true;
            state.machine.close(now);
            if state.saves.error.is_some() {
                // The disk may have room again, and this is the last attempt.
                state.saves.requested_version += 1;
            }
        }
        self.deadline = loop {
            let action = match state.machine.poll_output() {
                Output::Open { conn, dc, endpoints } => {
                    self.sigstop_checks_until = now.monotonic + SIGSTOP_CHECKS_AFTER_OPEN;
                    Action::Open { conn, dc, endpoints }
                }
                Output::Transmit { conn, bytes } => Action::Transmit { conn, bytes },
                Output::Close { conn } => Action::Close { conn },
                Output::Compute(task) => Action::Compute(task),
                Output::Event(event) => {
                    if !matches!(event, Event::Completed(_) | Event::Update) {
                        self.events_to_log.push(event.clone());
                    }
                    state.on_event(event, &mut self.wake);
                    continue;
                }
                Output::Timeout(deadline) => break deadline,
                _ => continue,
            };
            self.actions.push(action);
        };
        if !self.closing {
            self.deadline = earlier(self.deadline, state.saves.poll_retry(now.monotonic));
        }
        if !state.saves.running && state.saves.finished_version < state.saves.requested_version {
            state.saves.running = true;
            let session = Box::new(state.machine.stored_session().clone());
            self.actions.push(Action::Save { version: state.saves.requested_version, session });
        }
        let checks_for_sigstop =
            state.waiters.wait_for_requests() || now.monotonic < self.sigstop_checks_until;
        let mut wake_at = self.deadline;
        if checks_for_sigstop {
            wake_at = wake_at.map(|deadline| deadline.min(now.monotonic + SIGSTOP_CHECK_INTERVAL));
        }
        wake_at = earlier(wake_at, self.lease_left.map(|left| now.monotonic + left));
        self.alarm.set(wake_at, now.monotonic, &mut state.clock);
        let over = self.closing && self.sockets.is_empty() && state.saves.is_idle();
        drop(guard);
        drop(replaced);
        self.gathering.on_wake(self.wake.len());
        self.wake.drain(..).for_each(Waker::wake);
        for event in self.events_to_log.drain(..) {
            tracing::debug!(?event);
        }
        over
    }

    /// Acts upon the outputs of this round.
    fn perform_actions(&mut self, cx: &mut Context<'_>) {
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Open { conn, dc, endpoints } => {
                    tracing::debug!(conn = conn.0, %dc, ?endpoints, "connecting");
                    let (runtime, proxy) = (self.runtime.clone(), self.proxy.clone());
                    let waits = self.shared.proxy_waits.clone();
                    self.sockets.push(Socket::open(runtime, proxy, waits, (conn, dc), endpoints));
                }
                Action::Transmit { conn, bytes } => {
                    // A socket that was lost meanwhile accepts no bytes; `Input::Lost` tells the machine.
                    if let Some(socket) = self.sockets.iter_mut().find(|socket| socket.conn == conn) {
                        socket.transmit(bytes);
                    }
                }
                Action::Close { conn } => {
                    if let Some(index) = self.sockets.iter().position(|socket| socket.conn == conn) {
                        let socket = self.sockets.remove(index);
                        if self.closing {
                            socket.close(cx, &*self.runtime, lease_of(&self.ownership));
                        } else {
                            socket.reset(&*self.runtime);
                        }
                    }
                }
                Action::Compute(task) => {
                    let shared = self.shared.clone();
                    self.runtime.spawn_blocking(move || {
                        let output = task.run();
                        shared.with_state(|state, now| state.machine.handle(now, Input::Computed(output)));
                    });
                }
                Action::Save { version, session } => {
                    let save = Save { shared: self.shared.clone(), version, result: None };
                    match &self.ownership {
                        Some(Ownership::Store(store)) => {
                            let store = store.clone();
                            self.runtime.spawn_blocking(move || save.run(store, &session));
                        }
                        Some(Ownership::Lease(owned)) => self.saving = Some((save, owned.save(&session))),
                        None => {}
                    }
                }
            }
        }
        self.actions = actions;
        if self.closing {
            let lease = lease_of(&self.ownership);
            self.sockets.drain(..).for_each(|socket| socket.close(cx, &*self.runtime, lease));
        }
    }

    /// Returns the next input that is ready. If there is none, all sources of inputs will wake the driver.
    fn next_input(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuffer) -> Option<NextInput> {
        // The timer is not enough: a runtime may leave an expired timer pending for a while (tokio's budget does).
        if self.deadline.is_some_and(|deadline| self.time.is_some_and(|now| now.monotonic >= deadline)) {
            return Some(NextInput::Deadline);
        }
        let count = self.sockets.len();
        for step in 0..count {
            let index = (self.next_socket + step) % count;
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            if let Poll::Ready(event) = socket.poll(cx, buffer.space(), lease_of(&self.ownership)) {
                let conn = socket.conn;
                self.next_socket = index + 1;
                if let SocketEvent::Lost(cause) = event {
                    tracing::debug!(conn = conn.0, ?cause, "lost");
                    self.sockets.remove(index).reset(&*self.runtime);
                    self.next_socket = index;
                }
                return Some(NextInput::Socket(conn, event));
            }
        }
        if self.alarm.poll(&*self.runtime, cx).is_pending() {
            return None;
        }
        // It may have expired before the deadline: the machine then returns the same one, and the timer is set again.
        self.time = None;
        Some(NextInput::Deadline)
    }
}

impl<R: Runtime, M: Machine> Future for Driver<R, M> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().run(cx, &mut ReadBuffer::take())
    }
}

impl<R: Runtime, M: Machine> Drop for Driver<R, M> {
    fn drop(&mut self) {
        // The next owner may send at once, so nothing of this one may still be on its way.
        self.sockets.drain(..).for_each(|socket| socket.reset(&*self.runtime));
        // Its save counts as failed, and is not tried again.
        self.shared.lock().close_requested = true;
        self.saving = None;
        self.ownership = None;
        let mut state = self.shared.lock();
        state.end(&mut self.wake);
        let own = state.driver_waker.take();
        drop(state);
        drop(own);
        self.wake.drain(..).for_each(Waker::wake);
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A running save. It counts as failed if it is dropped unfinished, because the runtime shuts down or the store panics.
struct Save<M: Machine> {
    shared: Arc<Shared<M>>,
    version: u64,
    result: Option<Result<(), StoreError>>,
}

impl<M: Machine> Save<M> {
    fn run(mut self, store: Arc<dyn SessionStore>, session: &StoredSession) {
        self.result = Some(store.save(session));
        // The save counts as done only after this, see `Driver::ownership`.
        drop(store);
    }
}

impl<M: Machine> Drop for Save<M> {
    fn drop(&mut self) {
        let result =
            self.result.take().unwrap_or_else(|| Err(StoreError::Other("the save did not finish".into())));
        if let Err(error) = &result {
            tracing::warn!(%error, "the session could not be saved");
        }
        let mut wake = Vec::new();
        self.shared.with_state(|state, now| {
            state.on_saved(self.version, result, now.monotonic);
            state.waiters.wake_watchers(&mut wake);
        });
        wake.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
