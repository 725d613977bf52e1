//! What a step of a login ends in.

use sansgram_core::login::{
    LoginError, Outcome, PasswordHint, SavedLogin, SentCode, SignUpRequired, UserInfo,
};

use crate::Error;

/// Where a login by phone stands: what to give next, or who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginStep {
    /// A code is on its way: give it to [`Client::sign_in`](crate::Client::sign_in) with this token.
    CodeSent(SentCode),
    /// The account has a password: give it to [`Client::check_password`](crate::Client::check_password).
    PasswordRequired(PasswordHint),
    /// Nobody has an account with this number: make one by [`Client::sign_up`](crate::Client::sign_up).
    SignUpRequired(SignUpRequired),
    /// Logged in.
    LoggedIn(UserInfo),
}

impl LoginStep {
    /// What to put away, so that another process with the same session can go on from here; `None` once logged in.
    #[must_use]
    pub fn saved_login(&self) -> Option<SavedLogin> {
        Some(match self {
            Self::CodeSent(token) => SavedLogin::Code(token.clone()),
            Self::PasswordRequired(hint) => SavedLogin::Password(hint.clone()),
            Self::SignUpRequired(required) => SavedLogin::SignUp(required.clone()),
            Self::LoggedIn(_) => return None,
        })
    }
}

pub(crate) fn login_step(outcome: Outcome) -> Result<LoginStep, Error> {
    match outcome {
        Outcome::CodeSent(token) => Ok(LoginStep::CodeSent(token)),
        Outcome::PasswordRequired(hint) => Ok(LoginStep::PasswordRequired(hint)),
        Outcome::SignUpRequired(terms) => Ok(LoginStep::SignUpRequired(terms)),
        Outcome::LoggedIn(user) => Ok(LoginStep::LoggedIn(user)),
        _ => Err(LoginError::UnexpectedAnswer.into()),
    }
}
