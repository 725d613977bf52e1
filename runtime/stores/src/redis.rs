//! Sessions in Redis (7.0 or later, tested with 7.0; a server that speaks its protocol, such as Valkey, may do), one
//! hash each, owned by leases.
//!
//! **PostgreSQL is recommended.** Redis answers before a write is on the disk (unless it is set to
//! `appendfsync always`) and before its replicas have it, so a crash or a failover can take back the last writes:
//!
//! - **The last saves may be gone.** The session is then an earlier one: a login or a key that was saved last is lost,
//!   and the user has to log in again.
//! - **Who owns a session may be forgotten.** The store therefore gives no session to a new owner for one lease after
//!   the server was started again or replaced, which it notices by the replication ID. An owner that was forgotten ends
//!   meanwhile, at its next renewal. All processes should use the same lease for that. Numbers of ownerships and
//!   versions may repeat then; each write also names its owner, so a late one still changes nothing.
//! - **A primary that is cut off from its replicas, and does not know that one of them has replaced it, goes on.** Its
//!   clients keep their sessions, while others take them from the new one: two owners at once, for which Telegram may
//!   end the key. `min-replicas-to-write 1` bounds that: such a primary refuses writes, and so renewals, after
//!   `min-replicas-max-lag` seconds (10 by default). Set this lower than the time after which a replica is promoted.
//!   It does not bring lost writes back.
//!
//! `appendonly yes` with `appendfsync always` loses no write in a crash of the process or the computer, but still the
//! last ones in a failover; with `everysec`, the default, about a second of them. With snapshots alone (`save`), all
//! since the last one are lost.
//!
//! Times are those of the server's clock; the clocks of the clients may be wrong. If the server's is set ahead by more
//! than a tenth of a lease, another process can take a session whose owner still uses it. One connection and one
//! thread serve all sessions of a store, and one command for each third of a lease renews them together.
//!
//! The keys all begin with `{sansgram}:`, so they share a slot of a cluster. Each session is a hash
//! `{sansgram}:session:NAME` with the fields `owner`, `fence`, `lease` (milliseconds), `expires_at` (milliseconds since
//! 1970), `version` and `data` (sealed). Their names are the set `{sansgram}:sessions`, and the hash
//! `{sansgram}:server` has the layout and what is known of the server. None of them expires. To remove a session that
//! no client uses, delete its hash.

use sansgram_session::StoreError;

use crate::sealing::SealingKeys;
use crate::shared::{SharedSession, SharedStore, StoreOptions, renewal_period};

mod connection;
mod database;
mod error;
mod info;
mod keys;
mod scripts;
mod url;

pub use database::Redis;
pub use error::RedisError;

/// Sessions in a Redis server. Its errors are [`StoreError::Other`] with a [`RedisError`] or a
/// [`SharedStoreError`](crate::SharedStoreError).
pub type RedisStore = SharedStore<Redis>;

/// One session of a [`RedisStore`], the store of a client.
pub type RedisSession = SharedSession<Redis>;

/// Options of a [`RedisStore`].
pub type RedisOptions = StoreOptions;

/// What a user of the server must be allowed, for `ACL SETUSER NAME on >PASSWORD` and this. A user with another
/// database than 0 in the URL needs `+select`, too.
pub const RIGHTS: &str = "~{sansgram}:* +eval +info +time +hget +hmget +hset +hdel +sadd +smembers";

impl SharedStore<Redis> {
    /// Connects to the server of `url`: `redis://USER:PASSWORD@HOST:PORT/NUMBER`, with `rediss` for TLS, whose
    /// certificate is checked. The user, the password, the port (6379) and the number of the database (0) may be left
    /// out. The connection is opened again whenever it is lost.
    ///
    /// The server must be a primary one that keeps what it is given: one that removes keys without a time to live when
    /// its memory is full (`maxmemory-policy allkeys-…`), or that does not say its replication ID, is refused.
    ///
    /// # Errors
    /// Returns [`StoreError::Other`] with a [`RedisError`], which says what to do.
    pub async fn connect(url: &str, keys: SealingKeys, options: RedisOptions) -> Result<Self, StoreError> {
        let renewal_period = renewal_period(&options)?;
        Self::start(Redis::new(url, &options, renewal_period)?, keys, &options).await
    }
}
