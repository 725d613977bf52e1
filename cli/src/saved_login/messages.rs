//! Messages that describe what a saved login waits for and how to resume it.

use std::path::Path;

use sansgram_runtime::core::login::{PhoneNumber, SavedLogin, SentCode, SentCodeType};
use sansgram_runtime::text::shell_word;
use serde::Serialize;

use super::LoadedLogin;
use crate::output;
use crate::report::ErrorJson;
use crate::store;
use crate::values::DEFAULT_SESSION;

/// Returns what a login waits for, as `--json` prints it.
pub(crate) const fn pending_name(pending: &SavedLogin) -> &'static str {
    match pending {
        SavedLogin::Code(token) if is_email_set_up(token) => "email",
        SavedLogin::Code(_) | SavedLogin::EmailCode(..) => "code",
        SavedLogin::SignUp(_) => "sign_up",
        SavedLogin::Password(_) => "password",
        SavedLogin::Qr { .. } => "qr",
        _ => "more",
    }
}

/// A login that waits for something, as `--json` prints it.
#[derive(Serialize)]
struct PendingJson<'a> {
    pending: &'static str,
    /// Why the value that was given did not end the login.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

/// Returns the JSON object for a login that waits for something, and what failed if something did.
pub(crate) fn json(pending: &SavedLogin, error: Option<ErrorJson<'_>>) -> String {
    output::json(&PendingJson { pending: pending_name(pending), error })
}

/// Returns `"sansgram login"` in quotes with `--session`, if it is not the default, and `values`, each after a space.
pub(crate) fn login_command(session: Option<&Path>, values: &str) -> String {
    let session = session.filter(|name| *name != Path::new(DEFAULT_SESSION));
    let session = session.map(|name| format!(" --session {}", shell_word(name))).unwrap_or_default();
    format!("\"sansgram login{session}{}{values}\"", store::suggested_option())
}

/// Says which command resumes a login. `options`: the other options that it needs.
pub(crate) fn continue_with(pending: &SavedLogin, session: Option<&Path>, options: &str) -> String {
    let (value, suffix) = match pending_name(pending) {
        "code" => (" --code CODE", ""),
        "password" => (" --password PASSWORD", ""),
        _ => ("", " on a terminal"),
    };
    format!("continue with {}{options}{suffix}", login_command(session, value))
}

/// Says that a session with a saved login cannot be used yet, and how to resume the login.
pub(crate) fn incomplete(saved: &LoadedLogin, session: &Path) -> String {
    format!(
        "no user is logged in with this session yet: its {}; {}",
        describe(saved),
        continue_with(&saved.pending, Some(session), "")
    )
}

/// Returns what the saved login waits for, without an article.
pub(crate) fn describe(saved: &LoadedLogin) -> String {
    let phone = saved.phone.as_deref().and_then(|digits| PhoneNumber::parse(digits).ok());
    let whose = phone.map(|phone| format!(" as {}", phone.grouped())).unwrap_or_default();
    let begun = match saved.age.map(|age| age.as_secs()) {
        None | Some(0..60) => "just now".to_owned(),
        Some(60..120) => "1 minute ago".to_owned(),
        Some(seconds @ 120..7200) => format!("{} minutes ago", seconds / 60),
        Some(seconds @ 7200..172_800) => format!("{} hours ago", seconds / 3600),
        Some(seconds) => format!("{} days ago", seconds / 86_400),
    };
    let what = match pending_name(&saved.pending) {
        "code" => "waits for its code",
        "password" => "waits for the password",
        "sign_up" => "waits for your name",
        "email" => "waits for an e-mail address",
        "qr" => "by QR code was started",
        _ => "is not complete",
    };
    format!("login{whose} {what} ({begun})")
}

pub(crate) const fn is_email_set_up(token: &SentCode) -> bool {
    matches!(token.kind, SentCodeType::EmailSetUpRequired)
}
