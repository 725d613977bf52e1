//! The store in a file.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sansgram_core::client::{SessionData, SessionFormatError};
use sansgram_core::crypto::{OsRandom, Secret};
use zeroize::Zeroizing;

use super::encryption::{self, Cost, DecryptError, Sealer};
use super::lock::{self, LockError, WriterLock};
use super::regular::{open_file, read_start};
use super::replace::{could_replace_file, directory_of, remove_temporaries, replace_file};
use super::{SessionStore, StoreError};
use crate::formats;

/// The largest file that is read as a session, in bytes; a session of all DCs has about 3 kB.
const MAX_FILE_LEN: u64 = 1 << 20;
/// More than a session of all DCs takes, in bytes.
const LARGE_SESSION: usize = 8 << 10;
/// How many links are followed to a file that is not there yet.
const MOST_LINKS: u32 = 40;

/// A store in one file, `NAME.session`: one line of text, readable by its owner only.
///
/// A save writes a new file beside it, brings it to the disk and renames it, so that a crash at any moment leaves
/// either the old session or the new one. A file that holds anything but a session is never overwritten.
///
/// From the first load or save until the last clone is dropped, the session is locked for other stores and other
/// processes, which get [`StoreError::InUse`]: two clients with one key would have Telegram revoke it. The lock is a
/// file `.NAME.session.lock` beside the session; it ends with its process, however that ends. Where a file system has
/// no locks, there is none.
///
/// Clones are the same store with the same lock, which does not keep one of them from another: give each to one
/// client at a time.
#[derive(Clone)]
pub struct FileStore {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    lock: Option<WriterLock>,
    passphrase: Option<Secret<String>>,
    /// What the passphrase was stretched to, for the salt of the file.
    sealer: Option<Sealer>,
}

impl FileStore {
    /// The session called `name`, which may have directories before it and `.session` behind it already.
    #[must_use]
    pub fn new(name: impl Into<PathBuf>) -> Self {
        let mut path = name.into().into_os_string();
        if Path::new(&path).extension().is_none_or(|extension| extension != "session") {
            path.push(".session");
        }
        Self { path: path.into(), state: Arc::default() }
    }

    /// Like [`new`](Self::new), but the file is encrypted with a key from `passphrase`. A session that is not
    /// encrypted yet is read too, and encrypted when it is saved next.
    #[must_use]
    pub fn encrypted(name: impl Into<PathBuf>, passphrase: Secret<String>) -> Self {
        let store = Self::new(name);
        store.state().passphrase = Some(passphrase);
        store
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kept session like [`load`](SessionStore::load), but whether or not somebody works with it: to look at it,
    /// not to sign in with it.
    ///
    /// # Errors
    /// [`StoreError`], but never [`StoreError::InUse`].
    pub fn peek(&self) -> Result<Option<SessionData>, StoreError> {
        self.read(&mut self.state())
    }

    /// Whether the file is encrypted; `false` too where there is none.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn is_encrypted(&self) -> Result<bool, StoreError> {
        let content = self.content()?.unwrap_or_default();
        Ok(content.starts_with(encryption::MARK.as_bytes()))
    }

    /// Makes sure that a session could be kept here: for whoever would rather know before a sign-in than after it.
    ///
    /// # Errors
    /// [`StoreError`], as a save would have it.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        self.read(state)?;
        could_replace_file(&self.target(), LARGE_SESSION).map_err(|error| self.io_error("written", error))
    }

    /// Removes what killed processes left behind of [`replace_file`] at `file`, which belongs to this session and is
    /// written by its owner only. Does nothing where this store does not hold the session's lock.
    pub fn remove_temporaries_of(&self, file: &Path) {
        if self.state().lock.as_ref().is_some_and(WriterLock::is_held) {
            remove_temporaries(file);
        }
    }

    /// Encrypts the file with another passphrase than before, or with none; so are later saves. `false` where there is
    /// no file yet.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn change_passphrase(&self, passphrase: Option<Secret<String>>) -> Result<bool, StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        let session = self.read(state)?;
        let before = State { lock: None, passphrase: state.passphrase.take(), sealer: state.sealer.take() };
        state.passphrase = passphrase;
        let Some(session) = session else { return Ok(false) };
        self.write(state, &session).inspect_err(|_| {
            state.passphrase = before.passphrase;
            state.sealer = before.sealer;
        })?;
        Ok(true)
    }

    /// Removes the files of all locks of this process. For whoever is about to end it without dropping its stores, as at
    /// a signal: a lock itself ends with the process, but its file would stay.
    pub fn unlock_all() {
        lock::remove_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that is replaced: a link is followed, so that the file behind it changes and the link stays.
    fn target(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| {
            let mut path = self.path.clone();
            for _ in 0..MOST_LINKS {
                let Ok(to) = fs::read_link(&path) else { break };
                path = directory_of(&path).join(to);
            }
            path
        })
    }

    fn lock(&self, state: &mut State) -> Result<(), LockError> {
        if state.lock.is_none() {
            let target = self.target();
            let lock = WriterLock::acquire(&target)?;
            if lock.is_held() {
                remove_temporaries(&target);
            }
            state.lock = Some(lock);
        }
        Ok(())
    }

    /// What the file holds; `None` where there is none.
    fn content(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        // No more of it is read: a database may be large, and is named by how it begins.
        let read = open_file(&self.path).and_then(|file| read_start(file, MAX_FILE_LEN));
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io_error("read", error)),
        }
    }

    fn read(&self, state: &mut State) -> Result<Option<SessionData>, StoreError> {
        let Some(bytes) = self.content()? else { return Ok(None) };
        if formats::is_sqlite(&bytes) {
            return Err(self.foreign("a SQLite database, as Telethon and Pyrogram keep sessions in"));
        }
        let foreign = |_| self.format_error(SessionFormatError::Foreign);
        let text = std::str::from_utf8(&bytes).map_err(foreign)?;
        if encryption::is_encrypted(text) {
            return self.decrypt(state, text).map(Some).map_err(|error| self.decrypt_error(error));
        }
        match SessionData::from_text(text) {
            Ok(session) => Ok(Some(session)),
            Err(SessionFormatError::Foreign) => Err(match formats::import_text(text) {
                Ok(other) => self.foreign(other.format.description()),
                Err(_) => self.format_error(SessionFormatError::Foreign),
            }),
            Err(error) => Err(self.format_error(error)),
        }
    }

    fn decrypt(&self, state: &mut State, text: &str) -> Result<SessionData, DecryptError> {
        let passphrase = state.passphrase.as_ref().ok_or(DecryptError::PassphraseMissing)?;
        let (session, sealer) = encryption::open(text, passphrase.expose(), state.sealer.take())?;
        state.sealer = Some(sealer);
        Ok(session)
    }

    fn write(&self, state: &mut State, session: &SessionData) -> Result<(), StoreError> {
        let text = match &state.passphrase {
            None => session.to_text(),
            Some(passphrase) => {
                let random = &mut OsRandom::default();
                let sealer = match state.sealer.take() {
                    Some(sealer) => sealer,
                    None => Sealer::new(passphrase.expose(), Cost::default(), random)
                        .map_err(|error| self.decrypt_error(error))?,
                };
                let text = state.sealer.insert(sealer).seal(session, random);
                Zeroizing::new(text.map_err(|error| self.decrypt_error(error))?)
            }
        };
        let lines = [text.as_bytes(), b"\n"];
        replace_file(&self.target(), &lines).map_err(|error| self.io_error("written", error))
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

    fn decrypt_error(&self, error: DecryptError) -> StoreError {
        StoreError::Encrypted { path: self.path.clone(), error }
    }

    fn foreign(&self, what: &'static str) -> StoreError {
        StoreError::Foreign { path: self.path.clone(), what }
    }

    fn lock_error(&self, action: &'static str, error: LockError) -> StoreError {
        match error {
            LockError::InUse(pid) => StoreError::InUse { path: self.path.clone(), pid },
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
    fn load(&self) -> Result<Option<SessionData>, StoreError> {
        let state = &mut *self.state();
        match self.lock(state) {
            // No directory, no session.
            Err(LockError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            locked => locked.map_err(|error| self.lock_error("locked", error))?,
        }
        self.read(state)
    }

    fn save(&self, session: &SessionData) -> Result<(), StoreError> {
        let state = &mut *self.state();
        self.lock(state).map_err(|error| self.lock_error("written", error))?;
        // Whatever lies there now must be ours to replace.
        self.read(state)?;
        self.write(state, session)
    }
}
