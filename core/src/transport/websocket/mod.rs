//! WebSocket (RFC 6455), the client's end: one byte stream through binary messages, for networks and hosts where
//! nothing else passes.
//!
//! Borders of messages mean nothing, so messages are neither joined nor kept, however long they are. The stream
//! inside has to be obfuscated. Below it lies a plain stream or, for Telegram's own hosts, TLS: that is the
//! embedder's.
//!
//! Source: `core.telegram.org/mtproto/transports`, "WebSocket".

mod error;
mod frames;
mod target;
mod upgrade;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

pub use self::error::WebSocketError;
use self::frames::Reader;
pub use self::target::{InvalidTarget, WebSocketTarget};
use self::upgrade::Upgrade;
use crate::crypto::{SecureRandom, random};

/// The number by which a peer closes in order, and the only one that Telegram's servers use.
pub const WEBSOCKET_NORMAL_CLOSURE: u16 = 1000;

/// The client's end of a WebSocket.
///
/// Ask [`control`](Self::control) what has to leave before and between the data, feed what arrives to
/// [`next`](Self::next), and begin to [`wrap`](Self::wrap) once [`is_open`](Self::is_open).
pub struct WebSocket {
    request: Vec<u8>,
    phase: Phase,
}

enum Phase {
    Upgrade(Box<Upgrade>),
    Open(Box<Reader>),
    Failed(WebSocketError),
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What either side said first or last is not for logs.
        let phase: &dyn fmt::Debug = match &self.phase {
            Phase::Upgrade(_) => &"upgrade",
            Phase::Open(_) => &"open",
            Phase::Failed(error) => error,
        };
        f.debug_struct("WebSocket").field("phase", phase).finish_non_exhaustive()
    }
}

impl WebSocket {
    /// Begins a connection. Draws 16 bytes.
    #[must_use]
    pub fn new(target: &WebSocketTarget, random: &mut dyn SecureRandom) -> Self {
        let (upgrade, request) = Upgrade::new(target, &random::array(random));
        Self { request, phase: Phase::Upgrade(Box::new(upgrade)) }
    }

    /// Appends what must leave now: the request, once, and later the answer to the server's last ping.
    /// Whether there was anything.
    pub fn control(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) -> bool {
        let before = out.len();
        if !self.request.is_empty() {
            out.append(&mut self.request);
            self.request = Vec::new();
        }
        if let Phase::Open(reader) = &mut self.phase {
            reader.write_pong(out, random);
        }
        out.len() > before
    }

    /// Whether the server has agreed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// The next piece of the stream inside, where it lies in `input`; call again until `None`, which means that all
    /// of `input` is used up. Only the headers of the server's answer (at most 8 KiB) and of a frame are kept.
    ///
    /// # Errors
    /// [`WebSocketError`]: close the connection. Every later call answers with the same error.
    pub fn next<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, WebSocketError> {
        let result = self.advance(input);
        if let Err(error) = result {
            *input = &mut [];
            self.phase = Phase::Failed(error);
        }
        result
    }

    /// Makes one masked binary message of what lies in `out` from `from` on, in place. Do not call it before
    /// [`is_open`](Self::is_open). Draws 4 bytes.
    pub fn wrap(&mut self, out: &mut Vec<u8>, from: usize, random: &mut dyn SecureRandom) {
        if out.len() > from {
            frames::wrap(out, from, frames::BINARY, random);
        }
    }

    /// Appends a frame that ends the connection in order. The peer answers with one of its own, and closes.
    pub fn close(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        let from = out.len();
        out.extend_from_slice(&WEBSOCKET_NORMAL_CLOSURE.to_be_bytes());
        frames::wrap(out, from, frames::CLOSE, random);
    }

    fn advance<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, WebSocketError> {
        if let Phase::Upgrade(upgrade) = &mut self.phase {
            if !upgrade.feed(input)? {
                return Ok(None);
            }
            self.phase = Phase::Open(Box::default());
        }
        match &mut self.phase {
            Phase::Open(reader) => reader.next(input),
            Phase::Failed(error) => Err(*error),
            Phase::Upgrade(_) => Ok(None),
        }
    }
}
