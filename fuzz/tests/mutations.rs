//! Runs every target on changed inputs of its corpus for a few seconds: a short form of fuzzing, without a fuzzer. The
//! changes are the same in each run; how many there are depends on the time.
//!
//! `SANSGRAM_FUZZ_SECONDS=60 cargo test --release -p sansgram-fuzz --test mutations` runs each for longer.

mod targets;

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use sansgram_fuzz::{Seeded, Target};
use targets::{corpus, test_each_target};

/// The time for one target, in seconds, unless `SANSGRAM_FUZZ_SECONDS` says another one.
const SECONDS: u64 = 2;
/// The most changes of one input.
const MAX_CHANGES: u64 = 6;
/// Bytes at which lengths, counts and signs change their meaning.
const EDGES: [u8; 8] = [0, 1, 3, 4, 0x7f, 0x80, 0xfe, 0xff];

/// Prints an input if the target panics with it.
struct Shown<'a> {
    target: &'a str,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut hex = String::new();
            for byte in self.input {
                let _ = write!(hex, "{byte:02x}");
            }
            println!("{} fails with the input {hex}", self.target);
        }
    }
}

/// Returns a number below `limit`, or 0 if that is 0.
fn below(random: &mut Seeded, limit: usize) -> usize {
    random.below(limit.max(1) as u64) as usize
}

/// Changes `input` in one place. `other`: another input of the target.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Seeded) {
    let at = below(random, input.len());
    match random.below(8) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..at + below(random, input.len() - at))),
        2 => input.insert(at, random.next_u64() as u8),
        3 => {
            let copy = input[at..at + below(random, input.len() - at)].to_vec();
            input.splice(at..at, copy);
        }
        4 => {
            let from = below(random, other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        kind => {
            let Some(byte) = input.get_mut(at) else { return };
            *byte = match kind {
                5 => *byte ^ 1 << random.below(8),
                6 => EDGES[below(random, EDGES.len())],
                _ => random.next_u64() as u8,
            };
        }
    }
}

fn run_changed(target: &Target) {
    let corpus: Vec<Vec<u8>> =
        corpus(target).iter().map(|path| fs::read(path).expect("it can be read")).collect();
    let longest = corpus.iter().map(Vec::len).max().expect("an input");

    let seconds = std::env::var("SANSGRAM_FUZZ_SECONDS").ok().map(|it| it.parse().expect("seconds"));
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let mut random = Seeded::new(1);
    let (mut runs, mut reached) = (0_u64, 0_u64);
    while Instant::now() < end {
        let mut input = corpus[below(&mut random, corpus.len())].clone();
        for _ in 0..=random.below(MAX_CHANGES) {
            let other = &corpus[below(&mut random, corpus.len())];
            change(&mut input, other, &mut random);
        }
        input.truncate(2 * longest);
        let shown = Shown { target: target.name, input: &input };
        reached += u64::from((target.run)(shown.input) > 0);
        runs += 1;
    }
    let name = target.name;
    println!("{name}: {runs} inputs, {reached} of which reach something");
    assert!(reached > 0, "{name} refuses all of {runs} inputs at once");
}

test_each_target! {
    run_changed: frames layers proxy links tl tl_json gzip sealed client handshake session_text foreign pem
}
