//! What the databases have in common: the store, whose thread renews all leases of the process together, and the one
//! connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sansgram_session::{
    Acquired, LeasedStore, OwnedSession, SessionStore, StoreError, StoreFuture, StoredSession,
};

use crate::policy::{MAX_LEASE, MIN_LEASE, RENEWALS_PER_LEASE};
use crate::sealing::SealingKeys;

mod acquire;
mod answer;
pub(crate) mod database;
pub(crate) mod error;
mod info;
pub(crate) mod link;
mod options;
mod owned;
mod worker;

pub use error::SharedStoreError;
pub use info::SessionInfo;
pub use options::StoreOptions;

use acquire::acquire;
use answer::{received, wait};
use database::Database;
use worker::{Worker, is_possible_name};

/// Sessions in a database that several processes share. Clones share one connection and one thread, which ends with the
/// last of them and of their clients.
pub struct SharedStore<D: Database> {
    worker: Arc<Worker<D>>,
}

impl<D: Database> SharedStore<D> {
    /// Starts the thread of a store, and connects.
    pub(crate) async fn start(
        database: D,
        keys: SealingKeys,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let this = Self { worker: Worker::start(database, keys, options)? };
        let worker = this.worker.clone();
        let checked = this.worker.run(async move { worker.database.check().await.map_err(Into::into) });
        received(checked).await?;
        Ok(this)
    }

    /// Returns the session of this name, for a client. It may not exist yet. Nothing is read before the client starts.
    ///
    /// # Errors
    /// Errors with [`SharedStoreError::Name`] if the name is empty or longer than 200 bytes, or has control characters or
    /// marks that change the direction of writing.
    pub fn session(&self, name: &str) -> Result<SharedSession<D>, StoreError> {
        if !is_possible_name(name) {
            return Err(SharedStoreError::Name(name.chars().take(40).collect()).into());
        }
        Ok(SharedSession { worker: self.worker.clone(), name: name.into() })
    }

    /// Lists all sessions by their names, without their content.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with the database's error.
    pub async fn list(&self) -> Result<Vec<SessionInfo>, StoreError> {
        let worker = self.worker.clone();
        received(self.worker.run(async move { worker.list().await })).await
    }

    /// Returns the content of a session, whether or not it has an owner; `None` if there is none. Do not start a client
    /// with it: that is what the lease prevents.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with the database's error.
    pub async fn export(&self, name: &str) -> Result<Option<StoredSession>, StoreError> {
        let (worker, name) = (self.worker.clone(), self.session(name)?.name);
        received(self.worker.run(async move { worker.export(&name).await })).await
    }

    /// Releases all sessions that clients of this store own, for a process that ends at once. The clients end as if
    /// their leases were lost: they reset their connections, and what they have not saved is lost. Waits up to half a
    /// second for them.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with the database's error. The leases then end by themselves.
    pub async fn release_all(&self) -> Result<(), StoreError> {
        let worker = self.worker.clone();
        received(self.worker.run(async move { worker.release_all().await })).await
    }

    /// Returns the host, the port and the name of the database, as `HOST:PORT/DATABASE`.
    #[must_use]
    pub fn place(&self) -> &str {
        self.worker.database.place()
    }

    /// Stores a session under a name that has none yet.
    ///
    /// # Errors
    /// Returns [`StoreError::Leased`] if the name has an owner, and [`StoreError::Other`] with
    /// [`SharedStoreError::Exists`] or the database's error. Nothing is overwritten.
    pub async fn import(&self, name: &str, session: &StoredSession) -> Result<(), StoreError> {
        let session_of_name = self.session(name)?;
        let acquired = session_of_name.acquire().await?;
        // A login that failed may have left an empty one.
        if acquired.session.is_some_and(|there| !there.is_empty()) {
            release(acquired.owned).await;
            return Err(SharedStoreError::Exists(name.into()).into());
        }
        save_and_release(acquired.owned, session).await
    }
}

impl<D: Database> fmt::Debug for SharedStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("database", &self.worker.database.place()).finish_non_exhaustive()
    }
}

impl<D: Database> Clone for SharedStore<D> {
    fn clone(&self) -> Self {
        Self { worker: self.worker.clone() }
    }
}

/// One session of a [`SharedStore`], the store of a client.
pub struct SharedSession<D: Database> {
    worker: Arc<Worker<D>>,
    name: String,
}

impl<D: Database> Clone for SharedSession<D> {
    fn clone(&self) -> Self {
        Self { worker: self.worker.clone(), name: self.name.clone() }
    }
}

impl<D: Database> fmt::Debug for SharedSession<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSession").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<D: Database> LeasedStore for SharedSession<D> {
    fn acquire(&self) -> StoreFuture<Acquired> {
        let (worker, name) = (self.worker.clone(), self.name.clone());
        let taken = self.worker.run(async move { acquire(worker, &name).await });
        Box::pin(received(taken))
    }
}

/// A client uses the lease alone. These methods are for programs that only read or replace a session; they must not be
/// called inside an async task.
impl<D: Database> SessionStore for SharedSession<D> {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        let (worker, name) = (self.worker.clone(), self.name.clone());
        wait(self.worker.run(async move { worker.export(&name).await }))
    }

    /// Replaces the session, which must be free.
    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        let (worker, name) = (self.worker.clone(), self.name.clone());
        let acquired = wait(self.worker.run(async move { acquire(worker, &name).await }))?;
        wait(self.worker.run(save_and_release(acquired.owned, session)))
    }

    fn leased(&self) -> Option<&dyn LeasedStore> {
        Some(self)
    }
}

/// Returns the result of the save.
fn save_and_release(
    owned: Box<dyn OwnedSession>,
    session: &StoredSession,
) -> impl Future<Output = Result<(), StoreError>> + Send + 'static {
    let saving = owned.save(session);
    async move {
        let saved = saving.await;
        release(owned).await;
        saved
    }
}

/// If it fails, the lease ends by itself.
async fn release(owned: Box<dyn OwnedSession>) {
    if let Err(error) = owned.release().await {
        tracing::warn!(%error, "a session could not be released; its lease ends by itself");
    }
}

/// Returns the time from one renewal to the next.
pub(crate) fn renewal_period(options: &StoreOptions) -> Result<Duration, SharedStoreError> {
    let limits = MIN_LEASE..=MAX_LEASE;
    if limits.contains(&options.lease) {
        Ok(options.lease / RENEWALS_PER_LEASE)
    } else {
        Err(SharedStoreError::Lease(options.lease))
    }
}
