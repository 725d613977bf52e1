//! One session of a key: received messages, queued messages, and messages without an ack.
//!
//! Sources: `core.telegram.org/mtproto/description`, `.../service_messages`, `.../service_messages_about_messages`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::constructors::{MSG_CONTAINER, MSGS_ACK};
use super::policy::{CONTAINER_BYTES, CONTAINER_MESSAGES, REMEMBERED_IDS, RESEND_AFTER};
use crate::wire::Writer;

/// What is wrong with a message, by the codes of `bad_msg_notification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadMessage {
    /// Code 16.
    #[error("msg_id is more than 300 s in the past")]
    IdTooLow,
    /// Code 17.
    #[error("msg_id is more than 30 s in the future")]
    IdTooHigh,
    /// Code 18.
    #[error("msg_id is not divisible by 4")]
    IdNotDivisible,
    /// Code 19.
    #[error("a container reuses the msg_id of an earlier message")]
    ContainerIdTaken,
    /// Code 20.
    #[error("msg_id is older than the server remembers")]
    IdForgotten,
    /// Code 32.
    #[error("seq_no is too low: an earlier message has a higher one")]
    SeqNoTooLow,
    /// Code 33.
    #[error("seq_no is too high: a later message has a lower one")]
    SeqNoTooHigh,
    /// Code 34.
    #[error("an odd seq_no on a message that is not content-related")]
    SeqNoOdd,
    /// Code 35.
    #[error("an even seq_no on a content-related message")]
    SeqNoEven,
    /// Code 48, sent as `bad_server_salt`.
    #[error("the salt is not valid now")]
    Salt,
    /// Code 64.
    #[error("invalid container")]
    Container,
}

impl BadMessage {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::IdTooLow => 16,
            Self::IdTooHigh => 17,
            Self::IdNotDivisible => 18,
            Self::ContainerIdTaken => 19,
            Self::IdForgotten => 20,
            Self::SeqNoTooLow => 32,
            Self::SeqNoTooHigh => 33,
            Self::SeqNoOdd => 34,
            Self::SeqNoEven => 35,
            Self::Salt => 48,
            Self::Container => 64,
        }
    }
}

/// Whether a message may or must be acknowledged, which the lowest bit of its `seq_no` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parity {
    Even,
    Odd,
    Either,
}

/// A client's message that was accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) seq_no: u32,
    /// The message that answers it, if any.
    pub(crate) answer: Option<u64>,
    /// Whether the answer is an error.
    failed: bool,
}

/// A message that is queued or waits for its ack.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) msg_id: u64,
    pub(crate) seq_no: u32,
    pub(crate) body: Vec<u8>,
    /// Whether it was sent before, under the same identifier.
    repeated: bool,
}

/// The state of a session.
pub(crate) struct Session {
    pub(crate) id: i64,
    pub(crate) unique_id: i64,
    /// Whether `new_session_created` was queued.
    pub(crate) announced: bool,
    /// The connection that the client used last, if it is open.
    pub(crate) conn: Option<u64>,
    received: BTreeMap<u64, Received>,
    /// All identifiers up to this one count as forgotten.
    forgotten: u64,
    content_sent: u32,
    last_sent: u64,
    unacked: BTreeMap<u64, Outgoing>,
    outgoing: Vec<Outgoing>,
    to_ack: Vec<u64>,
}

impl Session {
    pub(crate) const fn new(id: i64, unique_id: i64) -> Self {
        Self {
            id,
            unique_id,
            announced: false,
            conn: None,
            received: BTreeMap::new(),
            forgotten: 0,
            content_sent: 0,
            last_sent: 0,
            unacked: BTreeMap::new(),
            outgoing: Vec::new(),
            to_ack: Vec::new(),
        }
    }

    /// Returns what is stored of a client's message.
    pub(crate) fn received(&self, msg_id: u64) -> Option<&Received> {
        self.received.get(&msg_id)
    }

    /// Whether `msg_id` is too old for the session to know whether it was received.
    pub(crate) const fn is_forgotten(&self, msg_id: u64) -> bool {
        msg_id <= self.forgotten
    }

    /// Compares `seq_no` with its parity and with the messages before and after, then remembers the message.
    pub(crate) fn accept(&mut self, msg_id: u64, seq_no: u32, parity: Parity) -> Result<(), BadMessage> {
        let odd = seq_no & 1 == 1;
        match parity {
            Parity::Even if odd => return Err(BadMessage::SeqNoOdd),
            Parity::Odd if !odd => return Err(BadMessage::SeqNoEven),
            _ => {}
        }
        let before = self.received.range(..msg_id).next_back();
        if before.is_some_and(|(_, earlier)| earlier.seq_no > seq_no || (earlier.seq_no == seq_no && odd)) {
            return Err(BadMessage::SeqNoTooLow);
        }
        let after = self.received.range(msg_id + 1..).next();
        if after.is_some_and(|(_, later)| later.seq_no < seq_no || (later.seq_no == seq_no && odd)) {
            return Err(BadMessage::SeqNoTooHigh);
        }
        self.received.insert(msg_id, Received { seq_no, answer: None, failed: false });
        if odd {
            self.to_ack.push(msg_id);
        }
        if self.received.len() > REMEMBERED_IDS
            && let Some((oldest, _)) = self.received.pop_first()
        {
            self.forgotten = oldest;
        }
        Ok(())
    }

    /// Processes a repeated message: acknowledges it again, and resends its answer unless the client has acknowledged
    /// that.
    pub(crate) fn repeat(&mut self, msg_id: u64) {
        let Some(&Received { seq_no, answer, .. }) = self.received.get(&msg_id) else { return };
        if seq_no & 1 == 1 {
            self.to_ack.push(msg_id);
        }
        if let Some(answer) = answer {
            self.resend(answer);
        }
    }

    /// Queues a message. A content-related one is kept until it is acknowledged.
    pub(crate) fn send(&mut self, unix: Duration, body: Vec<u8>, content: bool, reply: bool) -> u64 {
        let msg_id = self.next_msg_id(unix, reply);
        let mut seq_no = self.content_sent * 2;
        if content {
            seq_no += 1;
            self.content_sent += 1;
        }
        let message = Outgoing { msg_id, seq_no, body, repeated: false };
        if content {
            self.unacked.insert(msg_id, message.clone());
        }
        self.outgoing.push(message);
        msg_id
    }

    /// Queues the answer to a request, which also acknowledges the request. `failed`: whether it is an error.
    pub(crate) fn answer(&mut self, unix: Duration, request: u64, body: Vec<u8>, failed: bool) {
        let msg_id = self.send(unix, body, true, true);
        self.to_ack.retain(|&waiting| waiting != request);
        if let Some(received) = self.received.get_mut(&request) {
            (received.answer, received.failed) = (Some(msg_id), failed);
        }
    }

    /// Whether a request was executed without an error, as far as the session remembers.
    pub(crate) fn has_succeeded(&self, request: u64) -> bool {
        let received = self.received.get(&request);
        let succeeded = received.is_some_and(|received| received.answer.is_some() && !received.failed);
        succeeded || self.is_forgotten(request)
    }

    /// Removes the answer to a request from the queue; the client can still request it.
    pub(crate) fn withhold_answer(&mut self, request: u64) {
        let answer = self.received.get(&request).and_then(|received| received.answer);
        self.outgoing.retain(|waiting| Some(waiting.msg_id) != answer);
    }

    /// Removes all answers from the queue, but nothing else: above all, `new_session_created` is sent until it is
    /// acknowledged.
    pub(crate) fn withhold_answers(&mut self) {
        self.outgoing.retain(|waiting| waiting.msg_id & 3 != 1);
    }

    /// Queues a message again; `false` if none without an ack has this identifier.
    pub(crate) fn resend(&mut self, msg_id: u64) -> bool {
        let Some(message) = self.unacked.get(&msg_id) else { return false };
        if !self.outgoing.iter().any(|waiting| waiting.msg_id == msg_id) {
            self.outgoing.push(Outgoing { repeated: true, ..message.clone() });
        }
        true
    }

    /// Queues all messages without an ack again, since the client uses another connection.
    pub(crate) fn resend_all(&mut self, unix: Duration) {
        let limit = msg_id_at(unix.saturating_sub(RESEND_AFTER));
        let fresh = self.unacked.split_off(&limit);
        let stale = std::mem::replace(&mut self.unacked, fresh);
        let repeated = |message: &Outgoing| Outgoing { repeated: true, ..message.clone() };
        self.outgoing = self.unacked.values().map(repeated).collect();
        for (old, message) in stale {
            let msg_id = self.send(unix, message.body, true, old & 3 == 1);
            for received in self.received.values_mut().filter(|received| received.answer == Some(old)) {
                received.answer = Some(msg_id);
            }
        }
    }

    /// Processes acks.
    pub(crate) fn acknowledged(&mut self, msg_ids: &[u64]) {
        for msg_id in msg_ids {
            self.unacked.remove(msg_id);
        }
    }

    /// Drops an answer and returns it; `None` if it is acknowledged or unknown.
    pub(crate) fn drop_answer(&mut self, request: u64) -> Option<Outgoing> {
        let answer = self.received.get(&request)?.answer?;
        let message = self.unacked.remove(&answer)?;
        self.outgoing.retain(|waiting| waiting.msg_id != answer);
        Some(message)
    }

    /// The byte of `msgs_state_info` for one of the client's messages.
    pub(crate) fn state_of(&self, msg_id: u64, unix: Duration) -> u8 {
        match self.received.get(&msg_id) {
            Some(received) => {
                let needs_ack = if received.seq_no & 1 == 1 { 8 } else { 16 };
                let answered = if received.answer.is_some() { 32 + 64 } else { 0 };
                4 | needs_ack | answered
            }
            None if msg_id <= self.forgotten => 1,
            None if msg_id > msg_id_at(unix) => 3,
            None => 2,
        }
    }

    /// Takes all queued messages: a single one as it is, several in containers.
    pub(crate) fn take_packets(&mut self, unix: Duration) -> Vec<Outgoing> {
        if !self.to_ack.is_empty() {
            for ids in std::mem::take(&mut self.to_ack).chunks(8192) {
                self.send(unix, Writer::object(MSGS_ACK).longs(ids).finish(), false, false);
            }
        }
        let mut waiting = std::mem::take(&mut self.outgoing);
        // A resent message keeps its identifier; in a container, the plaintext still differs each time.
        if waiting.len() == 1 && !waiting.iter().any(|message| message.repeated) {
            return waiting;
        }
        let mut packets = Vec::new();
        while !waiting.is_empty() {
            let mut bytes = 0;
            let fitting = waiting.iter().take(CONTAINER_MESSAGES).take_while(|message| {
                bytes += message.body.len() + 16;
                bytes <= CONTAINER_BYTES
            });
            let count = fitting.count().max(1);
            let rest = waiting.split_off(count);
            packets.push(self.container(unix, &waiting));
            waiting = rest;
        }
        packets
    }

    fn container(&mut self, unix: Duration, messages: &[Outgoing]) -> Outgoing {
        let count = i32::try_from(messages.len()).expect("a container has at most 1000 messages");
        let body = messages.iter().fold(Writer::object(MSG_CONTAINER).i32(count), |out, message| {
            let length = i32::try_from(message.body.len()).expect("no message has 2 GiB");
            let seq_no = message.seq_no.to_le_bytes();
            out.u64(message.msg_id).raw(&seq_no).i32(length).raw(&message.body)
        });
        let reply = messages.iter().any(|message| message.msg_id & 3 == 1);
        let msg_id = self.next_msg_id(unix, reply);
        Outgoing { msg_id, seq_no: self.content_sent * 2, body: body.finish(), repeated: false }
    }

    fn next_msg_id(&mut self, unix: Duration, reply: bool) -> u64 {
        let base = msg_id_at(unix).max((self.last_sent & !3) + 4);
        self.last_sent = base | if reply { 1 } else { 3 };
        self.last_sent
    }
}

/// The identifier of a message made at this moment, its two lowest bits 0.
pub(crate) fn msg_id_at(unix: Duration) -> u64 {
    let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
    unix.as_secs() << 32 | fraction & !3
}
