//! Public keys of X25519 (RFC 7748), for show: nothing is ever agreed upon with them.
//!
//! Half of all 32-byte strings are no point of the curve, and of those that are only one in eight lies in the
//! subgroup where real keys lie. A filter can tell. So these are real keys, and the private half is thrown away.

use crypto_bigint::{Limb, U256};
use zeroize::Zeroize;

use crate::crypto::{SecureRandom, random};

/// 2^256 - 38 is twice the field's prime: numbers are kept below it, and reduced at the end.
const SPECIAL: Limb = Limb(38);
const PRIME: U256 = U256::from_be_hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
/// (486662 - 2) / 4, the coefficient of the curve as the ladder needs it.
const A24: U256 = U256::from_u32(121_665);
const BASE_POINT: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

/// The public key of a fresh private one; draws 32 bytes.
pub(super) fn public_key(random: &mut dyn SecureRandom) -> [u8; 32] {
    let mut private: [u8; 32] = random::array(random);
    let public = multiply(&private, &BASE_POINT);
    private.zeroize();
    public
}

/// The function `X25519` of RFC 7748. Not constant in time: no secret may go through it.
fn multiply(scalar: &[u8; 32], point: &[u8; 32]) -> [u8; 32] {
    let mut scalar = *scalar;
    scalar[0] &= 248;
    scalar[31] = scalar[31] & 127 | 64;
    let mut point = *point;
    point[31] &= 127;

    let base = U256::from_le_slice(&point);
    let (mut x2, mut z2, mut x3, mut z3) = (U256::ONE, U256::ZERO, base, U256::ONE);
    for bit in (0..255).rev() {
        let set = scalar[bit / 8] >> (bit % 8) & 1 == 1;
        if set {
            core::mem::swap(&mut x2, &mut x3);
            core::mem::swap(&mut z2, &mut z3);
        }
        let (a, b) = (add(&x2, &z2), sub(&x2, &z2));
        let (aa, bb) = (mul(&a, &a), mul(&b, &b));
        let e = sub(&aa, &bb);
        let (da, cb) = (mul(&sub(&x3, &z3), &a), mul(&add(&x3, &z3), &b));
        let (sum, difference) = (add(&da, &cb), sub(&da, &cb));
        x3 = mul(&sum, &sum);
        z3 = mul(&base, &mul(&difference, &difference));
        x2 = mul(&aa, &bb);
        z2 = mul(&e, &add(&aa, &mul(&A24, &e)));
        if set {
            core::mem::swap(&mut x2, &mut x3);
            core::mem::swap(&mut z2, &mut z3);
        }
    }
    let mut result = mul(&x2, &invert(&z2));
    while result >= PRIME {
        result = result.wrapping_sub(&PRIME);
    }
    result.to_le_bytes().into()
}

/// The inverse, by Fermat: to the power of the prime less two.
fn invert(number: &U256) -> U256 {
    let exponent = PRIME.wrapping_sub(&U256::from_u32(2));
    let mut result = U256::ONE;
    for bit in (0..255).rev() {
        result = mul(&result, &result);
        if exponent.bit_vartime(bit) {
            result = mul(&result, number);
        }
    }
    result
}

const fn add(a: &U256, b: &U256) -> U256 {
    a.add_mod_special(b, SPECIAL)
}

const fn sub(a: &U256, b: &U256) -> U256 {
    a.sub_mod_special(b, SPECIAL)
}

const fn mul(a: &U256, b: &U256) -> U256 {
    a.mul_mod_special(b, SPECIAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> std::string::String {
        bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }

    #[test]
    fn iterated_vectors_of_the_rfc() {
        // RFC 7748, 5.2: k and u begin as 9, then k = X25519(k, u) and u = the old k.
        let (mut k, mut u) = (BASE_POINT, BASE_POINT);
        for round in 1..=1000 {
            (k, u) = (multiply(&k, &u), k);
            if round == 1 {
                assert_eq!(hex(&k), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
            }
        }
        assert_eq!(hex(&k), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    }
}
