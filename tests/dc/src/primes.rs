//! Random primes of 31 bits, whose products clients have to factor.

use crate::random::SecureRandom;

/// Two different primes of 31 bits, the smaller one first.
///
/// Both are above 2^30, so their product has 8 bytes and each factor exactly 4, as in Telegram's answers; some clients
/// rely on it.
pub(crate) fn random_pair(random: &mut dyn SecureRandom) -> (u32, u32) {
    let first = random_prime(random);
    loop {
        let second = random_prime(random);
        if first != second {
            return (first.min(second), first.max(second));
        }
    }
}

fn random_prime(random: &mut dyn SecureRandom) -> u32 {
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let candidate = u32::from_le_bytes(bytes) & 0x7fff_ffff | 0x4000_0001;
        if is_prime(candidate) {
            return candidate;
        }
    }
}

/// Miller-Rabin with the bases 2, 3, 5 and 7, which decides every number below 3,215,031,751.
fn is_prime(n: u32) -> bool {
    for small in [2, 3, 5, 7, 11, 13] {
        if n.is_multiple_of(small) {
            return n == small;
        }
    }
    if n < 2 {
        return false;
    }
    let n = u64::from(n);
    let shift = (n - 1).trailing_zeros();
    let odd = (n - 1) >> shift;
    [2, 3, 5, 7].into_iter().all(|base| {
        let mut power = power_mod(base, odd, n);
        if power == 1 || power == n - 1 {
            return true;
        }
        for _ in 1..shift {
            power = power * power % n;
            if power == n - 1 {
                return true;
            }
        }
        false
    })
}

fn power_mod(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandomForTestingOnly;

    #[test]
    fn agrees_with_trial_division() {
        for n in 0..5000_u32 {
            let expected = n >= 2 && (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0);
            assert_eq!(is_prime(n), expected, "{n}");
        }
        // A strong pseudoprime to the bases 2, 3 and 5.
        assert!(!is_prime(25_326_001));
        assert!(is_prime(2_147_483_647));
    }

    #[test]
    fn factors_have_four_bytes_each() {
        let mut random = SeededRandomForTestingOnly::new(1);
        for _ in 0..50 {
            let (p, q) = random_pair(&mut random);
            assert!(p < q && p >= 1 << 30 && q < 1 << 31);
            assert!(u64::from(p) * u64::from(q) < 1 << 63);
        }
    }
}
