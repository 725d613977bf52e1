//! SHA-1, SHA-256 and SHA-512 over concatenated pieces, as in the protocol's formulas; HMAC and PBKDF2.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

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
}
