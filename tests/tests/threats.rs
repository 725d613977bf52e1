//! The table of threats in SECURITY.md: no row is missing, every test that it names exists, and every check that
//! `tests/mutants/checks.toml` takes out is there and is tested by a test of its row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The number of threats that are known.
const THREATS: i64 = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The tests of each threat. One that is out of scope has none.
fn tests_of_threats() -> BTreeMap<i64, BTreeSet<String>> {
    let text = read("SECURITY.md");
    let (_, table) = text.split_once("\n## Each threat and its test\n").expect("the section on threats");
    let (table, _) = table.split_once("\n## ").expect("another section follows");
    let mut threats = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, threat, defence, tests] = cells[..] else { panic!("{} cells: {row}", cells.len()) };
        assert!(!threat.is_empty() && !defence.is_empty(), "{row}");
        let tests: BTreeSet<String> = tests.split('`').skip(1).step_by(2).map(String::from).collect();
        let is_out_of_scope = row.contains("out of scope, because ");
        assert_ne!(tests.is_empty(), !is_out_of_scope, "no test and no reason: {row}");
        let number = number.parse().expect("a row begins with its number");
        assert_eq!(threats.insert(number, tests), None, "{number} is there twice");
    }
    threats
}

/// Returns whether `source` has this test.
fn has_test(source: &str, name: &str) -> bool {
    let is_test = |before: &str| {
        let lines = before.rsplit('\n').skip(1).map(str::trim);
        lines.take_while(|line| line.starts_with("#[")).any(|line| line == "#[test]")
    };
    let function = format!("fn {name}(");
    source.match_indices(&function).any(|(at, _)| is_test(&source[..at]))
}

#[test]
fn every_threat_has_a_row() {
    let numbers: Vec<i64> = tests_of_threats().into_keys().collect();
    assert_eq!(numbers, (1..=THREATS).collect::<Vec<_>>());
}

#[test]
fn every_test_of_a_threat_exists() {
    let mut count = 0;
    for (number, tests) in tests_of_threats() {
        for test in tests {
            let (path, name) = test.split_once("::").unwrap_or_else(|| panic!("{number}: {test}"));
            assert!(has_test(&read(path), name), "threat {number}: {path} has no test {name}");
            count += 1;
        }
    }
    assert!(count > 100, "{count} tests");
}

#[test]
fn every_threat_has_a_check_that_can_be_taken_out() {
    let threats = tests_of_threats();
    let list: Table = read("tests/mutants/checks.toml").parse().expect("it is TOML");
    let mut checked = BTreeSet::new();
    for mutant in list["mutant"].as_array().expect("a list") {
        let text = |key: &str| mutant[key].as_str().unwrap_or_else(|| panic!("no {key}: {mutant:?}"));
        let (file, find, fails) = (text("file"), text("find"), text("fails"));
        assert_ne!(find, text("replace"));
        assert_eq!(read(file).matches(find).count(), 1, "in {file}:\n{find}");
        for number in mutant["threats"].as_array().expect("a list").iter().filter_map(Value::as_integer) {
            let tests = threats.get(&number).unwrap_or_else(|| panic!("there is no threat {number}"));
            assert!(tests.contains(fails), "threat {number} does not name {fails}");
            checked.insert(number);
        }
    }
    let in_scope: BTreeSet<i64> =
        threats.into_iter().filter_map(|(number, tests)| (!tests.is_empty()).then_some(number)).collect();
    assert_eq!(checked, in_scope);
}

#[test]
fn tests_are_told_from_other_functions() {
    let source = "#[test]\nfn one() {}\n\nfn two() {}\n\n    #[test]\n    #[cfg(unix)]\n    fn three() {}\n";
    let found = ["one", "two", "three", "four"].map(|name| has_test(source, name));
    assert_eq!(found, [true, false, true, false]);
}
