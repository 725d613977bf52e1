//! Reassembly of a byte stream into frames, shared by both ends of a connection.

use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::Range;

use super::header::{Extent, FrameError, Header, SentBy};
use super::{Framing, Recognised};
use crate::crypto::secret::wipe;
use crate::policy;

/// The next item in the stream. The range is relative to the frame.
pub(super) enum StreamItem {
    Frame { payload: Range<usize>, quick_ack: bool },
    QuickAck(u32),
    Error(i32),
}

/// The location of a frame's bytes.
pub(super) enum FrameLocation<'b> {
    Input(&'b mut [u8]),
    Buffer,
}

/// Splits a stream into frames: in place if a frame is complete in the input, otherwise through a buffer.
pub(super) struct Assembler {
    framing: Option<Framing>,
    by: SentBy,
    limit: usize,
    /// Number of frames received, modulo 2^32.
    frames: u32,
    /// The start of an incomplete frame, or the frame returned last.
    buffer: Vec<u8>,
    /// The buffer contains the frame returned last.
    has_returned_frame: bool,
    failed: Option<FrameError>,
}

impl fmt::Debug for Assembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A returned frame may have been decrypted in place.
        f.debug_struct("Assembler")
            .field("framing", &self.framing)
            .field("waiting", &if self.has_returned_frame { 0 } else { self.buffer.len() })
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// A returned frame may have been decrypted in place. Everything else in the buffer is ciphertext.
impl Drop for Assembler {
    fn drop(&mut self) {
        self.wipe_returned_frame();
    }
}

impl Assembler {
    /// Creates an assembler. `framing` is `None` if the peer's tag has not been received yet.
    pub(super) const fn new(framing: Option<Framing>, by: SentBy, limit: usize) -> Self {
        Self { framing, by, limit, frames: 0, buffer: Vec::new(), has_returned_frame: false, failed: None }
    }

    pub(super) const fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Returns the next frame and the location of its bytes, or `None` once all of the input is consumed.
    pub(super) fn next<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<(StreamItem, FrameLocation<'b>)>, FrameError> {
        let next = self.find(input);
        match next {
            Ok(None) if self.buffer.capacity() > self.max_kept() => self.trim(),
            Err(error) => {
                *input = &mut [];
                self.fail(error);
            }
            _ => {}
        }
        next
    }

    /// Frees the buffer if it has no incomplete frame.
    pub(super) fn trim(&mut self) {
        self.wipe_returned_frame();
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Returns the maximum capacity that is kept for the next frame.
    const fn max_kept(&self) -> usize {
        match self.by {
            SentBy::Server => policy::MAX_KEPT_FRAME_BUFFER,
            SentBy::Client => policy::MAX_KEPT_BY_SERVER,
        }
    }

    /// Stops reading: every later call returns this error.
    pub(super) fn fail(&mut self, error: FrameError) {
        self.buffer = Vec::new();
        self.failed = Some(error);
    }

    /// Returns the bytes of the frame that [`next`](Self::next) found last, including its headers.
    pub(super) const fn bytes<'s, 'b: 's>(&'s mut self, location: FrameLocation<'b>) -> &'s mut [u8] {
        match location {
            FrameLocation::Input(frame) => frame,
            FrameLocation::Buffer => self.buffer.as_mut_slice(),
        }
    }

    /// Like [`bytes`](Self::bytes), but read-only.
    pub(super) fn peek<'s>(&'s self, location: &'s FrameLocation<'_>) -> &'s [u8] {
        match location {
            FrameLocation::Input(frame) => frame,
            FrameLocation::Buffer => &self.buffer,
        }
    }

    fn find<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<(StreamItem, FrameLocation<'b>)>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.wipe_returned_frame();
        let Some(framing) = self.recognise(input) else { return Ok(None) };

        if self.buffer.is_empty() {
            match self.measure(framing, input)? {
                Some((found, total)) if total <= input.len() => {
                    let frame = take(input, total);
                    self.check(framing, &found, frame)?;
                    return Ok(Some((found, FrameLocation::Input(frame))));
                }
                _ => {
                    self.buffer.extend_from_slice(take(input, usize::MAX));
                    return Ok(None);
                }
            }
        }
        loop {
            let measured = self.measure(framing, &self.buffer)?;
            let wanted = measured.as_ref().map_or(self.buffer.len() + 1, |&(_, total)| total);
            let missing = wanted.saturating_sub(self.buffer.len());
            if let (Some((found, _)), 0) = (measured, missing) {
                let frame = mem::take(&mut self.buffer);
                let checked = self.check(framing, &found, &frame);
                self.buffer = frame;
                self.has_returned_frame = true;
                return checked.map(|()| Some((found, FrameLocation::Buffer)));
            }
            let more = take(input, missing);
            if more.is_empty() {
                return Ok(None);
            }
            self.buffer.extend_from_slice(more);
        }
    }

    /// Wipes the frame returned last: its bytes only, not the whole capacity of the buffer.
    fn wipe_returned_frame(&mut self) {
        if mem::take(&mut self.has_returned_frame) {
            wipe(&mut self.buffer);
            self.buffer.clear();
        }
    }

    /// Returns the framing. If it is not known yet, consumes the tag from the stream byte by byte.
    fn recognise(&mut self, input: &mut &mut [u8]) -> Option<Framing> {
        while self.framing.is_none() {
            match take(input, 1) {
                [] => return None,
                byte => self.buffer.extend_from_slice(byte),
            }
            if let Recognised::Is(framing) = Framing::recognise(&self.buffer) {
                // Full has no tag: the consumed bytes are the start of its first frame.
                self.buffer.drain(..framing.tag().len());
                self.framing = Some(framing);
            }
        }
        self.framing
    }

    /// Returns the next item in the stream and its length in bytes including headers, or `None` if more input is
    /// needed.
    fn measure(&self, framing: Framing, start: &[u8]) -> Result<Option<(StreamItem, usize)>, FrameError> {
        let Extent { head, body, tail, quick_ack } = match framing.read_header(start, self.by)? {
            Header::Incomplete => return Ok(None),
            Header::QuickAck(token) => return Ok(Some((StreamItem::QuickAck(token), 4))),
            Header::Error(code) => return Ok(Some((StreamItem::Error(code), 4))),
            Header::Frame(extent) => extent,
        };
        if body < 4 {
            return Err(FrameError::TooShort { length: body });
        }
        if body > self.limit {
            return Err(FrameError::TooLong { length: body, limit: self.limit });
        }
        Ok(Some((StreamItem::Frame { payload: head..head + body, quick_ack }, head + body + tail)))
    }

    fn check(&mut self, framing: Framing, found: &StreamItem, frame: &[u8]) -> Result<(), FrameError> {
        if matches!(found, StreamItem::Frame { .. }) {
            framing.check(frame, self.frames)?;
            self.frames = self.frames.wrapping_add(1);
        }
        Ok(())
    }
}

/// Splits up to `count` bytes off the start of the input.
pub(super) fn take<'b>(input: &mut &'b mut [u8], count: usize) -> &'b mut [u8] {
    let count = count.min(input.len());
    let (taken, rest) = mem::take(input).split_at_mut(count);
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::transport::MAX_RECEIVED_FRAME;

    /// Feeds `stream` in pieces of `step` bytes.
    fn feed(assembler: &mut Assembler, stream: &mut [u8], step: usize) -> Result<usize, FrameError> {
        let mut frames = 0;
        for mut piece in stream.chunks_mut(step) {
            while assembler.next(&mut piece)?.is_some() {
                frames += 1;
            }
        }
        Ok(frames)
    }

    #[test]
    fn a_false_length_reserves_nothing() {
        let mut assembler = Assembler::new(Some(Framing::Intermediate), SentBy::Server, MAX_RECEIVED_FRAME);
        let mut stream = [0, 0, 0x40, 0, 1, 2, 3];
        assert_eq!(feed(&mut assembler, &mut stream, 1), Ok(0));
        assert!(assembler.buffer.capacity() < 64);
    }

    #[test]
    fn a_length_beyond_the_limit_is_rejected_with_the_header() {
        let mut assembler = Assembler::new(Some(Framing::Abridged), SentBy::Server, 1024);
        let error = FrameError::TooLong { length: 1028, limit: 1024 };
        assert_eq!(feed(&mut assembler, &mut [0x7f, 1, 1, 0], 1), Err(error));
        assert_eq!(assembler.buffer.capacity(), 0);
        // The position in the stream is lost: nothing after it is read.
        assert_eq!(feed(&mut assembler, &mut [1, 2, 3, 4, 5], 5), Err(error));
    }

    #[test]
    fn the_buffer_is_freed_when_the_stream_is_idle() {
        for (by, len, is_kept) in [
            (SentBy::Client, 100_000, false),
            (SentBy::Server, 100_000, true),
            (SentBy::Server, 1 << 20, true),
            (SentBy::Server, 3 << 20, false),
        ] {
            let mut assembler = Assembler::new(Some(Framing::Intermediate), by, MAX_RECEIVED_FRAME);
            let mut stream = vec![7; len + 4];
            stream[..4].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
            assert_eq!(feed(&mut assembler, &mut stream, 1000), Ok(1));
            assert_eq!(assembler.buffer.capacity() > policy::MAX_KEPT_BY_SERVER, is_kept, "{len}");
            assembler.trim();
            assert_eq!(assembler.buffer.capacity(), 0);
        }
    }

    #[test]
    fn the_memory_of_a_frame_serves_the_next() {
        let mut assembler = Assembler::new(Some(Framing::Intermediate), SentBy::Server, MAX_RECEIVED_FRAME);
        let mut stream = vec![7; 100_004];
        stream[..4].copy_from_slice(&100_000_u32.to_le_bytes());
        assert_eq!(feed(&mut assembler, &mut stream, 1000), Ok(1));
        let memory = assembler.buffer.as_ptr();
        for _ in 0..3 {
            assert_eq!(feed(&mut assembler, &mut stream, 1000), Ok(1));
            assert_eq!(assembler.buffer.as_ptr(), memory);
        }
    }

    #[test]
    fn an_incomplete_frame_is_not_freed() {
        let mut assembler = Assembler::new(Some(Framing::Intermediate), SentBy::Server, MAX_RECEIVED_FRAME);
        let mut stream = [8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let (start, end) = stream.split_at_mut(5);
        assert_eq!(feed(&mut assembler, start, 5), Ok(0));
        assembler.trim();
        assert_eq!(feed(&mut assembler, end, 7), Ok(1));
    }

    #[test]
    fn a_complete_frame_is_returned_in_place() {
        let mut assembler = Assembler::new(Some(Framing::Intermediate), SentBy::Server, MAX_RECEIVED_FRAME);
        let mut stream = [4, 0, 0, 0, 1, 2, 3, 4];
        let location = stream.as_ptr();
        let mut input = &mut stream[..];
        let (_, found) = assembler.next(&mut input).unwrap().unwrap();
        assert_eq!(assembler.bytes(found).as_ptr(), location);
        assert_eq!(assembler.buffer.capacity(), 0);
    }
}
