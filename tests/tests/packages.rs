//! A published crate holds its README, both licences, and every file that its source includes.

mod workspace;

use std::fs;
use std::path::{Component, Path, PathBuf};

use self::workspace::root;

/// Returns the folders of the crates that are published or are not, with their manifests.
fn crates(are_published: bool) -> Vec<(String, String)> {
    let workspace = root();
    let manifest = |folder: &String| {
        fs::read_to_string(workspace.join(folder).join("Cargo.toml")).expect("the crate has a manifest")
    };
    let all = workspace::members(&workspace).into_iter().map(|folder| (manifest(&folder), folder));
    let chosen = all.filter(|(manifest, _)| manifest.contains("\npublish = false\n") != are_published);
    chosen.map(|(manifest, folder)| (folder, manifest)).collect()
}

/// Returns the source and the tests of the crate, without what its manifest excludes.
fn packaged_files(root: &Path, manifest: &str) -> Vec<PathBuf> {
    let mut files = workspace::sources(&root.join("src"));
    if root.join("tests").is_dir() {
        files.extend(workspace::sources(&root.join("tests")));
    }
    let excluded = manifest.lines().find(|line| line.starts_with("exclude = ")).unwrap_or_default();
    files.retain(|file| {
        let path = file.strip_prefix(root).expect("it is below the root");
        let excludes = |folder: &Path| {
            let folder = folder.to_string_lossy();
            excluded.contains(&format!("\"/{folder}\"")) || excluded.contains(&format!("\"/{folder}/\""))
        };
        !path.ancestors().any(excludes)
    });
    files
}

/// Returns the paths of `include_str!`, `include_bytes!` and `#[path]` in this text.
fn included(text: &str) -> impl Iterator<Item = &str> {
    ["include_str!(", "include_bytes!(", "#[path = "].into_iter().flat_map(|before| {
        text.split(before).skip(1).map(|rest| {
            let argument = rest.split([')', ']']).next().expect("a part");
            argument.strip_prefix('"').and_then(|path| path.strip_suffix('"')).unwrap_or(argument)
        })
    })
}

/// Whether `path`, seen from `folder`, is below `root`.
fn stays_in(root: &Path, folder: &Path, path: &str) -> bool {
    let inside = folder.strip_prefix(root).expect("it is below the root");
    let mut depth = inside.components().count();
    for component in Path::new(path).components() {
        match component {
            Component::ParentDir if depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => return false,
        }
    }
    true
}

#[test]
fn published_crates_hold_all_that_they_include() {
    let workspace = root();
    let mut seen = 0;
    let published = crates(true);
    assert!(published.len() > 8, "{published:?}");
    for (name, manifest) in published {
        let root = workspace.join(&name);
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let text =
                fs::read(root.join(licence)).unwrap_or_else(|error| panic!("{name}/{licence}: {error}"));
            assert_eq!(
                text,
                fs::read(workspace.join(licence)).expect("the workspace has it"),
                "{name}/{licence}"
            );
        }
        assert!(root.join("README.md").is_file(), "{name} has a README.md");
        let mut all_text = String::new();
        for file in packaged_files(&root, &manifest) {
            let text = fs::read_to_string(&file).expect("it is text");
            assert!(!text.contains("/../tests/vectors"), "{} leaves the crate", file.display());
            for path in included(&text).filter(|path| !path.starts_with("concat!(env!(\"OUT_DIR\"")) {
                let folder = file.parent().expect("it is in a folder");
                assert!(stays_in(&root, folder, path), "{} includes {path}", file.display());
                assert!(folder.join(path).is_file(), "{} includes {path}", file.display());
                seen += 1;
            }
            all_text.push_str(&text);
        }
        if let Ok(vectors) = fs::read_dir(root.join("vectors")) {
            for entry in vectors {
                let vectors = entry.expect("the entry can be read").file_name();
                let vectors = vectors.to_string_lossy();
                let stem = vectors.trim_end_matches(".json");
                assert!(all_text.contains(stem), "no test of {name} reads {vectors}");
            }
        }
    }
    assert!(seen > 5, "the test sees what is included: {seen}");
    assert!(!stays_in(Path::new("a"), Path::new("a/src"), "../../b"));
}

/// The scripts that pack and check crates name those that they have to.
#[test]
fn scripts_name_the_crates() {
    let names = |are_published| {
        let crates = crates(are_published).into_iter();
        let mut names: Vec<String> = crates.map(|(_, manifest)| name(&manifest).to_owned()).collect();
        names.sort_unstable();
        names
    };
    let listed = |script: &str, variable: &str, prefix: &str| {
        let text = fs::read_to_string(root().join(script)).expect("the script is text");
        let (_, list) = text.split_once(&format!("{variable}=(")).expect("it has the list");
        let words = list.split(')').next().expect("a part").split_whitespace();
        let mut names: Vec<String> = words.map(|word| format!("{prefix}{word}")).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(listed(".ci/packages.sh", "unpublished", ""), names(false));
    let mut checked = listed(".ci/long.sh", "published", "sansgram-");
    checked.insert(0, "sansgram".into());
    assert_eq!(checked, names(true));
    // The command has no public interface.
    let lists =
        ["protocol", "runtimes", "testkit"].map(|list| listed(".ci/public_api.sh", list, "sansgram-"));
    let mut compared: Vec<String> = lists.concat();
    compared.sort_unstable();
    assert_eq!(compared, checked[1..]);
}

fn name(manifest: &str) -> &str {
    let (_, rest) = manifest.split_once("\nname = \"").expect("it has a name");
    rest.split('"').next().expect("a part")
}
