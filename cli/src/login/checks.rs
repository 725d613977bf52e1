//! Checks before a code is requested: the given values, and the user who is already logged in.

use sansgram_runtime::core::login::{BotToken, LoginError, PhoneNumber, SavedLogin, UserInfo};
use sansgram_runtime::core::tl::{enums, functions};
use sansgram_runtime::{Client, Error, TerminalPrompt};

use super::failure::waiting;
use super::identity::{Given, Identity};
use super::messages;
use super::setup::{Place, Setup};
use crate::advice::NO_TERMINAL;
use crate::error::Failure;
use crate::saved_login::LoadedLogin;
use crate::{output, server};

/// Checks the input before a login of a session without a user. Errors if a required value is missing, or if a question
/// will certainly come and there is no terminal to ask it.
pub(super) fn check_values(setup: &Setup<'_>, identity: &Identity, given: &Given) -> Result<(), Failure> {
    let saved = setup.saved();
    // Checked before the application, which would not help.
    if saved.is_none() && matches!(identity, Identity::Resume) {
        return Err(Failure::Usage(messages::NO_SAVED_LOGIN.into()));
    }
    match identity {
        Identity::Phone(number) => {
            PhoneNumber::parse(number.expose()).map_err(|error| Failure::new(error.to_string()))?;
        }
        Identity::Bot(token) => {
            BotToken::parse(token.expose()).map_err(|error| Failure::new(error.to_string()))?;
        }
        Identity::Ask | Identity::Resume | Identity::Qr(_) => {}
    }
    let has_terminal = TerminalPrompt::lazy().is_available();
    // A saved login does not need the application again, unless it starts with a new QR link.
    let resumes = saved.is_some_and(|saved| {
        !matches!(saved.pending, SavedLogin::Qr { .. })
            && fits(identity, saved, given.has_any() || has_terminal)
    });
    if !resumes && setup.sandbox.is_none() {
        setup.application.check(server::is_telegram(&setup.config))?;
    }
    if has_terminal {
        return Ok(());
    }
    match (identity, saved) {
        (Identity::Ask, Some(_)) if given.has_any() => Ok(()),
        (Identity::Ask, Some(saved)) if !matches!(saved.pending, SavedLogin::Qr { .. }) => {
            Err(waiting(setup, &saved.pending))
        }
        (Identity::Ask, _) => Err(Failure::new(NO_TERMINAL)),
        // The login cannot be saved for a second call, since the sandbox ends.
        (Identity::Phone(_), _) if setup.saved_login.is_none() && !given.has_code() => {
            Err(Failure::new(match setup.place {
                Place::Database(_) => messages::NO_CODE_FOR_DATABASE,
                Place::Memory | Place::File(_) => messages::NO_CODE,
            }))
        }
        _ => Ok(()),
    }
}

/// Errors if another user than the requested one is logged in.
pub(super) async fn check_user(client: &Client, identity: &Identity, user: &UserInfo) -> Result<(), Failure> {
    let is_requested = match identity {
        Identity::Bot(token) => {
            let token = BotToken::parse(token.expose()).map_err(LoginError::from).map_err(Error::from)?;
            user.is_bot && token.expose().starts_with(&format!("{}:", user.id))
        }
        Identity::Phone(number) => {
            let number =
                PhoneNumber::parse(number.expose()).map_err(LoginError::from).map_err(Error::from)?;
            let theirs = own_phone(client).await?;
            !user.is_bot && theirs.is_none_or(|theirs| theirs.trim_start_matches('+') == number.digits())
        }
        Identity::Ask | Identity::Resume | Identity::Qr(_) => true,
    };
    if is_requested {
        return Ok(());
    }
    Err(Failure::new(format!(
        "another user is already logged in with this session: {}; use another --session, or log out first with \
         \"sansgram logout\"",
        output::describe_user(user, client.home().number())
    )))
}

/// Returns the phone number of the logged-in user, if the server states it.
async fn own_phone(client: &Client) -> Result<Option<String>, Error> {
    let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    let users = client.invoke(&me).await?;
    Ok(users.into_iter().find_map(|user| match user {
        enums::User::User(user) => user.phone,
        enums::User::Empty(_) => None,
    }))
}

/// Returns whether the saved login is the requested one. `has_answers`: the value that it waits for is given or can be
/// asked for.
pub(super) fn fits(identity: &Identity, saved: &LoadedLogin, has_answers: bool) -> bool {
    match identity {
        Identity::Ask | Identity::Resume => true,
        // Without an answer, the user wants another code.
        Identity::Phone(number) => {
            let digits = PhoneNumber::parse(number.expose()).ok();
            has_answers && digits.is_some_and(|digits| saved.phone.as_deref() == Some(digits.digits()))
        }
        // A user who has scanned a link needs no other.
        Identity::Qr(_) => saved.phone.is_none() && matches!(saved.pending, SavedLogin::Password(_)),
        Identity::Bot(_) => false,
    }
}
