//! AES-256-IGE as one loop inside one call of the cipher's backend.

use aes::cipher::array::Array;
use aes::cipher::typenum::U16;
use aes::cipher::{
    BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncBackend,
    BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use aes::{Aes256Dec, Aes256Enc};

/// Number of blocks per chunk of [`decrypt_in_chunks`]: 64 bytes, one SHA-256 block.
const CHUNK: usize = 4;

type Block = Array<u8, U16>;

pub(super) fn encrypt_blocks(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [crate::Block]) {
    let (c, p) = halves(iv);
    let blocks = Block::cast_slice_from_core_mut(blocks);
    Aes256Enc::new(key.into()).encrypt_with_backend(Encrypt { blocks, c, p });
}

/// Decrypts and passes the plaintext to `each` in chunks: first the `head` bytes at the start (rounded
/// down to whole blocks, at most all of them), then 64 bytes at a time, then the rest.
///
/// `each` gets a chunk only after the next chunk is decrypted. Its work then overlaps with the chain of AES rounds,
/// which leaves most of a CPU core idle.
pub(super) fn decrypt_in_chunks(
    key: &[u8; 32],
    iv: &[u8; 32],
    blocks: &mut [crate::Block],
    head: usize,
    each: impl FnMut(&[u8]),
) {
    let (c, p) = halves(iv);
    let blocks = Block::cast_slice_from_core_mut(blocks);
    let (head, rest) = blocks.split_at_mut((head / 16).min(blocks.len()));
    Aes256Dec::new(key.into()).decrypt_with_backend(Decrypt { head, rest, c, p, each });
}

/// Encrypts all blocks in one call of the cipher's backend: `aes` sets up its round keys again on every call.
struct Encrypt<'a> {
    blocks: &'a mut [Block],
    /// The ciphertext and the plaintext of the previous block.
    c: Block,
    p: Block,
}

impl BlockSizeUser for Encrypt<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Encrypt<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { blocks, mut c, mut p } = self;
        for block in blocks {
            let plaintext = *block;
            let mut work = xor(&plaintext, &c);
            backend.encrypt_block_inplace(&mut work);
            c = xor(&work, &p);
            p = plaintext;
            *block = c;
        }
    }
}

struct Decrypt<'a, F> {
    head: &'a mut [Block],
    rest: &'a mut [Block],
    c: Block,
    p: Block,
    each: F,
}

impl<F> BlockSizeUser for Decrypt<'_, F> {
    type BlockSize = U16;
}

impl<F: FnMut(&[u8])> BlockCipherDecClosure for Decrypt<'_, F> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { head, rest, mut c, mut p, mut each } = self;
        let mut ready: &[Block] = &[];
        for chunk in core::iter::once(head).chain(rest.chunks_mut(CHUNK)) {
            for block in &mut *chunk {
                let ciphertext = *block;
                let mut work = xor(&ciphertext, &p);
                backend.decrypt_block_inplace(&mut work);
                p = xor(&work, &c);
                c = ciphertext;
                *block = p;
            }
            if !ready.is_empty() {
                each(Array::slice_as_flattened(ready));
            }
            ready = chunk;
        }
        if !ready.is_empty() {
            each(Array::slice_as_flattened(ready));
        }
    }
}

/// Returns the initial ciphertext and plaintext blocks.
fn halves(iv: &[u8; 32]) -> (Block, Block) {
    let (c, p) = iv.split_at(16);
    // Both halves are 16 bytes, so neither index is out of range.
    (core::array::from_fn(|at| c[at]).into(), core::array::from_fn(|at| p[at]).into())
}

#[inline(always)]
fn xor(a: &Block, b: &Block) -> Block {
    let mut sum = *a;
    for (byte, other) in sum.iter_mut().zip(b) {
        *byte ^= other;
    }
    sum
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn chunks_are_the_plaintext_in_order() {
        let (key, iv) = ([3; 32], [5; 32]);
        for length in (0..=20).map(|blocks| blocks * 16) {
            for head in [0, 16, 32, 64, 400] {
                let plaintext: Vec<u8> = (0..length).map(|at| at as u8).collect();
                let mut data = plaintext.clone();
                encrypt_blocks(&key, &iv, data.as_chunks_mut().0);
                let mut pieces = Vec::new();
                let each = |chunk: &[u8]| pieces.push(chunk.to_vec());
                decrypt_in_chunks(&key, &iv, data.as_chunks_mut().0, head, each);
                assert_eq!(data, plaintext);
                assert_eq!(pieces.concat(), plaintext);
                let (first, rest) = plaintext.split_at(head.min(length));
                let expected = core::iter::once(first).filter(|first| !first.is_empty());
                assert!(pieces.iter().map(Vec::as_slice).eq(expected.chain(rest.chunks(64))));
            }
        }
    }
}
