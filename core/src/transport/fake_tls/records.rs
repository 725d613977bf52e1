//! Records of data, both ways.

use alloc::vec::Vec;

use super::error::FakeTlsError;
use super::wire::{ALERT, APPLICATION_DATA, HEADER_LEN};
use crate::transport::assemble::take;

/// The longest payload that a client puts into one record, in bytes.
pub const FAKE_TLS_MAX_PAYLOAD: usize = 2878;

/// What a TLS 1.3 client sends after the server's hello, so that old boxes on the way see what they know.
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// Where in the stream of records a connection stands.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: [u8; HEADER_LEN],
    header_len: usize,
    body_left: usize,
}

impl Records {
    /// The next piece of data, where it lies; `None`: all of `input` is used up.
    pub(super) fn next<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<&'b mut [u8]>, FakeTlsError> {
        while self.body_left == 0 {
            let part = take(input, HEADER_LEN - self.header_len);
            if part.is_empty() {
                return Ok(None);
            }
            self.header[self.header_len..self.header_len + part.len()].copy_from_slice(part);
            self.header_len += part.len();
            self.check_header()?;
        }
        let piece = take(input, self.body_left);
        self.body_left -= piece.len();
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Checks as much of a header as is there; a whole one begins a record.
    fn check_header(&mut self) -> Result<(), FakeTlsError> {
        let [kind, major, minor, high, low] = self.header;
        match kind {
            APPLICATION_DATA => {}
            ALERT => return Err(FakeTlsError::Alert),
            _ => return Err(FakeTlsError::NotData(kind)),
        }
        if (self.header_len > 1 && major != 3) || (self.header_len > 2 && minor != 3) {
            return Err(FakeTlsError::Version);
        }
        if self.header_len == HEADER_LEN {
            let length = usize::from(u16::from_be_bytes([high, low]));
            // A record of no bytes is allowed, and says nothing.
            self.header_len = 0;
            self.body_left = length;
        }
        Ok(())
    }
}

/// Puts what lies in `out` from `from` on into records; `first`: behind a change of cipher.
pub(super) fn wrap(out: &mut Vec<u8>, from: usize, first: bool) {
    let payload = out.len() - from;
    let prefix: &[u8] = if first { &CHANGE_CIPHER_SPEC } else { &[] };
    let records = payload.div_ceil(FAKE_TLS_MAX_PAYLOAD);
    out.resize(out.len() + prefix.len() + records * HEADER_LEN, 0);
    // From the last to the first, each to the right: none overwrites what is still to be moved.
    for record in (0..records).rev() {
        let start = from + record * FAKE_TLS_MAX_PAYLOAD;
        let end = (start + FAKE_TLS_MAX_PAYLOAD).min(from + payload);
        let body = start + prefix.len() + (record + 1) * HEADER_LEN;
        out.copy_within(start..end, body);
        // At most 2878.
        let [high, low] = ((end - start) as u16).to_be_bytes();
        out[body - HEADER_LEN..body].copy_from_slice(&[APPLICATION_DATA, 3, 3, high, low]);
    }
    out[from..from + prefix.len()].copy_from_slice(prefix);
}
