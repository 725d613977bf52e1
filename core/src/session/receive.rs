//! Receiving: a packet is decrypted and checked (`mtproto/security_guidelines`), then its messages are read one by one.

use alloc::vec::Vec;
use core::fmt;

use super::container::Container;
use super::envelope::Envelope;
use super::error::MessageError;
use super::ids::MsgId;
use super::machine::Session;
use super::replay::Freshness;
use super::request::RequestTag;
use super::resend_reason::ResendReason;
use super::service::{DestroyKeyState, Service};
use crate::crypto::SecureRandom;
use crate::crypto::secret::Wiped;
use crate::policy;
use crate::time::Now;
use crate::tl::{Constructor, Deserialize, Reader, gzip, ids as tl_ids, types};

/// The meaning of a received message for the layers above. Its `Debug` output shows the length of a body, not its
/// content.
#[non_exhaustive]
pub enum SessionEvent<'a> {
    /// The answer to a request: `rpc_error` or its result, decompressed.
    Result {
        /// The request.
        tag: RequestTag,
        /// One boxed TL object. It is still `gzip_packed`, which is not the type of any result, if it could not be
        /// decompressed.
        body: &'a [u8],
    },
    /// Any message that is not a service message: an update.
    Update {
        /// One boxed TL object.
        body: &'a [u8],
    },
    /// The server created a new session: updates may be missing.
    NewSession,
    /// The answer to a ping: key, salt and connection work.
    Pong,
    /// The answer to [`Session::destroy_key`]. The key is destroyed, was unknown, or could not be destroyed.
    DestroyKeyAnswered,
}

impl fmt::Debug for SessionEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A body may hold a login token or the hash of a code.
            Self::Result { tag, body } => {
                f.debug_struct("Result").field("tag", tag).field("len", &body.len()).finish()
            }
            Self::Update { body } => f.debug_struct("Update").field("len", &body.len()).finish(),
            Self::NewSession => f.write_str("NewSession"),
            Self::Pong => f.write_str("Pong"),
            Self::DestroyKeyAnswered => f.write_str("DestroyKeyAnswered"),
        }
    }
}

/// The messages of one received packet. Call [`next`](Self::next) until it returns `None`: messages that are not read
/// are lost.
pub struct Messages<'a> {
    session: &'a mut Session,
    now: Now,
    random: &'a mut dyn SecureRandom,
    unread: Unread<'a>,
    /// The last message, if it was compressed.
    decompressed: Option<Wiped>,
    /// Why a message was rejected, until it is returned.
    rejected: Option<MessageError>,
}

/// The messages of a packet that are not read yet.
enum Unread<'a> {
    Empty,
    /// One message, which is already recorded and acknowledged.
    Single(MsgId, &'a [u8]),
    Container(Container<'a>),
}

/// The result of [`Session::dispatch`]: a [`SessionEvent`] without borrows. An rpc result is given by its offset in the
/// message.
#[derive(Clone, Copy)]
enum Dispatched {
    /// No event: a service message that the session has handled, a duplicate, a rejected message, or a result that no
    /// request awaits.
    NoEvent,
    Result {
        tag: RequestTag,
        start: usize,
    },
    Update,
    NewSession,
    Pong,
    DestroyKeyAnswered,
}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("rejected", &self.rejected).finish_non_exhaustive()
    }
}

impl Messages<'_> {
    /// Returns the next event, or `None` once all messages are read.
    ///
    /// # Errors
    /// Returns [`MessageError`] if a message is rejected. If the error is [fatal](MessageError::is_fatal), the rest of
    /// the packet is ignored, and the connection must be closed. Otherwise it is returned after all other messages.
    #[allow(clippy::should_implement_trait, reason = "the event borrows from it")]
    pub fn next(&mut self) -> Result<Option<SessionEvent<'_>>, MessageError> {
        loop {
            self.decompressed = None;
            if self.rejected.as_ref().is_some_and(MessageError::is_fatal) {
                self.unread = Unread::Empty;
            }
            let (body, dispatched) = match &mut self.unread {
                Unread::Empty => return self.rejected.take().map_or(Ok(None), Err),
                Unread::Single(msg_id, body) => {
                    let (msg_id, body) = (*msg_id, *body);
                    self.unread = Unread::Empty;
                    (body, self.read(msg_id, body))
                }
                Unread::Container(container) => {
                    let Some(message) = container.next() else {
                        self.unread = Unread::Empty;
                        continue;
                    };
                    // A message below the window is taken for one that was received long ago and whose ack was lost.
                    let dispatched = if self.session.replay.record(message.msg_id) == Freshness::New {
                        self.read(message.msg_id, message.body)
                    } else {
                        Dispatched::NoEvent
                    };
                    if !self.rejected.as_ref().is_some_and(MessageError::is_fatal) {
                        self.session.acknowledge(message.msg_id, message.seq_no, self.now);
                    }
                    (message.body, dispatched)
                }
            };
            if matches!(dispatched, Dispatched::NoEvent) {
                continue;
            }
            let body = self.decompressed.as_deref().unwrap_or(body);
            return Ok(Some(match dispatched {
                Dispatched::Result { tag, start } => {
                    SessionEvent::Result { tag, body: body.get(start..).unwrap_or_default() }
                }
                Dispatched::Update | Dispatched::NoEvent => SessionEvent::Update { body },
                Dispatched::NewSession => SessionEvent::NewSession,
                Dispatched::Pong => SessionEvent::Pong,
                Dispatched::DestroyKeyAnswered => SessionEvent::DestroyKeyAnswered,
            }));
        }
    }

    /// Reads one message. Records the error if it is rejected.
    fn read(&mut self, msg_id: MsgId, body: &[u8]) -> Dispatched {
        let dispatched = self.decompress_and_dispatch(msg_id, body);
        dispatched.unwrap_or_else(|error| {
            if error.is_fatal() {
                self.rejected = Some(error);
            } else {
                self.rejected.get_or_insert(error);
            }
            Dispatched::NoEvent
        })
    }

    /// Reads one message, which may be compressed, as may a result in it.
    fn decompress_and_dispatch(&mut self, msg_id: MsgId, body: &[u8]) -> Result<Dispatched, MessageError> {
        if let Some(gzipped) = body.strip_prefix(&tl_ids::GZIP_PACKED.to_le_bytes()) {
            self.decompressed = Some(self.session.decompress(gzipped)?);
        }
        let body = self.decompressed.as_deref().unwrap_or(body);
        let dispatched = self.session.dispatch(self.now, msg_id, body, self.random)?;
        let Dispatched::Result { tag, start } = dispatched else { return Ok(dispatched) };
        let result = body.get(start..).unwrap_or_default();
        let Some(gzipped) = result.strip_prefix(&tl_ids::GZIP_PACKED.to_le_bytes()) else {
            return Ok(dispatched);
        };
        match self.session.decompress(gzipped) {
            Ok(decompressed) => {
                self.decompressed = Some(decompressed);
                Ok(Dispatched::Result { tag, start: 0 })
            }
            Err(error) => {
                // The request is answered all the same: its result stays compressed.
                self.rejected = Some(error);
                Ok(dispatched)
            }
        }
    }
}

impl Session {
    /// Decrypts and checks one packet in place. Returns its messages.
    ///
    /// # Errors
    /// Returns [`MessageError`] if the packet is rejected as a whole. If the error is [fatal](MessageError::is_fatal),
    /// the connection must be closed. The session then continues over the next one.
    pub fn receive<'a>(
        &'a mut self,
        now: Now,
        packet: &'a mut [u8],
        random: &'a mut dyn SecureRandom,
    ) -> Result<Messages<'a>, MessageError> {
        let message = Envelope::open_with_previous_id(&self.key, self.id, self.previous_id, packet)?;
        self.clock.detect_clock_jump(now);
        match self.replay.check(message.msg_id) {
            Freshness::New => {}
            Freshness::Duplicate => {
                self.acknowledge(message.msg_id, message.seq_no, now);
                return Err(MessageError::Duplicate);
            }
            Freshness::TooOld => {
                self.acknowledge(message.msg_id, message.seq_no, now);
                return Err(MessageError::TooOld);
            }
        }
        let sent = message.msg_id.time();
        match self.clock.check(now, sent) {
            Ok(()) if self.clock.is_trusted() || msg_id_shows_send_time(message.body) => {
                self.clock.observe_message(now, sent);
            }
            Ok(()) => {}
            // The client's clock may be wrong: a notification about one of its own messages corrects it.
            Err(_) if self.is_correction(message.body) => {}
            Err(outside) => return Err(outside.into()),
        }
        self.replay.record(message.msg_id);
        self.keep_alive.on_received(now.monotonic);
        self.decompression_budget = policy::MAX_DECOMPRESSED_PER_PACKET;
        self.acknowledge(message.msg_id, message.seq_no, now);
        let unread = if message.body.starts_with(&tl_ids::MSG_CONTAINER.to_le_bytes()) {
            Unread::Container(Container::parse(message.body, message.msg_id)?)
        } else {
            Unread::Single(message.msg_id, message.body)
        };
        Ok(Messages { session: self, now, random, unread, decompressed: None, rejected: None })
    }

    /// Queues an ack if the message must be acknowledged.
    fn acknowledge(&mut self, id: MsgId, seq_no: i32, now: Now) {
        if seq_no & 1 == 1 {
            self.acks.push(id, now.monotonic);
        }
    }

    /// Returns whether `body` corrects the client's clock or salt, and refers to a message of this session.
    fn is_correction(&self, body: &[u8]) -> bool {
        let mut reader = Reader::new(body);
        let Ok(constructor) = reader.u32() else { return false };
        let Ok(id) = reader.u64() else { return false };
        [types::BadServerSalt::ID, types::BadMsgNotification::ID, types::NewSessionCreated::ID]
            .contains(&constructor)
            && self.outgoing.is_known(MsgId(id))
    }

    /// Handles a service message, or returns the event for the layers above.
    fn dispatch(
        &mut self,
        now: Now,
        msg_id: MsgId,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Dispatched, MessageError> {
        let mut reader = Reader::new(body);
        match reader.u32()? {
            tl_ids::RPC_RESULT => return self.on_result(now, &mut reader, body.len()),
            tl_ids::MSG_CONTAINER => {
                return Err(MessageError::Container("a container inside another message"));
            }
            types::Pong::ID => {
                types::Pong::deserialize(&mut reader)?;
                if !self.has_requests() {
                    self.resends.on_pong();
                }
                self.request_salts_if_few(now);
                return Ok(Dispatched::Pong);
            }
            types::BadServerSalt::ID => {
                let notice = types::BadServerSalt::deserialize(&mut reader)?;
                let bad_id = MsgId::from_wire(notice.bad_msg_id);
                if let Some(starts_resend_round) = self.record_refusal(bad_id, ResendReason::Salt, now)? {
                    if starts_resend_round {
                        self.requeue_service(now);
                    }
                    self.salts.set_current(notice.new_server_salt);
                    // All messages of a packet have the same salt.
                    self.requeue_refused(self.outgoing.packet_of(bad_id), msg_id);
                }
            }
            types::BadMsgNotification::ID => {
                let notice = types::BadMsgNotification::deserialize(&mut reader)?;
                self.on_bad_message(now, msg_id, &notice, random)?;
            }
            types::NewSessionCreated::ID => {
                let notice = types::NewSessionCreated::deserialize(&mut reader)?;
                let earlier = self.last_unique_id.replace(notice.unique_id);
                if earlier != Some(notice.unique_id) {
                    self.salts.set_current(notice.server_salt);
                    self.on_new_session(MsgId::from_wire(notice.first_msg_id), earlier.is_some(), now)?;
                    return Ok(Dispatched::NewSession);
                }
            }
            types::FutureSalts::ID => {
                let salts = types::FutureSalts::deserialize(&mut reader)?;
                if self
                    .future_salts_request
                    .take_if(|request_id| request_id.to_wire() == salts.req_msg_id)
                    .is_some()
                {
                    self.salts.set_future(salts.salts);
                }
            }
            types::MsgsAck::ID => {
                let acks = types::MsgsAck::deserialize(&mut reader)?;
                acks.msg_ids.iter().for_each(|id| self.outgoing.on_acknowledged(MsgId::from_wire(*id)));
            }
            types::MsgsStateInfo::ID => {
                let state = types::MsgsStateInfo::deserialize(&mut reader)?;
                self.on_state_info(now, msg_id, MsgId::from_wire(state.req_msg_id), &state.info)?;
            }
            types::MsgsAllInfo::ID => {
                let state = types::MsgsAllInfo::deserialize(&mut reader)?;
                let ids: Vec<MsgId> = state.msg_ids.iter().map(|id| MsgId::from_wire(*id)).collect();
                self.apply_statuses(&ids, &state.info, false, true, now, msg_id)?;
            }
            types::MsgsStateReq::ID => {
                let request = types::MsgsStateReq::deserialize(&mut reader)?;
                let ids =
                    request.msg_ids.iter().take(policy::MAX_IDS_PER_MESSAGE).map(|id| MsgId::from_wire(*id));
                let info = ids.map(|id| self.replay.state_of(id)).collect();
                self.queue_service(Service::StateInfo { request: msg_id, info });
            }
            types::MsgResendReq::ID => {
                let request = types::MsgResendReq::deserialize(&mut reader)?;
                for id in request.msg_ids.iter().map(|id| MsgId::from_wire(*id)) {
                    if self.requeue_unexecuted(id, false, msg_id) {
                        self.record_resend(id, now)?;
                    }
                }
            }
            types::MsgDetailedInfo::ID => {
                let info = types::MsgDetailedInfo::deserialize(&mut reader)?;
                self.outgoing.on_acknowledged(MsgId::from_wire(info.msg_id));
                self.request_answer(MsgId::from_wire(info.answer_msg_id), now);
            }
            types::MsgNewDetailedInfo::ID => {
                let info = types::MsgNewDetailedInfo::deserialize(&mut reader)?;
                self.request_answer(MsgId::from_wire(info.answer_msg_id), now);
            }
            // Some servers send the answer bare, others in an `rpc_result`.
            types::DestroyAuthKeyOk::ID | types::DestroyAuthKeyNone::ID | types::DestroyAuthKeyFail::ID => {
                let requested = core::mem::replace(&mut self.destroy_key, DestroyKeyState::NotRequested);
                if requested != DestroyKeyState::NotRequested {
                    return Ok(Dispatched::DestroyKeyAnswered);
                }
            }
            // The answer to `destroy_session`: the old session no longer exists.
            types::DestroySessionOk::ID | types::DestroySessionNone::ID => {}
            _ => return Ok(Dispatched::Update),
        }
        Ok(Dispatched::NoEvent)
    }

    /// Handles `rpc_result`. `len` is the length of the message in bytes.
    fn on_result(
        &mut self,
        now: Now,
        reader: &mut Reader<'_>,
        len: usize,
    ) -> Result<Dispatched, MessageError> {
        let request = reader.u64()?;
        if request == 0 {
            return Err(MessageError::ResultWithoutRequest);
        }
        if self.destroy_key == DestroyKeyState::Packed(MsgId(request)) {
            self.destroy_key = DestroyKeyState::NotRequested;
            return Ok(Dispatched::DestroyKeyAnswered);
        }
        // Nothing awaits a second answer after a resend, or the answer to a dropped request.
        let Some(tag) = self.outgoing.take_answered(MsgId(request)) else { return Ok(Dispatched::NoEvent) };
        self.on_request_answered(now);
        self.binding.take_if(|binding| binding.tag == tag);
        Ok(Dispatched::Result { tag, start: len - reader.remaining() })
    }

    /// Decompresses the bytes after the constructor id of `gzip_packed`, within the limits of an object and of the
    /// packet.
    fn decompress(&mut self, gzipped: &[u8]) -> Result<Wiped, MessageError> {
        let gzipped = Reader::new(gzipped).bytes()?;
        let decompressed =
            Wiped(gzip::decompress(gzipped, policy::MAX_DECOMPRESSED.min(self.decompression_budget))?);
        self.decompression_budget -= decompressed.len();
        Ok(decompressed)
    }

    /// Handles the result of a request, a proof that key, salt and clock are right: resets the count of resends, and
    /// requests future salts if few are left.
    fn on_request_answered(&mut self, now: Now) {
        self.resends.reset();
        self.request_salts_if_few(now);
    }

    /// Queues `get_future_salts` if few salts are left.
    fn request_salts_if_few(&mut self, now: Now) {
        if self.salts.should_request(now.monotonic) {
            self.salts.on_requested(now.monotonic);
            self.queue_service(Service::FutureSaltsRequest);
        }
    }
}

/// Returns whether the msg_id of a message shows when it was sent. That of a result or an update does not: the server
/// may send it again under its first msg_id.
fn msg_id_shows_send_time(body: &[u8]) -> bool {
    const CURRENT: [u32; 8] = [
        tl_ids::MSG_CONTAINER,
        types::Pong::ID,
        types::BadServerSalt::ID,
        types::BadMsgNotification::ID,
        types::NewSessionCreated::ID,
        types::FutureSalts::ID,
        types::MsgsStateInfo::ID,
        types::MsgsAck::ID,
    ];
    Reader::new(body).u32().is_ok_and(|constructor| CURRENT.contains(&constructor))
}
