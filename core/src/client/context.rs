//! What a connection needs of the client.

use super::config::Config;
use super::stored_session::StoredSession;
use crate::crypto::SecureRandom;
use crate::session::ServerClock;
use crate::time::Now;

/// What a connection needs of the client, lent for one call.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) stored: &'a StoredSession,
    pub(super) random: &'a mut dyn SecureRandom,
    pub(super) now: Now,
}

impl Context<'_> {
    /// The clock that a session without any better knowledge begins with.
    pub(super) fn clock(&self) -> ServerClock {
        ServerClock::from_wall(self.now, self.stored.clock_offset)
    }
    /// The clock of a session whose key exchange has just told the server's time, in seconds since 1970.
    pub(super) fn clock_at(&self, server_time: i32) -> ServerClock {
        let mut clock = self.clock();
        clock.set_from_handshake(self.now, server_time);
        clock
    }
}
