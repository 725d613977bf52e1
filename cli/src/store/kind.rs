//! The kinds of databases that this build can use.

use std::error::Error as StdError;

use sansgram_runtime::{Error, StoreError};
use sansgram_stores::sealing::SealError;
#[cfg(feature = "postgres")]
use sansgram_stores::{PostgresError, PostgresOptions, PostgresStore};
#[cfg(feature = "redis")]
use sansgram_stores::{RedisError, RedisOptions, RedisStore};
use sansgram_stores::{SealingKeys, SharedStoreError};

use crate::environment::STORE_KEY;
use crate::error::Failure;

/// The sessions of a database.
#[derive(Clone)]
pub(super) enum Store {
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
    #[cfg(feature = "redis")]
    Redis(RedisStore),
}

/// Does the same with the store of any kind of database.
macro_rules! with {
    ($any:expr, $store:ident => $work:expr) => {
        match $any {
            #[cfg(feature = "postgres")]
            $crate::store::kind::Store::Postgres($store) => $work,
            #[cfg(feature = "redis")]
            $crate::store::kind::Store::Redis($store) => $work,
        }
    };
}
pub(super) use with;

impl Store {
    /// Connects to the database of `url`, whose scheme says of which kind it is.
    pub(super) fn connect(url: &str, keys: SealingKeys) -> Result<Self, Failure> {
        // Also with a slip of the pen: the error says how it is written.
        if url.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("redis")) {
            #[cfg(not(feature = "redis"))]
            return Err(absent("Redis", "redis"));
            #[cfg(feature = "redis")]
            {
                let connecting = RedisStore::connect(url, keys, RedisOptions::default());
                return Ok(Self::Redis(smol::block_on(connecting).map_err(Error::from)?));
            }
        }
        #[cfg(not(feature = "postgres"))]
        return Err(absent("PostgreSQL", "postgres"));
        #[cfg(feature = "postgres")]
        {
            let connecting = PostgresStore::connect(url, keys, PostgresOptions::default());
            Ok(Self::Postgres(smol::block_on(connecting).map_err(Error::from)?))
        }
    }
}

#[cfg(not(all(feature = "postgres", feature = "redis")))]
fn absent(database: &str, feature: &str) -> Failure {
    Failure::new(format!(
        "this build of sansgram cannot use {database}; build one that can with \"cargo install --path cli --features \
         {feature}\", or set another URL"
    ))
}

/// Returns whether the error says that there is a session of this name.
pub(super) fn is_taken_name(error: &StoreError) -> bool {
    let StoreError::Other(error) = error else { return false };
    matches!(error.downcast_ref(), Some(SharedStoreError::Exists(_)))
}

/// Returns why a session cannot be opened, if that is the error.
pub(super) fn seal_error(error: &StoreError) -> Option<&SealError> {
    let StoreError::Other(error) = error else { return None };
    match error.downcast_ref()? {
        SharedStoreError::Sealed { error, .. } => Some(error),
        _ => None,
    }
}

/// Returns a sentence for an error of a database, whose own sentence has advice for the library's users.
pub(crate) fn sentence(error: &(dyn StdError + Send + Sync + 'static)) -> Option<String> {
    if let Some(SharedStoreError::Sealed { session, error: SealError::UnknownKey }) = error.downcast_ref() {
        return Some(format!(
            "the session {session} is left as it is: it is sealed under another key; give the key that sealed it in \
             {STORE_KEY} or by --store-key-file"
        ));
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.downcast_ref() {
        return postgres_sentence(error);
    }
    #[cfg(feature = "redis")]
    if let Some(error) = error.downcast_ref() {
        return redis_sentence(error);
    }
    None
}

#[cfg(feature = "redis")]
fn redis_sentence(error: &RedisError) -> Option<String> {
    Some(match error {
        RedisError::Tls { place, reason } => format!(
            "no TLS connection to the server {place} is possible ({reason}); set SSL_CERT_FILE to a file with the certificate \
             that signed the server's, or write redis:// in the URL if the network is trusted"
        ),
        RedisError::Rights { place, reason } => format!(
            "the user may not do what is needed in {place} ({reason}); let the server's owner run ACL SETUSER with its name \
             and \"{}\"",
            sansgram_stores::redis::RIGHTS
        ),
        _ => return None,
    })
}

#[cfg(feature = "postgres")]
fn postgres_sentence(error: &PostgresError) -> Option<String> {
    Some(match error {
        PostgresError::Url(reason) if cfg!(feature = "redis") => format!(
            "the URL of the database cannot be read ({reason}); write postgres://USER:PASSWORD@HOST/DATABASE, or \
             redis://USER:PASSWORD@HOST:PORT/NUMBER"
        ),
        // They are created together.
        PostgresError::Tables { place, reason }
            if reason.contains("\"sansgram_sessions\" does not exist") =>
        {
            format!(
                "the table sansgram_sessions in {place} is gone; restore it from a backup, or drop the table sansgram_layout, \
                 too: the next command of the owner of the database then creates both"
            )
        }
        PostgresError::Tables { place, reason } => format!(
            "the tables of the sessions cannot be used or created in {place} ({reason}); run \"sansgram sessions list\" once \
             as the owner of the database, which creates them, and grant SELECT, INSERT and UPDATE on sansgram_layout and \
             sansgram_sessions to this user"
        ),
        PostgresError::Tls { place, reason } if reason.contains("does not support TLS") => format!(
            "no TLS connection to the database {place} is possible ({reason}); turn it on there, or say sslmode=disable in the \
             URL if the network is trusted"
        ),
        PostgresError::Tls { place, reason } => format!(
            "no TLS connection to the database {place} is possible ({reason}); set SSL_CERT_FILE to a file with the \
             certificate that signed the database's, or say sslmode=disable in the URL if the network is trusted"
        ),
        _ => return None,
    })
}
