//! AES-256 in counter mode: a stream that continues over calls of any size.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`, transport obfuscation.

use core::fmt;

use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};

/// One direction of an obfuscated stream. The counter is a 128-bit big-endian integer that wraps.
pub struct AesCtr(ctr::Ctr128BE<Aes256>);

impl AesCtr {
    /// Creates the stream at its start. `iv` is the first counter block.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        Self(ctr::Ctr128BE::new(key.into(), iv.into()))
    }

    /// Encrypts or decrypts the next `data.len()` bytes of the stream in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        let applied = self.0.try_apply_keystream(data);
        // Fails only if the counter would repeat, after 2^128 blocks: no connection carries 2^132 bytes, and a task draws
        // less than 1 KiB. The data would stay as it is. In obfuscation that reveals no secret: it hides the form of packets
        // that are already encrypted.
        debug_assert!(applied.is_ok(), "the counter repeats after 2^132 bytes");
    }
}

impl fmt::Debug for AesCtr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AesCtr([redacted])")
    }
}
