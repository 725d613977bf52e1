//! What the tests of all targets share.

use std::fs;
use std::path::{Path, PathBuf};

use sansgram_fuzz::{TARGETS, Target};

/// Makes a test of each target, by its name.
macro_rules! test_each_target {
    ($test:ident: $($name:ident)*) => {
        $(#[test]
        fn $name() {
            $test($crate::targets::target(stringify!($name)));
        })*

        #[test]
        fn every_target_is_tested() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(sansgram_fuzz::TARGETS.map(|target| target.name), tested);
        }
    };
}
pub(crate) use test_each_target;

pub(crate) fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target of this name")
}

/// Returns the files of a target's corpus, in order.
pub(crate) fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(folder).expect("every target has a corpus");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}
