//! Full: total length, sequence number, payload, and the CRC-32 of everything before it.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::transport::header::{Extent, FrameError, Header, SentBy};

const HEAD: usize = 8;
const TAIL: usize = 4;
/// The transport errors that servers send without a frame: negated HTTP status codes. As a length, each is above 4 GB.
const BARE_ERRORS: RangeInclusive<i32> = -999..=-1;

/// Appends the header of a frame with `length` payload bytes.
pub(super) fn write_header(length: u32, sequence: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&length.wrapping_add((HEAD + TAIL) as u32).to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
}

/// Appends the checksum of the frame that starts at `header`.
pub(super) fn close(out: &mut Vec<u8>, header: usize) {
    let checksum = crc32fast::hash(out.get(header..).unwrap_or_default());
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// Reads the header of a frame, or a transport error. Telegram's servers send -404 and -429 as four bytes without a
/// frame (`LonamiWebs/Telethon`, pull request 4740), and -429 three times in a row (issue 4042 there).
pub(super) fn read_header(start: &[u8], by: SentBy) -> Result<Header, FrameError> {
    let &[a, b, c, d, ..] = start else { return Ok(Header::Incomplete) };
    let total = u32::from_le_bytes([a, b, c, d]);
    if by == SentBy::Server && BARE_ERRORS.contains(&total.cast_signed()) {
        return Ok(Header::Error(total.cast_signed()));
    }
    let length = total as usize;
    let Some(body) = length.checked_sub(HEAD + TAIL) else { return Err(FrameError::TooShort { length }) };
    if !length.is_multiple_of(4) {
        return Err(FrameError::NotWholeWords { length });
    }
    Ok(Header::Frame(Extent { head: HEAD, body, tail: TAIL, quick_ack: false }))
}

/// Checks the sequence number and the checksum of a complete frame.
pub(super) fn check(frame: &[u8], expected: u32) -> Result<(), FrameError> {
    let (Some((checked, checksum)), Some(&[_, _, _, _, a, b, c, d])) =
        (frame.split_last_chunk::<TAIL>(), frame.first_chunk::<HEAD>())
    else {
        return Err(FrameError::TooShort { length: frame.len() });
    };
    if crc32fast::hash(checked) != u32::from_le_bytes(*checksum) {
        return Err(FrameError::Checksum);
    }
    let found = u32::from_le_bytes([a, b, c, d]);
    if found != expected {
        return Err(FrameError::Sequence { expected, found });
    }
    Ok(())
}
