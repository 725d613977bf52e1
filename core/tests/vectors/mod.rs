//! Reads the test vectors of the workspace.
#![allow(dead_code, reason = "every test file takes what it needs")]

use sansgram_core::crypto::SecureRandom;
use serde_json::Value;

/// Reads one file of `tests/vectors`.
pub(crate) fn load(name: &str) -> Value {
    let path = format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the list `name`, which must have `count` entries, so that a lost vector is noticed.
pub(crate) fn cases<'a>(file: &'a Value, name: &str, count: usize) -> &'a [Value] {
    let cases = file[name].as_array().unwrap();
    assert_eq!(cases.len(), count, "number of {name}");
    cases
}

pub(crate) fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

pub(crate) fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex(text(case, name))
}

pub(crate) fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
    bytes(case, name).try_into().unwrap_or_else(|_| panic!("{name} is not {N} bytes long"))
}

/// Decodes the hexadecimal text of a JSON value.
pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap_or_else(|| panic!("no text but {value}")))
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2));
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

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
