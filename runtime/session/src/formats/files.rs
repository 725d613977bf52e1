//! Reading files that may be of any kind and size.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::encoding::Bytes;
use super::error::ImportError;
use crate::policy::{MAX_FILE_LEN, SQLITE_HEAD_LEN};
use crate::store::{open_file, read_file};

/// The first bytes of every SQLite file.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

const A_LINK: &str = "it is a symbolic link, not a file";

/// Reads the file that the caller named, but only the beginning of a SQLite file. A link is followed.
///
/// # Errors
/// Returns [`ImportError::Io`] if the file cannot be read, is too large or is not a regular file.
pub(super) fn read_named(path: &Path) -> Result<Bytes, ImportError> {
    if let Ok(file) = open_file(path) {
        let mut begin = Bytes::default();
        file.take(SQLITE_HEAD_LEN).read_to_end(&mut begin).map_err(|error| ImportError::io(path, error))?;
        if is_sqlite(&begin) {
            return Ok(begin);
        }
    }
    read_file(path, MAX_FILE_LEN).map_err(|error| ImportError::io(path, error))
}

/// Reads a file beside the one that the caller named. Returns `None` if there is none. Only a regular file of at most
/// `limit` bytes is read, and no link is followed.
///
/// # Errors
/// Returns the same errors as [`read_named`].
pub(super) fn read_sibling(path: &Path, limit: u64) -> Result<Option<Bytes>, ImportError> {
    let read = fs::symlink_metadata(path).and_then(|metadata| match metadata.is_symlink() {
        true => Err(io::Error::new(io::ErrorKind::InvalidInput, A_LINK)),
        false => read_file(path, limit),
    });
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ImportError::io(path, error)),
    }
}

/// Returns whether a file that begins with `bytes` is a SQLite database.
pub(crate) fn is_sqlite(bytes: &[u8]) -> bool {
    bytes.starts_with(SQLITE_MAGIC)
}
