//! The RSA data of `req_DH_params`: the paddings around `p_q_inner_data`.

use sansgram_core::crypto::aes_ige;
use sansgram_core::crypto::hash::{sha1, sha256};

use super::refusal::HandshakeRefusal;
use crate::rsa::ServerRsaKey;
use crate::wire::Reader;

pub(super) const PQ_INNER_DATA: u32 = 0x83c9_5aec;
pub(super) const PQ_INNER_DATA_TEMP: u32 = 0x3c6a_84d4;
pub(super) const PQ_INNER_DATA_DC: u32 = 0xa9f5_5f95;
pub(super) const PQ_INNER_DATA_TEMP_DC: u32 = 0x56fd_df88;

/// Decrypts `encrypted_data` of `req_DH_params`: RSA_PAD or, if `accept_legacy`, the old padding. Also returns whether the
/// client used the old padding or an object without the DC's number.
pub(super) fn decrypt(
    encrypted: &[u8],
    accept_legacy: bool,
    rsa: &ServerRsaKey,
) -> Result<(Vec<u8>, bool), HandshakeRefusal> {
    let out_of_range = HandshakeRefusal::RsaRange(encrypted.len());
    if encrypted.len() != 256 {
        return Err(out_of_range);
    }
    let block = rsa.decrypt_raw(encrypted).ok_or(out_of_range)?;
    let current = undo_rsa_pad(&block);
    let (inner, padded_currently) = match current {
        Some(inner) => (inner, true),
        None => (undo_old_padding(&block).ok_or(HandshakeRefusal::RsaHash)?, false),
    };
    let constructor = Reader::new(&inner).u32()?;
    let names_dc = match constructor {
        PQ_INNER_DATA_DC | PQ_INNER_DATA_TEMP_DC => true,
        PQ_INNER_DATA | PQ_INNER_DATA_TEMP => false,
        other => return Err(HandshakeRefusal::Unexpected(other)),
    };
    let is_current = padded_currently && names_dc;
    if !is_current && !accept_legacy {
        return Err(HandshakeRefusal::LegacyRsa);
    }
    Ok((inner, !is_current))
}

/// Inverts RSA_PAD: returns 192 bytes of padded data; `None` if the hash does not match.
fn undo_rsa_pad(block: &[u8; 256]) -> Option<Vec<u8>> {
    let (masked_key, rest) = block.split_at(32);
    let mut data = rest.to_vec();
    let mask = sha256(&[&data]);
    let mut key = [0; 32];
    for (byte, (masked, mask)) in key.iter_mut().zip(masked_key.iter().zip(mask)) {
        *byte = masked ^ mask;
    }
    aes_ige::decrypt(&key, &[0; 32], &mut data).ok()?;
    let hash = data.split_off(192);
    data.reverse();
    (sha256(&[&key, &data]) == hash.as_slice()).then_some(data)
}

/// SHA-1 of the object, the object, and random bytes up to 255: the padding before RSA_PAD.
fn undo_old_padding(block: &[u8; 256]) -> Option<Vec<u8>> {
    let [0, hashed @ ..] = block else { return None };
    let (hash, data) = hashed.split_at(20);
    // The length of the object follows from its fields.
    let mut reader = Reader::new(data);
    let constructor = reader.u32().ok()?;
    for _ in 0..3 {
        reader.bytes().ok()?;
    }
    let numbers = match constructor {
        PQ_INNER_DATA => 0,
        PQ_INNER_DATA_DC | PQ_INNER_DATA_TEMP => 1,
        PQ_INNER_DATA_TEMP_DC => 2,
        _ => return None,
    };
    reader.raw(16 + 16 + 32 + 4 * numbers).ok()?;
    let object = &data[..data.len() - reader.rest().len()];
    (sha1(&[object]) == hash).then(|| object.to_vec())
}
