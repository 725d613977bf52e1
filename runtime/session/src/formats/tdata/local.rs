//! The encryption of the files, and the values in them.
//!
//! An encrypted value is the first 16 bytes of the plaintext's SHA-1, then the plaintext in AES-256-IGE: its length (u32
//! little-endian, which counts itself), the content, and random bytes up to a whole block. Key and iv are derived from
//! the 16 bytes and the local key as for a message from the server in MTProto 1.

use aes::Aes256;
use ige::cipher::block_padding::NoPadding;
use ige::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use pbkdf2::pbkdf2_hmac;
use sansgram_core::SecureRandom;
use sha1::Sha1;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::encoding::{Bytes, Fields};
use super::LocalKey;

const HASH_LEN: usize = 16;
const LENGTH_LEN: usize = 4;
/// The iterations of the key stretching; an empty passcode has one.
const PASSCODE_ROUNDS: u32 = 100_000;

/// Decrypts a content. Returns `None` if the key is wrong or the content is damaged.
pub(super) fn decrypt(encrypted: &[u8], key: &LocalKey) -> Option<Bytes> {
    let (hash, ciphertext) = encrypted.split_first_chunk::<HASH_LEN>()?;
    let mut plain = Bytes::new(ciphertext.to_vec());
    let (aes_key, aes_iv) = derive(key, hash);
    let cipher = ige::Decryptor::<Aes256>::new((&*aes_key).into(), (&*aes_iv).into());
    // Fails if the length is not a multiple of 16.
    cipher.decrypt_padded::<NoPadding>(&mut plain).ok()?;
    let [expected @ .., _, _, _, _] = sha1(&[&plain]);
    if !bool::from(expected.ct_eq(hash)) {
        return None;
    }
    let length = usize::try_from(u32::from_le_bytes(*plain.first_chunk()?)).ok()?;
    if length < LENGTH_LEN || length > plain.len() || plain.len() - length >= 16 {
        return None;
    }
    Some(Bytes::new(plain.get(LENGTH_LEN..length)?.to_vec()))
}

/// Encrypts a content of fewer than 2^32 bytes.
pub(super) fn encrypt(content: &[u8], key: &LocalKey, random: &mut dyn SecureRandom) -> Bytes {
    let length = LENGTH_LEN + content.len();
    let mut plain = Bytes::new(vec![0; length.next_multiple_of(16)]);
    plain[..LENGTH_LEN].copy_from_slice(&(length as u32).to_le_bytes());
    plain[LENGTH_LEN..length].copy_from_slice(content);
    random.fill(&mut plain[length..]);
    let [hash @ .., _, _, _, _] = sha1(&[&plain]);
    let (aes_key, aes_iv) = derive(key, &hash);
    let cipher = ige::Encryptor::<Aes256>::new((&*aes_key).into(), (&*aes_iv).into());
    let length = plain.len();
    // The length is a multiple of 16.
    let encrypted = cipher.encrypt_padded::<NoPadding>(&mut plain, length);
    debug_assert!(encrypted.is_ok());
    let mut encrypted = Bytes::new(Vec::with_capacity(HASH_LEN + plain.len()));
    encrypted.extend_from_slice(&hash);
    encrypted.extend_from_slice(&plain);
    encrypted
}

/// Returns AES key and iv of MTProto 1 (`core.telegram.org/mtproto/description_v1`), with x = 8.
fn derive(key: &LocalKey, hash: &[u8; HASH_LEN]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let part = |at: usize, length: usize| &key[8 + at..8 + at + length];
    let a = Zeroizing::new(sha1(&[hash, part(0, 32)]));
    let b = Zeroizing::new(sha1(&[part(32, 16), hash, part(48, 16)]));
    let c = Zeroizing::new(sha1(&[part(64, 32), hash]));
    let d = Zeroizing::new(sha1(&[hash, part(96, 32)]));
    (joined(&[&a[..8], &b[8..], &c[4..16]]), joined(&[&a[8..], &b[..8], &c[16..], &d[..8]]))
}

/// Concatenates the pieces, which have 32 bytes together.
fn joined(pieces: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut whole = Zeroizing::new([0; 32]);
    for (to, from) in whole.iter_mut().zip(pieces.iter().copied().flatten()) {
        *to = *from;
    }
    whole
}

/// Returns the SHA-1 of the concatenated pieces.
fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    pieces.iter().fold(Sha1::new(), Sha1::chain_update).finalize().into()
}

/// Derives the key from a passcode, in about 0.5 seconds; at once if the passcode is empty, which means that there is
/// none.
pub(super) fn passcode_key(passcode: &str, salt: &[u8]) -> LocalKey {
    let hash = Sha512::new().chain_update(salt).chain_update(passcode).chain_update(salt).finalize();
    let hash = Zeroizing::new(<[u8; 64]>::from(hash));
    let mut key = Zeroizing::new([0; 256]);
    let rounds = if passcode.is_empty() { 1 } else { PASSCODE_ROUNDS };
    pbkdf2_hmac::<Sha512>(&*hash, salt, rounds, &mut *key);
    key
}

/// Reads a byte array of Qt: its length u32, ffffffff for none, and the bytes.
pub(super) fn byte_array<'a>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    match fields.u32()? {
        u32::MAX => Some(&[]),
        length => fields.slice(usize::try_from(length).ok()?),
    }
}

/// Appends a byte array of Qt, shorter than 2^32 - 1 bytes.
pub(super) fn push_byte_array(bytes: &mut Bytes, content: &[u8]) {
    bytes.extend_from_slice(&(content.len() as u32).to_be_bytes());
    bytes.extend_from_slice(content);
}
