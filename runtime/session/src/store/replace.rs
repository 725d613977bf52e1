//! Atomic replacement of files, which only their owner can read.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sansgram_core::{OsRandom, SecureRandom};

use super::regular_file::check;
use crate::policy::MAX_TEMPORARY_NAMES;

/// Writes the pieces, one after the other, to a new file beside `target`, syncs it to the disk and renames it: after a
/// crash at any moment, `target` is either the old file or the new one. Only its owner can read it (0600). If root
/// replaces a file of another user, the file still belongs to that user. A symbolic link at `target` is replaced, not
/// followed.
///
/// # Errors
/// Returns the errors of the file system; `target` is then unchanged. If only the rename could not be synced to the
/// disk, the error says that the file is written. Anything but a regular file is not replaced.
pub fn replace_file(target: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let replaced = replace(target, pieces, |_| {})?;
    replaced.not_durable.map_or(Ok(()), |error| {
        Err(io::Error::new(
            error.kind(),
            format!("it was written, but might be lost in a power failure: {error}"),
        ))
    })
}

/// A file that was renamed to its final name.
pub(super) struct Replaced {
    pub(super) file: File,
    /// The reason why a power failure may undo the rename.
    pub(super) not_durable: Option<io::Error>,
}

/// Like [`replace_file`], but calls `before` with the new file before it is renamed.
pub(super) fn replace(target: &Path, pieces: &[&[u8]], before: impl FnOnce(&File)) -> io::Result<Replaced> {
    // This is done first: once the file is renamed, only the disk can fail.
    let directory = Directory::open(directory_of(target))?;
    let owner = check_target(target)?;
    let (mut file, temporary) = Temporary::create(target)?;
    for piece in pieces {
        file.write_all(piece)?;
    }
    give_to(&file, owner);
    file.sync_all()?;
    before(&file);
    temporary.rename_to(target)?;
    let not_durable = directory.sync(&file).err();
    Ok(Replaced { file, not_durable })
}

/// Checks whether a file of this length, in bytes, could replace `target`. The test file is removed again.
pub(super) fn could_replace_file(target: &Path, len: usize) -> io::Result<()> {
    let _directory = Directory::open(directory_of(target))?;
    check_target(target)?;
    let (mut file, _temporary) = Temporary::create(target)?;
    file.write_all(&vec![0; len])?;
    file.sync_all()
}

/// The directory of a file that is replaced. The rename is durable once the directory is synced.
struct Directory(Option<File>);

impl Directory {
    #[cfg(unix)]
    fn open(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(directory) => Ok(Self(Some(directory))),
            // Files can be created in a directory that cannot be read.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// On other systems a directory cannot be opened.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn open(_: &Path) -> io::Result<Self> {
        Ok(Self(None))
    }

    #[cfg(unix)]
    fn sync(&self, file: &File) -> io::Result<()> {
        use io::ErrorKind::{InvalidInput, Unsupported};
        match self.0.as_ref().map(File::sync_all) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) if !matches!(error.kind(), InvalidInput | Unsupported) => Err(error),
            // The file system does not support this for directories, or this directory cannot be read: everything is
            // synced.
            _ => sync_file_system(file),
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn sync_file_system(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Returns the user and group of the file to replace. Returns an error if it is not a file.
fn check_target(target: &Path) -> io::Result<Option<(u32, u32)>> {
    let there = match fs::symlink_metadata(target) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if there.is_symlink() {
        return Ok(None);
    }
    check(&there)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(Some((there.uid(), there.gid())))
    }
    #[cfg(not(unix))]
    Ok(None)
}

/// If this process is root, gives the file to its previous owner. Best effort: a file that only root can read is as
/// safe as before.
#[cfg(unix)]
fn give_to(file: &File, owner: Option<(u32, u32)>) {
    use rustix::fs::{Gid, Uid, fchown};
    if let Some((user, group)) = owner.filter(|(user, _)| *user != 0 && rustix::process::geteuid().is_root())
    {
        let _ = fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
    }
}

#[cfg(not(unix))]
const fn give_to(_: &File, _: Option<(u32, u32)>) {}

pub(crate) fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns a hidden file's name: `.NAME.session` and `suffix`.
pub(crate) fn hidden_name(target: &Path, suffix: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(suffix);
    name
}

/// Removes temporary files of killed processes. Only the holder of the session's lock may call this. Best effort: no
/// process reads these files.
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

/// The temporary file beside the file to replace; it is removed unless it is renamed.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    /// Creates a new file with an unpredictable name.
    fn create(target: &Path) -> io::Result<(File, Self)> {
        let mut options = OpenOptions::new();
        // This follows no link and opens no existing file.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut tries = 0;
        loop {
            let mut number = [0; 8];
            OsRandom::new().fill(&mut number);
            let suffix = format!(".{}-{}.tmp", std::process::id(), u64::from_le_bytes(number));
            let path = target.with_file_name(hidden_name(target, &suffix));
            match options.open(&path) {
                Ok(file) => return Ok((file, Self { path, renamed: false })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < MAX_TEMPORARY_NAMES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
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
