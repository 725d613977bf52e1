//! The contents of a frame header, and the errors of a stream.

use crate::policy;

/// Why a stream cannot be read any further. Close the connection: the position of the next frame is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame is shorter than any packet.
    #[error("a frame of {length} bytes cannot hold a packet")]
    TooShort {
        /// Length of the payload in bytes; of the whole frame if a full frame is too short for its own header and
        /// checksum.
        length: usize,
    },
    /// The peer is a TLS server: it sent an unencrypted alert.
    #[error("a TLS server answers")]
    TlsServer,
    /// The peer is a web server: it sent an unencrypted HTTP status line or a page.
    #[error("a web server answers")]
    WebServer,
    /// The peer is an SSH server: it sent an unencrypted SSH banner.
    #[error("an SSH server answers")]
    SshServer,
    /// A payload is longer than the decoder's limit. None of it was buffered.
    #[error("a frame of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Length of the payload in bytes; in a full frame that is the length in the header minus 12.
        length: usize,
        /// The decoder's limit in bytes.
        limit: usize,
    },
    /// Full: a length is not a multiple of 4.
    #[error("the length of a full frame must be a multiple of 4, not {length}")]
    NotWholeWords {
        /// Length of the frame in its header, in bytes.
        length: usize,
    },
    /// Full: a frame is missing, duplicated or out of order.
    #[error("frame number {found} arrived instead of number {expected}")]
    Sequence {
        /// Number of frames received before.
        expected: u32,
        /// Sequence number of the frame.
        found: u32,
    },
    /// Full: the CRC-32 does not match.
    #[error("the checksum of a frame is wrong")]
    Checksum,
}

/// Default maximum length of a received payload, in bytes.
pub const MAX_RECEIVED_FRAME: usize = policy::MAX_RECEIVED_FRAME;

/// Encoders reject payloads of this many bytes or more.
pub const SENT_FRAME_LIMIT: usize = policy::SENT_FRAME_LIMIT;

/// The result of parsing a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// The header is incomplete.
    Incomplete,
    /// A frame. Its lengths have not been compared with any limit.
    Frame(Extent),
    /// A quick ack outside of a frame, four bytes in total.
    QuickAck(u32),
    /// A transport error outside of a frame, four bytes in total.
    Error(i32),
}

/// The lengths of the three parts of a frame, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) head: usize,
    pub(super) body: usize,
    pub(super) tail: usize,
    /// Bit 31 of the length (bit 7 in abridged): the sender requests a quick ack.
    pub(super) quick_ack: bool,
}

/// The sender of the stream. Only a server sends quick acks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentBy {
    Client,
    Server,
}
