//! Sessions in PostgreSQL (tested with version 15), one row each, owned by leases.
//!
//! Times are those of the database's clock; the clocks of the clients may be wrong. If the database's is set ahead by
//! more than a tenth of a lease, another process can take a session whose owner still uses it. One connection and one
//! thread serve all sessions of a store, and one statement for each third of a lease renews them together.

use std::fmt;
use std::sync::Arc;

use sansgram_session::{
    Acquired, LeasedStore, OwnedSession, SessionStore, StoreError, StoreFuture, StoredSession,
};

use crate::policy::{MAX_LEASE, MIN_LEASE};
use crate::sealing::SealingKeys;

mod acquire;
mod answer;
mod connection;
mod error;
mod info;
mod options;
mod owned;
mod schema;
mod worker;

pub use error::PostgresError;
pub use info::SessionInfo;
pub use options::PostgresOptions;
pub use schema::SCHEMA;

use acquire::acquire;
use answer::{received, wait};
use worker::{Worker, is_possible_name};

/// Sessions in a PostgreSQL database. Clones share one connection and one thread, which ends with the last of them and
/// of their clients.
#[derive(Clone)]
pub struct PostgresStore {
    worker: Arc<Worker>,
}

impl PostgresStore {
    /// Connects to the database of `url` (`postgres://USER:PASSWORD@HOST/DATABASE`) and creates the tables if they are
    /// missing. The connection is opened again whenever it is lost. TLS is required and the certificate checked, unless
    /// the URL says `sslmode=disable`, or the host is this machine and it does not say `sslmode=require`.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`PostgresError`], which says what to do.
    pub async fn connect(url: &str, keys: SealingKeys, options: PostgresOptions) -> Result<Self, StoreError> {
        let limits = MIN_LEASE..=MAX_LEASE;
        if !limits.contains(&options.lease) {
            return Err(PostgresError::Lease(options.lease).into());
        }
        let worker = Worker::start(url, keys, &options)?;
        let this = Self { worker };
        let worker = this.worker.clone();
        received(this.worker.run(async move { worker.check().await })).await?;
        Ok(this)
    }

    /// Returns the session of this name, for a client. It may not exist yet. Nothing is read before the client starts.
    ///
    /// # Errors
    /// Errors if the name is empty or longer than 200 bytes, or has control characters or marks that change
    /// the direction of writing.
    pub fn session(&self, name: &str) -> Result<PostgresSession, StoreError> {
        if !is_possible_name(name) {
            return Err(PostgresError::Name(name.chars().take(40).collect()).into());
        }
        Ok(PostgresSession { worker: self.worker.clone(), name: name.into() })
    }

    /// Lists all sessions by their names, without their content.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`PostgresError`].
    pub async fn list(&self) -> Result<Vec<SessionInfo>, StoreError> {
        let worker = self.worker.clone();
        received(self.worker.run(async move { worker.list().await })).await
    }

    /// Returns the content of a session, whether or not it has an owner; `None` if there is none. Do not start a client
    /// with it: that is what the lease prevents.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`PostgresError`].
    pub async fn export(&self, name: &str) -> Result<Option<StoredSession>, StoreError> {
        let (worker, name) = (self.worker.clone(), self.session(name)?.name);
        received(self.worker.run(async move { worker.export(&name).await })).await
    }

    /// Releases all sessions that clients of this store own, for a process that ends at once. The clients end as if their
    /// leases were lost: they reset their connections, and what they have not saved is lost. Waits up to half a second for
    /// them.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`PostgresError`]. The leases then end by themselves.
    pub async fn release_all(&self) -> Result<(), StoreError> {
        let worker = self.worker.clone();
        received(self.worker.run(async move { worker.release_all().await })).await
    }

    /// Returns the host, the port and the name of the database, as `HOST:PORT/DATABASE`.
    #[must_use]
    pub fn place(&self) -> &str {
        self.worker.place()
    }

    /// Stores a session under a name that has none yet.
    ///
    /// # Errors
    /// Returns [`StoreError::Leased`] if the name has an owner, and [`StoreError::Other`] with a
    /// [`PostgresError`], such as [`PostgresError::Exists`]. Nothing is overwritten.
    pub async fn import(&self, name: &str, session: &StoredSession) -> Result<(), StoreError> {
        let session_of_name = self.session(name)?;
        let acquired = session_of_name.acquire().await?;
        // A login that failed may have left an empty one.
        if acquired.session.is_some_and(|there| !there.is_empty()) {
            release(acquired.owned).await;
            return Err(PostgresError::Exists(name.into()).into());
        }
        save_and_release(acquired.owned, session).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("database", &self.worker.place()).finish_non_exhaustive()
    }
}

/// One session of a [`PostgresStore`], the store of a client.
#[derive(Clone)]
pub struct PostgresSession {
    worker: Arc<Worker>,
    name: String,
}

impl fmt::Debug for PostgresSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSession").field("name", &self.name).finish_non_exhaustive()
    }
}

impl LeasedStore for PostgresSession {
    fn acquire(&self) -> StoreFuture<Acquired> {
        let (worker, name) = (self.worker.clone(), self.name.clone());
        let taken = self.worker.run(async move { acquire(worker, &name).await });
        Box::pin(received(taken))
    }
}

/// A client uses the lease alone. These methods are for programs that only read or replace a session; they must not be
/// called inside an async task.
impl SessionStore for PostgresSession {
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
