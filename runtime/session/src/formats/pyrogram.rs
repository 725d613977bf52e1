//! Pyrogram's string: urlsafe base64 without padding, big-endian, of DC u8, `api_id` u32, test bool, key 256, user u64,
//! bot bool. Version 1 has no `api_id`; version 0 has no `api_id` and a user of 32 bits.

use zeroize::Zeroizing;

use super::encoding::{self, Fields, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, MAX_USER_ID, RawSession};
use super::string_start;

/// The string's lengths without padding, in characters: version 0, 1 and 2.
const LENGTHS: [usize; 3] = [351, 356, 362];

/// Returns whether a string has a length of Pyrogram's strings.
pub(super) fn has_length(text: &str) -> bool {
    LENGTHS.contains(&text.trim_end_matches('=').len())
}

/// Returns whether the decoded bytes are a session of Pyrogram, except for the DC, of which only a part is known.
pub(super) fn recognizes(bytes: &[u8]) -> bool {
    parse(bytes).is_some_and(|found| (1..=MAX_USER_ID).contains(&found.user_id))
}

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    if !has_length(text) {
        return None;
    }
    let bytes = encoding::decode(text)?;
    if let Some(found) = parse(&bytes) {
        return Some(Ok(found));
    }
    // A Telethon string without its first character has the length of version 0, and the rest of any other truncated
    // string may have the length of a Pyrogram string.
    match super::telethon::recognizes(&bytes) {
        true => Some(Err(ImportError::MissingStart(Format::Telethon))),
        false => string_start::truncated(text).map(Err),
    }
}

fn parse(bytes: &[u8]) -> Option<RawSession> {
    let mut fields = Fields(bytes);
    let dc = fields.u8()?;
    let api_id = if bytes.len() == 271 { fields.u32()? } else { 0 };
    let test_dcs = Some(fields.bool()?);
    let key = fields.key()?;
    let user_id =
        if bytes.len() == 263 { fields.u32()?.into() } else { i64::try_from(fields.u64()?).ok()? };
    let is_bot = fields.bool()?;
    // A truncated string of a newer version may have this length: byte 5 is then the flag of test DCs after an api_id,
    // or the user is the upper half of a longer id. Reading it as version 0 would result in a wrong key or user.
    if bytes.len() == 263 && (bytes[5] <= 1 || user_id == 0) {
        return None;
    }
    Some(RawSession {
        api_id,
        test_dcs,
        user_id,
        is_bot,
        ..RawSession::new(Format::Pyrogram, dc.into(), key)
    })
}

/// Writes a string with an `api_id`, which Hydrogram needs. With 0, the libraries use the one of their program.
pub(super) fn write(session: &Exported<'_>) -> Result<Text, ExportError> {
    let user = session.user.ok_or(ExportError::NoUser(Format::Pyrogram))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(271));
    bytes.push(session.dc_byte()?);
    bytes.extend_from_slice(&session.api_id.unwrap_or(0).to_be_bytes());
    bytes.push(session.test_dcs.into());
    bytes.extend_from_slice(session.key);
    bytes.extend_from_slice(&user.id.to_be_bytes());
    bytes.push(user.is_bot.into());
    Ok(encoding::encode_url(&bytes))
}
