//! `sansgram login`.

mod answers;
pub(crate) mod args;
mod checks;
mod failure;
mod identity;
mod messages;
mod qr;
mod setup;

use std::time::Duration;

use sansgram_runtime::core::login::{LoginError, PhoneNumber, SavedLogin, UserInfo};
use sansgram_runtime::text::shown_path;
use sansgram_runtime::{Client, ClientOptions, Error, LoginState, Prompt, TerminalPrompt};

use crate::application::Application;
use crate::error::Failure;
use crate::output::{self, UserJson};
use crate::sandbox::DEFAULT_SCANNER;
use crate::saved_login::LoadedLogin;
use crate::session::{self, SessionOwner};
use crate::{interrupt, server, timeout};

use answers::Answers;
use args::LoginArgs;
use checks::{check_user, check_values, fits};
use failure::failure;
use identity::{Given, Identity};
use setup::{Place, Setup};

/// How a login succeeded.
enum LoggedIn {
    /// The user was already logged in.
    Already(UserInfo),
    /// The given values were enough.
    ByValues(UserInfo),
    /// Questions were asked.
    ByQuestions(UserInfo),
}

/// `sansgram login`.
pub(crate) fn login(mut args: Box<LoginArgs>) -> Result<(), Failure> {
    let (identity, given) = identity::read(&mut args)?;
    // The sandbox has its own application.
    let application = match args.sandbox {
        true => Application::default(),
        false => Application::given(args.api_id.take(), args.api_hash.take())?,
    };
    interrupt::end_on_signal()?;
    let limit = Duration::from_secs(args.server.timeout.into());
    timeout::within(limit, move |time_limit| {
        run(Setup::new(&args, application, time_limit)?, &identity, given)
    })
}

fn run(mut setup: Setup<'_>, identity: &Identity, given: Given) -> Result<(), Failure> {
    // If a user may be logged in, the server is asked first.
    if !setup.owner.may_be_logged_in() {
        check_values(&setup, identity, &given)?;
    }
    note_remembered_server(&setup, identity);
    interrupt::set_advice(setup.saved().is_some().then_some(messages::RESUMES));
    let (args, route) = (setup.args, setup.route);
    let options = match setup.sandbox {
        Some(_) => ClientOptions::default(),
        None => args.server.network.options()?,
    };
    let runtime = args.server.target.runtime;
    let result = runtime.block_on(async {
        let client = runtime.start(setup.config.clone(), setup.store.clone(), options).await?;
        setup.time_limit.set_client(&client, route);
        let result = log_in(&mut setup, &client, identity, given).await;
        let dc = client.home().number();
        client.disconnect().await;
        print_result(&setup, &result?, dc)?;
        client.save_error().map_or(Ok(()), |error| Err(error.into()))
    });
    result.map_err(|failure| failure.with_advice(route, args.session.as_deref()))
}

/// Says that the login goes to the server that the session remembers. The later steps of a login do not repeat it, unless an
/// option asks for something else.
fn note_remembered_server(setup: &Setup<'_>, identity: &Identity) {
    let resumes = setup.saved().is_some_and(|saved| fits(identity, saved, true));
    let wants_telegram = setup.args.server.wants_test_dcs();
    if let Some(note) = setup.remembered_server.as_ref().filter(|_| !resumes || wants_telegram) {
        output::note(note);
    }
}

async fn log_in(
    setup: &mut Setup<'_>,
    client: &Client,
    identity: &Identity,
    given: Given,
) -> Result<LoggedIn, Failure> {
    setup.time_limit.set_step("logging in");
    if setup.owner.may_be_logged_in() {
        let named_user = matches!(setup.owner, SessionOwner::Known);
        match client.login_state().await? {
            LoginState::LoggedIn(user) => {
                check_user(client, identity, &user).await?;
                return Ok(LoggedIn::Already(user));
            }
            // The login began elsewhere, such as in the application that the session was imported from.
            LoginState::PasswordRequired(hint) => {
                let pending = SavedLogin::Password(hint);
                let saved = LoadedLogin { pending, phone: None, dc: Some(client.home()), age: None };
                setup.owner = SessionOwner::SavedLogin(Box::new(saved));
            }
            LoginState::NotLoggedIn => {}
        }
        if let Some(cause) = client.logout_cause() {
            output::note(cause.advice());
        }
        // Before this, the saved login was checked only if the session names no user.
        if let Some(saved_login) = setup.saved_login.as_ref().filter(|_| named_user) {
            saved_login.check()?;
        }
        check_values(setup, identity, &given)?;
    }
    let setup = &*setup;
    let mut answers = Answers::new(setup, client, given);
    match converse(setup, client, identity, &mut answers).await {
        Ok(logged_in) => {
            setup.time_limit.set_saved_login(None);
            if let Some(saved_login) = &setup.saved_login {
                saved_login.remove()?;
            }
            Ok(logged_in)
        }
        Err(error) => Err(failure(setup, error, &answers)),
    }
}

/// Runs the login: resumes a saved one, or starts a new one.
async fn converse(
    setup: &Setup<'_>,
    client: &Client,
    identity: &Identity,
    answers: &mut Answers<'_>,
) -> Result<LoggedIn, Error> {
    let has_values = answers.given.has_any();
    let can_ask = !has_values && TerminalPrompt::lazy().is_available();
    if let Some(saved) = setup.saved().filter(|saved| fits(identity, saved, can_ask || has_values)) {
        let asks = can_ask && matches!(identity, Identity::Ask | Identity::Phone(_));
        if !asks || offer(answers, saved).await? {
            answers.resume(saved);
            if asks {
                answers.start_conversation();
            }
            let user = client.resume_login(answers, saved.pending.clone()).await?;
            return Ok(match asks {
                true => LoggedIn::ByQuestions(user),
                false => LoggedIn::ByValues(user),
            });
        }
        answers.on_checkpoint(None);
    }
    let user = match identity {
        Identity::Bot(token) => match client.bot_login(token.expose()).await {
            // Restarted immediately, since it is a single step without user input.
            Err(Error::Login(LoginError::Restart)) => client.bot_login(token.expose()).await?,
            result => result?,
        },
        Identity::Phone(number) => {
            answers.number = Some(number.clone());
            client.interactive_login(answers).await?
        }
        Identity::Qr(scanner) => {
            setup.time_limit.set_step("requesting a QR code");
            if setup.sandbox.is_some() {
                let scanner = scanner.as_ref().map_or(DEFAULT_SCANNER, |it| it.expose());
                let number = PhoneNumber::parse(scanner).map_err(LoginError::from)?;
                answers.scanner = Some(number.to_string());
            }
            let except_ids = setup.args.except_id.clone();
            client.resume_login(answers, SavedLogin::Qr { except_ids }).await?
        }
        Identity::Ask | Identity::Resume => {
            answers.scanner = Some(DEFAULT_SCANNER.into());
            if TerminalPrompt::lazy().is_available() {
                answers.start_conversation();
                let lines = match &setup.sandbox {
                    Some(_) => messages::SANDBOX,
                    None if server::is_telegram(&setup.config) => messages::WELCOME,
                    None => messages::WELCOME_ELSEWHERE,
                };
                lines.iter().try_for_each(|line| answers.show(line))?;
            }
            return client.interactive_login(answers).await.map(LoggedIn::ByQuestions);
        }
    };
    answers.print_arrived_codes();
    Ok(LoggedIn::ByValues(user))
}

/// Asks whether to continue the saved login.
async fn offer(answers: &mut Answers<'_>, saved: &LoadedLogin) -> Result<bool, Error> {
    let question = messages::offer(saved);
    loop {
        match answers.read_line(&question).await?.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => answers.show("Please answer y for yes or n for no.")?,
        }
    }
}

fn print_result(setup: &Setup<'_>, logged_in: &LoggedIn, dc: u16) -> Result<(), Failure> {
    let (user, greeting) = match logged_in {
        LoggedIn::Already(user) => (user, "Already logged in as"),
        LoggedIn::ByValues(user) | LoggedIn::ByQuestions(user) => (user, messages::LOGGED_IN),
    };
    let line = format!("{greeting} {}.", output::describe_user(user, dc));
    let json = setup.args.json;
    if json {
        output::result(&output::json(&UserJson::new(user, dc)))?;
        if matches!(logged_in, LoggedIn::ByQuestions(_)) {
            output::note(&line);
        }
    } else {
        output::result(&line)?;
    }
    match (&setup.place, logged_in) {
        (_, LoggedIn::Already(_)) => {
            if json {
                output::note(&line);
            }
            Ok(())
        }
        (Place::Memory, _) => Ok(()),
        (Place::Database(place), _) => {
            if !json {
                output::note(&format!("The session is stored {place}."));
            }
            Ok(())
        }
        (Place::File(file), _) => {
            if !json {
                output::note(&format!("The session is stored in {}.", shown_path(file.path())));
            }
            session::note_if_unencrypted(file, false)
        }
    }
}
