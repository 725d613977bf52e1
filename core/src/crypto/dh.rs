//! Diffie-Hellman over a 2048-bit safe prime, with every check that the protocol requires.
//!
//! Sources: `core.telegram.org/mtproto/auth_key` (steps 6 and 7), `/mtproto/security_guidelines`.

use alloc::boxed::Box;
use core::fmt;

use crypto_bigint::{NonZero, Odd, U2048};
use thiserror::Error;
use zeroize::Zeroizing;

use super::comb;
use super::hex::hex;
use super::modular::{pad, small_remainder};
use super::montgomery::Modulus;
use super::prime;
use super::random::SecureRandom;
use super::secret::Secret;

/// A checked group: a safe prime of exactly 2048 bits and a generator of its subgroup of prime order.
#[derive(Clone)]
pub struct DhGroup {
    prime: [u8; 256],
    g: i32,
    modulus: Modulus,
}

/// Why a group or a public value was rejected. The peer is faulty or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DhError {
    /// `dh_prime` is not exactly 2048 bits (256 bytes, the top bit set).
    #[error("dh_prime is not exactly 2048 bits long")]
    PrimeLength,
    /// `dh_prime` or `(dh_prime - 1) / 2` is not prime.
    #[error("dh_prime is not a safe prime")]
    NotSafePrime,
    /// `g` is not one of 2 to 7.
    #[error("g is not one of 2 to 7")]
    GeneratorRange,
    /// `g` does not generate the subgroup of prime order of this `dh_prime`.
    #[error("g is not a quadratic residue modulo dh_prime")]
    GeneratorNotResidue,
    /// A public value is longer than 256 bytes.
    #[error("the public value is longer than 256 bytes")]
    PublicLength,
    /// A public value is not between 1 and `dh_prime - 1`.
    #[error("the public value is not between 1 and dh_prime - 1")]
    PublicRange,
    /// A public value is less than `2^1984` or greater than `dh_prime - 2^1984`.
    #[error("the public value is too close to 0 or dh_prime")]
    PublicTooClose,
}

impl DhGroup {
    /// Checks a group that a peer proposes. `prime` is 256 bytes big-endian.
    ///
    /// The prime that Telegram has used for years is recognised and only compared. Any other costs about 0.05 seconds
    /// (several without optimisation). `random` provides the bases of the primality test.
    ///
    /// # Errors
    /// Returns one of the first four variants of [`DhError`]. Such a group must not be used.
    pub fn check(g: i32, prime: &[u8], random: &mut dyn SecureRandom) -> Result<Self, DhError> {
        let prime: [u8; 256] = prime.try_into().map_err(|_| DhError::PrimeLength)?;
        if prime[0] < 0x80 {
            return Err(DhError::PrimeLength);
        }
        let modulus = U2048::from_be_slice(&prime);
        let odd = Odd::new(modulus).into_option().ok_or(DhError::NotSafePrime)?;
        check_generator(g, &modulus)?;
        if prime != KNOWN_PRIME && !prime::is_safe_prime(&modulus, random) {
            return Err(DhError::NotSafePrime);
        }
        Ok(Self { prime, g, modulus: Modulus::new(&odd) })
    }

    /// Returns the prime, 256 bytes big-endian.
    #[must_use]
    pub const fn prime_bytes(&self) -> &[u8; 256] {
        &self.prime
    }

    /// Returns the generator, 2 to 7.
    #[must_use]
    pub const fn g(&self) -> i32 {
        self.g
    }

    /// Checks a big-endian public value and left-pads it with zeros to 256 bytes.
    ///
    /// # Errors
    /// Returns one of the last three variants of [`DhError`].
    pub fn check_public(&self, value: &[u8]) -> Result<[u8; 256], DhError> {
        let padded = pad(value).ok_or(DhError::PublicLength)?;
        let number = U2048::from_be_slice(&padded);
        let prime = U2048::from_be_slice(&self.prime);
        if number <= U2048::ONE || number >= prime.wrapping_sub(&U2048::ONE) {
            return Err(DhError::PublicRange);
        }
        let margin = U2048::ONE << 1984;
        if number < margin || number > prime.wrapping_sub(&margin) {
            return Err(DhError::PublicTooClose);
        }
        Ok(padded)
    }

    /// Draws a secret exponent of 256 bytes, repeating until its public value passes
    /// [`check_public`](Self::check_public).
    pub fn key_pair(&self, random: &mut dyn SecureRandom) -> DhKeyPair {
        loop {
            let mut drawn = Secret::new([0; 256]);
            random.fill(drawn.expose_mut());
            let mut exponent = Box::new(Secret::new(U2048::ZERO));
            *exponent.expose_mut() = U2048::from_be_slice(drawn.expose());
            let pair = self.pair_of(exponent);
            if self.check_public(&pair.public).is_ok() {
                return pair;
            }
        }
    }

    /// Returns the key pair for a given exponent. Its public value is not checked.
    pub(super) fn pair_of(&self, exponent: Box<Secret<U2048>>) -> DhKeyPair {
        let public = *self.power_of_g(exponent.expose(), U2048::BITS);
        DhKeyPair { exponent, public, modulus: self.modulus.clone() }
    }

    /// Computes `g^exponent mod p`, 256 bytes big-endian, in constant time. The exponent must be less than
    /// `2^bits`. A table makes it about four times as fast for the prime and the generator that Telegram uses.
    pub(super) fn power_of_g(&self, exponent: &U2048, bits: u32) -> Zeroizing<[u8; 256]> {
        let mut arithmetic = self.modulus.arithmetic();
        let power = if self.g == comb::G && self.prime == KNOWN_PRIME {
            comb::power(&mut arithmetic, exponent, bits)
        } else {
            // In the range 2 to 7, checked by the constructor.
            let g = arithmetic.small(self.g.unsigned_abs() as u8);
            arithmetic.power(&g, exponent, bits)
        };
        arithmetic.number(&power)
    }

    pub(super) const fn modulus(&self) -> &Modulus {
        &self.modulus
    }
}

impl fmt::Debug for DhGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.prime == KNOWN_PRIME;
        formatter.debug_struct("DhGroup").field("g", &self.g).field("known_prime", &known).finish()
    }
}

/// A secret exponent and the public value computed from it.
pub struct DhKeyPair {
    // Boxed, so that a move of the pair leaves no copy on the stack.
    exponent: Box<Secret<U2048>>,
    public: [u8; 256],
    modulus: Modulus,
}

impl DhKeyPair {
    /// Returns `g^b mod p`, 256 bytes big-endian, within the range that peers check.
    #[must_use]
    pub const fn public(&self) -> &[u8; 256] {
        &self.public
    }

    /// Computes the shared key `peer^b mod p`, 256 bytes big-endian, in constant time.
    ///
    /// `peer` must have passed [`DhGroup::check_public`] of the same group.
    #[must_use]
    pub fn agree(&self, peer: &[u8; 256]) -> Secret<[u8; 256]> {
        let mut arithmetic = self.modulus.arithmetic();
        let peer = arithmetic.residue(peer);
        let key = arithmetic.power(&peer, self.exponent.expose(), U2048::BITS);
        Secret::new(*arithmetic.number(&key))
    }

    /// Returns the secret exponent plus `addend`, modulo `prime - 1`.
    pub(super) fn exponent_plus(&self, addend: &U2048, prime: &U2048) -> Secret<U2048> {
        // Never 0: a prime is greater than 1.
        let order = NonZero::new(prime.wrapping_sub(&U2048::ONE));
        let order = order.into_option().unwrap_or(NonZero::<U2048>::MAX);
        let exponent = Secret::new(self.exponent.expose().rem(&order));
        let addend = Secret::new(addend.rem(&order));
        Secret::new(exponent.expose().add_mod(addend.expose(), &order))
    }
}

impl fmt::Debug for DhKeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DhKeyPair([redacted])")
    }
}

#[cfg(test)]
impl DhGroup {
    /// Creates a group without checks, for test vectors over primes that [`check`](Self::check) rejects.
    pub(super) fn unchecked_for_testing_only(g: i32, prime: &[u8; 256]) -> Self {
        let odd = Odd::new(U2048::from_be_slice(prime)).into_option().expect("an odd prime");
        Self { prime: *prime, g, modulus: Modulus::new(&odd) }
    }
}

/// Checks that `g` is a quadratic residue modulo `prime`, which means that it generates the subgroup of order `(prime -
/// 1) / 2`. By quadratic reciprocity this depends only on a remainder of the prime.
fn check_generator(g: i32, prime: &U2048) -> Result<(), DhError> {
    let remainder = |divisor| small_remainder(prime, divisor);
    let is_residue = match g {
        2 => remainder(8) == 7,
        3 => remainder(3) == 2,
        4 => true,
        5 => matches!(remainder(5), 1 | 4),
        6 => matches!(remainder(24), 19 | 23),
        7 => matches!(remainder(7), 3 | 5 | 6),
        _ => return Err(DhError::GeneratorRange),
    };
    if is_residue { Ok(()) } else { Err(DhError::GeneratorNotResidue) }
}

/// The prime that Telegram uses. The build script reads the same file.
const KNOWN_PRIME: [u8; 256] = hex!(include_str!("known_prime.hex"));

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;

    /// A xorshift generator for the bases: these tests need no secrecy.
    struct Seeded(u64);

    impl SecureRandom for Seeded {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                *byte = (self.0 >> 32) as u8;
            }
        }
    }

    fn is_accepted(g: i32, prime: u64) -> bool {
        let number = U2048::from_u64(prime);
        check_generator(g, &number).is_ok() && prime::is_safe_prime(&number, &mut Seeded(0x5eed))
    }

    #[test]
    fn published_table_of_small_primes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/dh_checks.json");
        let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for (list, expected, count) in [("accept", true, 9), ("reject", false, 7)] {
            let pairs = file["small_prime_table"][list].as_array().unwrap();
            assert_eq!(pairs.len(), count);
            for pair in pairs {
                let (prime, g) =
                    (pair[0].as_u64().unwrap(), i32::try_from(pair[1].as_i64().unwrap()).unwrap());
                assert_eq!(is_accepted(g, prime), expected, "p = {prime}, g = {g}");
            }
        }
    }

    #[test]
    fn small_numbers_match_trial_division_and_squaring() {
        let is_prime = |n: u64| n > 1 && (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
        let mut safe_primes = 0;
        for n in 0..4000 {
            let is_safe = is_prime(n) && is_prime((n - 1) / 2);
            assert_eq!(prime::is_safe_prime(&U2048::from_u64(n), &mut Seeded(n + 1)), is_safe, "{n}");
            // For primes 5 and 7, some generators are multiples of the prime.
            if is_safe && n > 7 {
                safe_primes += 1;
                for g in 2..=7_i32 {
                    let is_square = (1..n).any(|root| root * root % n == u64::from(g.unsigned_abs()));
                    assert_eq!(
                        check_generator(g, &U2048::from_u64(n)).is_ok(),
                        is_square,
                        "p = {n}, g = {g}"
                    );
                }
            }
        }
        assert_eq!(safe_primes, 58);
    }
}
