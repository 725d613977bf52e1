//! Receiving: a packet is checked in the order of the protocol's guidelines, then its messages are pulled one by one.

use alloc::vec::Vec;
use core::fmt;

use super::container::Container;
use super::correction::Correction;
use super::envelope::Envelope;
use super::error::MessageError;
use super::ids::MsgId;
use super::machine::Session;
use super::outgoing::{Lost, RequestTag};
use super::replay::Freshness;
use super::service::{Fate, Service};
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

/// What a message means for the layers above. Bodies are named by where they begin in the message.
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

    /// As [`Session::queue_again`], while the packet is read.
    pub fn queue_again(&mut self, tag: RequestTag) {
        self.session.queue_again(tag);
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
        let message = Envelope::open_in(&self.key, self.id, self.left, packet)?;
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
            Ok(()) if self.clock.is_trusted() || is_made_now(message.body) => {
                self.clock.observe_message(now, sent);
            }
            Ok(()) => {}
            // Our clock may be the wrong one: a notification about what we really sent may say so.
            Err(_) if self.is_correction(message.body) => {}
            Err(outside) => return Err(outside.into()),
        }
        self.replay.record(message.msg_id);
        self.keep_alive.received(now.monotonic);
        self.may_unpack = policy::MAX_UNPACKED_PER_PACKET;
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
                    self.corrections.forgive_pings();
                }
                self.fetch_salts(now);
                return Ok(Meaning::Pong);
            }
            types::BadServerSalt::ID => {
                let notice = types::BadServerSalt::deserialize(&mut reader)?;
                let bad_id = MsgId::from_wire(notice.bad_msg_id);
                if self.refused(bad_id, Correction::Salt, now)?.is_some() {
                    self.salts.set(notice.new_server_salt);
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
                    self.salts.set(notice.server_salt);
                    self.new_session(MsgId::from_wire(notice.first_msg_id), now)?;
                    return Ok(Meaning::NewSession);
                }
            }
            types::FutureSalts::ID => {
                let salts = types::FutureSalts::deserialize(&mut reader)?;
                if self.salts_asked.take_if(|asked| asked.to_wire() == salts.req_msg_id).is_some() {
                    self.salts.add(salts.salts);
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
                self.fates(&ids, &state.info, false, true, now)?;
            }
            types::MsgsStateReq::ID => {
                let request = types::MsgsStateReq::deserialize(&mut reader)?;
                let ids =
                    request.msg_ids.iter().take(policy::MAX_IDS_PER_MESSAGE).map(|id| MsgId::from_wire(*id));
                let info = ids.map(|id| self.replay.state_of(id)).collect();
                self.serve(Service::StateInfo { request: msg_id, info });
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
        let unpacked = Wiped(gzip::unpack(packed, gzip::GZIP_LIMIT.min(self.may_unpack))?);
        self.may_unpack -= unpacked.len();
        Ok(unpacked)
    }

    /// Key, salt and clock are right: corrections count from 0 again, and salts are fetched ahead.
    fn validated(&mut self, now: Now) {
        self.corrections.forgive();
        self.fetch_salts(now);
    }

    fn fetch_salts(&mut self, now: Now) {
        if self.salts.want_more(now.monotonic) {
            self.salts.asked(now.monotonic);
            self.serve(Service::FutureSalts);
        }
    }

    /// `bad_msg_notification`: protocol documentation, "Notification of Ignored Error Message".
    fn bad_message(
        &mut self,
        now: Now,
        msg_id: MsgId,
        notice: &types::BadMsgNotification,
        random: &mut dyn SecureRandom,
    ) -> Result<(), MessageError> {
        let bad_id = MsgId::from_wire(notice.bad_msg_id);
        let refused = self.refused(bad_id, Correction::of(notice.error_code), now)?;
        let Some(begins_round) = refused else { return Ok(()) };
        let was_contained = self.outgoing.is_contained(bad_id);
        match notice.error_code {
            16 => {
                self.clock.correct(now, msg_id.time());
                self.send_again(bad_id);
            }
            // Identifiers must go down: only a new session may do that.
            17 => {
                self.clock.correct(now, msg_id.time());
                self.outgoing.requeue_from(bad_id);
                self.restart(now, random);
            }
            // Too old: the server cannot tell whether it was received.
            20 => {
                let refused = self.outgoing.take_refused(bad_id);
                self.doubt(refused);
            }
            // Sequence numbers must begin again. Later ones were higher still.
            33 => {
                self.outgoing.requeue_from(bad_id);
                self.restart(now, random);
            }
            32 => {
                self.send_again(bad_id);
                self.restart(now, random);
            }
            64 => {
                self.singly = true;
                self.send_again(bad_id);
                return Err(MessageError::BadMessage(64));
            }
            // Our numbering is at fault, so it begins again, over another connection.
            code => {
                self.send_again(bad_id);
                self.restart(now, random);
                return Err(MessageError::BadMessage(code));
            }
        }
        // The fate of the container's other messages is unknown. One question a round is enough.
        if begins_round && was_contained && matches!(notice.error_code, 16 | 20) {
            self.inquire(now.monotonic, MsgId(u64::MAX));
        }
        Ok(())
    }

    /// What the server refused leaves again, unless the server said before that it has it.
    fn send_again(&mut self, id: MsgId) {
        let unsure = self.outgoing.requeue_refused(id);
        self.doubt(unsure);
    }

    /// Notes that the server refused a message. Returns whether that begins a round of corrections; `None`: this session
    /// did not send it.
    fn refused(&mut self, id: MsgId, reason: Correction, now: Now) -> Result<Option<bool>, MessageError> {
        let Some(carries_requests) = self.outgoing.note_refused(id) else { return Ok(None) };
        let begins = self.corrections.count(id, self.ids.last(), carries_requests, reason, now.monotonic)?;
        if begins {
            self.serve_again(now);
        }
        Ok(Some(begins))
    }

    /// The server's session begins with `first` (`new_session_created`).
    ///
    /// What left before it over this connection alone was ignored, and is sent again, as the documentation has it. What
    /// left over an earlier one may have been executed in a session that the server has forgotten, key and identifier
    /// being the same; so may what the server said it has.
    fn new_session(&mut self, first: MsgId, now: Now) -> Result<(), MessageError> {
        let (newest, unsure) = self.outgoing.forgotten_before(first);
        self.doubt(unsure);
        match newest {
            Some(newest) => self
                .corrections
                .count(newest, self.ids.last(), true, Correction::NewSession, now.monotonic)
                .map(drop),
            None => self.corrections.begin(Correction::NewSession, now.monotonic),
        }
    }

    /// The answer to our inquiry: what was lost travels again.
    fn state_info(&mut self, now: Now, request: MsgId, info: &[u8]) -> Result<(), MessageError> {
        let reminded = self.reminder.take_if(|reminder| reminder.request == Some(request));
        if let Some(reminder) = reminded {
            let fates = self.fates(&reminder.asked, info, true, false, now);
            self.reminder = Some(reminder);
            return fates;
        }
        // An answer to a question that we did not ask means nothing.
        let asked = self.inquiry.take_if(|inquiry| inquiry.request == Some(request));
        let Some(inquiry) = asked else { return Ok(()) };
        let fates = self.fates(&inquiry.asked, info, true, true, now);
        if fates.is_err() {
            self.inquiry = Some(inquiry);
            return fates;
        }
        // More may have left than one question can name.
        if !self.is_draining {
            self.inquire(now.monotonic, inquiry.boundary);
        }
        Ok(())
    }

    /// What became of these, as the server says, to our question or by itself; if `asks`, it is asked at once for the
    /// answers that it has.
    fn fates(
        &mut self,
        ids: &[MsgId],
        info: &[u8],
        was_asked: bool,
        asks: bool,
        now: Now,
    ) -> Result<(), MessageError> {
        if ids.len() != info.len() {
            return Err(MessageError::StateInfo);
        }
        let mut answered = Vec::new();
        for (id, byte) in ids.iter().zip(info).rev() {
            match Fate::of(*byte) {
                Fate::Lost => {
                    // What the server says by itself it may say for ever.
                    if self.lost(*id, was_asked) && !was_asked {
                        self.count_resend(*id, now)?;
                    }
                }
                Fate::Forgotten => {
                    let forgotten = self.outgoing.detach(*id);
                    self.doubt(forgotten);
                }
                Fate::Received { answered: has_answer } => {
                    self.outgoing.note_acknowledged(*id);
                    if asks
                        && has_answer
                        && self.outgoing.knows(*id)
                        && answered.len() < policy::MAX_IDS_PER_MESSAGE
                    {
                        answered.push(*id);
                    }
                }
            }
        }
        if !answered.is_empty() {
            answered.sort_unstable();
            answered.dedup();
            self.serve(Service::ResendAnswers(answered));
        }
        Ok(())
    }

    /// The server wants a request once more, without having been asked.
    fn count_resend(&mut self, id: MsgId, now: Now) -> Result<(), MessageError> {
        self.corrections.count(id, self.ids.last(), true, Correction::Resend, now.monotonic).map(drop)
    }

    /// The server says that it does not have a request. Returns whether it names one.
    fn lost(&mut self, id: MsgId, was_asked: bool) -> bool {
        match self.outgoing.lost(id, was_asked) {
            Lost::Unknown => return false,
            Lost::Queued => {}
            Lost::Unsure(tag) => self.doubt([tag]),
        }
        true
    }

    /// The server has an answer ready: asks for it, or acknowledges it if it was received before.
    fn ask_for(&mut self, answer: MsgId, now: Now) {
        if self.replay.check(answer) != Freshness::New {
            self.acks.push(answer, now.monotonic);
        } else {
            self.serve(Service::Resend(answer));
        }
    }
}

/// Whether a message was made when it was sent: a result or an update may be sent again, as old as it is.
fn is_made_now(body: &[u8]) -> bool {
    const MADE_NOW: [u32; 8] = [
        tl_ids::MSG_CONTAINER,
        types::Pong::ID,
        types::BadServerSalt::ID,
        types::BadMsgNotification::ID,
        types::NewSessionCreated::ID,
        types::FutureSalts::ID,
        types::MsgsStateInfo::ID,
        types::MsgsAck::ID,
    ];
    Reader::new(body).u32().is_ok_and(|constructor| MADE_NOW.contains(&constructor))
}
