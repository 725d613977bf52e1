//! JSON documents that contain a session, or describe a session in another file.

use super::error::ImportError;
use super::imported::ImportOptions;
use super::json::{self, Object};
use super::raw_session::Reading;
use super::{gotd, web};
use crate::policy::MAX_JSON_LEVELS;

/// Reads a document. Returns `None` if it is not JSON, or of no known format.
pub(super) fn read(text: &str, options: &ImportOptions) -> Reading {
    read_at(text, options, 0)
}

/// Reads a document at this depth within others. The parser does not limit the depth of values that it leaves as text.
fn read_at(text: &str, options: &ImportOptions, level: u8) -> Reading {
    if level == MAX_JSON_LEVELS {
        return None;
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.chars().next()? {
        '{' => {
            let object = json::object(text)?;
            let nested = web::nested_documents(&object);
            let read = || match nested {
                Some(documents) => documents.iter().find_map(|text| read_at(text, options, level + 1)),
                None => web::read(&object, options),
            };
            gotd::read(&object).or_else(read).or_else(|| description_file(&object))
        }
        '[' => web::read_list(text, options),
        // A document within a JSON string.
        '"' => {
            let inner = json::unquoted(text)?;
            if inner.trim_start().starts_with(['{', '[']) {
                read_at(&inner, options, level + 1)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Recognizes the file that some tools put beside a session: it describes the application and the device.
fn description_file(object: &Object<'_>) -> Reading {
    let has = |name: &str| object.contains_key(name);
    let is_description =
        (has("app_id") || has("api_id")) && (has("app_hash") || has("api_hash") || has("session_file"));
    let text = "the description of a session (application and device), not the session itself; \
                import the file beside it";
    let has_session = ["session", "session_string", "string_session", "auth_key"].into_iter().any(has);
    (is_description && !has_session).then_some(Err(ImportError::Unsupported(text)))
}
