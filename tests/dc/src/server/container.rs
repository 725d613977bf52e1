//! Containers and compressed messages.
//!
//! Source: `core.telegram.org/mtproto/service_messages`.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use sansgram_core::tl::gzip;

use super::constructors::{GZIP_PACKED, MSG_CONTAINER};
use super::policy::{MAX_DECOMPRESSED, MAX_IN_CONTAINER};
use crate::wire::{Malformed, Reader};

/// A bare message: identifier, `seq_no`, body.
pub(super) type Bare<'a> = (u64, u32, &'a [u8]);

/// Returns the messages of a container. Errors if any is malformed.
pub(super) fn read_container(container_id: u64, body: &[u8]) -> Result<Vec<Bare<'_>>, Malformed> {
    let mut reader = Reader::new(body);
    reader.expect(MSG_CONTAINER)?;
    let count = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
    if count > MAX_IN_CONTAINER {
        return Err(Malformed);
    }
    let mut messages = Vec::new();
    for _ in 0..count {
        let (msg_id, seq_no) = (reader.u64()?, reader.u32()?);
        let length = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
        let body = reader.raw(length)?;
        let nested = Reader::new(body).u32()? == MSG_CONTAINER;
        if nested || !length.is_multiple_of(4) || msg_id >= container_id {
            return Err(Malformed);
        }
        messages.push((msg_id, seq_no, body));
    }
    reader.end()?;
    Ok(messages)
}

pub(super) fn decompress(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(body);
    reader.expect(GZIP_PACKED)?;
    let packed = reader.bytes()?;
    reader.end()?;
    // mtcute sends zlib's format instead of gzip, and Telegram's servers accept both.
    if let [0x78, _, ..] = packed {
        return decompress_to_vec_zlib_with_limit(packed, MAX_DECOMPRESSED).map_err(|_| Malformed);
    }
    gzip::decompress(packed, MAX_DECOMPRESSED).map_err(|_| Malformed)
}
