//! SHA-1, SHA-256 and SHA-512 over concatenated pieces, as in the protocol's formulas; HMAC and PBKDF2.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroize;

use super::secret::Wide;

/// Computes the SHA-1 of the concatenated pieces.
///
/// Only for the protocol's fingerprints and legacy formulas.
#[must_use]
pub fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    digest::<Sha1>(pieces).into()
}

/// Computes the SHA-256 of the concatenated pieces.
#[must_use]
pub fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(pieces).into()
}

/// Computes the SHA-512 of the concatenated pieces.
#[must_use]
pub fn sha512(pieces: &[&[u8]]) -> [u8; 64] {
    digest::<Sha512>(pieces).into()
}

/// Computes the HMAC-SHA-256 of `message` under a key of any length (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC accepts keys of every length.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

/// Fills `out` with PBKDF2-HMAC-SHA-256 (RFC 8018). The time is proportional to `rounds` (at least 1) and to the number
/// of 32-byte blocks in `out`.
pub fn pbkdf2_hmac_sha256(password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, out);
}

/// Fills `out` with PBKDF2-HMAC-SHA-512 (RFC 8018). The time is proportional to `rounds` (at least 1) and to the number
/// of 64-byte blocks in `out`: about 0.1 s for 100,000 rounds and one block.
pub fn pbkdf2_hmac_sha512(password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, out);
}

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
    use crate::crypto::hex::hex;

    #[test]
    fn published_digests_of_abc() {
        // Examples of FIPS 180-4.
        assert_eq!(sha1(&[b"a", b"", b"bc"]), hex!("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(sha256_of_one_block(b"ab", b"c"), sha256(&[b"abc"]));
        assert_eq!(sha256_of_one_block(&[1; 55], b""), sha256(&[&[1; 55]]));
        assert_eq!(
            sha256(&[b"ab", b"c"]),
            hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
    }

    #[test]
    fn published_values_of_hmac_and_pbkdf2() {
        // Examples of FIPS 180-4; RFC 4231, test case 2; RFC 7914, section 11.
        assert_eq!(
            sha512(&[b"ab", b"c"]),
            hex!(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                        2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            )
        );
        assert_eq!(
            hmac_sha256(b"Jefe", b"what do ya want for nothing?"),
            hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
        let mut out = [0; 64];
        pbkdf2_hmac_sha256(b"passwd", b"salt", 1, &mut out);
        assert_eq!(
            out,
            hex!(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                        49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            )
        );
        // From Python's hashlib.pbkdf2_hmac.
        pbkdf2_hmac_sha512(b"passwd", b"salt", 2, &mut out);
        assert_eq!(
            out,
            hex!(
                "422a2c609b7e035e154ad40236dc0d73983c6c7a46aa6136466e216b3be22896\
                        cf65c59be9216fc659736f14d29a7472862c7c261e8a2dd53cf2a67a73dcd275"
            )
        );
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
