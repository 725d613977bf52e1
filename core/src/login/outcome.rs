//! The outcomes of the steps of a login.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::code::{InvalidCode, SentCode, read_code_with_digits, read_email_code};

/// The outcome of a step that requests a code: [`send_code`](super::LoginStep::send_code),
/// [`resend_code`](super::LoginStep::resend_code), [`verify_email`](super::LoginStep::verify_email) and
/// [`reset_login_email`](super::LoginStep::reset_login_email).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendCodeOutcome {
    /// A code was sent: submit it with [`sign_in`](super::LoginStep::sign_in), together with this value.
    CodeSent(SentCode),
    /// The token of an earlier logout replaced the code, and the account has a password: submit it with
    /// [`check_password`](super::LoginStep::check_password).
    PasswordRequired(PasswordHint),
    /// The token of an earlier logout replaced the code: the user is logged in.
    LoggedIn(UserInfo),
}

impl SendCodeOutcome {
    pub(super) const fn account_change(&self) -> AccountChange {
        match self {
            Self::CodeSent(_) => AccountChange::Unchanged,
            // No user is logged in under a key that still needs the password.
            Self::PasswordRequired(_) => AccountChange::NotLoggedIn,
            Self::LoggedIn(user) => AccountChange::of_login(user),
        }
    }
}

/// What a login has reached between two steps: what to submit next, or the user who is logged in. The outcome of every
/// step converts to it, for callers that handle all of them in one loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginProgress {
    /// A code was sent: submit it with [`sign_in`](super::LoginStep::sign_in), together with this value.
    CodeSent(SentCode),
    /// The account has a password: submit it with [`check_password`](super::LoginStep::check_password).
    PasswordRequired(PasswordHint),
    /// No account has this number: create one with [`sign_up`](super::LoginStep::sign_up).
    SignUpRequired(SignUpRequired),
    /// The user is logged in.
    LoggedIn(UserInfo),
}

impl From<SendCodeOutcome> for LoginProgress {
    fn from(outcome: SendCodeOutcome) -> Self {
        match outcome {
            SendCodeOutcome::CodeSent(sent_code) => Self::CodeSent(sent_code),
            SendCodeOutcome::PasswordRequired(hint) => Self::PasswordRequired(hint),
            SendCodeOutcome::LoggedIn(user) => Self::LoggedIn(user),
        }
    }
}

impl From<UserInfo> for LoginProgress {
    fn from(user: UserInfo) -> Self {
        Self::LoggedIn(user)
    }
}

/// What the outcome of a step says about the account of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountChange {
    /// Nothing.
    Unchanged,
    /// This user has logged in.
    LoggedIn { id: i64, is_bot: bool },
    /// This user is logged in, perhaps since long ago.
    StillLoggedIn { id: i64, is_bot: bool },
    /// No user is logged in.
    NotLoggedIn,
    /// The user has logged out.
    LoggedOut,
}

impl AccountChange {
    pub(super) const fn of_login(user: &UserInfo) -> Self {
        Self::LoggedIn { id: user.id, is_bot: user.is_bot }
    }

    pub(super) const fn of_user(user: &UserInfo) -> Self {
        Self::StillLoggedIn { id: user.id, is_bot: user.is_bot }
    }
}

/// What the server reports about the account's password. The hint is not in the `Debug` output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PasswordHint {
    /// The hint that the user set, unchanged from the server.
    pub hint: Option<String>,
    /// Whether the password can be recovered by e-mail.
    pub has_recovery: bool,
}

/// A code that was sent to an e-mail address to confirm it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailCode {
    /// The masked address, as the server sent it.
    pub pattern: String,
    /// The length of the code in characters; 0 if unknown.
    pub length: u32,
}

impl EmailCode {
    /// Extracts the code from typed or pasted text.
    ///
    /// # Errors
    /// Returns [`InvalidCode`] if the text cannot be the code. Asking the server would use up one of a few attempts.
    pub fn read_code(&self, typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
        read_email_code(typed, self.length)
    }
}

/// A code that was sent to the account's recovery address.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    /// The masked address, as the server sent it.
    pub pattern: String,
}

impl RecoveryCode {
    /// Extracts the code from typed or pasted text. Its length is not documented.
    ///
    /// # Errors
    /// Returns [`InvalidCode::NoDigits`] if the text cannot be the code. Asking the server would use up one of a few
    /// attempts.
    pub fn read_code(&self, typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
        read_code_with_digits(typed)
    }
}

/// The state of the reset of a forgotten password (`account.resetPassword`). Times are in seconds since 1970, by the
/// server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordReset {
    /// The password is removed.
    Done,
    /// The reset is pending for 7 days, in which every session can cancel it.
    Waiting {
        /// When to request the reset again, which removes the password.
        until: i32,
    },
    /// A reset was cancelled recently.
    Refused {
        /// When the next reset can be requested.
        retry_at: i32,
    },
}

/// What is required to sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUpRequired {
    /// Pass it to [`sign_up`](super::LoginStep::sign_up), together with the names.
    pub sent_code: SentCode,
    /// The terms of service, if the server sent any.
    pub terms_of_service: Option<TermsOfService>,
}

/// Terms of service (`help.termsOfService`), which a sign-up accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsOfService {
    pub(super) id: String,
    /// The text, unchanged from the server.
    pub text: String,
    /// The minimum age in years that the user must confirm, if there is one.
    pub min_age: Option<u32>,
    /// Whether the text must be shown before the names are requested.
    pub popup: bool,
}

/// The user who is logged in. Strings are unchanged from the server, so escape them before printing. The phone number is
/// omitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The user's identifier.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// The first name; empty for deleted accounts.
    pub first_name: String,
    /// The last name.
    pub last_name: Option<String>,
    /// The name without its `@`.
    pub username: Option<String>,
}

impl fmt::Debug for PasswordHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHint")
            .field("has_hint", &self.hint.is_some())
            .field("has_recovery", &self.has_recovery)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EmailCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailCode").field("length", &self.length).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_hint_of_a_password() {
        let hint = PasswordHint { hint: Some("my first dog".into()), has_recovery: false };
        assert_eq!(alloc::format!("{hint:?}"), "PasswordHint { has_hint: true, has_recovery: false, .. }");
    }

    #[test]
    fn d4_what_is_no_code_from_an_email_is_not_sent() {
        let (setup, recovery) =
            (EmailCode { pattern: String::new(), length: 6 }, RecoveryCode { pattern: String::new() });
        for typed in ["hello", "", "what code?"] {
            assert_eq!(setup.read_code(typed).unwrap_err(), InvalidCode::NoDigits, "{typed}");
            assert_eq!(recovery.read_code(typed).unwrap_err(), InvalidCode::NoDigits, "{typed}");
        }
        assert!(setup.read_code("22222").is_err(), "it has six characters");
        assert_eq!(*setup.read_code("Your code: 222 222").unwrap(), "222222");
        assert_eq!(*recovery.read_code(" 222-222 ").unwrap(), "222222");
    }
}
