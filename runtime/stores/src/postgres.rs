//! Sessions in PostgreSQL (tested with version 15), one row each, owned by leases.
//!
//! Times are those of the database's clock; the clocks of the clients may be wrong. If the database's is set ahead by
//! more than a tenth of a lease, another process can take a session whose owner still uses it. One connection and one
//! thread serve all sessions of a store, and one statement for each third of a lease renews them together.

use sansgram_session::StoreError;

use crate::sealing::SealingKeys;
use crate::shared::{SharedSession, SharedStore, StoreOptions, renewal_period};

mod connection;
mod database;
mod error;
mod schema;

pub use crate::shared::SessionInfo;
pub use database::Postgres;
pub use error::PostgresError;
pub use schema::SCHEMA;

/// Sessions in a PostgreSQL database. Its errors are [`StoreError::Other`] with a [`PostgresError`] or a
/// [`SharedStoreError`](crate::SharedStoreError).
pub type PostgresStore = SharedStore<Postgres>;

/// One session of a [`PostgresStore`], the store of a client.
pub type PostgresSession = SharedSession<Postgres>;

/// Options of a [`PostgresStore`].
pub type PostgresOptions = StoreOptions;

impl SharedStore<Postgres> {
    /// Connects to the database of `url` (`postgres://USER:PASSWORD@HOST/DATABASE`) and creates the tables if they are
    /// missing. The connection is opened again whenever it is lost. TLS is required and the certificate checked, unless
    /// the URL says `sslmode=disable`, or the host is this machine and it does not say `sslmode=require`.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`PostgresError`], which says what to do.
    pub async fn connect(url: &str, keys: SealingKeys, options: PostgresOptions) -> Result<Self, StoreError> {
        let renewal_period = renewal_period(&options)?;
        Self::start(Postgres::new(url, &options, renewal_period)?, keys, &options).await
    }
}
