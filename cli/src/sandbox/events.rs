//! Events of the accounts of the sandbox, in words and in JSON.

use sansgram_runtime::text::printable;
use sansgram_testkit::accounts::AccountEvent;
use serde::Serialize;

use crate::output;

/// An event to report.
pub(super) enum SandboxEvent {
    Account(AccountEvent),
    /// An account has scanned a link, or has failed to.
    Scan {
        phone: String,
        result: Result<(), String>,
    },
    /// A pasted line is not a link.
    Unrecognised,
}

/// The advice for a call that the sandbox does not implement.
const UNSERVED: &str = "not implemented in the sandbox, which answers it with INPUT_METHOD_INVALID";

const NOT_SENT: &str = "one of the accounts has not signed up yet";

const UNRECOGNISED: &str = "this line is not a login link; paste one tg://login link, optionally followed by an account's phone number";

impl SandboxEvent {
    /// Returns the event in words; `None` if it is not reported.
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
            Self::Account(AccountEvent::UnknownMethod { method, dc }) => {
                format!("a client called {method} (DC {dc}): {UNSERVED}")
            }
            Self::Account(AccountEvent::MessageNotSent { from, to }) => {
                format!("a message from {from} to {to} was not sent: {NOT_SENT}")
            }
            Self::Account(_) => return None,
            Self::Scan { phone, result: Ok(()) } => format!("{} scanned the link", printable(phone)),
            Self::Unrecognised => UNRECOGNISED.into(),
            Self::Scan { phone, result: Err(reason) } => {
                format!("{} cannot scan the link: {}", printable(phone), printable(reason))
            }
        })
    }

    /// Returns the event as JSON; `None` if it is not reported.
    pub(super) fn json(&self) -> Option<String> {
        Some(output::json(&match self {
            Self::Account(AccountEvent::CodeSent { phone, code, dc }) => {
                EventJson::CodeSent { phone, code, dc: *dc }
            }
            Self::Account(AccountEvent::EmailSent { address, code, dc }) => {
                EventJson::EmailSent { address, code, dc: *dc }
            }
            Self::Account(AccountEvent::LoggedIn { user_id, dc }) => {
                EventJson::LoggedIn { user_id: *user_id, dc: *dc }
            }
            Self::Account(AccountEvent::LoggedOut { user_id, dc }) => {
                EventJson::LoggedOut { user_id: *user_id, dc: *dc }
            }
            Self::Account(AccountEvent::UnknownMethod { method, dc }) => {
                EventJson::Unserved { method, reason: UNSERVED, dc: *dc }
            }
            Self::Account(AccountEvent::MessageNotSent { from, to }) => {
                EventJson::MessageNotSent { from: *from, to: *to, reason: NOT_SENT }
            }
            Self::Account(_) => return None,
            Self::Scan { phone, result: Ok(()) } => EventJson::Scanned { phone },
            Self::Unrecognised => EventJson::ScanFailed { phone: None, reason: UNRECOGNISED },
            Self::Scan { phone, result: Err(reason) } => EventJson::ScanFailed { phone: Some(phone), reason },
        }))
    }
}

/// An event, as `--json` prints it. Separate from the type of the library, so that renames there do not change the JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum EventJson<'a> {
    CodeSent {
        phone: &'a str,
        code: &'a str,
        dc: i32,
    },
    EmailSent {
        address: &'a str,
        code: &'a str,
        dc: i32,
    },
    LoggedIn {
        user_id: i64,
        dc: i32,
    },
    LoggedOut {
        user_id: i64,
        dc: i32,
    },
    MessageNotSent {
        from: i64,
        to: i64,
        reason: &'a str,
    },
    Unserved {
        method: &'a str,
        reason: &'a str,
        dc: i32,
    },
    Scanned {
        phone: &'a str,
    },
    ScanFailed {
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<&'a str>,
        reason: &'a str,
    },
}
