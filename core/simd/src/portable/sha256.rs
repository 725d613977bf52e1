//! SHA-256 over whole blocks, without the bookkeeping of a general hasher.

use sha2::block_api::compress256;
use zeroize::{DefaultIsZeroes, Zeroize};

/// Bytes of the hot path: wiped by a few wide stores, while `Zeroize` for an array of bytes makes one store per byte.
#[derive(Clone, Copy)]
pub(super) struct Wide<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Default for Wide<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> DefaultIsZeroes for Wide<N> {}

/// Computes the SHA-256 of two pieces of at most 55 bytes in total: a single block, without the bookkeeping of a
/// general hasher, which costs more than the block itself. The block is wiped.
#[inline]
pub(super) fn sha256_of_one_block<const A: usize, const B: usize>(a: &[u8; A], b: &[u8; B]) -> [u8; 32] {
    // Checked at compile time: the slices below are in range, and the padding fits.
    const { assert!(A + B <= 55) };
    let mut block = Wide([0; 64]);
    block.0[..A].copy_from_slice(a);
    block.0[A..A + B].copy_from_slice(b);
    block.0[A + B] = 0x80;
    let [.., high, low] = ((A + B) * 8).to_be_bytes();
    block.0[62..].copy_from_slice(&[high, low]);
    let mut state = INITIAL;
    compress256(&mut state, core::slice::from_ref(&block.0));
    block.zeroize();
    bytes_of(&state)
}

/// SHA-256 over whole blocks in the caller's buffer, without an internal buffer.
pub(super) struct BlockHasher {
    state: [u32; 8],
    blocks: u64,
}

impl BlockHasher {
    pub(super) const fn new() -> Self {
        Self { state: INITIAL, blocks: 0 }
    }

    #[inline]
    pub(super) fn update(&mut self, blocks: &[[u8; 64]]) {
        compress256(&mut self.state, blocks);
        self.blocks += blocks.len() as u64;
    }

    /// Hashes the remaining bytes and returns the digest. The copy of a last partial block is wiped.
    pub(super) fn finish(mut self, tail: &[u8]) -> [u8; 32] {
        let (whole, tail) = tail.as_chunks::<64>();
        self.update(whole);
        let bits = (self.blocks * 64 + tail.len() as u64) * 8;
        let mut last = Wide([0; 2 * 64]);
        last.0[..tail.len()].copy_from_slice(tail);
        last.0[tail.len()] = 0x80;
        // The length field is 8 bytes: it fits into the same block after at most 55 bytes.
        let used = if tail.len() < 56 { 64 } else { 128 };
        last.0[used - 8..used].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, last.0[..used].as_chunks().0);
        last.zeroize();
        bytes_of(&self.state)
    }
}

/// The initial hash value (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

fn bytes_of(state: &[u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *chunk = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn sha256(data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }

    #[test]
    fn one_block_gives_the_same() {
        assert_eq!(sha256_of_one_block(b"ab", b"c"), sha256(b"abc"));
        assert_eq!(sha256_of_one_block(&[1; 55], b""), sha256(&[1; 55]));
    }

    #[test]
    fn hashing_by_blocks_gives_the_same() {
        let data: [u8; 300] = core::array::from_fn(|at| at as u8);
        for length in 0..data.len() {
            let data = &data[..length];
            let expected = sha256(data);
            assert_eq!(BlockHasher::new().finish(data), expected, "{length}");
            let (blocks, tail) = data.as_chunks();
            let mut hasher = BlockHasher::new();
            blocks.iter().for_each(|block| hasher.update(&[*block]));
            assert_eq!(hasher.finish(tail), expected, "{length}");
        }
    }
}
