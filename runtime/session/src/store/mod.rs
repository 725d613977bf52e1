//! Stores that keep a session between runs: any [`SessionStore`], memory, or a file.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sansgram_core::client::StoredSession;

pub mod encryption;
mod error;
mod exposure;
mod file;
mod lease;
mod lock;
mod owner;
mod regular_file;
mod replace;

pub use error::StoreError;
pub use exposure::Exposure;
pub use file::FileStore;
pub use lease::{Acquired, Lease, LeasedStore, OwnedSession, StoreFuture};
pub use owner::{LockOwner, OwnerLocation};
pub use regular_file::{open_file, read_file};
pub use replace::replace_file;
pub(crate) use replace::{directory_of, hidden_name};

/// A store for a session. Its methods may block: the runtimes call them outside of their async threads, one at a time.
///
/// A client owns the session for as long as it holds the store, as with a [`FileStore`], which locks its file; or for the
/// time of a lease, if the store has [`leased`](Self::leased).
pub trait SessionStore: Send + Sync + 'static {
    /// Loads the stored session. Returns `None` if there is none yet.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the session cannot be loaded. The client then does not start, so that nothing is
    /// overwritten.
    fn load(&self) -> Result<Option<StoredSession>, StoreError>;

    /// Stores `session` instead of the previous one. The session must be durable when this method returns.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the session cannot be stored. The previous session must then still be there.
    fn save(&self, session: &StoredSession) -> Result<(), StoreError>;

    /// Returns the store as one whose sessions are owned by leases. A client then loads and saves by that alone.
    ///
    /// The default is `None`.
    fn leased(&self) -> Option<&dyn LeasedStore> {
        None
    }
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        (**self).save(session)
    }

    fn leased(&self) -> Option<&dyn LeasedStore> {
        (**self).leased()
    }
}

impl<S: SessionStore + ?Sized> SessionStore for Box<S> {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        (**self).load()
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        (**self).save(session)
    }

    fn leased(&self) -> Option<&dyn LeasedStore> {
        (**self).leased()
    }
}

/// A store in memory, which is lost when the process ends. Clones share the stored session.
#[derive(Clone, Default)]
pub struct MemoryStore {
    session: Arc<Mutex<Option<StoredSession>>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a store that already holds `session`.
    #[must_use]
    pub fn with_session(session: StoredSession) -> Self {
        Self { session: Arc::new(Mutex::new(Some(session))) }
    }

    /// Returns the stored session.
    #[must_use]
    pub fn session(&self) -> Option<StoredSession> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
