//! Why a step of a login failed.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::code::InvalidCode;
use super::credentials::{InvalidApiHash, InvalidBotToken};
use super::phone::InvalidPhone;
use crate::crypto::dh::DhError;
use crate::crypto::srp::SrpError;
use crate::rpc::{InvokeError, RpcError};
use crate::time::Span;

/// Why a step of a login failed, in one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The text is not a phone number; the server was not asked.
    #[error(transparent)]
    PhoneForm(#[from] InvalidPhone),
    /// The text is not a bot token; the server was not asked.
    #[error(transparent)]
    BotTokenForm(#[from] InvalidBotToken),
    /// The text cannot be the code that was sent; the server was not asked.
    #[error(transparent)]
    CodeForm(#[from] InvalidCode),
    /// The `api_hash` has the wrong form; the server was not asked.
    #[error(transparent)]
    ApiHashForm(#[from] InvalidApiHash),
    /// The server does not accept the phone number.
    #[error("the server does not accept this phone number; check it, with its country code")]
    PhoneInvalid,
    /// The phone number is banned.
    #[error("this phone number is banned from Telegram")]
    PhoneBanned,
    /// The number is protected by a password, so that no code is sent to it.
    #[error("this phone number is protected by a password and gets no code; log in with a QR code")]
    PhoneProtected,
    /// Telegram could not make or send the code.
    #[error("Telegram could not send a code to this phone number; try again later")]
    CodeNotSent,
    /// Too many logins with this number.
    #[error("too many logins with this phone number; try again tomorrow")]
    PhoneFlood,
    /// The code is wrong; the same [`SentCode`](super::SentCode) takes another try.
    #[error("the code is wrong; check it and try again")]
    CodeInvalid,
    /// The code is too old, or was forwarded inside Telegram, which makes it expire at once (Telethon#97). Ask for a new
    /// one.
    #[error(
        "the code has expired; ask for a new one, and do not send it on inside Telegram, where that makes it expire at \
         once"
    )]
    CodeExpired,
    /// There is no other way to send the code.
    #[error(
        "there is no other way to send the code; wait for the one that is on its way, or begin again later"
    )]
    NoOtherWay,
    /// The server's answer about the code could not be read to its end, so the code cannot be given.
    #[error("this version cannot read how the code was sent; ask for a new code")]
    CodeUnusable,
    /// The e-mail address is not accepted.
    #[error("the server does not accept this e-mail address; check it")]
    EmailInvalid,
    /// No codes are sent to this e-mail address; give another one.
    #[error("Telegram sends no codes to this e-mail address; give another one")]
    EmailNotAllowed,
    /// The code that confirms the e-mail address is too old; ask for a new one.
    #[error("the code from the e-mail has expired; give the e-mail address again to get a new one")]
    EmailCodeExpired,
    /// The e-mail address is not confirmed yet.
    #[error("this e-mail address is not confirmed; give the code that was sent to it")]
    EmailUnconfirmed,
    /// The account has no e-mail address that codes go to.
    #[error(
        "this account has no e-mail address for codes, so none can be reset; give the code or ask for another"
    )]
    NoLoginEmail,
    /// The e-mail address is being reset already: codes come by telephone once the time is over.
    #[error("the e-mail address is being reset already; wait until that is done")]
    EmailResetPending,
    /// The first name is not accepted.
    #[error("the server does not accept this first name; it must have 1 to 64 characters")]
    FirstNameInvalid,
    /// The last name is not accepted.
    #[error("the server does not accept this last name; it must have at most 64 characters")]
    LastNameInvalid,
    /// An account has this number already, so no other can be made with it.
    #[error("this phone number has an account already; log in instead")]
    PhoneOccupied,
    /// No account has this number.
    #[error("no account has this phone number; sign up with it first")]
    PhoneUnoccupied,
    /// The password is wrong; try again.
    #[error("the password is wrong; try again")]
    PasswordInvalid,
    /// The parameters of the password changed between two queries, twice. Give the password again.
    #[error("the password or its parameters changed just now; give the password again")]
    PasswordStale,
    /// The login of this session is not finished: it waits for the password of the account.
    #[error("the login of this session is not finished: it waits for the account's password")]
    PasswordNeeded,
    /// The account has no password, so none can be checked or recovered.
    #[error("this account has no password")]
    NoPassword,
    /// The account has no e-mail address to recover its password by.
    #[error("this account has no e-mail address to recover the password by")]
    NoRecovery,
    /// The recovery code is wrong; try again.
    #[error("the recovery code is wrong; check it and try again")]
    RecoveryCodeInvalid,
    /// The recovery code is too old; ask for a new one.
    #[error("the recovery code has expired; ask for a new one")]
    RecoveryCodeExpired,
    /// The new password is not accepted.
    #[error("the server does not accept the new password")]
    NewPasswordRefused,
    /// The account's password uses an algorithm that this version does not know.
    #[error("the account's password needs a newer version; update this one")]
    PasswordAlgorithmUnknown,
    /// The server's password parameters are invalid or would reveal the password, so no proof was sent.
    #[error("the server's password parameters are unsafe, so the password was not used: {0}")]
    PasswordParameters(PasswordParametersError),
    /// The server does not know the bot's token.
    #[error("the bot token is not valid; ask BotFather for the current one")]
    BotTokenInvalid,
    /// The bot's token was replaced.
    #[error("the bot token has expired; ask BotFather for the current one")]
    BotTokenExpired,
    /// The `api_id` or the `api_hash` is wrong or blocked.
    #[error("api_id and api_hash are not accepted; check them at my.telegram.org")]
    ApiCredentialsRefused,
    /// The `api_id` was published and is no longer accepted.
    #[error(
        "this api_id was published, and Telegram no longer accepts it; get one of your own at my.telegram.org"
    )]
    ApiIdPublished,
    /// The server requires the `api_id`, which the session does not have.
    #[error("the server answered {0}: it wants the api_id of the session's application")]
    ApiIdNeeded(RpcError),
    /// No `api_id` and `api_hash` were given.
    #[error("api_id and api_hash are needed to log in; get them at my.telegram.org")]
    ApiCredentialsMissing,
    /// Only official applications may do this.
    #[error("Telegram lets only its official applications do this; log in there first")]
    OfficialAppsOnly,
    /// The server requires a proof of the device (`RECAPTCHA_CHECK`, `APNS_VERIFY_CHECK`, `INTEGRITY_CHECK_CLASSIC`).
    #[error(
        "Telegram wants a proof that only its official applications can give; try an api_id of your own from \
         my.telegram.org"
    )]
    VerificationRequired,
    /// The server accepts no login from a client of this layer (`UPDATE_APP_TO_LOGIN`).
    #[error("this version is too old for Telegram; update it")]
    AppTooOld,
    /// The server does not accept the form of this client's queries, so no other input helps.
    #[error("the server answered {0}: it does not accept what this version sends; update it")]
    Unsupported(RpcError),
    /// Too many tries; how long to wait before the next one, 1 s to 14 days.
    #[error("too many tries; wait {} and try again", Span(*.0))]
    FloodWait(Duration),
    /// The server asked to wait again after each wait.
    #[error(
        "the server asked to wait {times} times in a row, {} in all, and asks again; try again later",
        Span(*total)
    )]
    EndlessFloodWait {
        /// The number of waits that were slept.
        times: u32,
        /// Their total duration.
        total: Duration,
    },
    /// The password or the session is too new for this; how long to wait until it is old enough, 1 s to 14 days.
    #[error("the password or the session is too new for this; try again in {}", Span(*.0))]
    TooFresh(Duration),
    /// The QR code was scanned too late or for another login; show a new one.
    #[error("the QR code is no longer valid; show a new one")]
    LinkExpired,
    /// The output of the key stretching was not handed back in time.
    #[error("the password was not computed in time; try again")]
    ComputeTimedOut,
    /// The server gave up this login and takes no more steps of it.
    #[error("the server gave up this login; log in again from the beginning")]
    Restart,
    /// The auth key was used over two addresses at once, so the server destroyed it (`AUTH_KEY_DUPLICATED`).
    #[error(
        "the session was used in two places at once, so Telegram ended it; log in again, and use it in one place"
    )]
    KeyDuplicated,
    /// Another device of the account ended the session (`SESSION_REVOKED`).
    #[error("another device of the account ended this session; log in again")]
    SessionRevoked,
    /// The session has expired (`SESSION_EXPIRED`).
    #[error("this session has expired; log in again")]
    SessionExpired,
    /// The server redirects the login from DC to DC without end.
    #[error("the server sent this login from DC to DC more than {} times", super::MAX_HOPS)]
    MigrationLoop,
    /// The server redirects the login to a DC that cannot exist.
    #[error("the server sent this login to DC {0}, which does not exist")]
    MigrationTarget(i64),
    /// The server's answer can be read, but makes no sense for this step.
    #[error("the server gave an answer that does not belong to this step: {0}")]
    Answer(AnswerError),
    /// The account was deleted or banned.
    #[error("this account was deleted or banned; write to recover@telegram.org if that is a mistake")]
    AccountDeactivated,
    /// The account is frozen: it can do little more than read (`FROZEN_METHOD_INVALID`).
    #[error("Telegram froze this account and refuses this; open an official application to appeal")]
    AccountFrozen,
    /// A user is logged in with this session.
    #[error("a user is logged in with this session already; log out first, or use another session")]
    AlreadyLoggedIn,
    /// No user is logged in.
    #[error("no user is logged in; log in first")]
    NotLoggedIn,
    /// A refusal without a variant of its own, classified by its code.
    #[error("{}", refusal(.0))]
    Refused(RpcError),
    /// Any other error.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
}

/// What is wrong with the server's password parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordParametersError {
    /// The group.
    #[error(transparent)]
    Group(#[from] DhError),
    /// The public value.
    #[error(transparent)]
    Value(#[from] SrpError),
}

// Not by `#[from]`: its text is part of the other's.
impl From<PasswordParametersError> for LoginError {
    fn from(error: PasswordParametersError) -> Self {
        Self::PasswordParameters(error)
    }
}

/// Why an answer that can be read makes no sense for its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// `boolFalse`, which no method of a login answers in place of an error.
    #[error("false")]
    False,
    /// No user, or an empty one.
    #[error("no user")]
    NoUser,
    /// The account has a password, but the answer has no public value or no number for its check.
    #[error("a password without a challenge")]
    NoChallenge,
    /// An e-mail address was confirmed that is not for a login.
    #[error("an e-mail address that is not for a login")]
    NotALogin,
    /// A sign-up is required, although no code was given.
    #[error("a sign-up without a code")]
    SignUp,
    /// The token of a login by QR code is empty or longer than 512 bytes.
    #[error("a login token of {len} bytes")]
    LoginToken {
        /// Its length in bytes.
        len: usize,
    },
}

// Not by `#[from]`: its text is part of the other's.
impl From<AnswerError> for LoginError {
    fn from(error: AnswerError) -> Self {
        Self::Answer(error)
    }
}

/// How a login continues after an error of one of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// The same step takes another input.
    AskAgain,
    /// The same step may succeed later.
    Wait,
    /// The login must begin again, with a new code or another identity.
    BeginAgain,
    /// The login is over: no other input helps.
    Over,
}

impl Continuation {
    /// Whether the login can be continued from where it is.
    #[must_use]
    pub const fn keeps_pending(self) -> bool {
        matches!(self, Self::AskAgain | Self::Wait)
    }
}

impl LoginError {
    /// Returns how the login continues after this error.
    #[must_use]
    pub const fn continuation(&self) -> Continuation {
        match self {
            Self::PhoneForm(_)
            | Self::BotTokenForm(_)
            | Self::CodeForm(_)
            | Self::CodeInvalid
            | Self::NoOtherWay
            | Self::EmailInvalid
            | Self::EmailNotAllowed
            | Self::EmailCodeExpired
            | Self::EmailUnconfirmed
            | Self::NoLoginEmail
            | Self::EmailResetPending
            | Self::FirstNameInvalid
            | Self::LastNameInvalid
            | Self::PasswordInvalid
            | Self::PasswordStale
            | Self::PasswordNeeded
            | Self::NoRecovery
            | Self::RecoveryCodeInvalid
            | Self::RecoveryCodeExpired
            | Self::NewPasswordRefused => Continuation::AskAgain,
            Self::CodeNotSent
            | Self::PhoneFlood
            | Self::FloodWait(_)
            | Self::EndlessFloodWait { .. }
            | Self::TooFresh(_)
            | Self::ComputeTimedOut => Continuation::Wait,
            Self::PhoneInvalid
            | Self::PhoneBanned
            | Self::PhoneOccupied
            | Self::PhoneUnoccupied
            | Self::CodeExpired
            | Self::CodeUnusable
            | Self::NoPassword
            | Self::BotTokenInvalid
            | Self::BotTokenExpired
            | Self::LinkExpired
            | Self::Restart
            | Self::KeyDuplicated
            | Self::SessionRevoked
            | Self::SessionExpired
            | Self::NotLoggedIn => Continuation::BeginAgain,
            Self::PhoneProtected
            | Self::PasswordAlgorithmUnknown
            | Self::PasswordParameters(_)
            | Self::ApiCredentialsRefused
            | Self::ApiHashForm(_)
            | Self::ApiIdPublished
            | Self::ApiIdNeeded(_)
            | Self::ApiCredentialsMissing
            | Self::OfficialAppsOnly
            | Self::VerificationRequired
            | Self::AppTooOld
            | Self::Unsupported(_)
            | Self::MigrationLoop
            | Self::MigrationTarget(_)
            | Self::Answer(_)
            | Self::AccountDeactivated
            | Self::AccountFrozen
            | Self::AlreadyLoggedIn => Continuation::Over,
            Self::Refused(error) | Self::Invoke(InvokeError::Rpc(error)) => by_code(error.code).0,
            // The network or the server may recover, and the login is still valid.
            Self::Invoke(_) => Continuation::Wait,
        }
    }

    /// The server's refusal, if it has no variant of its own.
    #[must_use]
    pub const fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Refused(error)
            | Self::Unsupported(error)
            | Self::ApiIdNeeded(error)
            | Self::Invoke(InvokeError::Rpc(error)) => Some(error),
            _ => None,
        }
    }
}

fn refusal(error: &RpcError) -> String {
    format!("the server answered {error}{}", by_code(error.code).1)
}

/// Classifies an error by its code (`api/errors`), with the end of its sentence. The name of a 406 is not for users: the
/// server informs them by a notification.
const fn by_code(code: i32) -> (Continuation, &'static str) {
    match code {
        303 => (Continuation::Over, ", a redirection that this version does not know; update it"),
        400 => (Continuation::AskAgain, ": it does not accept what was given"),
        401 => (Continuation::BeginAgain, ": it does not know this login any more; begin it again"),
        403 => (Continuation::Over, ": it does not allow this"),
        404 => (Continuation::Over, ": it does not have what this version asks for; update it"),
        406 => (
            Continuation::Over,
            ": it does not accept this login; look for a message from Telegram in an official application",
        ),
        420 => (Continuation::Wait, ": it wants you to wait; try again later"),
        _ => (Continuation::Wait, ", an error of its own; try again later"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn b1_unknown_names_fall_into_the_class_of_their_code_and_keep_their_word() {
        for (code, continuation) in [
            (303, Continuation::Over),
            (400, Continuation::AskAgain),
            (401, Continuation::BeginAgain),
            (403, Continuation::Over),
            (406, Continuation::Over),
            (420, Continuation::Wait),
            (500, Continuation::Wait),
            (-503, Continuation::Wait),
        ] {
            let error = LoginError::of("auth.signIn", RpcError::parse(code, "QUITE\u{1b}[2J_NEW"));
            assert_eq!(error.continuation(), continuation, "{code}");
            let sentence = error.to_string();
            assert!(
                sentence.starts_with(&alloc::format!("the server answered {code} QUITE[2J_NEW")),
                "{sentence}"
            );
        }
    }
}
