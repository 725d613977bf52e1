//! Primality of large public numbers: the Baillie-PSW test and the Miller-Rabin test with bases that the peer cannot
//! predict, plus Pocklington's criterion for safe primes.

use crypto_bigint::{NonZero, Odd, U2048};

use super::limbs::Limbs;
use super::modular::{bytes, small_remainder};
use super::montgomery::{Arithmetic, Modulus, Residue};
use super::random::SecureRandom;

/// Number of Miller-Rabin rounds with random bases, after the Baillie-PSW test.
///
/// A composite number passes one round with probability at most 1/4 (Rabin, "Probabilistic algorithm for testing
/// primality", 1980), and all 12 with 2^-24, even if the peer constructed it to pass the Baillie-PSW test, of which no
/// example is known (Pomerance, Selfridge and Wagstaff, "The pseudoprimes to 25 * 10^9", 1980; there is none below
/// 2^64). The bases are drawn at random, so the peer cannot choose a number that passes for known bases.
const ROUNDS: u32 = 12;

/// Small primes for trial division, which rejects most composite numbers.
const SMALL_PRIMES: [u8; 30] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127,
];

/// Returns whether both `p` and `q = (p - 1) / 2` are prime. Takes about 50 milliseconds for 2048 bits if they are
/// (`benches/BENCHMARKS.md`). Not in constant time: `p` is public.
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
    let (Some(p), Some(q)) = (Candidate::new(p), Candidate::new(&q)) else { return false };
    // The tests to base 2 reject nearly every composite before the long ones.
    p.is_fermat_to_base_2() && q.is_baillie_psw() && q.passes_rounds(ROUNDS, random)
}

/// The largest parameter of the Lucas test that is tried.
const LARGEST_PARAMETER: u8 = 127;

fn is_even(number: &U2048) -> bool {
    !number.bit_vartime(0)
}

/// Returns whether a small prime other than `n` itself divides `n`.
fn has_small_factor(n: &U2048) -> bool {
    SMALL_PRIMES.iter().any(|&prime| small_remainder(n, u16::from(prime)) == 0 && *n != U2048::from_u8(prime))
}

/// An odd number above 2 without a small factor.
struct Candidate {
    n: U2048,
    minus_one: NonZero<U2048>,
    modulus: Modulus,
    /// `n - 1 = odd * 2^twos`.
    odd: U2048,
    twos: u32,
}

impl Candidate {
    /// Returns `None` if the number is even or 1.
    fn new(n: &U2048) -> Option<Self> {
        let modulus = Modulus::new(&Odd::new(*n).into_option()?);
        let minus_one = n.wrapping_sub(&U2048::ONE);
        let twos = minus_one.trailing_zeros_vartime();
        let odd = minus_one.wrapping_shr_vartime(twos);
        let minus_one = NonZero::new(minus_one).into_option()?;
        Some(Self { n: *n, minus_one, modulus, odd, twos })
    }

    /// The Miller-Rabin test to base 2 and the extra strong Lucas test (Baillie and Wagstaff, "Lucas pseudoprimes", 1980;
    /// Grantham, "Frobenius pseudoprimes", 2001).
    fn is_baillie_psw(&self) -> bool {
        let mut arithmetic = self.modulus.arithmetic();
        let power = self.power_of_two(&mut arithmetic);
        self.is_strong_power(&mut arithmetic, power) && self.is_lucas()
    }

    /// The Miller-Rabin test to random bases.
    fn passes_rounds(&self, rounds: u32, random: &mut dyn SecureRandom) -> bool {
        let mut arithmetic = self.modulus.arithmetic();
        (0..rounds).all(|_| {
            let base = arithmetic.residue(&bytes(&self.draw_base(random)));
            let power = arithmetic.power(&base, &self.odd, bit_length(&self.n));
            self.is_strong_power(&mut arithmetic, power)
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
        for at in (0..bit_length(&self.odd)).rev() {
            arithmetic.square(&mut power);
            if self.odd.bit_vartime(at) {
                // A residue may be this large.
                power.iter_mut().for_each(|limb| *limb <<= 1);
            }
        }
        power
    }

    /// Returns whether `power`, a base to the power of `odd`, is 1, or becomes -1 by fewer than `twos` squarings.
    fn is_strong_power(&self, arithmetic: &mut Arithmetic<'_>, mut power: Residue) -> bool {
        let first = number(arithmetic, &power);
        if first == U2048::ONE || first == self.minus_one.get() {
            return true;
        }
        for _ in 1..self.twos {
            arithmetic.square(&mut power);
            if number(arithmetic, &power) == self.minus_one.get() {
                return true;
            }
        }
        false
    }

    /// The extra strong Lucas test with the first parameter `b` from 3 on for which the Jacobi symbol of `b^2 - 4` and
    /// `n` is -1. Let `n + 1 = odd * 2^twos`: for a prime, `V(odd)` is 2 or -2 and `U(odd)` is 0, or `V(odd * 2^r)` is 0
    /// for an `r` less than `twos - 1`.
    fn is_lucas(&self) -> bool {
        if self.n <= U2048::from_u8(LARGEST_PARAMETER) {
            // Decided by the trial division.
            return true;
        }
        // A symbol of 0 shows a factor. A square has no symbol of -1; a prime has none here with a probability of 2^-125.
        let symbol = |b: u8| jacobi(u16::from(b).pow(2) - 4, &self.n);
        let Some(b) = (3..=LARGEST_PARAMETER).find(|&b| symbol(b) != 1).filter(|&b| symbol(b) == -1) else {
            return false;
        };
        let plus_one = self.n.wrapping_add(&U2048::ONE);
        let twos = plus_one.trailing_zeros_vartime();
        let odd = plus_one.wrapping_shr_vartime(twos);

        let mut arithmetic = self.modulus.arithmetic();
        let (two, b) = (U2048::from_u8(2), U2048::from_u8(b));
        let [minus_two, minus_b] =
            [two, b].map(|small| arithmetic.residue(&bytes(&self.n.wrapping_sub(&small))));
        let [two, b] = [two, b].map(|small| arithmetic.residue(&bytes(&small)));
        // V(k) and V(k + 1), for the k of the bits so far.
        let (mut low, mut high) = (two.clone(), b.clone());
        for at in (0..bit_length(&odd)).rev() {
            let (doubled, other) =
                if odd.bit_vartime(at) { (&mut high, &mut low) } else { (&mut low, &mut high) };
            arithmetic.multiply(other, doubled);
            add(other, &minus_b);
            arithmetic.square(doubled);
            add(doubled, &minus_two);
        }

        // (b^2 - 4) U(k) = 2 V(k + 1) - b V(k).
        let first = number(&mut arithmetic, &low);
        if first == U2048::from_u8(2) || first == self.n.wrapping_sub(&U2048::from_u8(2)) {
            let (mut left, mut right) = (high, low.clone());
            arithmetic.multiply(&mut left, &two);
            arithmetic.multiply(&mut right, &b);
            if number(&mut arithmetic, &left) == number(&mut arithmetic, &right) {
                return true;
            }
        }
        for _ in 1..twos {
            if number(&mut arithmetic, &low) == U2048::ZERO {
                return true;
            }
            arithmetic.square(&mut low);
            add(&mut low, &minus_two);
        }
        false
    }
}

/// Adds a residue to another. The sum is not reduced.
fn add(sum: &mut Limbs, addend: &Limbs) {
    for (limb, addend) in sum.iter_mut().zip(addend) {
        *limb += addend;
    }
}

/// Returns the number of bits of a public number.
fn bit_length(n: &U2048) -> u32 {
    U2048::BITS - n.leading_zeros_vartime()
}

/// Returns the Jacobi symbol of a small number above 0 and an odd number.
fn jacobi(a: u16, n: &U2048) -> i32 {
    let eighth = small_remainder(n, 8);
    let twos = a.trailing_zeros();
    let odd = a >> twos;
    let mut symbol = if twos % 2 == 1 && matches!(eighth, 3 | 5) { -1 } else { 1 };
    if odd % 4 == 3 && eighth % 4 == 3 {
        symbol = -symbol;
    }
    // By quadratic reciprocity, the symbol of `n` and `odd` is left.
    let (mut a, mut n) = (small_remainder(n, odd), odd);
    while a != 0 {
        while a % 2 == 0 {
            a /= 2;
            if matches!(n % 8, 3 | 5) {
                symbol = -symbol;
            }
        }
        (a, n) = (n, a);
        if a % 4 == 3 && n % 4 == 3 {
            symbol = -symbol;
        }
        a %= n;
    }
    if n == 1 { symbol } else { 0 }
}

fn number(arithmetic: &mut Arithmetic<'_>, residue: &Limbs) -> U2048 {
    U2048::from_be_slice(&*arithmetic.number(residue))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(n: u64) -> Candidate {
        Candidate::new(&U2048::from_u64(n)).unwrap()
    }

    fn is_prime(n: u64) -> bool {
        n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
    }

    fn is_strong_to_base_2(n: u64) -> bool {
        let n = candidate(n);
        let mut arithmetic = n.modulus.arithmetic();
        let power = n.power_of_two(&mut arithmetic);
        n.is_strong_power(&mut arithmetic, power)
    }

    /// The composites that each test alone accepts: OEIS A001262 and A217719. They share none.
    #[test]
    fn published_pseudoprimes() {
        let odd = || (129..6000).step_by(2).filter(|n| !is_prime(*n));
        let strong = [2047, 3277, 4033, 4681, 8321, 15841, 29341, 42799, 49141];
        assert!(odd().filter(|n| is_strong_to_base_2(*n)).eq(strong.into_iter().filter(|n| *n < 6000)));
        let lucas = [989, 3239, 5777, 10877, 27971, 29681, 30739, 31631, 39059];
        assert!(odd().filter(|n| candidate(*n).is_lucas()).eq(lucas.into_iter().filter(|n| *n < 6000)));

        assert!(strong.into_iter().all(is_strong_to_base_2));
        assert!(lucas.into_iter().all(|n| candidate(n).is_lucas()));
        assert!(!strong.into_iter().chain(lucas).any(|n| candidate(n).is_baillie_psw()));
    }

    #[test]
    fn every_prime_passes() {
        for n in (129..4000).chain(17_161..17_500).filter(|n| is_prime(*n)) {
            assert!(candidate(n).is_lucas(), "{n}");
            assert!(candidate(n).is_baillie_psw(), "{n}");
            assert!(candidate(n).is_fermat_to_base_2(), "{n}");
        }
    }

    /// 1093 and 3511 are the only known primes whose squares pass the test to base 2.
    #[test]
    fn squares_are_rejected() {
        for root in [1093_u64, 3511, 2_147_483_647] {
            assert_eq!(is_strong_to_base_2(root * root), root < 4000);
            assert!(!candidate(root * root).is_baillie_psw());
        }
    }

    #[test]
    fn jacobi_symbols_match_eulers_criterion() {
        for n in (3..500_u64).filter(|n| is_prime(*n)) {
            for a in (1..400_u16).chain(15_000..15_050) {
                let a_n = u64::from(a) % n;
                let power = (0..n / 2).fold(1, |power, _| power * a_n % n);
                let expected = if power == n - 1 { -1 } else { power as i32 };
                assert_eq!(jacobi(a, &U2048::from_u64(n)), expected, "{a} {n}");
            }
        }
        // The symbol of a product is the product of the symbols.
        let [three, five] = [3_u64, 5].map(U2048::from_u64);
        for a in 1..100 {
            assert_eq!(jacobi(a, &U2048::from_u64(15)), jacobi(a, &three) * jacobi(a, &five));
        }
    }
}
