//! What the header of a frame can say, and why a stream ends.

use crate::policy;

/// Why a stream cannot be read on. The connection has to be closed: the position of the next frame is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// No packet is that short.
    #[error("a frame of {length} bytes cannot hold a packet")]
    TooShort {
        /// The payload's length, in bytes; of a full frame too short for its own header and checksum, the whole's.
        length: usize,
    },
    /// A TLS server answers: it sent an alert, in the clear.
    #[error("a TLS server answers")]
    TlsServer,
    /// A web server answers: it sent a status line of HTTP or a page, in the clear.
    #[error("a web server answers")]
    WebServer,
    /// An SSH server answers, in the clear.
    #[error("an SSH server answers")]
    SshServer,
    /// The payload is longer than the decoder's limit; none of it was buffered.
    #[error("a frame of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// The payload's length, in bytes: of a full frame 12 less than its header gives.
        length: usize,
        /// The decoder's limit, in bytes.
        limit: usize,
    },
    /// Full: the length is not a multiple of four.
    #[error("the length of a full frame must be a multiple of 4, not {length}")]
    NotWholeWords {
        /// The frame's length as its header gives it, in bytes.
        length: usize,
    },
    /// Full: a frame is missing, doubled or out of its order.
    #[error("frame number {found} came in the place of number {expected}")]
    Sequence {
        /// How many frames came before.
        expected: u32,
        /// The number in the frame.
        found: u32,
    },
    /// Full: the CRC-32 does not fit.
    #[error("the checksum of a frame is wrong")]
    Checksum,
}

/// The longest payload in bytes that a decoder should accept unless there is a reason for another limit.
pub const DEFAULT_LIMIT: usize = policy::MAX_RECEIVED_FRAME;

/// Encoders refuse payloads of this many bytes or more.
pub const ENCODER_LIMIT: usize = policy::MAX_SENT_FRAME;

/// What a header says of the bytes from its own first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is not complete.
    Incomplete,
    /// A frame. No length is bounded yet.
    Frame(Extent),
    /// A quick ack outside any frame, four bytes in all.
    QuickAck(u32),
}

/// The three parts of a frame, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) head: usize,
    pub(super) body: usize,
    pub(super) tail: usize,
    /// Bit 31 of the length (bit 7 of abridged): its sender wants a quick ack.
    pub(super) quick_ack: bool,
}

/// Which end reads the stream: only a server's frames can be quick acks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentBy {
    Client,
    Server,
}
