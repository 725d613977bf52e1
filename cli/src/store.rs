//! `--store`: sessions in a database that several processes share, each owned by a lease.
#![cfg_attr(
    not(any(feature = "postgres", feature = "redis")),
    allow(dead_code, reason = "such a build opens no database")
)]

#[cfg(not(any(feature = "postgres", feature = "redis")))]
mod absent;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod database;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod kind;
mod listed;
mod taken;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use sansgram_runtime::core::Secret;

use crate::environment::{self, STORE};
use crate::error::Failure;
use crate::help;
use crate::values::{path, secret};

#[cfg(not(any(feature = "postgres", feature = "redis")))]
pub(crate) use absent::{Database, new_key, release_all, sentence};
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) use database::{Database, new_key, release_all};
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) use kind::sentence;
pub(crate) use listed::{Content, Listed, Opens};
pub(crate) use taken::TakenSession;

/// The heading of the options for them.
pub(crate) const HEADING: &str = "Sessions in a database";

/// Why `--encrypt` is of no use.
pub(crate) const SEALED: &str =
    "--encrypt is for files; a session in a database is always sealed, so leave it out";

/// Whether `--store` names the database, and not the environment. Static, since only messages need it.
static IS_OPTION: AtomicBool = AtomicBool::new(false);

/// The database of the sessions, instead of files.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[arg(long, value_name = "URL", value_parser = secret(), help_heading = HEADING, help = help::STORE)]
    store: Option<Secret<String>>,

    #[arg(long, value_name = "FILE", value_parser = path(), help_heading = HEADING, help = help::STORE_KEY_FILE)]
    store_key_file: Option<PathBuf>,
}

impl StoreArgs {
    /// Connects to the database, which may take seconds. Returns `None` if sessions are files.
    pub(crate) fn open(&self, opens: Opens) -> Result<Option<Database>, Failure> {
        IS_OPTION.store(self.store.is_some(), Ordering::Relaxed);
        match environment::or(self.store.clone(), STORE)? {
            Some(url) => Database::connect(&url, self.store_key_file.as_deref(), opens).map(Some),
            None if self.store_key_file.is_some() => {
                Err(Failure::Usage(format!("--store-key-file is for --store or {STORE}; set one of them")))
            }
            None => Ok(None),
        }
    }

    /// Returns whether sessions are in a database.
    pub(crate) fn is_given(&self) -> Result<bool, Failure> {
        Ok(environment::or(self.store.clone(), STORE)?.is_some())
    }
}

/// Returns the option that a suggested command needs, after a space: none if the environment names the database. Its URL may
/// have a password.
pub(crate) fn suggested_option() -> &'static str {
    if IS_OPTION.load(Ordering::Relaxed) { " --store URL" } else { "" }
}
