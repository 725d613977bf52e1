//! Safe primes among big public numbers: Miller and Rabin's test with bases that nobody can foresee, and Pocklington's
//! criterion on top.

use crypto_bigint::{Odd, U2048};
use num_bigint_dig::BigUint;
use num_traits::{One, Zero};

use super::dh::{Parameters, Residue};
use super::random::SecureRandom;

/// A composite number passes one round with a chance of at most 1/4: 32 rounds leave 2^-64.
///
/// The bases are drawn fresh: a peer that chose the number cannot have made it for them.
const ROUNDS: u32 = 32;

/// Small primes tried first: most composite numbers end here.
const SMALL_PRIMES: [u32; 30] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127,
];

/// Whether both `p` and `q = (p - 1) / 2` are prime, for a `p` of at most 2048 bits. About 0.2 seconds for
/// 2048 bits where they are (`benches/README.md`).
///
/// Only `q` needs many rounds. If it is prime, then so is `p` where `2^(p-1) = 1 mod p` and 3 does not divide `p`
/// (Pocklington, 1914): `q` is more than the root of `p`, and `2^((p-1)/q) - 1 = 3`.
pub(super) fn is_safe_prime(p: &BigUint, random: &mut dyn SecureRandom) -> bool {
    let one = BigUint::one();
    if *p < BigUint::from(5_u32) || (p % 2_u32).is_zero() {
        return false;
    }
    let q: BigUint = (p - &one) >> 1;
    // The only safe prime with an even q.
    if q == BigUint::from(2_u32) {
        return true;
    }
    if (&q % 2_u32).is_zero() || has_small_factor(p) || has_small_factor(&q) {
        return false;
    }
    let (Some(p), Some(q)) = (Rounds::new(p), Rounds::new(&q)) else { return false };
    // This one throws out nearly everything before the long test.
    p.is_fermat_to_base_2() && q.pass(ROUNDS, random)
}

/// Whether a small prime divides `n`, other than `n` itself.
fn has_small_factor(n: &BigUint) -> bool {
    SMALL_PRIMES.iter().any(|prime| (n % *prime).is_zero() && *n != BigUint::from(*prime))
}

/// The Miller-Rabin test of one odd number above 2.
struct Rounds {
    minus_one: BigUint,
    parameters: Parameters,
    /// `n - 1 = odd * 2^twos`.
    odd: U2048,
    twos: usize,
}

impl Rounds {
    /// `None`: the number is even, or longer than 2048 bits.
    fn new(n: &BigUint) -> Option<Self> {
        let modulus = Odd::new(fixed(n)?).into_option()?;
        let minus_one = n - &BigUint::one();
        let twos = minus_one.trailing_zeros().unwrap_or(0);
        let odd = fixed(&(&minus_one >> twos))?;
        Some(Self { minus_one, parameters: Parameters::new_vartime(modulus), odd, twos })
    }

    fn pass(&self, rounds: u32, random: &mut dyn SecureRandom) -> bool {
        (0..rounds).all(|_| self.draw_base(random).is_some_and(|base| self.is_witness_for_prime(&base)))
    }

    /// A number from 1 to `n - 1`. Sixteen bytes more than `n` has make the remainder even.
    fn draw_base(&self, random: &mut dyn SecureRandom) -> Option<Residue> {
        let mut bytes = alloc::vec![0; self.minus_one.bits().div_ceil(8) + 16];
        random.fill(&mut bytes);
        let base = BigUint::from_bytes_be(&bytes) % &self.minus_one + BigUint::one();
        Some(Residue::new(&fixed(&base)?, &self.parameters))
    }

    /// Whether `2^(n-1) = 1 mod n`.
    fn is_fermat_to_base_2(&self) -> bool {
        let mut power = Residue::new(&U2048::from_u8(2), &self.parameters).pow_vartime(&self.odd);
        for _ in 0..self.twos {
            power = power.square();
        }
        power == Residue::one(&self.parameters)
    }

    fn is_witness_for_prime(&self, base: &Residue) -> bool {
        let one = Residue::one(&self.parameters);
        let minus_one = -one;
        let mut power = base.pow_vartime(&self.odd);
        if power == one || power == minus_one {
            return true;
        }
        for _ in 1..self.twos {
            power = power.square();
            if power == minus_one {
                return true;
            }
        }
        false
    }
}

/// `None`: it has more than 2048 bits.
fn fixed(number: &BigUint) -> Option<U2048> {
    let bytes = number.to_bytes_be();
    let mut padded = [0; 256];
    let room = padded.len().checked_sub(bytes.len())?;
    padded.split_at_mut(room).1.copy_from_slice(&bytes);
    Some(U2048::from_be_slice(&padded))
}
