//! Functions that append TL values to a buffer.

use alloc::vec::Vec;

use super::ids;

/// Maximum length in bytes of a value with a one-byte length.
const SHORT_MAX: usize = 253;
/// Maximum length in bytes of a value with a four-byte length.
const LONG_MAX: usize = 0xff_ffff;

/// Appends a constructor id, a flags word or a count.
#[inline]
pub fn u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends an `int`.
#[inline]
pub fn i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `long`.
#[inline]
pub fn i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends an unsigned 64-bit integer, such as a key id.
#[inline]
pub fn u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `double`.
#[inline]
pub fn f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `Bool`.
#[inline]
pub fn bool(out: &mut Vec<u8>, value: bool) {
    u32(out, if value { ids::BOOL_TRUE } else { ids::BOOL_FALSE });
}

/// Appends `bytes`: length, content, and zeros up to a multiple of four bytes.
///
/// Values of 16 MiB and more are written with a seven-byte length. Servers do not accept them, and the session refuses
/// to send a message of that length.
#[inline]
pub fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    let length = value.len();
    out.reserve(length + 12);
    let header = if length <= SHORT_MAX {
        out.push(length as u8);
        1
    } else if length <= LONG_MAX {
        u32(out, (length as u32) << 8 | 0xfe);
        4
    } else {
        u64(out, (length as u64) << 8 | 0xff);
        8
    };
    out.extend_from_slice(value);
    let padding = (header + length).next_multiple_of(4) - (header + length);
    out.extend_from_slice([0; 3].get(..padding).unwrap_or_default());
}

/// Appends a `string`.
#[inline]
pub fn string(out: &mut Vec<u8>, value: &str) {
    bytes(out, value.as_bytes());
}

/// Appends a `Vector`: its id, the number of items, and each item with `write_item`.
#[inline]
pub fn vector<T>(out: &mut Vec<u8>, items: &[T], write_item: impl FnMut(&mut Vec<u8>, &T)) {
    u32(out, ids::VECTOR);
    bare_vector(out, items, write_item);
}

/// Appends a bare `vector`, which has no id of its own.
#[inline]
pub fn bare_vector<T>(out: &mut Vec<u8>, items: &[T], mut write_item: impl FnMut(&mut Vec<u8>, &T)) {
    // A longer vector cannot exist: its encoded items alone would take 16 GiB.
    u32(out, u32::try_from(items.len()).unwrap_or(u32::MAX));
    for item in items {
        write_item(out, item);
    }
}
