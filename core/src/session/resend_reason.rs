//! Why the server makes the client send its messages again.

use core::fmt;

/// Why the server makes the client send its messages again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResendReason {
    /// Their server salt is wrong (`bad_server_salt`).
    Salt,
    /// Their msg_ids do not fit the server's time (`bad_msg_notification` 16 and 17).
    Clock,
    /// They are too old: the server cannot tell whether it received them (`bad_msg_notification` 20).
    Age,
    /// Their seq_nos or their structure are wrong: any other code of `bad_msg_notification`.
    Malformed(i32),
    /// The server requests them once more (`msg_resend_req`), or reports them as lost without having been asked.
    Resend,
    /// The server created a new session, which does not know them (`new_session_created`).
    NewSession,
}

impl ResendReason {
    /// Returns the reason for an error code of `bad_msg_notification`.
    pub(super) const fn from_code(code: i32) -> Self {
        match code {
            16 | 17 => Self::Clock,
            20 => Self::Age,
            code => Self::Malformed(code),
        }
    }
}

impl fmt::Display for ResendReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Salt => f.write_str("it never accepts their salt"),
            Self::Clock => f.write_str("it never accepts their time"),
            Self::Age => f.write_str("it always calls them too old (code 20)"),
            Self::Malformed(code) => write!(f, "it always calls them malformed (code {code})"),
            Self::Resend => f.write_str("it requests them again and again"),
            Self::NewSession => f.write_str("it creates a new session again and again"),
        }
    }
}
