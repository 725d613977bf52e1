//! What `login` says besides the login itself.

use std::path::Path;

use sansgram_runtime::Question;
use sansgram_runtime::core::login::{PhoneNumber, SavedLogin};
use sansgram_runtime::text::shell_word;

use super::saved_login::Kept;
use crate::args::LoginArgs;
use crate::session::DEFAULT;

/// Before the first question.
pub(super) const WELCOME: &[&str] =
    &["Logging in to Telegram. Type \"qr\" in place of a number to scan a QR code instead."];

/// The same at a server that is not Telegram's.
pub(super) const WELCOME_ELSEWHERE: &[&str] = &[
    "Logging in to another server, not to Telegram. Type \"qr\" in place of a number to scan a QR code instead.",
];

/// Before the application is asked for.
pub(crate) const APPLICATION: &[&str] = &[
    "Telegram wants to know which application logs in, by an api_id and an api_hash: log in at my.telegram.org, choose \
     \"API development tools\", and copy the two.",
    "They are asked for once for each session. SANSGRAM_API_ID and SANSGRAM_API_HASH, or --api-id and --api-hash, answer \
     this as well. To try without: \"sansgram login --sandbox\".",
];

/// The same in a sandbox.
pub(super) const SANDBOX: &[&str] = &[
    "This is the sandbox: test DCs inside this process; nothing leaves this machine.",
    "Try phone +9996621234, or +9996610002 (with the password \"sandbox\"), or bot token 1:sandbox, or type \"qr\".",
];

/// How to go on where the process is ended in the middle.
pub(super) const GOES_ON: &str = "\"sansgram login\" with the same session goes on from here";

pub(super) const NO_CODE: &str =
    "there is no terminal to ask for the login code on; give it with --code or SANSGRAM_CODE";

pub(super) const CANCELLED: &str = "the login was cancelled";

pub(super) const NOTHING_TO_ENCRYPT: &str =
    "--encrypt is for a session that is kept; with --sandbox, name one with --session";

pub(super) const NOTHING_BEGUN: &str = "--code and --password belong to a phone number or a login that was begun; \
                                        give the number with --phone";

/// What is missing, where the login cannot be gone on with later.
pub(super) const fn missing(question: Question) -> &'static str {
    match question {
        Question::Password | Question::ConfirmRecovery => {
            "this account has a password; give it with --password or SANSGRAM_PASSWORD, as there is no terminal to \
             ask on"
        }
        Question::AcceptTerms => {
            "nobody has an account with this number; run \"sansgram login\" on a terminal to sign up"
        }
        Question::Email => {
            "this account wants an e-mail address to be set up; run \"sansgram login\" on a terminal for that"
        }
        _ => NO_CODE,
    }
}

/// What a login waits for, in one word for `--json`.
pub(crate) const fn name(pending: &SavedLogin) -> &'static str {
    match pending {
        SavedLogin::Code(token) if is_email_set_up(token) => "email",
        SavedLogin::Code(_) | SavedLogin::EmailCode(..) => "code",
        SavedLogin::SignUp(_) => "sign_up",
        SavedLogin::Password(_) => "password",
        SavedLogin::Qr { .. } => "qr",
        _ => "more",
    }
}

/// The same as one JSON object.
pub(super) fn json(pending: &SavedLogin) -> String {
    format!(r#"{{"pending":"{}"}}"#, name(pending))
}

/// What a login waits for, and how to go on with it, as a sentence.
pub(super) fn go_on(pending: &SavedLogin, args: &LoginArgs) -> String {
    let reason = match name(pending) {
        "code" => "the login waits for its code:",
        "password" => "this account has a password, and the login waits for it:",
        "sign_up" => "nobody has an account with this number; to sign up,",
        "email" => "this account wants an e-mail address to be set up; for that,",
        _ => "the login is half done,",
    };
    format!("{reason} {}", how(pending, args))
}

/// How to go on with a login that waits.
pub(super) fn how(pending: &SavedLogin, args: &LoginArgs) -> String {
    let network = &args.server.network;
    let has_server = !args.server.dc.is_empty() || network.proxy.is_some() || network.mtproxy.is_some();
    let server = if has_server { " and the same server options" } else { "" };
    go_on_by(pending, args.session.as_deref(), server)
}

/// The call that goes on with a login; `server`: what else it needs.
fn go_on_by(pending: &SavedLogin, session: Option<&Path>, server: &str) -> String {
    let (value, place) = match name(pending) {
        "code" => (" --code CODE", ""),
        "password" => (" --password PASSWORD", ""),
        _ => ("", " on a terminal"),
    };
    let session = session.map(|name| format!(" --session {}", shell_word(name))).unwrap_or_default();
    format!("go on with \"sansgram login{session}{value}\"{server}{place}")
}

/// Why a session that is half logged in is of no use yet, and how to go on with it.
pub(crate) fn not_yet(kept: &Kept, session: &Path) -> String {
    let session = Some(session).filter(|name| *name != Path::new(DEFAULT));
    format!(
        "nobody is logged in with this session yet: its {}; {}",
        half_done(kept),
        go_on_by(&kept.pending, session, "")
    )
}

/// Asks whether to go on with it.
pub(super) fn offer(kept: &Kept) -> String {
    format!("A {}. Go on with it? (y/n)", half_done(kept))
}

/// What is half done, without an article before it.
pub(crate) fn half_done(kept: &Kept) -> String {
    let phone = kept.phone.as_deref().and_then(|digits| PhoneNumber::parse(digits).ok());
    let whose = phone.map(|phone| format!(" as {}", phone.grouped())).unwrap_or_default();
    let begun = match kept.age.map(|age| age.as_secs()) {
        None | Some(0..60) => "just now".to_owned(),
        Some(seconds @ 60..7200) => format!("{} min ago", seconds / 60),
        Some(seconds @ 7200..172_800) => format!("{} hours ago", seconds / 3600),
        Some(seconds) => format!("{} days ago", seconds / 86_400),
    };
    let what = match name(&kept.pending) {
        "code" => "waits for its code",
        "password" => "waits for the password",
        "sign_up" => "waits for your name",
        "email" => "waits for an e-mail address",
        "qr" => "by QR code was begun",
        _ => "is half done",
    };
    format!("login{whose} {what} ({begun})")
}

pub(super) const fn is_email_set_up(token: &sansgram_runtime::core::login::SentCode) -> bool {
    matches!(token.kind, sansgram_runtime::core::login::SentCodeType::EmailSetUpRequired)
}
