//! Calls that leave together: the driver lets the callers that it has woken run before it sends what the first one asks.
//!
//! An executor may run the driver right after the call that wakes it, before the other callers: tokio's workers do. Each
//! call would then be a packet of its own.

/// Decides whether the driver lets other tasks run first.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    /// The number of callers that were woken and are expected to call again.
    expected: usize,
    has_yielded: bool,
}

impl Gathering {
    /// Returns whether a poll of the driver ends at once, to come again after the tasks that are ready. At most every
    /// second poll does.
    pub(crate) const fn yields(&mut self) -> bool {
        self.has_yielded = self.expected > 1 && !self.has_yielded;
        self.has_yielded
    }

    /// Records the calls between the last poll and this one. If there is none, the callers have something else to do.
    pub(crate) const fn on_poll(&mut self, calls: usize) {
        self.expected = if calls == 0 { 0 } else { self.expected.saturating_sub(calls) };
    }

    /// Records that this many callers are woken.
    pub(crate) const fn on_wake(&mut self, callers: usize) {
        self.expected = self.expected.saturating_add(callers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_is_not_waited_for() {
        let mut gathering = Gathering::default();
        assert!(!gathering.yields());
        gathering.on_wake(1);
        assert!(!gathering.yields());
    }

    #[test]
    fn every_second_poll_yields_while_callers_are_expected() {
        let mut gathering = Gathering::default();
        gathering.on_wake(10);
        for calls in [4, 4] {
            assert!(gathering.yields());
            assert!(!gathering.yields());
            gathering.on_poll(calls);
        }
        assert!(gathering.yields());
        assert!(!gathering.yields());
        gathering.on_poll(1);
        assert!(!gathering.yields(), "only one is expected");
    }

    #[test]
    fn callers_that_do_not_call_again_are_waited_for_once() {
        let mut gathering = Gathering::default();
        gathering.on_wake(10);
        assert!(gathering.yields());
        assert!(!gathering.yields());
        gathering.on_poll(0);
        assert!(!gathering.yields());
    }
}
