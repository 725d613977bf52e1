//! Incomplete session strings: their format, and the part that is missing.

use zeroize::Zeroizing;

use super::error::ImportError;
use super::format::Format;
use super::string_start;
use super::{encoding, ferogram, gramjs, mtcute, mtkruto, pyrogram, telethon};

/// Returns what a string lacks whose characters are those of a session string, but whose length is not, judged by its
/// beginning.
pub(super) fn missing_start(text: &str) -> Option<ImportError> {
    let missing = |format| Some(ImportError::MissingStart(format));
    if let Some(bytes) = encoding::decode(text) {
        if gramjs::recognises(&bytes) {
            return missing(Format::GramJs);
        }
        if telethon::recognises(&bytes) {
            return missing(Format::Telethon);
        }
    }
    if let Some(bytes) = text.get(1..).filter(|_| !text.starts_with('1')).and_then(encoding::decode) {
        let reason = "its first character is wrong: it must be a 1";
        if gramjs::recognises(&bytes) {
            return Some(ImportError::Damaged { format: Format::GramJs, reason });
        }
        if telethon::recognises(&bytes) {
            return Some(ImportError::Damaged { format: Format::Telethon, reason });
        }
    }
    // What begins as one may have lost a character anywhere.
    if text
        .get(..28)
        .and_then(encoding::decode)
        .is_some_and(|begin| string_start::format_of(&begin).is_some())
    {
        return None;
    }
    // The DC decides about the first letter of Pyrogram's, but its last two bits come with the second one.
    let whole = Zeroizing::new(format!("A{text}"));
    if pyrogram::has_length(&whole) && pyrogram::recognises(&encoding::decode(&whole)?) {
        return missing(Format::Pyrogram);
    }
    // The others begin with a small number, which is always an A.
    for read in [ferogram::read, mtkruto::read, mtcute::read] {
        if let Some(Ok(found)) = read(&whole) {
            return missing(found.format);
        }
    }
    None
}
