//! What happens in a run: the setup, the requests, and the schedule of faults. All of it follows from the seed.

use std::time::Duration;

use sansgram_core::client::OnUnknownOutcome;
use sansgram_core::transport::Framing;

use super::choice::Choice;
use super::fault::{Fault, FaultKind};
use super::flow::Flow;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed of all that is random: of this plan, and of the client, the servers and the network.
    pub seed: u64,
    /// What does not change while it runs.
    pub setup: Setup,
    /// The requests of the application, by time.
    pub requests: Vec<PlannedRequest>,
    /// The faults, by time.
    pub faults: Vec<Fault>,
    /// When the faults stop.
    pub calm_at: Duration,
}

/// What does not change in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How the user logs in.
    pub flow: Flow,
    /// Which of the prepared sessions, which have keys of all DCs, the client starts from; `None`: the empty session,
    /// so that it makes its keys.
    pub prepared: Option<usize>,
    /// Whether requests travel under temporary keys.
    pub pfs: bool,
    /// The lifetime of temporary keys.
    pub temporary_key_lifetime: Duration,
    /// Whether key exchanges are computed on another thread.
    pub offload_key_exchange: bool,
    /// The framing.
    pub framing: Framing,
    /// The latency in one direction.
    pub latency: Duration,
    /// The random addition to it.
    pub jitter: Duration,
    /// The longest read, if reads are cut at random.
    pub chunks: Option<usize>,
    /// By how many seconds the client's wall clock is ahead.
    pub clock_skew: i64,
    /// The lifetime of server salts.
    pub salt_lifetime: Duration,
    /// Whether the client gets updates.
    pub updates: bool,
    /// The time limit of requests that have none of their own.
    pub request_timeout: Option<Duration>,
    /// The client's limit on pending requests.
    pub max_pending: usize,
    /// The longest time that the user takes to enter something.
    pub user_delay: Duration,
    /// Whether the client is closed with requests pending.
    pub close_early: bool,
}

/// A request of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// The number by which the servers count it.
    pub number: i64,
    /// When it is made.
    pub at: Duration,
    /// What is done if its outcome is unknown.
    pub policy: OnUnknownOutcome,
    /// Its own time limit.
    pub timeout: Option<Duration>,
    /// The number of the request that must be executed before it.
    pub after: Option<i64>,
    /// Whether a quick ack is requested.
    pub quick_ack: bool,
    /// How long after it was made it is cancelled.
    pub cancel_after: Option<Duration>,
    /// The DC, if it is not the home DC.
    pub dc: Option<i32>,
    /// Whether the client waits as long as the server demands.
    pub waits: bool,
    /// Bytes beyond those of the smallest request.
    pub extra: usize,
}

impl PlannedRequest {
    /// Returns a request without options.
    pub(super) const fn plain(number: i64, at: Duration, policy: OnUnknownOutcome) -> Self {
        Self {
            number,
            at,
            policy,
            timeout: None,
            after: None,
            quick_ack: false,
            cancel_after: None,
            dc: None,
            waits: true,
            extra: 0,
        }
    }
}

/// The number of prepared sessions.
pub(super) const PREPARED_SESSIONS: usize = 2;

impl Plan {
    /// Returns the plan of a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        // Other constants than those of the pair, which forks generators of the same kind.
        let mut choice = Choice::new(seed ^ 0x5157_a11e_0000_0001);
        let setup = Setup::choose(&mut choice);
        let horizon = Duration::from_secs(choice.one_of(&[10, 30, 60, 60, 120, 240]));
        let requests = requests(&mut choice, horizon);
        let faults = faults(&mut choice, horizon);
        let ends = faults.iter().map(Fault::ends_at).chain(requests.iter().map(|request| request.at));
        let calm_at = ends.max().unwrap_or_default() + Duration::from_millis(1);
        Self { seed, setup, requests, faults, calm_at }
    }

    /// Returns the plan with these of its faults and requests only, by their positions.
    #[must_use]
    pub fn only(&self, faults: Option<&[usize]>, requests: Option<&[usize]>) -> Self {
        let mut plan = self.clone();
        if let Some(kept) = faults {
            plan.faults = kept.iter().filter_map(|at| self.faults.get(*at).cloned()).collect();
        }
        if let Some(kept) = requests {
            plan.requests = kept.iter().filter_map(|at| self.requests.get(*at).copied()).collect();
        }
        plan
    }
}

impl Setup {
    fn choose(choice: &mut Choice) -> Self {
        let flow = Flow::choose(choice);
        Self {
            flow,
            prepared: choice.percent(88).then(|| choice.below(PREPARED_SESSIONS as u64) as usize),
            pfs: choice.percent(15),
            temporary_key_lifetime: Duration::from_secs(choice.one_of(&[60, 400, 86_400, 86_400, 86_400])),
            offload_key_exchange: choice.percent(30),
            framing: choice.one_of(&Framing::ALL),
            latency: Duration::from_millis(choice.one_of(&[1, 5, 20, 20, 80, 400])),
            jitter: Duration::from_millis(choice.one_of(&[0, 0, 5, 50, 300])),
            chunks: choice.one_of(&[None, None, Some(1400), Some(400), Some(16)]),
            clock_skew: choice.one_of(&[0, 0, 0, 3, -20, 100, -400, 86_400, -86_400]),
            salt_lifetime: Duration::from_secs(choice.one_of(&[1800, 1800, 60, 10])),
            updates: choice.percent(80),
            request_timeout: choice.one_of(&[Some(60), Some(60), Some(20), None]).map(Duration::from_secs),
            max_pending: choice.one_of(&[65_536, 65_536, 8]),
            user_delay: Duration::from_millis(choice.one_of(&[0, 0, 500, 3_000, 15_000])),
            close_early: choice.percent(5),
        }
    }
}

fn requests(choice: &mut Choice, horizon: Duration) -> Vec<PlannedRequest> {
    let count = choice.one_of(&[0, 3, 8, 8, 20, 40]);
    let mut at: Vec<Duration> = Vec::new();
    while at.len() < count {
        // Bursts share packets and are refused together.
        let burst = choice.one_of(&[1, 1, 1, 4, 12]);
        let time = choice.time(horizon);
        at.extend((0..burst).map(|_| time));
    }
    at.truncate(count);
    at.sort();
    let numbered = (1..).zip(at);
    numbered
        .map(|(number, at)| PlannedRequest {
            number,
            at,
            policy: if choice.percent(60) { OnUnknownOutcome::Fail } else { OnUnknownOutcome::Retry },
            timeout: choice.percent(25).then(|| Duration::from_millis(200 + choice.below(40_000))),
            after: (number > 1 && choice.percent(20))
                .then(|| number - 1 - choice.below(number.min(4).cast_unsigned() - 1).cast_signed()),
            quick_ack: choice.percent(20),
            cancel_after: choice.percent(10).then(|| choice.time(Duration::from_secs(5))),
            dc: choice.percent(15).then(|| choice.one_of(&[1, 2, 3])),
            waits: choice.percent(80),
            extra: if choice.percent(10) { choice.below(6_000) as usize } else { 0 },
        })
        .collect()
}

fn faults(choice: &mut Choice, horizon: Duration) -> Vec<Fault> {
    let count = choice.one_of(&[0, 1, 2, 4, 4, 8, 14]);
    let mut faults: Vec<Fault> = (0..count)
        .map(|_| {
            let at = choice.time(horizon);
            let longest = choice.one_of(&[2, 20, 40]);
            // One that lasts no time would never end.
            let lasts = choice.time(Duration::from_secs(longest)) + Duration::from_millis(1);
            Fault { at, kind: FaultKind::choose(choice, lasts) }
        })
        .collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}
