//! Imports between the layers of core point downward only, so that each layer can be read, tested and used without the
//! layers above.

use std::fs;
use std::path::{Path, PathBuf};

/// From top to bottom. `time`, `dc`, `sequence` and `policy` may be used by every layer.
const LAYERS: [&str; 8] = ["client", "login", "rpc", "session", "handshake", "transport", "tl", "crypto"];
const VOCABULARY: [&str; 4] = ["time", "dc", "sequence", "policy"];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the root modules that a file names as `crate::NAME`, outside of comments.
fn imports(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.push((number + 1, name));
        }
    }
    found
}

#[test]
fn imports_between_layers_point_downward() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files {
        let inside = file.strip_prefix(&root).expect("it lies in src");
        let layer =
            inside.iter().next().and_then(|part| part.to_str()).expect("a name").trim_end_matches(".rs");
        let Some(height) = LAYERS.iter().position(|name| *name == layer) else { continue };
        for (line, name) in imports(&fs::read_to_string(&file).expect("it is text")) {
            seen += 1;
            let downward =
                LAYERS.iter().position(|other| *other == name).is_some_and(|other| other >= height);
            if !downward && !VOCABULARY.contains(&name.as_str()) {
                wrong.push(format!("{}:{line} imports {name}", inside.display()));
            }
        }
    }
    assert!(seen > 50, "the test sees the imports");
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}
