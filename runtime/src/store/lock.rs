//! One writer a session: a lock file beside it, with the number of the process that holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::replace::hidden_name;

/// How long a store waits for another of the same process: a client that was dropped ends a moment later.
const PATIENCE_WITH_OURSELVES: Duration = Duration::from_secs(1);
/// How long the owner may take to write its number into the file.
const PATIENCE_FOR_NUMBER: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(5);

/// The files of the locks that this process holds.
static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<PathBuf>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the files of all locks that this process holds: it is about to end, which gives them up.
pub(super) fn remove_all() {
    for path in held().drain(..) {
        // Best effort: a file that stays locks nothing.
        let _ = fs::remove_file(path);
    }
}

/// A held lock, given up when dropped. The operating system gives it up when the process ends.
pub(super) struct WriterLock {
    path: PathBuf,
    /// `None` where the file system has no locks.
    file: Option<File>,
}

pub(super) enum LockError {
    /// Held elsewhere, by this process where it is known.
    InUse(Option<u32>),
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl WriterLock {
    /// Locks the session at `target`, whose directory must exist.
    pub(super) fn acquire(target: &Path) -> Result<Self, LockError> {
        let path = target.with_file_name(hidden_name(target, ".lock"));
        let start = Instant::now();
        loop {
            let mut file = open(&path)?;
            match file.try_lock() {
                // Its last owner may have removed it between our opening and locking: then it locks nothing.
                Ok(()) if !is_at(&file, &path) => continue,
                Ok(()) => {
                    // Best effort: the lock holds without the number, and a full disk keeps nobody from a session.
                    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                    return Ok(Self::new(path, Some(file)));
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self::new(path, None));
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) => {}
            }
            let owner = read_number(file);
            let patience = match owner {
                None => PATIENCE_FOR_NUMBER,
                Some(pid) if pid == std::process::id() => PATIENCE_WITH_OURSELVES,
                Some(_) => Duration::ZERO,
            };
            if start.elapsed() >= patience {
                return Err(LockError::InUse(owner));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn new(path: PathBuf, file: Option<File>) -> Self {
        held().push(path.clone());
        Self { path, file }
    }

    /// Whether there is a lock at all.
    pub(super) const fn is_held(&self) -> bool {
        self.file.is_some()
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        let mut held = held();
        let Some(index) = held.iter().position(|path| *path == self.path) else { return };
        held.swap_remove(index);
        // While it is locked, nobody else can take it for theirs. Best effort: a file that stays locks nothing.
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether `file` is still what `path` names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |it: fs::Metadata| (it.dev(), it.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => identity(ours) == identity(there),
        _ => false,
    }
}

/// Elsewhere a file that is open is not removed before it is closed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    fs::exists(path).unwrap_or(false)
}

fn read_number(file: File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}
