//! Intermediate: the length in four little-endian bytes.

use alloc::vec::Vec;

use crate::transport::header::{Extent, Header, SentBy};

/// Bit 31 of the length: a quick ack, or the request for one.
pub(super) const QUICK_ACK: u32 = 1 << 31;

/// Appends the header of a frame of `length` bytes. The caller has checked that `length` fits into 31 bits.
pub(super) fn write_header(length: u32, quick_ack: bool, out: &mut Vec<u8>) {
    let flag = if quick_ack { QUICK_ACK } else { 0 };
    out.extend_from_slice(&(length | flag).to_le_bytes());
}

pub(super) fn read_header(start: &[u8], by: SentBy) -> Header {
    let &[a, b, c, d, ..] = start else { return Header::Incomplete };
    let word = u32::from_le_bytes([a, b, c, d]);
    let quick_ack = word & QUICK_ACK != 0;
    if quick_ack && by == SentBy::Server {
        return Header::QuickAck(word);
    }
    Header::Frame(Extent { head: 4, body: (word & !QUICK_ACK) as usize, tail: 0, quick_ack })
}

/// Appends a server's quick ack.
pub(super) fn write_quick_ack(token: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&token.to_le_bytes());
}
