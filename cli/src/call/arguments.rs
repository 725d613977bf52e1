//! The JSON of `sansgram call`.

use std::path::Path;

use sansgram_runtime::read_file;
use sansgram_tl_json::{Definition, EncodeError, FieldKind, Schema, Type};
use serde_json::{Map, Value};

use crate::api::random_long;
use crate::error::Failure;
use crate::policy::MAX_ARGUMENTS_LEN;
use crate::stdin_values;

/// The field of a method that makes repetitions of a call harmless.
pub(super) const RANDOM_ID: &str = "random_id";

/// Reads the arguments of a method: JSON, `@FILE`, or `-` for standard input.
pub(super) fn read(given: Option<&str>) -> Result<Value, Failure> {
    match given {
        None => Ok(Value::Object(Map::new())),
        Some("-") => parse(&stdin_values::all(MAX_ARGUMENTS_LEN)?, "standard input"),
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                let bytes = read_file(Path::new(path), MAX_ARGUMENTS_LEN)
                    .map_err(|error| Failure::new(format!("{path} cannot be read: {error}")))?;
                parse(&bytes, path)
            }
            None => parse(text.as_bytes(), "the argument"),
        },
    }
}

fn parse(bytes: &[u8], name: &str) -> Result<Value, Failure> {
    // The error of the parser names the line and the column, and no value.
    serde_json::from_slice(bytes).map_err(|error| Failure::Usage(format!("{name} is not JSON: {error}")))
}

/// Returns the failure for a name that the schema does not have, with the way to find names unless similar ones are named.
pub(super) fn unknown_method(error: EncodeError) -> Failure {
    let sentence = error.to_string();
    if sentence.ends_with('?') {
        return error.into();
    }
    Failure::Usage(format!(
        "{sentence}; it needs a name of Telegram's schema, such as users.getUsers, and \"sansgram call users --describe\" \
         lists the methods of a namespace"
    ))
}

/// Returns whether `random_id` is chosen for this method if none is given.
pub(super) fn has_random_id(definition: &Definition<'_>) -> bool {
    let is_long = |kind: &FieldKind<'_>| matches!(kind, FieldKind::Required(Type::Long));
    definition.is_function
        && definition.fields.iter().any(|field| field.name == RANDOM_ID && is_long(&field.kind))
}

/// Adds a random `random_id` if the method has that field and none is given.
pub(super) fn complete(schema: &Schema<'_>, method: &str, mut arguments: Value) -> Value {
    let has_field = schema.function(method).is_some_and(has_random_id);
    if let (true, Some(fields)) = (has_field, arguments.as_object_mut()) {
        fields.entry(RANDOM_ID).or_insert_with(|| random_long().to_string().into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_random_id_is_chosen() {
        let schema = Schema::telegram();
        let chosen = |method, arguments| complete(schema, method, arguments)[RANDOM_ID].clone();
        let first = chosen("messages.sendMessage", json!({}));
        assert!(first.as_str().is_some_and(|digits| digits.parse::<i64>().is_ok()), "{first}");
        assert_ne!(first, chosen("messages.sendMessage", json!({})));
        assert_eq!(chosen("messages.sendMessage", json!({ "random_id": 5 })), 5);
        // One for each message, or none at all.
        assert_eq!(chosen("messages.forwardMessages", json!({})), Value::Null);
        assert_eq!(chosen("help.getConfig", json!({})), Value::Null);
        assert_eq!(complete(schema, "messages.sendMessage", json!([])), json!([]));
    }

    #[test]
    fn what_is_not_json_is_an_error_without_the_text() {
        let Err(Failure::Usage(sentence)) = read(Some("{\"password\": hunter2}")) else { panic!() };
        assert!(sentence.contains("column 14") && !sentence.contains("hunter2"), "{sentence}");
        assert_eq!(read(None).ok(), Some(json!({})));
    }
}
