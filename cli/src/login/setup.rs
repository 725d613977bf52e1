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
use crate::store::{Opens, SEALED, TakenSession};
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
    pub(super) place: Place,
    /// The owner of the session; no user in a sandbox.
    pub(super) owner: SessionOwner,
    /// The note that the login goes to the server of the session, if no option says so.
    pub(super) remembered_server: Option<String>,
    /// The file of the saved login; `None` in a sandbox, which ends with this process, and for a session in a database.
    pub(super) saved_login: Option<SavedLoginFile>,
    pub(super) store: Arc<dyn SessionStore>,
}

/// Where the session is kept.
pub(super) enum Place {
    Memory,
    File(FileStore),
    /// In a database: the name of the session and of the database.
    Database(String),
}

impl<'a> Setup<'a> {
    /// Opens the session, starts the sandbox, and reads the configuration from the options and the session. Asks for
    /// the passphrase of an encrypted session, and for the application at the first login to Telegram.
    pub(super) fn new(
        args: &'a LoginArgs,
        mut application: Application,
        time_limit: &'a TimeLimit,
    ) -> Result<Self, Failure> {
        let (place, taken) = open(args, time_limit)?;
        let file = match &place {
            Place::File(file) => Some(file.clone()),
            Place::Memory | Place::Database(_) => None,
        };
        let loaded = match (&file, &taken) {
            (Some(file), _) => file.load(),
            (None, Some(taken)) => taken.load(),
            (None, None) => Ok(None),
        };
        let mut session = loaded.map_err(Error::from)?.unwrap_or_default();
        let is_ended = session.servers == Servers::EndedSandbox && !args.sandbox;
        if is_ended {
            if !session.keys.is_empty() {
                output::note("note: the session was from a sandbox that has ended; it starts empty");
            }
            session = StoredSession::default();
        }
        let saved_login = file.as_ref().filter(|_| !args.sandbox).map(SavedLoginFile::without_temporaries);
        let owner = match args.sandbox {
            true => SessionOwner::NoUser,
            false => owner(&session, saved_login.as_ref())?,
        };
        if let Some(file) = file.as_ref().filter(|_| !matches!(owner, SessionOwner::Known)) {
            // A login that cannot be stored would waste a code.
            file.check_writable().map_err(Error::from)?;
        }
        if let Some(picture) = &args.qr_file {
            picture.check_new().map_err(Failure::new)?;
        }
        let store: Arc<dyn SessionStore> = match (file.clone(), taken) {
            (None, None) => Arc::new(MemoryStore::new()),
            (None, Some(taken)) if is_ended => Arc::new(taken.emptied()),
            (None, Some(taken)) => Arc::new(taken),
            (Some(file), _) if args.sandbox => Arc::new(SandboxStore::new(file, &session)?),
            (Some(file), _) if is_ended => Arc::new(ReplacedStore(file)),
            (Some(file), _) => Arc::new(file),
        };
        match &place {
            Place::File(file) if args.encrypt => session::encrypt(file, Some(time_limit))?,
            Place::Memory if args.encrypt => return Err(Failure::Usage(messages::NOTHING_TO_ENCRYPT.into())),
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
            place,
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

/// Opens the session file, or takes the session of a database.
fn open(args: &LoginArgs, time_limit: &TimeLimit) -> Result<(Place, Option<TakenSession>), Failure> {
    let name = match &args.session {
        None if args.sandbox => return Ok((Place::Memory, None)),
        name => name.as_deref().unwrap_or(values::DEFAULT_SESSION.as_ref()),
    };
    // The session of a sandbox is of no use to other processes.
    if !args.sandbox {
        if args.encrypt && args.store.is_given()? {
            return Err(Failure::Usage(SEALED.into()));
        }
        time_limit.set_step("opening the session");
        if let Some(database) = args.store.open(Opens::Always)? {
            let taken = database.take(name)?;
            time_limit.set_step("connecting");
            let place = format!("as {} in {}", name.display(), database.place());
            return Ok((Place::Database(place), Some(taken)));
        }
        time_limit.set_step("connecting");
    }
    session::open(name, Some(time_limit)).map(|file| (Place::File(file), None))
}

/// Returns the owner of the session. Errors if this login could not be saved.
fn owner(session: &StoredSession, saved_login: Option<&SavedLoginFile>) -> Result<SessionOwner, Failure> {
    if let Some(saved_login) = saved_login.filter(|_| session.user.is_none()) {
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
