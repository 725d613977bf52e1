//! OpenSSL's powers, primes and key stretching, on the numbers of `benches/benches/handshake.rs`.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use openssl::bn::{BigNum, BigNumContext};
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use sansgram_benches::{CpuTime, bytes, vectors};
use sansgram_core::crypto::hash::pbkdf2_hmac_sha512;
use sansgram_core::crypto::rsa::PublicKey;

fn number(bytes: &[u8]) -> BigNum {
    BigNum::from_slice(bytes).expect("memory")
}

fn power(criterion: &mut Criterion<CpuTime>, name: &str, base: &[u8], exponent: &BigNum, modulus: &BigNum) {
    let base = number(base);
    let mut context = BigNumContext::new().expect("memory");
    let mut result = BigNum::new().expect("memory");
    let mut group = criterion.benchmark_group(name);
    group.sample_size(30);
    group.bench_function("openssl", |bencher| {
        bencher.iter(|| result.mod_exp(black_box(&base), exponent, modulus, &mut context));
    });
    group.finish();
}

fn powers(criterion: &mut Criterion<CpuTime>) {
    let prime = vectors("dh_checks")["dh_prime"].as_str().expect("a number").to_owned();
    let prime = BigNum::from_hex_str(&prime).expect("a number");
    let mut exponent = bytes(256);
    exponent[0] |= 0x80;
    let mut base = bytes(257)[1..].to_vec();
    base[0] &= 0x7f;
    // With this flag it is in constant time.
    let mut secret = number(&exponent);
    secret.set_const_time();
    power(criterion, "modpow_2048_g3", &[3], &secret, &prime);
    power(criterion, "modpow_2048_random_base", &base, &secret, &prime);
    let modulus = number(PublicKey::telegram_test().modulus_bytes());
    power(criterion, "rsa_65537", &base, &number(&[1, 0, 1]), &modulus);
}

/// Both halves of the check that a prime is safe, with OpenSSL's own number of rounds.
fn primes(criterion: &mut Criterion<CpuTime>) {
    let text = include_str!("../../benches/rfc3526_2048.txt");
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let prime = BigNum::from_hex_str(&digits).expect("a number");
    let mut half = BigNum::new().expect("memory");
    half.rshift1(&prime).expect("memory");
    let mut context = BigNumContext::new().expect("memory");
    let mut is_prime = |number: &BigNum| number.is_prime(0, &mut context).expect("memory");
    let mut group = criterion.benchmark_group("group_check");
    group.sample_size(10);
    group.bench_function("openssl/other prime", |bencher| {
        bencher.iter(|| assert!(is_prime(&prime) && is_prime(&half)));
    });
    group.finish();
}

fn stretching(criterion: &mut Criterion<CpuTime>) {
    const ROUNDS: usize = 100_000;
    let (password, salt) = (bytes(32), bytes(16));
    let mut outs = [[0; 64]; 2];
    let [ours, theirs] = &mut outs;
    let mut group = criterion.benchmark_group("pbkdf2");
    group.sample_size(10);
    group.bench_function("sansgram", |bencher| {
        bencher.iter(|| pbkdf2_hmac_sha512(&password, &salt, ROUNDS as u32, ours));
    });
    group.bench_function("openssl", |bencher| {
        bencher.iter(|| pbkdf2_hmac(&password, &salt, ROUNDS, MessageDigest::sha512(), theirs));
    });
    group.finish();
    assert!(outs[0] == outs[1] || outs.contains(&[0; 64]), "both stretch alike");
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = powers, primes, stretching
}
criterion_main!(benches);
