//! Replays the corpus of every target, so that what fuzzing found stays fixed.

use std::fs;
use std::path::{Path, PathBuf};

use sansgram_fuzz::{TARGETS, Target};

/// The limit for all corpora together, in bytes.
const MAX_CORPUS: u64 = 300_000;

fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(folder).expect("every target has a corpus");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let files = corpus(target);
    let mut reached = 0;
    for file in &files {
        // The name is printed if the body panics.
        println!("{}", file.display());
        let accepted = (target.run)(&fs::read(file).expect("it can be read"));
        reached += usize::from(accepted > 0);
    }
    // A corpus that is only refused tests nothing but the first check.
    assert!(
        files.len() >= 6 && reached * 5 >= files.len(),
        "{reached} of {} files reach something",
        files.len()
    );
}

#[test]
fn frames() {
    replay("frames");
}

#[test]
fn layers() {
    replay("layers");
}

#[test]
fn proxy() {
    replay("proxy");
}

#[test]
fn links() {
    replay("links");
}

#[test]
fn tl() {
    replay("tl");
}

#[test]
fn tl_json() {
    replay("tl_json");
}

#[test]
fn gzip() {
    replay("gzip");
}

#[test]
fn sealed() {
    replay("sealed");
}

#[test]
fn client() {
    replay("client");
}

#[test]
fn handshake() {
    replay("handshake");
}

#[test]
fn session_text() {
    replay("session_text");
}

#[test]
fn foreign() {
    replay("foreign");
}

#[test]
fn pem() {
    replay("pem");
}

#[test]
fn every_target_is_a_binary_and_the_corpus_is_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let mut size = 0;
    for target in &TARGETS {
        let path = format!("fuzz_targets/{}.rs", target.name);
        assert!(root.join(&path).exists() && manifest.contains(&format!("path = \"{path}\"")), "{path}");
        size += corpus(target).iter().map(|file| file.metadata().expect("a file").len()).sum::<u64>();
    }
    assert!(size < MAX_CORPUS, "the corpus has {size} bytes");
}
