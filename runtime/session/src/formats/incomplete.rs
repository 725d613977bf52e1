//! Incomplete session strings: their format, and the part that is missing.

use zeroize::Zeroizing;

use super::error::ImportError;
use super::format::Format;
use super::string_start;
use super::{encoding, ferogram, gramjs, mtcute, mtkruto, pyrogram, telethon};

/// Returns the error for a session string that lacks its first character, or has a wrong one.
pub(super) fn missing_start(text: &str) -> Option<ImportError> {
    let missing = |format| Some(ImportError::MissingStart(format));
    if let Some(bytes) = encoding::decode(text) {
        if gramjs::recognizes(&bytes) {
            return missing(Format::GramJs);
        }
        if telethon::recognizes(&bytes) {
            return missing(Format::Telethon);
        }
    }
    if let Some(bytes) = text.get(1..).filter(|_| !text.starts_with('1')).and_then(encoding::decode) {
        let reason = "its first character is wrong: it must be a 1";
        if gramjs::recognizes(&bytes) {
            return Some(ImportError::Damaged { format: Format::GramJs, reason });
        }
        if telethon::recognizes(&bytes) {
            return Some(ImportError::Damaged { format: Format::Telethon, reason });
        }
    }
    // A string that begins like one may have lost a character anywhere.
    if text
        .get(..28)
        .and_then(encoding::decode)
        .is_some_and(|begin| string_start::format_of(&begin).is_some())
    {
        return None;
    }
    // The first letter of a Pyrogram string encodes six bits of the DC; the other two are in the second letter.
    let whole = Zeroizing::new(format!("A{text}"));
    if pyrogram::has_length(&whole) && pyrogram::recognizes(&encoding::decode(&whole)?) {
        return missing(Format::Pyrogram);
    }
    // Strings of the other formats begin with a small number, whose first letter is always an A.
    for read in [ferogram::read, mtkruto::read, mtcute::read] {
        if let Some(Ok(found)) = read(&whole) {
            return missing(found.format);
        }
    }
    None
}
