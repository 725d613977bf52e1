//! Runs every target on changed inputs of its corpus for a few seconds: a short form of fuzzing, without a fuzzer. The
//! changes are the same in each run; how many there are depends on the time.
//!
//! `SANSGRAM_FUZZ_SECONDS=60 cargo test --release -p sansgram-fuzz --test mutations` runs each for longer.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sansgram_fuzz::{Seeded, TARGETS};

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

fn run_changed(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(folder).expect("every target has a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("it can be read")).collect();
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
        let shown = Shown { target: name, input: &input };
        reached += u64::from((target.run)(shown.input) > 0);
        runs += 1;
    }
    println!("{name}: {runs} inputs, {reached} of which reach something");
    assert!(reached > 0, "{name} refuses all of {runs} inputs at once");
}

#[test]
fn frames() {
    run_changed("frames");
}

#[test]
fn layers() {
    run_changed("layers");
}

#[test]
fn proxy() {
    run_changed("proxy");
}

#[test]
fn links() {
    run_changed("links");
}

#[test]
fn tl() {
    run_changed("tl");
}

#[test]
fn tl_json() {
    run_changed("tl_json");
}

#[test]
fn gzip() {
    run_changed("gzip");
}

#[test]
fn sealed() {
    run_changed("sealed");
}

#[test]
fn client() {
    run_changed("client");
}

#[test]
fn handshake() {
    run_changed("handshake");
}

#[test]
fn session_text() {
    run_changed("session_text");
}

#[test]
fn foreign() {
    run_changed("foreign");
}

#[test]
fn pem() {
    run_changed("pem");
}
