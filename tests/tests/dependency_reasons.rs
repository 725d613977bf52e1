//! Every dependency of the workspace has its reason in ARCHITECTURE.md, and each row there is of a dependency. No
//! library needs the layers of core that may change in any release.

mod workspace;

use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_dependency_is_explained() {
    let root = workspace::root();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has a manifest");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("there is an ARCHITECTURE.md");
    let (_, dependencies) = manifest.split_once("[workspace.dependencies]").expect("it names dependencies");
    let (dependencies, _) = dependencies.split_once("\n[").expect("another section follows");
    let (_, explained) = text.split_once("## Dependencies").expect("it explains dependencies");
    let (explained, _) = explained.split_once("\n## ").unwrap_or((explained, ""));
    let names: BTreeSet<&str> = dependencies
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| !name.starts_with("sansgram"))
        .collect();
    assert!(names.len() > 20, "the test reads the manifest");
    let rows = explained.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: BTreeSet<&str> = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let missing: Vec<_> = names.difference(&rows).collect();
    assert!(missing.is_empty(), "no reason is given for {missing:?}");
    // The foreign clients of the interop tests, the peers of the benches and the page are outside the workspace.
    let foreign =
        ["benches/peers", "core/browser", "tests/interop/crates", "tests/interop/grammers"].map(|folder| {
            let manifest = root.join(folder).join("Cargo.toml");
            fs::read_to_string(manifest).expect("what is foreign has a manifest")
        });
    let is_foreign = |name: &str| foreign.iter().any(|text| text.contains(&format!("\n{name} = ")));
    let gone: Vec<_> = rows.difference(&names).filter(|name| !is_foreign(name)).collect();
    assert!(gone.is_empty(), "{gone:?} are no dependencies");
}

#[test]
fn no_library_enables_the_unstable_layers_of_core() {
    let root = workspace::root();
    for library in ["runtime/session", "runtime/stores", "runtime", "runtime-tokio", "runtime-smol"] {
        let manifest = fs::read_to_string(root.join(library).join("Cargo.toml")).expect("it has a manifest");
        assert!(
            !manifest.contains("unstable"),
            "{library} makes the layers below the client public for its users"
        );
    }
}
