//! The parts of the handshake and the whole of its client's side.
//!
//! `modpow_*` and `rsa_65537` compare the bignum crates alone; num-bigint 0.5 is what grammers uses. `dh` has the same
//! exponentiations by core: `key_pair` that of 3, `agree` that of a random base.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U64, U2048};
use grammers_crypto::two_factor_auth::check_p_and_g;
use sansgram_benches::{CpuTime, HandshakeRun, Seeded, bytes, vectors};
use sansgram_core::crypto::Secret;
use sansgram_core::crypto::dh::DhGroup;
use sansgram_core::crypto::factorize::factorize;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::crypto::srp;

fn rsa_pad(criterion: &mut Criterion<CpuTime>) {
    let data = bytes(144);
    let key = PublicKey::telegram_test();
    let decimal = num_bigint_dig::BigUint::from_bytes_be(key.modulus_bytes()).to_string();
    let theirs = grammers_crypto::rsa::Key::new(&decimal, "65537").unwrap();
    let mut group = criterion.benchmark_group("rsa_pad");
    let mut random = Seeded::new(1);
    group.bench_function("sansgram", |bencher| {
        bencher.iter(|| key.encrypt_padded(&data, &mut random).unwrap());
    });
    let random: [u8; 224] = bytes(224).try_into().unwrap();
    group.bench_function("grammers", |bencher| {
        bencher.iter(|| grammers_crypto::rsa::encrypt_hashed(&data, &theirs, &random));
    });
    group.finish();
}

/// The products of two primes of 31 bits among the vectors, as servers send them.
fn products() -> Vec<u64> {
    let cases = vectors("pq");
    let number = |value: &serde_json::Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let usual = cases["cases"].as_array().unwrap().iter().filter(|case| {
        [&case["p"], &case["q"]].iter().all(|factor| number(factor).is_some_and(|factor| factor >> 30 == 1))
    });
    usual.filter_map(|case| number(&case["pq"])).collect()
}

fn pq(criterion: &mut Criterion<CpuTime>) {
    let products = products();
    assert!(products.len() >= 5);
    let mut group = criterion.benchmark_group("factorize");
    group.throughput(Throughput::Elements(products.len() as u64)).sample_size(30);
    group.bench_function("sansgram", |bencher| {
        bencher.iter(|| products.iter().map(|pq| factorize(*pq).unwrap().0).sum::<u64>());
    });
    group.bench_function("grammers", |bencher| {
        bencher.iter(|| products.iter().map(|pq| grammers_crypto::factorize(*pq).0).sum::<u64>());
    });
    group.finish();
}

fn known_prime() -> [u8; 256] {
    let text = vectors("dh_checks")["dh_prime"].as_str().unwrap().to_owned();
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

fn dh(criterion: &mut Criterion<CpuTime>) {
    let prime = known_prime();
    let group = DhGroup::check(3, &prime, &mut Seeded::new(1)).unwrap();
    let pair = group.key_pair(&mut Seeded::new(2));
    let peer = *group.key_pair(&mut Seeded::new(3)).public();

    let mut benches = criterion.benchmark_group("dh");
    benches.sample_size(30);
    benches.bench_function("sansgram/key_pair", |bencher| {
        let mut random = Seeded::new(4);
        bencher.iter(|| group.key_pair(&mut random));
    });
    benches.bench_function("sansgram/agree", |bencher| bencher.iter(|| pair.agree(black_box(&peer))));
    // Without a table.
    let other = DhGroup::check(4, &prime, &mut Seeded::new(1)).unwrap();
    benches.bench_function("sansgram/key_pair, g = 4", |bencher| {
        let mut random = Seeded::new(4);
        bencher.iter(|| other.key_pair(&mut random));
    });
    benches.bench_function("sansgram/check_public", |bencher| bencher.iter(|| group.check_public(&peer)));
    benches.finish();

    let mut benches = criterion.benchmark_group("group_check");
    benches.sample_size(10).measurement_time(Duration::from_secs(4));
    benches.bench_function("sansgram/known prime", |bencher| {
        bencher.iter(|| DhGroup::check(3, &prime, &mut Seeded::new(1)).unwrap());
    });
    // Another safe prime: the 2048-bit group of RFC 3526, in which 2 generates the subgroup.
    let other = rfc3526_prime();
    benches.bench_function("sansgram/other prime", |bencher| {
        bencher.iter(|| DhGroup::check(2, &other, &mut Seeded::new(1)).unwrap());
    });
    benches.bench_function("grammers/other prime", |bencher| bencher.iter(|| check_p_and_g(&other, &2)));
    benches.finish();
}

/// The proof of the two-step verification password, its stretching (PBKDF2) left out.
fn password(criterion: &mut Criterion<CpuTime>) {
    let group = DhGroup::check(3, &known_prime(), &mut Seeded::new(1)).unwrap();
    let x = Secret::new(bytes(32).try_into().unwrap());
    let b = *group.key_pair(&mut Seeded::new(3)).public();
    let mut benches = criterion.benchmark_group("password");
    benches.sample_size(30);
    benches.bench_function("sansgram/prove", |bencher| {
        let mut random = Seeded::new(4);
        bencher.iter(|| srp::prove(&group, b"one", b"two", &x, black_box(&b), &mut random).unwrap());
    });
    benches.bench_function("sansgram/verifier", |bencher| bencher.iter(|| srp::verifier(&group, &x)));
    benches.finish();
}

/// `2^2048 - 2^1984 - 1 + 2^64 * (floor(2^1918 pi) + 124476)` (RFC 3526, section 3).
fn rfc3526_prime() -> [u8; 256] {
    let text = include_str!("rfc3526_2048.txt");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    std::array::from_fn(|at| {
        u8::from_str_radix(std::str::from_utf8(&digits[2 * at..2 * at + 2]).unwrap(), 16).unwrap()
    })
}

/// One exponentiation by each bignum crate; they must agree.
fn modpow(criterion: &mut Criterion<CpuTime>, name: &str, modulus: &[u8; 256], base: &[u8], exponent: &[u8]) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(30);

    let odd = Odd::new(U2048::from_be_slice(modulus)).unwrap();
    let parameters = FixedMontyParams::new_vartime(odd);
    let mut padded = [0; 256];
    padded[256 - base.len()..].copy_from_slice(base);
    let number = U2048::from_be_slice(&padded);
    let form = FixedMontyForm::new(&number, &parameters);
    let ours: [u8; 256] = if exponent.len() == 256 {
        let exponent = U2048::from_be_slice(exponent);
        group.bench_function("crypto-bigint", |bencher| {
            bencher.iter(|| black_box(&form).pow_amm(&exponent).retrieve());
        });
        form.pow_amm(&exponent).retrieve().to_be_bytes().into()
    } else {
        let mut padded = [0; 8];
        padded[8 - exponent.len()..].copy_from_slice(exponent);
        let exponent = U64::from_be_slice(&padded);
        group.bench_function("crypto-bigint", |bencher| {
            // The bits of a public exponent are not secret.
            bencher.iter(|| black_box(&form).pow_bounded_exp(&exponent, 17).retrieve());
        });
        form.pow_bounded_exp(&exponent, 17).retrieve().to_be_bytes().into()
    };

    let [b, e, m] = [base, exponent, modulus].map(num_bigint_dig::BigUint::from_bytes_be);
    group.bench_function("num-bigint-dig", |bencher| bencher.iter(|| black_box(&b).modpow(&e, &m)));
    assert_eq!(U2048::from_be_slice(&left_pad(&b.modpow(&e, &m).to_bytes_be())), U2048::from_be_slice(&ours));

    let [b, e, m] = [base, exponent, modulus].map(num_bigint::BigUint::from_bytes_be);
    group.bench_function("num-bigint", |bencher| bencher.iter(|| black_box(&b).modpow(&e, &m)));
    assert_eq!(left_pad(&b.modpow(&e, &m).to_bytes_be()), ours);
    group.finish();
}

fn left_pad(number: &[u8]) -> [u8; 256] {
    let mut padded = [0; 256];
    padded[256 - number.len()..].copy_from_slice(number);
    padded
}

fn bignum(criterion: &mut Criterion<CpuTime>) {
    let prime = known_prime();
    let mut exponent = bytes(256);
    exponent[0] |= 0x80;
    let mut base = bytes(257)[1..].to_vec();
    base[0] &= 0x7f;
    modpow(criterion, "modpow_2048_g3", &prime, &[3], &exponent);
    modpow(criterion, "modpow_2048_random_base", &prime, &base, &exponent);
    modpow(criterion, "rsa_65537", PublicKey::telegram_test().modulus_bytes(), &base, &[1, 0, 1]);
}

fn whole(criterion: &mut Criterion<CpuTime>) {
    let run = HandshakeRun::plain();
    let mut group = criterion.benchmark_group("handshake");
    group.sample_size(30);
    group.bench_function("sansgram/client side", |bencher| bencher.iter(|| run.client_side()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = rsa_pad, pq, dh, password, bignum, whole
}
criterion_main!(benches);
