//! Key rotation: the next temporary key replaces the current one.

use core::time::Duration;

use crate::client::backoff::Backoff;
use crate::crypto::SecureRandom;
use crate::policy;
use crate::rpc::DisconnectReason;
use crate::time::Timestamp;

/// The state of the rotation. The datacenter passes in what it observes ([`RotationInput`]), and carries out the
/// returned [`Action`].
///
/// | stage | what happens | next stage | what the datacenter does |
/// |---|---|---|---|
/// | `Idle` | the renewal is due ([`is_due`](Self::is_due)) | `Preparing` | opens a second connection, which makes the next key |
/// | `Preparing` | the key is made, and requests are pending | `Holding` | holds back further requests, and requests the answers |
/// | | the key is made, and no request is pending | `Binding` | binds the key |
/// | `Holding` | the last answer arrived, or the hold is over | `Binding` | binds the key |
/// | `Binding` | the key is bound | `Idle` | replaces the first connection, which drains, by the second |
/// | any but `Idle` | the second connection ends | `Idle`, until a backoff is over | sends what was held back under the current key |
///
/// A hold counts only while the first connection is ready: without it, no answer can come.
#[derive(Debug, Default)]
pub(crate) struct KeyRotation {
    stage: Stage,
    backoff: Backoff,
    /// No rotation begins before this time.
    not_before: Timestamp,
    /// Time at which the next one is due, as of the last [`schedule`](Self::schedule).
    due: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    Preparing,
    /// Requests are held back until this time at the latest.
    Holding(Timestamp),
    /// The server is asked to bind the key; requests are held back.
    Binding,
}

/// The state of both connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RotationInput {
    /// Whether the next key is made.
    pub(crate) is_made: bool,
    /// Whether the next key is bound.
    pub(crate) is_bound: bool,
    /// Whether the first connection is ready.
    pub(crate) is_ready: bool,
    /// Whether requests are pending in the session of the current key.
    pub(crate) is_busy: bool,
}

/// What the datacenter must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    /// Request the answers to pending requests.
    AskForAnswers,
    /// Bind the next key.
    Bind,
    /// Replace the first connection by the second.
    Switch,
}

impl KeyRotation {
    /// Returns whether requests are held back.
    pub(crate) const fn holds_requests(&self) -> bool {
        matches!(self.stage, Stage::Holding(_) | Stage::Binding)
    }

    /// Returns whether a rotation must begin now. `renewal`: see [`schedule`](Self::schedule).
    pub(crate) fn is_due(&self, renewal: Option<Duration>, now: Timestamp) -> bool {
        self.when(renewal, now).is_some_and(|at| at <= now)
    }

    /// Schedules the renewal of the current key in `renewal`, or not at all for `None`: the key does not expire, or is
    /// not in use.
    pub(crate) fn schedule(&mut self, renewal: Option<Duration>, now: Timestamp) {
        self.due = self.when(renewal, now);
    }

    fn when(&self, renewal: Option<Duration>, now: Timestamp) -> Option<Timestamp> {
        let renewal = renewal.filter(|_| self.stage == Stage::Idle)?;
        Some(self.not_before.max(now + renewal))
    }

    /// Returns the next deadline.
    pub(crate) fn timeout(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Holding(until) => Some(until),
            Stage::Idle => self.due,
            Stage::Preparing | Stage::Binding => None,
        }
    }

    /// Records that the second connection is being opened.
    pub(crate) const fn start(&mut self) {
        self.stage = Stage::Preparing;
        self.due = None;
    }

    /// Advances the rotation. Returns what to do.
    pub(crate) fn advance(&mut self, view: RotationInput, now: Timestamp) -> Action {
        if self.stage != Stage::Idle && view.is_bound {
            self.stage = Stage::Idle;
            self.backoff.reset();
            return Action::Switch;
        }
        let hold = now + policy::ROTATION_HOLD;
        let (until, asks) = match self.stage {
            Stage::Preparing if view.is_made => (hold, true),
            Stage::Holding(_) if !view.is_ready => (hold, false),
            Stage::Holding(until) => (until, false),
            _ => return Action::Nothing,
        };
        if !view.is_busy || until <= now {
            self.stage = Stage::Binding;
            return Action::Bind;
        }
        self.stage = Stage::Holding(until);
        if asks { Action::AskForAnswers } else { Action::Nothing }
    }

    /// Ends a hold, since the session of the current key, and with it the awaited answers, are gone.
    pub(crate) const fn stop_holding(&mut self) {
        if matches!(self.stage, Stage::Holding(_)) {
            self.stage = Stage::Preparing;
        }
    }

    /// Cancels the rotation: the client closed the second connection.
    pub(crate) const fn cancel(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Handles the end of the second connection: the next attempt begins after a backoff.
    pub(crate) fn on_failure(
        &mut self,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
        now: Timestamp,
    ) {
        self.stage = Stage::Idle;
        self.backoff.record_failure();
        self.not_before = now + self.backoff.pause(reason, random);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl SecureRandom for Zeros {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    const START: Timestamp = Timestamp::ZERO;
    const UNDER_WAY: RotationInput =
        RotationInput { is_made: false, is_bound: false, is_ready: true, is_busy: true };
    const MADE: RotationInput = RotationInput { is_made: true, ..UNDER_WAY };
    const QUIET: RotationInput = RotationInput { is_busy: false, ..MADE };
    const BOUND: RotationInput = RotationInput { is_bound: true, ..QUIET };

    fn begun() -> KeyRotation {
        let mut rotation = KeyRotation::default();
        assert!(rotation.is_due(Some(Duration::ZERO), START));
        rotation.start();
        assert_eq!(rotation.advance(UNDER_WAY, START), Action::Nothing);
        rotation
    }

    #[test]
    fn requests_are_held_back_until_the_last_answer() {
        let mut rotation = begun();
        assert!(!rotation.holds_requests(), "the key is not made yet");
        assert_eq!(rotation.advance(MADE, START), Action::AskForAnswers);
        assert_eq!(rotation.advance(MADE, START), Action::Nothing, "it asks once");
        assert!(rotation.holds_requests());
        assert_eq!(rotation.advance(QUIET, START), Action::Bind);
        assert_eq!(rotation.advance(QUIET, START), Action::Nothing);
        assert!(rotation.holds_requests());
        assert_eq!(rotation.advance(BOUND, START), Action::Switch);
        assert!(!rotation.holds_requests());
    }

    #[test]
    fn a_hold_ends_by_itself() {
        let mut rotation = begun();
        rotation.advance(MADE, START);
        let end = START + policy::ROTATION_HOLD;
        assert_eq!(rotation.timeout(), Some(end));
        assert_eq!(rotation.advance(MADE, end), Action::Bind);
        assert_eq!(rotation.timeout(), None);
    }

    #[test]
    fn a_hold_does_not_count_without_a_connection() {
        let mut rotation = begun();
        rotation.advance(MADE, START);
        let end = START + policy::ROTATION_HOLD;
        assert_eq!(rotation.advance(RotationInput { is_ready: false, ..MADE }, end), Action::Nothing);
        assert_eq!(rotation.timeout(), Some(end + policy::ROTATION_HOLD));
    }

    #[test]
    fn an_idle_session_is_replaced_at_once() {
        assert_eq!(begun().advance(QUIET, START), Action::Bind);
    }

    #[test]
    fn failures_pause_and_a_switch_forgets_them() {
        let mut rotation = begun();
        rotation.advance(MADE, START);
        for failures in 0..3 {
            rotation.on_failure(&DisconnectReason::ClosedByUs, &mut Zeros, START);
            assert!(!rotation.holds_requests());
            let pause = policy::BACKOFF_FIRST / 2 * 2_u32.pow(failures);
            rotation.schedule(Some(Duration::ZERO), START);
            assert_eq!(rotation.timeout(), Some(START + pause), "{failures}");
            assert!(!rotation.is_due(Some(Duration::ZERO), START));
            assert!(rotation.is_due(Some(Duration::ZERO), START + pause));
        }
        rotation.start();
        rotation.advance(QUIET, START);
        assert_eq!(rotation.advance(BOUND, START), Action::Switch);
        assert_eq!(rotation.backoff.failures(), 0);
    }

    #[test]
    fn a_session_that_is_gone_is_waited_for_no_longer() {
        let mut rotation = begun();
        rotation.advance(MADE, START);
        rotation.stop_holding();
        assert!(!rotation.holds_requests());
        assert_eq!(rotation.advance(QUIET, START), Action::Bind);
    }

    #[test]
    fn keys_without_an_end_are_not_renewed() {
        let mut rotation = KeyRotation::default();
        rotation.schedule(None, START);
        assert_eq!((rotation.is_due(None, START), rotation.timeout()), (false, None));
    }
}
