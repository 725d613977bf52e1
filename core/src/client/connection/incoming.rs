//! Receiving on a connection: frame by frame, and message by message in each packet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::active_connection::{Deadline, Stage};
use super::connection_session::ConnectionSession;
use super::key_exchange::{Advance, KeyExchange};
use super::temporary_key::{BIND_REQUEST, TemporaryKeyState, bind_answer};
use crate::client::context::Context;
use crate::client::io::ConnId;
use crate::client::stored_session::DcAuth;
use crate::crypto::AuthKey;
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, RpcError};
use crate::session::{MessageError, Messages, MsgIdGenerator, RequestTag, SessionEvent};
use crate::time::Timestamp;
use crate::transport::{self, Frame};

/// Received bytes of a connection. Pull their frames with [`next`](Self::next) until `None`.
pub(crate) struct ConnectionIncoming<'a, 'c> {
    pub(super) conn: ConnId,
    pub(super) frames: transport::Incoming<'a, 'a>,
    pub(super) stage: &'a mut Stage,
    pub(super) deadline: &'a mut Deadline,
    pub(super) has_key_answer: &'a mut bool,
    pub(super) session: &'a mut Option<ConnectionSession>,
    /// The error by which the server treats a bound temporary key as unbound; returned once all frames are read.
    pub(super) unbound_error: Option<RpcError>,
    pub(super) dc: DcId,
    /// Whether requests travel under temporary keys.
    pub(super) pfs: bool,
    pub(super) cx: &'a mut Context<'c>,
}

/// The meaning of one frame.
#[expect(clippy::large_enum_variant, reason = "it is lent from a call to the next, never stored")]
pub(crate) enum Received<'a> {
    /// A step of a key exchange, or a packet that arrived before any session was started: no effect on the client.
    Handled,
    /// A permanent key was made.
    NewKey(DcAuth),
    /// The server sent a quick ack for the packet of these requests.
    QuickAck(Vec<RequestTag>),
    /// A packet was rejected. The connection continues.
    Rejected(MessageError),
    /// A packet.
    Packet(PacketEvents<'a>),
}

impl ConnectionIncoming<'_, '_> {
    /// Returns the meaning of the next frame, or `None` once all bytes are consumed.
    ///
    /// # Errors
    /// [`DisconnectReason`] if the connection must be closed.
    pub(crate) fn next(&mut self) -> Result<Option<Received<'_>>, DisconnectReason> {
        let now = self.cx.now;
        // The output of a task comes without bytes.
        let is_computed = matches!(&self.stage, Stage::KeyExchange(exchange) if exchange.is_computed());
        let frame = if is_computed { Some(Frame::Payload(&mut [])) } else { self.frames.next()? };
        let packet = match frame {
            Some(Frame::Payload(packet)) => packet,
            Some(Frame::Error(code)) => return Err(DisconnectReason::TransportError(code)),
            Some(Frame::QuickAck(token)) => {
                // Unknown tokens are ignored.
                let session = self.session.as_mut();
                let acknowledged =
                    session.map(|session| session.session.on_quick_ack(token)).unwrap_or_default();
                return Ok(Some(Received::QuickAck(acknowledged)));
            }
            None => {
                return self
                    .unbound_error
                    .take()
                    .map_or(Ok(None), |error| Err(DisconnectReason::TemporaryKeyRefused(error)));
            }
        };
        if matches!(self.stage, Stage::KeyExchange(_)) {
            let Stage::KeyExchange(exchange) = core::mem::replace(self.stage, Stage::Validating) else {
                return Ok(Some(Received::Handled));
            };
            let advance = if is_computed {
                exchange.resume()?
            } else if self.cx.config.offload_key_exchange {
                let exchange = exchange.defer(self.conn, packet, self.cx.random)?;
                *self.stage = Stage::KeyExchange(Box::new(exchange));
                return Ok(Some(Received::Handled));
            } else {
                exchange.advance(packet, self.cx.random)?
            };
            self.deadline.extend(now.monotonic);
            *self.has_key_answer = true;
            let KeyExchangeResult { stage, session, key } =
                on_key_exchange_step(advance, self.dc, self.pfs, self.cx);
            *self.stage = stage;
            if session.is_some() {
                *self.session = session;
            }
            return Ok(Some(key.map_or(Received::Handled, Received::NewKey)));
        }
        // No request was sent before the key exchange, so this is not an answer.
        let Some(ConnectionSession { session, temporary, inited, retries, .. }) = self.session else {
            return Ok(Some(Received::Handled));
        };
        let is_draining = session.is_draining();
        match session.receive(now, packet, self.cx.random) {
            Ok(messages) => {
                let effects = Effects {
                    now: now.monotonic,
                    stage: self.stage,
                    deadline: self.deadline,
                    temporary,
                    inited,
                    retries,
                    unbound_error: &mut self.unbound_error,
                    is_draining,
                    is_validated: false,
                    is_rejected: false,
                    refused_binding: None,
                };
                Ok(Some(Received::Packet(PacketEvents { messages, effects })))
            }
            Err(error) if error.is_fatal() => Err(DisconnectReason::Rejected(error)),
            Err(error) => Ok(Some(Received::Rejected(error))),
        }
    }
}

/// The result of a step of a key exchange.
struct KeyExchangeResult {
    stage: Stage,
    /// The session, if its key is made.
    session: Option<ConnectionSession>,
    /// A permanent key that was made.
    key: Option<DcAuth>,
}

fn on_key_exchange_step(advance: Advance, dc: DcId, pfs: bool, cx: &mut Context<'_>) -> KeyExchangeResult {
    match advance {
        Advance::Continue(exchange) => {
            KeyExchangeResult { stage: Stage::KeyExchange(Box::new(exchange)), session: None, key: None }
        }
        Advance::Done { new, permanent: Some(permanent), .. } => {
            let session = ConnectionSession::under_temporary(new, permanent, cx);
            KeyExchangeResult { stage: Stage::Binding, session: Some(session), key: None }
        }
        Advance::Done { new, permanent: None, ids } => {
            let key = DcAuth { auth_key: new.auth_key, server_salt: new.server_salt };
            if pfs {
                let stage = start_key_exchange(dc, Some(key.auth_key.clone()), ids, cx);
                return KeyExchangeResult { stage, session: None, key: Some(key) };
            }
            let clock = cx.clock_at(new.server_time);
            let mut session = ConnectionSession::permanent(&key, clock, cx.random, cx.now);
            session.session.on_activity(cx.now);
            KeyExchangeResult { stage: Stage::Validating, session: Some(session), key: Some(key) }
        }
    }
}

/// Starts a key exchange for a permanent key, or for a temporary one to be bound to `permanent`.
pub(super) fn start_key_exchange(
    dc: DcId,
    permanent: Option<AuthKey>,
    ids: MsgIdGenerator,
    cx: &mut Context<'_>,
) -> Stage {
    let dc_on_wire = dc.on_wire(cx.config.test_dcs);
    Stage::KeyExchange(Box::new(KeyExchange::start(cx.config, dc_on_wire, permanent, ids, cx.random)))
}

/// A received packet. Pull its messages with [`next`](Self::next) until `None`.
pub(crate) struct PacketEvents<'a> {
    messages: Messages<'a>,
    effects: Effects<'a>,
}

/// What the messages of a packet change in its connection.
struct Effects<'a> {
    now: Timestamp,
    stage: &'a mut Stage,
    deadline: &'a mut Deadline,
    temporary: &'a mut Option<TemporaryKeyState>,
    inited: &'a mut bool,
    retries: &'a mut Vec<RequestTag>,
    unbound_error: &'a mut Option<RpcError>,
    is_draining: bool,
    /// Whether a message of the packet proves that the server has the key.
    is_validated: bool,
    /// Whether a message of the packet was rejected.
    is_rejected: bool,
    refused_binding: Option<RpcError>,
}

/// The meaning of a message for the client.
pub(crate) enum ConnectionEvent<'a> {
    /// The answer to a request: `rpc_error` or the result itself. The caller then calls [`PacketEvents::mark_inited`]
    /// or one of the retries, or neither if the request waits for a login at this DC.
    Result { tag: RequestTag, body: &'a [u8] },
    /// An update: one boxed TL object.
    Update { body: &'a [u8] },
    /// The server created a new session: updates may have been missed.
    NewSession,
    /// The server answered `destroy_auth_key`.
    DestroyKeyAnswered,
    /// A message was rejected. The connection continues.
    Rejected(MessageError),
    /// A pong, or the answer to a binding: no effect on the client.
    Handled,
}

impl PacketEvents<'_> {
    /// Returns the meaning of the next message, or `None` once all are read.
    ///
    /// # Errors
    /// [`DisconnectReason`] if the connection must be closed.
    pub(crate) fn next(&mut self) -> Result<Option<ConnectionEvent<'_>>, DisconnectReason> {
        let effects = &mut self.effects;
        match self.messages.next() {
            Ok(Some(SessionEvent::Result { tag: BIND_REQUEST, body })) => {
                effects.on_bind_answer(bind_answer(body));
                Ok(Some(ConnectionEvent::Handled))
            }
            Ok(Some(SessionEvent::Result { tag, body })) => {
                effects.is_validated = true;
                Ok(Some(ConnectionEvent::Result { tag, body }))
            }
            Ok(Some(SessionEvent::Update { body })) => Ok(Some(ConnectionEvent::Update { body })),
            Ok(Some(SessionEvent::NewSession)) => {
                *effects.inited = false;
                Ok(Some(ConnectionEvent::NewSession))
            }
            Ok(Some(SessionEvent::Pong)) => {
                effects.is_validated = true;
                Ok(Some(ConnectionEvent::Handled))
            }
            Ok(Some(SessionEvent::DestroyKeyAnswered)) => Ok(Some(ConnectionEvent::DestroyKeyAnswered)),
            Ok(None) => effects.finish_packet().map(|()| None),
            Err(error) => {
                effects.is_rejected = true;
                if error.is_fatal() {
                    effects.finish_packet()?;
                    return Err(DisconnectReason::Rejected(error));
                }
                Ok(Some(ConnectionEvent::Rejected(error)))
            }
        }
    }

    /// Records that the last result ended its request: the server has accepted `initConnection`.
    pub(crate) const fn mark_inited(&mut self) {
        *self.effects.inited = true;
    }

    /// Sends a request again over this connection, inside `initConnection`.
    pub(crate) fn retry_with_init(&mut self, tag: RequestTag) {
        self.effects.retries.push(tag);
    }

    /// Sends a request again under another temporary key, since `error` says that this one is not bound. The connection
    /// ends with `error` once all frames are read. A draining session, whose key will not be replaced, sends it again
    /// instead.
    pub(crate) fn retry_with_new_key(&mut self, tag: RequestTag, error: RpcError) {
        if self.effects.is_draining {
            self.effects.retries.push(tag);
        } else {
            *self.effects.unbound_error = Some(error);
        }
    }
}

impl Effects<'_> {
    fn on_bind_answer(&mut self, answer: Result<(), RpcError>) {
        match (answer, &mut self.temporary) {
            (Ok(()), Some(temporary)) => {
                temporary.set_bound();
                self.is_validated = true;
            }
            (Ok(()), None) => self.is_validated = true,
            (Err(error), _) => self.refused_binding = Some(error),
        }
    }

    /// Finishes a packet once all its messages were read: moves the connection to `Ready` if the key is validated, or
    /// extends its deadline. Errors if the server refused to bind the key.
    fn finish_packet(&mut self) -> Result<(), DisconnectReason> {
        if let Some(error) = self.refused_binding.take() {
            return Err(DisconnectReason::TemporaryKeyRefused(error));
        }
        let is_key_usable = self.temporary.as_ref().is_none_or(TemporaryKeyState::is_bound);
        if self.is_validated && is_key_usable && !matches!(self.stage, Stage::Ready(_)) {
            *self.stage = Stage::Ready(self.now);
        }
        if !self.is_rejected && !matches!(self.stage, Stage::Ready(_)) {
            self.deadline.extend(self.now);
        }
        Ok(())
    }
}
