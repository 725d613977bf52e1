//! Abridged: the length in 4-byte words, in one byte if it is below 127, otherwise `7f` and three bytes.

use alloc::vec::Vec;

use crate::transport::header::{Extent, Header, SentBy};

const LONG_FORM: u8 = 0x7f;
const QUICK_ACK: u8 = 0x80;

/// Appends the header of a frame of `words` 4-byte words. The caller has checked that `words` fits into 24 bits.
pub(super) fn write_header(words: u32, quick_ack: bool, out: &mut Vec<u8>) {
    let flag = if quick_ack { QUICK_ACK } else { 0 };
    match u8::try_from(words) {
        Ok(short) if short < LONG_FORM => out.push(short | flag),
        _ => {
            let [low, middle, high, _] = words.to_le_bytes();
            out.extend_from_slice(&[LONG_FORM | flag, low, middle, high]);
        }
    }
}

pub(super) fn read_header(start: &[u8], by: SentBy) -> Header {
    let frame = |head, words: u32, first: u8| {
        Header::Frame(Extent { head, body: words as usize * 4, tail: 0, quick_ack: first & QUICK_ACK != 0 })
    };
    match *start {
        // Big-endian, unlike all other integers, so that the set bit 31 comes first.
        [first, b, c, d, ..] if by == SentBy::Server && first & QUICK_ACK != 0 => {
            Header::QuickAck(u32::from_be_bytes([first, b, c, d]))
        }
        [first, ..] if by == SentBy::Server && first & QUICK_ACK != 0 => Header::Incomplete,
        [first, low, middle, high, ..] if first & !QUICK_ACK == LONG_FORM => {
            frame(4, u32::from_le_bytes([low, middle, high, 0]), first)
        }
        [first, ..] if first & !QUICK_ACK != LONG_FORM => frame(1, u32::from(first & !QUICK_ACK), first),
        _ => Header::Incomplete,
    }
}

/// Appends a server's quick ack.
pub(super) fn write_quick_ack(token: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&token.to_be_bytes());
}
