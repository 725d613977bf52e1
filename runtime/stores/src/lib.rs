//! Stores for sessions that several processes share, so that at any time one of them uses a session: Telegram ends a
//! key that is used from two places at once (`AUTH_KEY_DUPLICATED`).
//!
//! A `PostgresStore` (feature `postgres`) keeps each session in a row of a table, a `RedisStore` (feature `redis`) in a
//! hash. PostgreSQL is recommended: a failover or a crash of Redis can take the last writes back (see the module `redis`).
//!
//! A client owns its session by a lease, which the store renews; the clock of the database decides when it ends. A
//! client whose lease may have ended stops sending before another one can take the session, and each write names the
//! number of its ownership, so that a late one changes nothing. A virtual machine that is paused from outside is the
//! exception: its clocks stand still, so its client goes on until the next renewal. Sessions are sealed under a key
//! that the database never sees ([`SealingKeys`]).
//!
//! ```no_run
//! use sansgram_stores::{PostgresOptions, PostgresStore, SealingKeys};
//! use sansgram_tokio::core::client::Config;
//!
//! # async fn run(config: Config) -> Result<(), Box<dyn std::error::Error>> {
//! let keys = SealingKeys::from_environment("SESSIONS_KEY")?;
//! let url = "postgres://sansgram:secret@db.example/sessions";
//! let store = PostgresStore::connect(url, keys, PostgresOptions::default()).await?;
//!
//! // Fails with `StoreError::Leased` while another client uses the session.
//! let client = sansgram_tokio::start(config, store.session("shop-bot")?).await?;
//! // Gives the session back, so that the next process has it at once.
//! client.disconnect().await;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod policy;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod sealing;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod shared;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod tls;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresError, PostgresOptions, PostgresSession, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{RedisError, RedisOptions, RedisSession, RedisStore};
pub use sealing::{SealingKey, SealingKeys};
#[cfg(any(feature = "postgres", feature = "redis"))]
pub use shared::{SessionInfo, SharedSession, SharedStore, SharedStoreError, StoreOptions};

#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../README.md")]
struct Readme;
