//! One connection: its frames, the handshake that may run over it, and its one transmit in flight.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::key_exchange::KeyExchange;
use crate::client::config::Config;
use crate::client::io::ConnId;
use crate::policy;
use crate::time::{Now, Timestamp};
use crate::transport::{StreamMode, TransportKind, TransportStack};

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// None, and none is due.
    Idle,
    /// None; the next attempt begins at this time.
    Waiting(Timestamp),
    /// There is one, or one is being opened.
    Open(Box<Stream>),
}

/// Until when a connection must be validated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// Unless there is a sign of the server before.
    pub(crate) at: Timestamp,
    /// In any case.
    limit: Timestamp,
    patience: Duration,
}

impl Due {
    fn new(config: &Config, now: Timestamp) -> Self {
        let (limit, patience) = (now + config.connect_limit, config.connect_timeout);
        Self { at: limit.min(now + patience), limit, patience }
    }

    /// There was a sign of the server: it has time for another.
    pub(crate) fn go_on(&mut self, now: Timestamp) {
        self.at = self.limit.min(now + self.patience);
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) conn: ConnId,
    /// How frames are cut, where the disguise leaves the choice.
    pub(crate) transport: TransportKind,
    /// What the stream is disguised as; `None`: as the configuration says.
    pub(crate) disguise: Option<Box<StreamMode>>,
    /// What the stream goes through, once it is up.
    pub(crate) layers: Option<TransportStack>,
    /// Whether a session or a handshake has begun over it.
    pub(crate) begun: bool,
    /// Since when the peer has proved that it knows the key, and the key is fit for requests.
    pub(crate) validated: Option<Timestamp>,
    /// When it must be validated.
    pub(crate) due: Due,
    /// Whether the server has answered a step of a key exchange over it.
    pub(crate) makes_key: bool,
    pub(crate) exchange: Option<KeyExchange>,
    /// Until when the last transmit must be written, while it is not.
    write_due: Option<Timestamp>,
    spare: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(
        conn: ConnId,
        transport: TransportKind,
        disguise: Option<Box<StreamMode>>,
        config: &Config,
        now: Now,
    ) -> Self {
        Self {
            conn,
            transport,
            disguise,
            layers: None,
            begun: false,
            validated: None,
            due: Due::new(config, now.monotonic),
            makes_key: false,
            exchange: None,
            write_due: None,
            spare: Vec::new(),
        }
    }

    /// Whether encrypted messages may leave.
    pub(crate) const fn is_up(&self) -> bool {
        self.begun && self.exchange.is_none()
    }

    /// Whether a handshake or a session may begin now.
    pub(crate) fn may_begin(&self) -> bool {
        !self.begun && self.write_due.is_none() && self.layers.as_ref().is_some_and(TransportStack::is_open)
    }

    /// Gives back the memory that is kept for reuse.
    pub(crate) fn trim(&mut self) {
        self.spare = Vec::new();
    }

    /// Until when the last transmit must be written; `None`: it is.
    pub(crate) const fn write_due(&self) -> Option<Timestamp> {
        self.write_due
    }

    /// A buffer for the next transmit; `None` while the last is not written, or there is no stream yet.
    pub(crate) fn take_buffer(&mut self) -> Option<Vec<u8>> {
        (self.layers.is_some() && self.write_due.is_none()).then(|| core::mem::take(&mut self.spare))
    }

    /// Takes the buffer of [`take_buffer`](Self::take_buffer) back; answers it if it is to be transmitted.
    pub(crate) fn filled(&mut self, mut buffer: Vec<u8>, written: bool, now: Timestamp) -> Option<Vec<u8>> {
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

    /// The last transmit is out; its buffer comes back.
    pub(crate) fn transmitted(&mut self, mut buffer: Vec<u8>) {
        self.write_due = None;
        if buffer.capacity() <= policy::MAX_KEPT_TRANSMIT_BUFFER {
            buffer.clear();
            self.spare = buffer;
        }
    }
}
