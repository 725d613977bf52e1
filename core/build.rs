//! Computes the table of `crypto::comb`.
#![allow(
    unreachable_pub,
    reason = "a build script exports nothing: `pub` only marks what other modules may use"
)]

use std::path::Path;
use std::{env, fs};

#[path = "build/comb.rs"]
mod comb;
#[path = "src/crypto/limbs.rs"]
#[allow(dead_code, reason = "the build needs only a part of the arithmetic")]
mod limbs;

const KNOWN_PRIME: &str = "src/crypto/known_prime.hex";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/crypto/limbs.rs");
    println!("cargo::rerun-if-changed={KNOWN_PRIME}");
    if let Err(reason) = generate() {
        println!("cargo::error={reason}");
        std::process::exit(1);
    }
}

fn generate() -> Result<(), String> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(|error| format!("CARGO_MANIFEST_DIR: {error}"))?;
    let out = env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let prime = fs::read_to_string(Path::new(&root).join(KNOWN_PRIME))
        .map_err(|error| format!("{KNOWN_PRIME}: {error}"))?;
    fs::write(Path::new(&out).join("comb.rs"), comb::table(&prime)?)
        .map_err(|error| format!("comb.rs: {error}"))
}
