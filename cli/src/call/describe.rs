//! `sansgram call --describe`.

use sansgram_tl_json::{Definition, FieldKind, Schema, Type};
use serde_json::Value;

use super::arguments::{RANDOM_ID, has_random_id, unknown_method};
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
    let definition = schema.definition(name).map_err(unknown_method)?;
    let template = template(schema, definition);
    if json {
        return output::result(&template);
    }
    let mut text = format!("{}\n\n", definition.line);
    for ty in types_of(definition) {
        for constructor in schema.constructors_of(ty) {
            text += &format!("{}\n", constructor.line);
        }
        text.push('\n');
    }
    output::result(&format!("{text}{}", output::indented(&template)))
}

/// Returns the names of the methods in a namespace, in the order of the schema.
fn methods_in<'t>(schema: &Schema<'t>, namespace: &str) -> Vec<&'t str> {
    let functions = schema.definitions().iter().filter(|definition| definition.is_function);
    let names = functions.map(|function| function.name);
    names.filter(|name| name.split_once('.').is_some_and(|(space, _)| space == namespace)).collect()
}

/// Stands for a `random_id` that is left out, and for no number of a user.
const NO_RANDOM_ID: i64 = i64::MIN;

/// Returns the JSON to fill in, with the fields in the order of the schema: that in which it is decoded. A `random_id` that
/// is chosen is left out, and peers are the user of the session.
fn template(schema: &Schema<'_>, definition: &Definition<'_>) -> String {
    let mut skeleton = schema.skeleton(definition);
    fill_peers(&mut skeleton);
    let left_out = format!(",\"{RANDOM_ID}\":\"{NO_RANDOM_ID}\"");
    if has_random_id(definition) {
        skeleton[RANDOM_ID] = NO_RANDOM_ID.to_string().into();
    }
    let bytes = match definition.is_function {
        true => schema.encode_call(definition.name, &skeleton).map(|request| request.bytes),
        false => schema.encode(&definition.result, &skeleton),
    };
    let text = bytes.ok().and_then(|bytes| schema.decode_object(&bytes).ok());
    text.unwrap_or_else(|| skeleton.to_string()).replace(&left_out, "")
}

/// Replaces empty peers and users, which the server refuses except as the place where a list begins.
fn fill_peers(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    for (name, field) in fields {
        let replaced = match field["_"].as_str() {
            Some("inputPeerEmpty") => "inputPeerSelf",
            Some("inputUserEmpty") => "inputUserSelf",
            _ => {
                fill_peers(field);
                continue;
            }
        };
        if !name.starts_with("offset") {
            field["_"] = replaced.into();
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::arguments::complete;

    fn template_of(name: &str) -> Value {
        let schema = Schema::telegram();
        serde_json::from_str(&template(schema, schema.definition(name).unwrap())).unwrap()
    }

    #[test]
    fn the_template_can_be_sent_twice() {
        let message = template_of("messages.sendMessage");
        let expected = json!({"_": "messages.sendMessage", "peer": {"_": "inputPeerSelf"}, "message": ""});
        assert_eq!(message, expected);
        assert_eq!(template_of("users.getFullUser")["id"]["_"], "inputUserSelf");
        assert_eq!(template_of("messages.getDialogs")["offset_peer"]["_"], "inputPeerEmpty");
        assert_eq!(template_of("inputSingleMedia")["random_id"], "0");
    }

    /// What is left out is added by the call itself.
    #[test]
    fn every_template_fits_the_schema() {
        let schema = Schema::telegram();
        let mut seen = 0;
        for function in schema.definitions().iter().filter(|definition| definition.is_function) {
            let template = template_of(function.name);
            assert!(!template.to_string().contains(&NO_RANDOM_ID.to_string()), "{template}");
            let encoded = schema.encode_call(function.name, &complete(schema, function.name, template));
            assert!(encoded.is_ok(), "{}: {:?}", function.name, encoded.err());
            seen += 1;
        }
        assert!(seen > 800, "{seen}");
    }
}
