//! A session of a database that this process owns, before a client has it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sansgram_runtime::core::client::StoredSession;
use sansgram_runtime::{Acquired, LeasedStore, OwnedSession, SessionStore, StoreError, StoreFuture};

/// A session with its lease, which the client that is started with it takes over.
#[derive(Debug)]
pub(crate) struct TakenSession {
    /// What a client begins with.
    session: Option<StoredSession>,
    owned: Mutex<Option<Box<dyn OwnedSession>>>,
}

impl TakenSession {
    pub(crate) fn new(acquired: Acquired) -> Self {
        Self { session: acquired.session, owned: Mutex::new(Some(acquired.owned)) }
    }

    /// Begins with an empty session, which replaces the stored one once it is saved.
    pub(crate) fn emptied(mut self) -> Self {
        self.session = None;
        self
    }

    fn owned(&self) -> MutexGuard<'_, Option<Box<dyn OwnedSession>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for TakenSession {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(self.session.clone())
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.owned().as_ref().map_or_else(|| Err(taken_over()), |owned| smol::block_on(owned.save(session)))
    }

    fn leased(&self) -> Option<&dyn LeasedStore> {
        Some(self)
    }
}

impl LeasedStore for TakenSession {
    fn acquire(&self) -> StoreFuture<Acquired> {
        let acquired = self.owned().take().map(|owned| Acquired { session: self.session.clone(), owned });
        Box::pin(std::future::ready(acquired.ok_or_else(taken_over)))
    }
}

fn taken_over() -> StoreError {
    StoreError::Other("a client has the session already".into())
}
