//! Sessions in JSON. What is taken out of a document is wiped; the parser itself makes no copy of a value.

use std::collections::BTreeMap;

use sansgram_core::client::DcTable;
use serde_json::value::RawValue;

use super::encoding::{self, Text};
use super::{ExportError, Exported, Format, Found, ImportError, ImportOptions, Imported, Reading, web};
use zeroize::Zeroizing;

/// An object; its values are pieces of the text.
pub(super) type Object<'a> = BTreeMap<String, &'a RawValue>;

pub(super) fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

pub(super) fn array(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// What is between the quotes of a string.
pub(super) fn string(value: &RawValue) -> Option<Text> {
    unquoted(value.get())
}

/// The same of text that is a JSON string; it has no control characters then, nor an unknown escape.
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
                // Half of a pair stands for a character that no session has.
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

/// A whole number, also in quotes.
pub(super) fn number(value: &RawValue) -> Option<i64> {
    match string(value) {
        Some(text) => text.trim().parse().ok(),
        None => value.get().parse().ok(),
    }
}

/// Reads a document; `None` if it is none of a format that is known here, or no JSON.
pub(super) fn read(text: &str, options: &ImportOptions) -> Reading {
    read_at(text, options, 0)
}

/// How deep documents may lie in each other: a storage in a document, and that in quotes.
const MAX_LEVELS: u8 = 4;

/// The same for a document that lies so deep in another. The parser counts no levels of values that it leaves as text.
pub(super) fn read_at(text: &str, options: &ImportOptions, level: u8) -> Reading {
    if level == MAX_LEVELS {
        return None;
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.chars().next()? {
        '{' => {
            let object = object(text)?;
            gotd(&object).or_else(|| web::read(&object, options, level)).or_else(|| described(&object))
        }
        '[' => web::read_list(text, options),
        // A document that was copied as a string.
        '"' => {
            let inner = unquoted(text)?;
            if inner.trim_start().starts_with(['{', '[']) {
                read_at(&inner, options, level + 1)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The file that sellers and tools put beside a session to say which device it pretends to be.
fn described(object: &Object<'_>) -> Reading {
    let has = |name: &str| object.contains_key(name);
    let is_one =
        (has("app_id") || has("api_id")) && (has("app_hash") || has("api_hash") || has("session_file"));
    let text = "the description of a session (application and device), not the session itself; \
                import the file beside it";
    let has_session = ["session", "session_string", "string_session", "auth_key"].into_iter().any(has);
    (is_one && !has_session).then_some(Err(ImportError::Unsupported(text)))
}

/// gotd's: `{"Version":1,"Data":{"Config":{…,"TestMode"},"DC","Addr","AuthKey","AuthKeyID","Salt"}}`, keys in base64.
fn gotd(object: &Object<'_>) -> Reading {
    let version = number(object.get("Version")?)?;
    let data = self::object(object.get("Data")?.get())?;
    data.get("AuthKeyID")?;
    Some(gotd_data(version, &data))
}

fn gotd_data(version: i64, data: &Object<'_>) -> Result<Imported, ImportError> {
    let format = Format::Gotd;
    let damaged = |reason| ImportError::Damaged { format, reason };
    if version != 1 {
        return Err(ImportError::Newer { format, version: version.to_string() });
    }
    let bytes = |name: &str| data.get(name).and_then(|value| encoding::decode(&string(value)?));
    let key = bytes("AuthKey").unwrap_or_default();
    if key.is_empty() {
        return Err(ImportError::NoKey(format));
    }
    let key = key.as_slice().try_into().map_err(|_| damaged("its key has not 256 bytes"))?;
    // Files of old versions have no DC, and gotd begins at DC 2 then.
    let dc = data.get("DC").and_then(|value| number(value)).filter(|dc| *dc != 0).unwrap_or(2);
    let address = data.get("Addr").and_then(|value| string(value)?.parse::<std::net::SocketAddr>().ok());
    let config = data.get("Config").and_then(|value| object(value.get()));
    let test = config.and_then(|config| Some(config.get("TestMode")?.get() == "true"));
    let mut imported = Found {
        place: address.into(),
        // Its own default is false, also for test DCs whose configuration it never asked for.
        test_dcs: test.filter(|is_test| *is_test),
        ..Found::new(format, dc, Zeroizing::new(key))
    }
    .into_imported()?;
    for key in imported.session.keys.values_mut() {
        if bytes("AuthKeyID").is_none_or(|id| id.as_slice() != key.auth_key.id().to_bytes()) {
            return Err(damaged("its key is not the one that it names: it is changed"));
        }
        key.server_salt = data.get("Salt").and_then(|value| number(value)).unwrap_or(0);
    }
    Ok(imported)
}

pub(super) fn write_gotd(session: &Exported<'_>, dcs: &DcTable, salt: i64) -> Result<Text, ExportError> {
    let address = session.address(dcs)?;
    let dc = session.dc.number();
    let id = sansgram_core::crypto::AuthKey::new(*session.key).id().to_bytes();
    Ok(Zeroizing::new(format!(
        r#"{{"Version":1,"Data":{{"Config":{{"TestMode":{},"ThisDC":{dc}}},"DC":{dc},"Addr":"{address}","AuthKey":"{}","AuthKeyID":"{}","Salt":{salt}}}}}"#,
        session.test_dcs,
        *encoding::encode_standard(session.key),
        *encoding::encode_standard(&id),
    )))
}
