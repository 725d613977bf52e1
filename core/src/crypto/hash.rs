//! SHA-1 and SHA-256 over pieces, as the protocol's formulas concatenate them.

use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::secret::Wide;

/// SHA-1 of the pieces, one after the other.
///
/// The protocol's fingerprints and old formulas need it; nothing new may.
#[must_use]
pub fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    digest::<Sha1>(pieces).into()
}

/// SHA-256 of the pieces, one after the other.
#[must_use]
pub fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(pieces).into()
}

/// SHA-256 of two pieces of at most 55 bytes together: one block, without the bookkeeping of a hash of any length,
/// which costs more than the block itself. The block is wiped.
#[inline]
pub(super) fn sha256_of_one_block<const A: usize, const B: usize>(a: &[u8; A], b: &[u8; B]) -> [u8; 32] {
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

/// SHA-256 of whole blocks, where they lie.
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

    /// The hash, with the last bytes that fill no block. Their copy is wiped.
    pub(super) fn finish(mut self, tail: &[u8]) -> [u8; 32] {
        let (whole, tail) = tail.as_chunks::<64>();
        self.update(whole);
        let bits = (self.blocks * 64 + tail.len() as u64) * 8;
        let mut last = Wide([0; 2 * 64]);
        last.0[..tail.len()].copy_from_slice(tail);
        last.0[tail.len()] = 0x80;
        // The length takes eight bytes: behind 55 bytes or less it fits into the same block.
        let used = if tail.len() < 56 { 64 } else { 128 };
        last.0[used - 8..used].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, last.0[..used].as_chunks().0);
        last.zeroize();
        bytes_of(&self.state)
    }
}

/// The state before the first block (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

fn bytes_of(state: &[u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *chunk = word.to_be_bytes();
    }
    bytes
}

fn digest<D: Digest>(pieces: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hasher = D::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    #[test]
    fn published_digests_of_abc() {
        // FIPS 180-4, examples.
        assert_eq!(sha1(&[b"a", b"", b"bc"]), hex::decode("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(sha256_of_one_block(b"ab", b"c"), sha256(&[b"abc"]));
        assert_eq!(sha256_of_one_block(&[1; 55], b""), sha256(&[&[1; 55]]));
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&[b"ab", b"c"]), hex::decode(expected));
    }

    #[test]
    fn hashing_by_blocks_gives_the_same() {
        let data: [u8; 300] = core::array::from_fn(|at| at as u8);
        for length in 0..data.len() {
            let data = &data[..length];
            let expected = sha256(&[data]);
            assert_eq!(BlockHasher::new().finish(data), expected, "{length}");
            let (blocks, tail) = data.as_chunks();
            let mut hasher = BlockHasher::new();
            blocks.iter().for_each(|block| hasher.update(&[*block]));
            assert_eq!(hasher.finish(tail), expected, "{length}");
        }
    }
}
