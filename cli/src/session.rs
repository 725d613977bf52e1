//! The session of a command: its file, its owner and its passphrase.

use std::path::Path;
use std::sync::Arc;

use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{DcOptions, Servers, StoredSession};
use sansgram_runtime::encryption::{Cost, EncryptionError};
use sansgram_runtime::text::shell_word;
use sansgram_runtime::{Error, FileStore, Prompt, PromptError, SessionStore, StoreError, TerminalPrompt};

use crate::advice::not_logged_in;
use crate::application::SANDBOX_API_ID;
use crate::environment::{self, ANY_COST, PASSPHRASE};
use crate::error::Failure;
use crate::interrupt::{self, INTERRUPT};
use crate::output;
use crate::policy::MAX_PASSPHRASE_TRIES;
use crate::saved_login::{LoadedLogin, SavedLoginFile, messages};
use crate::store::{Database, TakenSession};
use crate::timeout::TimeLimit;

/// The owner of a session according to its files. Only the server knows with certainty.
pub(crate) enum SessionOwner {
    /// There is no user, since there is no key.
    NoUser,
    /// The user of an incomplete login.
    SavedLogin(Box<LoadedLogin>),
    /// There is a key, but no user is stated: the session was imported, or a login failed.
    Unknown,
    /// The session states its user.
    Known,
}

impl SessionOwner {
    /// `saved_login` is the file beside the session; `None` if the session is in a database.
    pub(crate) fn of(session: &StoredSession, saved_login: Option<&SavedLoginFile>) -> Self {
        if session.user.is_some() {
            return Self::Known;
        }
        match saved_login.and_then(|file| file.load(session)) {
            Some(saved) => Self::SavedLogin(Box::new(saved)),
            None if session.keys.is_empty() => Self::NoUser,
            None => Self::Unknown,
        }
    }

    /// Returns whether to ask the server for the user.
    pub(crate) const fn may_be_logged_in(&self) -> bool {
        matches!(self, Self::Unknown | Self::Known)
    }

    /// Errors with advice if the files of the session `name` say that no user is logged in.
    pub(crate) fn must_be_logged_in(&self, name: &Path) -> Result<(), Failure> {
        match self {
            Self::NoUser => Err(Failure::new(not_logged_in(Some(name)))),
            Self::SavedLogin(saved) => Err(Failure::new(messages::incomplete(saved, name))),
            Self::Unknown | Self::Known => Ok(()),
        }
    }
}

/// A session that this process owns.
pub(crate) enum OwnedSession {
    /// A file, which is locked.
    File(FileStore),
    /// In a database.
    Taken(TakenSession),
}

impl OwnedSession {
    /// Returns the saved login beside the session, if it is a file; see [`SavedLoginFile::without_temporaries`].
    pub(crate) fn saved_login(&self) -> Option<SavedLoginFile> {
        match self {
            Self::File(file) => Some(SavedLoginFile::without_temporaries(file)),
            Self::Taken(_) => None,
        }
    }

    /// Errors if the session cannot be saved. A database has just accepted a write.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        match self {
            Self::File(file) => Ok(file.check_writable()?),
            Self::Taken(_) => Ok(()),
        }
    }

    pub(crate) fn save(&self, session: &StoredSession) -> Result<(), Error> {
        match self {
            Self::File(file) => Ok(file.save(session)?),
            Self::Taken(taken) => Ok(taken.save(session)?),
        }
    }

    /// Returns the session as the store of a client.
    pub(crate) fn into_store(self) -> Arc<dyn SessionStore> {
        match self {
            Self::File(file) => Arc::new(file),
            Self::Taken(taken) => Arc::new(taken),
        }
    }
}

/// Takes a session, which must exist, and returns its content: from the database, or else from its file.
pub(crate) fn own(
    database: Option<&Database>,
    name: &Path,
    time_limit: &TimeLimit,
) -> Result<(OwnedSession, StoredSession), Failure> {
    let Some(database) = database else {
        return existing(name, Some(time_limit)).map(|(file, session)| (OwnedSession::File(file), session));
    };
    let taken = database.take_existing(name)?;
    let session = taken.load().map_err(Error::from)?.unwrap_or_default();
    Ok((OwnedSession::Taken(taken), session))
}

/// Returns the session's file and its content, for a command that needs a session.
pub(crate) fn existing(
    name: &Path,
    time_limit: Option<&TimeLimit>,
) -> Result<(FileStore, StoredSession), Failure> {
    let store = open(name, time_limit)?;
    match store.load().map_err(Error::from)? {
        Some(session) => Ok((store, session)),
        None => Err(not_found(&store)),
    }
}

pub(crate) fn not_found(store: &FileStore) -> Failure {
    Failure::new(format!(
        "there is no session {}; \"sansgram login\" creates one, and --session selects another",
        store.path().display()
    ))
}

/// Opens the session's file, which need not exist. Asks for the passphrase of an encrypted file, and again if it is
/// wrong, while the time limit is paused.
pub(crate) fn open(name: &Path, time_limit: Option<&TimeLimit>) -> Result<FileStore, Failure> {
    let store = FileStore::new(name);
    for exposure in store.exposure() {
        output::note(&format!("warning: {exposure}"));
    }
    if !store.is_encrypted().map_err(Error::from)? {
        return Ok(store);
    }
    let question = format!("Passphrase of {}:", store.path().display());
    let _pause = time_limit.map(TimeLimit::pause);
    // The caller reports damage when it reads the file.
    let cost = store.cost().ok().flatten();
    let at_any_cost = cost.is_some_and(|cost| !cost.is_usual());
    if let Some(cost) = cost {
        confirm_cost(cost, &store.path().display().to_string())?;
    }
    let encrypted = |passphrase| {
        let store = FileStore::encrypted(name, passphrase);
        if at_any_cost {
            store.allow_any_cost();
        }
        store
    };
    if let Some(passphrase) = environment::or(None, PASSPHRASE)? {
        return Ok(encrypted(passphrase));
    }
    let mut tries = 1;
    loop {
        let store = encrypted(ask_passphrase(&question)?);
        match store.load_unlocked() {
            Err(StoreError::Encrypted { error: EncryptionError::WrongPassphrase, .. })
                if tries < MAX_PASSPHRASE_TRIES =>
            {
                output::note("The passphrase is wrong.");
                tries += 1;
            }
            // The caller reports other problems when it uses the session.
            _ => return Ok(store),
        }
    }
}

/// Asks whether to try the passphrase of `what` if that costs more than usual, since the file may be malicious.
pub(crate) fn confirm_cost(cost: Cost, what: &str) -> Result<(), Failure> {
    if cost.is_usual() || environment::or(None, ANY_COST)?.is_some_and(|value| value.expose() == "1") {
        return Ok(());
    }
    let costs = format!(
        "trying a passphrase for {what} takes {} MiB of memory and {} times as long as usual",
        cost.memory.div_ceil(1024),
        cost.times_default()
    );
    let mut terminal = TerminalPrompt::lazy();
    if !terminal.is_available() {
        return Err(Failure::new(format!(
            "{costs}, and there is no terminal to confirm it; set {ANY_COST}=1 if you trust the person who encrypted it"
        )));
    }
    terminal.show(&format!("Warning: {costs}.")).map_err(Error::from)?;
    loop {
        match smol::block_on(terminal.read_line("Do you trust the person who encrypted it? (y/n)")) {
            Ok(answer) => match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(()),
                "n" | "no" => {
                    return Err(Failure::new("the passphrase was not tried, and nothing was changed"));
                }
                _ => terminal.show("Please answer y for yes or n for no.").map_err(Error::from)?,
            },
            Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
            Err(error) => {
                // End the line of the question, since no answer did.
                terminal.show("").map_err(Error::from)?;
                return Err(Error::from(error).into());
            }
        }
    }
}

/// Returns the passphrase of a session from the environment, or else from the user.
pub(crate) fn passphrase(question: &str) -> Result<Secret<String>, Failure> {
    match environment::or(None, PASSPHRASE)? {
        Some(passphrase) => Ok(passphrase),
        None => ask_passphrase(question),
    }
}

/// Encrypts a session, which need not exist yet, with a new passphrase, unless it is already encrypted. Asks for the
/// passphrase while the time limit is paused.
pub(crate) fn encrypt(store: &FileStore, time_limit: Option<&TimeLimit>) -> Result<(), Failure> {
    if store.is_encrypted().map_err(Error::from)? {
        return Ok(());
    }
    let _pause = time_limit.map(TimeLimit::pause);
    store.change_passphrase(Some(new_passphrase()?)).map(drop).map_err(|error| Error::from(error).into())
}

/// Prints a note that a session is not encrypted if the user may expect it to be: if it is a copy of an encrypted one,
/// or the environment has a passphrase.
pub(crate) fn note_if_unencrypted(store: &FileStore, is_copy: bool) -> Result<(), Failure> {
    let expected = is_copy || environment::or(None, PASSPHRASE)?.is_some();
    if expected && !store.is_encrypted().map_err(Error::from)? {
        output::note(&format!(
            "note: {} is not encrypted; \"sansgram sessions encrypt --session {}\" encrypts it",
            store.path().display(),
            shell_word(store.path())
        ));
    }
    Ok(())
}

/// Returns a new passphrase from the environment, or else from the user, who types it twice.
fn new_passphrase() -> Result<Secret<String>, Failure> {
    if let Some(passphrase) = environment::or(None, PASSPHRASE)? {
        return Ok(passphrase);
    }
    let passphrase = ask_passphrase("New passphrase:")?;
    if passphrase.expose().is_empty() {
        return Err(Failure::new("an empty passphrase protects nothing; nothing was changed"));
    }
    if ask_passphrase("Repeat the passphrase:")?.expose() != passphrase.expose() {
        return Err(Failure::new("the two passphrases differ; nothing was changed"));
    }
    Ok(passphrase)
}

fn ask_passphrase(question: &str) -> Result<Secret<String>, Failure> {
    ask_hidden("passphrase", question, PASSPHRASE)
}

/// Asks for a secret, called `what`, without echo. `variable` is the environment variable to set instead.
pub(crate) fn ask_hidden(what: &str, question: &str, variable: &str) -> Result<Secret<String>, Failure> {
    let mut terminal = TerminalPrompt::lazy();
    let answer = smol::block_on(terminal.read_secret(question));
    match answer {
        Ok(mut answer) => Ok(Secret::new(std::mem::take(&mut *answer))),
        Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
        Err(PromptError::EndOfInput) => {
            // End the line of the question, since no answer did.
            terminal.show("").map_err(Error::from)?;
            Err(Failure::new(format!("no {what} was given, and nothing was changed")))
        }
        Err(PromptError::NoTerminal) => Err(Failure::new(format!(
            "a {what} is needed, and there is no terminal to ask for it; set {variable}"
        ))),
        Err(error) => Err(Error::from(error).into()),
    }
}

/// The session file of a login to a sandbox: reads as empty, and marks what it saves as a session of a sandbox.
#[derive(Debug)]
pub(crate) struct SandboxStore(FileStore);

impl SandboxStore {
    /// Uses the file for a login to a sandbox, which knows no key of an earlier one. Errors if the session is valid
    /// elsewhere.
    pub(crate) fn new(store: FileStore, session: &StoredSession) -> Result<Self, Failure> {
        if !session.is_empty() && session.servers != Servers::EndedSandbox {
            return Err(Failure::new(format!(
                "the session {} does not belong to the sandbox and was not changed; select another with --session",
                store.path().display()
            )));
        }
        Ok(Self(store))
    }
}

/// A session file that reads as empty, since its content belongs to a sandbox that has ended.
#[derive(Debug)]
pub(crate) struct ReplacedStore(pub(crate) FileStore);

impl SessionStore for ReplacedStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(None)
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.0.save(session)
    }
}

impl SessionStore for SandboxStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(None)
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        // Before another process reads it, the sandbox has ended.
        let (servers, dc_options) = (Servers::EndedSandbox, DcOptions::default());
        self.0.save(&StoredSession { api_id: Some(SANDBOX_API_ID), servers, dc_options, ..session.clone() })
    }
}
