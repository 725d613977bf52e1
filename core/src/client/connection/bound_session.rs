//! A session, the key that it uses, and what the server knows of the client in it.

use super::temporary_key::{BINDING, TemporaryKey};
use crate::client::stored_session::DcAuth;
use crate::crypto::SecureRandom;
use crate::session::{ServerClock, Session};
use crate::time::Now;

/// A session, and what the server knows of it.
#[derive(Debug)]
pub(crate) struct BoundSession {
    pub(crate) session: Session,
    /// `None`: the key is a permanent one.
    pub(crate) temporary: Option<TemporaryKey>,
    /// Whether the server knows layer and device.
    pub(crate) inited: bool,
    /// Whether the session was given the requests that waited for it.
    pub(crate) takes_requests: bool,
}

impl BoundSession {
    pub(crate) fn new(session: Session, temporary: Option<TemporaryKey>) -> Self {
        Self { session, temporary, inited: false, takes_requests: false }
    }

    /// A session over a permanent key.
    pub(crate) fn permanent(
        key: &DcAuth,
        clock: ServerClock,
        random: &mut dyn SecureRandom,
        now: Now,
    ) -> Self {
        Self::new(Session::new(key.auth_key.clone(), key.server_salt, clock, random, now), None)
    }

    /// Whether requests may leave.
    pub(crate) fn is_ready(&self) -> bool {
        self.temporary.as_ref().is_none_or(TemporaryKey::is_bound)
    }

    /// The server's time, in seconds since 1970.
    pub(crate) fn server_time(&self, now: Now) -> u64 {
        self.session.clock().server_time(now).as_secs()
    }

    /// Asks for the binding of a temporary key, unless that was done.
    pub(crate) fn bind(&mut self) {
        if let Some((permanent, expires_at)) = self.temporary.as_mut().and_then(TemporaryKey::ask) {
            self.session.bind(BINDING, permanent, expires_at);
        }
    }
}
