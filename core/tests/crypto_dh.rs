//! Diffie-Hellman groups, public values and key agreement; the two-step password on top of them.
#![cfg(feature = "unstable")]

mod vectors;

use std::sync::LazyLock;

use num_bigint_dig::BigUint;
use quickcheck::{QuickCheck, TestResult};
use sansgram_core::crypto::dh::{DhError, DhGroup};
use sansgram_core::crypto::srp::{self, SrpError};
use sansgram_core::crypto::{Secret, SecureRandom};
use serde_json::Value;
use vectors::{Script, Seeded, array, bytes, cases, load, text};

static VECTORS: LazyLock<Value> = LazyLock::new(|| load("dh_checks.json"));
static PRIME: LazyLock<Vec<u8>> = LazyLock::new(|| bytes(&VECTORS, "dh_prime"));
static GROUP: LazyLock<DhGroup> = LazyLock::new(|| known(3).unwrap());

/// The prime of RFC 3526, group 14: a safe 2048-bit prime that the client does not know.
const MODP_2048: &str = "\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aacaa68ffffffffffffffff";

/// `(p - 1) / 2` is prime, `p` is not. Neither has a factor below 128.
const ONLY_THE_HALF_IS_PRIME: &str = "\
    bc9e8b40ce3136c9133b0beaa3479c8e05b5397f168745bff7309448b6421f210680666ab14c10181527a9b19bbfef50\
    f6e26d3795bdbadbad7fe93648f7a6b6857527736be6200124313f044cf8757962407b4271c93a25500c72061172c2d6\
    05e82b6374ebfd376777cb4eff483fba6de9869ed922eba441f419565b8ab362bea10a56a3aebd12401d2f45cc29855a\
    b572b554d09eed1b582b97d6ae518c13eb000cee31f9baf2ed54a6bc36a9b9dc54090d57ea917e9d842ce2faa49b617f\
    2147aed7a12228ff0765f96af4ec71e7f33c62f40784635b5d3bdc20401e342164c8fdeb90a783aeaadbfabb96a0a625\
    8c641314e9e66a71b433367c67bb5bf7";
/// `p` is prime, `(p - 1) / 2` is not. Neither has a factor below 128.
const ONLY_THE_WHOLE_IS_PRIME: &str = "\
    9442d8dae24fdc82febfa9960fb2865877b01ac2fdd97e7ad8085b5fed96cc0e567abcda2a6956e3ed2e643698050b35\
    28252e4c74b8a2cdb53649f5e4eb26e0ffffb6b480e1974a17bd1be04d55228e6a198e4a237c34f3819814f32918c4c8\
    bafd279dc88740521051b45dd94c0c9a5e001326fcfaf8879a1d907423fea9b5408405eb44f9a82c04da5a6f124ac613\
    55cc5472e3288956cf245b7bc9fca2f148fd85e2e7a0eabd239f1aea840d55a6a2813d3e0ece7a2509b7b781e486e616\
    cf7cee489551b5d1a78742b7d7d230820b7314166514218bb8c3b63b897d91968d6fb8b28493f2cf9b515e0496e38985\
    55e34ecdeb237162c144e5f713ee2a07";

/// Fails if randomness is drawn.
struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("drew randomness");
    }
}

fn known(g: i32) -> Result<DhGroup, DhError> {
    DhGroup::check(g, &PRIME, &mut NoRandom)
}

fn check(g: i32, prime: &[u8]) -> Option<DhError> {
    DhGroup::check(g, prime, &mut Seeded(0x5eed)).err()
}

#[test]
fn the_known_prime_is_compared_not_tested() {
    for case in cases(&VECTORS, "g_for_known_prime", 6) {
        let g = i32::try_from(case["g"].as_i64().unwrap()).unwrap();
        let expected = if case["accept"] == true { None } else { Some(DhError::GeneratorNotResidue) };
        assert_eq!(known(g).err(), expected, "g = {g}");
    }
    assert_eq!(GROUP.prime_bytes()[..], PRIME[..]);
    assert_eq!(GROUP.g(), 3);
}

#[test]
fn generators_outside_2_to_7_are_rejected() {
    for g in [i32::MIN, -3, -1, 0, 1, 8, 9, 16, i32::MAX] {
        assert_eq!(known(g).err(), Some(DhError::GeneratorRange), "g = {g}");
    }
}

#[test]
fn bad_primes_are_rejected() {
    for case in cases(&VECTORS, "bad_primes", 4) {
        let prime = bytes(case, "hex");
        let name = text(case, "name");
        let expected = if name.starts_with("20") { DhError::PrimeLength } else { DhError::NotSafePrime };
        // 4 is a residue modulo every prime, so only the prime can be rejected.
        assert_eq!(check(4, &prime), Some(expected), "{name}");
    }
    for prime in [&[][..], &PRIME[1..], &[&[0], &PRIME[..]].concat(), &[0; 256], &[0xff; 512]] {
        assert_eq!(check(4, prime), Some(DhError::PrimeLength), "{} bytes", prime.len());
    }
    let mut even = PRIME.clone();
    even[255] -= 1;
    assert_eq!(check(4, &even), Some(DhError::NotSafePrime));
    // A 2048-bit number needs a top byte of at least 0x80.
    let mut short = PRIME.clone();
    short[0] = 0x47;
    assert_eq!(check(4, &short), Some(DhError::PrimeLength));
}

#[test]
fn other_safe_primes_are_tested_and_accepted() {
    let prime = vectors::hex(MODP_2048);
    for g in [2, 3, 4] {
        assert_eq!(check(g, &prime), None, "g = {g}");
    }
    let p = BigUint::from_bytes_be(&prime);
    for g in 2..=7 {
        let is_residue = euler(g, &p);
        assert_eq!(check_residue_only(g, &prime), is_residue, "g = {g}");
    }
}

#[test]
fn primes_that_are_not_safe_are_rejected() {
    // 2^2048 - 1942289 is the largest safe prime of 2048 bits. 2^2048 - 1557 is the largest 2048-bit prime; its half is
    // composite.
    let largest = (BigUint::from(1_u32) << 2048) - BigUint::from(1557_u32);
    assert_eq!(check(4, &largest.to_bytes_be()), Some(DhError::NotSafePrime));
}

/// Composites without small factors: each of the two primality tests must find them.
#[test]
fn composite_p_or_q_is_rejected() {
    for number in [ONLY_THE_HALF_IS_PRIME, ONLY_THE_WHOLE_IS_PRIME] {
        assert_eq!(check(4, &vectors::hex(number)), Some(DhError::NotSafePrime), "{number}");
    }
}

#[test]
fn public_values_at_the_edges() {
    let mut accepted = 0;
    for case in cases(&VECTORS, "g_a_edges", 8) {
        let digits = text(case, "g_a");
        let digits = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
        let value = vectors::hex(&digits);
        let expected = match text(case, "why") {
            _ if case["accept"] == true => None,
            "<=1" | "p-1" | ">=p" => Some(DhError::PublicRange),
            _ => Some(DhError::PublicTooClose),
        };
        let checked = GROUP.check_public(&value);
        assert_eq!(checked.err(), expected, "{}", text(case, "why"));
        if let Ok(padded) = checked {
            assert_eq!(BigUint::from_bytes_be(&padded), BigUint::from_bytes_be(&value));
            accepted += 1;
        }
    }
    assert_eq!(accepted, 2);
    assert_eq!(GROUP.check_public(&[]), Err(DhError::PublicRange));
    assert_eq!(GROUP.check_public(&[1; 257]), Err(DhError::PublicLength));
}

#[test]
fn both_sides_agree_with_plain_arithmetic() {
    let p = BigUint::from_bytes_be(&PRIME);
    for seed in 1..=3 {
        let (b, a) = (draw(seed), draw(seed + 100));
        let ours = GROUP.key_pair(&mut Script::new(&[&b]));
        let theirs = GROUP.key_pair(&mut Script::new(&[&a]));
        let (b, a) = (BigUint::from_bytes_be(&b), BigUint::from_bytes_be(&a));
        let g = BigUint::from(3_u32);
        assert_eq!(BigUint::from_bytes_be(ours.public()), g.modpow(&b, &p));
        let shared = ours.agree(theirs.public());
        assert_eq!(shared.expose(), theirs.agree(ours.public()).expose());
        assert_eq!(BigUint::from_bytes_be(shared.expose()), g.modpow(&(a * b), &p));
        assert_eq!(format!("{ours:?}"), "DhKeyPair([redacted])");
    }
}

#[test]
fn an_exponent_with_a_public_value_out_of_range_is_redrawn() {
    let good = draw(7);
    let (zero, mut one) = ([0; 256], [0; 256]);
    one[255] = 1;
    let mut script = Script::new(&[&zero, &one, &good]);
    let pair = GROUP.key_pair(&mut script);
    assert!(script.is_used_up());
    assert_eq!(pair.public(), GROUP.key_pair(&mut Script::new(&[&good])).public());
}

#[test]
fn keys_keep_their_leading_zeros() {
    let p = BigUint::from_bytes_be(&PRIME);
    let peer = *GROUP.key_pair(&mut Script::new(&[&draw(1)])).public();
    let base = BigUint::from_bytes_be(&peer);
    // One key in 256 has a leading zero byte: try exponents until one does.
    let mut exponent = BigUint::from_bytes_be(&draw(2));
    let mut key = base.modpow(&exponent, &p);
    while key.bits() > 255 * 8 {
        exponent += 1_u32;
        key = key * &base % &p;
    }
    let pair = GROUP.key_pair(&mut Script::new(&[&padded(&exponent)]));
    let shared = pair.agree(&peer);
    assert_eq!(shared.expose()[0], 0);
    assert_eq!(shared.expose(), &padded(&key));
}

#[test]
fn srp_vectors_through_the_public_functions() {
    let file = load("srp.json");
    let mut proven = 0;
    for case in cases(&file, "check_password", 8) {
        let Ok(group) = DhGroup::check(3, &bytes(case, "p"), &mut Seeded(1)) else { continue };
        let (salt1, salt2) = (bytes(case, "salt1"), bytes(case, "salt2"));
        let a = bytes(case, "a");
        if group.check_public(&bytes(case, "g_a")).is_err() {
            continue;
        }
        let x = Secret::new(array(case, "x_ph2"));
        let proof =
            srp::prove(&group, &salt1, &salt2, &x, &bytes(case, "srp_B"), &mut Script::new(&[&a])).unwrap();
        assert_eq!(proof.a, array(case, "g_a"), "{}", text(case, "source"));
        assert_eq!(proof.m1, array(case, "M1"), "{}", text(case, "source"));
        proven += 1;
    }
    // Excludes the toy prime and the exponent 1.
    assert_eq!(proven, 6);
}

#[test]
fn srp_new_password_vectors() {
    for case in cases(&load("srp.json"), "new_password_hash", 2) {
        let x = srp::stretch(&bytes(case, "password"), &bytes(case, "salt1_sent"), &bytes(case, "salt2"));
        assert_eq!(*srp::verifier(&GROUP, &x), array(case, "new_password_hash"), "{}", text(case, "source"));
    }
}

#[test]
fn srp_rejects_values_of_b_out_of_range() {
    let x = Secret::new([5; 32]);
    let attempt = |srp_b: &[u8]| srp::prove(&GROUP, b"one", b"two", &x, srp_b, &mut NoRandom).unwrap_err();
    for len in [0, 1, 128, 247, 257] {
        assert_eq!(attempt(&vec![1; len]), SrpError::BLength(len));
    }
    let mut above = PRIME.clone();
    above[255] += 1;
    for srp_b in [&[0; 256][..], &[0; 248], &PRIME, &above, &[0xff; 256]] {
        assert_eq!(attempt(srp_b), SrpError::BRange);
    }
}

#[test]
fn srp_accepts_the_shortest_b_and_any_client_entropy() {
    let x = Secret::new([5; 32]);
    let mut padded = [0; 256];
    padded[8..].fill(1);
    let prove =
        |srp_b: &[u8], seed| srp::prove(&GROUP, b"one", b"two", &x, srp_b, &mut Seeded(seed)).unwrap();
    assert_eq!(prove(&[1; 248], 1), prove(&padded, 1));
    assert_ne!(prove(&[1; 248], 1).a, prove(&[1; 248], 2).a);
}

/// A server that knows the verifier computes the same key, for passwords and salts of any kind.
#[test]
fn srp_a_server_accepts_the_proof() {
    use sansgram_core::crypto::hash::sha256;

    fn property(x: u64, seed: u64) -> TestResult {
        let x = Secret::new(sha256(&[&x.to_le_bytes()]));
        let p = BigUint::from_bytes_be(&PRIME);
        let v = BigUint::from_bytes_be(&*srp::verifier(&GROUP, &x));
        let mut g = [0; 256];
        g[255] = 3;
        let k = BigUint::from_bytes_be(&sha256(&[&PRIME, &g]));
        let b = BigUint::from_bytes_be(&draw(seed | 1));
        let b_public = (k * &v + BigUint::from(3_u32).modpow(&b, &p)) % &p;
        let b_public = padded(&b_public);
        let Ok(proof) = srp::prove(&GROUP, b"1", b"2", &x, &b_public, &mut Seeded(seed | 1)) else {
            return TestResult::failed();
        };
        let u = BigUint::from_bytes_be(&sha256(&[&proof.a, &b_public]));
        let s = (BigUint::from_bytes_be(&proof.a) * v.modpow(&u, &p)).modpow(&b, &p);
        let xored: Vec<u8> =
            sha256(&[&PRIME]).iter().zip(sha256(&[&g])).map(|(one, other)| one ^ other).collect();
        let m1 = sha256(&[
            &xored,
            &sha256(&[b"1"]),
            &sha256(&[b"2"]),
            &proof.a,
            &b_public,
            &sha256(&[&padded(&s)]),
        ]);
        TestResult::from_bool(proof.m1 == m1)
    }
    QuickCheck::new().tests(5).quickcheck(property as fn(u64, u64) -> TestResult);
}

/// Returns whether `g` is a quadratic residue, by Euler's criterion.
fn euler(g: i32, p: &BigUint) -> bool {
    let one = BigUint::from(1_u32);
    BigUint::from(g.unsigned_abs()).modpow(&((p - &one) >> 1), p) == one
}

/// The check of `g` precedes the slow test of the prime, which ends early here: the prime is replaced by a composite
/// with the same relevant remainders.
fn check_residue_only(g: i32, prime: &[u8]) -> bool {
    // 840 = lcm(8, 3, 5, 7): adding it changes no remainder. The sum is composite.
    let p = BigUint::from_bytes_be(prime) - BigUint::from(840_u32);
    match check(g, &p.to_bytes_be()) {
        Some(DhError::GeneratorNotResidue) => false,
        Some(DhError::NotSafePrime) => true,
        other => panic!("unexpected verdict {other:?}"),
    }
}

fn draw(seed: u64) -> [u8; 256] {
    sansgram_core::crypto::random::array(&mut Seeded(seed))
}

fn padded(number: &BigUint) -> [u8; 256] {
    let digits = number.to_bytes_be();
    let mut padded = [0; 256];
    padded[256 - digits.len()..].copy_from_slice(&digits);
    padded
}
