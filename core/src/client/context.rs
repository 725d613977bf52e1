//! The parts of the client that a connection needs.

use super::config::Config;
use super::stored_session::StoredSession;
use crate::crypto::SecureRandom;
use crate::session::ServerClock;
use crate::time::Now;

/// The parts of the client that a connection needs, borrowed for one call.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) stored: &'a StoredSession,
    pub(super) random: &'a mut dyn SecureRandom,
    pub(super) now: Now,
}

impl Context<'_> {
    /// Returns the clock of a new session: the wall clock with the stored offset.
    pub(super) fn new_clock(&self) -> ServerClock {
        ServerClock::from_wall(self.now, self.stored.clock_offset)
    }

    /// Returns the clock of a session after its key exchange. `server_time`: of the key exchange, in seconds since
    /// 1970.
    pub(super) fn clock_at(&self, server_time: i32) -> ServerClock {
        let mut clock = self.new_clock();
        clock.set_from_handshake(self.now, server_time);
        clock
    }
}
