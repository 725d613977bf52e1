//! Factorization of the handshake's `pq` into its two primes.
//!
//! Brent's variant of Pollard's rho (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980) with
//! Montgomery multiplication ("Modular multiplication without trial division", 1985). Takes about a third of a
//! millisecond for the usual two 31-bit primes.

use thiserror::Error;

/// Maximum number of steps of one walk. The smaller factor of a 64-bit semiprime is below 2^32 and is found after about
/// 2^16 steps; this is sixteen times as many.
const MAX_STEPS: u32 = 1 << 20;

/// Maximum number of walks, each with another polynomial.
const MAX_WALKS: u64 = 8;

/// Number of differences multiplied together per greatest common divisor, which costs as much as about 30 steps.
const BATCH: u32 = 256;

/// Why a number is not the product of two distinct odd primes. A server that sends one is faulty or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FactorizeError {
    /// The number is 0 or 1.
    #[error("pq is 0 or 1")]
    TooSmall,
    /// The number is even.
    #[error("pq is even")]
    Even,
    /// The number is prime.
    #[error("pq is prime")]
    Prime,
    /// The number is a square.
    #[error("pq is a square")]
    Square,
    /// The number has three or more prime factors.
    #[error("pq has more than two prime factors")]
    NotTwoPrimes,
    /// No factor was found within the step limit. Not known to happen.
    #[error("no factor of pq was found")]
    GaveUp,
}

/// Returns the two primes of `pq`, the smaller one first.
///
/// Always terminates, after at most eight walks of about 2^21 steps each: about 100 ms in total.
///
/// # Errors
/// Returns [`FactorizeError`] if the number is not the product of two distinct odd primes.
pub fn factorize(pq: u64) -> Result<(u64, u64), FactorizeError> {
    if pq < 2 {
        return Err(FactorizeError::TooSmall);
    }
    if pq.is_multiple_of(2) {
        return Err(FactorizeError::Even);
    }
    if is_prime(pq) {
        return Err(FactorizeError::Prime);
    }
    let root = pq.isqrt();
    if root * root == pq {
        return Err(FactorizeError::Square);
    }
    let factor = (1..=MAX_WALKS).find_map(|constant| walk(pq, constant)).ok_or(FactorizeError::GaveUp)?;
    let (p, q) = (factor.min(pq / factor), factor.max(pq / factor));
    if is_prime(p) && is_prime(q) { Ok((p, q)) } else { Err(FactorizeError::NotTwoPrimes) }
}

/// Walks `y -> y^2 + constant`. Returns a proper divisor of the odd composite `n`, or `None` if the walk finds none.
fn walk(n: u64, constant: u64) -> Option<u64> {
    let field = Montgomery::new(n);
    let constant = constant % n;
    let step = |y: u64| field.square_plus(y, constant);
    let mut y = 2 % n;
    let mut steps = 0;
    let mut lap = 1;
    while steps < MAX_STEPS {
        // Brent: the tortoise stays where the hare was at the start of the lap. Lap lengths are powers of two.
        let tortoise = y;
        for _ in 0..lap {
            y = step(y);
        }
        let mut done = 0;
        while done < lap {
            let batch_start = y;
            let mut product = field.one;
            let batch = BATCH.min(lap - done);
            for _ in 0..batch {
                y = step(y);
                product = field.mul(product, tortoise.abs_diff(y));
            }
            let divisor = gcd(product, n);
            if divisor != 1 {
                if divisor != n {
                    return Some(divisor);
                }
                // Both factors are in one batch: repeat its steps one by one.
                return walk_slowly(n, tortoise, batch_start, batch, step);
            }
            done += batch;
        }
        steps += 2 * lap;
        lap *= 2;
    }
    None
}

fn walk_slowly(n: u64, tortoise: u64, start: u64, steps: u32, step: impl Fn(u64) -> u64) -> Option<u64> {
    let mut y = start;
    for _ in 0..steps {
        y = step(y);
        let divisor = gcd(tortoise.abs_diff(y), n);
        if divisor != 1 {
            return (divisor != n).then_some(divisor);
        }
    }
    None
}

/// Miller-Rabin with the first twelve primes as bases, which is exact below 2^64 (J. Sorenson and J. Webster, "Strong
/// pseudoprimes to twelve prime bases", 2015).
fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if let Some(divisor) = BASES.into_iter().find(|base| n.is_multiple_of(*base)) {
        return n == divisor;
    }
    if n < 2 {
        return false;
    }
    let field = Montgomery::new(n);
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    let minus_one = n - field.one;
    BASES.into_iter().all(|base| {
        let mut power = field.pow(field.enter(base), odd);
        if power == field.one || power == minus_one {
            return true;
        }
        for _ in 1..twos {
            power = field.mul(power, power);
            if power == minus_one {
                return true;
            }
        }
        false
    })
}

/// Montgomery arithmetic modulo an odd number above 1, with `R = 2^64`. All values are less than the modulus.
struct Montgomery {
    n: u64,
    /// `1 / n` modulo `2^64`.
    inverse: u64,
    /// `2^64` modulo `n`: the residue of one.
    one: u64,
}

impl Montgomery {
    const fn new(n: u64) -> Self {
        // Newton's iteration: an odd number is its own inverse modulo 8, and each round doubles the number of correct
        // bits.
        let mut inverse = n;
        let mut round = 0;
        while round < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
            round += 1;
        }
        Self { n, inverse, one: (u64::MAX % n + 1) % n }
    }

    /// Converts a plain number into its residue.
    const fn enter(&self, number: u64) -> u64 {
        (((number as u128) << 64) % self.n as u128) as u64
    }

    /// Returns `a * b / 2^64` modulo `n`.
    const fn mul(&self, a: u64, b: u64) -> u64 {
        let product = a as u128 * b as u128;
        self.reduce(product as u64, (product >> 64) as u64)
    }

    /// Returns `a * a / 2^64 + b` modulo `n`. The addition before the reduction is off the critical path.
    const fn square_plus(&self, a: u64, b: u64) -> u64 {
        let square = a as u128 * a as u128;
        self.reduce(square as u64, self.add((square >> 64) as u64, b))
    }

    /// Returns `(high * 2^64 + low) / 2^64` modulo `n`, for `high` less than `n`.
    const fn reduce(&self, low: u64, high: u64) -> u64 {
        // The multiple of n with the same low half: after the subtraction only the difference of the high halves
        // remains.
        let multiple = low.wrapping_mul(self.inverse) as u128 * self.n as u128;
        let (difference, borrow) = high.overflowing_sub((multiple >> 64) as u64);
        if borrow { difference.wrapping_add(self.n) } else { difference }
    }

    const fn add(&self, a: u64, b: u64) -> u64 {
        let (sum, overflow) = a.overflowing_add(b);
        if overflow || sum >= self.n { sum.wrapping_sub(self.n) } else { sum }
    }

    const fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut square, mut power) = (base, self.one);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = self.mul(power, square);
            }
            square = self.mul(square, square);
            exponent >>= 1;
        }
        power
    }
}

/// Returns the greatest common divisor of `a` and an odd `n` by Stein's binary algorithm; `gcd(0, n) = n`.
const fn gcd(mut a: u64, mut n: u64) -> u64 {
    while a != 0 {
        a >>= a.trailing_zeros();
        if a < n {
            (a, n) = (n, a);
        }
        a -= n;
    }
    n
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn small_numbers_match_trial_division() {
        const LIMIT: usize = 30_000;
        // The smallest prime factor of every number.
        let mut smallest = vec![0_usize; LIMIT];
        for p in 2..LIMIT {
            if smallest[p] == 0 {
                for multiple in (p..LIMIT).step_by(p) {
                    if smallest[multiple] == 0 {
                        smallest[multiple] = p;
                    }
                }
            }
        }
        for n in 2..LIMIT {
            let (p, q) = (smallest[n], n / smallest[n]);
            assert_eq!(is_prime(n as u64), q == 1, "{n}");
            let is_semiprime = n % 2 == 1 && q > p && smallest[q] == q;
            let result = factorize(n as u64);
            if is_semiprime {
                assert_eq!(result, Ok((p as u64, q as u64)), "{n}");
            } else {
                assert!(matches!(result, Err(error) if error != FactorizeError::GaveUp), "{n}: {result:?}");
            }
        }
    }

    #[test]
    fn primality_at_the_edges() {
        // The largest primes below 2^64, 2^63 and 2^32; Carmichael numbers; strong pseudoprimes to many bases.
        for prime in [18_446_744_073_709_551_557, 9_223_372_036_854_775_783, 4_294_967_291] {
            assert!(is_prime(prime), "{prime}");
        }
        for composite in [0, 1, 561, 3_215_031_751, 3_825_123_056_546_413_051, u64::MAX, u64::MAX - 2] {
            assert!(!is_prime(composite), "{composite}");
        }
    }

    #[test]
    fn montgomery_agrees_with_plain_arithmetic_near_the_top() {
        for n in [3, 0x7fff_ffff_ffff_ffff, u64::MAX, u64::MAX - 58] {
            let field = Montgomery::new(n);
            for a in [0, 1, 2, n / 3, n - 2, n - 1] {
                for b in [0, 1, n / 2, n - 1] {
                    let expected = (u128::from(a) * u128::from(b) % u128::from(n)) as u64;
                    assert_eq!(field.mul(field.enter(a), b), expected, "{a} * {b} mod {n}");
                    let sum = ((u128::from(a) + u128::from(b)) % u128::from(n)) as u64;
                    assert_eq!(field.add(a, b), sum, "{a} + {b} mod {n}");
                }
            }
        }
    }
}
