//! Records of application data, in both directions.

use alloc::vec::Vec;

use super::error::FakeTlsError;
use super::wire::{ALERT, APPLICATION_DATA, HEADER_LEN};
use crate::transport::assemble::take;

/// Maximum payload of a record that a client sends, in bytes.
pub const FAKE_TLS_MAX_PAYLOAD: usize = 2878;

/// The change of cipher that a TLS 1.3 client sends after the server's hello for compatibility with middleboxes.
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// The position in the stream of records.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: [u8; HEADER_LEN],
    header_len: usize,
    body_left: usize,
}

impl Records {
    /// Returns the next piece of data in place, or `None` once all of `input` is consumed.
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

    /// Checks the part of a header that has been received. A complete header starts a record.
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
            // An empty record is valid and has no effect.
            self.header_len = 0;
            self.body_left = length;
        }
        Ok(())
    }
}

/// Wraps the bytes of `out` from `from` on into records, after a change of cipher if `first`.
pub(super) fn wrap(out: &mut Vec<u8>, from: usize, first: bool) {
    let payload = out.len() - from;
    let prefix: &[u8] = if first { &CHANGE_CIPHER_SPEC } else { &[] };
    let records = payload.div_ceil(FAKE_TLS_MAX_PAYLOAD);
    out.resize(out.len() + prefix.len() + records * HEADER_LEN, 0);
    // From last to first, each moved to the right: no record overwrites bytes that are still to be moved.
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
