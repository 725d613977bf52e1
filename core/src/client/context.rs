//! What a connection needs of the client.

use super::config::Config;
use super::stored_session::StoredSession;
use crate::crypto::SecureRandom;
use crate::session::ServerClock;
use crate::time::Now;

/// What a connection needs of the client, lent for one call.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) data: &'a StoredSession,
    pub(super) random: &'a mut dyn SecureRandom,
    pub(super) now: Now,
}

impl Context<'_> {
    /// The clock that a session without any better knowledge begins with.
    pub(super) fn clock(&self) -> ServerClock {
        ServerClock::from_wall(self.now, self.data.clock_offset)
    }
}
