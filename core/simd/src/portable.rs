//! The same in safe code, by the crates `aes` and `sha2`, which choose instructions of their own.

mod ige;
mod sha256;

use ige::{decrypt_in_chunks, encrypt_blocks};
use sha256::{BlockHasher, Wide, sha256_of_one_block};
use zeroize::Zeroize;

use crate::{Block, KeyAndIv, KeyParts, msg_key_of};

pub(crate) fn kdf(parts: &KeyParts<'_>, msg_key: &[u8; 16]) -> KeyAndIv {
    let mut keys = KeyAndIv {
        key: sha256_of_one_block(msg_key, parts.first),
        iv: sha256_of_one_block(parts.second, msg_key),
    };
    // Key and iv take their middle parts from each other's hash.
    keys.key[8..24].swap_with_slice(&mut keys.iv[8..24]);
    keys
}

pub(crate) fn ige_encrypt(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    encrypt_blocks(key, iv, blocks);
}

pub(crate) fn ige_decrypt(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    decrypt_in_chunks(key, iv, blocks, 0, |_| {});
}

pub(crate) fn seal(parts: &KeyParts<'_>, blocks: &mut [Block]) -> [u8; 32] {
    let mut hasher = BlockHasher::new();
    let (head, rest) = blocks.as_flattened().split_at(HEAD);
    hash_head(&mut hasher, parts.hashed, head);
    let large = hasher.finish(rest);
    let mut keys = kdf(parts, &msg_key_of(&large));
    encrypt_blocks(&keys.key, &keys.iv, blocks);
    wipe(&mut keys);
    large
}

pub(crate) fn open(parts: &KeyParts<'_>, msg_key: &[u8; 16], blocks: &mut [Block]) -> [u8; 32] {
    let mut keys = kdf(parts, msg_key);
    let mut hasher = BlockHasher::new();
    let mut key_part = Some(parts.hashed);
    let each = |chunk: &[u8]| match key_part.take() {
        Some(key_part) => hash_head(&mut hasher, key_part, chunk),
        None => hasher.update(chunk.as_chunks().0),
    };
    decrypt_in_chunks(&keys.key, &keys.iv, blocks, HEAD, each);
    wipe(&mut keys);
    let text = blocks.as_flattened();
    let tail = text.get(HEAD..).unwrap_or_default().as_chunks::<64>().1;
    hasher.finish(tail)
}

fn wipe(keys: &mut KeyAndIv) {
    keys.key.zeroize();
    keys.iv.zeroize();
}

/// Number of plaintext bytes in the first SHA-256 block of the `msg_key`; the other 32 come from the auth key.
const HEAD: usize = 32;

/// Hashes the first block: 32 bytes of the key, then the plaintext's `head`. The block is wiped.
#[inline]
fn hash_head(hasher: &mut BlockHasher, key_part: &[u8; 64 - HEAD], head: &[u8]) {
    // The callers give this many bytes.
    let Some(head) = head.first_chunk::<HEAD>() else { return };
    let mut block = Wide([0; 64]);
    block.0[..64 - HEAD].copy_from_slice(key_part);
    block.0[64 - HEAD..].copy_from_slice(head);
    hasher.update(core::slice::from_ref(&block.0));
    block.zeroize();
}
