//! The two-step verification password: SRP-6a with a stretched password.
//!
//! The algorithm is `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`.
//! Source: `core.telegram.org/api/srp`.

use core::fmt;

use crypto_bigint::{NonZero, U256, U512, U2048};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::dh::{DhGroup, DhKeyPair};
use super::hash::sha256;
use super::modular;
use super::random::SecureRandom;
use super::secret::Secret;

/// Number of PBKDF2 iterations that stretch the password.
const ITERATIONS: u32 = 100_000;

/// Minimum length of `srp_B` in bytes.
const MIN_B_LEN: usize = 248;

/// Why no proof was computed. The server's parameters are faulty or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SrpError {
    /// `srp_B` is not 248 to 256 bytes long.
    #[error("srp_B has {0} bytes: expected 248 to 256")]
    BLength(usize),
    /// `srp_B` is 0 or not less than the prime.
    #[error("srp_B is not between 0 and the prime")]
    BRange,
    /// The scrambling parameter `u` is 0.
    #[error("u is 0")]
    ZeroU,
}

/// The proof for `inputCheckPasswordSRP`. It is valid for one attempt, which uses up `srp_B`.
///
/// It is wiped on drop and hidden in `Debug` output: together with the server's values it allows an offline password
/// search.
#[derive(Clone)]
pub struct SrpProof {
    /// `A`, 256 bytes big-endian.
    pub a: [u8; 256],
    /// `M1`.
    pub m1: [u8; 32],
}

impl Drop for SrpProof {
    fn drop(&mut self) {
        self.a.zeroize();
        self.m1.zeroize();
    }
}

impl ZeroizeOnDrop for SrpProof {}

impl PartialEq for SrpProof {
    fn eq(&self, other: &Self) -> bool {
        (self.a.ct_eq(&other.a) & self.m1.ct_eq(&other.m1)).into()
    }
}

impl Eq for SrpProof {}

impl fmt::Debug for SrpProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SrpProof([redacted])")
    }
}

/// Computes `x`, the password stretched with both salts. This is the expensive step, about 100 ms.
///
/// The caller wipes the password.
#[must_use]
pub fn stretch(password: &[u8], salt1: &[u8], salt2: &[u8]) -> Secret<[u8; 32]> {
    let salted = Zeroizing::new(sha256(&[salt1, password, salt1]));
    let ph1 = Zeroizing::new(sha256(&[salt2, &*salted, salt2]));
    let mut slow = Zeroizing::new([0; 64]);
    pbkdf2::pbkdf2_hmac::<Sha512>(&*ph1, salt1, ITERATIONS, &mut *slow);
    Secret::new(sha256(&[salt2, &*slow, salt2]))
}

/// Computes the proof of the password for a server that knows only its [`verifier`].
///
/// `group` must have been checked ([`DhGroup::check`]) with the `g` and `p` of the same `account.password`. Draws 256
/// bytes, again while `A` is out of range.
///
/// # Errors
/// Returns [`SrpError`] if a parameter of the server is not valid. Do not continue then: an answer could leak the
/// password.
pub fn prove(
    group: &DhGroup,
    salt1: &[u8],
    salt2: &[u8],
    x: &Secret<[u8; 32]>,
    srp_b: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<SrpProof, SrpError> {
    let b = check_b(group, srp_b)?;
    let pair = group.key_pair(random);
    prove_with(group, salt1, salt2, x, &b, &pair)
}

/// Computes `v = g^x mod p`, 256 bytes big-endian: the value that a server stores, and the `new_password_hash` of a new
/// password.
#[must_use]
pub fn verifier(group: &DhGroup, x: &Secret<[u8; 32]>) -> Zeroizing<[u8; 256]> {
    power_of_x(group, x)
}

fn check_b(group: &DhGroup, srp_b: &[u8]) -> Result<[u8; 256], SrpError> {
    let b = modular::pad(srp_b).filter(|_| srp_b.len() >= MIN_B_LEN).ok_or(SrpError::BLength(srp_b.len()))?;
    // Both are 256 bytes big-endian, so the byte order is the numeric order.
    if b == [0; 256] || b >= *group.prime_bytes() { Err(SrpError::BRange) } else { Ok(b) }
}

/// Computes the proof for a checked `b` and an already drawn `a`.
fn prove_with(
    group: &DhGroup,
    salt1: &[u8],
    salt2: &[u8],
    x: &Secret<[u8; 32]>,
    b: &[u8; 256],
    pair: &DhKeyPair,
) -> Result<SrpProof, SrpError> {
    let (p, a) = (group.prime_bytes(), pair.public());
    let g = modular::bytes(&U2048::from_u32(group.g().unsigned_abs()));
    let u = sha256(&[a, b]);
    if u == [0; 32] {
        return Err(SrpError::ZeroU);
    }

    let mut arithmetic = group.modulus().arithmetic();
    let mut k = [0; 256];
    k.split_at_mut(224).1.copy_from_slice(&sha256(&[p, &g]));
    let k = arithmetic.residue(&k);
    let mut masked = arithmetic.residue(&power_of_x(group, x));
    arithmetic.multiply(&mut masked, &k);
    let masked = Zeroizing::new(U2048::from_be_slice(&*arithmetic.number(&masked)));
    // Never 0: a prime is greater than 1.
    let prime = NonZero::new(U2048::from_be_slice(p)).into_option().unwrap_or(NonZero::<U2048>::MAX);
    let base = Zeroizing::new(U2048::from_be_slice(b).sub_mod(&masked, &prime));
    let base = arithmetic.residue(&Zeroizing::new(modular::bytes(&base)));

    // s_a = base^(a + u * x). By Fermat's little theorem the exponent may be reduced modulo p - 1 if p does not divide
    // the base; it then fits 2048 bits. A base of 0 (B = k * v) requires knowledge of the verifier, and the proof then
    // reveals nothing about the password.
    let x = Zeroizing::new(U256::from_be_slice(x.expose()));
    let product: Zeroizing<U512> = Zeroizing::new(U256::from_be_slice(&u).concatenating_mul(&*x));
    let product: Zeroizing<U2048> = Zeroizing::new(product.resize());
    let exponent = pair.exponent_plus(&product, prime.as_ref());
    let s_a = arithmetic.power(&base, exponent.expose(), U2048::BITS);
    let s_a = arithmetic.number(&s_a);
    let k_a = Zeroizing::new(sha256(&[&*s_a]));

    let mut p_and_g = sha256(&[p]);
    for (byte, other) in p_and_g.iter_mut().zip(sha256(&[&g])) {
        *byte ^= other;
    }
    let m1 = sha256(&[&p_and_g, &sha256(&[salt1]), &sha256(&[salt2]), a, b, &*k_a]);
    Ok(SrpProof { a: *a, m1 })
}

/// Computes `g^x mod p`, 256 bytes big-endian.
fn power_of_x(group: &DhGroup, x: &Secret<[u8; 32]>) -> Zeroizing<[u8; 256]> {
    let x = Zeroizing::new(U256::from_be_slice(x.expose()));
    let exponent: Zeroizing<U2048> = Zeroizing::new(x.resize());
    group.power_of_g(&exponent, U256::BITS)
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use std::fs;

    use serde_json::Value;

    use super::*;

    fn bytes(case: &Value, name: &str) -> Vec<u8> {
        let digits = case[name].as_str().unwrap_or_else(|| panic!("no {name}"));
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
        bytes(case, name).try_into().unwrap_or_else(|_| panic!("{name} is not {N} bytes long"))
    }

    fn vectors() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/srp.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Includes vectors with a toy prime or an exponent out of range, which the public functions reject.
    #[test]
    fn every_vector_by_its_arithmetic() {
        let file = vectors();
        let cases = file["check_password"].as_array().unwrap();
        assert_eq!(cases.len(), 8);
        for case in cases {
            let source = case["source"].to_string();
            let (salt1, salt2) = (bytes(case, "salt1"), bytes(case, "salt2"));
            let g = i32::try_from(case["g"].as_i64().unwrap()).unwrap();
            let group = DhGroup::unchecked_for_testing_only(g, &array(case, "p"));

            let x = stretch(&bytes(case, "password"), &salt1, &salt2);
            assert_eq!(*x.expose(), array(case, "x_ph2"), "{source}");
            assert_eq!(*verifier(&group, &x), array(case, "v"), "{source}");
            let pair = group.pair_of(Box::new(Secret::new(U2048::from_be_slice(
                &modular::pad(&bytes(case, "a")).unwrap(),
            ))));
            let proof = prove_with(&group, &salt1, &salt2, &x, &array(case, "srp_B"), &pair).unwrap();
            assert_eq!(proof.a, array(case, "g_a"), "{source}");
            assert_eq!(proof.m1, array(case, "M1"), "{source}");
        }
    }
}
