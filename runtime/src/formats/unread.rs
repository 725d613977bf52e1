//! Sessions that are not read, and what lies beside a session, by name.

use std::path::Path;

use super::{ImportError, ImportOptions, Reading};

const JOURNAL: &str = "what SQLite keeps beside a database, not the database; import the file without -journal, -wal or \
                       -shm at its end";
const MADELINE: &str = "a session of MadelineProto, which is not read; sign in once more";
const ARCHIVE: &str = "an archive; unpack it first";

/// Beginnings of files, and what they are.
const FILES: [(&[u8], &str); 11] = [
    (&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7], JOURNAL),
    (&[0x37, 0x7f, 0x06, 0x82], JOURNAL),
    (&[0x37, 0x7f, 0x06, 0x83], JOURNAL),
    (&[0x18, 0xe2, 0x2d, 0x00], JOURNAL),
    (b"<?php __HALT_COMPILER();", MADELINE),
    (b"O:17:\"danog\\MadelineProto", MADELINE),
    (b"PK\x03\x04", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"Rar!", ARCHIVE),
    (b"7z\xbc\xaf", ARCHIVE),
    (b"\xfd7zXZ", ARCHIVE),
];

pub(super) fn read_file(_path: &Path, bytes: &[u8], _options: &ImportOptions) -> Reading {
    let (_, what) = FILES.iter().find(|(begin, _)| bytes.starts_with(begin))?;
    Some(Err(ImportError::Unsupported(what)))
}

pub(super) fn read_folder(path: &Path, _options: &ImportOptions) -> Reading {
    let has = |name: &str| path.join(name).is_file();
    if has("safe.php") || has("lightState.php") || has("ipcState.php") {
        return Some(Err(ImportError::Unsupported(MADELINE)));
    }
    if has("CURRENT")
        && std::fs::read_dir(path)
            .ok()?
            .flatten()
            .any(|it| it.path().extension().is_some_and(|it| it == "ldb" || it == "log"))
    {
        return Some(Err(ImportError::Unsupported(
            "a folder of a browser's storage (LevelDB), which is not read; save the local storage of Telegram Web as \
             JSON",
        )));
    }
    None
}
