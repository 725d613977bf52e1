//! Primality of large public numbers: the Miller-Rabin test with bases that the peer cannot predict, plus Pocklington's
//! criterion for safe primes.

use crypto_bigint::{NonZero, Odd, U2048};

use super::limbs::Limbs;
use super::modular::{bytes, small_remainder};
use super::montgomery::{Arithmetic, Modulus, Residue};
use super::random::SecureRandom;

/// Number of Miller-Rabin rounds. A composite number passes one with probability at most 1/4, and all 32 with 2^-64.
///
/// The bases are drawn at random, so a peer cannot choose a number that passes for known bases.
const ROUNDS: u32 = 32;

/// Small primes for trial division, which rejects most composite numbers.
const SMALL_PRIMES: [u8; 30] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127,
];

/// Returns whether both `p` and `q = (p - 1) / 2` are prime. Takes about 0.2 seconds for 2048 bits if they are
/// (`benches/README.md`). Not in constant time: `p` is public.
///
/// Only `q` needs many rounds. If `q` is prime, `2^(p-1) = 1 mod p` and 3 does not divide `p`, then `p` is prime
/// (Pocklington, 1914), since `q` is greater than the square root of `p` and `2^((p-1)/q) - 1 = 3`.
pub(super) fn is_safe_prime(p: &U2048, random: &mut dyn SecureRandom) -> bool {
    if *p < U2048::from_u8(5) || is_even(p) {
        return false;
    }
    // `p` is odd, so this is (p - 1) / 2.
    let q = p.shr_vartime(1);
    // The only safe prime with an even q.
    if q == U2048::from_u8(2) {
        return true;
    }
    if is_even(&q) || has_small_factor(p) || has_small_factor(&q) {
        return false;
    }
    let (Some(p), Some(q)) = (Rounds::new(p), Rounds::new(&q)) else { return false };
    // The Fermat test rejects nearly every composite before the long test.
    p.is_fermat_to_base_2() && q.pass(ROUNDS, random)
}

fn is_even(number: &U2048) -> bool {
    !number.bit_vartime(0)
}

/// Returns whether a small prime other than `n` itself divides `n`.
fn has_small_factor(n: &U2048) -> bool {
    SMALL_PRIMES.iter().any(|&prime| small_remainder(n, prime) == 0 && *n != U2048::from_u8(prime))
}

/// The Miller-Rabin test of one odd number above 2.
struct Rounds {
    n: U2048,
    minus_one: NonZero<U2048>,
    modulus: Modulus,
    /// `n - 1 = odd * 2^twos`.
    odd: U2048,
    twos: u32,
}

impl Rounds {
    /// Returns `None` if the number is even or 1.
    fn new(n: &U2048) -> Option<Self> {
        let modulus = Modulus::new(&Odd::new(*n).into_option()?);
        let minus_one = n.wrapping_sub(&U2048::ONE);
        let twos = minus_one.trailing_zeros_vartime();
        let odd = minus_one.wrapping_shr_vartime(twos);
        let minus_one = NonZero::new(minus_one).into_option()?;
        Some(Self { n: *n, minus_one, modulus, odd, twos })
    }

    fn pass(&self, rounds: u32, random: &mut dyn SecureRandom) -> bool {
        (0..rounds).all(|_| {
            let base = self.draw_base(random);
            self.is_witness_for_prime(&base)
        })
    }

    /// Draws a number from 1 to `n - 1`. The draw has 128 bits more than `n`, so that the remainder is nearly uniform.
    fn draw_base(&self, random: &mut dyn SecureRandom) -> U2048 {
        let mut low = [0; 256];
        let mut high = [0; 256];
        random.fill(&mut low);
        random.fill(high.split_at_mut(240).1);
        let drawn = (U2048::from_be_slice(&low), U2048::from_be_slice(&high));
        U2048::rem_wide_vartime(drawn, &self.minus_one).wrapping_add(&U2048::ONE)
    }

    /// Returns whether `2^(n-1) = 1 mod n`.
    fn is_fermat_to_base_2(&self) -> bool {
        let mut arithmetic = self.modulus.arithmetic();
        let mut power = self.power_of_two(&mut arithmetic);
        for _ in 0..self.twos {
            arithmetic.square(&mut power);
        }
        number(&mut arithmetic, &power) == U2048::ONE
    }

    /// Returns `2^odd`: a squaring for each bit of the exponent, which is public, and a doubling for each set bit.
    fn power_of_two(&self, arithmetic: &mut Arithmetic<'_>) -> Residue {
        let mut power = arithmetic.small(1);
        for at in (0..self.odd.bits_vartime()).rev() {
            arithmetic.square(&mut power);
            if self.odd.bit_vartime(at) {
                // A residue may be this large.
                power.iter_mut().for_each(|limb| *limb <<= 1);
            }
        }
        power
    }

    fn is_witness_for_prime(&self, base: &U2048) -> bool {
        let mut arithmetic = self.modulus.arithmetic();
        let base = arithmetic.residue(&bytes(base));
        let mut power = arithmetic.power(&base, &self.odd, self.n.bits_vartime());
        let first = number(&mut arithmetic, &power);
        if first == U2048::ONE || first == self.minus_one.get() {
            return true;
        }
        for _ in 1..self.twos {
            arithmetic.square(&mut power);
            if number(&mut arithmetic, &power) == self.minus_one.get() {
                return true;
            }
        }
        false
    }
}

fn number(arithmetic: &mut Arithmetic<'_>, residue: &Limbs) -> U2048 {
    U2048::from_be_slice(&*arithmetic.number(residue))
}
