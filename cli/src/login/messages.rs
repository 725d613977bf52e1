//! The messages of `login`.

use sansgram_runtime::Question;
use sansgram_runtime::core::client::StoredSession;
use sansgram_runtime::core::login::SavedLogin;

use super::args::LoginArgs;
use crate::saved_login::LoadedLogin;
use crate::saved_login::messages::{continue_with, describe, pending_name};

/// The beginning of the line that says who is logged in, here and in the runtime.
pub(super) const LOGGED_IN: &str = "Logged in as";

/// Printed before the first question.
pub(super) const WELCOME: &[&str] =
    &["Logging in to Telegram. Type \"qr\" instead of a number to log in with a QR code."];

/// Printed before the first question at a server that is not Telegram's.
pub(super) const WELCOME_ELSEWHERE: &[&str] = &[
    "Logging in to another server, not to Telegram. Type \"qr\" instead of a number to log in with a QR code.",
];

/// Printed before the first question in a sandbox.
pub(super) const SANDBOX: &[&str] = &[
    "This is the sandbox: the test DCs run inside this process, and nothing leaves this machine.",
    "Try the phone number +9996621234, +9996610002 (its password is \"sandbox\"), the bot token 1:sandbox, or \"qr\".",
];

/// How to resume the login if the process ends before it is complete.
pub(super) const RESUMES: &str = "run \"sansgram login\" with the same session to continue";

pub(super) const NO_CODE: &str =
    "there is no terminal to ask for the login code; provide it with --code or SANSGRAM_CODE";

pub(super) const NO_CODE_FOR_DATABASE: &str = "there is no terminal to ask for the login code, and a login into a database cannot be continued by a second \
     call; pass the code on standard input with --code-stdin once it arrives, or log in to a file and import it with \
     \"sansgram sessions import\"";

pub(super) const CANCELLED: &str = "the login was cancelled";

pub(super) const NOTHING_TO_ENCRYPT: &str =
    "--encrypt requires a stored session; with --sandbox, add --session";

pub(super) const NO_SAVED_LOGIN: &str = "--code and --password require --phone or a saved login; add --phone";

/// Says that the login goes to the server that the session remembers, and not to Telegram.
pub(super) fn remembered_server(session: &StoredSession) -> String {
    format!(
        "note: the session belongs to {}, and so does this login; use --session for another",
        session.servers_name()
    )
}

/// Says which value is missing, for a login that cannot be resumed later.
pub(super) const fn missing(question: Question) -> &'static str {
    match question {
        Question::Password | Question::ConfirmRecovery => {
            "there is no terminal to ask for the password of this account; provide it with --password or SANSGRAM_PASSWORD"
        }
        Question::AcceptTerms => {
            "this number has no account; run \"sansgram login\" on a terminal to sign up"
        }
        Question::Email => {
            "this account requires an e-mail address; run \"sansgram login\" on a terminal to set it up"
        }
        _ => NO_CODE,
    }
}

/// Says what a login waits for and how to resume it.
pub(super) fn waiting(pending: &SavedLogin, args: &LoginArgs) -> String {
    let reason = match pending_name(pending) {
        "code" => "the login waits for its code;",
        "password" => "the login waits for the password of the account;",
        "sign_up" => "this number has no account; to sign up,",
        "email" => "this account requires an e-mail address; to set it up,",
        _ => "the login is not complete;",
    };
    format!("{reason} {}", how_to_continue(pending, args))
}

/// Says how to resume a login.
pub(super) fn how_to_continue(pending: &SavedLogin, args: &LoginArgs) -> String {
    let network = &args.server.network;
    // The session remembers its servers, but not the route to them.
    let proxies = match (&network.proxy, &network.mtproxy) {
        (None, None) => "",
        (Some(_), None) => " and the same --proxy",
        (None, Some(_)) => " and the same --mtproxy",
        (Some(_), Some(_)) => " and the same --proxy and --mtproxy",
    };
    continue_with(pending, args.session.as_deref(), proxies)
}

/// The question whether to resume a saved login.
pub(super) fn offer(saved: &LoadedLogin) -> String {
    format!("A {}. Continue this login? (y/n)", describe(saved))
}
