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
use crate::time::HumanDuration;

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
    #[error("the server does not accept this phone number; check it, including its country code")]
    PhoneInvalid,
    /// The phone number is banned.
    #[error("this phone number is banned from Telegram")]
    PhoneBanned,
    /// The number is protected by a password, so no code is sent to it.
    #[error("this phone number is protected by a password, so no code is sent to it; log in with a QR code")]
    PhoneProtected,
    /// Telegram could not create or send the code.
    #[error("Telegram could not send a code to this phone number; try again later")]
    CodeNotSent,
    /// Too many logins with this number.
    #[error("too many logins with this phone number; try again tomorrow")]
    PhoneFlood,
    /// The code is wrong; another attempt with the same [`SentCode`](super::SentCode) is possible.
    #[error("the code is wrong; check it and try again")]
    CodeInvalid,
    /// The code has expired, or was forwarded within Telegram, which invalidates it immediately (Telethon#97). Request a
    /// new one.
    #[error(
        "the code has expired; request a new one, and do not forward it within Telegram, which invalidates it \
         immediately"
    )]
    CodeExpired,
    /// There is no other way to send the code.
    #[error("there is no other way to send the code; wait for the one that was sent, or start over later")]
    NoOtherWay,
    /// The server's answer about the code could not be read completely, so the code cannot be submitted.
    #[error("this version cannot read how the code was sent; request a new code")]
    CodeUnusable,
    /// The e-mail address is not accepted.
    #[error("the server does not accept this e-mail address; check it")]
    EmailInvalid,
    /// Telegram does not send codes to this e-mail address.
    #[error("Telegram does not send codes to this e-mail address; use another one")]
    EmailNotAllowed,
    /// The code that confirms the e-mail address has expired; request a new one.
    #[error("the code from the e-mail has expired; enter the e-mail address again to get a new one")]
    EmailCodeExpired,
    /// The e-mail address is not confirmed yet.
    #[error("this e-mail address is not confirmed; enter the code that was sent to it")]
    EmailUnconfirmed,
    /// The account has no e-mail address for login codes.
    #[error("this account has no login e-mail address to reset; enter the code or request another")]
    NoLoginEmail,
    /// A reset of the login e-mail address is pending; once it takes effect, codes are sent by telephone.
    #[error("the login e-mail address is already being reset; wait until the reset takes effect")]
    EmailResetPending,
    /// The first name is not accepted.
    #[error("the server does not accept this first name; it must have 1 to 64 characters")]
    FirstNameInvalid,
    /// The last name is not accepted.
    #[error("the server does not accept this last name; it must have at most 64 characters")]
    LastNameInvalid,
    /// An account has this number already, so no other can be created with it.
    #[error("an account with this phone number already exists; log in instead")]
    PhoneOccupied,
    /// No account has this number.
    #[error("no account has this phone number; sign up with it first")]
    PhoneUnoccupied,
    /// The password is wrong; try again.
    #[error("the password is wrong; try again")]
    PasswordInvalid,
    /// The password's parameters changed between two queries, twice. Submit the password again.
    #[error("the password or its parameters have just changed; enter the password again")]
    PasswordStale,
    /// The login of this session is not finished: it waits for the password of the account.
    #[error("the login of this session is not finished: it waits for the account's password")]
    PasswordNeeded,
    /// The account has no password, so none can be checked or recovered.
    #[error("this account has no password")]
    NoPassword,
    /// The account has no e-mail address for the recovery of its password.
    #[error("this account has no recovery e-mail address for its password")]
    NoRecovery,
    /// The recovery code is wrong; try again.
    #[error("the recovery code is wrong; check it and try again")]
    RecoveryCodeInvalid,
    /// The recovery code has expired; request a new one.
    #[error("the recovery code has expired; request a new one")]
    RecoveryCodeExpired,
    /// The new password is not accepted.
    #[error("the server does not accept the new password")]
    NewPasswordRefused,
    /// The account's password uses an algorithm that this version does not know.
    #[error("this version does not support the account's password algorithm; update it")]
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
    #[error("the server answered {0}: it requires the api_id of the session's application")]
    ApiIdNeeded(RpcError),
    /// No `api_id` and `api_hash` were given.
    #[error("api_id and api_hash are needed to log in; get them at my.telegram.org")]
    ApiCredentialsMissing,
    /// Only official applications may do this.
    #[error("only Telegram's official applications can do this; log in with one first")]
    OfficialAppsOnly,
    /// The server requires a proof of the device (`RECAPTCHA_CHECK`, `APNS_VERIFY_CHECK`, `INTEGRITY_CHECK_CLASSIC`).
    #[error(
        "Telegram requires an attestation that only its official applications can provide; try your own api_id from \
         my.telegram.org"
    )]
    VerificationRequired,
    /// The server rejects logins from clients of this layer (`UPDATE_APP_TO_LOGIN`).
    #[error("this version is too old for Telegram; update it")]
    AppTooOld,
    /// The server does not accept the form of this client's queries, so no other input helps.
    #[error("the server answered {0}: it does not accept queries from this version; update it")]
    Unsupported(RpcError),
    /// Too many attempts. The value is the wait before the next one, 1 s to 14 days.
    #[error("too many attempts; wait {} and try again", HumanDuration(*.0))]
    FloodWait(Duration),
    /// The server demanded another wait after each wait.
    #[error(
        "the server demanded {times} waits in a row, {} in total, and then another; try again later",
        HumanDuration(*total)
    )]
    EndlessFloodWait {
        /// The number of completed waits.
        times: u32,
        /// The total duration of those waits.
        total: Duration,
    },
    /// The password or the session is too new for this. The value is the remaining wait, 1 s to 14 days.
    #[error("the password or the session is too new for this; try again in {}", HumanDuration(*.0))]
    TooFresh(Duration),
    /// The QR code was scanned too late or for another login; show a new one.
    #[error("the QR code is no longer valid; show a new one")]
    QrCodeExpired,
    /// The output of the key stretching was not returned in time.
    #[error("the key stretching of the password took too long; try again")]
    ComputeTimedOut,
    /// The server has discarded this login and accepts no more steps of it.
    #[error("the server has discarded this login; start over")]
    Restart,
    /// The auth key was used from two addresses at once, so the server destroyed it (`AUTH_KEY_DUPLICATED`).
    #[error(
        "the session was used in two places at the same time, so Telegram ended it; log in again, and use each \
         session in one place only"
    )]
    KeyDuplicated,
    /// Another device of the account ended the session (`SESSION_REVOKED`).
    #[error("another device of the account ended this session; log in again")]
    SessionRevoked,
    /// The session has expired (`SESSION_EXPIRED`).
    #[error("this session has expired; log in again")]
    SessionExpired,
    /// The server redirects the login from DC to DC without end.
    #[error("the server redirected this login to another DC more than {} times", super::MAX_MIGRATIONS)]
    MigrationLoop,
    /// The server redirects the login to a DC that cannot exist.
    #[error("the server redirected this login to DC {0}, which does not exist")]
    MigrationTarget(i64),
    /// The server's answer is well-formed, but not valid for this step.
    #[error("the server's answer is not valid for this step: {0}")]
    Answer(AnswerError),
    /// The account was deleted or banned.
    #[error("this account was deleted or banned; contact recover@telegram.org if this is a mistake")]
    AccountDeactivated,
    /// The account is frozen: it can do little more than read (`FROZEN_METHOD_INVALID`).
    #[error("Telegram has frozen this account and does not allow this; appeal in an official application")]
    AccountFrozen,
    /// A user is logged in with this session.
    #[error("a user is already logged in with this session; log out first, or use another session")]
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
    /// The DH group is invalid.
    #[error(transparent)]
    Group(#[from] DhError),
    /// The public value is invalid.
    #[error(transparent)]
    Value(#[from] SrpError),
}

// Not by `#[from]`: its text is part of the other's.
impl From<PasswordParametersError> for LoginError {
    fn from(error: PasswordParametersError) -> Self {
        Self::PasswordParameters(error)
    }
}

/// Why a well-formed answer is not valid for its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// `boolFalse`: login methods report failures as errors instead.
    #[error("false")]
    False,
    /// No user, or an empty one.
    #[error("no user")]
    NoUser,
    /// The account has a password, but the answer lacks `srp_B` or `srp_id`.
    #[error("the password's SRP challenge is missing")]
    NoChallenge,
    /// An e-mail address was confirmed for another purpose than a login.
    #[error("an e-mail address was confirmed for another purpose")]
    NotALogin,
    /// A sign-up is required, although no code was submitted.
    #[error("a sign-up is required before a code was submitted")]
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
    /// The same step can be repeated with another input.
    AskAgain,
    /// The same step may succeed later.
    Wait,
    /// The login must start over, with a new code or another identity.
    StartOver,
    /// The login has failed: no other input helps.
    Fatal,
}

impl Continuation {
    /// Returns whether the login can continue from its current step.
    #[must_use]
    pub const fn can_continue(self) -> bool {
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
            | Self::QrCodeExpired
            | Self::Restart
            | Self::KeyDuplicated
            | Self::SessionRevoked
            | Self::SessionExpired
            | Self::NotLoggedIn => Continuation::StartOver,
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
            | Self::AlreadyLoggedIn => Continuation::Fatal,
            Self::Refused(error) | Self::Invoke(InvokeError::Rpc(error)) => by_code(error.code).0,
            // The network or the server may recover, and the login is still valid.
            Self::Invoke(_) => Continuation::Wait,
        }
    }

    /// Returns the server's refusal, if it has no variant of its own.
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
        303 => (Continuation::Fatal, ", an unsupported redirect; update this version"),
        400 => (Continuation::AskAgain, ": it does not accept the input"),
        401 => (Continuation::StartOver, ": it no longer knows this login; start over"),
        403 => (Continuation::Fatal, ": it does not allow this"),
        404 => (Continuation::Fatal, ": it does not support this request; update this version"),
        406 => (
            Continuation::Fatal,
            ": it does not accept this login; check an official application for a message from Telegram",
        ),
        420 => (Continuation::Wait, ": it demands a wait; try again later"),
        _ => (Continuation::Wait, ", an internal error; try again later"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn b1_unknown_names_fall_into_the_class_of_their_code_and_keep_their_word() {
        for (code, continuation) in [
            (303, Continuation::Fatal),
            (400, Continuation::AskAgain),
            (401, Continuation::StartOver),
            (403, Continuation::Fatal),
            (406, Continuation::Fatal),
            (420, Continuation::Wait),
            (500, Continuation::Wait),
            (-503, Continuation::Wait),
        ] {
            let error = LoginError::from_rpc("auth.signIn", RpcError::parse(code, "QUITE\u{1b}[2J_NEW"));
            assert_eq!(error.continuation(), continuation, "{code}");
            let sentence = error.to_string();
            assert!(
                sentence.starts_with(&alloc::format!("the server answered {code} QUITE[2J_NEW")),
                "{sentence}"
            );
        }
    }
}
