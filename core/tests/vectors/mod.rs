//! Reads the test vectors of the crate, and stands in for randomness.
#![allow(dead_code, reason = "every test file takes what it needs")]

mod files;

#[allow(unused_imports, reason = "every test file takes what it needs")]
pub(crate) use files::{array, bytes, cases, hex, load, text, unhex};
use sansgram_core::crypto::SecureRandom;

/// Returns the given bytes and nothing else.
pub(crate) struct Script(Vec<u8>);

impl Script {
    pub(crate) fn new(pieces: &[&[u8]]) -> Self {
        Self(pieces.concat())
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }
}

impl SecureRandom for Script {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0[..buffer.len()]);
        self.0.drain(..buffer.len());
    }
}

/// A reproducible stream of bytes (xorshift64*), good enough for the bases of a primality test.
pub(crate) struct Seeded(pub(crate) u64);

impl SecureRandom for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            *byte = (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8;
        }
    }
}
