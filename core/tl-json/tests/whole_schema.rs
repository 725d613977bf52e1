//! Every constructor and every function of Telegram's API is encoded, decoded, and the same.

mod support;

use sansgram_tl::DecodeError;
use sansgram_tl_json::{Definition, FieldKind, Schema, Type};
use serde_json::Value;

use support::Random;

/// Random values of each definition.
const ROUNDS: u64 = 6;

/// Returns the bytes of JSON for this definition, and the JSON of these bytes.
fn there_and_back(definition: &Definition<'_>, value: &Value) -> (Vec<u8>, Value) {
    let schema = Schema::telegram();
    let name = definition.name;
    let bytes = if definition.is_function {
        schema.encode_call(name, value).map(|request| request.bytes)
    } else {
        schema.encode(&definition.result, value)
    };
    let bytes = bytes.unwrap_or_else(|error| panic!("{name}: {error}: {value}"));
    let decoded = schema.decode_object(&bytes).unwrap_or_else(|error| panic!("{name}: {error}: {value}"));
    if !definition.is_function {
        assert_eq!(schema.decode(&definition.result, &bytes).as_ref(), Ok(&decoded), "{name}");
    }
    (bytes, serde_json::from_str(&decoded).unwrap_or_else(|error| panic!("{name}: {error}: {decoded}")))
}

#[test]
fn the_schema_is_that_of_the_layer() {
    let schema = Schema::telegram();
    assert_eq!(schema.layer(), sansgram_tl::LAYER);
    let functions = schema.definitions().iter().filter(|definition| definition.is_function).count();
    assert!(functions > 800 && schema.definitions().len() > 2300, "{functions}");
}

#[test]
fn every_function_and_constructor_with_its_smallest_json() {
    let schema = Schema::telegram();
    for definition in schema.definitions() {
        let smallest = schema.skeleton(definition);
        assert_eq!(there_and_back(definition, &smallest).1, smallest, "{}", definition.name);
    }
}

#[test]
fn every_function_and_constructor_with_random_values() {
    let schema = Schema::telegram();
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        for definition in schema.definitions() {
            let value = support::value(schema, definition, &mut random, 3);
            assert_eq!(there_and_back(definition, &value).1, value, "{}, seed {seed}", definition.name);
        }
    }
}

/// The generated types of core read what is encoded here, and write the same bytes.
#[test]
fn the_generated_types_agree() {
    let schema = Schema::telegram();
    let mut compared = 0;
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        // Core has the types of a login, and knows no other by its id.
        for definition in
            schema.definitions().iter().filter(|it| sansgram_tl::constructor_name(it.id) == Some(it.name))
        {
            let (bytes, _) = there_and_back(definition, &support::value(schema, definition, &mut random, 2));
            match sansgram_tl::reencode(&bytes) {
                Ok(again) => {
                    assert_eq!(again, bytes, "{}, seed {seed}", definition.name);
                    compared += 1;
                }
                // The excerpt has not all constructors of a type.
                Err(DecodeError::UnexpectedConstructor { found }) => {
                    assert_eq!(sansgram_tl::constructor_name(found), None);
                }
                Err(error) => panic!("{}: {error}", definition.name),
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// The documentation of the crate has the figure.
#[test]
fn the_text_is_bounded_by_the_bytes() {
    const TIMES: usize = 60;
    let schema = Schema::telegram();
    for definition in schema.definitions() {
        // All flags without a value are set: they add names and no bytes.
        let mut value = schema.skeleton(definition);
        for field in &definition.fields {
            if let FieldKind::Mark { flags, bit } = &field.kind
                && !definition.fields.iter().any(|other| {
                    matches!(&other.kind, FieldKind::Optional { flags: word, bit: other, .. } if word == flags && other == bit)
                })
            {
                value[field.name] = true.into();
            }
        }
        let (bytes, decoded) = there_and_back(definition, &value);
        let length = decoded.to_string().len();
        assert!(length <= TIMES * bytes.len(), "{}: {length} for {}", definition.name, bytes.len());
    }
}

#[test]
fn a_wrapper_has_the_reply_of_its_query() {
    let schema = Schema::telegram();
    let query = serde_json::json!({
        "layer": 1,
        "query": { "_": "invokeWithTakeout", "takeout_id": "1", "query": { "_": "help.getNearestDc" } },
    });
    let request = schema.encode_call("invokeWithLayer", &query).unwrap();
    assert_eq!(*request.reply, Type::Boxed("NearestDc"));
    let decoded: Value = serde_json::from_str(&schema.decode_object(&request.bytes).unwrap()).unwrap();
    assert_eq!(decoded["query"]["query"]["_"], "help.getNearestDc");
}
