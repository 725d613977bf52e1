//! Every dependency of the workspace has its reason in ARCHITECTURE.md.

use std::fs;
use std::path::Path;

#[test]
fn every_dependency_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has a manifest");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("there is an ARCHITECTURE.md");
    let (_, dependencies) = manifest.split_once("[workspace.dependencies]").expect("it names dependencies");
    let (dependencies, _) = dependencies.split_once("\n[").expect("another section follows");
    let (_, explained) = text.split_once("## Dependencies").expect("it explains dependencies");
    let names: Vec<&str> = dependencies
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| !name.starts_with("sansgram"))
        .collect();
    assert!(names.len() > 20, "the test reads the manifest");
    let missing: Vec<&&str> = names.iter().filter(|name| !explained.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "no reason is given for {missing:?}");
}
