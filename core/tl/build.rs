//! Generates `types`, `enums` and `functions` from the schema files in `schema/`.
//!
//! Every id is checked against the CRC32 of its line. A wrong id, a missing type or a duplicate name fails the build
//! with the offending line.
#![allow(
    unreachable_pub,
    reason = "a build script exports nothing: `pub` only marks what other modules may use"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

#[path = "build/codec.rs"]
mod codec;
#[path = "build/enums.rs"]
mod enums;
#[path = "build/errors.rs"]
mod errors;
#[path = "build/model.rs"]
mod model;
#[path = "build/names.rs"]
mod names;
#[path = "build/schema.rs"]
mod schema;
#[path = "build/secrets.rs"]
mod secrets;
#[path = "build/structs.rs"]
mod structs;

use model::Model;

const PROTOCOL_SCHEMA: &str = "schema/mtproto.tl";
/// The schema of a login.
const API_SCHEMA: &str = "schema/api.tl";
/// The schema with the feature `full-api`.
const FULL_API_SCHEMA: &str = "schema/full.tl";
/// The documented errors of the functions.
const ERRORS: &str = "schema/errors.txt";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=schema");
    if let Err(reason) = generate() {
        println!("cargo::error={reason}");
        std::process::exit(1);
    }
}

fn generate() -> Result<(), String> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(|error| format!("CARGO_MANIFEST_DIR: {error}"))?;
    let out = env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let read = |file: &str| {
        fs::read_to_string(Path::new(&root).join(file)).map_err(|error| format!("{file}: {error}"))
    };
    let write = |file: &str, text: String| {
        fs::write(Path::new(&out).join(file), text).map_err(|error| format!("{file}: {error}"))
    };

    let has_full_api = env::var_os("CARGO_FEATURE_FULL_API").is_some();
    let api_schema = if has_full_api { FULL_API_SCHEMA } else { API_SCHEMA };
    let mut definitions = Vec::new();
    for file in [PROTOCOL_SCHEMA, api_schema] {
        let mut parsed = schema::parse(&read(file)?).map_err(|reason| format!("{file}, {reason}"))?;
        for definition in &parsed {
            schema::check_id(definition).map_err(|reason| format!("{file}: {reason}"))?;
        }
        for definition in &mut parsed {
            definition.is_api = file == api_schema;
        }
        definitions.extend(parsed);
    }
    let layer = schema::layer(&read(api_schema)?).map_err(|reason| format!("{api_schema}: {reason}"))?;
    let model = Model::new(definitions)?;

    let types = model.constructors.iter().map(|d| (d.name.as_str(), structs::constructor(&model, d)));
    write("types.rs", modules(types))?;
    let enums =
        model.types().map(|(name, constructors)| (name, enums::boxed_type(&model, name, &constructors)));
    write("enums.rs", modules(enums))?;
    let text = read(ERRORS)?;
    let errors = errors::parse(&text).map_err(|reason| format!("{ERRORS}: {reason}"))?;
    let is_known = |name: &&str| model.functions.iter().any(|function| function.name == **name);
    if let Some(unknown) = errors.keys().find(|name| has_full_api && !is_known(name)) {
        return Err(format!("{ERRORS}: the schema has no function `{unknown}`"));
    }
    let functions = model.functions.iter().map(|d| {
        (d.name.as_str(), structs::function(&model, d, errors.get(d.name.as_str()).map(String::as_str)))
    });
    write("functions.rs", modules(functions))?;
    write("by_id.rs", by_id(&model, layer))
}

/// Puts each item into the module of its namespace.
fn modules<'a>(items: impl Iterator<Item = (&'a str, String)>) -> String {
    const IMPORTS: &str = "#[allow(unused_imports)]\nuse crate::generated::*;\n";
    let mut spaces: BTreeMap<&str, String> = BTreeMap::new();
    for (name, text) in items {
        *spaces.entry(names::split(name).0).or_default() += &text;
    }
    let mut out = IMPORTS.to_owned();
    for (space, text) in spaces {
        out += &match space {
            "" => text,
            _ => format!("/// The namespace `{space}`.\npub mod {space} {{\n{IMPORTS}{text}}}\n"),
        };
    }
    out
}

/// Generates the layer and the tables indexed by constructor id.
fn by_id(model: &Model, layer: i32) -> String {
    let mut rows: Vec<(u32, &str)> = model.all().map(|d| (d.id, d.name.as_str())).collect();
    rows.sort_unstable();
    let rows: String = rows.iter().map(|(id, name)| format!("    ({id:#010x}, {name:?}),\n")).collect();

    let mut arms = String::new();
    for (name, constructors) in model.types() {
        let ids: Vec<String> = constructors.iter().map(|d| format!("{:#010x}", d.id)).collect();
        arms += &arm(&ids.join(" | "), &names::path("enums", name));
    }
    for function in &model.functions {
        let path = names::path("functions", &function.name);
        let query = if function.result == schema::Type::Query { "::<Raw<Vec<u8>>>" } else { "" };
        arms += &arm(&format!("{:#010x}", function.id), &format!("{path}{query}"));
    }
    format!(
        "/// The layer of the API schema, as announced to the server by `invokeWithLayer`.\n\
         pub const LAYER: i32 = {layer};\n\
         pub(super) const NAMES: &[(u32, &str)] = &[\n{rows}];\n\
         #[cfg(feature = \"reencode\")]\n\
         pub(super) fn reencode(id: u32, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {{\n    match id {{\n{arms}        \
         found => Err(DecodeError::UnexpectedConstructor {{ found }}),\n    }}\n}}\n"
    )
}

fn arm(ids: &str, path: &str) -> String {
    format!("        {ids} => {path}::from_bytes(bytes).map(|value| value.to_bytes()),\n")
}
