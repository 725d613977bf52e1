//! Writing an export: the complete file or folder appears at its path at once, and nothing is overwritten.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::ExportError;
use crate::store::{directory_of, hidden_name};

/// Writes a new file that only its owner can read. After a crash at any moment, there is either no file or all of it.
pub(super) fn create_file(path: &Path, content: &[u8]) -> Result<(), ExportError> {
    let failed = |error| failure(path, error);
    refuse_existing(path)?;
    let temporary = TemporaryPath::beside(path);
    write_file(&temporary.0, content).map_err(failed)?;
    rename_new(&temporary.0, path).map_err(failed)?;
    sync_directory(path);
    Ok(())
}

/// Writes a new folder with these files, like [`create_file`].
pub(super) fn create_folder<N: AsRef<OsStr>, B: AsRef<[u8]>>(
    path: &Path,
    files: &[(N, B)],
) -> Result<(), ExportError> {
    let failed = |error| failure(path, error);
    refuse_existing(path)?;
    let temporary = TemporaryPath::beside(path);
    let folder = &temporary.0;
    let write = || {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        for (name, content) in files {
            let file = folder.join(name.as_ref());
            if let Some(parent) = file.parent().filter(|parent| *parent != folder) {
                fs::DirBuilder::recursive(&mut builder, true).create(parent)?;
            }
            write_file(&file, content.as_ref())?;
        }
        rename_new(folder, path)
    };
    write().map_err(failed)?;
    sync_directory(path);
    Ok(())
}

fn failure(path: &Path, error: io::Error) -> ExportError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists(path.to_owned()),
        _ => ExportError::Write { path: path.to_owned(), error },
    }
}

/// Errors if `path` exists. The rename would fail too, but the keys would have been written to the disk before.
fn refuse_existing(path: &Path) -> Result<(), ExportError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(ExportError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Renames `from` to `to` unless `to` exists.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // The file system does not support it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return result.map_err(Into::into),
        }
    }
    // A file that is created between the two calls is overwritten: these systems have no atomic call for both files and
    // folders.
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Syncs the directory, which makes the rename durable. Systems other than Unix cannot open a directory.
fn sync_directory(path: &Path) {
    if cfg!(unix) {
        // Best effort: the export is complete, and the directory may not be readable.
        let _ = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    }
}

/// The temporary path of an incomplete file or folder, which is removed on drop.
struct TemporaryPath(PathBuf);

impl TemporaryPath {
    /// Returns an unused path beside `path`. Removes what killed exports to the same path left.
    fn beside(path: &Path) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let start = hidden_name(path, ".");
        for entry in fs::read_dir(directory_of(path)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let writer = name
                .as_encoded_bytes()
                .strip_prefix(start.as_encoded_bytes())
                .and_then(|rest| rest.strip_suffix(b".export"))
                .and_then(|rest| std::str::from_utf8(rest).ok()?.split_once('-')?.0.parse().ok());
            if writer.is_some_and(|pid: u32| !is_running(pid)) {
                remove(&entry.path());
            }
        }
        let suffix = format!(".{}-{}.export", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let place = directory_of(path).join(hidden_name(path, &suffix));
        // A killed process with the same process id may have left it.
        remove(&place);
        Self(place)
    }
}

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a file or folder that an error or a killed process left. Best effort.
fn remove(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    let _ = if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

#[cfg(unix)]
fn is_running(pid: u32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    match i32::try_from(pid).ok().and_then(Pid::from_raw) {
        Some(pid) => test_kill_process(pid) != Err(Errno::SRCH),
        None => false,
    }
}

#[cfg(not(unix))]
const fn is_running(_: u32) -> bool {
    // Not known on this system: files that may belong to another process are not removed.
    true
}
