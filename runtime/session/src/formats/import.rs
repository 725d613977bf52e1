//! Import of a session in any known format.

use std::fs;
use std::io;
use std::path::Path;

use sansgram_core::client::StoredSession;
use zeroize::Zeroizing;

use super::error::ImportError;
use super::format::Format;
use super::imported::{ImportOptions, Imported};
use super::raw_session::Reading;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{
    document, encoding, ferogram, files, gramjs, gramjs_store, incomplete, mtcute, mtkruto, not_a_session,
    pasted, pyrogram, string_start, tdata, tdlib, telethon, tgnet, unsupported, wtelegram,
};
use crate::encryption;
use crate::policy::{MAX_FILE_LEN, MIN_LIKELY_LEN, MIN_NAMED_LEN};
use crate::store::read_file;

/// Reads the text form of a session with [`ImportOptions::default`]: see [`import_text_with`].
///
/// # Errors
/// Returns an [`ImportError`] if the text cannot be imported.
pub fn import_text(text: &str) -> Result<Imported, ImportError> {
    import_text_with(text, &ImportOptions::default())
}

/// Reads the text form of a session of any known library. White space in the text is ignored, as the text may have been
/// wrapped; quotes, names and other text around the session are removed and listed in [`Imported::fixes`]. A text of more
/// than 1 MiB must be the session alone.
///
/// # Errors
/// Returns an [`ImportError`] that says what the text looks like and what is wrong with it.
pub fn import_text_with(text: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    document::read(text, options).unwrap_or_else(|| pasted::import(text, recognize))
}

/// Reads a session string without white space.
fn recognize(text: &str) -> Result<Imported, ImportError> {
    if encryption::is_encrypted(text) {
        return Err(ImportError::Encrypted);
    }
    if text.starts_with("sansgram") {
        let session = StoredSession::from_text(text)?;
        return Ok(Imported::single(Format::Sansgram, session));
    }
    if text.len() >= MIN_LIKELY_LEN
        && text.bytes().all(encoding::is_letter)
        && not_a_session::recognize(text).is_none()
    {
        let has = |is_one: fn(&u8) -> bool| text.as_bytes().iter().any(is_one);
        let (is_lower, is_upper) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
        if is_lower != is_upper {
            // Decoding it would result in another key.
            return Err(ImportError::CaseLost { is_lower });
        }
    }
    for read in [telethon::read, gramjs::read, ferogram::read, mtkruto::read, mtcute::read, pyrogram::read] {
        if let Some(found) = read(text) {
            return found?.into_imported();
        }
    }
    if text.len() >= MIN_NAMED_LEN && text.bytes().all(encoding::is_letter) {
        if let Some(error) = incomplete::missing_start(text).or_else(|| string_start::truncated(text)) {
            return Err(error);
        }
        if text.len() >= MIN_LIKELY_LEN && not_a_session::recognize(text).is_none() {
            return Err(ImportError::Length { characters: text.len() });
        }
    }
    Err(ImportError::Unrecognized)
}

/// Reads a session's file or folder with [`ImportOptions::default`]: see [`import_path`].
///
/// # Errors
/// Returns an [`ImportError`] if the file or folder cannot be imported.
pub fn import_file(path: &Path) -> Result<Imported, ImportError> {
    import_path(path, &ImportOptions::default())
}

/// Reads a session of any known program from the disk: a folder, a binary file, a SQLite database, or a text as
/// [`import_text`] accepts it. The file or folder is not changed. A file may have at most 64 MiB, a SQLite database 256
/// MiB.
///
/// # Errors
/// Returns an [`ImportError`] that says what the input looks like and what is wrong with it.
pub fn import_path(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    if fs::metadata(path).map_err(|error| ImportError::io(path, error))?.is_dir() {
        return import_folder(path, options);
    }
    let bytes = files::read_named(path)?;
    if files::is_sqlite(&bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read(path);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteDisabled);
    }
    import_content(path, &bytes, options)
}

/// Reads a session from the content of a file: see [`import_path`]. For formats of several files, the values of the other
/// files are missing.
///
/// # Errors
/// Returns an [`ImportError`] if the content cannot be imported.
pub fn import_bytes(bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if files::is_sqlite(bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read_bytes(bytes);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteDisabled);
    }
    import_content(Path::new(""), bytes, options)
}

/// Reads a session's file from standard input to its end, at most 64 MiB.
///
/// # Errors
/// Returns the errors of the stream, and [`io::ErrorKind::FileTooLarge`] if the input is longer.
pub fn read_stdin() -> io::Result<Zeroizing<Vec<u8>>> {
    read_file(Path::new("/dev/stdin"), MAX_FILE_LEN)
}

fn import_content(path: &Path, bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if let Some(result) = import_binary(path, bytes, options) {
        return result;
    }
    let (text, encoding) = pasted::decode(bytes).ok_or(ImportError::Unrecognized)?;
    let mut imported = import_text_with(&text, options)?;
    imported.fixes.extend(encoding);
    Ok(imported)
}

/// Reads a file by its path and content.
type FileReader = fn(&Path, &[u8], &ImportOptions) -> Reading;

/// Reads a folder. Each reader decides whether the folder is of its format.
fn import_folder(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    const READERS: &[fn(&Path, &ImportOptions) -> Reading] =
        &[tdata::read_folder, tdlib::read_folder, gramjs_store::read_folder, unsupported::read_folder];
    READERS.iter().find_map(|read| read(path, options)).unwrap_or(Err(ImportError::UnknownFolder))
}

/// Reads a binary file. Each reader decides by content and name whether the file is of its format.
fn import_binary(
    path: &Path,
    bytes: &[u8],
    options: &ImportOptions,
) -> Option<Result<Imported, ImportError>> {
    const READERS: &[FileReader] = &[
        tdata::read_file,
        tdlib::read_file,
        unsupported::read_file,
        tgnet::read_file,
        wtelegram::read_file,
        unsupported::read_opaque,
    ];
    READERS.iter().find_map(|read| read(path, bytes, options))
}
