//! One connection on the server's side, and how bytes leave through it: at once, or one by one on purpose.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use sansgram_core::time::Timestamp;

use super::framing::{Framing, Stream};
use super::frontend::Frontend;
use super::{ServerOutput, TestDcs};

/// What the server keeps for a connection.
pub(super) struct Connection {
    pub(super) dc: i32,
    pub(super) stream: Stream,
    /// The server's address that the client is connected to, if it is known.
    pub(super) reached_at: Option<IpAddr>,
    /// When `ping_delay_disconnect` ends it.
    pub(super) disconnect_at: Option<Timestamp>,
    last_plain_received: u64,
    last_plain_sent: u64,
    replied: bool,
    /// Bytes that leave one at a time, and when the next one does.
    trickle: VecDeque<u8>,
    trickle_at: Option<Timestamp>,
    /// Whether it ends as soon as `trickle` is empty.
    closing: bool,
}

impl Connection {
    pub(super) fn new(dc: i32, front: &Frontend, may_upgrade: bool) -> Self {
        let mut stream = Stream::behind(front);
        if may_upgrade && *front == Frontend::None {
            stream.allow_upgrade();
        }
        Self {
            dc,
            stream,
            reached_at: None,
            disconnect_at: None,
            last_plain_received: 0,
            last_plain_sent: 0,
            replied: false,
            trickle: VecDeque::new(),
            trickle_at: None,
            closing: false,
        }
    }

    /// Whether packets may be followed by up to 15 bytes of filling.
    pub(super) fn is_padded(&self) -> bool {
        self.stream.framing() == Some(Framing::PaddedIntermediate)
    }

    pub(super) const fn is_closing(&self) -> bool {
        self.closing
    }

    /// When this connection next needs attention.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        [self.disconnect_at, self.trickle_at].into_iter().flatten().min()
    }

    /// Whether the identifier of an unencrypted message is divisible by 4 and above the one before.
    pub(super) const fn is_good_plain_id(&mut self, msg_id: u64) -> bool {
        let good = msg_id > self.last_plain_received && msg_id.is_multiple_of(4);
        self.last_plain_received = msg_id;
        good
    }

    pub(super) fn next_plain_id(&mut self, now: u64) -> u64 {
        self.last_plain_sent = now.max((self.last_plain_sent & !3) + 4) | 1;
        self.last_plain_sent
    }
}

/// How many random bytes stand for garbage.
const GARBAGE: usize = 64;

impl TestDcs {
    /// Sends a payload in a frame of its own.
    pub(super) fn transmit_packet(&mut self, id: u64, payload: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let bytes = conn.stream.frame(payload, &mut *self.random);
        self.transmit(id, bytes);
    }

    pub(super) fn quick_ack(&mut self, id: u64, token: u32) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let bytes = conn.stream.quick_ack(token, &mut *self.random);
        self.transmit(id, bytes);
    }

    pub(super) fn transmit(&mut self, id: u64, mut bytes: Vec<u8>) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if bytes.is_empty() {
            return;
        }
        if self.options.misbehaviour.garbage_first_reply && !conn.replied {
            bytes = vec![0; GARBAGE];
            self.random.fill(&mut bytes);
        }
        conn.replied = true;
        match self.options.misbehaviour.slow_bytes {
            Some(interval) => {
                conn.trickle.extend(bytes);
                conn.trickle_at.get_or_insert(self.now.monotonic + interval);
            }
            None => self.outputs.push_back(ServerOutput::Transmit { conn: id, bytes }),
        }
    }

    /// Closes the connection once its last byte has left.
    pub(super) fn close(&mut self, id: u64) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.closing = true;
        conn.disconnect_at = None;
        if conn.trickle.is_empty() {
            self.conns.remove(&id);
            self.lost(id);
            self.outputs.push_back(ServerOutput::Close { conn: id });
        }
    }

    pub(super) fn run_timers(&mut self) {
        let now = self.now.monotonic;
        // A zero interval would never let time pass.
        let interval = self.options.misbehaviour.slow_bytes.unwrap_or_default().max(Duration::from_nanos(1));
        let mut ended = Vec::new();
        for (&id, conn) in &mut self.conns {
            let mut bytes = Vec::new();
            while let Some(at) = conn.trickle_at.filter(|&at| at <= now) {
                bytes.extend(conn.trickle.pop_front());
                conn.trickle_at = (!conn.trickle.is_empty()).then(|| at + interval);
            }
            if !bytes.is_empty() {
                self.outputs.push_back(ServerOutput::Transmit { conn: id, bytes });
            }
            let drained = conn.closing && conn.trickle.is_empty();
            if drained || conn.disconnect_at.is_some_and(|at| at <= now) {
                ended.push(id);
            }
        }
        for id in ended {
            self.close(id);
        }
    }
}
