//! Stores that keep a session between runs: any [`SessionStore`], memory, or a file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sansgram_core::client::{SessionFormatError, StoredSession};

use crate::text::shown_path;

pub mod encryption;
mod exposure;
mod file;
mod lock;
mod owner;
mod regular;
mod replace;

pub use exposure::Exposure;
pub use file::FileStore;
pub use owner::{LockOwner, OwnerPlace};
pub use regular::{open_file, read_file};
pub use replace::replace_file;
pub(crate) use replace::{directory_of, hidden_name};

/// Keeps a session. Its methods may block: the runtimes call them off their async threads, one at a time.
pub trait SessionStore: Send + Sync + 'static {
    /// Loads the stored session; `None` if there is none yet.
    ///
    /// # Errors
    /// [`StoreError`]; the client then does not start, so that nothing is overwritten.
    fn load(&self) -> Result<Option<StoredSession>, StoreError>;

    /// Keeps `session` instead of what was kept before. It must be safe on the medium when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; what was kept before must then still be there.
    fn save(&self, session: &StoredSession) -> Result<(), StoreError>;
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        (**self).save(session)
    }
}

impl<S: SessionStore + ?Sized> SessionStore for Box<S> {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        (**self).save(session)
    }
}

/// Why a session cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system does not let us.
    #[error("the session file {} cannot be {action}: {error}{}", shown_path(path), io_advice(action, error))]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `locked` or `written`.
        action: &'static str,
        /// Why not.
        error: io::Error,
    },
    /// There is no directory to put the file into.
    #[error(
        "the session file {} cannot be written: the directory {} does not exist; make it, or name another session",
        shown_path(path),
        shown_path(directory)
    )]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// The file is no session of ours, or a damaged one. It is left as it is.
    #[error("the file {} is left as it is: {error}{}", shown_path(path), format_advice(error))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SessionFormatError,
    },
    /// The file holds another program's session, or a database. It is left as it is.
    #[error(
        "the file {} is left as it is: it is {what}; import it into a session of its own",
        shown_path(path)
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        what: &'static str,
    },
    /// The file is encrypted, and its passphrase is missing, wrong, or of no use as the file is damaged.
    #[error("the session file {} cannot be decrypted: {error}", shown_path(path))]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: encryption::DecryptError,
    },
    /// Another process, or another client of this one, works with the session: two at once would have Telegram revoke
    /// its key.
    #[error("the session {} is in use by {}", shown_path(path), owner_advice(owner.as_deref(), *other_name))]
    InUse {
        /// The session's file.
        path: PathBuf,
        /// The process, if it is known and runs on this system, in the same PID namespace.
        pid: Option<u32>,
        /// The process, wherever it runs, if it is known.
        owner: Option<Box<LockOwner>>,
        /// Whether it has the session by another name of its file (a hard link).
        other_name: bool,
    },
    /// What has the name of the session's lock file is no lock file of ours. It is left as it is.
    #[error(
        "the session {} cannot be locked: its lock file {} is {what} and is left as it is; remove it, or use another \
         session",
        shown_path(path),
        shown_path(lock)
    )]
    LockFile {
        /// The session's file.
        path: PathBuf,
        /// What has the lock file's name.
        lock: PathBuf,
        /// What it is, such as `a symbolic link`.
        what: &'static str,
    },
    /// Another program has put another session, with other keys, into the file since it was loaded or saved. It is left
    /// as it is.
    #[error(
        "the session file {} is left as it is: another program has put another session into it; move it away to \
         keep both, or start again to use it",
        shown_path(path)
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The session is in its file, but whether it stays there if the power fails now is not known.
    #[error("the session file {} is written, but a power failure may undo that: {error}", shown_path(path))]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// Why its directory could not be brought to the disk.
        error: io::Error,
    },
    /// Any other reason, of a store that is not ours.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// What helps if a session may be read but not kept.
fn io_advice(action: &str, error: &io::Error) -> &'static str {
    if is_without_locks(error) {
        return "; the lock service of its file system is down: start it, or keep the session on a local disk";
    }
    if is_link_to_itself(error) {
        return "; it is a symbolic link that leads back to itself: remove it, or name another session";
    }
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "; copy it into a directory that can be written",
        io::ErrorKind::PermissionDenied if action != "read" => {
            "; make its directory writable for you, or keep the session in another one"
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => "; name another session",
        io::ErrorKind::InvalidFilename => "; choose a shorter name",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room on its disk",
        // It is replaced as a whole, which a file that is mounted by itself cannot be.
        io::ErrorKind::ResourceBusy => "; if it is mounted by itself, mount its directory, not the file",
        _ => "",
    }
}

/// `ENOLCK`: NFS without its lock service.
#[cfg(unix)]
fn is_without_locks(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

/// `ELOOP`, which has no stable kind.
#[cfg(unix)]
fn is_link_to_itself(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
const fn is_link_to_itself(_: &io::Error) -> bool {
    false
}

#[cfg(not(unix))]
const fn is_without_locks(_: &io::Error) -> bool {
    false
}

/// A later version has its own advice.
const fn format_advice(error: &SessionFormatError) -> &'static str {
    match error {
        SessionFormatError::Newer(_) => "",
        _ => "; move it away, or use another session",
    }
}

/// Who has a session, and what to do about it.
fn owner_advice(owner: Option<&LockOwner>, other_name: bool) -> String {
    let by = if other_name { ", under another name of its file" } else { "" };
    match owner {
        Some(LockOwner { place: OwnerPlace::ThisProcess, .. }) => {
            format!("another client of this process{by}; disconnect it, or use another session")
        }
        Some(owner) => format!("{owner}{by}; stop it, or use another session"),
        None => format!("another process{by}; stop it, or use another session"),
    }
}

/// A store that forgets everything with the process. Clones share what they keep.
#[derive(Clone, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Option<StoredSession>>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that keeps `session` already.
    #[must_use]
    pub fn with_session(session: StoredSession) -> Self {
        Self { kept: Arc::new(Mutex::new(Some(session))) }
    }

    /// What is kept now.
    #[must_use]
    pub fn session(&self) -> Option<StoredSession> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl SessionStore for MemoryStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(self.session())
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
