//! Where a session is kept between runs: any [`SessionStore`], memory, or a file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sansgram_core::client::{SessionData, SessionFormatError};

use crate::text::shell_word;

pub mod encryption;
mod file;
mod lock;
mod regular;
mod replace;

pub use file::FileStore;
pub use regular::{open_file, read_file};
pub use replace::replace_file;
pub(crate) use replace::{directory_of, hidden_name};

/// Keeps a session. Its methods may block: the runtimes call them off their async threads, one at a time.
pub trait SessionStore: Send + Sync + 'static {
    /// The kept session; `None` where there is none yet.
    ///
    /// # Errors
    /// [`StoreError`]; the client then does not start, so that nothing is overwritten.
    fn load(&self) -> Result<Option<SessionData>, StoreError>;

    /// Keeps `session` instead of what was kept before. It must be safe on the medium when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; what was kept before must then still be there.
    fn save(&self, session: &SessionData) -> Result<(), StoreError>;
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn load(&self) -> Result<Option<SessionData>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &SessionData) -> Result<(), StoreError> {
        (**self).save(session)
    }
}

impl<S: SessionStore + ?Sized> SessionStore for Box<S> {
    fn load(&self) -> Result<Option<SessionData>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &SessionData) -> Result<(), StoreError> {
        (**self).save(session)
    }
}

/// Why a session cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system does not let us.
    #[error("the session file {} cannot be {action}: {error}{}", path.display(), io_advice(action, error))]
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
        path.display(), directory.display()
    )]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// The file is no session of ours, or a damaged one. It is left as it is.
    #[error("the file {} is left as it is: {error}{}", path.display(), format_advice(error))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SessionFormatError,
    },
    /// The file holds another program's session, or a database. It is left as it is.
    #[error(
        "the file {} is left as it is: it is {what}; \"sansgram sessions import --from {} --session NAME\" reads it \
         into another one", path.display(), shell_word(path)
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        what: &'static str,
    },
    /// The file is encrypted, and its passphrase is missing, wrong, or of no use as the file is damaged.
    #[error("the session file {} cannot be decrypted: {error}", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: encryption::DecryptError,
    },
    /// Another process, or another client of this one, works with the session: two at once would have Telegram revoke
    /// its key.
    #[error(
        "the session {} is in use by {}, or use another session", path.display(), owner(*pid)
    )]
    InUse {
        /// The session's file.
        path: PathBuf,
        /// The process, where it is known.
        pid: Option<u32>,
    },
    /// Any other reason, of a store that is not ours.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// What helps where a session may be read but not kept.
fn io_advice(action: &str, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "; copy it into a directory that can be written",
        io::ErrorKind::PermissionDenied if action != "read" => {
            "; make its directory writable for you, or keep the session in another one"
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => "; name another session",
        // It is replaced as a whole, which a file that is mounted by itself cannot be.
        io::ErrorKind::ResourceBusy => "; if it is mounted by itself, mount its directory, not the file",
        _ => "",
    }
}

/// A later version has its own advice.
const fn format_advice(error: &SessionFormatError) -> &'static str {
    match error {
        SessionFormatError::Newer(_) => "",
        _ => "; move it away, or use another session",
    }
}

/// Who has a session, and what to do about it.
fn owner(pid: Option<u32>) -> String {
    match pid {
        Some(pid) if pid == std::process::id() => "another client of this process; disconnect it".into(),
        Some(pid) => format!("PID {pid}; stop it"),
        None => "another process; stop it".into(),
    }
}

/// A store that forgets everything with the process. Clones share what they keep.
#[derive(Clone, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Option<SessionData>>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that keeps `session` already.
    #[must_use]
    pub fn with(session: SessionData) -> Self {
        Self { kept: Arc::new(Mutex::new(Some(session))) }
    }

    /// What is kept now.
    #[must_use]
    pub fn session(&self) -> Option<SessionData> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl SessionStore for MemoryStore {
    fn load(&self) -> Result<Option<SessionData>, StoreError> {
        Ok(self.session())
    }

    fn save(&self, session: &SessionData) -> Result<(), StoreError> {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
