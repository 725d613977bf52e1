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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_origin(Duration::from_secs(seconds))
    }

    const ENDLESS: Result<(), MessageError> = Err(MessageError::EndlessResends(ResendReason::Salt));

    fn rounds(limiter: &mut ResendLimiter, times: impl IntoIterator<Item = u64>) -> Result<(), MessageError> {
        times.into_iter().try_for_each(|time| limiter.start_round(ResendReason::Salt, at(time)))
    }

    #[test]
    fn the_sixth_round_without_an_answer_is_one_too_many() {
        let mut limiter = ResendLimiter::default();
        assert_eq!(rounds(&mut limiter, 0..5), Ok(()));
        assert_eq!(rounds(&mut limiter, [1_000]), ENDLESS);
        limiter.reset();
        assert_eq!(rounds(&mut limiter, 1_001..1_006), Ok(()));
        assert_eq!(rounds(&mut limiter, [2_000]), ENDLESS);
    }

    #[test]
    fn messages_sent_before_a_correction_start_no_round() {
        let mut limiter = ResendLimiter::default();
        let mut record =
            |refused, newest| limiter.record(MsgId(refused), MsgId(newest), false, ResendReason::Salt, at(0));
        assert_eq!(record(4, 12), Ok(true));
        assert_eq!([record(8, 12), record(12, 16)], [Ok(false), Ok(false)]);
        assert_eq!(record(16, 20), Ok(true));
        limiter.on_new_session_id();
        assert_eq!(limiter.record(MsgId(4), MsgId(4), false, ResendReason::Salt, at(0)), Ok(true));
        assert_eq!(rounds(&mut limiter, [0, 0, 0]), ENDLESS, "a new session does not reset the count");
    }

    #[test]
    fn a_pong_resets_the_count_5_seconds_after_the_last_round() {
        for (next, expected) in [(8, ENDLESS), (9, Ok(()))] {
            let mut limiter = ResendLimiter::default();
            assert_eq!(rounds(&mut limiter, 0..5), Ok(()));
            limiter.on_pong();
            assert_eq!(rounds(&mut limiter, [next]), expected);
        }
    }

    #[test]
    fn a_pong_resets_the_count_once() {
        let mut limiter = ResendLimiter::default();
        limiter.on_pong();
        assert_eq!(rounds(&mut limiter, [10, 20, 30, 40, 50]), Ok(()));
        assert_eq!(rounds(&mut limiter, [60]), ENDLESS);
    }

    #[test]
    fn a_pong_resets_nothing_while_requests_are_refused() {
        let mut limiter = ResendLimiter::default();
        let refused = limiter.record(MsgId(4), MsgId(12), true, ResendReason::Salt, at(0));
        assert_eq!(refused, Ok(true));
        // That of another message does not change it.
        assert_eq!(limiter.record(MsgId(8), MsgId(12), false, ResendReason::Salt, at(0)), Ok(false));
        limiter.on_pong();
        assert_eq!(rounds(&mut limiter, [10, 20, 30, 40]), Ok(()));
        assert_eq!(rounds(&mut limiter, [50]), ENDLESS);
        limiter.reset();
        limiter.on_pong();
        assert_eq!(rounds(&mut limiter, [60, 70, 80, 90, 100]), Ok(()), "a reset forgets the refusal");
    }

    #[test]
    fn a_reset_forgets_an_answered_ping() {
        let mut limiter = ResendLimiter::default();
        limiter.on_pong();
        limiter.reset();
        assert_eq!(rounds(&mut limiter, [10, 20, 30, 40, 50]), Ok(()));
        assert_eq!(rounds(&mut limiter, [60]), ENDLESS);
    }
}
