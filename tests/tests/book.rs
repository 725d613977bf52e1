//! The book: each page is listed, each link leads somewhere, and each piece of Rust on it is compiled by CI. Examples stay
//! short, and their texts on a page are those of the files.

mod workspace;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn docs() -> PathBuf {
    workspace::root().join("docs")
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

/// The folders whose files CI compiles and runs: examples, and programs against foreign libraries. The Dockerfile is not
/// run.
const RUN: [&str; 6] = [
    "core/examples",
    "runtime/examples",
    "runtime-tokio/examples",
    "runtime-smol/examples",
    "tests/dc/examples",
    "tests/interop",
];

fn is_run(path: &str) -> bool {
    RUN.iter().any(|folder| path.starts_with(&format!("../{folder}/")))
}

/// Returns the texts of the files directly in a folder of the repository, by their names.
fn texts_in(folder: &str) -> Vec<(String, String)> {
    let files = fs::read_dir(docs().join("..").join(folder)).expect("the folder exists");
    let paths =
        files.map(|file| file.expect("the folder can be listed").path()).filter(|path| path.is_file());
    paths
        .filter_map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            Some((name, fs::read_to_string(path).ok()?))
        })
        .collect()
}

/// Whether `text` has these lines, one after the other, in any indentation.
fn has_lines(text: &str, lines: &str) -> bool {
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    text.windows(lines.len()).any(|part| part == lines)
}

/// Whether a block of code is included from a file that CI runs, or repeats lines of one.
fn is_from_a_run_file(code: &str) -> bool {
    if code.starts_with("{{#include ") && code.lines().count() == 1 {
        return includes(code).iter().all(|(path, _)| is_run(path));
    }
    RUN.iter().any(|folder| texts_in(folder).iter().any(|(_, text)| has_lines(text, code)))
}

/// Returns how many lines of Rust are neither blank nor only a comment.
fn lines_of_code(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
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
    assert!(seen.0 > 12 && seen.1 > 30, "{seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A block is a doctest of this crate or, in the guide, of `sansgram-testkit`, or is from a file that CI runs.
#[test]
fn every_piece_of_rust_is_compiled() {
    let tested = workspace::read("tests/src/lib.rs");
    // A symbolic link to the guide.
    let is_guide = fs::canonicalize(docs().join("../tests/dc/src/offline_testing.md")).expect("it exists")
        == fs::canonicalize(docs().join("testing.md")).expect("it exists");
    assert!(
        is_guide
            && workspace::read("tests/dc/src/offline_testing.rs")
                .contains("#![doc = include_str!(\"offline_testing.md\")]")
    );
    let (mut included, mut own) = (0, 0);
    let readme = ("../README.md".to_owned(), workspace::read("README.md"));
    for (name, text) in pages().into_iter().chain([readme]) {
        for (kind, code) in blocks(&text) {
            match kind {
                "rust,ignore" => {
                    assert!(is_from_a_run_file(&code), "{name}: this is compiled nowhere:\n{code}");
                    included += 1;
                }
                "rust" | "rust,no_run" => {
                    assert!(!code.contains("{{#include"), "{name}: a doctest cannot include: {code}");
                    let path = format!("docs/{name}").replace("docs/../", "");
                    let is_tested = tested.contains(&path) || name == "testing.md";
                    assert!(is_tested, "{name} has Rust, but is no doctest");
                    own += 1;
                }
                "js" | "python" => assert!(is_from_a_run_file(&code), "{name}: this is run nowhere:\n{code}"),
                "toml" if code.contains("../sansgram/") => check_manifest(&name, &code),
                "toml" | "sh" | "dockerfile" | "text" => {}
                other => panic!("{name}: a block of the kind {other:?}"),
            }
        }
    }
    assert!(included > 15 && own > 5, "{included} included, {own} of its own");
}

/// The dependencies on our crates exist, with their features; so do the packages that a profile names.
fn check_manifest(page: &str, manifest: &str) {
    let parse = |text: &str| text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{page}: {error}"));
    let (table, lock) = (parse(manifest), workspace::read("Cargo.lock"));
    let at = |path: &[&str]| path.iter().try_fold(&table, |table, key| table.get(*key)?.as_table());
    for (name, dependency) in
        ["dependencies", "dev-dependencies"].iter().filter_map(|key| at(&[key])).flatten()
    {
        let Some(path) = dependency.get("path").and_then(toml::Value::as_str) else { continue };
        let folder = path.strip_prefix("../sansgram/").expect("all paths lead to one checkout");
        let ours = parse(&workspace::read(&format!("{folder}/Cargo.toml")));
        assert_eq!(ours["package"]["name"].as_str(), Some(&**name), "{page}");
        let features = dependency.get("features").and_then(toml::Value::as_array).into_iter().flatten();
        for feature in features.filter_map(toml::Value::as_str) {
            assert!(ours["features"].get(feature).is_some(), "{page}: {name} has no feature {feature}");
        }
    }
    for name in at(&["profile", "dev", "package"]).into_iter().flat_map(toml::Table::keys) {
        assert!(lock.contains(&format!("\nname = \"{name}\"\n")), "{page}: no package {name}");
    }
}

/// The guide is also a module of `sansgram-testkit`, which cannot include: it repeats each of the examples as a whole.
#[test]
fn the_guide_to_testing_has_each_example() {
    let guide = workspace::read("docs/testing.md");
    let examples = texts_in("tests/dc/examples");
    assert!(examples.len() > 4, "{examples:?}");
    for (name, text) in examples {
        assert!(
            guide.contains(&format!("\n{}\n```\n", text.trim_end())),
            "docs/testing.md is not as {name} is"
        );
    }
}

/// The examples of what follows a login, which both runtimes have.
const FOLLOWING: [&str; 4] = ["download_file", "echo_bot", "follow_updates", "send_to_myself"];

/// At most 40 lines of code for what follows a login, and 120 for an event loop.
#[test]
fn the_examples_are_short() {
    let following = ["tokio", "smol"]
        .into_iter()
        .flat_map(|runtime| FOLLOWING.map(|name| (format!("runtime-{runtime}/examples/{name}.rs"), 40)));
    let loops = ["blocking", "frame_loop", "thousand_clients"].map(|name| format!("core/examples/{name}.rs"));
    let others = [
        "core/browser/src/lib.rs",
        "runtime-smol/examples/async_std.rs",
        "runtime/examples/futures_executor.rs",
    ];
    let loops = loops.into_iter().chain(others.map(String::from)).map(|path| (path, 120));
    let offline = [("runtime-tokio/examples/offline.rs".to_owned(), 30)];
    for (path, limit) in following.chain(loops).chain(offline) {
        let count = lines_of_code(&workspace::read(&path));
        println!("{path}: {count}");
        assert!((10..=limit).contains(&count), "{path}: {count} lines of code");
    }
}

/// A runtime is little more than its trait: at most 150 lines, with documentation.
#[test]
fn the_crates_of_runtimes_are_short() {
    for runtime in ["tokio", "smol"] {
        let folder = format!("runtime-{runtime}/src");
        let count: usize = texts_in(&folder).iter().map(|(_, text)| text.lines().count()).sum();
        println!("{folder}: {count}");
        assert!((50..=150).contains(&count), "{folder}: {count} lines");
    }
}

/// What an example does is the same under both runtimes; only `main` differs.
#[test]
fn the_examples_of_both_runtimes_are_the_same() {
    let before_main = |runtime: &str, name: &str| {
        let text = workspace::read(&format!("runtime-{runtime}/examples/{name}.rs"));
        let (before, _) = text.split_once("fn main()").expect("it has a main");
        let is_of_both = |line: &&str| !line.starts_with("// ANCHOR") && !line.contains("#[tokio::main]");
        let lines: Vec<&str> = before.lines().filter(is_of_both).collect();
        let text = lines.join("\n").replace(&format!("sansgram_{runtime}"), "sansgram_runtime");
        text.trim_end().trim_end_matches("async").trim_end().to_owned()
    };
    for name in FOLLOWING {
        let tokio = before_main("tokio", name);
        assert!(tokio.lines().count() > 10, "{tokio}");
        assert_eq!(tokio, before_main("smol", name), "{name}");
    }
}

#[test]
fn blocks_links_and_includes_are_found() {
    let text = "a [b](c.md#d)\n```sh\n[x](y)\n```\n```rust,ignore\n{{#include ../e.rs:f}}\n```\n";
    assert_eq!(links(text), ["c.md#d"]);
    assert_eq!(includes(text), [("../e.rs", Some("f"))]);
    assert_eq!(blocks(text), [("sh", "[x](y)".into()), ("rust,ignore", "{{#include ../e.rs:f}}".into())]);
    assert!(has_lines("a\n  b\n  c\nd", "b\nc") && !has_lines("a\n  b\n  c\nd", "b\nd"));
    assert!(!is_from_a_run_file("{{#include ../e.rs:f}}") && !is_from_a_run_file("let code = \"nowhere\";"));
}
