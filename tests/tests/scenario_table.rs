//! The table of `tests/README.md` names every scenario, and only existing files.

mod workspace;

use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_table_names_every_scenario_and_no_other() {
    let root = workspace::root();
    let text = fs::read_to_string(root.join("tests/README.md")).expect("there is a tests/README.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() > 60, "{} rows", rows.len());
    let mut named = BTreeSet::new();
    for row in rows {
        let scenarios = row.rsplit(" | ").next().unwrap_or_default();
        let files: Vec<&str> = scenarios.split('`').skip(1).step_by(2).collect();
        assert!(!files.is_empty(), "{row}");
        for file in files {
            assert!(root.join(file).is_file(), "{file} does not exist: {row}");
            named.insert(file.to_owned());
        }
    }
    let mut there = BTreeSet::new();
    for folder in ["tests/tests/scenarios", "runtime/tests", "runtime/session/tests"] {
        let files = workspace::sources(&root.join(folder)).into_iter();
        there.extend(files.map(|file| file.strip_prefix(&root).unwrap().to_string_lossy().into_owned()));
    }
    // Shared code is no scenario.
    there.retain(|path| ["main.rs", "mod.rs", "common.rs"].iter().all(|name| !path.ends_with(name)));
    assert!(there.len() > 50, "{} scenarios", there.len());
    let missing: Vec<&String> = there.difference(&named).collect();
    assert!(missing.is_empty(), "not in tests/README.md: {missing:#?}");
}

/// Each file in the row of a case has a test of that case. Those of the runtime do not bear the case's name.
#[test]
fn every_case_has_a_test() {
    let root = workspace::root();
    let text = fs::read_to_string(root.join("tests/README.md")).expect("there is a tests/README.md");
    let (_, cases) = text.split_once("## Cases that failed in trials").expect("the section on cases");
    let mut count = 0;
    for row in cases.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let (case, _) = row[2..].split_once(": ").expect("a case and what it is about");
        let of_the_case = format!("fn {}_", case.to_lowercase());
        for file in row.split('`').skip(1).step_by(2) {
            let source = fs::read_to_string(root.join(file)).expect("the file is there");
            let name = match file {
                _ if file.starts_with("runtime/tests/") => "pub(crate) async fn ",
                _ if file.starts_with("runtime/") => "#[test]",
                _ => &of_the_case,
            };
            assert!(source.contains(name), "{file} has no {name}");
        }
        count += 1;
    }
    assert!(count > 40, "{count} cases");
}
