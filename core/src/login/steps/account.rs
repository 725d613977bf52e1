//! Bots, and the user who is logged in.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::hint::{is_password_needed, request_hint};
use crate::crypto::Secret;
use crate::login::answer;
use crate::login::credentials::BotToken;
use crate::login::error::LoginError;
use crate::login::outcome::{AccountChange, PasswordHint, UserInfo};
use crate::login::single_query::{LoginQuery, SingleQuery};
use crate::login::state::{
    AnswerContext, AnswerState, Migrations, QueryWithState, Transition, serialize_secret,
};
use crate::login::step::LoginStep;
use crate::rpc::RpcError;
use crate::tl::{functions, types};

impl LoginStep<UserInfo> {
    /// Logs in a bot (`auth.importBotAuthorization`). A token of the wrong form is not sent: the step fails with
    /// [`LoginError::BotTokenForm`].
    #[must_use]
    pub fn bot_login(token: &str) -> Self {
        let token = BotToken::parse(token);
        Self::new(AccountChange::of_login, |cx| {
            let (token, api) = (token?, cx.credentials_for_login()?);
            let query = functions::auth::ImportBotAuthorization {
                flags: 0,
                api_id: api.id,
                api_hash: api.hash.clone(),
                bot_auth_token: token.expose().into(),
            };
            let state = LoginQuery { method: "auth.importBotAuthorization" };
            Ok(QueryWithState::new(state, serialize_secret(&query, 0)))
        })
    }

    /// Asks the server which user is logged in (`users.getUsers`). The step fails with [`LoginError::NotLoggedIn`] if no
    /// user is.
    #[must_use]
    pub fn get_me() -> Self {
        let state = SingleQuery { method: "users.getUsers", is_login: false, read: answer::user };
        Self::new(AccountChange::of_user, |_| Ok(QueryWithState::new(state, get_self())))
    }
}

/// The server's view of the login of this session: the outcome of [`login_state`](LoginStep::login_state).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginState {
    /// No user is logged in.
    NotLoggedIn,
    /// The login waits for the account's password: submit it with
    /// [`check_password`](LoginStep::check_password).
    PasswordRequired(PasswordHint),
    /// This user is logged in.
    LoggedIn(UserInfo),
}

impl LoginState {
    const fn account_change(&self) -> AccountChange {
        match self {
            Self::NotLoggedIn | Self::PasswordRequired(_) => AccountChange::NotLoggedIn,
            Self::LoggedIn(user) => AccountChange::of_user(user),
        }
    }
}

impl LoginStep<LoginState> {
    /// Asks the server for the state of this session's login (`users.getUsers`).
    ///
    /// Only the server's answer leads to [`LoginState::NotLoggedIn`]. The step fails if the server cannot be asked or its
    /// answer cannot be read.
    #[must_use]
    pub fn login_state() -> Self {
        Self::new(LoginState::account_change, |_| Ok(QueryWithState::new(GetLoginState, get_self())))
    }
}

impl LoginStep<()> {
    /// Logs out (`auth.logOut`), so that the keys can be deleted. Succeeds too if no user is logged in.
    #[must_use]
    pub fn log_out() -> Self {
        let query = serialize_secret(&functions::auth::LogOut {}, 0);
        Self::new(|()| AccountChange::LoggedOut, |_| Ok(QueryWithState::new(LogOut, query)))
    }
}

fn get_self() -> Secret<Vec<u8>> {
    let query = functions::users::GetUsers { id: vec![types::InputUserSelf {}.into()] };
    serialize_secret(&query, 0)
}

struct GetLoginState;

impl AnswerState<LoginState> for GetLoginState {
    fn method(&self) -> &'static str {
        "users.getUsers"
    }

    fn is_login(&self) -> bool {
        false
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        _: &mut AnswerContext<'_>,
    ) -> Result<Transition<LoginState>, LoginError> {
        let user = answer::user_if_any(body)?;
        Ok(Transition::Done(user.map_or(LoginState::NotLoggedIn, LoginState::LoggedIn)))
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        _: &mut Migrations,
    ) -> Result<Transition<LoginState>, LoginError> {
        if is_password_needed(&error) {
            return Ok(request_hint(LoginState::PasswordRequired));
        }
        if denies_login(&error) {
            return Ok(Transition::Done(LoginState::NotLoggedIn));
        }
        Err(LoginError::from_rpc("users.getUsers", error))
    }
}

struct LogOut;

impl AnswerState<()> for LogOut {
    fn method(&self) -> &'static str {
        "auth.logOut"
    }

    fn is_login(&self) -> bool {
        false
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<()>, LoginError> {
        *cx.future_auth_token = answer::logged_out(body)?;
        Ok(Transition::Done(()))
    }

    fn refused(self: Box<Self>, error: RpcError, _: &mut Migrations) -> Result<Transition<()>, LoginError> {
        if denies_login(&error) {
            Ok(Transition::Done(()))
        } else {
            Err(LoginError::from_rpc("auth.logOut", error))
        }
    }
}

/// Returns whether the server reports that no user is logged in (`api/errors`, 401 and 406). A temporary key that is not
/// bound does not mean that.
fn denies_login(error: &RpcError) -> bool {
    error.code == 401 && !error.is("AUTH_KEY_PERM_EMPTY") || error.is("AUTH_KEY_DUPLICATED")
}
