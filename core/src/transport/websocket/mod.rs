//! WebSocket (RFC 6455), the client's end: one byte stream through binary messages, for networks and hosts where
//! nothing else passes.
//!
//! Borders of messages mean nothing, so messages are neither joined nor kept, however long they are. The stream
//! inside has to be obfuscated. Below it lies a plain stream or, for Telegram's own hosts, TLS: that is the
//! embedder's.
//!
//! Source: `core.telegram.org/mtproto/transports`, "WebSocket".

mod frames;
mod upgrade;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use self::frames::Reader;
use self::upgrade::Upgrade;
use crate::crypto::{SecureRandom, random};

/// The number by which a peer closes in order, and the only one that Telegram's servers use.
pub const WEBSOCKET_NORMAL_CLOSURE: u16 = 1000;

/// Where a WebSocket is: the host as its `Host` header names it, and the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketTarget {
    host: String,
    path: String,
}

/// A host or path that cannot stand in a request: empty, longer than 1024 bytes, a path without a leading `/`, or
/// characters other than printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host or the path cannot stand in a request")]
pub struct InvalidTarget;

impl WebSocketTarget {
    /// A target from a host, such as `venus.web.telegram.org` or `127.0.0.1:8080`, and a path, such as `/apiws`.
    ///
    /// # Errors
    /// [`InvalidTarget`].
    pub fn new(host: impl Into<String>, path: impl Into<String>) -> Result<Self, InvalidTarget> {
        let (host, path) = (host.into(), path.into());
        let fits =
            |text: &str| (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits(&host) && fits(&path) && path.starts_with('/') {
            Ok(Self { host, path })
        } else {
            Err(InvalidTarget)
        }
    }

    /// Where Telegram's DC of this number, 1 to 5, has its WebSocket; it is reached over TLS at port 443.
    #[must_use]
    pub fn telegram(dc: u16, test_dcs: bool) -> Option<Self> {
        let name = match dc {
            1 => "pluto",
            2 => "venus",
            3 => "aurora",
            4 => "vesta",
            5 => "flora",
            _ => return None,
        };
        let path = if test_dcs { "/apiws_test" } else { "/apiws" };
        Some(Self { host: alloc::format!("{name}.web.telegram.org"), path: path.into() })
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

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

/// Why a WebSocket came to nothing, or to its end. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The answer to the request is no HTTP/1.1.
    #[error("the server does not speak HTTP/1.1")]
    NotHttp,
    /// The answer's headers have more than 8 KiB.
    #[error("the headers of the answer are too long")]
    HeadersTooLong,
    /// The server did not agree to a WebSocket.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The answer lacks a header, or has a wrong one.
    #[error("the answer's header {0} is missing or wrong")]
    Header(&'static str),
    /// Reserved bits are set, although no extension was agreed upon.
    #[error("a frame has reserved bits")]
    Reserved,
    /// The server masked a frame.
    #[error("the server masked a frame")]
    Masked,
    /// A frame that is neither binary nor a control frame.
    #[error("a frame of type {0} came")]
    Kind(u8),
    /// A fragment follows no message, or a message a fragment.
    #[error("a fragment came out of order")]
    Fragment,
    /// A control frame is fragmented, or longer than 125 bytes.
    #[error("a control frame is fragmented or too long")]
    Control,
    /// A length is not in its shortest form, or beyond 63 bits.
    #[error("the length of a frame is badly written")]
    Length,
    /// The server closed in order, with this number if it gave one; 1000 is the usual.
    #[error("the server closed the WebSocket ({})", .0.unwrap_or(1005))]
    Closed(Option<u16>),
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
