//! The messages of `login`.

use sansgram_runtime::Question;
use sansgram_runtime::core::login::SavedLogin;

use super::args::LoginArgs;
use crate::saved_login::LoadedLogin;
use crate::saved_login::words::{describe, name, resume_by};

/// Printed before the first question.
pub(super) const WELCOME: &[&str] =
    &["Logging in to Telegram. Type \"qr\" in place of a number to scan a QR code instead."];

/// The same at a server that is not Telegram's.
pub(super) const WELCOME_ELSEWHERE: &[&str] = &[
    "Logging in to another server, not to Telegram. Type \"qr\" in place of a number to scan a QR code instead.",
];

/// Printed before the first question in a sandbox.
pub(super) const SANDBOX: &[&str] = &[
    "This is the sandbox: test DCs inside this process; nothing leaves this machine.",
    "Try phone +9996621234, or +9996610002 (with the password \"sandbox\"), or bot token 1:sandbox, or type \"qr\".",
];

/// How to resume the login if the process ends before it is complete.
pub(super) const RESUMES: &str = "\"sansgram login\" with the same session continues from here";

pub(super) const NO_CODE: &str =
    "there is no terminal to ask for the login code on; give it with --code or SANSGRAM_CODE";

pub(super) const CANCELLED: &str = "the login was cancelled";

pub(super) const NOTHING_TO_ENCRYPT: &str =
    "--encrypt is for a session that is kept; with --sandbox, name one with --session";

pub(super) const NOTHING_BEGUN: &str = "--code and --password belong to a phone number or a login that was begun; \
                                        give the number with --phone";

/// Says what is missing, if the login cannot be resumed later.
pub(super) const fn missing(question: Question) -> &'static str {
    match question {
        Question::Password | Question::ConfirmRecovery => {
            "this account has a password; give it with --password or SANSGRAM_PASSWORD, as there is no terminal to \
             ask on"
        }
        Question::AcceptTerms => {
            "no account has this number; run \"sansgram login\" on a terminal to sign up"
        }
        Question::Email => {
            "this account wants an e-mail address to be set up; run \"sansgram login\" on a terminal for that"
        }
        _ => NO_CODE,
    }
}

/// Says what a login waits for and how to resume it, as a sentence.
pub(super) fn resume(pending: &SavedLogin, args: &LoginArgs) -> String {
    let reason = match name(pending) {
        "code" => "the login waits for its code:",
        "password" => "this account has a password, and the login waits for it:",
        "sign_up" => "no account has this number; to sign up,",
        "email" => "this account wants an e-mail address to be set up; for that,",
        _ => "the login is not complete;",
    };
    format!("{reason} {}", how(pending, args))
}

/// Says how to resume a waiting login.
pub(super) fn how(pending: &SavedLogin, args: &LoginArgs) -> String {
    let network = &args.server.network;
    // The session remembers its servers, but not the way to them.
    let server = match (&network.proxy, &network.mtproxy) {
        (None, None) => "",
        (Some(_), None) => " and the same --proxy",
        (None, Some(_)) => " and the same --mtproxy",
        (Some(_), Some(_)) => " and the same --proxy and --mtproxy",
    };
    resume_by(pending, args.session.as_deref(), server)
}

/// Asks whether to resume it.
pub(super) fn offer(kept: &LoadedLogin) -> String {
    format!("A {}. Continue it? (y/n)", describe(kept))
}
