//! The files: `TDF$`, version i32, data, MD5 of data, its length, version and `TDF$`; little-endian.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::super::encoding::Bytes;

pub(super) const MAGIC: &[u8; 4] = b"TDF$";
const MD5_LEN: usize = 16;
/// The length of everything except the data, in bytes.
const OVERHEAD: usize = 8 + MD5_LEN;

/// A file with a correct checksum.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) version: u32,
    pub(super) data: &'a [u8],
}

/// Checks a file and returns its content.
///
/// # Errors
/// Returns the reason as the rest of a sentence.
pub(super) fn open(file: &[u8]) -> Result<Envelope<'_>, &'static str> {
    let (content, checksum) = file.split_last_chunk::<MD5_LEN>().ok_or("is cut short")?;
    let (magic, content) = content.split_first_chunk::<4>().ok_or("is cut short")?;
    if magic != MAGIC {
        return Err("is not a file of Telegram Desktop: it does not begin with TDF$");
    }
    let (version, data) = content.split_first_chunk::<4>().ok_or("is cut short")?;
    // The checksum includes the length as 32 bits; larger files are not read.
    let expected = checksum_of(data, data.len() as u32, version);
    if !bool::from(expected.ct_eq(checksum)) {
        return Err("is damaged: its checksum (MD5) does not match");
    }
    Ok(Envelope { version: u32::from_le_bytes(*version), data })
}

/// Returns the file with this data.
pub(super) fn seal(version: u32, data: &[u8]) -> Bytes {
    let version = version.to_le_bytes();
    let mut file = Bytes::new(Vec::with_capacity(OVERHEAD + data.len()));
    for piece in [MAGIC, &version, data, &checksum_of(data, data.len() as u32, &version)] {
        file.extend_from_slice(piece);
    }
    file
}

fn checksum_of(data: &[u8], length: u32, version: &[u8; 4]) -> [u8; MD5_LEN] {
    let mut md5 = Md5::new();
    md5.update(data);
    md5.update(length.to_le_bytes());
    md5.update(version);
    md5.update(MAGIC);
    md5.finalize().into()
}
