//! Values of JSON documents. The parser copies no value, and extracted values are wiped on drop.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::encoding::{self, Text};

/// An object, whose values are slices of the text.
pub(super) type Object<'a> = BTreeMap<String, &'a RawValue>;

pub(super) fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

pub(super) fn array(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// Returns the content of a string.
pub(super) fn string(value: &RawValue) -> Option<Text> {
    unquoted(value.get())
}

/// Returns the content of a text that is a JSON string. Returns `None` if it is not, or has an unknown escape.
pub(super) fn unquoted(text: &str) -> Option<Text> {
    let mut rest = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let mut after = rest[at + 1..].chars();
        match after.next()? {
            char @ ('"' | '\\' | '/') => out.push(char),
            'b' | 'f' => {}
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let code = encoding::hex::<2>(after.as_str().get(..4)?)?;
                let code = u32::from(u16::from_be_bytes(*code));
                // Surrogate pairs are not decoded, as no session contains such characters.
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                after = after.as_str().get(4..)?.chars();
            }
            _ => return None,
        }
        rest = after.as_str();
    }
    out.push_str(rest);
    Some(out)
}

/// Returns an integer, which may be in quotes.
pub(super) fn number(value: &RawValue) -> Option<i64> {
    match string(value) {
        Some(text) => text.trim().parse().ok(),
        None => value.get().parse().ok(),
    }
}
