//! The lock of a session, which one process holds at a time: a lock file beside the session that names the process. On
//! Unix, the session's file is locked too, since it may have another name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::owner::{self, LockOwner, OwnerLocation};
use super::replace::hidden_name;
use crate::policy::{LOCK_RETRY, MAX_LOCKED_FILES, OWN_LOCK_TIMEOUT, OWNER_NAME_TIMEOUT};

const A_LINK: &str = "a symbolic link";
const NOT_REGULAR: &str = "not a regular file";
const MANY_NAMES: &str = "a file with several names (hard links)";
const OF_ANOTHER_USER: &str = "a file of another user";
const OTHER_CONTENT: &str = "a file with other content";

/// Identifies a file independent of its name: device and inode.
type Identity = (u64, u64);

/// The locks that this process holds.
static HELD_LOCKS: Mutex<Vec<LockEntry>> = Mutex::new(Vec::new());

/// A lock that this process holds.
struct LockEntry {
    /// The lock file.
    path: PathBuf,
    id: Option<Identity>,
    /// The session's files.
    sessions: Vec<Identity>,
}

impl LockEntry {
    /// Removes the lock file unless another process has replaced it. Best effort: a remaining file locks nothing.
    fn remove(&self) {
        if self.id == identity_at(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn held_locks() -> MutexGuard<'static, Vec<LockEntry>> {
    HELD_LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the files of all locks that this process holds. Intended for the end of the process, which releases them.
pub(super) fn remove_all() {
    held_locks().drain(..).for_each(|entry| entry.remove());
}

/// A held lock. It is released on drop, or by the operating system when the process ends.
pub(super) struct SessionLock {
    path: PathBuf,
    /// The session's file.
    target: PathBuf,
    /// The locked lock file, or `None` if the file system has no locks.
    file: Option<File>,
    /// The locked files of the session: the current one, and earlier ones that still have a name.
    sessions: Vec<File>,
}

pub(super) enum LockError {
    /// Another process or another store holds the lock.
    InUse {
        /// The process that holds it, if it is known.
        owner: Option<LockOwner>,
        /// True if it is held by another name of the session's file.
        other_name: bool,
    },
    /// The file with the name of the lock file is not ours. It is left unchanged.
    NotOurs {
        lock: PathBuf,
        what: &'static str,
    },
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The result of one attempt to lock.
enum Attempt {
    Locked(SessionLock),
    /// A file was replaced meanwhile, so the attempt must be repeated.
    Replaced,
    /// The lock file is locked.
    Held(Option<LockOwner>),
    /// The session's file is locked by another name of it; `true` if this process holds that lock.
    HeldByName(bool),
}

impl SessionLock {
    /// Locks the session at `target`, whose directory must exist.
    pub(super) fn acquire(target: &Path) -> Result<Self, LockError> {
        let path = target.with_file_name(hidden_name(target, ".lock"));
        let start = Instant::now();
        loop {
            let attempt = Self::attempt(&path, target)?;
            let timeout = match &attempt {
                Attempt::Replaced => OWN_LOCK_TIMEOUT,
                Attempt::Held(Some(owner)) if owner.location == OwnerLocation::ThisProcess => {
                    OWN_LOCK_TIMEOUT
                }
                Attempt::Held(Some(_)) => Duration::ZERO,
                Attempt::HeldByName(true) => OWN_LOCK_TIMEOUT,
                Attempt::Held(None) | Attempt::HeldByName(false) => OWNER_NAME_TIMEOUT,
                Attempt::Locked(_) => Duration::MAX,
            };
            let is_over = start.elapsed() >= timeout;
            match attempt {
                Attempt::Locked(lock) => return Ok(lock),
                Attempt::Replaced if is_over => {
                    return Err(io::Error::other("another program replaces it repeatedly").into());
                }
                Attempt::Held(owner) if is_over => return Err(LockError::InUse { owner, other_name: false }),
                Attempt::HeldByName(ours) if is_over => {
                    let owner = ours.then(LockOwner::this_process);
                    return Err(LockError::InUse { owner, other_name: true });
                }
                _ => std::thread::sleep(LOCK_RETRY),
            }
        }
    }

    fn attempt(path: &Path, target: &Path) -> Result<Attempt, LockError> {
        let not_ours = |what| LockError::NotOurs { lock: path.to_owned(), what };
        let Some(mut file) = open(path)? else { return Ok(Attempt::Replaced) };
        let locked = match try_lock(&file) {
            // The last owner may have removed the file after it was opened here: it then locks nothing.
            Ok(()) if !is_at(&file, path) => return Ok(Attempt::Replaced),
            Ok(()) => true,
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => false,
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => {
                let id = identity(&file);
                let is_held_here =
                    held_locks().iter().any(|it| if id.is_some() { it.id == id } else { it.path == path });
                return Ok(Attempt::Held(match is_held_here {
                    true => Some(LockOwner::this_process()),
                    false => owner::read(&mut file),
                }));
            }
        };
        if !owner::is_lock_file(&mut file)? {
            return Err(not_ours(OTHER_CONTENT));
        }
        let entry = LockEntry { path: path.to_owned(), id: identity(&file), sessions: Vec::new() };
        let sessions = match lock_session(target) {
            Ok(sessions) => sessions,
            Err(error) => {
                // No other process holds the lock file.
                entry.remove();
                return error;
            }
        };
        if locked {
            // Best effort: the lock holds without the name of its owner, and a full disk must not prevent it.
            let _ = owner::write(&mut file);
        }
        held_locks().push(entry);
        let file = locked.then_some(file);
        let mut lock = Self { path: path.to_owned(), target: target.to_owned(), file, sessions: Vec::new() };
        sessions.into_iter().for_each(|session| lock.track_file(session));
        Ok(Attempt::Locked(lock))
    }

    /// Returns whether the session is locked; `false` if the file system has no locks.
    pub(super) const fn is_held(&self) -> bool {
        self.file.is_some()
    }

    /// Returns the path of the session's file when the lock was taken, absolute and without links, so that later
    /// changes of links and of the current directory have no effect.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Records `session`, which [`lock_session_file`] locked, as the new file of the session.
    pub(super) fn track_file(&mut self, session: File) {
        // Another process cannot open a previous file that has no name any more.
        self.sessions.retain(has_name);
        if self.sessions.len() == MAX_LOCKED_FILES {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
        let ids = self.sessions.iter().filter_map(identity).collect();
        if let Some(entry) = held_locks().iter_mut().find(|entry| entry.path == self.path) {
            entry.sessions = ids;
        }
    }
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        let mut locks = held_locks();
        let Some(index) = locks.iter().position(|entry| entry.path == self.path) else { return };
        // The file is removed while it is still locked, so that it is not the lock file of another process.
        locks.swap_remove(index).remove();
    }
}

/// Locks a new file that will replace the session's. Best effort: the lock file alone protects it too.
#[cfg(unix)]
pub(super) fn lock_session_file(file: &File) {
    let _ = try_lock(file);
}

/// Does nothing: on these systems a lock would prevent other programs from reading the file.
#[cfg(not(unix))]
pub(super) fn lock_session_file(_: &File) {}

fn try_lock(file: &File) -> Result<(), TryLockError> {
    loop {
        match file.try_lock() {
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Locks the session's file, if it exists and can be locked.
#[cfg(unix)]
fn lock_session(target: &Path) -> Result<Option<File>, Result<Attempt, LockError>> {
    let file = match super::regular_file::open_file(target) {
        Ok(file) => file,
        // Without a descriptor, nothing else works either. Other errors are reported when the file is read.
        Err(error) if is_out_of_descriptors(&error) => return Err(Err(error.into())),
        Err(_) => return Ok(None),
    };
    match try_lock(&file) {
        Ok(()) if !is_at(&file, target) => Err(Ok(Attempt::Replaced)),
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let id = identity(&file);
            let ours = held_locks().iter().any(|entry| entry.sessions.iter().any(|it| Some(*it) == id));
            Err(Ok(Attempt::HeldByName(ours)))
        }
        // The lock file alone protects the session too.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Does nothing: on these systems a lock would prevent other programs from reading the file.
#[cfg(not(unix))]
fn lock_session(_: &Path) -> Result<Option<File>, Result<Attempt, LockError>> {
    Ok(None)
}

#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()))
}

/// Opens the lock file, or creates it, without changing its content. Only a regular file of ours with one name is
/// opened. Returns `None` if it has just been removed.
#[cfg(unix)]
fn open(path: &Path) -> Result<Option<File>, LockError> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;

    let not_ours = |what| Err(LockError::NotOurs { lock: path.to_owned(), what });
    // Opening a device or a pipe may have an effect.
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => return not_ours(A_LINK),
        Ok(there) if !there.is_file() => return not_ours(NOT_REGULAR),
        _ => {}
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return not_ours(A_LINK);
        }
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return not_ours(NOT_REGULAR);
    }
    match metadata.nlink() {
        0 => return Ok(None),
        1 => {}
        _ => return not_ours(MANY_NAMES),
    }
    // The owner of the directory decides about its files, and root works in directories of other users.
    let owners = [Some(rustix::process::geteuid().as_raw()), owner_of_directory(path)];
    if !owners.contains(&Some(metadata.uid())) {
        return not_ours(OF_ANOTHER_USER);
    }
    Ok(Some(file))
}

#[cfg(unix)]
fn owner_of_directory(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(super::replace::directory_of(path)).ok().map(|it| it.uid())
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<Option<File>, LockError> {
    let there = fs::symlink_metadata(path);
    if there.is_ok_and(|there| !there.is_file()) {
        return Err(LockError::NotOurs { lock: path.to_owned(), what: NOT_REGULAR });
    }
    Ok(Some(OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?))
}

#[cfg(unix)]
fn identity_of(metadata: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
const fn identity_of(_: &fs::Metadata) -> Option<Identity> {
    None
}

fn identity(file: &File) -> Option<Identity> {
    file.metadata().ok().as_ref().and_then(identity_of)
}

fn identity_at(path: &Path) -> Option<Identity> {
    fs::symlink_metadata(path).ok().as_ref().and_then(identity_of)
}

/// Returns whether `path` still names `file`. On systems other than Unix, an open file cannot be removed.
fn is_at(file: &File, path: &Path) -> bool {
    match identity(file) {
        None => fs::exists(path).unwrap_or(false),
        id => id == identity_at(path),
    }
}

#[cfg(unix)]
fn has_name(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|it| it.nlink() > 0)
}

#[cfg(not(unix))]
const fn has_name(_: &File) -> bool {
    false
}
