//! WebSocket (RFC 6455), client side: a byte stream in binary messages, for networks and hosts in which nothing
//! else works.
//!
//! Message boundaries have no meaning, so messages are neither joined nor buffered, whatever their length. The inner
//! stream must be obfuscated. The caller provides the stream below: plain or, for Telegram's own hosts, TLS.
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

/// The status code of an orderly close, the only one that Telegram's servers use.
pub const WEBSOCKET_NORMAL_CLOSURE: u16 = 1000;

/// The client's end of a WebSocket.
///
/// [`write_control`](Self::write_control) writes the bytes to send before and between the data. Pass received bytes to
/// [`next`](Self::next), and [`wrap`](Self::wrap) payload once [`is_open`](Self::is_open) returns `true`.
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
        // The first and last messages of either side do not belong in logs.
        let phase: &dyn fmt::Debug = match &self.phase {
            Phase::Upgrade(_) => &"upgrade",
            Phase::Open(_) => &"open",
            Phase::Failed(error) => error,
        };
        f.debug_struct("WebSocket").field("phase", phase).finish_non_exhaustive()
    }
}

impl WebSocket {
    /// Creates a connection. Draws 16 bytes.
    #[must_use]
    pub fn new(target: &WebSocketTarget, random: &mut dyn SecureRandom) -> Self {
        let (upgrade, request) = Upgrade::new(target, &random::array(random));
        Self { request, phase: Phase::Upgrade(Box::new(upgrade)) }
    }

    /// Appends the bytes to send now: the request, once, and later the answer to the server's last ping. Returns
    /// whether there were any.
    pub fn write_control(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) -> bool {
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

    /// Returns whether the server has accepted the upgrade.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// Returns the next piece of the inner stream, in place in `input`. Call it until it returns `None`, which means
    /// that all of `input` is consumed. Only the headers of the response (at most 8 KiB) and of a frame are buffered.
    ///
    /// # Errors
    /// Returns [`WebSocketError`] if the peer broke the protocol or closed the WebSocket. Close the connection then:
    /// every later call returns the same error.
    pub fn next<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, WebSocketError> {
        let result = self.advance(input);
        if let Err(error) = result {
            *input = &mut [];
            self.phase = Phase::Failed(error);
        }
        result
    }

    /// Wraps the bytes of `out` from `from` on into one masked binary message, in place. Do not call it before
    /// [`is_open`](Self::is_open) returns `true`. Draws 4 bytes.
    pub fn wrap(&mut self, out: &mut Vec<u8>, from: usize, random: &mut dyn SecureRandom) {
        if out.len() > from {
            frames::wrap(out, from, frames::BINARY, random);
        }
    }

    /// Appends a close frame. The peer answers with its own and closes the connection.
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
