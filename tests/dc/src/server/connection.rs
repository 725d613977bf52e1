//! One connection on the server's side.

use std::collections::VecDeque;
use std::net::IpAddr;

use sansgram_core::time::Timestamp;

use super::framing::Framing;
use super::frontend::Frontend;
use super::stream::Stream;

/// The state of a connection.
pub(super) struct Connection {
    pub(super) dc: i32,
    pub(super) stream: Stream,
    /// The server's address that the client is connected to, if it is known.
    pub(super) local_ip: Option<IpAddr>,
    /// The client's address, if it is known.
    pub(super) client_ip: Option<IpAddr>,
    /// When `ping_delay_disconnect` ends it.
    pub(super) disconnect_at: Option<Timestamp>,
    last_plain_received: u64,
    last_plain_sent: u64,
    pub(super) replied: bool,
    /// Bytes to send one at a time, and when the next one is due.
    pub(super) trickle: VecDeque<u8>,
    pub(super) trickle_at: Option<Timestamp>,
    /// Whether it closes as soon as `trickle` is empty.
    pub(super) closing: bool,
}

impl Connection {
    pub(super) fn new(dc: i32, frontend: &Frontend, may_upgrade: bool) -> Self {
        let mut stream = Stream::new(frontend);
        if may_upgrade && *frontend == Frontend::None {
            stream.allow_upgrade();
        }
        Self {
            dc,
            stream,
            local_ip: None,
            client_ip: None,
            disconnect_at: None,
            last_plain_received: 0,
            last_plain_sent: 0,
            replied: false,
            trickle: VecDeque::new(),
            trickle_at: None,
            closing: false,
        }
    }

    /// Whether up to 15 bytes of padding may follow a packet.
    pub(super) fn is_padded(&self) -> bool {
        self.stream.framing() == Some(Framing::PaddedIntermediate)
    }

    pub(super) const fn is_closing(&self) -> bool {
        self.closing
    }

    /// Returns the next deadline of the connection.
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
