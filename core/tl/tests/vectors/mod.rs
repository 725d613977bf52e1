//! Reads the test vectors of the crate.
#![allow(dead_code, reason = "every test file takes what it needs")]

use std::path::Path;

use serde_json::Value;

/// Reads one file of `vectors/`.
pub(crate) fn load(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
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
