//! The figures of many runs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::plan::Plan;
use super::run::Report;

/// The figures of many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    seeds: u64,
    failed: u64,
    faults: BTreeMap<&'static str, u64>,
    flows: BTreeMap<&'static str, u64>,
    requests: u64,
    answered: u64,
    executed: u64,
    logins: u64,
    processes: u64,
    steps: u64,
    virtual_time: Duration,
    slowest_recovery: (Duration, u64),
    held: (usize, u64),
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, report: &Report) {
        self.seeds += 1;
        self.failed += u64::from(report.violation.is_some());
        for (name, count) in &report.faults {
            *self.faults.entry(name).or_default() += count;
        }
        *self.flows.entry(plan.setup.flow.name()).or_default() += 1;
        self.requests += report.requests;
        self.answered += report.answered;
        self.executed += report.executed;
        self.logins += report.logins;
        self.processes += report.processes;
        self.steps += report.steps;
        self.virtual_time += report.virtual_time;
        self.slowest_recovery = self.slowest_recovery.max((report.recovered_in, plan.seed));
        self.held = self.held.max((report.held, plan.seed));
    }

    /// Adds the runs of another thread.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in &other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (name, count) in &other.flows {
            *self.flows.entry(name).or_default() += count;
        }
        self.seeds += other.seeds;
        self.failed += other.failed;
        self.requests += other.requests;
        self.answered += other.answered;
        self.executed += other.executed;
        self.logins += other.logins;
        self.processes += other.processes;
        self.steps += other.steps;
        self.virtual_time += other.virtual_time;
        self.slowest_recovery = self.slowest_recovery.max(other.slowest_recovery);
        self.held = self.held.max(other.held);
    }

    /// How many seeds were run.
    #[must_use]
    pub const fn seeds(&self) -> u64 {
        self.seeds
    }

    /// How many of them broke a rule.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    /// The figures as text, with the real time and the number of threads.
    #[must_use]
    pub fn to_text(&self, took: Duration, jobs: usize) -> String {
        let seconds = took.as_secs_f64().max(0.001);
        let rate = self.seeds as f64 / seconds;
        format!(
            "{self}real time: {seconds:.1} s on {jobs} threads: {rate:.1} seeds per second, {:.1} per thread\n",
            rate / jobs.max(1) as f64
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seeds: {}, {} failed", self.seeds, self.failed)?;
        let list = |counts: &BTreeMap<&str, u64>| {
            let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            parts.join(", ")
        };
        writeln!(f, "logins by: {}", list(&self.flows))?;
        let faults: u64 = self.faults.values().sum();
        writeln!(f, "faults: {faults}: {}", list(&self.faults))?;
        let Self { requests, answered, executed, logins, processes, steps, .. } = self;
        writeln!(f, "requests: {requests}, of which {answered} were answered; {executed} executions")?;
        writeln!(f, "logins reached: {logins}, by {processes} processes of the client; {steps} steps")?;
        let (recovery, seed) = self.slowest_recovery;
        let slowest = recovery.as_secs_f64();
        writeln!(
            f,
            "virtual time: {:.1} days; slowest recovery {slowest:.1} s (seed {seed})",
            self.virtual_time.as_secs_f64() / 86_400.0
        )?;
        let (held, seed) = self.held;
        writeln!(f, "memory that a client held at its end: at most {} KiB (seed {seed})", held / 1024)
    }
}
