//! `sansgram login`.

mod answers;
pub(crate) mod args;
mod identity;
mod messages;
mod qr;

use std::sync::Arc;
use std::time::Duration;

use sansgram_runtime::core::client::{Config, Servers, StoredSession};
use sansgram_runtime::core::login::{BotToken, LoginError, PhoneNumber, SavedLogin, UserInfo};
use sansgram_runtime::core::tl::{enums, functions};
use sansgram_runtime::text::shown_path;
use sansgram_runtime::{
    Client, ClientOptions, Error, FileStore, LoginState, MemoryStore, Prompt, PromptError, Question,
    SessionStore, TerminalPrompt,
};

use crate::advice::NO_TERMINAL;
use crate::application::Application;
use crate::error::Failure;
use crate::interrupt::{self, INTERRUPT};
use crate::output::{self, UserJson};
use crate::route::Route;
use crate::sandbox::{SCANNER, Sandbox};
use crate::saved_login::{LoadedLogin, SavedLoginFile, words};
use crate::session::{self, Anew, Fresh, SessionOwner};
use crate::timeout::{self, Watch};
use crate::{server, values};

use answers::Answers;
use args::LoginArgs;
use identity::{Given, Who};

/// `sansgram login`.
pub(crate) fn login(mut args: Box<LoginArgs>) -> Result<(), Failure> {
    let (who, given) = identity::of(&mut args)?;
    // The sandbox has its own.
    let application = match args.sandbox {
        true => Application::default(),
        false => Application::given(args.api_id.take(), args.api_hash.take())?,
    };
    interrupt::watch()?;
    let limit = Duration::from_secs(args.server.timeout.into());
    timeout::within(limit, move |watch| Login::prepare(&args, application, watch)?.run(&who, given))
}

/// A login with everything that it needs.
struct Login<'a> {
    args: &'a LoginArgs,
    watch: &'a Watch,
    sandbox: Option<Sandbox>,
    config: Config,
    application: Application,
    /// What the connections go through.
    route: Route,
    /// The file that keeps the session; `None`: it is kept in memory.
    file: Option<FileStore>,
    /// The owner of the session; no user in a sandbox.
    owner: SessionOwner,
    /// Where the login is saved; not for a sandbox, which ends with this process.
    saved_login: Option<SavedLoginFile>,
    store: Arc<dyn SessionStore>,
}

/// How a login went.
enum LoggedIn {
    /// The user was logged in before.
    Already(UserInfo),
    /// The given values were enough.
    ByValues(UserInfo),
    /// Questions were asked; the conversation ended with the user's name.
    ByQuestions(UserInfo),
}

impl<'a> Login<'a> {
    fn prepare(args: &'a LoginArgs, mut application: Application, watch: &'a Watch) -> Result<Self, Failure> {
        let file = match &args.session {
            None if args.sandbox => None,
            name => {
                let name = name.as_deref().unwrap_or(values::DEFAULT_SESSION.as_ref());
                Some(session::open(name, Some(watch))?)
            }
        };
        let loaded = file.as_ref().map(SessionStore::load).transpose().map_err(Error::from)?;
        let mut session = loaded.flatten().unwrap_or_default();
        let is_ended = session.servers == Servers::EndedSandbox && !args.sandbox;
        if is_ended {
            if !session.keys.is_empty() {
                output::note("note: the session was of a sandbox that has ended; it is begun anew");
            }
            session = StoredSession::default();
        }
        let saved_login = file.as_ref().filter(|_| !args.sandbox).map(SavedLoginFile::tidied);
        if let Some(place) = saved_login.as_ref().filter(|_| session.user.is_none()) {
            place.check()?;
        }
        let owner =
            saved_login.as_ref().map_or(SessionOwner::NoUser, |place| SessionOwner::of(&session, place));
        if let Some(file) = file.as_ref().filter(|_| !matches!(owner, SessionOwner::Known)) {
            // Checked before there is anything to lose.
            file.check_writable().map_err(Error::from)?;
        }
        if let Some(picture) = &args.qr_file {
            picture.check_new().map_err(Failure::new)?;
        }
        let store: Arc<dyn SessionStore> = match file.clone() {
            None => Arc::new(MemoryStore::new()),
            Some(file) if args.sandbox => Arc::new(Anew::in_sandbox(file, &session)?),
            Some(file) if is_ended => Arc::new(Fresh(file)),
            Some(file) => Arc::new(file),
        };
        match &file {
            Some(file) if args.encrypt => session::encrypt(file, Some(watch))?,
            None if args.encrypt => return Err(Failure::Usage(messages::NOTHING_TO_ENCRYPT.into())),
            _ => {}
        }
        let sandbox = args.sandbox.then(Sandbox::start).transpose()?;
        let config = match &sandbox {
            Some(sandbox) => {
                let mut config = sandbox.config()?.with_framing(args.server.framing);
                args.server.network.disguise(&mut config);
                config
            }
            None => {
                let config = args.server.config(&session, watch.lookup())?;
                let is_first = server::is_telegram(&config) && matches!(owner, SessionOwner::NoUser);
                let mut prompt = TerminalPrompt::lazy();
                if is_first && application.is_missing() && prompt.is_available() {
                    let _pause = watch.pause();
                    application = match smol::block_on(Application::ask(&mut prompt)) {
                        Err(PromptError::Interrupted) => interrupt::end(INTERRUPT),
                        Err(error) => {
                            // No answer ended the line of the question.
                            prompt.show("").map_err(Error::from)?;
                            return Err(Error::from(error).into());
                        }
                        Ok(application) => application,
                    };
                }
                if !owner.may_be_logged_in() && args.server.is_remembered(&session) {
                    output::note(&format!(
                        "note: the session belongs to {}, and so does this login; --session names another",
                        session.servers_name()
                    ));
                }
                let api = application.credentials(&session, server::is_telegram(&config));
                config.with_api(api)
            }
        };
        let route = match sandbox {
            Some(_) => Route::default(),
            None => args.server.route(&config)?,
        };
        Ok(Self { args, watch, sandbox, config, application, route, file, owner, saved_login, store })
    }

    fn run(mut self, who: &Who, given: Given) -> Result<(), Failure> {
        // If a user may be logged in, the server is asked first.
        if !self.owner.may_be_logged_in() {
            self.check(who, &given)?;
        }
        interrupt::advise(self.kept().is_some().then_some(messages::RESUMES));
        let route = self.route;
        let options = match self.sandbox {
            Some(_) => ClientOptions::default(),
            None => self.args.server.network.options()?,
        };
        let runtime = self.args.server.runtime;
        let result = runtime.block_on(async {
            let client = runtime.start(self.config.clone(), self.store.clone(), options).await?;
            self.watch.client(&client, route);
            let result = self.sign_in(&client, who, given).await;
            let dc = client.home().number();
            client.disconnect().await;
            self.tell(&result?, dc)?;
            client.save_error().map_or(Ok(()), |error| Err(error.into()))
        });
        result.map_err(|failure| failure.explained(route, self.args.session.as_deref()))
    }

    /// Returns the login that an earlier call saved.
    const fn kept(&self) -> Option<&LoadedLogin> {
        match &self.owner {
            SessionOwner::SavedLogin(kept) => Some(&**kept),
            _ => None,
        }
    }

    /// Checks the input before a login of a session without a user. Returns an error if a required value is missing, or
    /// if a question is certain to come and there is no terminal to ask it on.
    fn check(&self, who: &Who, given: &Given) -> Result<(), Failure> {
        if let Some(place) = &self.saved_login {
            place.check()?;
        }
        let kept = self.kept();
        // Before the application, which would not help.
        if kept.is_none() && matches!(who, Who::Resume) {
            return Err(Failure::Usage(messages::NOTHING_BEGUN.into()));
        }
        match who {
            Who::Phone(number) => {
                PhoneNumber::parse(number.expose()).map_err(|error| Failure::new(error.to_string()))?;
            }
            Who::Bot(token) => {
                BotToken::parse(token.expose()).map_err(|error| Failure::new(error.to_string()))?;
            }
            Who::Ask | Who::Resume | Who::Qr(_) => {}
        }
        // A saved login has all of it already; a link is always a new one.
        let can_answer = has_values(given) || TerminalPrompt::lazy().is_available();
        let resumes = kept.is_some_and(|kept| {
            !matches!(kept.pending, SavedLogin::Qr { .. }) && fits(who, kept, can_answer)
        });
        if !resumes && self.sandbox.is_none() {
            self.application.check(server::is_telegram(&self.config))?;
        }
        if TerminalPrompt::lazy().is_available() {
            return Ok(());
        }
        match (who, kept) {
            (Who::Ask, Some(_)) if given.has_code() || given.has_password() => Ok(()),
            (Who::Ask, Some(kept)) if !matches!(kept.pending, SavedLogin::Qr { .. }) => {
                Err(self.waiting_failure(&kept.pending))
            }
            (Who::Ask, _) => Err(Failure::new(NO_TERMINAL)),
            // A saved login ends with the sandbox.
            (Who::Phone(_), _) if self.saved_login.is_none() && !given.has_code() => {
                Err(Failure::new(messages::NO_CODE))
            }
            _ => Ok(()),
        }
    }

    /// Returns an error if the user is known not to be the requested one.
    async fn check_identity(&self, client: &Client, who: &Who, user: &UserInfo) -> Result<(), Failure> {
        let is_wanted = match who {
            Who::Bot(token) => {
                let token = BotToken::parse(token.expose()).map_err(LoginError::from).map_err(Error::from)?;
                user.is_bot && token.expose().starts_with(&format!("{}:", user.id))
            }
            Who::Phone(number) => {
                let number =
                    PhoneNumber::parse(number.expose()).map_err(LoginError::from).map_err(Error::from)?;
                let theirs = own_phone(client).await?;
                !user.is_bot && theirs.is_none_or(|theirs| theirs.trim_start_matches('+') == number.digits())
            }
            Who::Ask | Who::Resume | Who::Qr(_) => true,
        };
        if is_wanted {
            return Ok(());
        }
        Err(Failure::new(format!(
            "another user is logged in with this session already: {}; name another with --session, or log out first \
             with \"sansgram logout\"",
            output::words(user, client.home().number())
        )))
    }

    async fn sign_in(&mut self, client: &Client, who: &Who, given: Given) -> Result<LoggedIn, Failure> {
        self.watch.doing("logging in");
        if self.owner.may_be_logged_in() {
            match client.login_state().await? {
                LoginState::LoggedIn(user) => {
                    self.check_identity(client, who, &user).await?;
                    return Ok(LoggedIn::Already(user));
                }
                // What was begun elsewhere, such as in the application that the session was imported from.
                LoginState::PasswordRequired(hint) => {
                    let pending = SavedLogin::Password(hint);
                    let kept = LoadedLogin { pending, phone: None, dc: Some(client.home()), age: None };
                    self.owner = SessionOwner::SavedLogin(Box::new(kept));
                }
                LoginState::NotLoggedIn => {}
            }
            if let Some(cause) = client.logout_cause() {
                output::note(cause.advice());
            }
            self.check(who, &given)?;
        }
        let mut answers = Answers::new(self.args, client, self.watch, given);
        answers.sandbox = self.sandbox.as_ref();
        answers.saved_login = self.saved_login.as_ref();
        answers.picture = self.args.qr_file.as_ref();
        let result = self.talk(client, who, &mut answers).await;
        match result {
            Ok(logged_in) => {
                self.watch.remains(None);
                if let Some(saved_login) = &self.saved_login {
                    saved_login.remove()?;
                }
                Ok(logged_in)
            }
            Err(error) => Err(self.failure(error, &answers)),
        }
    }

    async fn talk(&self, client: &Client, who: &Who, answers: &mut Answers<'_>) -> Result<LoggedIn, Error> {
        let asks = !has_values(&answers.given) && TerminalPrompt::lazy().is_available();
        if let Some(kept) = self.kept().filter(|kept| fits(who, kept, asks || has_values(&answers.given))) {
            let asks = asks && matches!(who, Who::Ask | Who::Phone(_));
            if !asks || offer(answers, kept).await? {
                answers.phone.clone_from(&kept.phone);
                answers.resumes_with(&kept.pending);
                if asks {
                    answers.converse();
                }
                let user = client.resume_login(answers, kept.pending.clone()).await?;
                return Ok(match asks {
                    true => LoggedIn::ByQuestions(user),
                    false => LoggedIn::ByValues(user),
                });
            }
            answers.on_checkpoint(None);
        }
        let user = match who {
            Who::Bot(token) => match client.bot_login(token.expose()).await {
                // A single step without user input: started again at once.
                Err(Error::Login(LoginError::Restart)) => client.bot_login(token.expose()).await?,
                result => result?,
            },
            Who::Phone(number) => {
                answers.number = Some(number.clone());
                client.interactive_login(answers).await?
            }
            Who::Qr(scanner) => {
                self.watch.doing("asking for a QR code");
                if self.sandbox.is_some() {
                    let scanner = scanner.as_ref().map_or(SCANNER, |it| it.expose());
                    let number = PhoneNumber::parse(scanner).map_err(LoginError::from)?;
                    answers.scanner = Some(number.to_string());
                }
                let except_ids = self.args.except_id.clone();
                client.resume_login(answers, SavedLogin::Qr { except_ids }).await?
            }
            Who::Ask | Who::Resume => {
                answers.scanner = Some(SCANNER.into());
                if TerminalPrompt::lazy().is_available() {
                    answers.converse();
                    let lines = match &self.sandbox {
                        Some(_) => messages::SANDBOX,
                        None if server::is_telegram(&self.config) => messages::WELCOME,
                        None => messages::WELCOME_ELSEWHERE,
                    };
                    lines.iter().try_for_each(|line| answers.show(line))?;
                }
                return client.interactive_login(answers).await.map(LoggedIn::ByQuestions);
            }
        };
        answers.tell_arrived();
        Ok(LoggedIn::ByValues(user))
    }

    /// Returns why the login failed, and how to resume the saved login.
    fn failure(&self, error: Error, answers: &Answers<'_>) -> Failure {
        answers.tell_arrived();
        if let Error::Prompt(reason) = &error {
            match &**reason {
                PromptError::Interrupted => interrupt::end(INTERRUPT),
                PromptError::NoValue(question) => return self.missing(*question, answers),
                _ => {}
            }
        }
        // A login that the server no longer knows or accepts cannot be resumed, and a link can be shown at any time.
        let is_over = !error.continuation().keeps_pending();
        if (is_over || matches!(answers.stands_at(), Some(SavedLogin::Qr { .. })))
            && let Some(saved_login) = &self.saved_login
            && let Err(failure) = saved_login.remove()
        {
            return failure;
        }
        let Some(pending) = answers.remains().filter(|_| !is_over) else { return error.into() };
        let says_how = !matches!(&error, Error::Login(_) | Error::Prompt(_))
            || matches!(&error, Error::Prompt(reason) if matches!(**reason, PromptError::EndOfInput));
        let failure = match &error {
            // How to continue is printed below.
            Error::Login(LoginError::PasswordNeeded) => Failure::new(error.to_string()),
            _ => Failure::from(error).explained(self.route, self.args.session.as_deref()),
        };
        if let Err(failure) = self.tell_pending(pending) {
            return failure;
        }
        match failure {
            Failure::Failed(sentence) if !says_how || answers.unused(pending).is_some() => {
                Failure::Failed(format!("{sentence}; {}", answers.how(pending)))
            }
            failure => failure,
        }
    }

    fn tell_pending(&self, pending: &SavedLogin) -> Result<(), Failure> {
        // Printed only once, even if the time runs out at this moment.
        self.watch.remains(None);
        match self.args.json {
            true => output::result(&words::json(pending)),
            false => Ok(()),
        }
    }

    /// Returns the failure for a question that could not be asked.
    fn missing(&self, question: Question, answers: &Answers<'_>) -> Failure {
        match (question, answers.remains()) {
            (Question::Identity, _) if answers.was_cancelled => Failure::new(messages::CANCELLED),
            (Question::Identity, _) => Failure::new(NO_TERMINAL),
            (_, Some(pending)) => {
                if let Some(line) = answers.describe_code_delivery() {
                    output::note(&line);
                }
                self.waiting_failure(pending)
            }
            (question, None) => Failure::new(messages::missing(question)),
        }
    }

    fn waiting_failure(&self, pending: &SavedLogin) -> Failure {
        match self.tell_pending(pending) {
            Ok(()) => Failure::new(messages::resume(pending, self.args)),
            Err(failure) => failure,
        }
    }

    fn tell(&self, logged_in: &LoggedIn, dc: u16) -> Result<(), Failure> {
        let (user, greeting) = match logged_in {
            LoggedIn::Already(user) => (user, "Already logged in as"),
            LoggedIn::ByValues(user) | LoggedIn::ByQuestions(user) => (user, "Logged in as"),
        };
        let line = format!("{greeting} {}.", output::words(user, dc));
        match logged_in {
            _ if self.args.json => output::result(&output::json(&UserJson::new(user, dc)))?,
            LoggedIn::ByQuestions(_) => {}
            _ => output::result(&line)?,
        }
        match (&self.file, logged_in) {
            (_, LoggedIn::Already(_)) if self.args.json => output::note(&line),
            (Some(file), LoggedIn::ByValues(_) | LoggedIn::ByQuestions(_)) if !self.args.json => {
                output::note(&format!("The session is kept in {}.", shown_path(file.path())));
            }
            _ => {}
        }
        match (&self.file, logged_in) {
            (Some(file), LoggedIn::ByValues(_) | LoggedIn::ByQuestions(_)) => {
                session::tell_if_plain(file, false)
            }
            _ => Ok(()),
        }
    }
}

/// Returns the phone number of the logged-in user, if the server states it.
async fn own_phone(client: &Client) -> Result<Option<String>, Error> {
    let me = functions::users::GetUsers { id: vec![enums::InputUser::InputUserSelf] };
    let users = client.invoke(&me).await?;
    Ok(users.into_iter().find_map(|user| match user {
        enums::User::User(user) => user.phone,
        enums::User::UserEmpty(_) => None,
    }))
}

/// Returns whether the saved login is the requested one; `has_answers`: what it waits for is given or can be asked
/// for.
fn fits(who: &Who, kept: &LoadedLogin, has_answers: bool) -> bool {
    match who {
        Who::Ask | Who::Resume => true,
        // Without an answer, the user wants another code.
        Who::Phone(number) => {
            let digits = PhoneNumber::parse(number.expose()).ok();
            has_answers && digits.is_some_and(|digits| kept.phone.as_deref() == Some(digits.digits()))
        }
        // A user who has scanned a link needs no other.
        Who::Qr(_) => kept.phone.is_none() && matches!(kept.pending, SavedLogin::Password(_)),
        Who::Bot(_) => false,
    }
}

fn has_values(given: &Given) -> bool {
    given.has_code() || given.has_password()
}

/// Asks whether to continue the saved login.
async fn offer(answers: &mut Answers<'_>, kept: &LoadedLogin) -> Result<bool, Error> {
    let question = messages::offer(kept);
    loop {
        match answers.read_line(&question).await?.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => answers.show("Please answer y for yes or n for no.")?,
        }
    }
}
