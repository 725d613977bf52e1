//! Events, little-endian: size u32 of the event, id u64, kind i32, flags i32, 8 zero bytes, data, CRC-32 of all before it.

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sansgram_core::tl::Reader;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::encoding::Bytes;

/// The kind of an event that erases another.
pub(super) const EMPTY: i32 = -2;
/// The kind of the event after which everything is encrypted.
pub(super) const ENCRYPTION: i32 = -3;
/// The flag of an event that replaces the one with the same id.
pub(super) const REWRITE: i32 = 1;
/// The flag of an event that only takes effect once an event without this flag follows.
pub(super) const PARTIAL: i32 = 2;

const HEADER_LEN: usize = 28;
const CRC_LEN: usize = 4;
const MIN_LEN: usize = HEADER_LEN + CRC_LEN;
const MAX_LEN: usize = 1 << 24;
/// The iterations of the key stretching: few, since the database key is a key, not a passphrase.
const ROUNDS: u32 = 2;
/// The text whose HMAC tells whether the key is right.
const HASHED: &[u8] = b"cucumbers everywhere";

/// One event.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) id: u64,
    pub(super) kind: i32,
    pub(super) flags: i32,
    pub(super) data: &'a [u8],
}

impl<'a> Event<'a> {
    /// Removes the first event from a log and returns it. Returns `None` if it is incomplete, which is the end of the
    /// log.
    pub(super) fn take(log: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(u32::from_le_bytes(*log.first_chunk()?)).ok()?;
        if !(MIN_LEN..=MAX_LEN).contains(&length) || !length.is_multiple_of(4) {
            return None;
        }
        let (event, rest) = log.split_at_checked(length)?;
        let (content, crc) = event.split_last_chunk::<CRC_LEN>()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut reader = Reader::new(content.get(4..)?);
        let (id, kind, flags) = (reader.u64().ok()?, reader.i32().ok()?, reader.i32().ok()?);
        // TDLib writes zeros here and ignores them.
        let _reserved = reader.u64().ok()?;
        *log = rest;
        Some(Self { id, kind, flags, data: reader.rest() })
    }

    /// Appends the event. The length of its data is a multiple of 4, like that of all TL values.
    pub(super) fn push(&self, log: &mut Bytes) {
        let start = log.len();
        log.extend_from_slice(&((MIN_LEN + self.data.len()) as u32).to_le_bytes());
        log.extend_from_slice(&self.id.to_le_bytes());
        log.extend_from_slice(&self.kind.to_le_bytes());
        log.extend_from_slice(&self.flags.to_le_bytes());
        log.extend_from_slice(&[0; 8]);
        log.extend_from_slice(self.data);
        let crc = crc32fast::hash(&log[start..]);
        log.extend_from_slice(&crc.to_le_bytes());
    }
}

/// The data of an event of kind [`ENCRYPTION`].
pub(super) struct Encryption<'a> {
    pub(super) salt: &'a [u8],
    pub(super) iv: &'a [u8; 16],
    hash: &'a [u8; 32],
}

impl<'a> Encryption<'a> {
    /// Reads flags i32, of which none is known, and as TL bytes salt, iv and hash.
    pub(super) fn parse(data: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let _flags = reader.i32().ok()?;
        let (salt, iv, hash) = (reader.bytes().ok()?, reader.bytes().ok()?, reader.bytes().ok()?);
        Some(Self { salt, iv: iv.try_into().ok()?, hash: hash.try_into().ok()? })
    }

    /// Derives the key of the log. Returns `None` if the database key is wrong.
    pub(super) fn key(&self, database_key: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (key, hash) = derive(database_key, self.salt);
        bool::from(hash.ct_eq(self.hash)).then_some(key)
    }
}

/// Derives the key of a log, and the hash that tells whether the key is right.
pub(super) fn derive(database_key: &[u8], salt: &[u8]) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2_hmac::<Sha256>(database_key, salt, ROUNDS, &mut *key);
    // HMAC accepts keys of every length.
    let Ok(hmac) = Hmac::<Sha256>::new_from_slice(&*key) else { return (key, [0; 32]) };
    let hash = hmac.chain_update(HASHED).finalize().into_bytes().into();
    (key, hash)
}
