//! Export of a session in a chosen format.

use std::path::Path;

use sansgram_core::client::{DcTable, Servers, StoredSession};
use zeroize::Zeroizing;

use super::error::ExportError;
use super::format::Format;
use super::imported::ExportOptions;
use super::raw_session::Exported;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{
    ferogram, gotd, gramjs, gramjs_store, mtcute, mtkruto, pyrogram, tdata, tdlib, telethon, write_export,
};

/// Returns the session as a text in `format`. The text contains the key: protect it like a password.
///
/// `dcs` has the address of the home DC, for the formats that store it: use `Config::telegram().dcs` unless the session
/// belongs to other servers. A session of other servers stores their addresses itself, and Telegram's addresses are
/// never combined with its keys. All formats except our own, Telethon 2's, `tdata` and `tdlib` hold one key: the key of
/// the home DC.
///
/// # Errors
/// Returns an [`ExportError`] if the session cannot be written in this format.
pub fn export_text(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
) -> Result<Zeroizing<String>, ExportError> {
    let dcs = &session.servers.export_table(dcs);
    match format {
        Format::Sansgram => Ok(session.to_text()),
        Format::Telethon => telethon::write(&Exported::of(session)?, dcs),
        Format::GramJs => gramjs::write(&Exported::of(session)?, dcs),
        Format::Pyrogram => pyrogram::write(&Exported::of(session)?),
        Format::Mtcute => mtcute::write(&Exported::of(session)?, dcs),
        Format::Ferogram => ferogram::write(&Exported::of(session)?, dcs),
        Format::Mtkruto => mtkruto::write(&Exported::of(session)?),
        Format::Gotd => {
            let exported = Exported::of(session)?;
            let salt = session.keys.get(&exported.dc).map_or(0, |key| key.server_salt);
            gotd::write(&exported, dcs, salt)
        }
        other if !other.is_writable() => Err(ExportError::ReadOnly(other)),
        sqlite => Err(ExportError::NotText(sqlite)),
    }
}

/// Writes the session with [`ExportOptions::default`]: see [`export_path`].
///
/// # Errors
/// Returns an [`ExportError`] if the session cannot be exported.
pub fn export_file(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
    path: &Path,
) -> Result<(), ExportError> {
    export_path(session, format, dcs, &ExportOptions::default(), path)
}

/// Writes the session in `format` to a new file or folder that only its owner can read; it contains the key. This
/// function is like [`export_text`], but also supports the formats that are not strings. A crash at any moment leaves
/// either nothing or the complete export.
///
/// A string of another library is written without a line ending, since most libraries refuse one.
///
/// # Errors
/// Returns an [`ExportError`] if the session cannot be exported; an existing file or folder is left unchanged.
pub fn export_path(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
    options: &ExportOptions,
    path: &Path,
) -> Result<(), ExportError> {
    if options.passcode.is_some() && !format.has_passcode() {
        return Err(ExportError::NoPasscode(format));
    }
    let dcs = &session.servers.export_table(dcs);
    if format == Format::Sansgram {
        let line = Zeroizing::new(format!("{}\n", *session.to_text()));
        return write_export::create_file(path, line.as_bytes());
    }
    if format == Format::GramJsStore {
        return gramjs_store::write(&Exported::of(session)?, &session.servers.export_table(dcs), path);
    }
    if !format.is_writable() {
        return Err(ExportError::ReadOnly(format));
    }
    if format.is_text() {
        return write_export::create_file(path, export_text(session, format, dcs)?.as_bytes());
    }
    let has_other_servers = matches!(session.servers, Servers::Custom(_) | Servers::EndedSandbox);
    match format {
        Format::Tdata | Format::Tdlib if has_other_servers => return Err(ExportError::OtherServers(format)),
        Format::Tdata => return tdata::write(session, dcs, options, path),
        Format::Tdlib => return tdlib::write(session, options, path),
        _ => {}
    }
    #[cfg(feature = "sqlite")]
    return write_export::create_file(path, &sqlite::write(session, format, dcs)?);
    #[cfg(not(feature = "sqlite"))]
    Err(ExportError::SqliteDisabled)
}
