//! Packed data: damaged, with a wrong length, or our own.
//!
//! Input: one byte chooses; then packed data, a deflate stream that gets a right header and trailer, or data to pack.

use sansgram_core::tl::gzip::{self, GzipError};
use sansgram_core::tl::ids;

use crate::Input;
use crate::memory::peak_of;

/// The limit of the output in bytes.
const LIMIT: usize = 1 << 18;
/// The memory of unpacking beyond its output, in bytes.
const STATE: usize = 64 << 10;
/// The highest ratio of deflate.
const RATIO: usize = 1032;

/// Runs the target. Returns 1 if something was unpacked.
///
/// # Panics
/// Panics if the limit is exceeded, or packed data is unpacked to something else.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    match input.byte() % 3 {
        0 => unpack(input.rest()),
        1 => {
            let trailer = input.take(8);
            let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
            unpack(&[&header, input.rest(), trailer].concat())
        }
        _ => pack(input.rest()),
    }
}

fn unpack(packed: &[u8]) -> usize {
    let (unpacked, peak) = peak_of(|| gzip::unpack(packed, LIMIT));
    let most = LIMIT.min(packed.len() * RATIO);
    assert!(peak <= most + STATE, "{peak} bytes held for {}", packed.len());
    let Ok(unpacked) = unpacked else { return 0 };
    assert!(unpacked.len() <= most);
    assert_eq!(gzip::unpack(packed, unpacked.len()).as_ref(), Ok(&unpacked), "the limit is inclusive");
    if let Some(below) = unpacked.len().checked_sub(1) {
        assert_eq!(gzip::unpack(packed, below), Err(GzipError::TooLong { length: unpacked.len() }));
    }
    pack(&unpacked)
}

fn pack(data: &[u8]) -> usize {
    let packed = gzip::pack(data);
    if data.starts_with(&ids::GZIP_PACKED.to_le_bytes()) {
        assert_eq!(gzip::unpack(&packed, data.len()), Err(GzipError::Nested));
        return 0;
    }
    assert_eq!(gzip::unpack(&packed, data.len()).as_deref(), Ok(data));
    1
}
