//! Limits how often the server can make the client send its messages again.

use super::error::MessageError;
use super::ids::MsgId;
use super::resend_reason::ResendReason;
use crate::policy;
use crate::time::Timestamp;

/// Counts the rounds of messages sent again since the last answer to a request.
///
/// A round is the reaction to one correction. For instance, the server refuses all messages that were sent with the same
/// wrong salt, and they count once.
#[derive(Debug, Default)]
pub(super) struct ResendLimiter {
    rounds: u8,
    /// The newest sent msg_id when the last round started. Messages up to it were sent before the correction, so a
    /// refusal of one of them does not start another round.
    newest_before_round: MsgId,
    /// A request was refused since the last answer to one.
    has_refused_request: bool,
    /// The start of the last round.
    last_round: Option<Timestamp>,
    /// A ping was answered since the last round started, and no refused request is counted.
    ping_answered: bool,
}

impl ResendLimiter {
    /// Records that the server refused the message `refused`, if `newest` is the newest msg_id sent. Returns `true` if
    /// that starts a round, because the message was sent after the last correction.
    ///
    /// # Errors
    /// Returns [`MessageError::EndlessResends`] if there were too many rounds.
    pub(super) fn record(
        &mut self,
        refused: MsgId,
        newest: MsgId,
        has_refused_request: bool,
        reason: ResendReason,
        now: Timestamp,
    ) -> Result<bool, MessageError> {
        self.has_refused_request |= has_refused_request;
        if refused <= self.newest_before_round {
            return Ok(false);
        }
        self.newest_before_round = newest;
        self.start_round(reason, now)?;
        Ok(true)
    }

    /// Starts a round that is not about a particular message.
    ///
    /// # Errors
    /// Returns [`MessageError::EndlessResends`] if there were too many rounds.
    pub(super) fn start_round(&mut self, reason: ResendReason, now: Timestamp) -> Result<(), MessageError> {
        let last_is_past = self.last_round.is_none_or(|last| now - last >= policy::MIN_RESEND_ROUND_INTERVAL);
        if core::mem::take(&mut self.ping_answered) && last_is_past {
            self.rounds = 0;
        }
        self.last_round = Some(now);
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > policy::MAX_RESEND_ROUNDS {
            Err(MessageError::EndlessResends(reason))
        } else {
            Ok(())
        }
    }

    /// Resets the count: a request was answered, or another connection carries the session.
    pub(super) fn reset(&mut self) {
        self.rounds = 0;
        self.has_refused_request = false;
        self.ping_answered = false;
    }

    /// Records the answer to a ping. It resets the count at the next round, unless the server refuses requests.
    pub(super) const fn on_pong(&mut self) {
        self.ping_answered |= !self.has_refused_request;
    }

    /// Starts a new sequence of msg_ids. The count stays.
    pub(super) fn on_new_session_id(&mut self) {
        self.newest_before_round = MsgId::default();
    }
}
