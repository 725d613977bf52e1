//! A session with its key, and whether the server knows this client in it.

use alloc::vec::Vec;

use super::temporary_key::{BIND_REQUEST, TemporaryKeyState};
use crate::client::context::Context;
use crate::client::stored_session::DcAuth;
use crate::crypto::{AuthKey, SecureRandom};
use crate::handshake::NewAuthKey;
use crate::session::{RequestTag, ServerClock, Session};
use crate::time::Now;

/// The session that a [`Connection`](super::Connection) carries, and the state of its key.
#[derive(Debug)]
pub(crate) struct ConnectionSession {
    /// The MTProto session.
    pub(crate) session: Session,
    /// The state of a temporary key; `None` if the key is permanent.
    pub(crate) temporary: Option<TemporaryKeyState>,
    /// Whether the server has accepted `initConnection`, so that it knows layer and device.
    pub(crate) inited: bool,
    /// Requests that the server refused and that are sent again inside `initConnection`, oldest first.
    pub(crate) retries: Vec<RequestTag>,
    /// Whether the pending requests have been queued in the session, which happens once its key is usable.
    pub(crate) has_queued_pending: bool,
}

impl ConnectionSession {
    pub(crate) fn new(session: Session, temporary: Option<TemporaryKeyState>) -> Self {
        Self { session, temporary, inited: false, retries: Vec::new(), has_queued_pending: false }
    }

    /// Creates a session under a permanent key.
    pub(crate) fn permanent(
        key: &DcAuth,
        clock: ServerClock,
        random: &mut dyn SecureRandom,
        now: Now,
    ) -> Self {
        Self::new(Session::new(key.auth_key.clone(), key.server_salt, clock, random, now), None)
    }

    /// Creates a session under a temporary key that was just made, to be bound to `permanent`.
    pub(crate) fn under_temporary(new: NewAuthKey, permanent: AuthKey, cx: &mut Context<'_>) -> Self {
        let lifetime = new.expires_in.unwrap_or_else(|| cx.config.temporary_key_seconds());
        let temporary = TemporaryKeyState::new(permanent, new.server_time, lifetime);
        let clock = cx.clock_at(new.server_time);
        let session = Session::new(new.auth_key, new.server_salt, clock, cx.random, cx.now);
        Self::new(session, Some(temporary))
    }

    /// Returns whether the key may carry requests: a permanent one, or a temporary one that is bound.
    pub(crate) fn is_key_usable(&self) -> bool {
        self.temporary.as_ref().is_none_or(TemporaryKeyState::is_bound)
    }

    /// Returns the server's time, in seconds since 1970.
    pub(crate) fn server_time(&self, now: Now) -> u64 {
        self.session.clock().server_time(now).as_secs()
    }

    /// Queues the requests that are sent again.
    pub(crate) fn queue_retries(&mut self) {
        if !self.retries.is_empty() {
            self.inited = false;
            core::mem::take(&mut self.retries).into_iter().for_each(|tag| self.session.queue(tag));
        }
    }

    /// Queues the request that binds a temporary key, once.
    pub(crate) fn bind(&mut self) {
        if let Some((permanent, expires_at)) =
            self.temporary.as_mut().and_then(TemporaryKeyState::take_bind_parameters)
        {
            self.session.bind(BIND_REQUEST, permanent, expires_at);
        }
    }
}
