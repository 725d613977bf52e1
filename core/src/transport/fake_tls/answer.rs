//! The proxy's answer to the hello: three records, checked as they arrive, without buffering.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::error::FakeTlsError;
use super::wire::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER_LEN, RANDOM};
use crate::crypto::Secret;
use crate::transport::assemble::take;

/// The state of the answer. Some proxies send more handshake records before the change of cipher; Telegram's own client
/// rejects those, and so does this one.
pub(super) struct Answer {
    mac: Hmac<Sha256>,
    /// The received digest.
    claimed: Secret<[u8; 32]>,
    /// Number of bytes received.
    seen: usize,
    /// Index of the record being read, 0 to 2.
    record: u8,
    header: [u8; HEADER_LEN],
    header_len: usize,
    body_left: usize,
}

impl Answer {
    /// Creates the state. `mac` has been fed with the client's random bytes.
    pub(super) const fn new(mac: Hmac<Sha256>) -> Self {
        Self {
            mac,
            claimed: Secret::new([0; 32]),
            seen: 0,
            record: 0,
            header: [0; HEADER_LEN],
            header_len: 0,
            body_left: 0,
        }
    }

    /// Consumes the bytes of the answer from `input`. Returns whether it is complete and proves that the proxy knows
    /// the secret.
    pub(super) fn feed(&mut self, input: &mut &mut [u8]) -> Result<bool, FakeTlsError> {
        loop {
            if self.header_len < HEADER_LEN {
                let part = take(input, HEADER_LEN - self.header_len);
                if part.is_empty() {
                    return Ok(false);
                }
                self.header[self.header_len..self.header_len + part.len()].copy_from_slice(part);
                self.header_len += part.len();
                self.check_header()?;
                self.digest(part);
                continue;
            }
            if self.body_left > 0 {
                let part = take(input, self.body_left);
                if part.is_empty() {
                    return Ok(false);
                }
                self.body_left -= part.len();
                let change = self.record == 1;
                if change && part != [1] {
                    return Err(FakeTlsError::Answer { number: 1, kind: CHANGE_CIPHER_SPEC });
                }
                self.digest(part);
                continue;
            }
            if self.record == 2 {
                // In constant time.
                let verified = self.mac.clone().verify_slice(self.claimed.expose());
                return verified.map(|()| true).map_err(|_| FakeTlsError::Digest);
            }
            self.record += 1;
            self.header_len = 0;
        }
    }

    /// Checks the part of a record's header that has been received.
    fn check_header(&mut self) -> Result<(), FakeTlsError> {
        let number = self.record;
        let expected = match number {
            0 => HANDSHAKE,
            1 => CHANGE_CIPHER_SPEC,
            _ => APPLICATION_DATA,
        };
        let [kind, major, minor, high, low] = self.header;
        if kind != expected {
            return Err(if kind == ALERT {
                FakeTlsError::Alert
            } else {
                FakeTlsError::Answer { number, kind }
            });
        }
        if (self.header_len > 1 && major != 3) || (self.header_len > 2 && minor != 3) {
            return Err(FakeTlsError::Version);
        }
        if self.header_len == HEADER_LEN {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let possible = match number {
                0 => RANDOM.end - HEADER_LEN..=usize::from(u16::MAX),
                1 => 1..=1,
                _ => 0..=usize::from(u16::MAX),
            };
            if !possible.contains(&length) {
                return Err(FakeTlsError::AnswerLength { number, length });
            }
            self.body_left = length;
        }
        Ok(())
    }

    /// Adds the next bytes of the answer to the digest, with zeros in place of the digest itself.
    fn digest(&mut self, part: &[u8]) {
        let start = self.seen;
        self.seen += part.len();
        let before = RANDOM.start.saturating_sub(start).min(part.len());
        let until = RANDOM.end.saturating_sub(start).min(part.len());
        let claimed = &part[before..until];
        if !claimed.is_empty() {
            let at = start + before - RANDOM.start;
            self.claimed.expose_mut()[at..at + claimed.len()].copy_from_slice(claimed);
        }
        self.mac.update(&part[..before]);
        self.mac.update(&[0; RANDOM.end - RANDOM.start][..claimed.len()]);
        self.mac.update(&part[until..]);
    }
}
