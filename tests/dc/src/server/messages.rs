//! Encrypted messages: the checks on identifiers, `seq_no` and salts, containers, and the dispatch of what is inside.
//!
//! Sources: `core.telegram.org/mtproto/description`, `.../service_messages_about_messages`.

use sansgram_core::crypto::AuthKey;

use super::binding::BIND_TEMP_AUTH_KEY;
use super::constructors::*;
use super::container::{decompress, read_container};
use super::dcs::TestDcs;
use super::envelope::{self, Incoming, OutgoingHeader};
use super::forgery::Forgery;
use super::keys::KeyState;
use super::message_context::{FollowUp, MessageContext};
use super::message_log::messages_of;
use super::options::Tolerance;
use super::policy::{MAX_MESSAGE_AGE, MAX_MESSAGE_LEAD};
use super::refusal::Refusal;
use super::service::parity;
use super::session::{BadMessage, Outgoing, Parity, Session};
use crate::wire::{Malformed, Reader, Writer};

impl TestDcs {
    /// Checks and dispatches a decrypted message, and sends what follows from it.
    pub(super) fn message(&mut self, conn: u64, dc: i32, key: &mut KeyState, message: Incoming) -> FollowUp {
        let unique_id = i64::from_le_bytes(self.random_array());
        if let Some(log) = &mut self.message_log {
            log.extend(messages_of(conn, key.auth_key.id().0, &message));
        }
        let id = message.session_id;
        let mut session = key.sessions.remove(&id).unwrap_or_else(|| Session::new(id, unique_id));
        let unix = self.now.unix;
        let mut cx =
            MessageContext { conn, dc, unix, key, session: &mut session, follow_up: FollowUp::default() };
        match self.check_outer(&cx, &message) {
            Ok(()) => self.accepted(&mut cx, message),
            Err(reason) => self.refuse_message(&mut cx, message.msg_id, message.seq_no, reason),
        }
        let follow_up = cx.follow_up;
        self.flush(conn, &key.auth_key, key.salts.current(self.unix_seconds()), &mut session);
        key.sessions.insert(id, session);
        match follow_up.transport_error {
            Some(code) => self.fail(conn, code),
            None if follow_up.close => self.close(conn),
            None => {}
        }
        follow_up
    }

    /// Sends an update to all connected sessions of a key, or queues it for the next one that connects.
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

    /// Sends everything that is queued in the session.
    fn flush(&mut self, conn: u64, auth_key: &AuthKey, salt: i64, session: &mut Session) {
        let forgery = self.options.fault_injection.forgery;
        if let Some(body) = forgery.and_then(Forgery::extra_message) {
            session.send(self.now.unix, body, false, false);
        }
        for Outgoing { msg_id, seq_no, body, .. } in session.take_packets(self.now.unix) {
            let header = OutgoingHeader { salt, session_id: session.id, msg_id, seq_no };
            if let Some(forgery) = forgery {
                self.send_forged(conn, forgery, auth_key, header, body);
                continue;
            }
            let packet = envelope::seal(auth_key, header, &body, &mut *self.random);
            self.transmit_packet(conn, &packet);
        }
    }

    /// Checks the packet as a whole: salt, msg_id, time.
    fn check_outer(&self, cx: &MessageContext<'_>, message: &Incoming) -> Result<(), BadMessage> {
        // The salt comes first: the first msg_id of Pyrogram 1 is wrong, since it learns the time from this answer.
        if !cx.key.salts.accepts(message.salt, self.unix_seconds()) {
            return Err(BadMessage::Salt);
        }
        if !message.msg_id.is_multiple_of(4) {
            return Err(BadMessage::IdNotDivisible);
        }
        let (sent, now) = (message.msg_id >> 32, cx.unix.as_secs());
        if sent + MAX_MESSAGE_AGE < now {
            return Err(BadMessage::IdTooLow);
        }
        if sent > now + MAX_MESSAGE_LEAD {
            return Err(BadMessage::IdTooHigh);
        }
        Ok(())
    }

    fn accepted(&mut self, cx: &mut MessageContext<'_>, message: Incoming) {
        let Incoming { msg_id, seq_no, body, .. } = message;
        if cx.session.conn != Some(cx.conn) {
            cx.session.conn = Some(cx.conn);
            cx.session.resend_all(cx.unix);
            if self.options.fault_injection.withhold_results {
                cx.session.withhold_answers();
            }
        }
        if !cx.session.announced {
            cx.session.announced = true;
            let salt = cx.key.salts.current(self.unix_seconds());
            let created =
                Writer::object(NEW_SESSION_CREATED).u64(msg_id).i64(cx.session.unique_id).i64(salt).finish();
            cx.session.send(cx.unix, created, true, false);
        }
        if Reader::new(&body).u32() == Ok(MSG_CONTAINER) {
            self.container(cx, msg_id, seq_no, &body);
        } else {
            self.single(cx, msg_id, seq_no, body);
        }
    }

    fn container(&mut self, cx: &mut MessageContext<'_>, msg_id: u64, seq_no: u32, body: &[u8]) {
        if cx.session.received(msg_id).is_some() {
            return self.refuse_message(cx, msg_id, seq_no, BadMessage::ContainerIdTaken);
        }
        let Ok(inner) = read_container(msg_id, body) else {
            return self.refuse_message(cx, msg_id, seq_no, BadMessage::Container);
        };
        for (inner_id, inner_seq_no, inner_body) in inner {
            self.single(cx, inner_id, inner_seq_no, inner_body.to_vec());
        }
        if let Err(reason) = cx.session.accept(msg_id, seq_no, Parity::Even) {
            self.refuse_message(cx, msg_id, seq_no, reason);
        }
    }

    /// One message that is not a container.
    fn single(&mut self, cx: &mut MessageContext<'_>, msg_id: u64, seq_no: u32, mut body: Vec<u8>) {
        if cx.session.received(msg_id).is_some() {
            return cx.session.repeat(msg_id);
        }
        if cx.session.is_forgotten(msg_id) {
            return self.refuse_message(cx, msg_id, seq_no, BadMessage::IdForgotten);
        }
        if !msg_id.is_multiple_of(4) {
            return self.refuse_message(cx, msg_id, seq_no, BadMessage::IdNotDivisible);
        }
        if Reader::new(&body).u32() == Ok(GZIP_PACKED) {
            match decompress(&body) {
                Ok(decompressed) => body = decompressed,
                Err(Malformed) => return self.refuse(cx.conn, Refusal::Service(GZIP_PACKED)),
            }
        }
        // A body has at least four bytes, unless it came out of gzip.
        let constructor = Reader::new(&body).u32().unwrap_or_default();
        let parity = match constructor {
            MSGS_ACK if self.options.accept_odd_acks => Parity::Either,
            other => parity(other),
        };
        match cx.session.accept(msg_id, seq_no, parity) {
            Ok(()) => {
                if constructor == MSGS_ACK && seq_no & 1 == 1 {
                    self.tolerate(cx.conn, Tolerance::OddAcks);
                }
                self.dispatch(cx, msg_id, constructor, &body);
            }
            Err(reason) => self.refuse_message(cx, msg_id, seq_no, reason),
        }
    }

    fn dispatch(&mut self, cx: &mut MessageContext<'_>, msg_id: u64, constructor: u32, body: &[u8]) {
        let arguments = Reader::new(body.get(4..).unwrap_or_default());
        let outcome = match constructor {
            MSGS_ACK | MSGS_STATE_REQ | MSG_RESEND_REQ | MSG_RESEND_ANS_REQ => {
                self.about_messages(cx, msg_id, constructor, arguments)
            }
            PING
            | PING_DELAY_DISCONNECT
            | GET_FUTURE_SALTS
            | RPC_DROP_ANSWER
            | DESTROY_SESSION
            | DESTROY_AUTH_KEY => self.service(cx, msg_id, constructor, arguments),
            // For information only.
            HTTP_WAIT | MSGS_STATE_INFO | MSGS_ALL_INFO => Ok(()),
            0 | MSG_CONTAINER | GZIP_PACKED | MSG_COPY | RPC_RESULT | NEW_SESSION_CREATED | PONG => {
                Err(Malformed)
            }
            _ if self.owners.is_ended(cx.key.account_key()) => {
                let error = Writer::object(RPC_ERROR).i32(406).bytes(b"AUTH_KEY_DUPLICATED").finish();
                cx.answer(msg_id, &error);
                Ok(())
            }
            BIND_TEMP_AUTH_KEY => self.bind(cx, msg_id, body),
            _ => {
                match self.options.fault_injection.refuse_requests {
                    None => self.call(cx, msg_id, body),
                    Some(code) => {
                        let notice =
                            Writer::object(BAD_MSG_NOTIFICATION).u64(msg_id).i32(0).i32(code).finish();
                        cx.session.send(cx.unix, notice, false, true);
                    }
                }
                Ok(())
            }
        };
        if outcome == Err(Malformed) {
            self.refuse(cx.conn, Refusal::Service(constructor));
        }
    }

    fn random_array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// Sends `bad_msg_notification` or `bad_server_salt`.
    fn refuse_message(&mut self, cx: &mut MessageContext<'_>, msg_id: u64, seq_no: u32, reason: BadMessage) {
        self.refuse(cx.conn, Refusal::Message { msg_id, reason });
        let constructor = if reason == BadMessage::Salt { BAD_SERVER_SALT } else { BAD_MSG_NOTIFICATION };
        let mut body = Writer::object(constructor).u64(msg_id).raw(&seq_no.to_le_bytes()).i32(reason.code());
        if reason == BadMessage::Salt {
            body = body.i64(cx.key.salts.current(self.unix_seconds()));
        }
        cx.session.send(cx.unix, body.finish(), false, true);
    }
}
