//! The states of a step, and what follows each of them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::credentials::ApiCredentials;
use super::error::LoginError;
use super::password::{PasswordKdfOutput, PasswordKdfTask};
use super::qr_link::QrLink;
use crate::crypto::{Secret, SecureRandom};
use crate::policy;
use crate::rpc::{InvokeError, RpcError};
use crate::tl::Serialize;

/// The maximum number of migrations of one step.
pub const MAX_MIGRATIONS: u8 = policy::MAX_LOGIN_MIGRATIONS;

/// What a step needs to know about the client that runs it.
#[derive(Clone, Copy, Debug)]
pub struct LoginContext<'a> {
    /// The identity of the application.
    pub api: Option<&'a ApiCredentials>,
    /// The future auth tokens from earlier logouts, at most 20. A login to one of their accounts needs no code.
    pub logout_tokens: &'a [Zeroizing<Vec<u8>>],
    /// Whether a user is logged in. If so, a login fails with [`LoginError::AlreadyLoggedIn`], since it would replace that
    /// user.
    pub is_logged_in: bool,
    /// Whether the login has migrated. The new DC may not know its key for a second or two, so `AUTH_KEY_UNREGISTERED` is
    /// retried three times.
    pub has_migrated: bool,
}

impl LoginContext<'_> {
    /// Returns the application's credentials for the first query of a login. Errors if a user is logged in.
    pub(super) fn credentials_for_login(&self) -> Result<&ApiCredentials, LoginError> {
        if self.is_logged_in {
            return Err(LoginError::AlreadyLoggedIn);
        }
        let api = self.api.ok_or(LoginError::ApiCredentialsMissing)?;
        api.check()?;
        Ok(api)
    }
}

/// A query to send, and the state that waits for its answer.
pub(super) struct QueryWithState<T> {
    pub(super) state: Box<dyn AnswerState<T>>,
    pub(super) query: Secret<Vec<u8>>,
}

impl<T> QueryWithState<T> {
    pub(super) fn new(state: impl AnswerState<T> + 'static, query: Secret<Vec<u8>>) -> Self {
        Self { state: Box::new(state), query }
    }
}

/// The next phase of a step.
pub(super) enum Transition<T> {
    Send(QueryWithState<T>),
    /// The request goes to this DC, as the server numbers it.
    Migrate(i64, QueryWithState<T>),
    Compute(PasswordKdfTask, Box<dyn KdfState<T>>),
    ShowQr(QrLink, Box<dyn QrState<T>>),
    Done(T),
}

impl<T> Transition<T> {
    pub(super) fn send(state: impl AnswerState<T> + 'static, query: Secret<Vec<u8>>) -> Self {
        Self::Send(QueryWithState::new(state, query))
    }
}

/// What a state may use as it processes an answer.
pub(super) struct AnswerContext<'a> {
    /// The server's time in seconds since 1970.
    pub(super) server_time: i64,
    pub(super) random: &'a mut dyn SecureRandom,
    /// Receives the token for a next login without a code.
    pub(super) future_auth_token: &'a mut Option<Zeroizing<Vec<u8>>>,
}

/// The state of a step that waits for an answer. Each answer consumes it.
pub(super) trait AnswerState<T>: Send {
    /// The method whose answer the step waits for.
    fn method(&self) -> &'static str;

    /// Returns whether the query belongs to a login, not to a user who is logged in.
    fn is_login(&self) -> bool {
        true
    }

    /// Returns whether the step is a login by QR code.
    fn is_qr_login(&self) -> bool {
        false
    }

    /// Returns whether a new link is requested while an old one is shown. The screen may be unattended, so the query is
    /// retried more often.
    fn is_renewing_link(&self) -> bool {
        false
    }

    /// Processes the answer, one boxed TL object.
    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<T>, LoginError>;

    /// Processes a refusal that demands neither a migration nor a pause.
    fn refused(
        self: Box<Self>,
        error: RpcError,
        migrations: &mut Migrations,
    ) -> Result<Transition<T>, LoginError> {
        let _ = migrations;
        let error = LoginError::from_rpc(self.method(), error);
        self.failed(error)
    }

    /// Processes the error with which the query has failed.
    fn failed(self: Box<Self>, error: LoginError) -> Result<Transition<T>, LoginError> {
        Err(error)
    }
}

/// The state of a step that waits for a [`PasswordKdfTask`].
pub(super) trait KdfState<T>: Send {
    /// Processes the output of the task.
    fn computed(
        self: Box<Self>,
        output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> Result<Transition<T>, LoginError>;
}

/// The state of a step that shows a QR code.
pub(super) trait QrState<T>: Send {
    /// Returns the request for a new link.
    fn renew(self: Box<Self>) -> QueryWithState<T>;
}

/// The error of a step that is given what it does not wait for: its caller has cancelled the request.
pub(super) const fn cancelled() -> LoginError {
    LoginError::Invoke(InvokeError::Cancelled)
}

/// The number of migrations of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Migrations(u8);

impl Migrations {
    /// Counts one more migration. Returns `false` if the step has reached its maximum.
    pub(super) const fn try_count(&mut self) -> bool {
        let may_take = self.0 < MAX_MIGRATIONS;
        if may_take {
            self.0 += 1;
        }
        may_take
    }
}

impl fmt::Display for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Serializes a query in one allocation, since a buffer that grows leaves copies behind. `more` is by how many bytes the
/// query may exceed the usual length.
pub(super) fn serialize_secret(query: &impl Serialize, more: usize) -> Secret<Vec<u8>> {
    /// More than a query has whose texts are of usual lengths.
    const USUAL: usize = 1024;
    let mut bytes = Vec::with_capacity(USUAL + more);
    query.serialize(&mut bytes);
    Secret::new(bytes)
}
