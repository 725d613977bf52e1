//! What the manifest of the workspace says.

use std::fs;
use std::path::Path;

/// Returns the folders of the workspace's crates.
pub(crate) fn members(workspace: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(workspace.join("Cargo.toml")).expect("the workspace has a manifest");
    let (_, members) = manifest.split_once("\nmembers = [").expect("it names its members");
    let (members, _) = members.split_once(']').expect("the list ends");
    let members: Vec<String> = members.split('"').skip(1).step_by(2).map(String::from).collect();
    assert!(members.len() > 7, "{members:?}");
    members
}
