//! Packed data: damaged, with a wrong length, or our own.
//!
//! Input: one byte chooses; then compressed data, a deflate stream that gets a right header and trailer, or data to
//! compress.

use sansgram_core::tl::gzip::{self, GzipError};
use sansgram_core::tl::ids;

use crate::Input;
use crate::memory::peak_of;

/// The limit of the output in bytes.
const LIMIT: usize = 1 << 18;
/// The memory of decompression beyond its output, in bytes.
const STATE: usize = 64 << 10;
/// The highest ratio of deflate.
const RATIO: usize = 1032;

/// Runs the target. Returns 1 if something was decompressed.
///
/// # Panics
/// Panics if the limit is exceeded, or compressed data is decompressed to something else.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    match input.byte() % 3 {
        0 => decompress(input.rest()),
        1 => {
            let trailer = input.take(8);
            let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
            decompress(&[&header, input.rest(), trailer].concat())
        }
        _ => compress(input.rest()),
    }
}

fn decompress(compressed: &[u8]) -> usize {
    let (decompressed, peak) = peak_of(|| gzip::decompress(compressed, LIMIT));
    let most = LIMIT.min(compressed.len() * RATIO);
    assert!(peak <= most + STATE, "{peak} bytes held for {}", compressed.len());
    let Ok(decompressed) = decompressed else { return 0 };
    assert!(decompressed.len() <= most);
    assert_eq!(
        gzip::decompress(compressed, decompressed.len()).as_ref(),
        Ok(&decompressed),
        "the limit is inclusive"
    );
    if let Some(below) = decompressed.len().checked_sub(1) {
        assert_eq!(
            gzip::decompress(compressed, below),
            Err(GzipError::TooLong { length: decompressed.len() })
        );
    }
    compress(&decompressed)
}

fn compress(data: &[u8]) -> usize {
    let compressed = gzip::compress(data);
    if data.starts_with(&ids::GZIP_PACKED.to_le_bytes()) {
        assert_eq!(gzip::decompress(&compressed, data.len()), Err(GzipError::Nested));
        return 0;
    }
    assert_eq!(gzip::decompress(&compressed, data.len()).as_deref(), Ok(data));
    1
}
