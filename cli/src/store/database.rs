//! The sessions of a database.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{SessionFormatError, StoredSession};
use sansgram_runtime::{Error, LeasedStore, SessionStore, StoreError};
use sansgram_stores::sealing::{SealError, SealingKeyError};
use sansgram_stores::{SealingKey, SealingKeys, SessionInfo};
use zeroize::Zeroizing;

use super::kind::{Store, is_taken_name, seal_error, with};
use super::listed::{Content, Listed, Opens};
use super::taken::TakenSession;
use crate::environment::{self, STORE_KEY};
use crate::error::Failure;
use crate::policy::{LISTED_AT_ONCE, RELEASE_TIMEOUT};

/// The database of the sessions that this process owns, for the end of the process.
static OWNING: Mutex<Option<Store>> = Mutex::new(None);

/// A database with sessions.
pub(crate) struct Database {
    store: Store,
    has_key: bool,
}

impl Database {
    /// Connects to the database of `url`, with the sealing key of a file or else of the environment.
    pub(crate) fn connect(
        url: &Secret<String>,
        key_file: Option<&Path>,
        opens: Opens,
    ) -> Result<Self, Failure> {
        let keys = keys(key_file)?;
        let has_key = keys.is_some();
        if !has_key && opens == Opens::Always {
            return Err(Failure::Usage(format!(
                "sessions in a database are sealed; give the key in {STORE_KEY} or by --store-key-file, and make the first one \
                 with \"sansgram sessions new-key\""
            )));
        }
        let keys = match keys {
            Some(keys) => keys,
            // Nothing is sealed under it.
            None => SealingKeys::from_text(&SealingKey::generate()).map_err(key_failure)?,
        };
        Ok(Self { store: Store::connect(url.expose(), keys)?, has_key })
    }

    /// Returns the database for messages, without the password.
    pub(crate) fn place(&self) -> &str {
        with!(&self.store, store => store.place())
    }

    /// Lists the sessions and their contents. Takes no lease.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, Failure> {
        let mut found = with!(&self.store, store => smol::block_on(store.list())).map_err(Error::from)?;
        // A login that failed leaves such a row.
        found.retain(|it| it.version > 0 || it.owner.is_some());
        let mut listed = Vec::with_capacity(found.len());
        let executor = smol::LocalExecutor::new();
        for found in found.chunks(LISTED_AT_ONCE) {
            // Together, so that a database far away is not waited for once for each.
            let contents: Vec<_> = found.iter().map(|it| executor.spawn(self.content(it))).collect();
            for (info, content) in found.iter().zip(contents) {
                let content = smol::block_on(executor.run(content))?;
                listed.push(Listed { name: info.name.clone(), owner: info.owner.clone(), content });
            }
        }
        Ok(listed)
    }

    async fn content(&self, of: &SessionInfo) -> Result<Content, Failure> {
        if of.version == 0 {
            return Ok(Content::Empty);
        }
        if !self.has_key {
            return Ok(Content::Closed("sealed", format!("sealed; {STORE_KEY} opens it")));
        }
        match with!(&self.store, store => store.export(&of.name).await) {
            Ok(Some(session)) => Ok(Content::Session(Box::new(session))),
            Ok(None) => Ok(Content::Empty),
            Err(error) => closed(&error).ok_or_else(|| Failure::from(Error::from(error))),
        }
    }

    /// Returns the content of a session, which must exist. Takes no lease.
    pub(crate) fn read(&self, session: &Path) -> Result<StoredSession, Failure> {
        let name = name_of(session)?;
        let found = with!(&self.store, store => smol::block_on(store.export(name))).map_err(Error::from)?;
        found.ok_or_else(|| not_found(name, self.place()))
    }

    /// Stores a session under a name that has none or an empty one; with `replace`, under any that no process uses.
    pub(crate) fn import(
        &self,
        session: &Path,
        content: &StoredSession,
        replace: bool,
    ) -> Result<(), Failure> {
        let name = name_of(session)?;
        *OWNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.store.clone());
        let saved = with!(&self.store, store => match replace {
            true => store.session(name).and_then(|session| session.save(content)),
            false => smol::block_on(store.import(name, content)),
        });
        saved.map_err(|error| {
            if is_taken_name(&error) {
                return Failure::new(format!(
                    "the session {name} in {} already exists and was not changed; name another with --session, or \
                     replace it with --replace",
                    self.place()
                ));
            }
            Error::from(error).into()
        })
    }

    /// Takes a session, which need not exist.
    pub(crate) fn take(&self, session: &Path) -> Result<TakenSession, Failure> {
        let name = name_of(session)?;
        *OWNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.store.clone());
        let acquired = with!(&self.store, store => {
            store.session(name).and_then(|session| smol::block_on(session.acquire()))
        });
        Ok(TakenSession::new(acquired.map_err(Error::from)?))
    }

    /// Takes a session, which must exist.
    pub(crate) fn take_existing(&self, session: &Path) -> Result<TakenSession, Failure> {
        // Taking it would create its row.
        self.read(session)?;
        self.take(session)
    }
}

/// Returns the name of a session of a database.
fn name_of(session: &Path) -> Result<&str, Failure> {
    session.to_str().ok_or_else(|| Failure::Usage("the name of a session in a database must be UTF-8".into()))
}

/// Returns the failure for a session that does not exist.
fn not_found(name: &str, place: &str) -> Failure {
    Failure::new(format!(
        "there is no session {name} in {place}; \"sansgram login\" creates one, and --session selects another"
    ))
}

/// Returns the keys of the file, or else of the environment.
fn keys(file: Option<&Path>) -> Result<Option<SealingKeys>, Failure> {
    if let Some(file) = file {
        return SealingKeys::from_file(file).map(Some).map_err(|error| match error {
            SealingKeyError::Text => {
                Failure::new(format!("{} has no sealing key: {NOT_A_KEY}", file.display()))
            }
            error => key_failure(error),
        });
    }
    let text = environment::or(None, STORE_KEY)?;
    text.map(|text| SealingKeys::from_text(text.expose())).transpose().map_err(key_failure)
}

const NOT_A_KEY: &str = "a key has 43 characters, as \"sansgram sessions new-key\" prints them";

fn key_failure(error: SealingKeyError) -> Failure {
    match error {
        SealingKeyError::Text => Failure::new(format!("{STORE_KEY} has no sealing key: {NOT_A_KEY}")),
        error => Failure::new(error.to_string()),
    }
}

/// Returns why a session cannot be opened, if that is the error.
fn closed(error: &StoreError) -> Option<Content> {
    Some(match seal_error(error)? {
        SealError::UnknownKey => Content::Closed("sealed", "sealed under another key".into()),
        SealError::Format(SessionFormatError::Newer(_)) => Content::Closed("newer", error.to_string()),
        error => Content::Closed("damaged", error.to_string()),
    })
}

/// Returns a new sealing key.
pub(crate) fn new_key() -> Result<Zeroizing<String>, Failure> {
    Ok(SealingKey::generate())
}

/// Gives back what this process owns, so that the next one need not wait for the end of a lease.
pub(crate) fn release_all() {
    let Some(store) = OWNING.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    // If it fails, the leases end by themselves.
    let releasing = async {
        let _ = with!(&store, store => store.release_all().await);
    };
    let timeout = async {
        smol::Timer::after(RELEASE_TIMEOUT).await;
    };
    smol::block_on(smol::future::or(releasing, timeout));
}
