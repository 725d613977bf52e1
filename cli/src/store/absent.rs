//! The command without a database driver: it says how to build one that has it.

use std::path::Path;

use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::StoredSession;
use zeroize::Zeroizing;

use super::listed::{Listed, Opens};
use super::taken::TakenSession;
use crate::error::Failure;

const ABSENT: &str = "this build of sansgram cannot use a database; build one that can with \"cargo install --path cli \
                      --features postgres\" (or redis), or leave out --store and unset SANSGRAM_STORE to use files";

/// A database, of which there is none.
pub(crate) enum Database {}

impl Database {
    pub(crate) fn connect(_: &Secret<String>, _: Option<&Path>, _: Opens) -> Result<Self, Failure> {
        Err(Failure::new(ABSENT))
    }

    pub(crate) const fn place(&self) -> &str {
        match *self {}
    }

    pub(crate) fn list(&self) -> Result<Vec<Listed>, Failure> {
        match *self {}
    }

    pub(crate) fn read(&self, _: &Path) -> Result<StoredSession, Failure> {
        match *self {}
    }

    pub(crate) fn import(&self, _: &Path, _: &StoredSession, _: bool) -> Result<(), Failure> {
        match *self {}
    }

    pub(crate) fn take(&self, _: &Path) -> Result<TakenSession, Failure> {
        match *self {}
    }

    pub(crate) fn take_existing(&self, _: &Path) -> Result<TakenSession, Failure> {
        match *self {}
    }
}

/// Returns a new sealing key.
pub(crate) fn new_key() -> Result<Zeroizing<String>, Failure> {
    Err(Failure::new(ABSENT))
}

/// Gives back what this process owns.
pub(crate) const fn release_all() {}

/// Returns a sentence for an error of a database.
pub(crate) const fn sentence(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<String> {
    None
}
