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
    newest_before_round: MsgId,
    /// Whether a request was refused since the last answer to one.
    has_refused_request: bool,
    /// When the last round began.
    last_round: Option<Timestamp>,
    /// Whether a ping was answered since the last round began, while no refused request is counted.
    ping_answered: bool,
}

impl Corrections {
    /// The server refused `refused`, and our newest identifier is `newest`. Returns whether that begins a round: the
    /// message left after the last correction.
    pub(super) fn count(
        &mut self,
        refused: MsgId,
        newest: MsgId,
        has_refused_request: bool,
        reason: Correction,
        now: Timestamp,
    ) -> Result<bool, MessageError> {
        self.has_refused_request |= has_refused_request;
        if refused <= self.newest_before_round {
            return Ok(false);
        }
        self.newest_before_round = newest;
        self.begin(reason, now)?;
        Ok(true)
    }

    /// A round begins, whichever message it is about.
    pub(super) fn begin(&mut self, reason: Correction, now: Timestamp) -> Result<(), MessageError> {
        let apart =
            self.last_round.is_none_or(|last_round| now - last_round >= policy::CORRECTION_ROUNDS_APART);
        if core::mem::take(&mut self.ping_answered) && apart {
            self.rounds = 0;
        }
        self.last_round = Some(now);
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > policy::MAX_CORRECTION_ROUNDS {
            Err(MessageError::EndlessCorrections(reason))
        } else {
            Ok(())
        }
    }

    /// An answer to a request came, or another connection: rounds count from 0 again.
    pub(super) fn reset(&mut self) {
        self.rounds = 0;
        self.has_refused_request = false;
        self.ping_answered = false;
    }

    /// A ping was answered, which says nothing of requests that are refused.
    pub(super) const fn note_pong(&mut self) {
        self.ping_answered |= !self.has_refused_request;
    }

    /// Identifiers begin again.
    pub(super) fn restart(&mut self) {
        self.newest_before_round = MsgId::default();
    }
}
