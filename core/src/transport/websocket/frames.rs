//! Frames (RFC 6455, 5), in both directions.

use alloc::vec::Vec;
use core::mem;

use super::error::WebSocketError;
use crate::crypto::{SecureRandom, random};
use crate::transport::assemble::take;

const CONTINUATION: u8 = 0;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const MASK_LEN: usize = 4;
/// Maximum length of a server's frame header: two bytes and the longest form of the length.
const MAX_HEADER: usize = 10;
const MAX_CONTROL: usize = 125;

/// The position in the stream of frames.
#[derive(Default)]
pub(super) struct Reader {
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// The type of the current frame and the number of unread bytes of its body.
    kind: u8,
    body_left: u64,
    /// The last data frame was not the last of its message.
    is_fragmented: bool,
    /// The body of a control frame.
    control: Vec<u8>,
    /// The body of the last unanswered ping.
    ping: Option<Vec<u8>>,
}

impl Reader {
    /// Returns the next piece of data in place, or `None` once all of `input` is consumed.
    pub(super) fn next<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<&'b mut [u8]>, WebSocketError> {
        loop {
            while self.body_left == 0 {
                let [byte] = take(input, 1) else { return Ok(None) };
                if let Some(free) = self.header.get_mut(self.header_len) {
                    *free = *byte;
                }
                self.header_len += 1;
                if let Some(length) = self.check_header()? {
                    self.header_len = 0;
                    self.body_left = length;
                    if length == 0 && self.kind >= CLOSE {
                        self.finish_control()?;
                    }
                }
            }
            let piece = take(input, usize::try_from(self.body_left).unwrap_or(usize::MAX));
            self.body_left -= piece.len() as u64;
            if piece.is_empty() {
                return Ok(None);
            }
            if self.kind < CLOSE {
                return Ok(Some(piece));
            }
            // At most 125 bytes, as its header was checked.
            self.control.extend_from_slice(piece);
            if self.body_left == 0 {
                self.finish_control()?;
            }
        }
    }

    /// Appends the pending pong, if any.
    pub(super) fn write_pong(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        if let Some(body) = self.ping.take() {
            let from = out.len();
            out.extend_from_slice(&body);
            wrap(out, from, PONG, random);
        }
    }

    /// Checks the part of a header that has been received. Returns the length of the body once the header is complete.
    fn check_header(&mut self) -> Result<Option<u64>, WebSocketError> {
        let [first, second, long @ ..] = self.header;
        let (kind, last) = (first & 0x0f, first & FINAL != 0);
        if self.header_len == 1 {
            if first & RESERVED != 0 {
                return Err(WebSocketError::Reserved);
            }
            match kind {
                BINARY | CONTINUATION if self.is_fragmented != (kind == CONTINUATION) => {
                    return Err(WebSocketError::Fragment);
                }
                BINARY | CONTINUATION => self.is_fragmented = !last,
                CLOSE | PING | PONG if last => {}
                CLOSE | PING | PONG => return Err(WebSocketError::Control),
                _ => return Err(WebSocketError::Kind(kind)),
            }
            self.kind = kind;
            return Ok(None);
        }
        if second & MASKED != 0 {
            return Err(WebSocketError::Masked);
        }
        if kind >= CLOSE && usize::from(second) > MAX_CONTROL {
            return Err(WebSocketError::Control);
        }
        let (length, shortest) = match second {
            126 if self.header_len < 4 => return Ok(None),
            127 if self.header_len < MAX_HEADER => return Ok(None),
            126 => (u64::from(u16::from_be_bytes([long[0], long[1]])), 126),
            127 => (u64::from_be_bytes(long), 1 << 16),
            short => (u64::from(short), 0),
        };
        if length < shortest || length >> 63 != 0 {
            return Err(WebSocketError::Length);
        }
        Ok(Some(length))
    }

    /// Handles a complete control frame.
    fn finish_control(&mut self) -> Result<(), WebSocketError> {
        let body = mem::take(&mut self.control);
        match self.kind {
            // Only the last of several pings needs an answer.
            PING => self.ping = Some(body),
            CLOSE => {
                return Err(match *body {
                    [] => WebSocketError::Closed(None),
                    [_] => WebSocketError::Control,
                    [high, low, ..] => WebSocketError::Closed(Some(u16::from_be_bytes([high, low]))),
                });
            }
            // Unsolicited pongs are ignored.
            _ => {}
        }
        Ok(())
    }
}

/// Wraps the bytes of `out` from `from` on into one masked frame.
pub(super) fn wrap(out: &mut Vec<u8>, from: usize, kind: u8, random: &mut dyn SecureRandom) {
    let length = out.len() - from;
    let mut header = [0; MAX_HEADER + MASK_LEN];
    header[0] = FINAL | kind;
    let mut header_len = 2;
    if let (Ok(short), true) = (u8::try_from(length), length <= MAX_CONTROL) {
        header[1] = MASKED | short;
    } else if let Ok(middle) = u16::try_from(length) {
        header[1] = MASKED | 126;
        header[2..4].copy_from_slice(&middle.to_be_bytes());
        header_len = 4;
    } else {
        header[1] = MASKED | 127;
        header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
        header_len = 10;
    }
    let mask: [u8; MASK_LEN] = random::array(random);
    header[header_len..header_len + MASK_LEN].copy_from_slice(&mask);
    header_len += MASK_LEN;

    out.resize(out.len() + header_len, 0);
    out.copy_within(from..from + length, from + header_len);
    out[from..from + header_len].copy_from_slice(&header[..header_len]);
    apply_mask(&mut out[from + header_len..], mask);
}

fn apply_mask(body: &mut [u8], mask: [u8; MASK_LEN]) {
    let (blocks, rest) = body.as_chunks_mut::<MASK_LEN>();
    let word = u32::from_ne_bytes(mask);
    for block in blocks {
        *block = (u32::from_ne_bytes(*block) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}
