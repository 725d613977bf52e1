//! What decrypted messages do: the checks on identifiers, `seq_no` and salts, containers, service messages. `calls` has
//! the way of API functions to the accounts and back.
//!
//! Sources: `core.telegram.org/mtproto/service_messages`, `.../service_messages_about_messages`.

use std::time::Duration;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use sansgram_core::crypto::AuthKey;
use sansgram_core::tl::gzip;

use super::binding::BIND_TEMP_AUTH_KEY;
use super::envelope::{self, Incoming, OutgoingHeader};
use super::session::{BadMessage, Outgoing, Parity, Session};
use super::{FLOOD, KeyState, Refusal, TestDcs, Tolerance};
use crate::accounts::Push;
use crate::wire::{Malformed, Reader, Writer};

/// How many seconds a message may come late, and how many early.
const LATEST: u64 = 300;
const EARLIEST: u64 = 30;
/// How many identifiers one service message may name.
const MOST_IDS: usize = 8192;
/// How many messages a client may put into a container.
const MOST_IN_CONTAINER: usize = 1024;
/// How large a request may be once it is unpacked, in bytes.
const LARGEST_UNPACKED: usize = 10 << 20;
/// How many salts `future_salts` holds at least and at most.
const FUTURE_SALTS: std::ops::RangeInclusive<usize> = 32..=64;

/// What is to be done once the message is answered.
#[derive(Default)]
pub(super) struct After {
    pub(super) destroy_key: bool,
    pub(super) pushes: Vec<Push>,
    close: bool,
    transport_error: Option<i32>,
}

/// A message on its way through the server.
pub(super) struct Visit<'a> {
    pub(super) conn: u64,
    pub(super) dc: i32,
    unix: Duration,
    pub(super) key: &'a mut KeyState,
    pub(super) session: &'a mut Session,
    pub(super) after: After,
}

impl TestDcs {
    /// Checks a decrypted message, does what it says, and sends what follows from it.
    pub(super) fn message(&mut self, conn: u64, dc: i32, key: &mut KeyState, message: Incoming) -> After {
        let unique_id = i64::from_le_bytes(self.random_array());
        let id = message.session_id;
        let mut session = key.sessions.remove(&id).unwrap_or_else(|| Session::new(id, unique_id));
        let unix = self.now.unix;
        let mut visit = Visit { conn, dc, unix, key, session: &mut session, after: After::default() };
        match self.check_outer(&visit, &message) {
            Ok(()) => self.accepted(&mut visit, message),
            Err(reason) => self.refuse_message(&mut visit, message.msg_id, message.seq_no, reason),
        }
        let after = visit.after;
        self.flush(conn, &key.auth_key, key.salts.current(self.unix_seconds()), &mut session);
        key.sessions.insert(id, session);
        match after.transport_error {
            Some(code) => self.fail(conn, code),
            None if after.close => self.close(conn),
            None => {}
        }
        after
    }

    /// Sends an update to all connected sessions of a key, or keeps it for the session that comes back.
    pub(super) fn push(&mut self, auth_key_id: u64, body: &[u8]) {
        let unix = self.now.unix;
        let names: Vec<_> = self
            .keys
            .iter()
            .filter(|(_, key)| key.account_key() == auth_key_id)
            .map(|(name, _)| *name)
            .collect();
        for name in names {
            let Some(mut key) = self.keys.remove(&name) else { continue };
            let salt = key.salts.current(self.unix_seconds());
            let connected = key.sessions.values().any(|session| session.conn.is_some());
            for session in key.sessions.values_mut() {
                if let Some(conn) = session.conn {
                    session.send(unix, body.to_vec(), true, false);
                    self.flush(conn, &key.auth_key, salt, session);
                } else if !connected {
                    session.send(unix, body.to_vec(), true, false);
                }
            }
            self.keys.insert(name, key);
        }
    }

    /// Sends all that waits in the session.
    fn flush(&mut self, conn: u64, auth_key: &AuthKey, salt: i64, session: &mut Session) {
        for Outgoing { msg_id, seq_no, body, .. } in session.take_packets(self.now.unix) {
            let header = OutgoingHeader { salt, session_id: session.id, msg_id, seq_no };
            let packet = envelope::seal(auth_key, header, &body, &mut *self.random);
            self.transmit_packet(conn, &packet);
        }
    }

    /// What concerns the packet as a whole: salt, identifier, time.
    fn check_outer(&self, visit: &Visit<'_>, message: &Incoming) -> Result<(), BadMessage> {
        // Before the identifier: the first message of Pyrogram 1 has none that fits, as it learns the time from the answer.
        if !visit.key.salts.accepts(message.salt, self.unix_seconds()) {
            return Err(BadMessage::Salt);
        }
        if !message.msg_id.is_multiple_of(4) {
            return Err(BadMessage::IdNotDivisible);
        }
        let (sent, now) = (message.msg_id >> 32, visit.unix.as_secs());
        if sent + LATEST < now {
            return Err(BadMessage::IdTooLow);
        }
        if sent > now + EARLIEST {
            return Err(BadMessage::IdTooHigh);
        }
        Ok(())
    }

    fn accepted(&mut self, visit: &mut Visit<'_>, message: Incoming) {
        let Incoming { msg_id, seq_no, body, .. } = message;
        if visit.session.conn != Some(visit.conn) {
            visit.session.conn = Some(visit.conn);
            if !self.options.misbehaviour.withhold_results {
                visit.session.resend_all(visit.unix);
            }
        }
        if !visit.session.announced {
            visit.session.announced = true;
            let salt = visit.key.salts.current(self.unix_seconds());
            let created = Writer::object(NEW_SESSION_CREATED)
                .u64(msg_id)
                .i64(visit.session.unique_id)
                .i64(salt)
                .finish();
            visit.session.send(visit.unix, created, true, false);
        }
        if Reader::new(&body).u32() == Ok(MSG_CONTAINER) {
            self.container(visit, msg_id, seq_no, &body);
        } else {
            self.single(visit, msg_id, seq_no, body);
        }
    }

    fn container(&mut self, visit: &mut Visit<'_>, msg_id: u64, seq_no: u32, body: &[u8]) {
        if visit.session.received(msg_id).is_some() {
            return self.refuse_message(visit, msg_id, seq_no, BadMessage::ContainerIdTaken);
        }
        let Ok(inner) = read_container(msg_id, body) else {
            return self.refuse_message(visit, msg_id, seq_no, BadMessage::Container);
        };
        for (inner_id, inner_seq_no, inner_body) in inner {
            self.single(visit, inner_id, inner_seq_no, inner_body.to_vec());
        }
        if let Err(reason) = visit.session.accept(msg_id, seq_no, Parity::Even) {
            self.refuse_message(visit, msg_id, seq_no, reason);
        }
    }

    /// One message that is not a container.
    fn single(&mut self, visit: &mut Visit<'_>, msg_id: u64, seq_no: u32, mut body: Vec<u8>) {
        if visit.session.received(msg_id).is_some() {
            return visit.session.repeat(msg_id);
        }
        if visit.session.is_forgotten(msg_id) {
            return self.refuse_message(visit, msg_id, seq_no, BadMessage::IdForgotten);
        }
        if !msg_id.is_multiple_of(4) {
            return self.refuse_message(visit, msg_id, seq_no, BadMessage::IdNotDivisible);
        }
        if Reader::new(&body).u32() == Ok(GZIP_PACKED) {
            match unpack(&body) {
                Ok(unpacked) => body = unpacked,
                Err(Malformed) => return self.refuse(visit.conn, Refusal::Service(GZIP_PACKED)),
            }
        }
        // A body has at least four bytes, unless it came out of gzip.
        let constructor = Reader::new(&body).u32().unwrap_or_default();
        let parity = match constructor {
            MSGS_ACK if self.options.accept_odd_acks => Parity::Either,
            other => parity(other),
        };
        match visit.session.accept(msg_id, seq_no, parity) {
            Ok(()) => {
                if constructor == MSGS_ACK && seq_no & 1 == 1 {
                    self.tolerate(visit.conn, Tolerance::OddAcks);
                }
                self.dispatch(visit, msg_id, constructor, &body);
            }
            Err(reason) => self.refuse_message(visit, msg_id, seq_no, reason),
        }
    }

    fn dispatch(&mut self, visit: &mut Visit<'_>, msg_id: u64, constructor: u32, body: &[u8]) {
        let outcome = match constructor {
            MSGS_ACK | MSGS_STATE_REQ | MSG_RESEND_REQ | MSG_RESEND_ANS_REQ => {
                self.about_messages(visit, msg_id, constructor, body)
            }
            PING
            | PING_DELAY_DISCONNECT
            | GET_FUTURE_SALTS
            | RPC_DROP_ANSWER
            | DESTROY_SESSION
            | DESTROY_AUTH_KEY => self.service(visit, msg_id, constructor, body),
            // Said for our information; nothing follows.
            HTTP_WAIT | MSGS_STATE_INFO | MSGS_ALL_INFO => Ok(()),
            0 | MSG_CONTAINER | GZIP_PACKED | MSG_COPY | RPC_RESULT | NEW_SESSION_CREATED | PONG => {
                Err(Malformed)
            }
            BIND_TEMP_AUTH_KEY => self.bind(visit, msg_id, body),
            _ => {
                match self.options.misbehaviour.refuse_requests {
                    None => self.call(visit, msg_id, body),
                    Some(code) => {
                        let notice =
                            Writer::object(BAD_MSG_NOTIFICATION).u64(msg_id).i32(0).i32(code).finish();
                        visit.session.send(visit.unix, notice, false, true);
                    }
                }
                Ok(())
            }
        };
        if outcome == Err(Malformed) {
            self.refuse(visit.conn, Refusal::Service(constructor));
        }
    }

    /// Service messages that name other messages.
    fn about_messages(
        &mut self,
        visit: &mut Visit<'_>,
        msg_id: u64,
        constructor: u32,
        body: &[u8],
    ) -> Result<(), Malformed> {
        let mut reader = Reader::new(body);
        reader.u32()?;
        let ids = reader.longs(usize::MAX)?;
        ended(&reader)?;
        if ids.len() > MOST_IDS {
            visit.after.transport_error = Some(FLOOD);
            self.refuse(visit.conn, Refusal::TooManyIds(constructor));
            return Ok(());
        }
        match constructor {
            MSGS_ACK => visit.session.acknowledged(&ids),
            MSGS_STATE_REQ => state_info(visit, msg_id, &ids),
            // These are the client's requests; it wants what was answered to them.
            MSG_RESEND_ANS_REQ if self.options.misbehaviour.withhold_results => {}
            MSG_RESEND_ANS_REQ => {
                let answers = ids.iter().filter_map(|&id| visit.session.received(id)?.answer);
                for answer in answers.collect::<Vec<_>>() {
                    visit.session.resend(answer);
                }
            }
            _ => {
                let unknown = ids.iter().filter(|&&id| !visit.session.resend(id)).count();
                if unknown > 0 {
                    state_info(visit, msg_id, &ids);
                }
            }
        }
        Ok(())
    }

    fn service(
        &mut self,
        visit: &mut Visit<'_>,
        msg_id: u64,
        constructor: u32,
        body: &[u8],
    ) -> Result<(), Malformed> {
        let mut reader = Reader::new(body);
        reader.u32()?;
        match constructor {
            PING | PING_DELAY_DISCONNECT => {
                let ping_id = reader.i64()?;
                if constructor == PING_DELAY_DISCONNECT {
                    let delay = u64::try_from(reader.i32()?).map_err(|_| Malformed)?;
                    if let Some(conn) = self.conns.get_mut(&visit.conn) {
                        conn.disconnect_at = Some(self.now.monotonic + Duration::from_secs(delay));
                    }
                }
                let pong = Writer::object(PONG).u64(msg_id).i64(ping_id).finish();
                visit.session.send(visit.unix, pong, false, true);
            }
            GET_FUTURE_SALTS => {
                let asked = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
                self.future_salts(visit, msg_id, asked);
            }
            RPC_DROP_ANSWER => {
                let request = reader.u64()?;
                let outcome = match visit.session.drop_answer(request) {
                    Some(dropped) => {
                        let length = i32::try_from(dropped.body.len()).unwrap_or(i32::MAX);
                        Writer::object(RPC_ANSWER_DROPPED)
                            .u64(dropped.msg_id)
                            .raw(&dropped.seq_no.to_le_bytes())
                            .i32(length)
                    }
                    None => Writer::object(RPC_ANSWER_UNKNOWN),
                };
                answer(visit, msg_id, &outcome.finish());
            }
            DESTROY_SESSION => {
                let id = reader.i64()?;
                // The session that asks cannot destroy itself: it is in use.
                let known = visit.key.sessions.remove(&id).is_some();
                let outcome = if known { DESTROY_SESSION_OK } else { DESTROY_SESSION_NONE };
                let body = Writer::object(outcome).i64(id).finish();
                if self.options.wrap_destroy_session {
                    answer(visit, msg_id, &body);
                } else {
                    visit.session.send(visit.unix, body, false, true);
                }
            }
            _ => {
                answer(visit, msg_id, &Writer::object(DESTROY_AUTH_KEY_OK).finish());
                visit.after.destroy_key = true;
            }
        }
        ended(&reader)
    }

    fn future_salts(&self, visit: &mut Visit<'_>, msg_id: u64, asked: usize) {
        let now = self.unix_seconds();
        let count = asked.clamp(*FUTURE_SALTS.start(), *FUTURE_SALTS.end());
        let seconds = |unix: i64| i32::try_from(unix).unwrap_or(i32::MAX);
        let head = Writer::object(FUTURE_SALTS_ID).u64(msg_id).i32(seconds(now));
        let head = head.i32(i32::try_from(count).unwrap_or(i32::MAX));
        let salts = visit.key.salts.future(now).take(count);
        let body = salts
            .fold(head, |out, salt| {
                out.i32(seconds(salt.valid_since)).i32(seconds(salt.valid_until)).i64(salt.salt)
            })
            .finish();
        visit.session.send(visit.unix, body, false, true);
    }

    /// Tells the client that a message was not accepted.
    fn refuse_message(&mut self, visit: &mut Visit<'_>, msg_id: u64, seq_no: u32, reason: BadMessage) {
        self.refuse(visit.conn, Refusal::Message { msg_id, reason });
        let constructor = if reason == BadMessage::Salt { BAD_SERVER_SALT } else { BAD_MSG_NOTIFICATION };
        let mut body = Writer::object(constructor).u64(msg_id).raw(&seq_no.to_le_bytes()).i32(reason.code());
        if reason == BadMessage::Salt {
            body = body.i64(visit.key.salts.current(self.unix_seconds()));
        }
        visit.session.send(visit.unix, body.finish(), false, true);
    }

    fn random_array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}

pub(super) fn answer(visit: &mut Visit<'_>, msg_id: u64, result: &[u8]) {
    let body = Writer::object(RPC_RESULT).u64(msg_id).raw(result).finish();
    visit.session.answer(visit.unix, msg_id, body);
}

fn state_info(visit: &mut Visit<'_>, msg_id: u64, ids: &[u64]) {
    let states: Vec<u8> = ids.iter().map(|&id| visit.session.state_of(id, visit.unix)).collect();
    let body = Writer::object(MSGS_STATE_INFO).u64(msg_id).bytes(&states).finish();
    visit.session.send(visit.unix, body, false, true);
}

/// A bare message: identifier, `seq_no`, body.
type Bare<'a> = (u64, u32, &'a [u8]);

/// The messages of a container, all or none.
fn read_container(container_id: u64, body: &[u8]) -> Result<Vec<Bare<'_>>, Malformed> {
    let mut reader = Reader::new(body);
    reader.expect(MSG_CONTAINER)?;
    let count = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
    if count > MOST_IN_CONTAINER {
        return Err(Malformed);
    }
    let mut messages = Vec::new();
    for _ in 0..count {
        let (msg_id, seq_no) = (reader.u64()?, reader.u32()?);
        let length = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
        let body = reader.raw(length)?;
        let nested = Reader::new(body).u32()? == MSG_CONTAINER;
        if nested || !length.is_multiple_of(4) || msg_id >= container_id {
            return Err(Malformed);
        }
        messages.push((msg_id, seq_no, body));
    }
    ended(&reader)?;
    Ok(messages)
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(body);
    reader.expect(GZIP_PACKED)?;
    let packed = reader.bytes()?;
    ended(&reader)?;
    // What mtcute calls gzip is zlib's format, and servers take both.
    if let [0x78, _, ..] = packed {
        return decompress_to_vec_zlib_with_limit(packed, LARGEST_UNPACKED).map_err(|_| Malformed);
    }
    gzip::unpack(packed, LARGEST_UNPACKED).map_err(|_| Malformed)
}

fn ended(reader: &Reader<'_>) -> Result<(), Malformed> {
    if reader.rest().is_empty() { Ok(()) } else { Err(Malformed) }
}

/// Clients differ on whether service requests that have an answer are content-related; servers accept both.
const fn parity(constructor: u32) -> Parity {
    match constructor {
        MSGS_ACK | MSGS_STATE_INFO | MSGS_ALL_INFO => Parity::Even,
        PING
        | PING_DELAY_DISCONNECT
        | GET_FUTURE_SALTS
        | RPC_DROP_ANSWER
        | DESTROY_SESSION
        | DESTROY_AUTH_KEY
        | MSGS_STATE_REQ
        | MSG_RESEND_REQ
        | MSG_RESEND_ANS_REQ
        | HTTP_WAIT => Parity::Either,
        _ => Parity::Odd,
    }
}

const MSG_CONTAINER: u32 = 0x73f1_f8dc;
const MSG_COPY: u32 = 0xe060_46b2;
pub(super) const GZIP_PACKED: u32 = 0x3072_cfa1;
const MSGS_ACK: u32 = 0x62d6_b459;
const RPC_RESULT: u32 = 0xf35c_6d01;
const RPC_DROP_ANSWER: u32 = 0x58e4_a740;
const RPC_ANSWER_UNKNOWN: u32 = 0x5e2a_d36e;
const RPC_ANSWER_DROPPED: u32 = 0xa43a_d8b7;
const BAD_MSG_NOTIFICATION: u32 = 0xa7ef_f811;
const BAD_SERVER_SALT: u32 = 0xedab_447b;
const NEW_SESSION_CREATED: u32 = 0x9ec2_0908;
const MSGS_STATE_REQ: u32 = 0xda69_fb52;
const MSGS_STATE_INFO: u32 = 0x04de_b57d;
const MSGS_ALL_INFO: u32 = 0x8cc0_d131;
const MSG_RESEND_REQ: u32 = 0x7d86_1a08;
const MSG_RESEND_ANS_REQ: u32 = 0x8610_baeb;
const PING: u32 = 0x7abe_77ec;
const PONG: u32 = 0x3477_73c5;
const PING_DELAY_DISCONNECT: u32 = 0xf342_7b8c;
const GET_FUTURE_SALTS: u32 = 0xb921_bd04;
const FUTURE_SALTS_ID: u32 = 0xae50_0895;
const DESTROY_SESSION: u32 = 0xe751_2126;
const DESTROY_SESSION_OK: u32 = 0xe220_45fc;
const DESTROY_SESSION_NONE: u32 = 0x62d3_50c9;
const DESTROY_AUTH_KEY: u32 = 0xd143_5160;
const DESTROY_AUTH_KEY_OK: u32 = 0xf660_e1d4;
const HTTP_WAIT: u32 = 0x9299_359f;
