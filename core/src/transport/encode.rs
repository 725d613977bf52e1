//! Frame encoding, for both ends of a connection.

use alloc::vec::Vec;

use super::{Framing, SENT_FRAME_LIMIT};
use crate::crypto::SecureRandom;

/// Encodes the frames of one connection.
///
/// ```
/// # struct Zeros;
/// # impl sansgram_core::crypto::SecureRandom for Zeros {
/// #     fn fill(&mut self, buffer: &mut [u8]) {
/// #         buffer.fill(0);
/// #     }
/// # }
/// # let mut random = Zeros;
/// use sansgram_core::transport::{FrameEncoder, Framing};
///
/// let mut encoder = FrameEncoder::new(Framing::Abridged);
/// let mut out = Vec::new();
/// let frame = encoder.begin(8, &mut out, false)?;
/// out.extend_from_slice(b"8 bytes.");
/// encoder.finish(frame, &mut out, &mut random)?;
/// assert_eq!(out, b"\xef\x028 bytes.");
/// # Ok::<(), sansgram_core::transport::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct FrameEncoder {
    framing: Framing,
    tag_sent: bool,
    /// Number of frames written, modulo 2^32.
    frames: u32,
}

/// A frame in progress, to be completed with [`FrameEncoder::finish`].
#[derive(Debug)]
#[must_use = "a frame is complete only after `finish`"]
pub struct FrameStart {
    header: usize,
    payload: usize,
    length: usize,
}

impl FrameStart {
    /// Offset of the payload in `out`.
    #[must_use]
    pub const fn payload_start(&self) -> usize {
        self.payload
    }
}

/// Why a frame could not be written: an error of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The length of the payload is not a positive multiple of 4 bytes.
    #[error("the length of a payload must be a multiple of 4 above 0, not {0}")]
    NotWholeWords(usize),
    /// The payload has [`SENT_FRAME_LIMIT`] bytes or more.
    #[error("a payload of {0} bytes is too long")]
    TooLong(usize),
    /// The number of bytes appended between `begin` and `finish` differs from the announced one.
    #[error("a payload of {announced} bytes was announced, {written} were written")]
    WrongLength {
        /// The length passed to [`FrameEncoder::begin`], in bytes.
        announced: usize,
        /// The number of bytes appended.
        written: usize,
    },
}

impl FrameEncoder {
    /// Creates the encoder of a client, whose stream begins with the transport's tag.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self { framing, tag_sent: false, frames: 0 }
    }

    /// Creates the encoder of a server, or of a client over a layer that announces the framing itself.
    #[must_use]
    pub const fn without_tag(framing: Framing) -> Self {
        Self { framing, tag_sent: true, frames: 0 }
    }

    /// Returns the framing.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Appends the header of a frame to `out`. The caller then appends exactly `payload_length` bytes and calls
    /// [`finish`](Self::finish).
    ///
    /// `quick_ack` requests a [`QuickAck`](super::Frame::QuickAck) from the server. [`Full`](Framing::Full) has
    /// no quick acks and ignores it.
    ///
    /// # Errors
    /// Returns [`EncodeError::NotWholeWords`] or [`EncodeError::TooLong`] if the length is not valid. `out` is left
    /// unchanged.
    pub fn begin(
        &mut self,
        payload_length: usize,
        out: &mut Vec<u8>,
        quick_ack: bool,
    ) -> Result<FrameStart, EncodeError> {
        if payload_length == 0 || !payload_length.is_multiple_of(4) {
            return Err(EncodeError::NotWholeWords(payload_length));
        }
        let length = match u32::try_from(payload_length) {
            Ok(length) if payload_length < SENT_FRAME_LIMIT => length,
            _ => return Err(EncodeError::TooLong(payload_length)),
        };
        if !self.tag_sent {
            self.tag_sent = true;
            out.extend_from_slice(self.framing.tag());
        }
        let header = out.len();
        self.framing.write_header(length, self.frames, quick_ack, out);
        Ok(FrameStart { header, payload: out.len(), length: payload_length })
    }

    /// Completes the frame that `start` began: appends its padding or checksum to `out`.
    ///
    /// # Errors
    /// Returns [`EncodeError::WrongLength`] if the length differs from the announced one. The frame is then removed
    /// from `out`.
    #[expect(clippy::needless_pass_by_value, reason = "a frame is finished once")]
    pub fn finish(
        &mut self,
        start: FrameStart,
        out: &mut Vec<u8>,
        random: &mut dyn SecureRandom,
    ) -> Result<(), EncodeError> {
        let FrameStart { header, payload, length } = start;
        let written = out.len().saturating_sub(payload);
        if written != length {
            out.truncate(header);
            return Err(EncodeError::WrongLength { announced: length, written });
        }
        self.framing.finish_frame(header, out, random);
        self.frames = self.frames.wrapping_add(1);
        Ok(())
    }

    /// Appends a server's quick ack. Appends nothing for [`Full`](Framing::Full), which has none.
    pub fn quick_ack(&mut self, token: u32, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        self.framing.write_quick_ack(token, out, random);
    }
}
