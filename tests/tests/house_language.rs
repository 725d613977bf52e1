//! The English of CONTRIBUTING.md: words and phrases that documentation and comments of no crate have, tests included.

mod workspace;

use std::collections::BTreeMap;
use std::fs;

/// Words and phrases, each with the standard ones.
const OLD: [(&str, &str); 16] = [
    ("nobody", "no user, no caller, none"),
    ("whoever", "the caller, the user"),
    ("somebody", "a user, a caller"),
    ("goes on with", "continues with"),
    ("put away", "saved"),
    ("of no more use", "no longer valid"),
    ("befalls", "happens to"),
    ("half-done", "saved"),
    ("signed in", "logged in"),
    ("signs in", "logs in"),
    ("sign-in", "login"),
    ("anew", "again"),
    ("likewise", "also"),
    ("serialised", "serialized"),
    ("authorisation", "authorization"),
    ("optimised", "optimized"),
];

/// The folders of a crate that hold its sources, tests included.
const SOURCES: [&str; 5] = ["src", "tests", "benches", "examples", "fuzz_targets"];

/// How many are left in each crate, by its folder; a crate that is not listed has none. The numbers only get smaller.
const STILL_OLD: &[(&str, usize)] = &[];

#[test]
fn comments_have_no_old_words() {
    let workspace = workspace::root();
    let allowed: BTreeMap<&str, usize> = STILL_OLD.iter().copied().collect();
    let mut lines = 0;
    let mut wrong = Vec::new();
    for folder in workspace::members(&workspace) {
        let mut places = Vec::new();
        let mut where_lines = 0;
        let folders = SOURCES.map(|sources| workspace.join(&folder).join(sources));
        for file in
            folders.iter().filter(|folder| folder.exists()).flat_map(|folder| workspace::sources(folder))
        {
            let text = fs::read_to_string(&file).expect("the file is text");
            for (number, comment) in comments(&text) {
                lines += 1;
                where_lines += usize::from(comment.starts_with(['/', '!']) && comment.contains(" where "));
                let lower = comment.to_lowercase();
                for (old, standard) in OLD {
                    for _ in occurrences(&lower, old) {
                        places.push(format!("{}:{number}: {old:?}, say {standard}", file.display()));
                    }
                }
            }
        }
        let allowance = allowed.get(folder.as_str()).copied().unwrap_or_default();
        println!("{folder}: {} old words; {where_lines} lines of rustdoc with \"where\"", places.len());
        if places.len() > allowance {
            wrong.push(format!(
                "{folder}: {}, but {allowance} are allowed:\n{}",
                places.len(),
                places.join("\n")
            ));
        } else if places.len() < allowance {
            wrong.push(format!("{folder}: lower its number in STILL_OLD to {}", places.len()));
        }
    }
    assert!(lines > 5000, "the test sees {lines} lines of comments");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the comments of a file: the line, and the text after its first `//`.
fn comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(at, line)| {
        let (before, comment) = line.split_once("//")?;
        // An address in a string is not a comment.
        (!before.ends_with(':') && !before.contains('"')).then_some((at + 1, comment))
    })
}

/// Returns the positions of a word or phrase in a lower-case text, as whole words.
fn occurrences<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> {
    text.match_indices(phrase).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[test]
fn words_are_found_as_whole_words() {
    assert_eq!(occurrences("nobody, nobodys, but nobody's", "nobody").count(), 2);
    assert_eq!(comments("let a = 1; // one\nlet url = \"https://a\";\nfn b() {}\n// two").count(), 2);
}
