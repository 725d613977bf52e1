//! What follows when the server refuses a step's query, or nobody answers it.

use core::time::Duration;

use super::state::{Password, State};
use super::{LoginFlow, MAX_HOPS, Progress, done};
use crate::dc::DcId;
use crate::login::answer;
use crate::login::error::LoginError;
use crate::login::outcome::{Outcome, PasswordHint};
use crate::policy;
use crate::rpc::{InvokeError, RpcError};
use crate::tl::functions;

impl LoginFlow {
    pub(super) fn refused(&mut self, error: InvokeError) -> Progress {
        let is_hint = matches!(self.state, State::AskHint);
        match self.after_refusal(error) {
            // The code was right, and is used up: the password is needed, with a hint or without.
            Progress::Done(Err(error)) if is_hint && error.continuation().keeps_pending() => {
                done(Outcome::PasswordRequired(PasswordHint::default()))
            }
            progress => progress,
        }
    }

    fn after_refusal(&mut self, error: InvokeError) -> Progress {
        let is_shown = matches!(&self.state, State::ExportToken(qr) if qr.shown > 0);
        let error = match error {
            InvokeError::Rpc(error) => error,
            InvokeError::TimedOut { .. } | InvokeError::Unreachable { .. } if is_shown => {
                return self.repeat(error.into(), policy::MAX_QR_RETRIES);
            }
            error => return Progress::Done(Err(error.into())),
        };
        if let Some(target) = error.migrate_to() {
            return self.migrate(target);
        }
        let method = self.state.method();
        if is_trouble(&error) {
            let limit = if is_shown { policy::MAX_QR_RETRIES } else { policy::MAX_LOGIN_RETRIES };
            return self.repeat(LoginError::of(method, error), limit);
        }
        // A DC that the account has just come to may not know the key for a second or two (Swiftgram PR#185).
        if self.has_migrated && self.state.signs_in() && error.is("AUTH_KEY_UNREGISTERED") {
            return self.repeat(LoginError::of(method, error), policy::MAX_LOGIN_RETRIES);
        }
        if let LoginError::FloodWait(wait) = LoginError::of(method, error.clone()) {
            return Progress::FloodWait(wait);
        }
        match (core::mem::replace(&mut self.state, State::Over), error.name.as_str()) {
            (
                State::SendCode(..)
                | State::SignIn(_)
                | State::VerifyEmail(_)
                | State::ExportToken(_)
                | State::ImportToken(_)
                // The account may have got a password since it was asked for one of its users.
                | State::IsAuthorized,
                "SESSION_PASSWORD_NEEDED",
            ) => self.continue_with(State::AskHint, &functions::account::GetPassword {}),
            (State::CheckPassword(password), "SRP_ID_INVALID" | "SRP_PASSWORD_CHANGED")
                if !password.refreshed =>
            {
                let password = Password { refreshed: true, ..password };
                self.continue_with(State::AskParameters(password), &functions::account::GetPassword {})
            }
            (State::SignIn(token), "PHONE_NUMBER_UNOCCUPIED") => done(answer::sign_up_required(token, None)),
            // The token that was scanned went stale on its way to the other DC: a new one must be scanned.
            (State::ImportToken(qr), name) if name.starts_with("AUTH_TOKEN_") && self.hops < MAX_HOPS => {
                self.hops += 1;
                let query = qr.export();
                self.continue_with(State::ExportToken(qr), &query)
            }
            (State::IsAuthorized, _) if denies_login(&error) => done(Outcome::Authorized(None)),
            (State::SignOut, _) if denies_login(&error) => done(Outcome::SignedOut),
            _ => Progress::Done(Err(LoginError::of(method, error))),
        }
    }

    pub(super) fn migrate(&mut self, target: i64) -> Progress {
        if self.hops == MAX_HOPS {
            return Progress::Done(Err(LoginError::MigrationLoop));
        }
        self.hops += 1;
        self.has_migrated = true;
        match DcId::new(target) {
            Ok(dc) => Progress::Migrate(dc),
            Err(_) => Progress::Done(Err(LoginError::MigrationTarget(target))),
        }
    }

    fn repeat(&mut self, error: LoginError, limit: u32) -> Progress {
        if self.repeats == limit {
            return Progress::Done(Err(error));
        }
        let pause = Duration::from_secs(1 << self.repeats.min(6)).min(policy::MAX_LOGIN_RETRY_PAUSE);
        self.repeats += 1;
        Progress::RetryAfter(pause)
    }
}

/// Whether nobody is logged in, as the server says (`api/errors`, 401 and 406). That a temporary key is not bound says
/// nothing of it.
fn denies_login(error: &RpcError) -> bool {
    error.code == 401 && !error.is("AUTH_KEY_PERM_EMPTY") || error.is("AUTH_KEY_DUPLICATED")
}

/// Whether the server, not the query, is at fault (`api/errors`, 500 and negative codes; codes that no page knows are
/// taken for such). `AUTH_RESTART_X` asks for the same query again, and `AUTH_RESTART` does not.
fn is_trouble(error: &RpcError) -> bool {
    let restarts = (error.is("AUTH_RESTART") && error.value.is_none()) || error.is("SIGN_IN_FAILED");
    !matches!(error.code, 300..500) && !restarts
}
