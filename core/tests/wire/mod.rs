//! Shared helpers of these tests: vectors, hexadecimal, and scripted randomness.
#![allow(dead_code, reason = "every test uses a part of it")]

pub(crate) mod run;

use sansgram_core::crypto::SecureRandom;
use serde_json::Value;

/// Reads the vectors of one file of `vectors/`.
pub(crate) fn vectors(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the list `name`, which must have `count` entries, so that a lost vector is noticed.
pub(crate) fn cases<'a>(file: &'a Value, name: &str, count: usize) -> &'a [Value] {
    let cases = file[name].as_array().unwrap();
    assert_eq!(cases.len(), count, "number of {name}");
    cases
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Decodes the hexadecimal text in `value[key]`.
pub(crate) fn bytes(value: &Value, key: &str) -> Vec<u8> {
    unhex(value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")))
}

/// Scripted randomness. It fails the test if more bytes are drawn than the script has.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    script: Vec<u8>,
    position: usize,
}

impl Scripted {
    pub(crate) fn new(pieces: &[&[u8]]) -> Self {
        Self { script: pieces.concat(), position: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.script.extend_from_slice(bytes);
    }

    pub(crate) fn left(&self) -> usize {
        self.script.len() - self.position
    }
}

impl SecureRandom for Scripted {
    fn fill(&mut self, buffer: &mut [u8]) {
        let end = self.position + buffer.len();
        assert!(end <= self.script.len(), "more randomness was drawn than the vector has");
        buffer.copy_from_slice(&self.script[self.position..end]);
        self.position = end;
    }
}

/// A small generator for tests that need many bytes and no script.
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl SecureRandom for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            // SplitMix64.
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}
