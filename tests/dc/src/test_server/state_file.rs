//! The state file: replaced atomically, owned by one process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::policy::MAX_STATE_BYTES;

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateFileError {
    /// Another process has it.
    #[error("it is in use by another process")]
    InUse,
    /// It is not a regular file.
    #[error("it is not a regular file")]
    NoFile,
    /// `FILE.lock` is a link, or a file that another program may write.
    #[error("the lock file beside it is a link or not a regular file; remove it")]
    ForeignLock,
    /// It is larger than 1 GiB.
    #[error("it is larger than 1 GiB")]
    TooLarge,
    /// The operating system refuses it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An open state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// Held as long as this is. The file itself cannot be locked, since it is replaced.
    _lock: File,
}

impl StateFile {
    /// Locks the file for this process. Also returns its content, which is empty if it does not exist yet.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<u8>), StateFileError> {
        // A link is followed once, so that it stays a link when the file is replaced.
        let path = fs::canonicalize(path).or_else(|error| match error.kind() {
            ErrorKind::NotFound => std::path::absolute(path),
            _ => Err(error),
        })?;
        is_regular(&path)?;
        let lock = open_lock(&beside(&path, ".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateFileError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut saved = Vec::new();
        match File::open(&path) {
            Ok(file) => {
                file.take(MAX_STATE_BYTES + 1).read_to_end(&mut saved)?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if saved.len() as u64 > MAX_STATE_BYTES {
            return Err(StateFileError::TooLarge);
        }
        Ok((Self { path, _lock: lock }, saved))
    }

    /// Replaces the content atomically: after a crash the file holds the whole old state or the whole new one.
    pub(crate) fn save(&self, state: &[u8]) -> io::Result<()> {
        let new = beside(&self.path, ".new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = private().create_new(true).open(&new).and_then(|mut file| {
            file.write_all(state)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&new, &self.path)).inspect_err(|_| {
            // The first error is the cause.
            let _ = fs::remove_file(&new);
        })?;
        self.sync_directory();
        Ok(())
    }

    /// The rename is on the disk only once the directory is; elsewhere than on Unix it cannot be opened.
    fn sync_directory(&self) {
        if cfg!(unix) {
            // Best effort: the state is whole and in its place, and a directory need not be readable.
            let directory = self.path.parent().map(File::open);
            let _ = directory.map(|directory| directory.and_then(|directory| directory.sync_all()));
        }
    }
}

/// Makes the lock file, or opens the one that is there. A link is not followed, and a file with two names is refused.
fn open_lock(path: &Path) -> Result<File, StateFileError> {
    match private().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return Ok(made?),
    }
    // Opening a pipe would block.
    let there = fs::symlink_metadata(path)?;
    if !there.is_file() {
        return Err(StateFileError::ForeignLock);
    }
    let file = private().open(path)?;
    // Another file may have replaced it since.
    if is_ours(&there, &file.metadata()?) { Ok(file) } else { Err(StateFileError::ForeignLock) }
}

/// Whether the opened file is the one that was checked and has no other name.
#[cfg(unix)]
fn is_ours(seen: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    opened.nlink() == 1 && (seen.dev(), seen.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_ours(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// Errors unless the path is a regular file or missing.
fn is_regular(path: &Path) -> Result<(), StateFileError> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(StateFileError::NoFile),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Readable by this user only: the state holds keys and passwords.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn f1_a_link_as_the_lock_file_is_refused() {
        let directory = std::env::temp_dir().join(format!("sansgram-state-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let [state, lock, victim] = ["state", "state.lock", "victim"].map(|name| directory.join(name));
        fs::write(&victim, "precious").expect("a file");
        for make in [
            (|victim, lock| std::os::unix::fs::symlink(victim, lock)) as fn(&Path, &Path) -> io::Result<()>,
            |victim, lock| std::os::unix::fs::symlink(victim.with_extension("missing"), lock),
            |victim, lock| fs::hard_link(victim, lock),
        ] {
            make(&victim, &lock).expect("a link");
            assert!(matches!(StateFile::open(&state), Err(StateFileError::ForeignLock)));
            fs::remove_file(&lock).expect("it is there");
        }
        assert_eq!(fs::read_to_string(&victim).expect("it is there"), "precious");
        assert!(!victim.with_extension("missing").exists());
        // Its own, of an earlier run, is taken again.
        drop(StateFile::open(&state).expect("the lock is free"));
        drop(StateFile::open(&state).expect("the lock is free"));
        fs::remove_dir_all(&directory).expect("it is there");
    }
}
