//! One connection: its frames, the handshake that may run over it, and its one transmit in flight.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::config::Config;
use super::io::ConnId;
use crate::crypto::{AuthKey, SecureRandom};
use crate::handshake::{Handshake, HandshakeParameters, NewAuthKey, Step, plain};
use crate::rpc::DisconnectReason;
use crate::session::MsgIdGenerator;
use crate::time::{Now, Timestamp};
use crate::transport::{FrameEncoder, StreamMode, TransportKind, TransportStack};

/// A buffer that grew beyond this is not kept for reuse.
const KEPT_BUFFER: usize = 64 * 1024;

/// How long a transmit may take however short it is, and how many bytes more it may have each second (64 kbit/s).
const WRITE_WITHIN: Duration = Duration::from_secs(30);
const SLOWEST_WRITE: usize = 8 * 1024;

/// Where a connection stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// None, and none is due.
    Idle,
    /// None; the next attempt begins at this time.
    Waiting(Timestamp),
    /// There is one, or one is being opened.
    Open(Box<Stream>),
}

/// Until when a connection must be validated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// Unless there is a sign of the server before.
    pub(super) at: Timestamp,
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
    pub(super) fn go_on(&mut self, now: Timestamp) {
        self.at = self.limit.min(now + self.patience);
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) conn: ConnId,
    /// How frames are cut, where the disguise leaves the choice.
    pub(super) transport: TransportKind,
    /// What the stream is disguised as; `None`: as the configuration says.
    pub(super) disguise: Option<Box<StreamMode>>,
    /// What the stream goes through, once it is up.
    pub(super) layers: Option<TransportStack>,
    /// Whether a session or a handshake has begun over it.
    pub(super) begun: bool,
    /// Since when the peer has proved that it knows the key, and the key is fit for requests.
    pub(super) validated: Option<Timestamp>,
    /// When it must be validated.
    pub(super) due: Due,
    /// Whether the server has answered a step of a key exchange over it.
    pub(super) makes_key: bool,
    pub(super) exchange: Option<KeyExchange>,
    /// Until when the last transmit must be written, while it is not.
    write_due: Option<Timestamp>,
    spare: Vec<u8>,
}

impl Stream {
    pub(super) fn new(
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
    pub(super) const fn is_up(&self) -> bool {
        self.begun && self.exchange.is_none()
    }

    /// Whether a handshake or a session may begin now.
    pub(super) fn may_begin(&self) -> bool {
        !self.begun && self.write_due.is_none() && self.layers.as_ref().is_some_and(TransportStack::is_open)
    }

    /// Gives back the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.spare = Vec::new();
    }

    /// Until when the last transmit must be written; `None`: it is.
    pub(super) const fn write_due(&self) -> Option<Timestamp> {
        self.write_due
    }

    /// A buffer for the next transmit; `None` while the last is not written, or there is no stream yet.
    pub(super) fn take_buffer(&mut self) -> Option<Vec<u8>> {
        (self.layers.is_some() && self.write_due.is_none()).then(|| core::mem::take(&mut self.spare))
    }

    /// Takes the buffer of [`take_buffer`](Self::take_buffer) back; answers it if it is to be transmitted.
    pub(super) fn filled(&mut self, mut buffer: Vec<u8>, written: bool, now: Timestamp) -> Option<Vec<u8>> {
        if written {
            let seconds = (buffer.len() / SLOWEST_WRITE) as u64;
            self.write_due = Some(now + WRITE_WITHIN + Duration::from_secs(seconds));
            Some(buffer)
        } else {
            buffer.clear();
            self.spare = buffer;
            None
        }
    }

    /// The last transmit is out; its buffer comes back.
    pub(super) fn sent(&mut self, mut buffer: Vec<u8>) {
        self.write_due = None;
        if buffer.capacity() <= KEPT_BUFFER {
            buffer.clear();
            self.spare = buffer;
        }
    }
}

/// A handshake under way.
#[derive(Debug)]
pub(super) struct KeyExchange {
    state: Handshake,
    /// The body that must leave next.
    outgoing: Option<Vec<u8>>,
    ids: MsgIdGenerator,
    /// The permanent key for which a temporary one is made; `None`: it is the permanent key that is made.
    permanent: Option<AuthKey>,
}

/// What comes after an answer of the handshake.
pub(super) enum Advance {
    Continue(KeyExchange),
    Done {
        new: NewAuthKey,
        permanent: Option<AuthKey>,
        /// For another handshake over the same connection: identifiers must rise.
        ids: MsgIdGenerator,
    },
}

impl KeyExchange {
    /// Begins a handshake for a permanent key, or for a temporary one that is to stand for `permanent`.
    pub(super) fn start(
        config: &Config,
        dc_on_wire: i32,
        permanent: Option<AuthKey>,
        ids: MsgIdGenerator,
        random: &mut dyn SecureRandom,
    ) -> Self {
        let expires_in = permanent.as_ref().map(|_| config.temporary_key_seconds());
        let public_keys = config.public_keys.clone();
        let parameters = HandshakeParameters { dc: dc_on_wire, public_keys, expires_in };
        let (state, body) = Handshake::start(parameters, random);
        Self { state, outgoing: Some(body), ids, permanent }
    }

    pub(super) fn advance(
        self,
        packet: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Advance, DisconnectReason> {
        let Self { state, ids, permanent, .. } = self;
        let (_, body) = plain::decode(packet).map_err(DisconnectReason::Plain)?;
        Ok(match state.receive(body, random).map_err(DisconnectReason::Handshake)? {
            Step::Send(state, body) => {
                Advance::Continue(Self { state, outgoing: Some(body), ids, permanent })
            }
            Step::Done(new) => Advance::Done { new: *new, permanent, ids },
        })
    }

    /// Writes what must leave next; answers whether there was anything.
    pub(super) fn write(
        &mut self,
        server_time: Duration,
        encoder: &mut FrameEncoder,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> bool {
        /// The bytes before an unencrypted body: auth_key_id 8, msg_id 8, length 4.
        const PLAIN_HEADER_LEN: usize = 20;
        let Some(body) = self.outgoing.take() else { return false };
        let id = self.ids.next(server_time);
        let Ok(frame) = encoder.begin(PLAIN_HEADER_LEN + body.len(), out, false) else { return false };
        plain::encode(id.0, &body, out);
        encoder.finish(frame, out, random).is_ok()
    }
}
