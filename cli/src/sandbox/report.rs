//! What happens to the accounts of the sandbox, in words and in JSON.

use sansgram_runtime::text::printable;
use sansgram_testkit::accounts::AccountEvent;

use crate::output::json_text;

/// Something that is told.
pub(super) enum Happened {
    Account(AccountEvent),
    /// An account scanned a link, or could not.
    Scan {
        phone: String,
        result: Result<(), String>,
    },
    /// A line was pasted that is no link.
    Nonsense,
}

/// What becomes of a call that nothing here answers.
const UNSERVED: &str = "the sandbox does not have it, and answers each call of it with INPUT_METHOD_INVALID";

const NONSENSE: &str =
    "the line is not understood: paste one tg://login link, with the number of an account behind it";

impl Happened {
    /// `None`: not told.
    pub(super) fn words(&self) -> Option<String> {
        Some(match self {
            Self::Account(AccountEvent::CodeSent { phone, code, dc }) => {
                format!("the code {} arrived for +{} (DC {dc})", printable(code), printable(phone))
            }
            Self::Account(AccountEvent::EmailSent { address, code, dc }) => {
                format!("the code {} arrived at {} (DC {dc})", printable(code), printable(address))
            }
            Self::Account(AccountEvent::LoggedIn { user_id, dc }) => {
                format!("user {user_id} logged in (DC {dc})")
            }
            Self::Account(AccountEvent::LoggedOut { user_id, dc }) => {
                format!("user {user_id} logged out (DC {dc})")
            }
            Self::Account(AccountEvent::Unserved { method, dc }) => {
                format!("a client calls {method} (DC {dc}): {UNSERVED}")
            }
            Self::Account(_) => return None,
            Self::Scan { phone, result: Ok(()) } => format!("{} scanned the link", printable(phone)),
            Self::Nonsense => NONSENSE.into(),
            Self::Scan { phone, result: Err(reason) } => {
                format!("{} cannot scan the link: {}", printable(phone), printable(reason))
            }
        })
    }

    pub(super) fn json(&self) -> Option<String> {
        Some(match self {
            Self::Account(AccountEvent::CodeSent { phone, code, dc }) => {
                let (phone, code) = (json_text(phone), json_text(code));
                format!(r#"{{"event":"code_sent","phone":{phone},"code":{code},"dc":{dc}}}"#)
            }
            Self::Account(AccountEvent::EmailSent { address, code, dc }) => {
                let (address, code) = (json_text(address), json_text(code));
                format!(r#"{{"event":"email_sent","address":{address},"code":{code},"dc":{dc}}}"#)
            }
            Self::Account(AccountEvent::LoggedIn { user_id, dc }) => {
                format!(r#"{{"event":"logged_in","user_id":{user_id},"dc":{dc}}}"#)
            }
            Self::Account(AccountEvent::LoggedOut { user_id, dc }) => {
                format!(r#"{{"event":"signed_out","user_id":{user_id},"dc":{dc}}}"#)
            }
            Self::Account(AccountEvent::Unserved { method, dc }) => {
                let (method, reason) = (json_text(method), json_text(UNSERVED));
                format!(r#"{{"event":"unserved","method":{method},"reason":{reason},"dc":{dc}}}"#)
            }
            Self::Account(_) => return None,
            Self::Scan { phone, result: Ok(()) } => {
                format!(r#"{{"event":"scanned","phone":{}}}"#, json_text(phone))
            }
            Self::Nonsense => format!(r#"{{"event":"scan_failed","reason":{}}}"#, json_text(NONSENSE)),
            Self::Scan { phone, result: Err(reason) } => {
                let (phone, reason) = (json_text(phone), json_text(reason));
                format!(r#"{{"event":"scan_failed","phone":{phone},"reason":{reason}}}"#)
            }
        })
    }
}
