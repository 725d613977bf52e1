//! What the server corrects in our messages.

use core::fmt;

/// What the server finds wrong with our messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Correction {
    /// Their salt (`bad_server_salt`).
    Salt,
    /// Their time (`bad_msg_notification` 16 and 17).
    Clock,
    /// Their age (20): it cannot tell whether it received them.
    Age,
    /// Their numbers, or another code of `bad_msg_notification`.
    Numbers(i32),
    /// It wants them once more (`msg_resend_req`).
    Resend,
    /// Its session is a new one (`new_session_created`).
    NewSession,
}

impl Correction {
    /// What a code of `bad_msg_notification` says.
    pub(super) const fn of(code: i32) -> Self {
        match code {
            16 | 17 => Self::Clock,
            20 => Self::Age,
            code => Self::Numbers(code),
        }
    }
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Salt => f.write_str("it never accepts their salt"),
            Self::Clock => f.write_str("it never accepts their time"),
            Self::Age => f.write_str("it always calls them too old (code 20)"),
            Self::Numbers(code) => write!(f, "it always calls them malformed (code {code})"),
            Self::Resend => f.write_str("it always asks for them once more"),
            Self::NewSession => f.write_str("it always begins a new session"),
        }
    }
}
