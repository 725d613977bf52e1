//! The credentials for a proxy.

use std::fmt;

use zeroize::Zeroizing;

use super::error::InvalidProxy;
use super::kind::ProxyKind;

/// A user name and a password. They are wiped from memory on drop and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
}

impl Credentials {
    /// Creates the credentials for a proxy of this kind.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Credentials`] like [`Proxy::with_credentials`](super::Proxy::with_credentials).
    pub fn new(kind: ProxyKind, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        if !kind.accepts(user, password) {
            return Err(InvalidProxy::Credentials);
        }
        Ok(Self { user: Zeroizing::new(user.into()), password: Zeroizing::new(password.into()) })
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
