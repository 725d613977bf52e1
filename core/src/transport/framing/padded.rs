//! Padded intermediate: intermediate with 0 to 15 random bytes after the payload, included in the length.

use alloc::vec::Vec;

use super::intermediate;
use crate::crypto::SecureRandom;

/// Appends the padding of the frame whose header is at `header`, and adds its length to the header.
///
/// Draws 16 bytes at once: the first determines the number of padding bytes, the following ones are the padding.
pub(super) fn pad(out: &mut Vec<u8>, header: usize, random: &mut dyn SecureRandom) {
    let mut drawn = [0; 16];
    random.fill(&mut drawn);
    let (count, bytes) = (drawn[0] & 15, &drawn[1..]);
    out.extend_from_slice(bytes.get(..usize::from(count)).unwrap_or_default());
    if let Some(length) = out.get_mut(header..).and_then(<[u8]>::first_chunk_mut) {
        *length = u32::from_le_bytes(*length).wrapping_add(u32::from(count)).to_le_bytes();
    }
}

/// Appends a server's quick ack: a frame that starts with an i32 of -1, which is not a transport error.
pub(super) fn write_quick_ack(token: u32, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
    let header = out.len();
    intermediate::write_header(8, false, out);
    out.extend_from_slice(&[0xff; 4]);
    out.extend_from_slice(&token.to_le_bytes());
    pad(out, header, random);
}
