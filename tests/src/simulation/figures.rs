//! What happened in runs, as numbers.

use std::collections::BTreeMap;
use std::time::Duration;

/// What happened, in one run or in many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The virtual time.
    pub virtual_time: Duration,
    /// The requests that the application made.
    pub requests: u64,
    /// How many of them were answered.
    pub answered: u64,
    /// How many calls the servers executed for them.
    pub executed: u64,
    /// The faults by name. Cuts, half-open connections and forgotten keys count only if there was one; what waits for a
    /// byte or a call counts when it is armed.
    pub faults: BTreeMap<&'static str, u64>,
    /// The login steps that ended with a logged-in user, without those that only ask for the state.
    pub logins: u64,
    /// Processes of the client.
    pub processes: u64,
    /// The steps of the pair.
    pub steps: u64,
}

impl Figures {
    pub(super) fn merge(&mut self, other: &Self) {
        self.virtual_time += other.virtual_time;
        self.requests += other.requests;
        self.answered += other.answered;
        self.executed += other.executed;
        merge_counts(&mut self.faults, &other.faults);
        self.logins += other.logins;
        self.processes += other.processes;
        self.steps += other.steps;
    }
}

/// Adds counts by name.
pub(super) fn merge_counts(counts: &mut BTreeMap<&'static str, u64>, other: &BTreeMap<&'static str, u64>) {
    for (name, count) in other {
        *counts.entry(name).or_default() += count;
    }
}
