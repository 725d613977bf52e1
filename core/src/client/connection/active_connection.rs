//! An active connection: its stage, its deadlines, and its one transmit in flight.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::key_exchange::KeyExchange;
use crate::client::config::Config;
use crate::client::io::ConnId;
use crate::policy;
use crate::time::{Now, Timestamp};
use crate::transport::{Framing, StreamMode, TransportStack};

/// The state of a connection.
///
/// | state | event | next |
/// |---|---|---|
/// | `Idle` | a request, [`Client::connect`](crate::client::Client::connect) or a key rotation needs it | `Connecting` |
/// | `Backoff` | its time is over, or `connect` cuts it short | `Connecting` |
/// | [`Connecting`](Stage::Connecting) | the stream is up | `OpeningTunnel` |
/// | [`OpeningTunnel`](Stage::OpeningTunnel) | the tunnel is open, and a session or a key of the DC is known | `Validating` or `Binding` |
/// | | the tunnel is open, and a key is missing | `KeyExchange` |
/// | [`KeyExchange`](Stage::KeyExchange) | the permanent key is made, and requests travel under temporary ones | `KeyExchange` |
/// | | the permanent key is made, and requests travel under it | `Validating` |
/// | | the temporary key is made | `Binding` |
/// | [`Binding`](Stage::Binding) | the server has bound the temporary key | `Ready` |
/// | [`Validating`](Stage::Validating) | a pong or a result decrypts | `Ready` |
/// | any stage | lost, refused, or its time is over | `Backoff` if something still needs it, else `Idle` |
#[derive(Debug)]
pub(crate) enum ConnectionState {
    Idle,
    /// The next attempt begins at this time.
    Backoff(Timestamp),
    Active(Box<ActiveConnection>),
}

/// The stage of an active connection. [`ConnectionState`] has the transitions.
#[derive(Debug)]
pub(crate) enum Stage {
    /// [`Output::Open`](crate::client::Output::Open) is out.
    Connecting,
    /// The stream is up. Its tunnel (fake TLS or a WebSocket), if it has one, waits for the peer's first answer.
    OpeningTunnel,
    /// A key exchange is running.
    KeyExchange(Box<KeyExchange>),
    /// The session's temporary key is not bound yet.
    Binding,
    /// The peer has not proved yet that it has the key.
    Validating,
    /// Requests may be sent, since this time.
    Ready(Timestamp),
}

/// The time by which a connection must be ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// The deadline. Signs of life of the server extend it.
    pub(crate) at: Timestamp,
    /// Its latest time.
    limit: Timestamp,
    timeout: Duration,
}

impl Deadline {
    fn new(config: &Config, now: Timestamp) -> Self {
        let (limit, timeout) = (now + config.connect_limit, config.connect_timeout);
        Self { at: limit.min(now + timeout), limit, timeout }
    }

    /// Extends the deadline after a sign of life of the server.
    pub(crate) fn extend(&mut self, now: Timestamp) {
        self.at = self.limit.min(now + self.timeout);
    }
}

/// An active connection: from [`Output::Open`](crate::client::Output::Open) until it is closed or lost.
#[derive(Debug)]
pub(crate) struct ActiveConnection {
    pub(crate) conn: ConnId,
    /// The framing, unless the stream mode requires another.
    pub(crate) framing: Framing,
    /// The stream mode; `None`: the configuration's.
    pub(crate) mode: Option<Box<StreamMode>>,
    /// The layers of the transport; `None` while it is connecting.
    pub(crate) stack: Option<TransportStack>,
    pub(crate) stage: Stage,
    /// Whether the tunnel (fake TLS or a WebSocket) is open, or there is none.
    is_tunnel_open: bool,
    /// The time by which it must be ready.
    pub(crate) deadline: Deadline,
    /// Whether the server has answered a step of a key exchange on it.
    pub(crate) has_key_answer: bool,
    /// The deadline of the transmit in flight; `None` if there is none.
    write_due: Option<Timestamp>,
    /// The buffer of the last transmit, kept for the next.
    spare: Vec<u8>,
}

impl ActiveConnection {
    pub(crate) fn new(
        conn: ConnId,
        framing: Framing,
        mode: Option<Box<StreamMode>>,
        config: &Config,
        now: Now,
    ) -> Self {
        Self {
            conn,
            framing,
            mode,
            stack: None,
            stage: Stage::Connecting,
            is_tunnel_open: false,
            deadline: Deadline::new(config, now.monotonic),
            has_key_answer: false,
            write_due: None,
            spare: Vec::new(),
        }
    }

    /// Returns whether encrypted messages may be sent.
    pub(crate) const fn carries_session(&self) -> bool {
        matches!(self.stage, Stage::Binding | Stage::Validating | Stage::Ready(_))
    }

    /// Returns the time since which the connection is ready.
    pub(crate) const fn ready_since(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Ready(since) => Some(since),
            _ => None,
        }
    }

    /// Returns whether a key exchange or a session may begin now.
    pub(crate) fn may_start(&self) -> bool {
        let is_open = self.stack.as_ref().is_some_and(TransportStack::is_open);
        matches!(self.stage, Stage::OpeningTunnel) && self.write_due.is_none() && is_open
    }

    /// Checks whether the tunnel has opened, which is a sign of life.
    pub(crate) fn check_tunnel_opened(&mut self, now: Timestamp) {
        if !self.is_tunnel_open && self.stack.as_ref().is_some_and(TransportStack::is_open) {
            self.is_tunnel_open = true;
            self.deadline.extend(now);
        }
    }

    /// Frees the memory that is kept for reuse.
    pub(crate) fn trim(&mut self) {
        self.spare = Vec::new();
        if let Some(stack) = &mut self.stack {
            stack.trim();
        }
    }

    /// Returns the deadline of the transmit in flight, or `None` if there is none.
    pub(crate) const fn write_due(&self) -> Option<Timestamp> {
        self.write_due
    }

    /// Returns a buffer for the next transmit, or `None` while one is in flight or the stream is not up.
    pub(crate) fn take_buffer(&mut self) -> Option<Vec<u8>> {
        (self.stack.is_some() && self.write_due.is_none()).then(|| core::mem::take(&mut self.spare))
    }

    /// Takes the buffer of [`take_buffer`](Self::take_buffer) back. Returns it, to be transmitted, if it was written
    /// to.
    pub(crate) fn finish_buffer(
        &mut self,
        mut buffer: Vec<u8>,
        written: bool,
        now: Timestamp,
    ) -> Option<Vec<u8>> {
        if written {
            let seconds = (buffer.len() / policy::MIN_WRITE_RATE) as u64;
            self.write_due = Some(now + policy::WRITE_TIMEOUT + Duration::from_secs(seconds));
            Some(buffer)
        } else {
            buffer.clear();
            self.spare = buffer;
            None
        }
    }

    /// Handles that the transmit in flight was written. Keeps its buffer for the next.
    pub(crate) fn on_transmitted(&mut self, mut buffer: Vec<u8>) {
        self.write_due = None;
        if buffer.capacity() <= policy::MAX_KEPT_TRANSMIT_BUFFER {
            buffer.clear();
            self.spare = buffer;
        }
    }
}
