//! What all runs of a process share: servers with keys that are made already, and sessions that have them.
//!
//! Key exchanges and key stretching are most of the work of a login. They are run for real here, once, and in those
//! runs whose plan has no prepared session; the others start as a client does whose earlier process made its keys.

use sansgram_core::client::{DcId, Route, StoredSession};
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::server::{ServerOptions, TestDcs};

use super::plan::PREPARED_SESSIONS;
use crate::pair::{Pair, PairOptions, address};

/// The numbers of the DCs.
pub(super) const DCS: [i32; 3] = [1, 2, 3];

/// What all runs share.
pub struct World {
    servers: Vec<u8>,
    sessions: Vec<StoredSession>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Prepares the servers and sessions, which takes about a second.
    ///
    /// # Panics
    /// Panics if the client cannot make its keys or the accounts cannot be asked for their passwords.
    #[must_use]
    pub fn new() -> Self {
        let mut pair = Pair::new(PairOptions::seeded(0x57a7_1c5e));
        let mut sessions = Vec::new();
        for _ in 0..PREPARED_SESSIONS {
            let config = PairOptions::config(&DCS);
            pair.restart_client_from(config, StoredSession::default());
            for dc in DCS {
                let id = pair.count(0, Route::Dc(DcId::new(dc.into()).expect("the number of a DC")));
                pair.run_until(|pair| pair.is_completed(id)).expect("it is answered");
            }
            sessions.push(pair.client.stored_session().clone());
        }
        // A server stretches a password at its first use.
        for dc in DCS {
            pair.restart_client_from(PairOptions::config(&DCS), StoredSession::default());
            pair.give_code(&format!("99966{dc}0002")).expect("the code is right");
        }
        Self { servers: pair.dcs.save(), sessions }
    }

    /// The session that a run starts from.
    pub(super) fn session(&self, prepared: Option<usize>) -> StoredSession {
        prepared.and_then(|at| self.sessions.get(at)).cloned().unwrap_or_default()
    }

    /// The servers at the start of a run.
    pub(super) fn servers(&self, options: ServerOptions, random: SeededRandomForTestingOnly) -> TestDcs {
        restore(options, random, &self.servers)
    }
}

/// The servers that continue from a saved state.
pub(super) fn restore(
    mut options: ServerOptions,
    random: SeededRandomForTestingOnly,
    saved: &[u8],
) -> TestDcs {
    options.accounts.dcs = DCS.map(|dc| (dc, address(dc))).to_vec();
    let mut dcs = TestDcs::restore(options, Box::new(random), saved).expect("it is as it was saved");
    dcs.log_messages();
    dcs
}
