//! Recognizes files that cannot be imported: sessions of unsupported formats, and files that lie beside a session.

use std::path::Path;

use super::error::ImportError;
use super::imported::ImportOptions;
use super::raw_session::Reading;

const JOURNAL: &str = "a SQLite journal or log, not the database; import the file without the suffix -journal, -wal \
                       or -shm";
const MADELINE: &str = "a session of MadelineProto, which is not supported; log in again";
const ARCHIVE: &str = "an archive; unpack it first";
const BACKUP: &str = "part of a phone's backup, not a session; extract the program's own files first";
const ENCRYPTED: &str = "an encrypted file; decrypt it first";
const LFS: &str = "a pointer of Git LFS, not the file; fetch the file itself with \"git lfs pull\"";
const EMPTY: &str = "an empty file";
const ZEROS: &str = "a file of zeros, as left by a full disk or a power failure; it contains no session";
const OPAQUE: &str = "an encrypted file, perhaps a database of SQLCipher, which only its program can open; export the \
                      session from that program";

/// The first bytes of files, and their descriptions.
const FILES: [(&[u8], &str); 18] = [
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
    (b"BZh", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"ANDROID BACKUP\n", BACKUP),
    (b"bplist00", BACKUP),
    (b"-----BEGIN PGP MESSAGE-----", ENCRYPTED),
    (b"age-encryption.org/", ENCRYPTED),
    (b"version https://git-lfs.github.com/", LFS),
];
/// The offset and the bytes of the magic of a tar archive.
const TAR: (usize, &[u8]) = (257, b"ustar");
/// The size of a page of an encrypted database is a multiple of this, in bytes.
const SMALLEST_PAGE: usize = 1024;

pub(super) fn read_file(_path: &Path, bytes: &[u8], _options: &ImportOptions) -> Reading {
    let is_tar = || bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1));
    let what = match FILES.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        Some((_, what)) => what,
        None if bytes.is_empty() => EMPTY,
        None if bytes.iter().all(|byte| *byte == 0) => ZEROS,
        None if is_tar() => ARCHIVE,
        None => return None,
    };
    Some(Err(ImportError::Unsupported(what)))
}

/// Recognizes an encrypted database: complete pages in which all byte values are about equally frequent.
pub(super) fn read_opaque(_path: &Path, bytes: &[u8], _options: &ImportOptions) -> Reading {
    if bytes.is_empty() || !bytes.len().is_multiple_of(SMALLEST_PAGE) {
        return None;
    }
    let mut counts = [0_usize; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    // In random data, no byte value is much more frequent than the average; text and tables have many zeros or spaces.
    let most = bytes.len() / 256 * 4 + 16;
    let is_random =
        counts.iter().all(|count| *count < most) && counts.iter().filter(|it| **it > 0).count() > 240;
    is_random.then_some(Err(ImportError::Unsupported(OPAQUE)))
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
            "a folder of a browser's storage (LevelDB), which cannot be read; save the local storage of Telegram Web as \
             JSON",
        )));
    }
    None
}
