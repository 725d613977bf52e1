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

/// How often one step may be sent to another DC.
pub const MAX_HOPS: u8 = policy::MAX_LOGIN_MIGRATIONS;

/// What a step may need of the client that runs it.
#[derive(Clone, Copy, Debug)]
pub struct LoginContext<'a> {
    /// The identity of the application.
    pub api: Option<&'a ApiCredentials>,
    /// The tokens that earlier logouts left, at most 20: a login of their account needs no code.
    pub logout_tokens: &'a [Zeroizing<Vec<u8>>],
    /// Whether a user is logged in. A login does not begin then, since it would replace that user.
    pub is_logged_in: bool,
    /// Whether the login has come to its DC from another one. A DC may not know the key of such a login for a second or
    /// two, so `AUTH_KEY_UNREGISTERED` is retried three times.
    pub has_migrated: bool,
}

impl LoginContext<'_> {
    /// The identity of the application, for the first query of a login.
    pub(super) fn api(&self) -> Result<&ApiCredentials, LoginError> {
        if self.is_logged_in {
            return Err(LoginError::AlreadyLoggedIn);
        }
        let api = self.api.ok_or(LoginError::ApiCredentialsMissing)?;
        api.check()?;
        Ok(api)
    }
}

/// A query, and the state in which its answer is awaited.
pub(super) struct Request<T> {
    pub(super) state: Box<dyn State<T>>,
    pub(super) query: Secret<Vec<u8>>,
}

impl<T> Request<T> {
    pub(super) fn new(state: impl State<T> + 'static, query: Secret<Vec<u8>>) -> Self {
        Self { state: Box::new(state), query }
    }
}

/// What follows in a step.
pub(super) enum Next<T> {
    Send(Request<T>),
    /// The request goes to this DC, as the server numbers it.
    Migrate(i64, Request<T>),
    Compute(PasswordKdfTask, Box<dyn KdfState<T>>),
    ShowQr(QrLink, Box<dyn QrState<T>>),
    Done(T),
}

impl<T> Next<T> {
    pub(super) fn send(state: impl State<T> + 'static, query: Secret<Vec<u8>>) -> Self {
        Self::Send(Request::new(state, query))
    }
}

/// What a state may use and leave behind as it takes an answer.
pub(super) struct AnswerContext<'a> {
    /// The server's time in seconds since 1970.
    pub(super) server_time: i64,
    pub(super) random: &'a mut dyn SecureRandom,
    /// Receives the token for a next login without a code.
    pub(super) future_auth_token: &'a mut Option<Zeroizing<Vec<u8>>>,
}

/// The state of a step that waits for an answer. Each answer consumes it.
pub(super) trait State<T>: Send {
    /// The method whose answer the step waits for.
    fn method(&self) -> &'static str;

    /// Whether it is part of a login, not of what follows one.
    fn is_login(&self) -> bool {
        true
    }

    /// Whether it belongs to a login by QR code.
    fn is_qr_login(&self) -> bool {
        false
    }

    /// Whether a QR code is on display, which may be unattended: the step is more patient then.
    fn is_displayed(&self) -> bool {
        false
    }

    /// Takes the answer, one boxed TL object.
    fn answered(self: Box<Self>, body: &[u8], cx: &mut AnswerContext<'_>) -> Result<Next<T>, LoginError>;

    /// Takes a refusal that calls for neither a migration nor a pause.
    fn refused(self: Box<Self>, error: RpcError, hops: &mut Hops) -> Result<Next<T>, LoginError> {
        let _ = hops;
        let error = LoginError::of(self.method(), error);
        self.failed(error)
    }

    /// The query is given up with this error.
    fn failed(self: Box<Self>, error: LoginError) -> Result<Next<T>, LoginError> {
        Err(error)
    }
}

/// The state of a step that waits for a [`PasswordKdfTask`].
pub(super) trait KdfState<T>: Send {
    /// Takes the output of the task.
    fn computed(
        self: Box<Self>,
        output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> Result<Next<T>, LoginError>;
}

/// The state of a step that shows a QR code.
pub(super) trait QrState<T>: Send {
    /// Returns the request for a new link.
    fn renew(self: Box<Self>) -> Request<T>;
}

/// The error of a step that is given what it does not wait for: its caller has cancelled the request.
pub(super) const fn not_awaited() -> LoginError {
    LoginError::Invoke(InvokeError::Cancelled)
}

/// How often a step was sent to another DC.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hops(u8);

impl Hops {
    /// Takes one more hop. Returns whether the step may still take it.
    pub(super) const fn take(&mut self) -> bool {
        let may_take = self.0 < MAX_HOPS;
        if may_take {
            self.0 += 1;
        }
        may_take
    }
}

impl fmt::Display for Hops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Serializes a query in one piece, since a buffer that grows leaves copies behind. `more` is how many bytes the query
/// may have beyond the usual ones.
pub(super) fn secret_bytes(query: &impl Serialize, more: usize) -> Secret<Vec<u8>> {
    /// More than a query has whose texts are of usual lengths.
    const USUAL: usize = 1024;
    let mut bytes = Vec::with_capacity(USUAL + more);
    query.serialize(&mut bytes);
    Secret::new(bytes)
}
