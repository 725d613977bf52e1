//! Writing: a log that contains the session; TDLib adds the rest when it opens the log.

use std::path::Path;

use ctr::cipher::{KeyIvInit, StreamCipher};
use sansgram_core::client::StoredSession;
use sansgram_core::tl::write::bytes as push_bytes;
use sansgram_core::{OsRandom, SecureRandom};
use zeroize::Zeroizing;

use super::super::encoding::Bytes;
use super::super::error::ExportError;
use super::super::format::Format;
use super::super::imported::ExportOptions;
use super::super::raw_session::Exported;
use super::super::write_export;
use super::event::{self, ENCRYPTION, Event};
use super::{AesCtr, IS_AUTHORIZED, KEY_VALUE, NO_DATABASE_KEY};

/// Writes the file `path`.
pub(in super::super) fn write(
    session: &StoredSession,
    options: &ExportOptions,
    path: &Path,
) -> Result<(), ExportError> {
    write_export::create_file(path, &log(session, options, &mut OsRandom::new())?)
}

/// Returns the content of the file.
fn log(
    session: &StoredSession,
    options: &ExportOptions,
    random: &mut dyn SecureRandom,
) -> Result<Bytes, ExportError> {
    let exported = Exported::of(session)?;
    // TDLib accepts a log that contains "ok" and no user, but no source says what it does then.
    let user = exported.user.ok_or(ExportError::NoUser(Format::Tdlib))?;
    let mut values: Vec<(String, Bytes)> = Vec::new();
    for (dc, key) in &session.keys {
        let mut value = Bytes::new(Vec::with_capacity(512));
        value.extend_from_slice(&key.auth_key.id().to_bytes());
        // Only the home's user is known to be logged in.
        let flags = if *dc == exported.dc { IS_AUTHORIZED } else { 0 };
        value.extend_from_slice(&flags.to_le_bytes());
        push_bytes(&mut value, key.auth_key.as_bytes());
        values.push((format!("auth{}", dc.number()), value));
    }
    let text = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    values.push(("main_dc_id".into(), text(&exported.dc.number().to_string())));
    values.push(("my_id".into(), text(&user.id.to_string())));
    if user.is_bot {
        values.push(("auth_is_bot".into(), text("true")));
    }
    // This is the last event, so that a truncated log does not claim a login without keys.
    values.push(("auth".into(), text("ok")));

    let (mut salt, mut iv) = ([0; 32], [0; 16]);
    random.fill(&mut salt);
    random.fill(&mut iv);
    let database_key = options.passcode.as_ref().map(|passcode| passcode.expose().as_bytes());
    let database_key = database_key.filter(|key| !key.is_empty()).unwrap_or(NO_DATABASE_KEY);
    let (key, hash) = event::derive(database_key, &salt);
    let mut encryption = Bytes::new(vec![0; 4]);
    push_bytes(&mut encryption, &salt);
    push_bytes(&mut encryption, &iv);
    push_bytes(&mut encryption, &hash);
    // The capacity is enough for everything: a vector that grows leaves copies of keys behind.
    let mut log = Bytes::new(Vec::with_capacity(1024 + 512 * values.len()));
    Event { id: 0, kind: ENCRYPTION, flags: 0, data: &encryption }.push(&mut log);
    let start = log.len();
    for (id, (name, value)) in (1..).zip(&values) {
        let mut data = Bytes::new(Vec::with_capacity(512));
        push_bytes(&mut data, name.as_bytes());
        push_bytes(&mut data, value);
        Event { id, kind: KEY_VALUE, flags: 0, data: &data }.push(&mut log);
    }
    AesCtr::new((&*key).into(), (&iv).into()).apply_keystream(&mut log[start..]);
    Ok(log)
}
