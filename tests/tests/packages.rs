//! A published crate holds its README, both licences, and every file that its source includes.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folders of the crates that are published.
const PUBLISHED: [&str; 10] = [
    "core",
    "core/simd",
    "core/tl",
    "core/tl-json",
    "runtime/session",
    "runtime",
    "runtime-tokio",
    "runtime-smol",
    "cli",
    "tests/dc",
];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns the source and the tests of the crate, without what its manifest excludes.
fn packaged_files(root: &Path, manifest: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    if root.join("tests").is_dir() {
        rust_files(&root.join("tests"), &mut files);
    }
    let excluded = manifest.lines().find(|line| line.starts_with("exclude = ")).unwrap_or_default();
    files.retain(|file| {
        let path = file.strip_prefix(root).expect("it is below the root");
        let excludes = |folder: &Path| {
            let folder = folder.to_string_lossy();
            excluded.contains(&format!("\"/{folder}\"")) || excluded.contains(&format!("\"/{folder}/\""))
        };
        !path.ancestors().any(excludes)
    });
    files
}

/// Returns the paths of `include_str!`, `include_bytes!` and `#[path]` in this text.
fn included(text: &str) -> impl Iterator<Item = &str> {
    ["include_str!(", "include_bytes!(", "#[path = "].into_iter().flat_map(|before| {
        text.split(before).skip(1).map(|rest| {
            let argument = rest.split([')', ']']).next().expect("a part");
            argument.strip_prefix('"').and_then(|path| path.strip_suffix('"')).unwrap_or(argument)
        })
    })
}

/// Whether `path`, seen from `folder`, is below `root`.
fn stays_in(root: &Path, folder: &Path, path: &str) -> bool {
    let inside = folder.strip_prefix(root).expect("it is below the root");
    let mut depth = inside.components().count();
    for component in Path::new(path).components() {
        match component {
            Component::ParentDir if depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => return false,
        }
    }
    true
}

#[test]
fn published_crates_hold_all_that_they_include() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for name in PUBLISHED {
        let root = workspace.join(name);
        let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the crate has a manifest");
        assert!(!manifest.contains("publish = false"), "{name} is not published");
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let text =
                fs::read(root.join(licence)).unwrap_or_else(|error| panic!("{name}/{licence}: {error}"));
            assert_eq!(
                text,
                fs::read(workspace.join(licence)).expect("the workspace has it"),
                "{name}/{licence}"
            );
        }
        assert!(root.join("README.md").is_file(), "{name} has a README.md");
        let mut all_text = String::new();
        for file in packaged_files(&root, &manifest) {
            let text = fs::read_to_string(&file).expect("it is text");
            assert!(!text.contains("/../tests/vectors"), "{} leaves the crate", file.display());
            for path in included(&text).filter(|path| !path.starts_with("concat!(env!(\"OUT_DIR\"")) {
                let folder = file.parent().expect("it is in a folder");
                assert!(stays_in(&root, folder, path), "{} includes {path}", file.display());
                assert!(folder.join(path).is_file(), "{} includes {path}", file.display());
                seen += 1;
            }
            all_text.push_str(&text);
        }
        if let Ok(vectors) = fs::read_dir(root.join("vectors")) {
            for entry in vectors {
                let vectors = entry.expect("the entry can be read").file_name();
                let vectors = vectors.to_string_lossy();
                let stem = vectors.trim_end_matches(".json");
                assert!(all_text.contains(stem), "no test of {name} reads {vectors}");
            }
        }
    }
    assert!(seen > 5, "the test sees what is included: {seen}");
    assert!(!stays_in(Path::new("a"), Path::new("a/src"), "../../b"));
}
