//! One connection to a DC and the session that it carries: key exchanges, the binding of a temporary key, messages.

pub(crate) mod carried_session;
pub(crate) mod incoming;
pub(crate) mod key_exchange;
pub(crate) mod open_connection;
mod request_bodies;
pub(crate) mod temporary_key;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::carried_session::CarriedSession;
use self::incoming::{ConnectionIncoming, start_key_exchange};
use self::open_connection::{ConnectionState, OpenConnection, Stage};
use self::request_bodies::RequestBodies;
use self::temporary_key::TemporaryKey;
use super::context::Context;
use super::io::ConnId;
use crate::dc::DcId;
use crate::policy;
use crate::rpc::{DisconnectReason, IoFailure, PendingRequests};
use crate::session::MsgIdGenerator;
use crate::time::{Now, Timestamp};
use crate::transport::{StackOptions, TransportStack};

/// How far a connection came before it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ConnectionProgress {
    pub(super) was_ready: bool,
    /// It was ready for a while.
    pub(super) was_stable: bool,
    /// A key exchange had begun, and the connection was not ready yet.
    pub(super) in_key_exchange: bool,
    /// The peer had not answered the stream mode's first message yet.
    pub(super) was_opening_tunnel: bool,
}

/// One connection, and the session that it carries.
#[derive(Debug)]
pub(super) struct Connection {
    state: ConnectionState,
    carried: Option<CarriedSession>,
}

impl Connection {
    pub(super) const fn new() -> Self {
        Self { state: ConnectionState::Idle, carried: None }
    }

    pub(super) fn open(&mut self, stream: OpenConnection) {
        self.state = ConnectionState::Open(Box::new(stream));
    }

    /// Frees the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        if let ConnectionState::Open(stream) = &mut self.state {
            stream.trim();
        }
        if let Some(carried) = &mut self.carried {
            carried.session.trim();
        }
    }

    pub(super) const fn conn(&self) -> Option<ConnId> {
        match &self.state {
            ConnectionState::Open(stream) => Some(stream.conn),
            _ => None,
        }
    }

    pub(super) const fn carried(&self) -> Option<&CarriedSession> {
        self.carried.as_ref()
    }

    pub(super) const fn carried_mut(&mut self) -> Option<&mut CarriedSession> {
        self.carried.as_mut()
    }

    pub(super) const fn take_carried(&mut self) -> Option<CarriedSession> {
        self.carried.take()
    }

    /// Gives the connection a session to carry.
    pub(super) fn set_carried(&mut self, carried: CarriedSession) {
        self.carried = Some(carried);
    }

    /// Returns the session and its key, if that is a temporary one.
    pub(super) fn temporary(&self) -> Option<(&CarriedSession, &TemporaryKey)> {
        let carried = self.carried.as_ref()?;
        Some((carried, carried.temporary.as_ref()?))
    }

    /// Returns whether the session's key is a temporary one whose time is over.
    pub(super) fn is_key_expired(&self, now: Now) -> bool {
        self.temporary().is_some_and(|(carried, temporary)| temporary.is_over(carried.server_time(now)))
    }

    /// Returns whether requests left and have no answer, or wait to leave.
    pub(super) fn has_requests(&self) -> bool {
        self.carried.as_ref().is_some_and(|carried| carried.session.has_requests())
    }

    /// Asks the server to bind the session's key, once.
    pub(super) fn bind(&mut self) {
        if let Some(carried) = &mut self.carried {
            carried.bind();
        }
    }

    /// Another session carries requests from now on.
    pub(super) fn start_draining(&mut self, now: Now) {
        if let Some(carried) = &mut self.carried {
            carried.session.start_draining(now);
        }
    }

    /// The session carries requests again after all.
    pub(super) fn stop_draining(&mut self) {
        if let Some(carried) = &mut self.carried {
            carried.session.stop_draining();
        }
    }

    /// Returns since when the connection is ready.
    pub(super) const fn ready_since(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Open(stream) => stream.ready_since(),
            _ => None,
        }
    }

    /// Returns whether requests may leave.
    pub(super) const fn is_ready(&self) -> bool {
        self.ready_since().is_some()
    }

    /// Returns whether there is a stream.
    pub(super) fn has_stream(&self) -> bool {
        matches!(&self.state, ConnectionState::Open(stream) if stream.stack.is_some())
    }

    /// Returns whether encrypted messages may leave.
    pub(super) fn carries_session(&self) -> bool {
        matches!(&self.state, ConnectionState::Open(stream) if stream.carries_session())
    }

    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.state, ConnectionState::Idle)
    }

    /// Returns whether the pause before the next attempt is over.
    pub(super) fn is_retry_due(&self, now: Timestamp) -> bool {
        matches!(self.state, ConnectionState::Backoff(until) if until <= now)
    }

    /// Forgets the stream; the next attempt begins when something needs the connection.
    pub(super) fn close(&mut self) {
        self.state = ConnectionState::Idle;
    }

    /// Forgets the stream; the next attempt begins at `until`.
    pub(super) fn back_off(&mut self, until: Timestamp) {
        self.state = ConnectionState::Backoff(until);
    }

    /// Cuts a pause short.
    pub(super) fn retry_now(&mut self, now: Timestamp) {
        if let ConnectionState::Backoff(until) = &mut self.state {
            *until = now;
        }
    }

    /// Returns when the connection must be ready, if the server has answered a step of a key exchange over it.
    pub(super) const fn key_exchange_deadline(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Open(stream) if stream.has_key_answer => Some(stream.deadline.at),
            _ => None,
        }
    }

    /// Requests had another key to leave under while this connection made its own.
    pub(super) fn clear_key_answer(&mut self) {
        if let ConnectionState::Open(stream) = &mut self.state {
            stream.has_key_answer = false;
        }
    }

    /// Returns how far the connection has come, now that it ends.
    pub(super) fn progress(&self, now: Timestamp) -> ConnectionProgress {
        let ConnectionState::Open(stream) = &self.state else { return ConnectionProgress::default() };
        let ready_since = stream.ready_since();
        ConnectionProgress {
            was_ready: ready_since.is_some(),
            was_stable: ready_since.is_some_and(|since| now - since >= policy::STABLE_AFTER),
            in_key_exchange: stream.has_key_answer && ready_since.is_none(),
            was_opening_tunnel: stream.stack.as_ref().is_some_and(|stack| !stack.is_open()),
        }
    }

    /// The stream is up. `tunnel_failures` earlier connections ended before their tunnel was open.
    pub(super) fn on_opened(&mut self, dc: DcId, tunnel_failures: u32, cx: &mut Context<'_>) {
        let ConnectionState::Open(stream) = &mut self.state else { return };
        if !matches!(stream.stage, Stage::Connecting) {
            // The caller reports it twice: a stream that has begun cannot begin again.
            return;
        }
        stream.stage = Stage::OpeningTunnel;
        let clock = cx.clock();
        let mode = stream.mode.as_deref().unwrap_or(&cx.config.stream_mode);
        // At most 11,000.
        let number = i16::try_from(dc.on_wire(cx.config.test_dcs)).unwrap_or_default();
        let unix =
            self.carried.as_ref().map_or(&clock, |carried| carried.session.clock()).server_time(cx.now);
        let options = StackOptions::new(stream.framing, mode, number, unix).after_failures(tunnel_failures);
        stream.stack = Some(TransportStack::new(&options, cx.random));
        stream.note_tunnel(cx.now.monotonic);
        // Opening took a round trip, and the first answer takes another.
        stream.deadline.extend(cx.now.monotonic);
    }

    /// Begins a session or a key exchange, once frames may leave.
    pub(super) fn begin(&mut self, dc: DcId, pfs: bool, cx: &mut Context<'_>) {
        let ConnectionState::Open(stream) = &mut self.state else { return };
        if !stream.may_begin() {
            return;
        }
        if let Some(carried) = &mut self.carried {
            stream.stage = if carried.is_key_usable() { Stage::Validating } else { Stage::Binding };
            carried.session.on_connected(cx.now);
            return;
        }
        let known = cx.stored.keys.get(&dc);
        match known.filter(|_| !pfs) {
            Some(key) => {
                let clock = cx.clock();
                self.carried = Some(CarriedSession::permanent(key, clock, cx.random, cx.now));
                stream.stage = Stage::Validating;
            }
            None => {
                let permanent = known.map(|key| key.auth_key.clone());
                stream.stage = start_key_exchange(dc, permanent, MsgIdGenerator::default(), cx);
            }
        }
    }

    /// Takes received bytes, in any chunking, in place; `None`: there is no stream.
    pub(super) fn receive<'a, 'c>(
        &'a mut self,
        bytes: &'a mut [u8],
        dc: DcId,
        pfs: bool,
        cx: &'a mut Context<'c>,
    ) -> Option<ConnectionIncoming<'a, 'c>> {
        let ConnectionState::Open(stream) = &mut self.state else { return None };
        let OpenConnection { stack: Some(stack), stage, deadline, has_key_answer, .. } = &mut **stream else {
            return None;
        };
        let (frames, carried) = (stack.read(bytes), &mut self.carried);
        Some(ConnectionIncoming {
            frames,
            stage,
            deadline,
            has_key_answer,
            carried,
            unbound_error: None,
            dc,
            pfs,
            cx,
        })
    }

    /// All received bytes were pulled, or pulling has failed.
    pub(super) fn finish_receive(&mut self, now: Timestamp) {
        if let ConnectionState::Open(stream) = &mut self.state {
            stream.note_tunnel(now);
        }
        if let Some(carried) = &mut self.carried {
            carried.queue_retries();
        }
    }

    /// The last transmit is out; its buffer comes back.
    pub(super) fn on_transmitted(&mut self, buffer: Vec<u8>) {
        let ConnectionState::Open(stream) = &mut self.state else { return };
        stream.on_transmitted(buffer);
        if let Some(carried) = &mut self.carried {
            carried.session.on_transmitted();
        }
    }

    /// Returns the next bytes to transmit, if there are any and the last are out.
    pub(super) fn transmit(
        &mut self,
        prefix: &[u8],
        requests: &PendingRequests,
        cx: &mut Context<'_>,
    ) -> Option<Vec<u8>> {
        let ConnectionState::Open(stream) = &mut self.state else { return None };
        let mut out = stream.take_buffer()?;
        let OpenConnection { stack: Some(stack), stage, .. } = &mut **stream else { return None };
        let mut written = stack.write_control(&mut out, cx.random);
        let has_begun = !matches!(stage, Stage::Connecting | Stage::OpeningTunnel);
        if has_begun && let Some(batch) = stack.begin(&mut out) {
            let encoder = stack.encoder();
            written |= if let Stage::KeyExchange(exchange) = stage {
                let time = cx.clock().server_time(cx.now);
                exchange.write(time, encoder, cx.random, &mut out)
            } else if let Some(carried) = &mut self.carried {
                // The outcome of what leaves over a dead connection, or under a key that the server has forgotten, is
                // unknown.
                if carried.is_key_usable() {
                    let is_validated = carried.temporary.is_none() || matches!(stage, Stage::Ready(_));
                    carried.session.hold_unrepeatable_requests(cx.now, is_validated);
                }
                let bodies = RequestBodies::new(requests, prefix, carried.inited, cx.config.updates);
                // Queries are bounded when they are taken, far below what a frame holds, so packing cannot fail.
                carried.session.wants_to_send(cx.now.monotonic)
                    && carried.session.pack(cx.now, &bodies, encoder, cx.random, &mut out).unwrap_or(false)
            } else {
                false
            };
            stack.finish(batch, &mut out, cx.random);
        }
        stream.finish_buffer(out, written, cx.now.monotonic)
    }

    /// Takes note of the time, which passes for a session only while a connection carries it.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if let (ConnectionState::Open(stream), Some(carried)) = (&self.state, &mut self.carried)
            && stream.carries_session()
        {
            carried.session.tick(now);
        }
    }

    /// Returns why the connection must be replaced now, if it must.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<DisconnectReason> {
        let ConnectionState::Open(stream) = &self.state else { return None };
        if stream.write_due().is_some_and(|due| now >= due) {
            return Some(DisconnectReason::WriteTimeout);
        }
        let late = stream.ready_since().is_none() && now >= stream.deadline.at;
        let silent = stream.carries_session()
            && self.carried.as_ref().is_some_and(|carried| carried.session.is_silent(now));
        // Without a stream, the network is to blame.
        let reason = if stream.stack.is_some() {
            DisconnectReason::ReadTimeout
        } else {
            DisconnectReason::Network(IoFailure::TimedOut)
        };
        (late || silent).then_some(reason)
    }

    /// Returns when to look again although nothing happened.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        match &self.state {
            ConnectionState::Idle => None,
            ConnectionState::Backoff(at) => Some(*at),
            ConnectionState::Open(stream) => {
                let deadline = stream.ready_since().is_none().then_some(stream.deadline.at);
                let carried = self.carried.as_ref().filter(|_| stream.carries_session());
                let session = carried.map(|carried| &carried.session).and_then(|session| {
                    // What is due to leave cannot before the last transmit is out.
                    if stream.write_due().is_some() {
                        session.timeout_while_writing()
                    } else {
                        Some(session.timeout())
                    }
                });
                deadline.into_iter().chain(stream.write_due()).chain(session).min()
            }
        }
    }
}
