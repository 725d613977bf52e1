//! `sansgram call --describe`.

use sansgram_tl_json::{Definition, FieldKind, Schema, Type};

use crate::error::Failure;
use crate::output;

/// Prints what the schema says about a method or a constructor, or with `json` only the JSON to fill in. Prints the methods
/// of a namespace if `name` is one.
pub(super) fn run(name: &str, json: bool) -> Result<(), Failure> {
    let schema = Schema::telegram();
    let methods = methods_in(schema, name.trim_end_matches('.'));
    if !methods.is_empty() {
        return output::result(&if json { output::json(&methods) } else { methods.join("\n") });
    }
    let definition = schema.definition(name)?;
    let skeleton = in_order(schema, definition);
    if json {
        return output::result(&skeleton);
    }
    let mut text = format!("{}\n\n", definition.line);
    for ty in types_of(definition) {
        for constructor in schema.constructors_of(ty) {
            text += &format!("{}\n", constructor.line);
        }
        text.push('\n');
    }
    output::result(&format!("{text}{}", output::indented(&skeleton)))
}

/// Returns the names of the methods in a namespace, in the order of the schema.
fn methods_in<'t>(schema: &Schema<'t>, namespace: &str) -> Vec<&'t str> {
    let functions = schema.definitions().iter().filter(|definition| definition.is_function);
    let names = functions.map(|function| function.name);
    names.filter(|name| name.split_once('.').is_some_and(|(space, _)| space == namespace)).collect()
}

/// Returns the JSON to fill in, with the fields in the order of the schema: that in which it is decoded.
fn in_order(schema: &Schema<'_>, definition: &Definition<'_>) -> String {
    let skeleton = schema.skeleton(definition);
    let bytes = match definition.is_function {
        true => schema.encode_call(definition.name, &skeleton).map(|request| request.bytes),
        false => schema.encode(&definition.result, &skeleton),
    };
    let text = bytes.ok().and_then(|bytes| schema.decode_object(&bytes).ok());
    text.unwrap_or_else(|| skeleton.to_string())
}

/// Returns the types of the fields, each once, in the order of the fields.
fn types_of<'t>(definition: &Definition<'t>) -> Vec<&'t str> {
    let mut types = Vec::new();
    for field in &definition.fields {
        let mut ty = match &field.kind {
            FieldKind::Required(ty) | FieldKind::Optional { ty, .. } => ty,
            FieldKind::Flags | FieldKind::Mark { .. } => continue,
        };
        while let Type::Vector(item) | Type::BareVector(item) = ty {
            ty = item;
        }
        if let Type::Boxed(name) = ty
            && !types.contains(name)
        {
            types.push(*name);
        }
    }
    types
}
