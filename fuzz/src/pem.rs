//! Key files: any text, any DER in valid PEM armour, any two numbers.
//!
//! Input: the first byte chooses; the rest is the text, the DER, or modulus and exponent.

use base64ct::{Base64, Encoding};
use sansgram_core::crypto::rsa::{MAX_DATA_LEN, PublicKey};

use crate::memory::peak_of;
use crate::{Input, Seeded};

/// Memory in bytes per byte of text.
const RATIO: usize = 8;
/// The same for the smallest inputs.
const SLACK: usize = 1024;

/// Runs the target. Returns 1 if a key was read.
///
/// # Panics
/// Panics if a key is out of bounds, unusable, or changes when it is written and read again.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    match input.byte() % 4 {
        0 => std::str::from_utf8(input.rest()).map_or(0, text),
        1 => text(&armour("RSA PUBLIC KEY", input.rest())),
        2 => text(&armour("PUBLIC KEY", input.rest())),
        _ => {
            let exponent = input.piece();
            PublicKey::from_components(input.rest(), exponent).map_or(0, |key| check(&key))
        }
    }
}

fn armour(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", Base64::encode_string(der))
}

fn text(text: &str) -> usize {
    let (key, peak) = peak_of(|| PublicKey::from_pem(text));
    assert!(peak <= RATIO * text.len() + SLACK, "{peak} bytes held for {}", text.len());
    key.map_or(0, |key| check(&key))
}

fn check(key: &PublicKey) -> usize {
    let modulus = key.modulus_bytes();
    assert!(modulus[0] != 0 && modulus[255] % 2 == 1);
    assert!(key.exponent_bytes().last().is_some_and(|last| last % 2 == 1));
    let again = PublicKey::from_pem(&key.to_pem()).expect("what we write can be read");
    assert_eq!(&again, key);
    assert_eq!(again.fingerprint(), key.fingerprint());
    let same = PublicKey::from_components(modulus, key.exponent_bytes());
    assert_eq!(same.as_ref(), Ok(key));

    let encrypted = key.encrypt_padded(&[7; MAX_DATA_LEN], &mut Seeded::new(1)).expect("any key can be used");
    // Both are 256 bytes big-endian.
    assert!(encrypted < *modulus, "a ciphertext lies below the modulus");
    1
}
