//! The table of threats in SECURITY.md: no row is missing, every test that it names exists, and every check that
//! `tests/mutants/checks.toml` takes out is there and is tested by a test of its row. In the table of the test
//! DC's switches, the forgeries have the numbers of their documentation, and the others exist.

mod workspace;

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use self::workspace::read;

/// The number of threats that are known.
const THREATS: i64 = 67;

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

type Numbers = BTreeSet<i64>;

fn numbers(list: &str) -> Option<Numbers> {
    list.split(", ").map(|number| number.parse().ok()).collect()
}

/// The switches of SECURITY.md with the threats of each, by the names of fields or variants.
fn documented_switches() -> BTreeMap<String, Numbers> {
    let text = read("SECURITY.md");
    let (_, table) = text.split_once("\n## Switches of the test DC\n").expect("the section on switches");
    let (table, _) = table.split_once("\n## ").expect("another section follows");
    let mut switches = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let (names, threats) = row.trim_matches('|').split_once(" | ").expect("two cells");
        let threats = numbers(threats.trim()).unwrap_or_else(|| panic!("no numbers: {row}"));
        let (names, _) = names.split_once(" of ").unwrap_or((names, ""));
        for name in names.split('`').skip(1).step_by(2) {
            let name = name.rsplit("::").next().unwrap_or(name);
            let known = switches.insert(name.into(), threats.clone());
            assert_eq!(known, None, "{name} is there twice");
        }
    }
    switches
}

/// The variants of a source with the threats that end the documentation of each.
fn variants_with_threats(source: &str) -> BTreeMap<String, Numbers> {
    let mut found = BTreeMap::new();
    let mut threats = None;
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            let list = text.rsplit_once('(').and_then(|(_, list)| numbers(list.strip_suffix(").")?));
            threats = list;
        } else if let Some(numbers) = threats.take() {
            let name = line.split(['(', ',']).next().unwrap_or_default();
            found.insert(name.into(), numbers);
        }
    }
    found
}

#[test]
fn the_switches_of_the_test_dc_have_their_threats() {
    let mut documented = documented_switches();
    let forgeries = variants_with_threats(&read("tests/dc/src/server/forgery.rs"));
    assert!(forgeries.len() > 25, "{forgeries:?}");
    for (name, threats) in forgeries {
        assert_eq!(documented.remove(&name), Some(threats), "{name}");
    }
    let options = read("tests/dc/src/server/options.rs");
    for name in documented.keys() {
        assert!(options.contains(&format!("    pub {name}: ")), "no switch {name}");
    }
}

#[test]
fn tests_are_told_from_other_functions() {
    let source = "#[test]\nfn one() {}\n\nfn two() {}\n\n    #[test]\n    #[cfg(unix)]\n    fn three() {}\n";
    let found = ["one", "two", "three", "four"].map(|name| has_test(source, name));
    assert_eq!(found, [true, false, true, false]);
}
