//! Whether the time of an exponentiation depends on its secret exponent: Welch's t-test over two classes of exponents, as
//! by dudect (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", 2017).
//!
//! One class is a single exponent with few set bits; the other is random. The order is random too. As a bench it takes
//! 1000 samples of each class, or as many as its argument says (`-- 5000`), and fails if a |t| of ours is above 4.5; as a
//! test it only runs. Square and multiply, whose time depends on the bits, must exceed that with a twentieth of the samples.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;
use std::{array, env};

use num_bigint_dig::BigUint;
use sansgram_benches::{CpuTime, Seeded, vectors};
use sansgram_core::crypto::SecureRandom;
use sansgram_core::crypto::dh::{DhGroup, DhKeyPair};

/// Above this |t|, times differ with near certainty.
const THRESHOLD: f64 = 4.5;

/// Shares of the fastest samples that count: interrupts lengthen some of the others.
const SHARES: [f64; 4] = [0.5, 0.8, 0.95, 1.0];

fn main() -> ExitCode {
    let is_bench = env::args().any(|argument| argument == "--bench");
    let default = if is_bench { 1000 } else { 3 };
    let samples = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(default);
    let prime = known_prime();
    let group = DhGroup::check(3, &prime, &mut Seeded::new(1)).expect("the known group");
    // 4 generates the subgroup too, but has no table.
    let general = DhGroup::check(4, &prime, &mut Seeded::new(1)).expect("another generator");
    let peer = *group.key_pair(&mut Seeded::new(2)).public();
    let key_pair = |group: &DhGroup, exponent: &[u8; 256]| group.key_pair(&mut Once(*exponent));

    let power = |exponent: &[u8; 256]| drop(black_box(key_pair(&group, exponent)));
    let comb = measure(samples, |exponent| *exponent, power);
    let power = |exponent: &[u8; 256]| drop(black_box(key_pair(&general, exponent)));
    let small_base = measure(samples, |exponent| *exponent, power);
    let agree = |pair: &DhKeyPair| drop(black_box(pair.agree(&peer)));
    let random_base = measure(samples, |exponent| key_pair(&group, exponent), agree);
    let (base, modulus) = (BigUint::from_bytes_be(&peer), BigUint::from_bytes_be(&prime));
    let control = measure(
        samples.div_ceil(20),
        |exponent| *exponent,
        |exponent| {
            black_box(square_and_multiply(&base, exponent, &modulus));
        },
    );

    println!("{samples} samples of each class; |t| above {THRESHOLD} shows a dependence on the exponent");
    let mut is_valid = true;
    let ours = ["comb, 3^b", "Montgomery, 4^b", "Montgomery, g_a^b"];
    for (name, times) in ours.into_iter().zip([comb, small_base, random_base]) {
        let t = largest_t(&times);
        println!("{name:24} |t| = {t:.2}");
        is_valid &= t <= THRESHOLD;
    }
    let t = largest_t(&control);
    println!("{:24} |t| = {t:.2}", "square and multiply");
    is_valid &= t > THRESHOLD;
    if is_valid || !is_bench { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns `base^exponent mod modulus` by a multiplication for each set bit only.
fn square_and_multiply(base: &BigUint, exponent: &[u8; 256], modulus: &BigUint) -> BigUint {
    let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1));
    bits.fold(BigUint::from(1_u32), |power, is_set| {
        let square = &power * &power % modulus;
        if is_set { square * base % modulus } else { square }
    })
}

/// Times both classes, in nanoseconds. `prepare` is not timed.
fn measure<T>(samples: usize, prepare: impl Fn(&[u8; 256]) -> T, run: impl Fn(&T)) -> [Vec<f64>; 2] {
    let mut random = Seeded::new(3);
    let mut times = [Vec::new(), Vec::new()];
    while times.iter().any(|class| class.len() < samples) {
        let mut drawn = [0; 257];
        random.fill(&mut drawn);
        let [order, exponent @ ..] = drawn;
        let class = usize::from(order & 1);
        let exponent = if class == 0 { few_bits() } else { exponent };
        let input = prepare(&exponent);
        let start = CpuTime::now();
        run(&input);
        let time = CpuTime::now().saturating_sub(start);
        if let Some(class) = times.get_mut(class) {
            class.push(Duration::as_secs_f64(&time) * 1e9);
        }
    }
    times
}

/// 2^2047 + 2^1000 + 3.
fn few_bits() -> [u8; 256] {
    array::from_fn(|at| match at {
        0 => 0x80,
        130 => 1,
        255 => 3,
        _ => 0,
    })
}

/// Returns the largest |t| over the shares. The limit of a share is that of both classes together.
fn largest_t(times: &[Vec<f64>; 2]) -> f64 {
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let t = |share: f64| {
        let limit = all.get((all.len() as f64 * share) as usize).copied().unwrap_or(f64::INFINITY);
        let [a, b] = times.each_ref().map(|class| {
            Moments::new(&class.iter().copied().filter(|time| *time < limit).collect::<Vec<_>>())
        });
        (a.mean - b.mean).abs() / (a.variance_of_mean + b.variance_of_mean).sqrt()
    };
    SHARES.into_iter().map(t).fold(0.0, f64::max)
}

struct Moments {
    mean: f64,
    variance_of_mean: f64,
}

impl Moments {
    fn new(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, variance_of_mean: squares / (count - 1.0) / count }
    }
}

/// Gives one value, as the exponent of a key pair.
struct Once([u8; 256]);

impl SecureRandom for Once {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

fn known_prime() -> [u8; 256] {
    let text = vectors("dh_checks")["dh_prime"].as_str().expect("digits").to_owned();
    array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("two digits"))
}
