//! Receiving: a packet is checked in the order of the protocol's guidelines, then its messages are pulled one by one.

use alloc::vec::Vec;
use core::fmt;

use super::container::Container;
use super::envelope::Envelope;
use super::error::MessageError;
use super::ids::MsgId;
use super::machine::Session;
use super::outgoing::RequestTag;
use super::replay::Freshness;
use super::resend_reason::ResendReason;
use super::service::Service;
use crate::crypto::SecureRandom;
use crate::crypto::secret::Wiped;
use crate::policy;
use crate::time::Now;
use crate::tl::{Constructor, Deserialize, Reader, gzip, ids as tl_ids, types};

/// What a received message means for the layers above.
#[non_exhaustive]
pub enum SessionEvent<'a> {
    /// The answer to a request: `rpc_error` or the result itself, unpacked.
    Result {
        /// The request.
        tag: RequestTag,
        /// One boxed TL object; one that could not be unpacked is `gzip_packed` still, which is no result's type.
        body: &'a [u8],
    },
    /// A message that is no service message: an update.
    Other {
        /// One boxed TL object.
        body: &'a [u8],
    },
    /// The server made a session: updates may have been missed.
    NewSession,
    /// A ping was answered: key, salt and connection work.
    Pong,
    /// The server answered [`Session::destroy_key`]: the key is destroyed, or was unknown, or stays.
    KeyDestroyed,
}

impl fmt::Debug for SessionEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A body may hold a login token or a code's hash.
            Self::Result { tag, body } => {
                f.debug_struct("Result").field("tag", tag).field("len", &body.len()).finish()
            }
            Self::Other { body } => f.debug_struct("Other").field("len", &body.len()).finish(),
            Self::NewSession => f.write_str("NewSession"),
            Self::Pong => f.write_str("Pong"),
            Self::KeyDestroyed => f.write_str("KeyDestroyed"),
        }
    }
}

/// The messages of one received packet. Pull them with [`next`](Self::next) until `None`: what is not pulled is lost.
pub struct Messages<'a> {
    session: &'a mut Session,
    now: Now,
    random: &'a mut dyn SecureRandom,
    rest: Rest<'a>,
    /// What the last message unpacked to.
    unpacked: Option<Wiped>,
    /// Why a message was refused, until it is returned.
    refused: Option<MessageError>,
}

/// What is left of a packet.
enum Rest<'a> {
    Nothing,
    /// One message, which is recorded and acknowledged already.
    Single(MsgId, &'a [u8]),
    Container(Container<'a>),
}

/// A [`SessionEvent`] that borrows nothing: the body of a result is given by its offset in the message.
#[derive(Clone, Copy)]
enum Meaning {
    /// Nothing: the session has dealt with it.
    Nothing,
    Result {
        tag: RequestTag,
        start: usize,
    },
    Other,
    NewSession,
    Pong,
    KeyDestroyed,
}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("refused", &self.refused).finish_non_exhaustive()
    }
}

impl Messages<'_> {
    /// Returns what the next messages mean for the layers above; `None`: the packet is used up.
    ///
    /// # Errors
    /// [`MessageError`]: why a message was refused. If it is [fatal](MessageError::is_fatal), the rest of the packet is not
    /// used, and the connection must be closed. If not, it comes after all other messages.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it")]
    pub fn next(&mut self) -> Result<Option<SessionEvent<'_>>, MessageError> {
        loop {
            self.unpacked = None;
            if self.refused.as_ref().is_some_and(MessageError::is_fatal) {
                self.rest = Rest::Nothing;
            }
            let (body, meaning) = match &mut self.rest {
                Rest::Nothing => return self.refused.take().map_or(Ok(None), Err),
                Rest::Single(msg_id, body) => {
                    let (msg_id, body) = (*msg_id, *body);
                    self.rest = Rest::Nothing;
                    (body, self.read(msg_id, body))
                }
                Rest::Container(container) => {
                    let Some(message) = container.next() else {
                        self.rest = Rest::Nothing;
                        continue;
                    };
                    // What the window does not remember any more was received long ago; the ack got lost.
                    let meaning = if self.session.replay.record(message.msg_id) == Freshness::New {
                        self.read(message.msg_id, message.body)
                    } else {
                        Meaning::Nothing
                    };
                    if !self.refused.as_ref().is_some_and(MessageError::is_fatal) {
                        self.session.acknowledge(message.msg_id, message.seq_no, self.now);
                    }
                    (message.body, meaning)
                }
            };
            if matches!(meaning, Meaning::Nothing) {
                continue;
            }
            let body = self.unpacked.as_deref().unwrap_or(body);
            return Ok(Some(match meaning {
                Meaning::Result { tag, start } => {
                    SessionEvent::Result { tag, body: body.get(start..).unwrap_or_default() }
                }
                Meaning::Other | Meaning::Nothing => SessionEvent::Other { body },
                Meaning::NewSession => SessionEvent::NewSession,
                Meaning::Pong => SessionEvent::Pong,
                Meaning::KeyDestroyed => SessionEvent::KeyDestroyed,
            }));
        }
    }

    /// As [`Session::requeue`], while the packet is read.
    pub fn requeue(&mut self, tag: RequestTag) {
        self.session.requeue(tag);
    }

    /// Reads one message, and notes why it is refused if it is.
    fn read(&mut self, msg_id: MsgId, body: &[u8]) -> Meaning {
        let meaning = self.dispatch(msg_id, body);
        meaning.unwrap_or_else(|error| {
            if error.is_fatal() {
                self.refused = Some(error);
            } else {
                self.refused.get_or_insert(error);
            }
            Meaning::Nothing
        })
    }

    fn dispatch(&mut self, msg_id: MsgId, body: &[u8]) -> Result<Meaning, MessageError> {
        if let Some(packed) = body.strip_prefix(&tl_ids::GZIP_PACKED.to_le_bytes()) {
            self.unpacked = Some(self.session.unpack(packed)?);
        }
        let body = self.unpacked.as_deref().unwrap_or(body);
        let meaning = self.session.dispatch(self.now, msg_id, body, self.random)?;
        let Meaning::Result { tag, start } = meaning else { return Ok(meaning) };
        let result = body.get(start..).unwrap_or_default();
        let Some(packed) = result.strip_prefix(&tl_ids::GZIP_PACKED.to_le_bytes()) else {
            return Ok(meaning);
        };
        match self.session.unpack(packed) {
            Ok(unpacked) => {
                self.unpacked = Some(unpacked);
                Ok(Meaning::Result { tag, start: 0 })
            }
            Err(error) => {
                // The request ends all the same: its result is shown packed.
                self.refused = Some(error);
                Ok(meaning)
            }
        }
    }
}

impl Session {
    /// Decrypts and checks one packet in place. Its messages are pulled from what is returned.
    ///
    /// # Errors
    /// [`MessageError`]: why nothing of the packet was used; [`MessageError::is_fatal`] says whether the connection must be
    /// closed. The session goes on over the next.
    pub fn receive<'a>(
        &'a mut self,
        now: Now,
        packet: &'a mut [u8],
        random: &'a mut dyn SecureRandom,
    ) -> Result<Messages<'a>, MessageError> {
        let message = Envelope::open_after(&self.key, self.id, self.previous_id, packet)?;
        self.clock.observe_local(now);
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
            Ok(()) if self.clock.is_trusted() || has_current_msg_id(message.body) => {
                self.clock.observe_message(now, sent);
            }
            Ok(()) => {}
            // Our clock may be the wrong one: a notification about what we really sent may say so.
            Err(_) if self.is_correction(message.body) => {}
            Err(outside) => return Err(outside.into()),
        }
        self.replay.record(message.msg_id);
        self.keep_alive.received(now.monotonic);
        self.unpack_budget = policy::MAX_UNPACKED_PER_PACKET;
        self.acknowledge(message.msg_id, message.seq_no, now);
        let rest = if message.body.starts_with(&tl_ids::MSG_CONTAINER.to_le_bytes()) {
            Rest::Container(Container::parse(message.body, message.msg_id)?)
        } else {
            Rest::Single(message.msg_id, message.body)
        };
        Ok(Messages { session: self, now, random, rest, unpacked: None, refused: None })
    }

    fn acknowledge(&mut self, id: MsgId, seq_no: i32, now: Now) {
        if seq_no & 1 == 1 {
            self.acks.push(id, now.monotonic);
        }
    }

    /// Whether `body` corrects our clock or salt, and names a message that we really sent.
    fn is_correction(&self, body: &[u8]) -> bool {
        let mut reader = Reader::new(body);
        let Ok(constructor) = reader.u32() else { return false };
        let Ok(id) = reader.u64() else { return false };
        [types::BadServerSalt::ID, types::BadMsgNotification::ID, types::NewSessionCreated::ID]
            .contains(&constructor)
            && self.outgoing.knows(MsgId(id))
    }

    fn dispatch(
        &mut self,
        now: Now,
        msg_id: MsgId,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Meaning, MessageError> {
        let mut reader = Reader::new(body);
        match reader.u32()? {
            tl_ids::RPC_RESULT => return self.result(now, &mut reader, body.len()),
            tl_ids::MSG_CONTAINER => {
                return Err(MessageError::Container("a container within another message"));
            }
            types::Pong::ID => {
                types::Pong::deserialize(&mut reader)?;
                if !self.has_requests() {
                    self.resends.on_pong();
                }
                self.fetch_salts(now);
                return Ok(Meaning::Pong);
            }
            types::BadServerSalt::ID => {
                let notice = types::BadServerSalt::deserialize(&mut reader)?;
                let bad_id = MsgId::from_wire(notice.bad_msg_id);
                if self.count_refusal(bad_id, ResendReason::Salt, now)?.is_some() {
                    self.salts.set_current(notice.new_server_salt);
                    // One salt is that of the whole packet.
                    self.send_again(self.outgoing.packet_of(bad_id));
                }
            }
            types::BadMsgNotification::ID => {
                let notice = types::BadMsgNotification::deserialize(&mut reader)?;
                self.bad_message(now, msg_id, &notice, random)?;
            }
            types::NewSessionCreated::ID => {
                let notice = types::NewSessionCreated::deserialize(&mut reader)?;
                if self.last_unique_id.replace(notice.unique_id) != Some(notice.unique_id) {
                    self.salts.set_current(notice.server_salt);
                    self.new_session(MsgId::from_wire(notice.first_msg_id), now)?;
                    return Ok(Meaning::NewSession);
                }
            }
            types::FutureSalts::ID => {
                let salts = types::FutureSalts::deserialize(&mut reader)?;
                if self.future_salts_request.take_if(|asked| asked.to_wire() == salts.req_msg_id).is_some() {
                    self.salts.set_future(salts.salts);
                }
            }
            types::MsgsAck::ID => {
                let acks = types::MsgsAck::deserialize(&mut reader)?;
                acks.msg_ids.iter().for_each(|id| self.outgoing.note_acknowledged(MsgId::from_wire(*id)));
            }
            types::MsgsStateInfo::ID => {
                let state = types::MsgsStateInfo::deserialize(&mut reader)?;
                self.state_info(now, MsgId::from_wire(state.req_msg_id), &state.info)?;
            }
            types::MsgsAllInfo::ID => {
                let state = types::MsgsAllInfo::deserialize(&mut reader)?;
                let ids: Vec<MsgId> = state.msg_ids.iter().map(|id| MsgId::from_wire(*id)).collect();
                self.note_statuses(&ids, &state.info, false, true, now)?;
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
                    if self.lost(id, false) {
                        self.count_resend(id, now)?;
                    }
                }
            }
            types::MsgDetailedInfo::ID => {
                let info = types::MsgDetailedInfo::deserialize(&mut reader)?;
                self.outgoing.note_acknowledged(MsgId::from_wire(info.msg_id));
                self.ask_for(MsgId::from_wire(info.answer_msg_id), now);
            }
            types::MsgNewDetailedInfo::ID => {
                let info = types::MsgNewDetailedInfo::deserialize(&mut reader)?;
                self.ask_for(MsgId::from_wire(info.answer_msg_id), now);
            }
            // Some servers answer it bare, others within an `rpc_result`.
            types::DestroyAuthKeyOk::ID | types::DestroyAuthKeyNone::ID | types::DestroyAuthKeyFail::ID => {
                if self.destroying.take().is_some() {
                    return Ok(Meaning::KeyDestroyed);
                }
            }
            // The session that we left is gone, or was gone already.
            types::DestroySessionOk::ID | types::DestroySessionNone::ID => {}
            _ => return Ok(Meaning::Other),
        }
        Ok(Meaning::Nothing)
    }

    /// `rpc_result`, whose message is `len` bytes long.
    fn result(&mut self, now: Now, reader: &mut Reader<'_>, len: usize) -> Result<Meaning, MessageError> {
        let request = reader.u64()?;
        if request == 0 {
            return Err(MessageError::ResultForNothing);
        }
        if self.destroying == Some(Some(MsgId(request))) {
            self.destroying = None;
            return Ok(Meaning::KeyDestroyed);
        }
        // An answer that is no longer waited for: a late one after a resend, or about a dropped request.
        let Some(tag) = self.outgoing.answered(MsgId(request)) else { return Ok(Meaning::Nothing) };
        self.validated(now);
        self.binding.take_if(|binding| binding.tag == tag);
        Ok(Meaning::Result { tag, start: len - reader.remaining() })
    }

    /// Unpacks what follows the constructor of `gzip_packed`, as long as its packet has not unpacked to too much.
    fn unpack(&mut self, packed: &[u8]) -> Result<Wiped, MessageError> {
        let packed = Reader::new(packed).bytes()?;
        let unpacked = Wiped(gzip::unpack(packed, gzip::GZIP_LIMIT.min(self.unpack_budget))?);
        self.unpack_budget -= unpacked.len();
        Ok(unpacked)
    }

    /// Key, salt and clock are right: corrections count from 0 again, and salts are fetched ahead.
    fn validated(&mut self, now: Now) {
        self.resends.reset();
        self.fetch_salts(now);
    }

    fn fetch_salts(&mut self, now: Now) {
        if self.salts.want_more(now.monotonic) {
            self.salts.note_asked(now.monotonic);
            self.queue_service(Service::FutureSalts);
        }
    }
}

/// Whether the msg_id of a message tells when it was sent. That of a result or an update does not: the server may send
/// it again under its first msg_id.
fn has_current_msg_id(body: &[u8]) -> bool {
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
