//! How often the server may correct us before we give up on it.

use super::ids::MsgId;
use super::reject::Reject;

/// How many rounds of corrections (salt, clock, numbering) may follow each other without a single answer in between.
const MAX_ROUNDS: u8 = 5;

/// The corrections without an answer in between.
#[derive(Debug, Default)]
pub(super) struct Corrections {
    rounds: u8,
    /// Our newest identifier when the last round began: whatever it covers had to be refused as well.
    covered: MsgId,
}

impl Corrections {
    /// The server refused `refused`, and our newest identifier is `newest`. Answers whether that begins a round: the
    /// message left after the last correction.
    pub(super) fn count(&mut self, refused: MsgId, newest: MsgId) -> Result<bool, Reject> {
        if refused <= self.covered {
            return Ok(false);
        }
        self.covered = newest;
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > MAX_ROUNDS { Err(Reject::EndlessCorrections) } else { Ok(true) }
    }

    /// An answer came, or another connection: rounds count from 0 again.
    pub(super) fn forgive(&mut self) {
        self.rounds = 0;
    }

    /// Identifiers begin again.
    pub(super) fn restart(&mut self) {
        self.covered = MsgId::default();
    }
}
