//! The documented errors of a login, in one table: the [`LoginError`] for each, and what the client does automatically.
//! `docs/login-errors.md` is generated from it.
//!
//! Sources: the method pages of core.telegram.org, `api/errors`, and the lists of errors of mtcute and Telethon.

use core::time::Duration;

use super::error::LoginError;
use crate::policy;
use crate::rpc::RpcError;

/// A documented error of a login.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KnownError {
    /// The name as in [`RpcError::name`], without a number at its end. A `*` at its end matches every name with this
    /// prefix.
    pub name: &'static str,
    /// The methods to which the row applies; if empty, all methods that have no row of their own.
    pub methods: &'static [&'static str],
    /// What the client does automatically before it reports the error; empty if nothing.
    pub handling: &'static str,
    make: fn(RpcError) -> LoginError,
}

impl KnownError {
    fn has(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }

    /// Returns how many bytes of a name the row matches. A name that continues after an underscore is the same error
    /// with more detail.
    fn match_len(&self, name: &str) -> Option<usize> {
        let (known, is_open) = match self.name.strip_suffix('*') {
            Some(known) => (known, true),
            None => (self.name, false),
        };
        let rest = name.strip_prefix(known)?;
        (is_open || rest.is_empty() || rest.starts_with('_')).then_some(known.len())
    }
}

impl LoginError {
    /// Returns what a refusal of `method` (such as `auth.signIn`) means for a login. A name that is in no row of
    /// [`KNOWN_ERRORS`] is classified by its code ([`LoginError::Refused`]).
    #[must_use]
    pub fn from_rpc(method: &str, error: RpcError) -> Self {
        match known_error(method, &error.name) {
            Some(row) => (row.make)(error),
            // Every 420 demands a wait, whatever its name.
            None if error.code == 420 && error.value.is_some() => flood(&error),
            None => Self::Refused(error),
        }
    }
}

/// Returns the row of [`KNOWN_ERRORS`] for a refusal of `method`.
#[must_use]
pub fn known_error(method: &str, name: &str) -> Option<&'static KnownError> {
    let rows = KNOWN_ERRORS.iter().filter(|row| row.has(method));
    let fitting = rows.filter_map(|row| Some((row.match_len(name)?, !row.methods.is_empty(), row)));
    // The longest name wins, and among equals the row of this method.
    fitting.max_by_key(|(length, is_own, _)| (*length, *is_own)).map(|(.., row)| row)
}

const fn row(name: &'static str, make: fn(RpcError) -> LoginError) -> KnownError {
    KnownError { name, methods: &[], handling: "", make }
}

impl KnownError {
    const fn for_methods(self, methods: &'static [&'static str]) -> Self {
        Self { methods, ..self }
    }

    const fn handled_by(self, handling: &'static str) -> Self {
        Self { handling, ..self }
    }
}

/// The methods of a login. For them, a key without a user means that the server has forgotten the login.
const SIGN_IN: &[&str] = &[
    "auth.sendCode",
    "auth.resendCode",
    "auth.cancelCode",
    "auth.resetLoginEmail",
    "auth.signIn",
    "auth.signUp",
    "account.sendVerifyEmailCode",
    "account.verifyEmail",
    "account.getPassword",
    "auth.checkPassword",
    "auth.requestPasswordRecovery",
    "auth.checkRecoveryPassword",
    "auth.recoverPassword",
    "auth.exportLoginToken",
    "auth.importLoginToken",
    "auth.importBotAuthorization",
];
const RECOVERY: &[&str] = &["auth.checkRecoveryPassword", "auth.recoverPassword"];
/// The methods that the account's password can follow.
const BEFORE_PASSWORD: &[&str] = &[
    "auth.sendCode",
    "auth.resendCode",
    "auth.resetLoginEmail",
    "auth.signIn",
    "account.verifyEmail",
    "auth.exportLoginToken",
    "auth.importLoginToken",
];
const AFTER_MIGRATION: &str =
    "after a migration the query is retried for a few seconds: the DC may not know the key yet";
const REPEATED: &str = "the query is retried after 1, 2 and 4 seconds";

fn flood(error: &RpcError) -> LoginError {
    LoginError::FloodWait(wait(error))
}

/// Returns how long the server demands to wait.
fn wait(error: &RpcError) -> Duration {
    let seconds = error.value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
    Duration::from_secs(seconds).clamp(policy::MIN_FLOOD_WAIT, policy::MAX_FLOOD_WAIT)
}

/// The documented errors of a login.
pub static KNOWN_ERRORS: &[KnownError] = &[
    // The phone number.
    row("PHONE_NUMBER_INVALID", |_| LoginError::PhoneInvalid),
    row("PHONE_NUMBER_BANNED", |_| LoginError::PhoneBanned),
    row("PHONE_NUMBER_FLOOD", |_| LoginError::PhoneFlood),
    row("PHONE_PASSWORD_FLOOD", |_| LoginError::PhoneFlood),
    row("PHONE_PASSWORD_PROTECTED", |_| LoginError::PhoneProtected),
    row("PHONE_NUMBER_OCCUPIED", |_| LoginError::PhoneOccupied),
    row("PHONE_NUMBER_UNOCCUPIED", |_| LoginError::PhoneUnoccupied),
    row("PHONE_NUMBER_UNOCCUPIED", |_| LoginError::PhoneUnoccupied)
        .for_methods(&["auth.signIn"])
        .handled_by("the login continues with the sign-up"),
    row("PHONE_NOT_OCCUPIED", |_| LoginError::PhoneUnoccupied),
    row("PHONE_NUMBER_APP_SIGNUP_FORBIDDEN", |_| LoginError::OfficialAppsOnly),
    row("MEMBER_OCCUPY_PRIMARY_LOC_FAILED", LoginError::Refused).handled_by(REPEATED),
    row("REG_ID_GENERATE_FAILED", LoginError::Refused).handled_by(REPEATED),
    // The code.
    row("SMS_CODE_CREATE_FAILED", |_| LoginError::CodeNotSent),
    row("SEND_CODE_UNAVAILABLE", |_| LoginError::NoOtherWay),
    row("PHONE_CODE_INVALID", |_| LoginError::CodeInvalid),
    row("PHONE_CODE_EMPTY", |_| LoginError::CodeInvalid),
    // These methods submit no code: an earlier step is missing.
    row("PHONE_CODE_INVALID", |_| LoginError::Restart).for_methods(&["auth.signUp"]),
    row("PHONE_CODE_EMPTY", |_| LoginError::Restart).for_methods(&[
        "auth.signUp",
        "auth.resendCode",
        "account.sendVerifyEmailCode",
    ]),
    row("EMAIL_CODE_INVALID", |_| LoginError::CodeInvalid),
    row("PHONE_CODE_EXPIRED", |_| LoginError::CodeExpired),
    row("PHONE_CODE_HASH_EMPTY", |_| LoginError::Restart),
    row("PHONE_CODE_HASH_INVALID", |_| LoginError::Restart),
    row("PHONE_HASH_EXPIRED", |_| LoginError::Restart),
    // These two methods submit a code from an e-mail, whatever the name of the error; recovery submits the recovery code.
    row("CODE_INVALID", |_| LoginError::CodeInvalid).for_methods(&["auth.signIn", "account.verifyEmail"]),
    row("CODE_EMPTY", |_| LoginError::CodeInvalid).for_methods(&["auth.signIn", "account.verifyEmail"]),
    row("CODE_INVALID", |_| LoginError::RecoveryCodeInvalid),
    row("CODE_EMPTY", |_| LoginError::RecoveryCodeInvalid),
    row("PHONE_CODE_INVALID", |_| LoginError::RecoveryCodeInvalid).for_methods(RECOVERY),
    // The e-mail address that codes go to.
    row("EMAIL_INVALID", |_| LoginError::EmailInvalid),
    row("EMAIL_NOT_ALLOWED", |_| LoginError::EmailNotAllowed),
    row("EMAIL_VERIFY_EXPIRED", |_| LoginError::EmailCodeExpired),
    row("EMAIL_VERIFY_EXPIRED", |_| LoginError::CodeExpired).for_methods(&["auth.signIn"]),
    row("EMAIL_HASH_EXPIRED", |_| LoginError::EmailCodeExpired),
    row("EMAIL_UNCONFIRMED", |_| LoginError::EmailUnconfirmed),
    row("EMAIL_NOT_SETUP", |_| LoginError::Restart),
    row("EMAIL_INSTALL_MISSING", |_| LoginError::NoLoginEmail),
    row("TASK_ALREADY_EXISTS", |_| LoginError::EmailResetPending),
    // Signing up.
    row("FIRSTNAME_INVALID", |_| LoginError::FirstNameInvalid),
    row("LASTNAME_INVALID", |_| LoginError::LastNameInvalid),
    row("DATA_JSON_INVALID", LoginError::Refused),
    // The password, and its recovery.
    row("SESSION_PASSWORD_NEEDED", |_| LoginError::PasswordNeeded),
    row("SESSION_PASSWORD_NEEDED", |_| LoginError::PasswordNeeded)
        .for_methods(BEFORE_PASSWORD)
        .handled_by("the login continues with the password"),
    row("PASSWORD_HASH_INVALID", |_| LoginError::PasswordInvalid),
    row("SRP_ID_INVALID", |_| LoginError::PasswordStale).handled_by("retried once with new parameters"),
    row("SRP_PASSWORD_CHANGED", |_| LoginError::PasswordStale).handled_by("retried once with new parameters"),
    row("SRP_A_INVALID", |_| LoginError::PasswordStale),
    row("PASSWORD_EMPTY", |_| LoginError::NoPassword),
    row("PASSWORD_MISSING", |_| LoginError::NoPassword),
    row("PASSWORD_RECOVERY_NA", |_| LoginError::NoRecovery),
    row("PASSWORD_RECOVERY_EXPIRED", |_| LoginError::RecoveryCodeExpired),
    row("NEW_SETTINGS_INVALID", |_| LoginError::NewPasswordRefused),
    row("NEW_SETTINGS_EMPTY", |_| LoginError::NewPasswordRefused),
    row("NEW_SALT_INVALID", |_| LoginError::NewPasswordRefused),
    row("RESET_REQUEST_MISSING", LoginError::Refused),
    row("PASSWORD_TOO_FRESH", |error| LoginError::TooFresh(wait(&error))),
    row("SESSION_TOO_FRESH", |error| LoginError::TooFresh(wait(&error))),
    row("AUTH_KEY_UNSYNCHRONIZED", LoginError::Refused).handled_by(REPEATED),
    // QR codes and bots.
    row("AUTH_TOKEN_*", |_| LoginError::QrCodeExpired),
    row("AUTH_TOKEN_*", |_| LoginError::QrCodeExpired)
        .for_methods(&["auth.importLoginToken"])
        .handled_by("another link is shown"),
    row("ACCESS_TOKEN_INVALID", |_| LoginError::BotTokenInvalid),
    row("ACCESS_TOKEN_EXPIRED", |_| LoginError::BotTokenExpired),
    // The application.
    row("API_ID_INVALID", |_| LoginError::ApiCredentialsRefused),
    row("API_ID_PUBLISHED_FLOOD", |_| LoginError::ApiIdPublished),
    row("CONNECTION_API_ID_INVALID", LoginError::ApiIdNeeded),
    row("UPDATE_APP_*", |_| LoginError::AppTooOld),
    row("RECAPTCHA_CHECK*", |_| LoginError::VerificationRequired),
    row("APNS_VERIFY_CHECK*", |_| LoginError::VerificationRequired),
    row("INTEGRITY_CHECK*", |_| LoginError::VerificationRequired),
    row("CONNECTION_*", LoginError::Unsupported)
        .handled_by("what the server must know of this client is sent again"),
    row("INPUT_*", LoginError::Unsupported),
    row("METHOD_INVALID", LoginError::Unsupported),
    // Waits.
    row("FLOOD_WAIT", |error| flood(&error)).handled_by("short waits are slept"),
    row("FLOOD_PREMIUM_WAIT", |error| flood(&error)).handled_by("short waits are slept"),
    row("FLOOD_TEST_PHONE_WAIT", |error| flood(&error)).handled_by("short waits are slept"),
    row("SLOWMODE_WAIT", |error| flood(&error)).handled_by("short waits are slept"),
    row("2FA_CONFIRM_WAIT", |error| flood(&error)).handled_by("short waits are slept"),
    row("TAKEOUT_INIT_DELAY", |error| flood(&error)).handled_by("short waits are slept"),
    // The login as a whole. `AUTH_RESTART_X` is an internal error with a number (method pages).
    row("AUTH_RESTART", |_| LoginError::Restart)
        .handled_by("with a number, the query is sent again at first"),
    row("SIGN_IN_FAILED", |_| LoginError::Restart),
    row("AUTH_KEY_UNREGISTERED", |_| LoginError::Restart).for_methods(SIGN_IN).handled_by(AFTER_MIGRATION),
    row("AUTH_KEY_INVALID", |_| LoginError::Restart).for_methods(SIGN_IN),
    row("AUTH_KEY_DUPLICATED", |_| LoginError::KeyDuplicated).for_methods(SIGN_IN),
    row("SESSION_REVOKED", |_| LoginError::SessionRevoked).for_methods(SIGN_IN),
    row("SESSION_EXPIRED", |_| LoginError::SessionExpired).for_methods(SIGN_IN),
    row("AUTH_KEY_UNREGISTERED", |_| LoginError::NotLoggedIn),
    row("AUTH_KEY_INVALID", |_| LoginError::NotLoggedIn),
    row("AUTH_KEY_DUPLICATED", |_| LoginError::NotLoggedIn),
    row("SESSION_REVOKED", |_| LoginError::NotLoggedIn),
    row("SESSION_EXPIRED", |_| LoginError::NotLoggedIn),
    row("USER_DEACTIVATED", |_| LoginError::AccountDeactivated),
    row("USER_DEACTIVATED_BAN", |_| LoginError::AccountDeactivated),
    row("FROZEN_*", |_| LoginError::AccountFrozen),
    row("PHONE_MIGRATE", LoginError::Refused).handled_by("the login goes on at that DC"),
    row("NETWORK_MIGRATE", LoginError::Refused).handled_by("the login goes on at that DC"),
    row("USER_MIGRATE", LoginError::Refused).handled_by("the login goes on at that DC"),
];

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::login::Continuation;

    fn sorted(name: &str) -> LoginError {
        LoginError::from_rpc("auth.signIn", RpcError::parse(420, name))
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
            // Whatever a flood is called.
            ("STRANGE_WAIT_7", "7 seconds"),
            ("FLOOD_SKIP_FAILED_WAIT_7", "7 seconds"),
        ] {
            let expected = alloc::format!("too many attempts; wait {said} and try again");
            assert_eq!(sorted(name).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn what_keeps_a_code_from_being_sent_has_its_own_reason() {
        assert_eq!(sorted("PHONE_PASSWORD_PROTECTED"), LoginError::PhoneProtected);
        assert_eq!(sorted("SMS_CODE_CREATE_FAILED"), LoginError::CodeNotSent);
        assert_eq!(sorted("PHONE_PASSWORD_FLOOD"), LoginError::PhoneFlood);
    }

    #[test]
    fn b2_a_version_that_is_too_old_is_to_be_updated() {
        let error = sorted("UPDATE_APP_TO_LOGIN");
        assert_eq!(error, LoginError::AppTooOld);
        assert_eq!(error.continuation(), Continuation::Fatal);
        let sentence = error.to_string();
        assert!(sentence.contains("update") && !sentence.contains("official"), "{sentence}");
    }

    #[test]
    fn b1_a_known_name_may_carry_a_number_or_a_text() {
        let wait = |seconds| LoginError::FloodWait(Duration::from_secs(seconds));
        for (name, expected) in [
            ("RECAPTCHA_CHECK_signup__6Lc_k3y-A", LoginError::VerificationRequired),
            ("APNS_VERIFY_CHECK_0123abcd", LoginError::VerificationRequired),
            ("INTEGRITY_CHECK_CLASSIC_77_nonce", LoginError::VerificationRequired),
            ("UPDATE_APP_TO_LOGIN", LoginError::AppTooOld),
            ("FLOOD_WAIT_30_PREMIUM", wait(30)),
            ("SLOWMODE_WAIT_9", wait(9)),
            ("2FA_CONFIRM_WAIT_604800", wait(604_800)),
            ("FLOOD_PREMIUM_WAIT_3", wait(3)),
            ("EMAIL_UNCONFIRMED_6", LoginError::EmailUnconfirmed),
            ("PASSWORD_TOO_FRESH_86400", LoginError::TooFresh(Duration::from_secs(86_400))),
            ("SESSION_TOO_FRESH_60", LoginError::TooFresh(Duration::from_secs(60))),
            ("AUTH_RESTART_5", LoginError::Restart),
            ("AUTH_TOKEN_INVALID2", LoginError::QrCodeExpired),
            ("USER_DEACTIVATED_BAN_WHY", LoginError::AccountDeactivated),
            ("FROZEN_METHOD_INVALID", LoginError::AccountFrozen),
            ("FROZEN_PARTICIPANT_MISSING", LoginError::AccountFrozen),
        ] {
            assert_eq!(sorted(name), expected, "{name}");
        }
        // A name that only begins with the same letters is another one.
        assert!(matches!(sorted("PHONE_CODE_INVALIDATED"), LoginError::Refused(_)));
    }

    #[test]
    fn no_row_is_hidden_behind_another() {
        for (at, row) in KNOWN_ERRORS.iter().enumerate() {
            let method = row.methods.first().copied().unwrap_or("some.method");
            let name = row.name.replace('*', "X");
            let found = known_error(method, &name).unwrap();
            assert!(core::ptr::eq(found, row), "row {at}, {name}");
        }
    }
}
