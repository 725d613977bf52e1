//! Writes a session in a format of one's choice.

use std::path::Path;

use sansgram_core::client::{DcTable, Servers, StoredSession};
use zeroize::Zeroizing;

use super::error::ExportError;
use super::format::Format;
use super::found::Exported;
use super::imported::ExportOptions;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{
    ferogram, gotd, gramjs, gramjs_store, mtcute, mtkruto, pyrogram, target, tdata, tdlib, telethon,
};

/// The session as a text in `format`; it contains the key, so guard it like a password.
///
/// `dcs` says where the home DC is, for the formats that keep its address: `Config::telegram().dcs` unless the session
/// belongs to other servers; those it keeps itself, and Telegram's addresses are never given to its keys. All formats
/// but our own, Telethon 2's, `tdata` and `tdlib` hold one key: the home DC's.
///
/// # Errors
/// [`ExportError`].
pub fn export_text(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
) -> Result<Zeroizing<String>, ExportError> {
    let dcs = &session.servers.table(dcs);
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
/// [`ExportError`].
pub fn export_file(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
    path: &Path,
) -> Result<(), ExportError> {
    export_path(session, format, dcs, &ExportOptions::default(), path)
}

/// Writes the session in `format` to a new file or folder, readable by its owner only; it contains the key. Otherwise
/// like [`export_text`], but for the formats that are no strings too. After a crash at any moment there is nothing or
/// all of it.
///
/// A string of another library stands in its file without an end of line, which most libraries refuse.
///
/// # Errors
/// [`ExportError`]; a file or folder that is there already is left as it is.
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
    let dcs = &session.servers.table(dcs);
    if format == Format::Sansgram {
        let line = Zeroizing::new(format!("{}\n", *session.to_text()));
        return target::create_file(path, line.as_bytes());
    }
    if format == Format::GramJsStore {
        return gramjs_store::write(&Exported::of(session)?, &session.servers.table(dcs), path);
    }
    if !format.is_writable() {
        return Err(ExportError::ReadOnly(format));
    }
    if format.is_text() {
        return target::create_file(path, export_text(session, format, dcs)?.as_bytes());
    }
    let is_elsewhere = matches!(session.servers, Servers::Custom(_) | Servers::Ended);
    match format {
        Format::Tdata | Format::Tdlib if is_elsewhere => return Err(ExportError::OtherServers(format)),
        Format::Tdata => return tdata::write(session, dcs, options, path),
        Format::Tdlib => return tdlib::write(session, options, path),
        _ => {}
    }
    #[cfg(feature = "sqlite")]
    return target::create_file(path, &sqlite::write(session, format, dcs)?);
    #[cfg(not(feature = "sqlite"))]
    Err(ExportError::SqliteLeftOut)
}
