//! The figures of many runs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::figures::{Figures, merge_counts};
use super::plan::Plan;
use super::run::Report;

/// The figures of many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    seeds: u64,
    failed: u64,
    flows: BTreeMap<&'static str, u64>,
    figures: Figures,
    slowest_recovery: (Duration, u64),
    held: (usize, u64),
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, report: &Report) {
        self.merge(&Self {
            seeds: 1,
            failed: u64::from(report.violation.is_some()),
            flows: BTreeMap::from([(plan.setup.flow.name(), 1)]),
            figures: report.figures.clone(),
            slowest_recovery: (report.recovered_in, plan.seed),
            held: (report.held, plan.seed),
        });
    }

    /// Adds the runs of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.failed += other.failed;
        merge_counts(&mut self.flows, &other.flows);
        self.figures.merge(&other.figures);
        self.slowest_recovery = self.slowest_recovery.max(other.slowest_recovery);
        self.held = self.held.max(other.held);
    }

    /// What happened in all runs.
    #[must_use]
    pub const fn figures(&self) -> &Figures {
        &self.figures
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
        let Figures { virtual_time, requests, answered, executed, faults, logins, processes, steps } =
            &self.figures;
        writeln!(f, "faults: {}: {}", faults.values().sum::<u64>(), list(faults))?;
        writeln!(f, "requests: {requests}, of which {answered} were answered; {executed} executions")?;
        writeln!(f, "logins reached: {logins}, by {processes} processes of the client; {steps} steps")?;
        let (recovery, seed) = self.slowest_recovery;
        let slowest = recovery.as_secs_f64();
        writeln!(
            f,
            "virtual time: {:.1} days; slowest recovery {slowest:.1} s (seed {seed})",
            virtual_time.as_secs_f64() / 86_400.0
        )?;
        let (held, seed) = self.held;
        writeln!(f, "memory that a client held at its end: at most {} KiB (seed {seed})", held / 1024)
    }
}
