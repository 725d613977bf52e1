//! The key exchange of a connection, before its session.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::client::config::Config;
use crate::client::conn_id::ConnId;
use crate::crypto::random::SeededRandom;
use crate::crypto::{AuthKey, SecureRandom};
use crate::handshake::{Handshake, HandshakeError, HandshakeParameters, NewAuthKey, Step, plain};
use crate::rpc::DisconnectReason;
use crate::session::MsgIdGenerator;
use crate::transport::FrameEncoder;

/// A running key exchange: a [`Handshake`] and the msg_ids of its unencrypted messages.
#[derive(Debug)]
pub(crate) struct KeyExchange {
    progress: Progress,
    /// The body to send next.
    outgoing: Option<Vec<u8>>,
    ids: MsgIdGenerator,
    /// The permanent key, if a temporary one is made to be bound to it; `None` if the permanent key is made.
    permanent: Option<AuthKey>,
}

/// Who acts next.
#[derive(Debug)]
enum Progress {
    /// The server: its answer is awaited.
    Waiting(Handshake),
    /// The embedder: the task is to be output.
    Deferred(KeyExchangeTask),
    /// The embedder: the task is out.
    Computing,
    /// We: the task was run.
    Computed(Box<KeyExchangeOutput>),
}

/// A step of a key exchange: takes some milliseconds, or about 50 ms if the server's prime is not the known one. Run it
/// on a thread for blocking work and return the output. It holds secrets of the key exchange, which are wiped on drop and
/// not in the `Debug` output.
pub struct KeyExchangeTask {
    conn: ConnId,
    // Boxed, so that no output is larger for it, and moving it between threads leaves no copies behind.
    work: Box<Work>,
}

/// An answer of the server, and what handles it.
struct Work {
    handshake: Handshake,
    answer: Vec<u8>,
    // Boxed, so that running the task leaves no copy behind.
    random: Box<SeededRandom>,
}

/// The output of a [`KeyExchangeTask`].
pub struct KeyExchangeOutput {
    conn: ConnId,
    result: Result<Step, HandshakeError>,
}

impl KeyExchangeTask {
    /// Runs the task.
    #[must_use]
    pub fn run(self) -> KeyExchangeOutput {
        let Work { handshake, answer, mut random } = *self.work;
        KeyExchangeOutput { conn: self.conn, result: handshake.receive(&answer, &mut *random) }
    }
}

impl KeyExchangeOutput {
    /// Returns the connection whose key exchange this is.
    pub(crate) const fn conn(&self) -> ConnId {
        self.conn
    }
}

impl fmt::Debug for KeyExchangeTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyExchangeTask").field("conn", &self.conn).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyExchangeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyExchangeOutput").field("conn", &self.conn).finish_non_exhaustive()
    }
}

/// The state of a key exchange after an answer.
pub(crate) enum Advance {
    Continue(KeyExchange),
    Done {
        new: NewAuthKey,
        permanent: Option<AuthKey>,
        /// For another key exchange on the same connection: msg_ids must rise.
        ids: MsgIdGenerator,
    },
}

impl KeyExchange {
    /// Starts a key exchange for a permanent key, or for a temporary one to be bound to `permanent`.
    pub(crate) fn start(
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
        Self { progress: Progress::Waiting(state), outgoing: Some(body), ids, permanent }
    }

    /// Handles an answer of the server.
    pub(crate) fn advance(
        self,
        packet: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Advance, DisconnectReason> {
        let (handshake, body) = self.progress.on_answer(packet)?;
        let result = handshake.receive(body, random);
        Self::after(result, self.ids, self.permanent)
    }

    /// Handles an answer of the server by a task of the connection `conn`.
    pub(crate) fn defer(
        self,
        conn: ConnId,
        packet: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Self, DisconnectReason> {
        let (handshake, body) = self.progress.on_answer(packet)?;
        let random = Box::new(SeededRandom::new(random));
        let work = Work { handshake, answer: body.to_vec(), random };
        let progress = Progress::Deferred(KeyExchangeTask { conn, work: Box::new(work) });
        Ok(Self { progress, ..self })
    }

    /// Returns the task that is to be output, once.
    pub(crate) fn take_task(&mut self) -> Option<KeyExchangeTask> {
        if !matches!(self.progress, Progress::Deferred(_)) {
            return None;
        }
        match core::mem::replace(&mut self.progress, Progress::Computing) {
            Progress::Deferred(task) => Some(task),
            _ => None,
        }
    }

    /// Takes the output of the task. Returns whether one is out.
    pub(crate) fn set_computed(&mut self, output: KeyExchangeOutput) -> bool {
        let is_out = matches!(self.progress, Progress::Computing);
        if is_out {
            self.progress = Progress::Computed(Box::new(output));
        }
        is_out
    }

    /// Returns whether the output of the task is there: [`resume`](Self::resume) is next.
    pub(crate) const fn is_computed(&self) -> bool {
        matches!(self.progress, Progress::Computed(_))
    }

    /// Continues with the output of the task.
    pub(crate) fn resume(self) -> Result<Advance, DisconnectReason> {
        match self.progress {
            Progress::Computed(output) => Self::after(output.result, self.ids, self.permanent),
            _ => Err(DisconnectReason::Handshake(HandshakeError::NotAwaited)),
        }
    }

    fn after(
        result: Result<Step, HandshakeError>,
        ids: MsgIdGenerator,
        permanent: Option<AuthKey>,
    ) -> Result<Advance, DisconnectReason> {
        Ok(match result.map_err(DisconnectReason::Handshake)? {
            Step::Send(state, body) => Advance::Continue(Self {
                progress: Progress::Waiting(state),
                outgoing: Some(body),
                ids,
                permanent,
            }),
            Step::Done(new) => Advance::Done { new: *new, permanent, ids },
        })
    }

    /// Writes the next message. Returns whether there was one.
    pub(crate) fn write(
        &mut self,
        server_time: Duration,
        encoder: &mut FrameEncoder,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(body) = self.outgoing.take() else { return false };
        let id = self.ids.next(server_time);
        let Ok(frame) = encoder.begin(plain::HEADER_LEN + body.len(), out, false) else { return false };
        plain::encode(id.0, &body, out);
        encoder.finish(frame, out, random).is_ok()
    }
}

impl Progress {
    /// Returns the handshake that awaits this packet, and the body of the packet.
    fn on_answer(self, packet: &[u8]) -> Result<(Handshake, &[u8]), DisconnectReason> {
        let Self::Waiting(handshake) = self else {
            return Err(DisconnectReason::Handshake(HandshakeError::NotAwaited));
        };
        let (_, body) = plain::decode(packet).map_err(DisconnectReason::Plain)?;
        Ok((handshake, body))
    }
}
