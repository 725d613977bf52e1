//! Every file and folder that the contributors' documents and the book name exists.

mod workspace;

use std::fs;

const DOCUMENTS: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md"];

/// The folders from which a document may name a path: ARCHITECTURE.md names those of core from `core/src`.
const ROOTS: [&str; 3] = ["", "core/src", "core"];

/// Returns the paths in backticks: they contain a slash, and end with one or with a known extension.
fn paths(text: &str) -> Vec<&str> {
    let is_path = |piece: &&str| {
        let is_name = piece.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        let ends = ["/", ".rs", ".md", ".sh", ".tl", ".json", ".toml"].iter().any(|end| piece.ends_with(end));
        is_name && piece.contains('/') && ends
    };
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).filter(is_path).collect()
}

#[test]
fn every_documented_path_exists() {
    let root = workspace::root();
    let mut seen = 0;
    let mut missing = Vec::new();
    let book = fs::read_dir(root.join("docs")).expect("the folder exists");
    let pages = book.map(|page| format!("docs/{}", page.expect("a page").file_name().to_string_lossy()));
    let pages = pages.filter(|page| page.ends_with(".md"));
    for document in DOCUMENTS.map(String::from).into_iter().chain(pages) {
        let text = fs::read_to_string(root.join(&document)).expect("the document is text");
        for path in paths(&text) {
            seen += 1;
            if !ROOTS.iter().any(|folder| root.join(folder).join(path).exists()) {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(seen > 80, "the test sees {seen} paths");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn paths_are_told_from_other_text() {
    let text = "See `core/src/lib.rs`, `cargo run`, `a/b`, `NAME.login` and `runtime/`; 1 / 2.";
    assert_eq!(paths(text), ["core/src/lib.rs", "runtime/"]);
}
