//! Why a login ended.

use super::rpc_error::RpcError;

/// Why the server ended a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogoutCause {
    /// No user is logged in under the key (`AUTH_KEY_UNREGISTERED`).
    Unregistered,
    /// The user ended this session from another device (`SESSION_REVOKED`, `SESSION_EXPIRED`).
    Revoked,
    /// The account was deleted or banned (`USER_DEACTIVATED`, `USER_DEACTIVATED_BAN`).
    Deactivated,
    /// The key was used from two places at once (`AUTH_KEY_DUPLICATED`), and cannot be used again.
    Duplicated,
    /// The server does not know the key (`AUTH_KEY_INVALID`).
    KeyInvalid,
}

impl LogoutCause {
    /// Returns what an error says about the login as a whole (`api/errors`, 401 and 406), or `None` if it says nothing.
    pub(crate) fn of(error: &RpcError) -> Option<Self> {
        match (error.code, error.name.as_str()) {
            (401, "AUTH_KEY_UNREGISTERED") => Some(Self::Unregistered),
            (401, "SESSION_REVOKED" | "SESSION_EXPIRED") => Some(Self::Revoked),
            (401, "USER_DEACTIVATED" | "USER_DEACTIVATED_BAN") => Some(Self::Deactivated),
            (401, "AUTH_KEY_INVALID") => Some(Self::KeyInvalid),
            (406, "AUTH_KEY_DUPLICATED") => Some(Self::Duplicated),
            _ => None,
        }
    }

    /// Returns what happened and what the user can do about it, in one or two sentences.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unregistered => "The session is no longer logged in: log in again.",
            Self::Revoked => {
                "The session was ended from another device: log in again, and if that was not you, look at the \
                 active sessions in Telegram's settings."
            }
            Self::Deactivated => {
                "The account was deleted or banned: another login will not help; write to recover@telegram.org if \
                 that is a mistake."
            }
            Self::Duplicated => {
                "The same session was used from two places at once, so the server ended it: log in again, and give \
                 each process a session of its own."
            }
            Self::KeyInvalid => "The server no longer knows the session's key: log in again.",
        }
    }

    /// Returns whether the key can never be used again, not even for a new login.
    #[must_use]
    pub const fn is_key_dead(self) -> bool {
        !matches!(self, Self::Unregistered)
    }
}
