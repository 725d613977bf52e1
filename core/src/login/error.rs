//! Why a step of a sign-in failed.

use core::time::Duration;

use super::credentials::InvalidBotToken;
use super::phone::InvalidPhone;
use crate::crypto::dh::DhError;
use crate::crypto::srp::SrpError;
use crate::rpc::{InvokeError, RpcError};
use crate::time::Span;

/// Between these a wait makes sense; what a server says beyond them is taken for them, as TDLib does.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(14 * 86_400);

/// Why a step of a sign-in failed, in one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// What was typed is no phone number.
    #[error(transparent)]
    PhoneForm(#[from] InvalidPhone),
    /// What was given is no bot token.
    #[error(transparent)]
    BotTokenForm(#[from] InvalidBotToken),
    /// The server does not take the phone number.
    #[error("the server does not accept this phone number; check it, with its country code")]
    PhoneInvalid,
    /// The phone number is banned.
    #[error("this phone number is banned from Telegram")]
    PhoneBanned,
    /// The number is protected by a password of its own, so that no code is sent to it.
    #[error("this phone number is protected by a password and gets no code; sign in with a QR code")]
    PhoneProtected,
    /// Telegram could not make or send the code.
    #[error("Telegram could not send a code to this phone number; try again later")]
    CodeNotSent,
    /// Too many sign-ins with this number.
    #[error("too many sign-ins with this phone number; try again tomorrow")]
    PhoneFlood,
    /// The code is wrong; the same [`CodeToken`](super::CodeToken) takes another try.
    #[error("the code is wrong; check it and try again")]
    CodeInvalid,
    /// The code is too old; ask for a new one.
    #[error("the code has expired; ask for a new one")]
    CodeExpired,
    /// No further way to send the code is left.
    #[error(
        "there is no other way to send the code; wait for the one that is on its way, or begin again later"
    )]
    NoOtherWay,
    /// The server's answer about the code could not be read to its end, so that this code cannot be given.
    #[error("this version cannot read how the code was sent; ask for a new code")]
    CodeUnusable,
    /// The e-mail address is not accepted.
    #[error("the server does not accept this e-mail address; check it")]
    EmailInvalid,
    /// A mailbox that cannot be reached was given up already: the code comes by telephone once the time is over.
    #[error("the e-mail address is being reset already; wait until that is done")]
    EmailResetPending,
    /// The first name is not accepted.
    #[error("the server does not accept this first name; it must have 1 to 64 characters")]
    FirstNameInvalid,
    /// The last name is not accepted.
    #[error("the server does not accept this last name; it must have at most 64 characters")]
    LastNameInvalid,
    /// Somebody has this number already, so nobody can sign up with it.
    #[error("this phone number has an account already; sign in instead")]
    PhoneOccupied,
    /// The password is wrong; try again.
    #[error("the password is wrong; try again")]
    PasswordInvalid,
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
    #[error("the account's password needs a newer sansgram; update it")]
    PasswordAlgorithmUnknown,
    /// The server's password parameters would give the password away or are nonsense, so no answer was sent.
    #[error("the server's password parameters are unsafe, so the password was not used: {0}")]
    PasswordParameters(PasswordParametersError),
    /// The server does not know the bot's token.
    #[error("the bot token is not valid; ask BotFather for the current one")]
    BotTokenInvalid,
    /// The bot's token was replaced.
    #[error("the bot token has expired; ask BotFather for the current one")]
    BotTokenExpired,
    /// The application's identity is wrong or blocked.
    #[error("api_id and api_hash are not accepted; check them at my.telegram.org")]
    ApiCredentialsRefused,
    /// No `api_id` and `api_hash` were given.
    #[error("api_id and api_hash are needed to sign in; get them at my.telegram.org")]
    ApiCredentialsMissing,
    /// Only official applications may do this.
    #[error("Telegram lets only its official applications do this; sign in there first")]
    OfficialAppsOnly,
    /// Too many tries: when another will be taken, one second to 14 days from now.
    #[error("too many tries; wait {} and try again", Span(*.0))]
    FloodWait(Duration),
    /// The QR code was scanned too late or for another sign-in; show a new one.
    #[error("the QR code is no longer valid; show a new one")]
    LinkExpired,
    /// The password's key stretching was started, but never came back.
    #[error("the password was not computed in time; try again")]
    ComputeTimedOut,
    /// The server wants the sign-in to begin again.
    #[error("the server wants the sign-in to begin again; ask for a new code")]
    Restart,
    /// The server sends us from DC to DC.
    #[error("the server sent this sign-in from DC to DC more than {} times", super::MAX_HOPS)]
    MigrationLoop,
    /// The server sends us to a DC that cannot exist.
    #[error("the server sent this sign-in to DC {0}, which does not exist")]
    MigrationTarget(i64),
    /// The server answered with something else than was asked for.
    #[error("the server gave an answer that does not belong to this step")]
    UnexpectedAnswer,
    /// The account was deleted or banned.
    #[error("this account was deleted or banned; write to recover@telegram.org if that is a mistake")]
    AccountDeactivated,
    /// Somebody is signed in with this session.
    #[error("somebody is signed in with this session already; sign out first, or use another session")]
    AlreadySignedIn,
    /// Nobody is signed in.
    #[error("nobody is signed in; sign in first")]
    NotSignedIn,
    /// Any other error.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
}

/// What is wrong with a server's password parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordParametersError {
    /// The group.
    #[error(transparent)]
    Group(#[from] DhError),
    /// The public value.
    #[error(transparent)]
    Value(#[from] SrpError),
}

// Not by `#[from]`: what a text says already is no source of it.
impl From<PasswordParametersError> for LoginError {
    fn from(error: PasswordParametersError) -> Self {
        Self::PasswordParameters(error)
    }
}

impl LoginError {
    /// Sorts an error of the server by what a person can do.
    pub(super) fn from_rpc(error: RpcError) -> Self {
        let seconds = error.value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        let wait = Duration::from_secs(seconds).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        match error.name.as_str() {
            "PHONE_NUMBER_INVALID" => Self::PhoneInvalid,
            "PHONE_NUMBER_BANNED" => Self::PhoneBanned,
            "PHONE_PASSWORD_PROTECTED" => Self::PhoneProtected,
            "SMS_CODE_CREATE_FAILED" => Self::CodeNotSent,
            "PHONE_NUMBER_FLOOD" | "PHONE_PASSWORD_FLOOD" => Self::PhoneFlood,
            "PHONE_CODE_INVALID" | "PHONE_CODE_EMPTY" | "EMAIL_CODE_INVALID" | "CODE_EMPTY" => {
                Self::CodeInvalid
            }
            "PHONE_CODE_EXPIRED"
            | "PHONE_CODE_HASH_EMPTY"
            | "PHONE_HASH_EXPIRED"
            | "EMAIL_VERIFY_EXPIRED" => Self::CodeExpired,
            "SEND_CODE_UNAVAILABLE" => Self::NoOtherWay,
            "EMAIL_INVALID" | "EMAIL_NOT_ALLOWED" => Self::EmailInvalid,
            "TASK_ALREADY_EXISTS" => Self::EmailResetPending,
            "FIRSTNAME_INVALID" => Self::FirstNameInvalid,
            "LASTNAME_INVALID" => Self::LastNameInvalid,
            "PHONE_NUMBER_OCCUPIED" => Self::PhoneOccupied,
            "PASSWORD_EMPTY" => Self::NoPassword,
            "PASSWORD_RECOVERY_NA" => Self::NoRecovery,
            "CODE_INVALID" => Self::RecoveryCodeInvalid,
            "PASSWORD_RECOVERY_EXPIRED" => Self::RecoveryCodeExpired,
            "NEW_SETTINGS_INVALID" | "NEW_SETTINGS_EMPTY" | "NEW_SALT_INVALID" => Self::NewPasswordRefused,
            "AUTH_TOKEN_EXPIRED"
            | "AUTH_TOKEN_INVALID"
            | "AUTH_TOKEN_INVALIDX"
            | "AUTH_TOKEN_ALREADY_ACCEPTED" => Self::LinkExpired,
            "PASSWORD_HASH_INVALID" => Self::PasswordInvalid,
            "ACCESS_TOKEN_INVALID" => Self::BotTokenInvalid,
            "ACCESS_TOKEN_EXPIRED" => Self::BotTokenExpired,
            "API_ID_INVALID" | "API_ID_PUBLISHED_FLOOD" => Self::ApiCredentialsRefused,
            "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN" | "UPDATE_APP_TO_LOGIN" => Self::OfficialAppsOnly,
            "FLOOD_WAIT" | "FLOOD_PREMIUM_WAIT" | "FLOOD_TEST_PHONE_WAIT" => Self::FloodWait(wait),
            "AUTH_RESTART" | "SIGN_IN_FAILED" => Self::Restart,
            "AUTH_KEY_UNREGISTERED"
            | "AUTH_KEY_INVALID"
            | "AUTH_KEY_DUPLICATED"
            | "SESSION_REVOKED"
            | "SESSION_EXPIRED" => Self::NotSignedIn,
            "USER_DEACTIVATED" | "USER_DEACTIVATED_BAN" => Self::AccountDeactivated,
            _ => Self::Invoke(InvokeError::Rpc(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn sorted(name: &str) -> LoginError {
        LoginError::from_rpc(RpcError::parse(420, name))
    }

    #[test]
    fn a_wait_is_one_second_to_fourteen_days_in_the_units_of_people() {
        for (name, said) in [
            ("FLOOD_WAIT_1", "1 second"),
            ("FLOOD_WAIT_25", "25 seconds"),
            ("FLOOD_WAIT_86400", "1 day"),
            ("FLOOD_WAIT_1209600", "14 days"),
            ("FLOOD_WAIT_0", "1 second"),
            ("FLOOD_WAIT", "1 second"),
            ("FLOOD_WAIT_2147483647", "14 days"),
            ("FLOOD_WAIT_99999999999999999999999", "14 days"),
        ] {
            let expected = alloc::format!("too many tries; wait {said} and try again");
            assert_eq!(sorted(name).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn what_keeps_a_code_from_being_sent_has_its_own_reason() {
        assert_eq!(sorted("PHONE_PASSWORD_PROTECTED"), LoginError::PhoneProtected);
        assert_eq!(sorted("SMS_CODE_CREATE_FAILED"), LoginError::CodeNotSent);
        assert_eq!(sorted("PHONE_PASSWORD_FLOOD"), LoginError::PhoneFlood);
    }
}
