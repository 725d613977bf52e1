//! Sessions of other programs, both ways: [`import_text`] and [`import_path`] recognise what they are given,
//! [`export_text`] and [`export_path`] write what those programs open. SQLite files take the feature `sqlite`.
//!
//! A session is its keys: whoever has one is logged in as that account. Two programs must not use the same key at
//! once, or Telegram revokes it (`AUTH_KEY_DUPLICATED`): log in once more, or stop the other program first.
//!
//! ```
//! use sansgram_core::client::Config;
//! use sansgram_session::formats::{Format, export_text, import_text};
//!
//! # let string = format!("1ApWapygG7{}=", "g".repeat(342));
//! let imported = import_text(&string)?;
//! assert_eq!(imported.format, Format::Telethon);
//! let for_gramjs = export_text(&imported.session, Format::GramJs, &Config::telegram().dcs)?;
//! # assert!(for_gramjs.starts_with('1'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fs;
use std::io;
use std::path::Path;

use sansgram_core::client::{DcTable, Servers, StoredSession};
use zeroize::Zeroizing;

use crate::encryption;
use crate::store::read_file;

mod encoding;
mod error;
mod ferogram;
mod files;
mod format;
mod found;
mod gramjs;
mod gramjs_store;
mod imported;
mod json;
mod lookalike;
mod mtcute;
mod mtkruto;
mod pasted;
mod pyrogram;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;
mod tdata;
mod tdlib;
mod telethon;
mod tgnet;
mod unread;
mod web;
mod wtelegram;

pub use error::{ExportError, ImportError};
pub use format::{Format, UnknownFormat};
pub use imported::{Account, ExportOptions, ImportOptions, Imported, listed};
pub use lookalike::NoSession;

use found::{Exported, Found, Place};

/// What every SQLite file begins with.
const SQLITE_MARK: &[u8] = b"SQLite format 3\0";
/// From this length on, in characters, the letters of a session string are called one that is incomplete.
const SHORTEST_LIKELY: usize = 256;
/// The same if they also begin as one.
const SHORTEST_NAMED: usize = 64;

/// Reads the text form of a session with [`ImportOptions::default`]: see [`import_text_with`].
///
/// # Errors
/// [`ImportError`].
pub fn import_text(text: &str) -> Result<Imported, ImportError> {
    import_text_with(text, &ImportOptions::default())
}

/// Reads the text form of a session, whatever library wrote it. White space in it is ignored, as it may have been
/// wrapped on its way; quotes, names and other text around it are left out and told ([`Imported::mended`]).
///
/// # Errors
/// [`ImportError`], which says what the text looks like and what is wrong with it.
pub fn import_text_with(text: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    json::read(text, options).unwrap_or_else(|| pasted::import(text, recognise))
}

/// Reads a session string without white space.
fn recognise(text: &str) -> Result<Imported, ImportError> {
    if encryption::is_encrypted(text) {
        return Err(ImportError::Encrypted);
    }
    if text.starts_with("sansgram") {
        let session = StoredSession::from_text(text)?;
        return Ok(Imported::single(Format::Sansgram, session));
    }
    if text.len() >= SHORTEST_LIKELY
        && text.bytes().all(encoding::is_letter)
        && lookalike::name(text).is_none()
    {
        let has = |is_one: fn(&u8) -> bool| text.as_bytes().iter().any(is_one);
        let (is_small, is_capital) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
        if is_small != is_capital {
            // What it would be decoded to is another key.
            return Err(ImportError::CaseLost { is_small });
        }
    }
    for read in [telethon::read, gramjs::read, ferogram::read, mtkruto::read, mtcute::read, pyrogram::read] {
        if let Some(found) = read(text) {
            return found?.into_imported();
        }
    }
    if text.len() >= SHORTEST_NAMED && text.bytes().all(encoding::is_letter) {
        if let Some(error) = lookalike::incomplete(text).or_else(|| lookalike::cut(text)) {
            return Err(error);
        }
        if text.len() >= SHORTEST_LIKELY && lookalike::name(text).is_none() {
            return Err(ImportError::Length { characters: text.len() });
        }
    }
    Err(ImportError::Unrecognised)
}

/// Reads a session's file or folder with [`ImportOptions::default`]: see [`import_path`].
///
/// # Errors
/// [`ImportError`].
pub fn import_file(path: &Path) -> Result<Imported, ImportError> {
    import_path(path, &ImportOptions::default())
}

/// Reads a session from the disk, whatever program wrote it: a folder, a binary file, a SQLite database, or a text as
/// [`import_text`] takes it. It is left as it is.
///
/// # Errors
/// [`ImportError`], which says what it looks like and what is wrong with it.
pub fn import_path(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    if fs::metadata(path).map_err(|error| io_error(path, error))?.is_dir() {
        return import_folder(path, options);
    }
    let bytes = files::read_named(path)?;
    if is_sqlite(&bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read(path);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteLeftOut);
    }
    import_content(path, &bytes, options)
}

/// Reads a session from the content of a file: see [`import_path`]. What a program keeps in several files is not whole
/// then.
///
/// # Errors
/// [`ImportError`].
pub fn import_bytes(bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if is_sqlite(bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read_bytes(bytes);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteLeftOut);
    }
    import_content(Path::new(""), bytes, options)
}

/// Reads a session's file from standard input to its end, at most as much as is read of a file.
///
/// # Errors
/// Those of the stream, and [`io::ErrorKind::FileTooLarge`].
pub fn read_stdin() -> io::Result<Zeroizing<Vec<u8>>> {
    read_file(Path::new("/dev/stdin"), files::MAX_FILE_LEN)
}

fn import_content(path: &Path, bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if let Some(result) = import_binary(path, bytes, options) {
        return result;
    }
    let (text, encoding) = pasted::decode(bytes).ok_or(ImportError::Unrecognised)?;
    let mut imported = import_text_with(&text, options)?;
    imported.mended.extend(encoding);
    Ok(imported)
}

/// What the reader of one format says; `None` if it is none of its own.
type Reading = Option<Result<Imported, ImportError>>;
/// Reads a file by its path and content.
type FileReader = fn(&Path, &[u8], &ImportOptions) -> Reading;

/// Reads a folder: each format says whether it is one of its own.
fn import_folder(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    const READERS: &[fn(&Path, &ImportOptions) -> Reading] =
        &[tdata::read_folder, tdlib::read_folder, gramjs_store::read_folder, unread::read_folder];
    READERS.iter().find_map(|read| read(path, options)).unwrap_or(Err(ImportError::UnknownFolder))
}

/// Reads a binary file: each format says whether it is one of its own, by its content or its name.
fn import_binary(
    path: &Path,
    bytes: &[u8],
    options: &ImportOptions,
) -> Option<Result<Imported, ImportError>> {
    const READERS: &[FileReader] = &[
        tdata::read_file,
        tdlib::read_file,
        unread::read_file,
        tgnet::read_file,
        wtelegram::read_file,
        unread::read_opaque,
    ];
    READERS.iter().find_map(|read| read(path, bytes, options))
}

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
            json::write_gotd(&exported, dcs, salt)
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

fn io_error(path: &Path, error: io::Error) -> ImportError {
    ImportError::Io { path: path.to_owned(), error }
}

/// Whether a file that begins like this is a SQLite database.
pub(crate) fn is_sqlite(bytes: &[u8]) -> bool {
    bytes.starts_with(SQLITE_MARK)
}

#[cfg(test)]
mod other_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
