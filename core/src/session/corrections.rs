//! How often the server may correct us before we give up on it.

use super::correction::Correction;
use super::error::MessageError;
use super::ids::MsgId;
use crate::policy;
use crate::time::Timestamp;

/// The corrections without an answer in between.
#[derive(Debug, Default)]
pub(super) struct Corrections {
    rounds: u8,
    /// Our newest msg_id when the last round began: messages up to it were sent before the correction, so refusals of them
    /// begin no round.
    covered: MsgId,
    /// Whether a request was refused since the last answer to one.
    of_requests: bool,
    /// When the last round began.
    begun: Option<Timestamp>,
    /// Whether a ping was answered since the last round began, while no refused request is counted.
    pinged: bool,
}

impl Corrections {
    /// The server refused `refused`, and our newest identifier is `newest`. Returns whether that begins a round: the
    /// message left after the last correction.
    pub(super) fn count(
        &mut self,
        refused: MsgId,
        newest: MsgId,
        of_requests: bool,
        reason: Correction,
        now: Timestamp,
    ) -> Result<bool, MessageError> {
        self.of_requests |= of_requests;
        if refused <= self.covered {
            return Ok(false);
        }
        self.covered = newest;
        self.begin(reason, now)?;
        Ok(true)
    }

    /// A round begins, whichever message it is about.
    pub(super) fn begin(&mut self, reason: Correction, now: Timestamp) -> Result<(), MessageError> {
        let apart = self.begun.is_none_or(|begun| now - begun >= policy::CORRECTION_ROUNDS_APART);
        if core::mem::take(&mut self.pinged) && apart {
            self.rounds = 0;
        }
        self.begun = Some(now);
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > policy::MAX_CORRECTION_ROUNDS {
            Err(MessageError::EndlessCorrections(reason))
        } else {
            Ok(())
        }
    }

    /// An answer to a request came, or another connection: rounds count from 0 again.
    pub(super) fn forgive(&mut self) {
        self.rounds = 0;
        self.of_requests = false;
        self.pinged = false;
    }

    /// A ping was answered, which says nothing of requests that are refused.
    pub(super) const fn forgive_pings(&mut self) {
        self.pinged |= !self.of_requests;
    }

    /// Identifiers begin again.
    pub(super) fn restart(&mut self) {
        self.covered = MsgId::default();
    }
}
