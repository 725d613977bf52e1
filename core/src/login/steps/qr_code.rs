//! A login by QR code (`api/qr-login`).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::hint::{is_password_needed, request_hint};
use crate::login::answer::{self, LoginToken};
use crate::login::credentials::ApiCredentials;
use crate::login::error::LoginError;
use crate::login::outcome::{AccountChange, LoginProgress, PasswordHint, UserInfo};
use crate::login::qr_link::QrLink;
use crate::login::state::{
    AnswerContext, AnswerState, Migrations, QrState, QueryWithState, Transition, serialize_secret,
};
use crate::login::step::LoginStep;
use crate::rpc::RpcError;
use crate::tl::functions;

/// The outcome of [`qr_login`](LoginStep::qr_login), once the code was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QrLoginOutcome {
    /// The account has a password: submit it with [`check_password`](LoginStep::check_password).
    PasswordRequired(PasswordHint),
    /// The user is logged in.
    LoggedIn(UserInfo),
}

impl QrLoginOutcome {
    const fn account_change(&self) -> AccountChange {
        match self {
            Self::PasswordRequired(_) => AccountChange::NotLoggedIn,
            Self::LoggedIn(user) => AccountChange::of_login(user),
        }
    }
}

impl From<QrLoginOutcome> for LoginProgress {
    fn from(outcome: QrLoginOutcome) -> Self {
        match outcome {
            QrLoginOutcome::PasswordRequired(hint) => Self::PasswordRequired(hint),
            QrLoginOutcome::LoggedIn(user) => Self::LoggedIn(user),
        }
    }
}

impl LoginStep<QrLoginOutcome> {
    /// Logs in by a QR code that another device of the account scans (`auth.exportLoginToken`, then
    /// `auth.importLoginToken` if the account is in another DC). [`StepAction::ShowQr`](crate::login::StepAction::ShowQr) says
    /// what to show. The users of `except_ids` cannot scan it.
    #[must_use]
    pub fn qr_login(except_ids: &[i64]) -> Self {
        let except_ids = except_ids.to_vec();
        Self::new(QrLoginOutcome::account_change, |cx| {
            let api = cx.credentials_for_login()?.clone();
            Ok(QrLogin { api, except_ids, shown: 0 }.export())
        })
    }
}

/// What all states of the step know.
struct QrLogin {
    api: ApiCredentials,
    except_ids: Vec<i64>,
    /// How many links were shown.
    shown: u32,
}

impl QrLogin {
    /// Requests a token, or the result of the scan of the last one.
    fn export(self) -> QueryWithState<QrLoginOutcome> {
        let query = functions::auth::ExportLoginToken {
            api_id: self.api.id,
            api_hash: self.api.hash.clone(),
            except_ids: self.except_ids.clone(),
        };
        let query = serialize_secret(&query, self.except_ids.len() * 8);
        QueryWithState::new(AwaitToken { login: self, query: TokenQuery::Export }, query)
    }

    /// Sends the token that was scanned to the DC of the account.
    fn import(self, token: &[u8]) -> QueryWithState<QrLoginOutcome> {
        let query = functions::auth::ImportLoginToken { token: token.to_vec() };
        let query = serialize_secret(&query, token.len());
        QueryWithState::new(AwaitToken { login: self, query: TokenQuery::Import }, query)
    }
}

/// The queries that are answered with an `auth.LoginToken`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenQuery {
    Export,
    Import,
}

/// Waits for an `auth.LoginToken`.
struct AwaitToken {
    login: QrLogin,
    query: TokenQuery,
}

impl AnswerState<QrLoginOutcome> for AwaitToken {
    fn method(&self) -> &'static str {
        match self.query {
            TokenQuery::Export => "auth.exportLoginToken",
            TokenQuery::Import => "auth.importLoginToken",
        }
    }

    fn is_qr_login(&self) -> bool {
        true
    }

    fn is_renewing_link(&self) -> bool {
        self.query == TokenQuery::Export && self.login.shown > 0
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<QrLoginOutcome>, LoginError> {
        let login = self.login;
        match answer::login_token(body)? {
            LoginToken::Show { expires, token } => {
                let shown = login.shown.saturating_add(1);
                let link = QrLink::new(&token, expires, cx.server_time, shown)?;
                Ok(Transition::ShowQr(link, Box::new(Shown(QrLogin { shown, ..login }))))
            }
            LoginToken::MigrateTo { dc, token } => Ok(Transition::Migrate(dc.into(), login.import(&token))),
            LoginToken::LoggedIn(authorization) => answer::expect_logged_in(authorization, cx)
                .map(QrLoginOutcome::LoggedIn)
                .map(Transition::Done),
        }
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        migrations: &mut Migrations,
    ) -> Result<Transition<QrLoginOutcome>, LoginError> {
        if is_password_needed(&error) {
            return Ok(request_hint(QrLoginOutcome::PasswordRequired));
        }
        // The token expired on its way to this DC: a new one must be scanned.
        let has_expired = self.query == TokenQuery::Import && error.name.starts_with("AUTH_TOKEN_");
        if has_expired && migrations.try_count() {
            return Ok(Transition::Send(self.login.export()));
        }
        Err(LoginError::from_rpc(self.method(), error))
    }
}

/// A link is shown.
struct Shown(QrLogin);

impl QrState<QrLoginOutcome> for Shown {
    fn renew(self: Box<Self>) -> QueryWithState<QrLoginOutcome> {
        self.0.export()
    }
}
