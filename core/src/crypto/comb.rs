//! Powers of 3 modulo the prime that Telegram uses, by a fixed-base comb (Lim and Lee, "More flexible exponentiation with
//! precomputation", 1994), in constant time.
//!
//! The exponent falls into [`PARTS`] parts of `TEETH * SPACING` bits. One squaring serves the bits of all parts at one
//! column; one multiplication takes up the [`TEETH`] bits of one part that lie [`SPACING`] bits apart. The table of 35
//! KiB comes from `build/comb.rs`. Servers use 3; any other generator takes the general path.

use crypto_bigint::U2048;
use zeroize::Zeroizing;

use super::limbs::{LIMBS, Limbs};
use super::montgomery::{Arithmetic, Residue, bit, look_up};

include!(concat!(env!("OUT_DIR"), "/comb.rs"));

/// Returns `G^exponent`. `arithmetic` must be of the prime that Telegram uses, and the exponent less than `2^bits`.
pub(super) fn power(arithmetic: &mut Arithmetic<'_>, exponent: &U2048, bits: u32) -> Residue {
    let parts = bits.div_ceil(TEETH * SPACING) as usize;
    // The empty product.
    let mut power = Zeroizing::new(TABLE[0][0]);
    let mut factor = Zeroizing::new([0; LIMBS]);
    for column in (0..SPACING).rev() {
        arithmetic.square(&mut power);
        for (part, table) in (0..).zip(TABLE.iter().take(parts)) {
            let first = part * TEETH * SPACING + column;
            let digit = (0..TEETH).map(|tooth| bit(exponent, first + tooth * SPACING) << tooth).sum();
            look_up(table, digit, &mut factor);
            arithmetic.multiply(&mut power, &factor);
        }
    }
    power
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use crypto_bigint::Odd;
    use num_bigint_dig::BigUint;

    use super::*;
    use crate::crypto::hex::hex;
    use crate::crypto::limbs::BITS;
    use crate::crypto::montgomery::Modulus;
    use crate::crypto::montgomery::tests::{fixed, numbers, padded};

    const PRIME: [u8; 256] = hex!(include_str!("known_prime.hex"));

    #[test]
    fn every_entry_of_the_table() {
        let p = BigUint::from_bytes_be(&PRIME);
        let g = BigUint::from(G.unsigned_abs());
        let one = BigUint::from(1_u32);
        let montgomery = (&one << (BITS as usize * LIMBS)) % &p;
        let spacing = SPACING as usize;
        assert!(PARTS * spacing * TEETH as usize >= 2048);
        let mut tooth = g;
        for part in &TABLE {
            let mut entries = vec![montgomery.clone()];
            for _ in 0..TEETH {
                let with_tooth: Vec<BigUint> = entries.iter().map(|entry| entry * &tooth % &p).collect();
                entries.extend(with_tooth);
                tooth = tooth.modpow(&(&one << spacing), &p);
            }
            let found = part.map(|entry| {
                entry.iter().rev().fold(BigUint::default(), |sum, limb| (sum << BITS as usize) + *limb)
            });
            assert_eq!(found.as_slice(), entries);
        }
    }

    #[test]
    fn powers_match_another_implementation() {
        let p = BigUint::from_bytes_be(&PRIME);
        let modulus = Modulus::new(&Odd::new(U2048::from_be_slice(&PRIME)).unwrap());
        let mut arithmetic = modulus.arithmetic();
        let one = BigUint::from(1_u32);
        let edges = [
            BigUint::default(),
            one.clone(),
            (&one << 2048) - 1_u32,
            &one << 2047,
            p.clone(),
            &p - 1_u32,
            &p >> 1,
        ];
        for exponent in edges.into_iter().chain(numbers(4).take(30)) {
            let expected = BigUint::from(3_u32).modpow(&exponent, &p);
            let found = power(&mut arithmetic, &fixed(&exponent), U2048::BITS);
            assert_eq!(*arithmetic.number(&found), padded(&expected), "{exponent}");

            for bits in [0, 1, 256, 515, 516, 1030, 1545] {
                let short = &exponent % (&one << bits as usize);
                let expected = BigUint::from(3_u32).modpow(&short, &p);
                let found = power(&mut arithmetic, &fixed(&short), bits);
                assert_eq!(*arithmetic.number(&found), padded(&expected), "{short}");
            }
        }
    }

    /// Bits alone at the ends of teeth and parts.
    #[test]
    fn single_bits() {
        let p = BigUint::from_bytes_be(&PRIME);
        let modulus = Modulus::new(&Odd::new(U2048::from_be_slice(&PRIME)).unwrap());
        let mut arithmetic = modulus.arithmetic();
        let ends = (0..=U2048::BITS / SPACING).flat_map(|tooth| [tooth * SPACING, (tooth + 1) * SPACING - 1]);
        for bit in ends.filter(|bit| *bit < U2048::BITS).chain([U2048::BITS - 1]) {
            let exponent = U2048::ONE << bit;
            let expected = BigUint::from(3_u32).modpow(&(BigUint::from(1_u32) << bit as usize), &p);
            let found = power(&mut arithmetic, &exponent, U2048::BITS);
            assert_eq!(*arithmetic.number(&found), padded(&expected), "bit {bit}");
        }
    }
}
