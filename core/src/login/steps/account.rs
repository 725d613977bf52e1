//! Bots, and the account that is logged in.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::hint::{get_hint, is_password_needed};
use crate::crypto::Secret;
use crate::login::answer;
use crate::login::credentials::BotToken;
use crate::login::error::LoginError;
use crate::login::flow::LoginFlow;
use crate::login::outcome::{AccountChange, LoginStep, UserInfo};
use crate::login::single_query::{LogsIn, SingleQuery};
use crate::login::state::{AnswerContext, Hops, Next, Request, State, secret_bytes};
use crate::rpc::RpcError;
use crate::tl::{functions, types};

impl LoginFlow<UserInfo> {
    /// Logs a bot in (`auth.importBotAuthorization`). A token of the wrong form is not sent
    /// ([`LoginError::BotTokenForm`]).
    #[must_use]
    pub fn bot_login(token: &str) -> Self {
        let token = BotToken::parse(token);
        Self::new(AccountChange::of_login, |cx| {
            let (token, api) = (token?, cx.api()?);
            let query = functions::auth::ImportBotAuthorization {
                flags: 0,
                api_id: api.id,
                api_hash: api.hash.clone(),
                bot_auth_token: token.expose().into(),
            };
            let state = LogsIn { method: "auth.importBotAuthorization", finish: |user| user };
            Ok(Request::new(state, secret_bytes(&query, 0)))
        })
    }

    /// Asks which user is logged in (`users.getUsers`). Fails with [`LoginError::NotLoggedIn`] if none is.
    #[must_use]
    pub fn get_me() -> Self {
        let state = SingleQuery { method: "users.getUsers", is_login: false, read: answer::user };
        Self::new(AccountChange::of_user, |_| Ok(Request::new(state, get_self())))
    }
}

impl LoginFlow<Option<LoginStep>> {
    /// Asks how far the login of this session has come (`users.getUsers`): ends in [`LoginStep::LoggedIn`], in
    /// [`LoginStep::PasswordRequired`] if the login waits for the account's password, or in `None`.
    ///
    /// Only the server says `None`. The step fails if the server cannot be asked or its answer cannot be read.
    #[must_use]
    pub fn login_state() -> Self {
        Self::new(AccountChange::of_state, |_| Ok(Request::new(LoginState, get_self())))
    }
}

impl LoginFlow<()> {
    /// Logs out (`auth.logOut`), so that the keys can be forgotten. Succeeds as well if no user was logged in.
    #[must_use]
    pub fn log_out() -> Self {
        let query = secret_bytes(&functions::auth::LogOut {}, 0);
        Self::new(|()| AccountChange::LoggedOut, |_| Ok(Request::new(LogOut, query)))
    }
}

fn get_self() -> Secret<Vec<u8>> {
    let query = functions::users::GetUsers { id: vec![types::InputUserSelf {}.into()] };
    secret_bytes(&query, 0)
}

struct LoginState;

impl State<Option<LoginStep>> for LoginState {
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
    ) -> Result<Next<Option<LoginStep>>, LoginError> {
        Ok(Next::Done(answer::user_if_any(body)?.map(LoginStep::LoggedIn)))
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        _: &mut Hops,
    ) -> Result<Next<Option<LoginStep>>, LoginError> {
        // The account may have got a password since it was asked for one of its users.
        if is_password_needed(&error) {
            return Ok(get_hint(Some));
        }
        if denies_login(&error) {
            return Ok(Next::Done(None));
        }
        Err(LoginError::of("users.getUsers", error))
    }
}

struct LogOut;

impl State<()> for LogOut {
    fn method(&self) -> &'static str {
        "auth.logOut"
    }

    fn is_login(&self) -> bool {
        false
    }

    fn answered(self: Box<Self>, body: &[u8], cx: &mut AnswerContext<'_>) -> Result<Next<()>, LoginError> {
        *cx.future_auth_token = answer::logged_out(body)?;
        Ok(Next::Done(()))
    }

    fn refused(self: Box<Self>, error: RpcError, _: &mut Hops) -> Result<Next<()>, LoginError> {
        if denies_login(&error) { Ok(Next::Done(())) } else { Err(LoginError::of("auth.logOut", error)) }
    }
}

/// Whether the server says that no user is logged in (`api/errors`, 401 and 406). It does not say so if a temporary key is
/// not bound.
fn denies_login(error: &RpcError) -> bool {
    error.code == 401 && !error.is("AUTH_KEY_PERM_EMPTY") || error.is("AUTH_KEY_DUPLICATED")
}
