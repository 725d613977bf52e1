//! Files that only their owner can read, replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes the pieces, one after the other, to a new file beside `target`, brings it to the disk and renames it: whoever
/// looks, after a crash at any moment, finds the old file or the new one. Only its owner can read it (0600).
///
/// # Errors
/// Those of the file system; `target` is then as it was, unless only its directory could not be brought to the disk.
pub fn replace_file(target: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let directory = directory_of(target);
    let temporary = Temporary::create(directory, target)?;
    for piece in pieces {
        (&temporary.file).write_all(piece)?;
    }
    temporary.file.sync_all()?;
    temporary.rename_to(target)?;
    // The rename itself is on the disk only once the directory is; elsewhere than on Unix it cannot be opened.
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Whether a file of this length, in bytes, could be put in the place of `target`. Nothing stays of it.
pub(super) fn could_replace_file(target: &Path, len: usize) -> io::Result<()> {
    let temporary = Temporary::create(directory_of(target), target)?;
    (&temporary.file).write_all(&vec![0; len])?;
    temporary.file.sync_all()
}

pub(crate) fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A hidden file's name: `.NAME.session` and `suffix`.
pub(crate) fn hidden_name(target: &Path, suffix: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(suffix);
    name
}

/// Removes what killed processes left behind. Only who holds the session's lock may do so. Best effort: nobody reads
/// them.
pub(super) fn remove_temporaries(target: &Path) {
    let start = hidden_name(target, ".");
    let Ok(entries) = fs::read_dir(directory_of(target)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let middle = name
            .as_encoded_bytes()
            .strip_prefix(start.as_encoded_bytes())
            .and_then(|rest| rest.strip_suffix(b".tmp"));
        if middle.is_some_and(|it| it.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file beside the one that is replaced, removed unless it is renamed.
struct Temporary {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn create(directory: &Path, target: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let suffix = format!(".{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = directory.join(hidden_name(target, &suffix));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(&path) {
            // Left behind by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&path)?;
                options.open(&path)?
            }
            opened => opened?,
        };
        Ok(Self { file, path, renamed: false })
    }

    fn rename_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Best effort: the error that led here is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}
