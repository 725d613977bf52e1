//! The session that a command works on.

use std::path::Path;

use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{DcOptions, Servers, StoredSession};
use sansgram_runtime::encryption::{Cost, DecryptError};
use sansgram_runtime::text::shell_word;
use sansgram_runtime::{Error, FileStore, Prompt, PromptError, SessionStore, StoreError, TerminalPrompt};

use crate::advice::not_logged_in;
use crate::application::SANDBOX_API_ID;
use crate::environment::{self, ANY_COST, PASSPHRASE};
use crate::error::Failure;
use crate::interrupt::{self, INTERRUPT};
use crate::output;
use crate::policy::MAX_PASSPHRASE_TRIES;
use crate::saved_login::{LoadedLogin, SavedLoginFile, words};
use crate::timeout::Watch;

/// The owner of a session according to its files. Only the server knows for certain.
pub(crate) enum SessionOwner {
    /// No user: it has no key.
    NoUser,
    /// The user of a login that is not complete.
    SavedLogin(Box<LoadedLogin>),
    /// It has a key, but does not say whose: it was imported, or a login failed.
    Unknown,
    /// A user who logged in.
    Known,
}

impl SessionOwner {
    pub(crate) fn of(session: &StoredSession, saved_login: &SavedLoginFile) -> Self {
        if session.user.is_some() {
            return Self::Known;
        }
        match saved_login.load(session) {
            Some(kept) => Self::SavedLogin(Box::new(kept)),
            None if session.keys.is_empty() => Self::NoUser,
            None => Self::Unknown,
        }
    }

    /// Returns whether to ask the server for the user.
    pub(crate) const fn may_be_logged_in(&self) -> bool {
        matches!(self, Self::Unknown | Self::Known)
    }

    /// Returns an error with advice if the files of the session `name` say that no user is logged in.
    pub(crate) fn must_be_logged_in(&self, name: &Path) -> Result<(), Failure> {
        match self {
            Self::NoUser => Err(Failure::new(not_logged_in(Some(name)))),
            Self::SavedLogin(kept) => Err(Failure::new(words::not_yet(kept, name))),
            Self::Unknown | Self::Known => Ok(()),
        }
    }
}

/// Returns the session's file and its content, for a command that needs a session.
pub(crate) fn existing(name: &Path, watch: Option<&Watch>) -> Result<(FileStore, StoredSession), Failure> {
    let store = open(name, watch)?;
    match store.load().map_err(Error::from)? {
        Some(session) => Ok((store, session)),
        None => Err(missing(&store)),
    }
}

pub(crate) fn missing(store: &FileStore) -> Failure {
    Failure::new(format!(
        "there is no session {}; \"sansgram login\" makes one, and --session names another",
        store.path().display()
    ))
}

/// Opens the session's file, which may not exist. Asks for the passphrase of an encrypted file, and again if it is
/// wrong, while the watch is paused.
pub(crate) fn open(name: &Path, watch: Option<&Watch>) -> Result<FileStore, Failure> {
    let store = FileStore::new(name);
    for exposure in store.exposure() {
        output::note(&format!("warning: {exposure}"));
    }
    if !store.is_encrypted().map_err(Error::from)? {
        return Ok(store);
    }
    let question = format!("Passphrase of {}:", store.path().display());
    let _pause = watch.map(Watch::pause);
    // The caller that reads it reports damage.
    let cost = store.cost().ok().flatten();
    let at_any_cost = cost.is_some_and(|cost| !cost.is_usual());
    if let Some(cost) = cost {
        allow_cost(cost, &store.path().display().to_string())?;
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
            Err(StoreError::Encrypted { error: DecryptError::WrongPassphrase, .. })
                if tries < MAX_PASSPHRASE_TRIES =>
            {
                output::note("The passphrase is wrong.");
                tries += 1;
            }
            // Other problems are reported by the command that uses the session.
            _ => return Ok(store),
        }
    }
}

/// Asks whether to try a passphrase of `what` if that costs more than usual: the file may be malicious.
pub(crate) fn allow_cost(cost: Cost, what: &str) -> Result<(), Failure> {
    if cost.is_usual() || environment::or(None, ANY_COST)?.is_some_and(|value| value.expose() == "1") {
        return Ok(());
    }
    let costs = format!(
        "to try a passphrase of {what} takes {} MiB of memory and {} times as long as usual",
        cost.memory.div_ceil(1024),
        cost.times_default()
    );
    let mut terminal = TerminalPrompt::lazy();
    if !terminal.is_available() {
        return Err(Failure::new(format!(
            "{costs}, and there is no terminal to ask on; set {ANY_COST}=1 if you trust who encrypted it"
        )));
    }
    terminal.show(&format!("Note that {costs}.")).map_err(Error::from)?;
    loop {
        match smol::block_on(terminal.read_line("Do you trust the person who encrypted it? (y/n)")) {
            Ok(answer) => match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(()),
                "n" | "no" => return Err(Failure::new("the passphrase was not tried; nothing was done")),
                _ => terminal.show("Answer y or n.").map_err(Error::from)?,
            },
            Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
            Err(error) => {
                // No answer ended the line of the question.
                terminal.show("").map_err(Error::from)?;
                return Err(Error::from(error).into());
            }
        }
    }
}

/// Returns the passphrase of a session, from the environment or the user.
pub(crate) fn passphrase(question: &str) -> Result<Secret<String>, Failure> {
    match environment::or(None, PASSPHRASE)? {
        Some(passphrase) => Ok(passphrase),
        None => ask_passphrase(question),
    }
}

/// Encrypts a session, which may not exist yet, with a new passphrase, unless it is encrypted. Asks for the passphrase
/// while the watch is paused.
pub(crate) fn encrypt(store: &FileStore, watch: Option<&Watch>) -> Result<(), Failure> {
    if store.is_encrypted().map_err(Error::from)? {
        return Ok(());
    }
    let _pause = watch.map(Watch::pause);
    store.change_passphrase(Some(new_passphrase()?)).map(drop).map_err(|error| Error::from(error).into())
}

/// Notes that a session is not encrypted if the user may expect it to be: if it is a copy of an encrypted one, or the
/// environment holds a passphrase.
pub(crate) fn tell_if_plain(store: &FileStore, is_copy: bool) -> Result<(), Failure> {
    let expected = is_copy || environment::or(None, PASSPHRASE)?.is_some();
    if expected && !store.is_encrypted().map_err(Error::from)? {
        output::note(&format!(
            "note: {} is not encrypted; \"sansgram sessions encrypt --session {}\" does that",
            store.path().display(),
            shell_word(store.path())
        ));
    }
    Ok(())
}

/// Returns a passphrase to encrypt with; the user types it twice.
fn new_passphrase() -> Result<Secret<String>, Failure> {
    if let Some(passphrase) = environment::or(None, PASSPHRASE)? {
        return Ok(passphrase);
    }
    let passphrase = ask_passphrase("New passphrase:")?;
    if passphrase.expose().is_empty() {
        return Err(Failure::new("an empty passphrase protects nothing"));
    }
    if ask_passphrase("Once more:")?.expose() != passphrase.expose() {
        return Err(Failure::new("the two passphrases differ; nothing was changed"));
    }
    Ok(passphrase)
}

fn ask_passphrase(question: &str) -> Result<Secret<String>, Failure> {
    ask_hidden("passphrase", question, PASSPHRASE)
}

/// Asks for a secret, called `what`, without echo; `variable` is the environment variable that can hold it.
pub(crate) fn ask_hidden(what: &str, question: &str, variable: &str) -> Result<Secret<String>, Failure> {
    let mut terminal = TerminalPrompt::lazy();
    let answer = smol::block_on(terminal.read_secret(question));
    match answer {
        Ok(mut answer) => Ok(Secret::new(std::mem::take(&mut *answer))),
        Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
        Err(PromptError::EndOfInput) => {
            // No answer ended the line of the question.
            terminal.show("").map_err(Error::from)?;
            Err(Failure::new(format!("no {what} was given; nothing was done")))
        }
        Err(PromptError::NoTerminal) => Err(Failure::new(format!(
            "a {what} is needed, and there is no terminal to ask on; set {variable}"
        ))),
        Err(error) => Err(Error::from(error).into()),
    }
}

/// A session's file that starts anew: its content is not read, but replaced.
#[derive(Debug)]
pub(crate) struct Anew(FileStore);

impl Anew {
    /// Opens the file for a login to a sandbox, which knows no key of an earlier one. Returns an error if the session
    /// is valid elsewhere.
    pub(crate) fn in_sandbox(store: FileStore, session: &StoredSession) -> Result<Self, Failure> {
        if !session.is_empty() && session.servers != Servers::EndedSandbox {
            return Err(Failure::new(format!(
                "the session {} is not of the sandbox and is left as it is; name another with --session",
                store.path().display()
            )));
        }
        Ok(Self(store))
    }
}

/// A session's file that is not read, as it belongs to a sandbox that has ended.
#[derive(Debug)]
pub(crate) struct Fresh(pub(crate) FileStore);

impl SessionStore for Fresh {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(None)
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.0.save(session)
    }
}

impl SessionStore for Anew {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(None)
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        // By the time that another process reads it, these servers are gone.
        let (servers, dc_options) = (Servers::EndedSandbox, DcOptions::default());
        self.0.save(&StoredSession { api_id: Some(SANDBOX_API_ID), servers, dc_options, ..session.clone() })
    }
}
