//! The connection to a DC, and the session that it carries: key exchanges, the binding of a temporary key, messages.

pub(crate) mod active_connection;
pub(crate) mod connection_session;
pub(crate) mod incoming;
pub(crate) mod key_exchange;
mod request_bodies;
pub(crate) mod temporary_key;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::active_connection::{ActiveConnection, ConnectionState, Stage};
use self::connection_session::ConnectionSession;
use self::incoming::{ConnectionIncoming, start_key_exchange};
use self::key_exchange::KeyExchange;
use self::request_bodies::RequestBodies;
use self::temporary_key::TemporaryKeyState;
use super::context::Context;
use super::io::ConnId;
use crate::dc::DcId;
use crate::policy;
use crate::rpc::{DisconnectReason, IoFailure, RequestTable};
use crate::session::{MsgIdGenerator, RequestTag};
use crate::time::{Now, Timestamp};
use crate::transport::{StackOptions, TransportStack};

/// The progress of a connection when it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ConnectionProgress {
    /// Whether requests could be sent.
    pub(super) was_ready: bool,
    /// Whether it was ready for at least [`policy::STABLE_AFTER`].
    pub(super) was_stable: bool,
    /// Whether a key exchange had begun, and the connection was not ready yet.
    pub(super) in_key_exchange: bool,
    /// Whether its tunnel (fake TLS or a WebSocket) was not open yet.
    pub(super) was_opening_tunnel: bool,
}

/// The connection to a DC, opened again after each end, and the session that outlives these ends.
#[derive(Debug)]
pub(super) struct Connection {
    state: ConnectionState,
    session: Option<ConnectionSession>,
}

impl Connection {
    pub(super) const fn new() -> Self {
        Self { state: ConnectionState::Idle, session: None }
    }

    pub(super) fn open(&mut self, active: ActiveConnection) {
        self.state = ConnectionState::Active(Box::new(active));
    }

    /// Frees the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        if let ConnectionState::Active(active) = &mut self.state {
            active.trim();
        }
        if let Some(session) = &mut self.session {
            session.session.trim();
        }
    }

    pub(super) const fn conn(&self) -> Option<ConnId> {
        match &self.state {
            ConnectionState::Active(active) => Some(active.conn),
            _ => None,
        }
    }

    pub(super) const fn session(&self) -> Option<&ConnectionSession> {
        self.session.as_ref()
    }

    pub(super) const fn session_mut(&mut self) -> Option<&mut ConnectionSession> {
        self.session.as_mut()
    }

    pub(super) const fn take_session(&mut self) -> Option<ConnectionSession> {
        self.session.take()
    }

    /// Sets the session to carry.
    pub(super) fn set_session(&mut self, session: ConnectionSession) {
        self.session = Some(session);
    }

    /// Returns the session and the state of its key, if that is a temporary one.
    pub(super) fn temporary(&self) -> Option<(&ConnectionSession, &TemporaryKeyState)> {
        let session = self.session.as_ref()?;
        Some((session, session.temporary.as_ref()?))
    }

    /// Returns whether the session's key is temporary and has expired.
    pub(super) fn is_key_expired(&self, now: Now) -> bool {
        self.temporary().is_some_and(|(session, temporary)| temporary.is_over(session.server_time(now)))
    }

    /// Returns whether requests are queued, or sent and not answered.
    pub(super) fn has_requests(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.session.has_requests())
    }

    /// Queues the request that binds the session's key, once.
    pub(super) fn bind(&mut self) {
        if let Some(session) = &mut self.session {
            session.bind();
        }
    }

    /// Starts draining: another session carries new requests.
    pub(super) fn start_draining(&mut self, now: Now) {
        if let Some(session) = &mut self.session {
            session.session.start_draining(now);
        }
    }

    /// Ends the draining: the session carries requests again.
    pub(super) fn stop_draining(&mut self) {
        if let Some(session) = &mut self.session {
            session.session.stop_draining();
        }
    }

    /// Returns the time since which the connection is ready.
    pub(super) const fn ready_since(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Active(active) => active.ready_since(),
            _ => None,
        }
    }

    /// Returns whether requests may be sent.
    pub(super) const fn is_ready(&self) -> bool {
        self.ready_since().is_some()
    }

    /// Returns whether requests may be sent, the session has taken the pending ones, and the outcome of none is unknown.
    pub(super) fn is_settled(&self) -> bool {
        let session = self.session.as_ref().filter(|_| self.is_ready());
        session.is_some_and(|it| it.has_queued_pending && !it.session.has_unknown_outcomes())
    }

    /// Returns whether the stream is up.
    pub(super) fn has_stream(&self) -> bool {
        matches!(&self.state, ConnectionState::Active(active) if active.stack.is_some())
    }

    /// Returns whether encrypted messages may be sent.
    pub(super) fn carries_session(&self) -> bool {
        matches!(&self.state, ConnectionState::Active(active) if active.carries_session())
    }

    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.state, ConnectionState::Idle)
    }

    /// Returns whether the backoff is over.
    pub(super) fn is_retry_due(&self, now: Timestamp) -> bool {
        matches!(self.state, ConnectionState::Backoff(until) if until <= now)
    }

    /// Drops the stream. The next attempt begins when something needs the connection.
    pub(super) fn close(&mut self) {
        self.state = ConnectionState::Idle;
    }

    /// Drops the stream. The next attempt begins at `until`.
    pub(super) fn back_off(&mut self, until: Timestamp) {
        self.state = ConnectionState::Backoff(until);
    }

    /// Ends a backoff.
    pub(super) fn retry_now(&mut self, now: Timestamp) {
        if let ConnectionState::Backoff(until) = &mut self.state {
            *until = now;
        }
    }

    /// Returns the time by which the connection must be ready, or `None` if the server has answered no step of a key
    /// exchange on it.
    pub(super) const fn ready_deadline_in_key_exchange(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Active(active) if active.has_key_answer => Some(active.deadline.at),
            _ => None,
        }
    }

    /// Forgets that the server has answered a step of a key exchange, so that no request's deadline is extended for it:
    /// the requests could be sent under the previous key.
    pub(super) fn clear_key_answer(&mut self) {
        if let ConnectionState::Active(active) = &mut self.state {
            active.has_key_answer = false;
        }
    }

    /// Returns the progress of the connection.
    pub(super) fn progress(&self, now: Timestamp) -> ConnectionProgress {
        let ConnectionState::Active(active) = &self.state else { return ConnectionProgress::default() };
        let ready_since = active.ready_since();
        ConnectionProgress {
            was_ready: ready_since.is_some(),
            was_stable: ready_since.is_some_and(|since| now - since >= policy::STABLE_AFTER),
            in_key_exchange: active.has_key_answer && ready_since.is_none(),
            was_opening_tunnel: active.stack.as_ref().is_some_and(|stack| !stack.is_open()),
        }
    }

    /// Handles that the stream is up. `tunnel_failures`: the number of connections whose tunnel did not open.
    pub(super) fn on_opened(&mut self, dc: DcId, tunnel_failures: u32, cx: &mut Context<'_>) {
        let ConnectionState::Active(active) = &mut self.state else { return };
        if !matches!(active.stage, Stage::Connecting) {
            // The caller reports it twice.
            return;
        }
        active.stage = Stage::OpeningTunnel;
        let clock = cx.new_clock();
        let mode = active.mode.as_deref().unwrap_or(&cx.config.stream_mode);
        // At most 11,000.
        let number = i16::try_from(dc.on_wire(cx.config.test_dcs)).unwrap_or_default();
        let unix =
            self.session.as_ref().map_or(&clock, |session| session.session.clock()).server_time(cx.now);
        let options = StackOptions::new(active.framing, mode, number, unix).after_failures(tunnel_failures);
        active.stack = Some(TransportStack::new(&options, cx.random));
        active.check_tunnel_opened(cx.now.monotonic);
        // That took a round trip, and the first answer takes another.
        active.deadline.extend(cx.now.monotonic);
    }

    /// Starts the session or a key exchange, once frames may be sent.
    pub(super) fn start_session_or_key_exchange(&mut self, dc: DcId, pfs: bool, cx: &mut Context<'_>) {
        let ConnectionState::Active(active) = &mut self.state else { return };
        if !active.may_start() {
            return;
        }
        if let Some(session) = &mut self.session {
            active.stage = if session.is_key_usable() { Stage::Validating } else { Stage::Binding };
            session.session.on_connected(cx.now);
            return;
        }
        let known = cx.stored.keys.get(&dc);
        match known.filter(|_| !pfs) {
            Some(key) => {
                let clock = cx.new_clock();
                self.session = Some(ConnectionSession::permanent(key, clock, cx.random, cx.now));
                active.stage = Stage::Validating;
            }
            None => {
                let permanent = known.map(|key| key.auth_key.clone());
                active.stage = start_key_exchange(dc, permanent, MsgIdGenerator::default(), cx);
            }
        }
    }

    /// Takes received bytes, in any chunking, in place. Returns `None` if there is no stream.
    pub(super) fn receive<'a, 'c>(
        &'a mut self,
        bytes: &'a mut [u8],
        dc: DcId,
        pfs: bool,
        cx: &'a mut Context<'c>,
    ) -> Option<ConnectionIncoming<'a, 'c>> {
        let ConnectionState::Active(active) = &mut self.state else { return None };
        let ActiveConnection { conn, stack: Some(stack), stage, deadline, has_key_answer, .. } =
            &mut **active
        else {
            return None;
        };
        let (frames, session) = (stack.read(bytes), &mut self.session);
        Some(ConnectionIncoming {
            conn: *conn,
            frames,
            stage,
            deadline,
            has_key_answer,
            session,
            unbound_error: None,
            dc,
            pfs,
            cx,
        })
    }

    /// Returns the key exchange that is running.
    pub(super) fn key_exchange_mut(&mut self) -> Option<&mut KeyExchange> {
        match &mut self.state {
            ConnectionState::Active(active) => match &mut active.stage {
                Stage::KeyExchange(exchange) => Some(exchange),
                _ => None,
            },
            _ => None,
        }
    }

    /// Ends a [`receive`](Self::receive), once all bytes were pulled or pulling has failed.
    pub(super) fn finish_receive(&mut self, now: Timestamp) {
        if let ConnectionState::Active(active) = &mut self.state {
            active.check_tunnel_opened(now);
        }
        if let Some(session) = &mut self.session {
            session.queue_retries();
        }
    }

    /// Handles that the transmit in flight was written. `buffer` is its buffer.
    pub(super) fn on_transmitted(&mut self, buffer: Vec<u8>) {
        let ConnectionState::Active(active) = &mut self.state else { return };
        active.on_transmitted(buffer);
        if let Some(session) = &mut self.session {
            session.session.on_transmitted();
        }
    }

    /// Returns the next bytes to transmit, or `None` if there are none or a transmit is in flight. Requests after one for
    /// which `is_held` returns `true` are left out, see [`Session::take_held`](crate::session::Session::take_held).
    pub(super) fn transmit(
        &mut self,
        query_prefix: &[u8],
        requests: &RequestTable,
        is_held: &dyn Fn(RequestTag) -> bool,
        cx: &mut Context<'_>,
    ) -> Option<Vec<u8>> {
        let ConnectionState::Active(active) = &mut self.state else { return None };
        let mut out = active.take_buffer()?;
        let ActiveConnection { stack: Some(stack), stage, .. } = &mut **active else { return None };
        let mut written = stack.write_control(&mut out, cx.random);
        let has_started = !matches!(stage, Stage::Connecting | Stage::OpeningTunnel);
        if has_started && let Some(batch) = stack.begin(&mut out) {
            let encoder = stack.encoder();
            written |= if let Stage::KeyExchange(exchange) = stage {
                let time = cx.new_clock().server_time(cx.now);
                exchange.write(time, encoder, cx.random, &mut out)
            } else if let Some(session) = &mut self.session {
                // A request that is sent on a dead connection, or under a key that the server has forgotten, would have
                // an unknown outcome.
                if session.is_key_usable() {
                    let is_key_trusted = session.temporary.is_none() || matches!(stage, Stage::Ready(_));
                    session.session.decide_unrepeatable_hold(cx.now, is_key_trusted);
                }
                let updates = cx.config.updates;
                let bodies = RequestBodies::new(requests, query_prefix, session.inited, updates, is_held);
                // The length of queries is limited far below that of frames, so packing cannot fail.
                session.session.wants_to_send(cx.now.monotonic)
                    && session.session.pack(cx.now, &bodies, encoder, cx.random, &mut out).unwrap_or(false)
            } else {
                false
            };
            stack.finish(batch, &mut out, cx.random);
        }
        active.finish_buffer(out, written, cx.now.monotonic)
    }

    /// Advances the timers of the session, which run only while a stream carries it.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if let (ConnectionState::Active(active), Some(session)) = (&self.state, &mut self.session)
            && active.carries_session()
        {
            session.session.tick(now);
        }
    }

    /// Returns the reason to close the connection, if a deadline has passed.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<DisconnectReason> {
        let ConnectionState::Active(active) = &self.state else { return None };
        if active.write_due().is_some_and(|due| now >= due) {
            return Some(DisconnectReason::WriteTimeout);
        }
        let late = active.ready_since().is_none() && now >= active.deadline.at;
        let silent = active.carries_session()
            && self.session.as_ref().is_some_and(|session| session.session.is_silent(now));
        // Without a stream, it is the network's failure.
        let reason = if active.stack.is_some() {
            DisconnectReason::ReadTimeout
        } else {
            DisconnectReason::Network(IoFailure::TimedOut)
        };
        (late || silent).then_some(reason)
    }

    /// Returns the next deadline.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Idle => None,
            ConnectionState::Backoff(at) => Some(*at),
            ConnectionState::Active(active) => {
                let deadline = active.ready_since().is_none().then_some(active.deadline.at);
                let session = self.session.as_ref().filter(|_| active.carries_session());
                let session = session.map(|session| &session.session).and_then(|session| {
                    // Nothing can be sent while a transmit is in flight.
                    if active.write_due().is_some() {
                        session.timeout_while_writing()
                    } else {
                        Some(session.timeout())
                    }
                });
                deadline.into_iter().chain(active.write_due()).chain(session).min()
            }
        }
    }
}
