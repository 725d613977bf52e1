//! What either end writes.

use alloc::vec::Vec;

use super::{ENCODER_LIMIT, TransportKind, abridged, full, intermediate, padded};
use crate::crypto::SecureRandom;

/// Writes the frames of one connection.
///
/// ```
/// # struct Zeros;
/// # impl sansgram_core::crypto::SecureRandom for Zeros {
/// #     fn fill(&mut self, buffer: &mut [u8]) {
/// #         buffer.fill(0);
/// #     }
/// # }
/// # let mut random = Zeros;
/// use sansgram_core::transport::{FrameEncoder, TransportKind};
///
/// let mut encoder = FrameEncoder::new(TransportKind::Abridged);
/// let mut out = Vec::new();
/// let frame = encoder.begin(8, &mut out, false)?;
/// out.extend_from_slice(b"8 bytes.");
/// encoder.finish(frame, &mut out, &mut random)?;
/// assert_eq!(out, b"\xef\x028 bytes.");
/// # Ok::<(), sansgram_core::transport::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct FrameEncoder {
    kind: TransportKind,
    tag_sent: bool,
    /// Full: how many frames were written.
    frames: u32,
}

/// A frame that was begun and waits for [`FrameEncoder::finish`].
#[derive(Debug)]
#[must_use = "a frame is complete only after `finish`"]
pub struct FrameStart {
    header: usize,
    payload: usize,
    length: usize,
}

impl FrameStart {
    /// Where in `out` the payload begins.
    #[must_use]
    pub const fn payload_start(&self) -> usize {
        self.payload
    }
}

/// A frame that the caller may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Packets have a multiple of 4 bytes, and at least 4.
    #[error("the length of a payload must be a multiple of 4 above 0, not {0}")]
    NotWholeWords(usize),
    /// Packets have less than [`ENCODER_LIMIT`] bytes.
    #[error("a payload of {0} bytes is too long")]
    TooLong(usize),
    /// Between `begin` and `finish` another number of bytes was appended than `begin` was told.
    #[error("a payload of {announced} bytes was announced, {written} were written")]
    WrongLength {
        /// What [`FrameEncoder::begin`] was told, in bytes.
        announced: usize,
        /// What was appended, in bytes.
        written: usize,
    },
}

impl FrameEncoder {
    /// The encoder of a client, which begins its stream with the transport's tag.
    #[must_use]
    pub const fn new(kind: TransportKind) -> Self {
        Self { kind, tag_sent: false, frames: 0 }
    }

    /// The encoder of a server, or of a client over a layer that announces the framing itself.
    #[must_use]
    pub const fn without_tag(kind: TransportKind) -> Self {
        Self { kind, tag_sent: true, frames: 0 }
    }

    /// Appends the header of a frame to `out`. Then append exactly `payload_length` bytes, and call
    /// [`finish`](Self::finish).
    ///
    /// `quick_ack` asks the server for a [`QuickAck`](super::Frame::QuickAck); [`Full`](TransportKind::Full) has
    /// none and drops the wish.
    ///
    /// # Errors
    /// [`EncodeError::NotWholeWords`], [`EncodeError::TooLong`]; `out` is left as it was.
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
            Ok(length) if payload_length < ENCODER_LIMIT => length,
            _ => return Err(EncodeError::TooLong(payload_length)),
        };
        if !self.tag_sent {
            self.tag_sent = true;
            out.extend_from_slice(self.kind.tag());
        }
        let header = out.len();
        match self.kind {
            TransportKind::Abridged => abridged::write_header(length / 4, quick_ack, out),
            TransportKind::Intermediate | TransportKind::PaddedIntermediate => {
                intermediate::write_header(length, quick_ack, out);
            }
            TransportKind::Full => full::write_header(length, self.frames, out),
        }
        Ok(FrameStart { header, payload: out.len(), length: payload_length })
    }

    /// Completes the frame that `start` began: padding or checksum are appended to `out`.
    ///
    /// # Errors
    /// [`EncodeError::WrongLength`]; the frame is taken off `out` again.
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
        match self.kind {
            TransportKind::Abridged | TransportKind::Intermediate => {}
            TransportKind::PaddedIntermediate => padded::pad(out, header, random),
            TransportKind::Full => full::close(out, header),
        }
        self.frames = self.frames.wrapping_add(1);
        Ok(())
    }

    /// Appends a server's quick ack. [`Full`](TransportKind::Full) has none: nothing is appended.
    pub fn quick_ack(&mut self, token: u32, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        match self.kind {
            TransportKind::Abridged => abridged::write_quick_ack(token, out),
            TransportKind::Intermediate => intermediate::write_quick_ack(token, out),
            TransportKind::PaddedIntermediate => padded::write_quick_ack(token, out, random),
            TransportKind::Full => {}
        }
    }
}
