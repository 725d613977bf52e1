//! Montgomery arithmetic modulo an odd public number of at most 2048 bits, in constant time.

use crypto_bigint::{Limb, Odd, U2048};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::limbs::{self, BITS, Columns, LIMBS, Limbs};

/// Bits of an exponent that one multiplication takes up.
const WINDOW: u32 = 5;

/// A modulus with its precomputed values.
#[derive(Clone)]
pub(super) struct Modulus {
    n: Limbs,
    negative_inverse: u64,
    /// The square of 2^2065.
    r_squared: Limbs,
}

/// A number in Montgomery form: times 2^2065. It is wiped on drop.
pub(super) type Residue = Zeroizing<Limbs>;

impl Modulus {
    /// Not in constant time: a modulus is public.
    pub(super) fn new(modulus: &Odd<U2048>) -> Self {
        let n = limbs::from_be_bytes(&modulus.to_be_bytes().into());
        // 2^3097, whose Montgomery square is 2^4129; its double need not be reduced.
        let half = BITS * LIMBS as u32 * 3 / 2;
        let wide = (U2048::ZERO, U2048::ONE << (half - U2048::BITS));
        let half = U2048::rem_wide_vartime(wide, modulus.as_nz_ref());
        let r_squared = limbs::from_be_bytes(&half.to_be_bytes().into());
        let mut modulus = Self { n, negative_inverse: limbs::negative_inverse(&n), r_squared };
        modulus.r_squared = modulus.doubled_square();
        modulus
    }

    /// Returns twice the Montgomery square of `r_squared`.
    fn doubled_square(&self) -> Limbs {
        let mut square = self.r_squared;
        self.arithmetic().square(&mut square);
        square.map(|limb| limb << 1)
    }

    /// Returns the means to compute with residues.
    pub(super) fn arithmetic(&self) -> Arithmetic<'_> {
        Arithmetic { modulus: self, product: [0; 2 * LIMBS], scratch: [0; LIMBS] }
    }
}

/// Computes with residues of one modulus. What it leaves in its memory is wiped on drop.
pub(super) struct Arithmetic<'m> {
    modulus: &'m Modulus,
    product: Columns,
    scratch: Limbs,
}

impl Drop for Arithmetic<'_> {
    fn drop(&mut self) {
        self.product.zeroize();
        self.scratch.zeroize();
    }
}

impl Arithmetic<'_> {
    /// Returns the residue of a big-endian number.
    pub(super) fn residue(&mut self, number: &[u8; 256]) -> Residue {
        let mut residue = Zeroizing::new(limbs::from_be_bytes(number));
        let r_squared = self.modulus.r_squared;
        self.multiply(&mut residue, &r_squared);
        residue
    }

    /// Returns the residue of a small number.
    pub(super) fn small(&mut self, number: u8) -> Residue {
        let mut bytes = [0; 256];
        bytes[255] = number;
        self.residue(&bytes)
    }

    /// Returns the number of a residue, big-endian and less than the modulus.
    pub(super) fn number(&mut self, residue: &Limbs) -> Zeroizing<[u8; 256]> {
        let mut number = Zeroizing::new(*residue);
        let mut one = [0; LIMBS];
        one[0] = 1;
        self.multiply(&mut number, &one);
        limbs::subtract_once(&mut number, &self.modulus.n, &mut self.scratch);
        let mut bytes = Zeroizing::new([0; 256]);
        limbs::write_be_bytes(&number, &mut bytes);
        bytes
    }

    pub(super) fn multiply(&mut self, a: &mut Limbs, b: &Limbs) {
        limbs::multiply(a, b, &mut self.product);
        limbs::reduce(&mut self.product, &self.modulus.n, self.modulus.negative_inverse, a);
    }

    pub(super) fn square(&mut self, a: &mut Limbs) {
        limbs::square(a, &mut self.scratch, &mut self.product);
        limbs::reduce(&mut self.product, &self.modulus.n, self.modulus.negative_inverse, a);
    }

    /// Returns `base^exponent`: 5 squarings and one multiplication for 5 bits, whatever they are. The exponent must be less
    /// than `2^bits`.
    pub(super) fn power(&mut self, base: &Limbs, exponent: &U2048, bits: u32) -> Residue {
        let mut powers = Zeroizing::new([[0; LIMBS]; 1 << WINDOW]);
        let mut power = self.small(1);
        for slot in powers.iter_mut() {
            *slot = *power;
            self.multiply(&mut power, base);
        }
        let mut factor = Zeroizing::new([0; LIMBS]);
        let mut power = Zeroizing::new(powers[0]);
        for window in (0..bits.div_ceil(WINDOW)).rev() {
            for _ in 0..WINDOW {
                self.square(&mut power);
            }
            let digit = (0..WINDOW).map(|i| bit(exponent, window * WINDOW + i) << i).sum();
            look_up(&*powers, digit, &mut factor);
            self.multiply(&mut power, &factor);
        }
        power
    }
}

/// Returns one bit of a number, 0 above its length. Only `at` decides on the time.
pub(super) fn bit(number: &U2048, at: u32) -> u8 {
    let limb = number.as_limbs().get((at / Limb::BITS) as usize).map_or(0, |limb| limb.0);
    (limb >> (at % Limb::BITS)) as u8 & 1
}

/// Copies the entry at a secret index of at most 256 entries, a multiple of 4. It reads all entries alike.
pub(super) fn look_up(table: &[Limbs], index: u8, found: &mut Limbs) {
    found.fill(0);
    let mut positions = 0..=u8::MAX;
    for entries in table.as_chunks::<4>().0 {
        let [a, b, c, d] = entries;
        let masks =
            [(); 4].map(|()| positions.next().map_or(0, |at| u64::from(at.ct_eq(&index).unwrap_u8())));
        let [in_a, in_b, in_c, in_d] = masks.map(u64::wrapping_neg);
        for (at, found) in found.iter_mut().enumerate() {
            *found |= a[at] & in_a | b[at] & in_b | c[at] & in_c | d[at] & in_d;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use alloc::vec::Vec;
    use core::iter;

    use num_bigint_dig::BigUint;

    use super::*;

    /// Repeatable numbers of 2048 bits by a xorshift generator.
    pub(in crate::crypto) fn numbers(mut state: u64) -> impl Iterator<Item = BigUint> {
        iter::repeat_with(move || {
            let words = iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_be_bytes()
            });
            BigUint::from_bytes_be(words.take(32).collect::<Vec<_>>().as_flattened())
        })
    }

    pub(in crate::crypto) fn padded(number: &BigUint) -> [u8; 256] {
        crate::crypto::modular::pad(&number.to_bytes_be()).unwrap()
    }

    pub(in crate::crypto) fn fixed(number: &BigUint) -> U2048 {
        U2048::from_be_slice(&padded(number))
    }

    fn modulus(n: &BigUint) -> Modulus {
        Modulus::new(&Odd::new(fixed(n)).unwrap())
    }

    /// Odd numbers of many lengths; 1, and the largest.
    fn moduli() -> Vec<BigUint> {
        let mut random = numbers(1);
        let mut moduli: Vec<BigUint> = [1_u32, 3, 65537].map(BigUint::from).into();
        moduli.extend([59, 64, 1000, 2047, 2048].map(|bits| (BigUint::from(1_u32) << bits) - 1_u32));
        moduli.push((BigUint::from(1_u32) << 2047) + 1_u32);
        for bits in [64, 500, 2006, 2047, 2048, 2048] {
            let number = random.next().unwrap() >> (2048 - bits);
            moduli.push(&number + 1_u32 - &number % 2_u32);
        }
        moduli
    }

    #[test]
    fn powers_match_another_implementation() {
        let one = BigUint::from(1_u32);
        let largest = (&one << 2048) - 1_u32;
        for (n, seed) in moduli().into_iter().zip(2..) {
            let modulus = modulus(&n);
            let mut arithmetic = modulus.arithmetic();
            let (minus_one, mut random) = (&n - 1_u32, numbers(seed));
            let mut pairs: Vec<(BigUint, BigUint)> = Vec::new();
            for exponent in
                [BigUint::default(), one.clone(), BigUint::from(2_u32), largest.clone(), minus_one.clone()]
            {
                pairs.push((random.next().unwrap(), exponent));
            }
            // Bases at the ends of their range; also such as are not less than the modulus.
            for base in [BigUint::default(), one.clone(), minus_one.clone(), n.clone(), largest.clone()] {
                pairs.push((base, random.next().unwrap()));
            }
            // A few are enough for a short modulus.
            let step = if n.bits() == 2048 { 1 } else { 4 };
            for (base, exponent) in pairs.into_iter().skip(seed as usize % step).step_by(step) {
                let residue = arithmetic.residue(&padded(&base));
                assert_eq!(*arithmetic.number(&residue), padded(&(&base % &n)));
                let power = arithmetic.power(&residue, &fixed(&exponent), U2048::BITS);
                let expected = base.modpow(&exponent, &n);
                assert_eq!(*arithmetic.number(&power), padded(&expected), "{base}^{exponent} mod {n}");
            }
        }
    }

    #[test]
    fn short_exponents() {
        for n in moduli() {
            let modulus = modulus(&n);
            let mut arithmetic = modulus.arithmetic();
            let base = numbers(3).next().unwrap();
            for bits in [0, 1, 5, 6, 64, 256] {
                let exponent = (BigUint::from(1_u32) << bits as usize) - 1_u32;
                let residue = arithmetic.residue(&padded(&base));
                let power = arithmetic.power(&residue, &fixed(&exponent), bits);
                assert_eq!(*arithmetic.number(&power), padded(&base.modpow(&exponent, &n)));
            }
        }
    }

    /// The largest limbs, and the largest value, that the arithmetic allows: debug builds detect an overflow.
    #[test]
    fn largest_operands() {
        let n = (BigUint::from(1_u32) << 2048) - 1_u32;
        let modulus = modulus(&n);
        let mut arithmetic = modulus.arithmetic();
        let mut largest = [(1 << 60) - 1; LIMBS];
        largest[LIMBS - 1] = (1 << 46) - 3;
        let value = largest.iter().rev().fold(BigUint::default(), |sum, limb| (sum << BITS as usize) + *limb);
        assert!(value < &n << 4);
        let (mut square, mut product) = (largest, largest);
        arithmetic.square(&mut square);
        arithmetic.multiply(&mut product, &largest);
        assert_eq!(square, product);
        // The result lacks a factor of 2^2065, and its number another one: 2^2048 is 1 modulo this n.
        let expected = &value * &value % &n;
        let found = BigUint::from_bytes_be(&*arithmetic.number(&square));
        assert_eq!((found << 34) % &n, expected);
    }

    #[test]
    fn every_index_of_a_table() {
        let table: Vec<Limbs> = (0..=255).map(|entry| [entry; LIMBS]).collect();
        let mut found = [7; LIMBS];
        for index in 0..=255 {
            look_up(&table, index, &mut found);
            assert_eq!(found, [u64::from(index); LIMBS]);
        }
    }
}
