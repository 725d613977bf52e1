//! AES-256 in the "infinite garble extension" mode, in place.
//!
//! `c[i] = E(p[i] ^ c[i-1]) ^ p[i-1]`, where `c[0]` is the first and `p[0]` the second half of the 32-byte iv.
//! The mode does not authenticate: the callers check a hash. Source: `core.telegram.org/mtproto/description`.

use sansgram_simd::Level;
use thiserror::Error;

/// The data is not a whole number of 16-byte blocks. It is left unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("AES-IGE works on multiples of 16 bytes")]
pub struct UnalignedLength;

/// Encrypts `data` in place. Its length may be any multiple of 16 bytes, including 0.
///
/// # Errors
/// Returns [`UnalignedLength`] for any other length.
pub fn encrypt(key: &[u8; 32], iv: &[u8; 32], data: &mut [u8]) -> Result<(), UnalignedLength> {
    encrypt_blocks(key, iv, blocks(data)?);
    Ok(())
}

/// Decrypts `data` in place. Its length may be any multiple of 16 bytes, including 0.
///
/// # Errors
/// Returns [`UnalignedLength`] for any other length.
pub fn decrypt(key: &[u8; 32], iv: &[u8; 32], data: &mut [u8]) -> Result<(), UnalignedLength> {
    sansgram_simd::ige_decrypt(Level::detected(), key, iv, blocks(data)?);
    Ok(())
}

/// Encrypts like [`encrypt`]. Whole blocks cannot fail, so that no caller can be left with plaintext.
pub(crate) fn encrypt_blocks(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [[u8; 16]]) {
    sansgram_simd::ige_encrypt(Level::detected(), key, iv, blocks);
}

const fn blocks(data: &mut [u8]) -> Result<&mut [[u8; 16]], UnalignedLength> {
    match data.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(UnalignedLength),
    }
}
