//! The book: each page is listed, each link leads somewhere, and each piece of Rust on it is compiled by CI.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Returns the pages with their text, without the table of contents.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(docs()).expect("the folder exists") {
        let path = entry.expect("the folder can be listed").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            pages.push((name, fs::read_to_string(&path).expect("the page is text")));
        }
    }
    assert!(pages.len() > 9, "{}", pages.len());
    pages
}

/// Returns the targets of the links in this text. Code has none.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let prose = text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    prose.flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

/// Returns the paths of `{{#include PATH}}` or `{{#include PATH:ANCHOR}}`.
fn includes(text: &str) -> Vec<(&str, Option<&str>)> {
    let arguments = text.split("{{#include ").skip(1).map(|rest| rest.split("}}").next().expect("a part"));
    arguments.map(|it| it.split_once(':').map_or((it, None), |(path, anchor)| (path, Some(anchor)))).collect()
}

/// Returns the blocks of code: what follows the fence, and the text.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind, code.join("\n")));
        }
    }
    blocks
}

/// Whether CI compiles and runs this file: an example, or a program against foreign libraries.
fn is_run(path: &str) -> bool {
    path.contains("/examples/") || path.starts_with("../tests/interop/")
}

#[test]
fn the_table_of_contents_has_every_page_once() {
    let summary = fs::read_to_string(docs().join("SUMMARY.md")).expect("it has a table of contents");
    let mut listed = links(&summary);
    listed.sort_unstable();
    let names: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn every_link_and_every_include_leads_somewhere() {
    let (mut seen, mut wrong) = ((0, 0), Vec::new());
    for (name, text) in pages() {
        for link in links(&text).into_iter().filter(|link| !link.starts_with("http")) {
            seen.0 += 1;
            if !docs().join(link.split('#').next().expect("a part")).is_file() {
                wrong.push(format!("{name}: no page {link}"));
            }
        }
        for (path, anchor) in includes(&text) {
            seen.1 += 1;
            let Ok(included) = fs::read_to_string(docs().join(path)) else {
                wrong.push(format!("{name}: no file {path}"));
                continue;
            };
            for end in
                anchor.into_iter().flat_map(|it| [format!("ANCHOR: {it}\n"), format!("ANCHOR_END: {it}\n")])
            {
                if included.matches(&end).count() != 1 {
                    wrong.push(format!("{name}: {path} has not one {end}"));
                }
            }
        }
    }
    assert!(seen.0 > 12 && seen.1 > 40, "{seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A block is a doctest of this crate, or included from a file that CI runs.
#[test]
fn every_piece_of_rust_is_compiled() {
    let tested =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("it is text");
    let (mut included, mut own) = (0, 0);
    for (name, text) in pages() {
        for (kind, code) in blocks(&text) {
            let is_include = code.starts_with("{{#include ") && code.lines().count() == 1;
            match kind {
                "rust,ignore" => {
                    assert!(is_include, "{name}: this is compiled nowhere:\n{code}");
                    assert!(includes(&code).iter().all(|(path, _)| is_run(path)), "{name}: {code}");
                    included += 1;
                }
                "rust" | "rust,no_run" => {
                    assert!(!is_include, "{name}: a doctest cannot include: {code}");
                    assert!(tested.contains(&format!("docs/{name}")), "{name} has Rust, but is no doctest");
                    own += 1;
                }
                "js" | "python" => {
                    assert!(is_include && includes(&code).iter().all(|(path, _)| is_run(path)), "{code}");
                }
                "toml" | "sh" | "dockerfile" => {}
                other => panic!("{name}: a block of the kind {other:?}"),
            }
        }
    }
    assert!(included > 15 && own > 5, "{included} included, {own} of its own");
}

/// The examples of what follows a login stay short: at most 40 lines that are neither blank nor a comment.
#[test]
fn the_examples_are_short() {
    for runtime in ["runtime-tokio", "runtime-smol"] {
        for name in ["download_file", "echo_bot", "follow_updates", "send_to_myself"] {
            let path = docs().join("..").join(runtime).join("examples").join(name).with_extension("rs");
            let text = fs::read_to_string(&path).expect("the example is text");
            let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
            let count = code.count();
            println!("{}: {count}", path.display());
            assert!((10..=40).contains(&count), "{}: {count} lines", path.display());
        }
    }
}

#[test]
fn blocks_links_and_includes_are_found() {
    let text = "a [b](c.md#d)\n```sh\n[x](y)\n```\n```rust,ignore\n{{#include ../e.rs:f}}\n```\n";
    assert_eq!(links(text), ["c.md#d"]);
    assert_eq!(includes(text), [("../e.rs", Some("f"))]);
    assert_eq!(blocks(text), [("sh", "[x](y)".into()), ("rust,ignore", "{{#include ../e.rs:f}}".into())]);
}
