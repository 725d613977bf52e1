//! The clients, their requests, and what became of each.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sansgram_core::client::{Config, InvokeError, OnUnknownOutcome, RequestOptions};
use sansgram_tokio::{Client, Error, MemoryStore};

use crate::Result;
use crate::dc;

/// How many requests of one client are under way at once.
const AT_ONCE: usize = 8;
/// How long a client may take for its last request, once all faults have stopped: its next attempt to connect may be a
/// minute away, and the exchange of a key of a thousand clients takes its time.
const PATIENCE: Duration = Duration::from_secs(180);
/// The pause after an error, so that a client without a server does not use up its requests.
const PAUSE: Duration = Duration::from_millis(200);

/// Nothing is known about a request.
const NO_RESULT: u8 = 0;
const ANSWERED: u8 = 1;
/// The client reported that it cannot answer, and why.
const REPORTED: u8 = 2;

/// What became of each request, by its number.
pub(crate) struct Tally {
    outcomes: Vec<AtomicU8>,
    next: AtomicUsize,
    errors: Mutex<BTreeMap<String, usize>>,
}

impl Tally {
    pub(crate) fn new(requests: usize) -> Self {
        let outcomes = (0..requests).map(|_| AtomicU8::new(NO_RESULT)).collect();
        Self { outcomes, next: AtomicUsize::new(0), errors: Mutex::default() }
    }

    /// Returns the number of the next request, until all are made.
    fn next(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.outcomes.len()).then_some(number)
    }

    /// Returns how many of so many parts of the requests were made.
    pub(crate) fn part(&self, parts: usize) -> usize {
        self.made() * parts / self.outcomes.len().max(1)
    }

    fn made(&self) -> usize {
        self.next.load(Ordering::Relaxed).min(self.outcomes.len())
    }

    fn record(&self, number: usize, outcome: u8) {
        let before = self.outcomes[number].swap(outcome, Ordering::Relaxed);
        assert_eq!(before, NO_RESULT, "the request {number} has two results");
    }

    fn record_error(&self, number: usize, error: &Error) {
        self.record(number, REPORTED);
        *self.lock_errors().entry(name(error)).or_default() += 1;
    }

    fn lock_errors(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares the outcomes with what the DCs executed.
    pub(crate) fn verdict(&self, executions: &[u32]) -> Verdict {
        let mut verdict = Verdict { errors: self.lock_errors().clone(), ..Verdict::default() };
        for (number, (outcome, executions)) in self.outcomes.iter().zip(executions).enumerate() {
            let outcome = outcome.load(Ordering::Relaxed);
            verdict.answered += usize::from(outcome == ANSWERED);
            verdict.reported += usize::from(outcome == REPORTED);
            verdict.lost += usize::from(outcome == NO_RESULT);
            verdict.invented += usize::from(outcome == ANSWERED && *executions == 0);
            if *executions > 1 {
                match policy(number) {
                    OnUnknownOutcome::Fail => verdict.repeated_against_policy += 1,
                    OnUnknownOutcome::Retry => verdict.repeated += 1,
                }
            }
        }
        verdict
    }
}

/// Every other request must not be executed twice.
const fn policy(number: usize) -> OnUnknownOutcome {
    if number.is_multiple_of(2) { OnUnknownOutcome::Fail } else { OnUnknownOutcome::Retry }
}

/// Returns the kind of an error.
fn name(error: &Error) -> String {
    match error {
        Error::Invoke(InvokeError::OutcomeUnknown { .. }) => "outcome unknown".into(),
        Error::Invoke(InvokeError::TimedOut { .. }) => "timed out".into(),
        Error::Invoke(InvokeError::Unreachable { .. }) => "unreachable".into(),
        other => other.to_string(),
    }
}

/// What the run has shown.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    answered: usize,
    reported: usize,
    lost: usize,
    invented: usize,
    repeated: usize,
    repeated_against_policy: usize,
    errors: BTreeMap<String, usize>,
}

impl Verdict {
    pub(crate) fn problems(&self) -> Vec<String> {
        let counts = [
            (self.repeated_against_policy, "were executed twice against their policy"),
            (self.lost, "have no result"),
            (self.invented, "were answered but not executed"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let mut problems: Vec<String> =
            counts.map(|(count, what)| format!("{count} requests {what}")).collect();
        let known = ["outcome unknown", "timed out", "unreachable"];
        let others = self.errors.keys().filter(|error| !known.contains(&error.as_str()));
        problems.extend(others.map(|error| format!("a request failed with {error:?}")));
        problems
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, reported, repeated, repeated_against_policy, .. } = self;
        write!(
            f,
            "{answered} answered once, {reported} reported ({}); executed more than once: {repeated} that may be, \
             {repeated_against_policy} that must not",
            list(&self.errors)
        )
    }
}

/// Returns what was counted, with the counts.
pub(crate) fn list(counts: &BTreeMap<impl fmt::Display, usize>) -> String {
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}

/// Starts the clients, each with a key of its own to make, at the proxy.
pub(crate) async fn start(config: &Config, proxy: SocketAddr, count: usize) -> Result<Vec<Client>> {
    let mut config = config.clone();
    config.dcs.insert(config.initial_dc, proxy);
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        clients.push(sansgram_tokio::start(config.clone(), MemoryStore::new()).await?);
    }
    Ok(clients)
}

/// Makes all requests.
pub(crate) async fn make_requests(clients: &[Client], tally: &Arc<Tally>) {
    let mut tasks = Vec::with_capacity(clients.len() * AT_ONCE);
    for client in clients {
        for _ in 0..AT_ONCE {
            let (client, tally) = (client.clone(), tally.clone());
            tasks.push(tokio::spawn(async move {
                while let Some(number) = tally.next() {
                    let options = RequestOptions::new().with_on_unknown_outcome(policy(number));
                    match client.invoke_raw_with(dc::query(number), options).await {
                        Ok(reply) => {
                            assert_eq!(reply, dc::answer(), "the answer to another request");
                            tally.record(number, ANSWERED);
                        }
                        Err(error) => {
                            tally.record_error(number, &error);
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
            }));
        }
    }
    for task in tasks {
        task.await.expect("no task panics");
    }
}

/// Lets each client make one request more. Returns how many cannot.
pub(crate) async fn count_stuck(clients: &[Client]) -> usize {
    let last = clients.iter().map(|client| {
        let client = client.clone();
        tokio::spawn(async move {
            // The first ones may still report what happened before.
            let answered = async {
                while client.invoke_raw(dc::query(dc::LAST)).await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            };
            tokio::time::timeout(PATIENCE, answered).await.is_err()
        })
    });
    let mut stuck = 0;
    for task in last.collect::<Vec<_>>() {
        stuck += usize::from(task.await.unwrap_or(true));
    }
    stuck
}

/// Prints how far the requests are.
pub(crate) struct Progress {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn stop(self) {
        drop(self.end);
        drop(self.thread.join());
    }
}

/// Prints a line every ten seconds.
pub(crate) fn report_progress(tally: Arc<Tally>) -> Progress {
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        while ended.recv_timeout(Duration::from_secs(10)) == Err(RecvTimeoutError::Timeout) {
            println!("{} of {} requests made", tally.made(), tally.outcomes.len());
        }
    });
    Progress { end, thread }
}
