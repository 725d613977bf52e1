//! The reasons why a session cannot be loaded or saved, each with what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sansgram_core::client::SessionFormatError;

use super::encryption;
use super::owner::{LockOwner, OwnerLocation};
use crate::text::shown_path;

/// The reason why a session cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system reported an error.
    #[error("the session file {} cannot be {action}: {error}{}", shown_path(path), io_advice(action, error))]
    Io {
        /// The file.
        path: PathBuf,
        /// The action that failed: `read`, `locked` or `written`.
        action: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The directory of the file does not exist.
    #[error(
        "the session file {} cannot be written: the directory {} does not exist; create it, or use another session",
        shown_path(path),
        shown_path(directory)
    )]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// The file does not hold a session of ours, or holds a damaged one. It is left unchanged.
    #[error("the file {} is left as it is: {error}{}", shown_path(path), format_advice(error))]
    Format {
        /// The file.
        path: PathBuf,
        /// The error in the content.
        error: SessionFormatError,
    },
    /// The file holds a session of another program, or a database. It is left unchanged.
    #[error("the file {} is left as it is: it is {what}; import it as a separate session", shown_path(path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The format that was recognized.
        what: &'static str,
    },
    /// The file is encrypted, and its passphrase is missing or wrong, or the file is damaged; or the session cannot be
    /// encrypted.
    #[error("the session file {} cannot be {action}: {error}", shown_path(path))]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// What failed: "encrypted" or "decrypted".
        action: &'static str,
        /// The reason.
        error: encryption::EncryptionError,
    },
    /// Another process, or another client of this process, uses the session. Telegram revokes a key that two clients
    /// use.
    #[error("the session {} is in use by {}", shown_path(path), owner_advice(owner.as_deref(), *other_name))]
    InUse {
        /// The session's file.
        path: PathBuf,
        /// The process, if it is known and runs on this system, in the same PID namespace.
        pid: Option<u32>,
        /// The process, on any system, if it is known.
        owner: Option<Box<LockOwner>>,
        /// True if the process uses the session by another name of its file (a hard link).
        other_name: bool,
    },
    /// The file with the name of the session's lock file is not one of our lock files. It is left unchanged.
    #[error(
        "the session {} cannot be locked: its lock file {} is {what} and is left as it is; remove it, or use another \
         session",
        shown_path(path),
        shown_path(lock)
    )]
    LockFile {
        /// The session's file.
        path: PathBuf,
        /// The path of the lock file.
        lock: PathBuf,
        /// A description of the file, such as `a symbolic link`.
        what: &'static str,
    },
    /// Another program has written a session with other keys to the file since it was loaded or saved. The file is left
    /// unchanged.
    #[error(
        "the session file {} is left as it is: another program has written another session to it; move it away \
         to keep both, or start again to use it",
        shown_path(path)
    )]
    OverwrittenByOther {
        /// The file.
        path: PathBuf,
    },
    /// The session is written to its file, but a power failure may still undo that.
    #[error(
        "the session file {} was written, but might be lost in a power failure: {error}",
        shown_path(path)
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The reason why its directory could not be synced to the disk.
        error: io::Error,
    },
    /// Another owner has a lease of the session.
    #[error(
        "the session {session} is in use by {owner}; disconnect that client, or end its process: its lease ends in {} s \
         unless it is renewed",
        remaining.as_millis().div_ceil(1000)
    )]
    Leased {
        /// The name of the session.
        session: String,
        /// The owner, as it calls itself, or `another client of this process`.
        owner: String,
        /// How long its lease still lasts if it is not renewed. An owner that runs renews it.
        remaining: Duration,
    },
    /// The lease of the session is over, so that another owner may have it. The client has closed its connections and
    /// ended; what was saved before is kept.
    #[error("the session {session} is no longer owned: {reason}; start a new client to take it again")]
    LeaseLost {
        /// The name of the session.
        session: String,
        /// Why, as a part of a sentence.
        reason: String,
    },
    /// Any other error, from a store of another crate.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Returns advice for an error of the operating system, or an empty text.
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
        // The file is replaced as a whole, which is impossible if the file itself is a mount point.
        io::ErrorKind::ResourceBusy => "; if only the file is mounted, mount its directory instead",
        _ => "",
    }
}

/// Returns whether the error is `ENOLCK`: NFS without its lock service.
#[cfg(unix)]
fn is_without_locks(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

/// Returns whether the error is `ELOOP`, which has no stable kind.
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

/// Returns advice for a format error; the error for a later version already contains advice.
const fn format_advice(error: &SessionFormatError) -> &'static str {
    match error {
        SessionFormatError::Newer(_) => "",
        _ => "; move it away, or use another session",
    }
}

/// Describes the process that uses a session, and what to do about it.
fn owner_advice(owner: Option<&LockOwner>, other_name: bool) -> String {
    let by = if other_name { ", under another name of its file" } else { "" };
    match owner {
        Some(LockOwner { location: OwnerLocation::ThisProcess, .. }) => {
            format!("another client of this process{by}; disconnect it, or use another session")
        }
        Some(owner) => format!("{owner}{by}; stop it, or use another session"),
        None => format!("another process{by}; stop it, or use another session"),
    }
}
