//! Replays the corpus of every target, so that what fuzzing found stays fixed.

mod targets;

use std::fs;
use std::path::Path;

use sansgram_fuzz::{TARGETS, Target};
use targets::{corpus, test_each_target};

/// The limit for all corpora together, in bytes.
const MAX_CORPUS: u64 = 300_000;

fn replay(target: &Target) {
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

test_each_target! {
    replay: frames layers proxy links tl tl_json gzip sealed client handshake session_text foreign pem
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
