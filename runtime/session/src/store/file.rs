//! A session store in a file.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sansgram_core::client::{SessionFormatError, StoredSession};
use sansgram_core::{AuthKeyId, OsRandom, Secret};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::encryption::{self, Cost, EncryptionError, Sealer};
use super::lock::{self, LockError, SessionLock};
use super::regular_file::{open_file, read_start};
use super::replace::{could_replace_file, directory_of, remove_temporaries, replace};
use super::{Exposure, LockOwner, OwnerLocation, SessionStore, StoreError, exposure};
use crate::formats;
use crate::policy::{LARGE_SESSION_LEN, MAX_LINKS, MAX_SESSION_LEN};

/// A session store in one file, `NAME.session`: one line of text that only its owner can read.
///
/// A save writes a new file beside it, syncs it to the disk and renames it, so that a crash at any moment leaves either
/// the old session or the new one. A file that does not hold a session is never overwritten. A file of more than 1 MiB is
/// not read as a session.
///
/// From the first load or save until the last clone is dropped, the session is locked for other stores and other
/// processes, which get [`StoreError::InUse`]: two clients with one key would have Telegram revoke it. The lock is a
/// file `.NAME.session.lock` beside the session; it ends with its process, however that ends. On Unix the session's
/// file itself is locked too, so that a second name of it (a hard link) does not bypass the lock. On a file system
/// without locks, the session is not locked. A lock file that is a link or belongs to another user is refused and left as it is
/// ([`StoreError::LockFile`]).
///
/// Clones share the store and its lock. The lock does not protect one clone from another: use each with one client at a
/// time.
#[derive(Clone)]
pub struct FileStore {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    lock: Option<SessionLock>,
    passphrase: Option<Secret<String>>,
    /// The stretched passphrase, for the salt of the file.
    sealer: Option<Sealer>,
    last_known: Option<LastKnown>,
    /// True if a passphrase is tried at any cost.
    at_any_cost: bool,
}

/// The content of the file when this store last read or wrote it.
struct LastKnown {
    /// The SHA-256 of the file.
    digest: [u8; 32],
    keys: Vec<AuthKeyId>,
}

impl LastKnown {
    /// Creates the record of a file whose content is the concatenated pieces.
    fn new(content: &[&[u8]], session: &StoredSession) -> Self {
        Self { digest: digest(content), keys: key_ids(session) }
    }
}

/// Returns the SHA-256 of the concatenated pieces.
fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    pieces.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
}

fn key_ids(session: &StoredSession) -> Vec<AuthKeyId> {
    session.keys.values().map(|key| key.auth_key.id()).collect()
}

impl FileStore {
    /// Creates a store for the session called `name`, which may include directories and may already end with
    /// `.session`.
    #[must_use]
    pub fn new(name: impl Into<PathBuf>) -> Self {
        let mut path = name.into().into_os_string();
        if Path::new(&path).extension().is_none_or(|extension| extension != "session") {
            path.push(".session");
        }
        Self { path: path.into(), state: Arc::default() }
    }

    /// Like [`new`](Self::new), but encrypts the file with a key from `passphrase`. A session that is not encrypted yet
    /// can be read too; the next save encrypts it.
    #[must_use]
    pub fn encrypted(name: impl Into<PathBuf>, passphrase: Secret<String>) -> Self {
        let store = Self::new(name);
        store.state().passphrase = Some(passphrase);
        store
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Loads the session like [`load`](SessionStore::load), even if another process uses it. Intended for inspection,
    /// not for logging in.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the session cannot be loaded, but never [`StoreError::InUse`].
    pub fn load_unlocked(&self) -> Result<Option<StoredSession>, StoreError> {
        self.read(&mut self.state())
    }

    /// Returns whether the file is encrypted; `false` if there is no file.
    ///
    /// # Errors
    /// Returns [`StoreError::Io`] if the file cannot be read.
    pub fn is_encrypted(&self) -> Result<bool, StoreError> {
        let content = self.content(&self.state())?.unwrap_or_default();
        Ok(content.starts_with(encryption::TEXT_PREFIX.as_bytes()))
    }

    /// Returns the cost of trying a passphrase on the file. Returns `None` if the file is not encrypted or does not
    /// exist.
    ///
    /// # Errors
    /// Returns [`StoreError::Io`] if the file cannot be read, or [`StoreError::Encrypted`] if the file is damaged.
    pub fn cost(&self) -> Result<Option<Cost>, StoreError> {
        let content = self.content(&self.state())?.unwrap_or_default();
        match std::str::from_utf8(&content) {
            Ok(text) if encryption::is_encrypted(text) => {
                encryption::cost(text).map(Some).map_err(|error| self.encryption_error("decrypted", error))
            }
            _ => Ok(None),
        }
    }

    /// Allows passphrases to be tried at any cost, up to 1 GiB of memory with 100 passes: for a file that is trusted.
    /// Otherwise, a file that costs more than [usual](Cost::is_usual) is refused with [`EncryptionError::UnusualCost`].
    pub fn allow_any_cost(&self) {
        self.state().at_any_cost = true;
    }

    /// Checks that a session can be stored here, before a login depends on it.
    ///
    /// # Errors
    /// Returns the [`StoreError`] that a save would return.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        self.read(state)?;
        let lock = self.lock(state).map_err(|error| self.lock_error("written", error))?;
        could_replace_file(lock.target(), LARGE_SESSION_LEN).map_err(|error| self.io_error("written", error))
    }

    /// Removes the temporary files that killed processes left from [`replace_file`](crate::replace_file) at `file`,
    /// which belongs to this session and is written by its owner only. Does nothing if this store does not hold the
    /// session's lock.
    pub fn remove_temporaries_of(&self, file: &Path) {
        if self.state().lock.as_ref().is_some_and(SessionLock::is_held) {
            remove_temporaries(file);
        }
    }

    /// Encrypts the file with another passphrase, or decrypts it if `passphrase` is `None`; later saves do the same.
    /// Returns `false` if there is no file yet.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the passphrase cannot be changed; the file is then unchanged.
    pub fn change_passphrase(&self, passphrase: Option<Secret<String>>) -> Result<bool, StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        let session = self.read(state)?;
        let before = (state.passphrase.take(), state.sealer.take());
        state.passphrase = passphrase;
        let Some(session) = session else { return Ok(false) };
        let written = self.write(state, &session);
        if written.as_ref().is_err_and(|error| !matches!(error, StoreError::NotDurable { .. })) {
            (state.passphrase, state.sealer) = before;
        }
        written.map(|()| true)
    }

    /// Returns how other users of this computer can reach the session, for a warning, according to the modes and owners
    /// of the file and its directory. The list is empty if they cannot, and on systems without such modes.
    #[must_use]
    pub fn exposure(&self) -> Vec<Exposure> {
        exposure::of(&self.target())
    }

    /// Removes the files of all locks of this process. Call this before the process ends without dropping its stores,
    /// for example on a signal: the lock itself ends with the process, but its file would remain.
    pub fn remove_lock_files() {
        lock::remove_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the file to replace. A link is followed, so that its target is replaced and the link remains.
    fn target(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| {
            let mut path = self.path.clone();
            for _ in 0..MAX_LINKS {
                let Ok(to) = fs::read_link(&path) else { break };
                path = directory_of(&path).join(to);
            }
            // The path is absolute, so that it does not depend on the current directory later.
            match (fs::canonicalize(directory_of(&path)), path.file_name()) {
                (Ok(directory), Some(name)) => directory.join(name),
                _ => path,
            }
        })
    }

    fn lock<'a>(&self, state: &'a mut State) -> Result<&'a mut SessionLock, LockError> {
        let lock = match state.lock.take() {
            Some(lock) => lock,
            None => {
                let lock = SessionLock::acquire(&self.target())?;
                if lock.is_held() {
                    remove_temporaries(lock.target());
                }
                for exposure in exposure::of(lock.target()) {
                    tracing::warn!(%exposure);
                }
                lock
            }
        };
        Ok(state.lock.insert(lock))
    }

    /// Returns the content of the file, or `None` if there is no file.
    fn content(&self, state: &State) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let path = state.lock.as_ref().map_or(&*self.path, SessionLock::target);
        // Only the first bytes are read: they identify a database, which may be large.
        match open_file(path).and_then(|file| read_start(file, MAX_SESSION_LEN)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io_error("read", error)),
        }
    }

    fn read(&self, state: &mut State) -> Result<Option<StoredSession>, StoreError> {
        let Some(bytes) = self.content(state)? else { return Ok(None) };
        let session = self.parse(state, &bytes)?;
        state.last_known = Some(LastKnown::new(&[&bytes], &session));
        Ok(Some(session))
    }

    /// Returns an error if the current content of the file must not be replaced by `session`.
    fn check_replaceable(&self, state: &mut State, session: &StoredSession) -> Result<(), StoreError> {
        let Some(bytes) = self.content(state)? else { return Ok(()) };
        let Some(last_known) = state.last_known.take() else { return self.parse(state, &bytes).map(drop) };
        if last_known.digest == digest(&[&bytes]) {
            state.last_known = Some(last_known);
            return Ok(());
        }
        let present = self.parse(state, &bytes);
        let keys = present.as_ref().map(key_ids).unwrap_or_default();
        let known_keys = [last_known.keys.clone(), key_ids(session)].concat();
        state.last_known = Some(last_known);
        present?;
        match keys.is_empty() || keys.iter().any(|key| known_keys.contains(key)) {
            true => Ok(()),
            false => Err(StoreError::OverwrittenByOther { path: self.path.clone() }),
        }
    }

    fn parse(&self, state: &mut State, bytes: &[u8]) -> Result<StoredSession, StoreError> {
        if formats::is_sqlite(bytes) {
            return Err(self.foreign("a SQLite database, as used by Telethon and Pyrogram"));
        }
        let foreign = |_| self.format_error(SessionFormatError::Foreign);
        let text = std::str::from_utf8(bytes).map_err(foreign)?;
        if encryption::is_encrypted(text) {
            return self.decrypt(state, text).map_err(|error| self.encryption_error("decrypted", error));
        }
        match StoredSession::from_text(text) {
            Ok(session) => Ok(session),
            Err(SessionFormatError::Foreign) => Err(match formats::import_text(text) {
                Ok(other) => self.foreign(other.format.description()),
                Err(_) => self.format_error(SessionFormatError::Foreign),
            }),
            Err(error) => Err(self.format_error(error)),
        }
    }

    fn decrypt(&self, state: &mut State, text: &str) -> Result<StoredSession, EncryptionError> {
        let passphrase = state.passphrase.as_ref().ok_or(EncryptionError::PassphraseMissing)?;
        let (session, sealer) =
            encryption::open(text, passphrase.expose(), state.sealer.take(), state.at_any_cost)?;
        state.sealer = Some(sealer);
        Ok(session)
    }

    fn write(&self, state: &mut State, session: &StoredSession) -> Result<(), StoreError> {
        let text = match &state.passphrase {
            None => session.to_text(),
            Some(passphrase) => {
                let random = &mut OsRandom::default();
                let sealer = match state.sealer.take() {
                    Some(sealer) => sealer,
                    None => Sealer::new(passphrase.expose(), Cost::default(), random)
                        .map_err(|error| self.encryption_error("encrypted", error))?,
                };
                let text = state.sealer.insert(sealer).seal(session, random);
                Zeroizing::new(text.map_err(|error| self.encryption_error("encrypted", error))?)
            }
        };
        let lines = [text.as_bytes(), b"\n"];
        let lock = self.lock(state).map_err(|error| self.lock_error("written", error))?;
        let replaced = replace(lock.target(), &lines, lock::lock_session_file)
            .map_err(|error| self.io_error("written", error))?;
        lock.track_file(replaced.file);
        state.last_known = Some(LastKnown::new(&lines, session));
        replaced
            .not_durable
            .map_or(Ok(()), |error| Err(StoreError::NotDurable { path: self.path.clone(), error }))
    }

    fn io_error(&self, action: &'static str, error: io::Error) -> StoreError {
        let directory = directory_of(&self.target()).to_owned();
        if error.kind() == io::ErrorKind::NotFound && !directory.exists() {
            return StoreError::NoDirectory { path: self.path.clone(), directory };
        }
        StoreError::Io { path: self.path.clone(), action, error }
    }

    fn format_error(&self, error: SessionFormatError) -> StoreError {
        StoreError::Format { path: self.path.clone(), error }
    }

    fn encryption_error(&self, action: &'static str, error: EncryptionError) -> StoreError {
        StoreError::Encrypted { path: self.path.clone(), action, error }
    }

    fn foreign(&self, what: &'static str) -> StoreError {
        StoreError::Foreign { path: self.path.clone(), what }
    }

    fn lock_error(&self, action: &'static str, error: LockError) -> StoreError {
        match error {
            LockError::InUse { owner, other_name } => {
                let here = |it: &&LockOwner| {
                    matches!(it.location, OwnerLocation::ThisProcess | OwnerLocation::ThisSystem)
                };
                let pid = owner.as_ref().filter(here).map(|owner| owner.pid);
                StoreError::InUse { path: self.path.clone(), pid, owner: owner.map(Box::new), other_name }
            }
            LockError::NotOurs { lock, what } => StoreError::LockFile { path: self.path.clone(), lock, what },
            LockError::Io(error) => self.io_error(action, error),
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SessionStore for FileStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        let state = &mut *self.state();
        match self.lock(state) {
            // Without a directory, there is no session.
            Err(LockError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            locked => drop(locked.map_err(|error| self.lock_error("locked", error))?),
        }
        self.read(state)
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        self.check_replaceable(state, session)?;
        self.write(state, session)
    }
}
