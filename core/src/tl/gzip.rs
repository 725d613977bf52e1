//! The gzip format (RFC 1952) of `gzip_packed`, with bounded output.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use miniz_oxide::deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

use super::{DecodeError, Reader, ids, write};

use crate::policy;

/// Maximum decompressed length of one object in bytes: 10 MiB.
pub const MAX_DECOMPRESSED: usize = policy::MAX_DECOMPRESSED;

/// Maximum compression ratio. Deflate encodes at most 258 bytes in 2 bits, so 1032 bytes in one byte.
const MAX_RATIO: usize = 1032;
/// Compression level. 6 is zlib's default.
const LEVEL: u8 = 6;

const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
const FLAGS_RESERVED: u8 = 0b1110_0000;

/// Why compressed data was rejected. The fault is always the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GzipError {
    /// The gzip header is missing or not supported (raw zlib, another method).
    #[error("not gzip data")]
    BadHeader,
    /// The data ends inside the header, the stream or the trailer.
    #[error("gzip data is truncated")]
    Truncated,
    /// The compressed stream is not deflate.
    #[error("gzip data is damaged")]
    BadStream,
    /// The checksum of the header or of the output does not match.
    #[error("wrong checksum of gzip data")]
    BadChecksum,
    /// The length of the output differs from the trailer.
    #[error("wrong length of gzip data")]
    BadLength,
    /// The output is longer than the limit.
    #[error("gzip data decompresses to {length} bytes, more than allowed")]
    TooLong {
        /// Length of the output in the trailer, in bytes.
        length: usize,
    },
    /// Bytes follow the trailer.
    #[error("bytes after gzip data")]
    TrailingBytes,
    /// The output is `gzip_packed` again.
    #[error("gzip data inside gzip data")]
    Nested,
}

/// Decompresses gzip data to at most `limit` bytes.
///
/// The length in the trailer is compared with the limit and with the maximum that the data can decompress to. A buffer
/// of that length is then allocated once and never grows.
///
/// # Errors
/// Returns [`GzipError`] if the data is not valid or its output exceeds the limit.
pub fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, GzipError> {
    let body = after_header(compressed)?;
    let (stream, trailer) = body.split_last_chunk::<8>().ok_or(GzipError::Truncated)?;
    let (checksum, length) = split_trailer(*trailer);
    let length = length as usize;
    if length > limit {
        return Err(GzipError::TooLong { length });
    }
    if length > stream.len().saturating_mul(MAX_RATIO) {
        return Err(GzipError::BadLength);
    }

    let mut out = vec![0; length];
    let mut state = Box::<DecompressorOxide>::default();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, consumed, written) = inflate(&mut state, stream, &mut out, 0, flags);
    match status {
        TINFLStatus::Done if consumed != stream.len() => return Err(GzipError::TrailingBytes),
        TINFLStatus::Done => {}
        TINFLStatus::HasMoreOutput => return Err(GzipError::BadLength),
        TINFLStatus::NeedsMoreInput | TINFLStatus::FailedCannotMakeProgress => {
            return Err(GzipError::Truncated);
        }
        _ => return Err(GzipError::BadStream),
    }
    if written != length {
        return Err(GzipError::BadLength);
    }
    if crc32fast::hash(&out) != checksum {
        return Err(GzipError::BadChecksum);
    }
    if Reader::new(&out).peek_u32() == Ok(ids::GZIP_PACKED) {
        return Err(GzipError::Nested);
    }
    Ok(out)
}

/// Compresses `body` to gzip. The caller compares the lengths to decide which one to send.
pub fn compress(body: &[u8]) -> Vec<u8> {
    // Deflate, no flags, no time, no extra flags, unknown operating system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    out.extend_from_slice(&deflate::compress_to_vec(body, LEVEL));
    write::u32(&mut out, crc32fast::hash(body));
    // The length field is modulo 2^32.
    write::u32(&mut out, body.len() as u32);
    out
}

/// Returns the data after the header.
fn after_header(compressed: &[u8]) -> Result<&[u8], GzipError> {
    let truncated = |_: DecodeError| GzipError::Truncated;
    let mut reader = Reader::new(compressed);
    let fixed = reader.raw(10).map_err(truncated)?;
    let [0x1f, 0x8b, 8, flags, ..] = *fixed else { return Err(GzipError::BadHeader) };
    if flags & FLAGS_RESERVED != 0 {
        return Err(GzipError::BadHeader);
    }
    if flags & FLAG_EXTRA != 0 {
        let length = u16_le(reader.raw(2).map_err(truncated)?);
        reader.raw(length.into()).map_err(truncated)?;
    }
    for text in [FLAG_NAME, FLAG_COMMENT] {
        if flags & text != 0 {
            while reader.raw(1).map_err(truncated)? != [0] {}
        }
    }
    if flags & FLAG_HEADER_CRC != 0 {
        let header = compressed.get(..reader.position()).unwrap_or_default();
        // The low half of the header's CRC32.
        if u16_le(reader.raw(2).map_err(truncated)?) != crc32fast::hash(header) as u16 {
            return Err(GzipError::BadChecksum);
        }
    }
    Ok(reader.rest())
}

fn u16_le(bytes: &[u8]) -> u16 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u16::from(*byte))
}

fn split_trailer(trailer: [u8; 8]) -> (u32, u32) {
    let both = u64::from_le_bytes(trailer);
    (both as u32, (both >> 32) as u32)
}
