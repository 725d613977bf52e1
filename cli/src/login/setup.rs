//! Everything that a login needs before it connects: the session and its store, the servers and the application.

use std::sync::Arc;

use sansgram_runtime::core::client::{Config, Servers, StoredSession};
use sansgram_runtime::{Error, FileStore, MemoryStore, Prompt, PromptError, SessionStore, TerminalPrompt};

use super::args::LoginArgs;
use super::messages;
use crate::application::Application;
use crate::error::Failure;
use crate::interrupt::{self, INTERRUPT};
use crate::output;
use crate::route::Route;
use crate::sandbox::Sandbox;
use crate::saved_login::{LoadedLogin, SavedLoginFile};
use crate::session::{self, ReplacedStore, SandboxStore, SessionOwner};
use crate::timeout::TimeLimit;
use crate::{server, values};

/// A login that is ready to connect.
pub(super) struct Setup<'a> {
    pub(super) args: &'a LoginArgs,
    pub(super) time_limit: &'a TimeLimit,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) config: Config,
    pub(super) application: Application,
    pub(super) route: Route,
    /// The session file; `None` if the session is kept in memory.
    pub(super) file: Option<FileStore>,
    /// The owner of the session; no user in a sandbox.
    pub(super) owner: SessionOwner,
    /// The note that the login goes to the server of the session, if no option says so.
    pub(super) remembered_server: Option<String>,
    /// The file of the saved login; `None` in a sandbox, which ends with this process.
    pub(super) saved_login: Option<SavedLoginFile>,
    pub(super) store: Arc<dyn SessionStore>,
}

impl<'a> Setup<'a> {
    /// Opens the session, starts the sandbox, and reads the configuration from the options and the session. Asks for
    /// the passphrase of an encrypted session, and for the application at the first login to Telegram.
    pub(super) fn new(
        args: &'a LoginArgs,
        mut application: Application,
        time_limit: &'a TimeLimit,
    ) -> Result<Self, Failure> {
        let file = open(args, time_limit)?;
        let loaded = file.as_ref().map(SessionStore::load).transpose().map_err(Error::from)?;
        let mut session = loaded.flatten().unwrap_or_default();
        let is_ended = session.servers == Servers::EndedSandbox && !args.sandbox;
        if is_ended {
            if !session.keys.is_empty() {
                output::note("note: the session was from a sandbox that has ended; it starts empty");
            }
            session = StoredSession::default();
        }
        let saved_login = file.as_ref().filter(|_| !args.sandbox).map(SavedLoginFile::without_temporaries);
        let owner = owner(&session, saved_login.as_ref())?;
        if let Some(file) = file.as_ref().filter(|_| !matches!(owner, SessionOwner::Known)) {
            // A login that cannot be stored would waste a code.
            file.check_writable().map_err(Error::from)?;
        }
        if let Some(picture) = &args.qr_file {
            picture.check_new().map_err(Failure::new)?;
        }
        let store: Arc<dyn SessionStore> = match file.clone() {
            None => Arc::new(MemoryStore::new()),
            Some(file) if args.sandbox => Arc::new(SandboxStore::new(file, &session)?),
            Some(file) if is_ended => Arc::new(ReplacedStore(file)),
            Some(file) => Arc::new(file),
        };
        match &file {
            Some(file) if args.encrypt => session::encrypt(file, Some(time_limit))?,
            None if args.encrypt => return Err(Failure::Usage(messages::NOTHING_TO_ENCRYPT.into())),
            _ => {}
        }
        let mut remembered_server = None;
        let sandbox = args.sandbox.then(Sandbox::start).transpose()?;
        let config = match &sandbox {
            Some(sandbox) => sandbox_config(args, sandbox)?,
            None => {
                let config = args.server.config(&session, time_limit.lookup())?;
                let is_telegram = server::is_telegram(&config);
                if is_telegram && matches!(owner, SessionOwner::NoUser) && application.is_missing() {
                    application = ask_for_application(application, time_limit)?;
                }
                if !owner.may_be_logged_in() && args.server.is_remembered(&session) {
                    remembered_server = Some(messages::remembered_server(&session));
                }
                let api = application.credentials(&session, is_telegram);
                config.with_api(api)
            }
        };
        let route = match sandbox {
            Some(_) => Route::default(),
            None => args.server.route(&config)?,
        };
        Ok(Self {
            args,
            time_limit,
            sandbox,
            config,
            application,
            route,
            file,
            owner,
            remembered_server,
            saved_login,
            store,
        })
    }

    /// Returns the login that an earlier call saved.
    pub(super) const fn saved(&self) -> Option<&LoadedLogin> {
        match &self.owner {
            SessionOwner::SavedLogin(saved) => Some(&**saved),
            _ => None,
        }
    }
}

/// Opens the session file; `None` if the session is kept in memory.
fn open(args: &LoginArgs, time_limit: &TimeLimit) -> Result<Option<FileStore>, Failure> {
    match &args.session {
        None if args.sandbox => Ok(None),
        name => {
            let name = name.as_deref().unwrap_or(values::DEFAULT_SESSION.as_ref());
            session::open(name, Some(time_limit)).map(Some)
        }
    }
}

/// Returns the owner of the session. Errors if this login could not be saved.
fn owner(session: &StoredSession, saved_login: Option<&SavedLoginFile>) -> Result<SessionOwner, Failure> {
    let Some(saved_login) = saved_login else { return Ok(SessionOwner::NoUser) };
    if session.user.is_none() {
        saved_login.check()?;
    }
    Ok(SessionOwner::of(session, saved_login))
}

fn sandbox_config(args: &LoginArgs, sandbox: &Sandbox) -> Result<Config, Failure> {
    let mut config = sandbox.config().with_framing(args.server.framing);
    args.server.network.apply_stream_mode(&mut config);
    Ok(config)
}

/// Asks the user for the application, if there is a terminal, while the time limit is paused.
fn ask_for_application(given: Application, time_limit: &TimeLimit) -> Result<Application, Failure> {
    let mut prompt = TerminalPrompt::lazy();
    if !prompt.is_available() {
        return Ok(given);
    }
    let _pause = time_limit.pause();
    match smol::block_on(Application::ask(&mut prompt)) {
        Ok(application) => Ok(application),
        Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
        Err(error) => {
            // End the line of the question, since no answer did.
            prompt.show("").map_err(Error::from)?;
            Err(Error::from(error).into())
        }
    }
}
