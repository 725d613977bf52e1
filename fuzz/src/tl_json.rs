//! TL to JSON and back.
//!
//! Input: one byte chooses; then a TL object, or the JSON of a call with the name of its function in `"_"`.

use sansgram_tl_json::Schema;
use serde_json::Value;

use crate::Input;
use crate::memory::peak_of;

/// Memory in bytes per byte of input: the text is up to 60 times as long, and is held up to three times when it grows.
const RATIO: usize = 180;
/// The same for the smallest inputs.
const SLACK: usize = 2048;

/// Runs the target. Returns the number of values that were converted.
///
/// # Panics
/// Panics if a value changes on its way there and back, or memory is not bounded by the input.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    match input.byte() % 2 {
        0 => object(input.rest()),
        _ => call(input.rest()),
    }
}

fn object(bytes: &[u8]) -> usize {
    let schema = Schema::telegram();
    let (text, peak) = peak_of(|| schema.decode_object(bytes));
    assert!(peak <= RATIO * bytes.len() + SLACK, "{peak} bytes held for {}", bytes.len());
    let Ok(text) = text else { return 0 };
    let again = encoded(schema, &text).expect("what was decoded can be encoded");
    assert!(again.len() <= bytes.len(), "encoding makes longer what was decoded");
    assert_eq!(schema.decode_object(&again).as_ref(), Ok(&text), "a value changes on its way there and back");
    1
}

fn call(text: &[u8]) -> usize {
    let schema = Schema::telegram();
    let Ok(text) = std::str::from_utf8(text) else { return 0 };
    let Some(bytes) = encoded(schema, text) else { return 0 };
    let again = schema.decode_object(&bytes).expect("what was encoded can be decoded");
    assert_eq!(encoded(schema, &again), Some(bytes), "a value changes on its way there and back");
    1
}

/// Encodes an object or a call. Returns `None` if the text is not JSON that fits the schema.
fn encoded(schema: &Schema<'_>, text: &str) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let name = value.get("_")?.as_str()?;
    if let Some(constructor) = schema.constructor(name)
        && let Ok(bytes) = schema.encode(&constructor.result, &value)
    {
        return Some(bytes);
    }
    schema.encode_call(name, &value).ok().map(|request| request.bytes)
}
