//! One run: the application, its user and the faults around a pair, with the model watching.

mod inject;
#[cfg(test)]
mod tests;
mod watch;

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sansgram_core::client::{
    Client, ComputeTask, Config, DcId, Input, OnUnknownOutcome, RequestId, RequestOptions, Route,
    StoredSession,
};
use sansgram_core::time::Timestamp;
use sansgram_testkit::accounts::Accounts;
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::server::ServerOptions;

use super::disk::Disk;
use super::figures::Figures;
use super::login::Login;
use super::model::{IssuedRequest, Model, Observation, Violation};
use super::plan::{Plan, PlannedRequest, Setup};
use super::world::{DCS, World};
use crate::network::{Chunks, NetworkOptions};
use crate::pair::{Pair, PairOptions};

/// The virtual time after the faults within which the user is logged in and all requests have ended. The longest waits
/// are a backoff, a key exchange over a slow network, a time limit and the search for an answer, one after the other.
pub const RECOVERY: Duration = Duration::from_secs(600);
/// The most steps of a run.
const MAX_STEPS: u64 = 400_000;
/// The number of the first request that is made after the faults.
const FIRST_OF_CALM: i64 = 1_000_000;
/// How many requests are made then.
const REQUESTS_OF_CALM: i64 = 3;

/// What a run has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The broken rule, if any, and when.
    pub violation: Option<Violation>,
    /// What happened until then.
    pub figures: Figures,
    /// How long after the faults everything was well again.
    pub recovered_in: Duration,
    /// The most memory that the client held at the end of a process, in bytes, if it is measured.
    pub held: usize,
}

/// Returns the bytes that this thread has allocated and not freed; see `tests/src/bin/simulate.rs`.
pub type MemoryMeter = fn() -> isize;

/// Runs a plan.
#[must_use]
pub fn run(world: &World, plan: &Plan, meter: Option<MemoryMeter>) -> Report {
    run_logged(world, plan, meter, None)
}

/// As [`run`], and shows each line of the log.
#[must_use]
pub fn run_with<'a>(
    world: &'a World,
    plan: &'a Plan,
    meter: Option<MemoryMeter>,
    log: &'a mut (dyn FnMut(String) + 'a),
) -> Report {
    run_logged(world, plan, meter, Some(log))
}

/// Shows a line of what happens.
type Log<'a> = Option<&'a mut (dyn FnMut(String) + 'a)>;

fn run_logged<'a>(world: &'a World, plan: &'a Plan, meter: Option<MemoryMeter>, log: Log<'a>) -> Report {
    let mut run = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| run.insert(Run::new(world, plan, meter, log)).live()));
    let mut report = run.as_mut().map(Run::take_report).unwrap_or_default();
    report.violation = outcome.unwrap_or_else(|panic| Err(Violation::Panic(text_of(&*panic)))).err();
    // What has panicked may do so again.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(run)));
    report
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into())).unwrap_or_default()
}

/// What is done at a time of its own.
enum Action {
    /// A fault happens, by its position.
    Fault(usize),
    /// A fault that lasts is over.
    EndFault(usize),
    /// A request is made.
    Request(PlannedRequest),
    Cancel(i64),
    /// A task of another thread ends.
    Computed(Box<ComputeTask>),
    /// The user does the next step.
    User,
    /// Another device scans the code.
    Scan,
    Calm,
}

struct Run<'a> {
    plan: &'a Plan,
    world: &'a World,
    meter: Option<MemoryMeter>,
    log: Log<'a>,
    pair: Pair,
    model: Model,
    login: Login,
    disk: Disk,
    random: SeededRandomForTestingOnly,
    actions: BTreeMap<(Duration, u64), Action>,
    next_action: u64,
    report: Report,
    /// The requests of this process: the client's identifier, and the DC that it was sent to.
    sent: BTreeMap<i64, (RequestId, DcId)>,
    /// Completed requests whose results the application has not taken.
    to_take: VecDeque<(i64, RequestId)>,
    is_slow: bool,
    task_time: Duration,
    user_is_planned: bool,
    scan_is_planned: bool,
    calm_since: Option<Duration>,
    checked_state: bool,
    asked_in_calm: i64,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, plan: &'a Plan, meter: Option<MemoryMeter>, log: Log<'a>) -> Self {
        let mut random = SeededRandomForTestingOnly::new(plan.seed ^ 0x0dd5_eed5_0000_0002);
        let setup = &plan.setup;
        let options = PairOptions {
            network: network(setup),
            client: config(setup),
            session: world.session(setup.prepared),
            clock_skew: setup.clock_skew,
            ..PairOptions::seeded(plan.seed)
        };
        let mut disk = Disk::default();
        disk.save(&options.session);
        let mut pair = Pair::new(options);
        pair.skips_tasks = true;
        pair.dcs = world.servers(server_options(setup), random.fork());
        let mut run = Self {
            plan,
            world,
            meter,
            log,
            pair,
            model: Model::default(),
            login: Login::new(setup.flow),
            disk,
            random,
            actions: BTreeMap::new(),
            next_action: 0,
            report: Report::default(),
            sent: BTreeMap::new(),
            to_take: VecDeque::new(),
            is_slow: false,
            task_time: Duration::ZERO,
            user_is_planned: false,
            scan_is_planned: false,
            calm_since: None,
            checked_state: false,
            asked_in_calm: 0,
        };
        run.report.figures.processes = 1;
        for (at, fault) in plan.faults.iter().enumerate() {
            run.plan_action(fault.at, Action::Fault(at));
            if fault.kind.lasts() > Duration::ZERO {
                run.plan_action(fault.ends_at(), Action::EndFault(at));
            }
        }
        for request in &plan.requests {
            run.plan_action(request.at, Action::Request(*request));
        }
        run.plan_action(plan.calm_at, Action::Calm);
        run
    }

    fn take_report(&mut self) -> Report {
        let mut report = std::mem::take(&mut self.report);
        report.figures.virtual_time = self.pair.elapsed();
        report
    }

    fn plan_action(&mut self, at: Duration, action: Action) {
        self.next_action += 1;
        self.actions.insert((at, self.next_action), action);
    }

    fn after(&mut self, delay: Duration, action: Action) {
        self.plan_action(self.pair.elapsed() + delay, action);
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        let at = self.pair.elapsed().as_secs_f64();
        if let Some(log) = &mut self.log {
            log(format!("{at:10.3} s  {}", text()));
        }
    }

    fn live(&mut self) -> Result<(), Violation> {
        loop {
            if self.advance_once()? {
                break;
            }
        }
        self.close()
    }

    /// Makes one step; `true` once all is done.
    fn advance_once(&mut self) -> Result<bool, Violation> {
        self.report.figures.steps += 1;
        if self.report.figures.steps > MAX_STEPS {
            return Err(Violation::Steps(MAX_STEPS));
        }
        self.pair.poll();
        self.watch()?;
        self.let_user_continue();
        if self.is_done() {
            return Ok(true);
        }
        self.check_recovery()?;
        let next_action = self.actions.first_key_value().map(|((at, _), _)| *at);
        let next_event = self.pair.next_event().map(Timestamp::since_origin);
        match (next_event, next_action) {
            (Some(event), action) if action.is_none_or(|action| event <= action) => {
                self.pair.step();
            }
            (_, Some(action)) => {
                let rest = action.saturating_sub(self.pair.elapsed());
                // This only sets the clock, except after a suspend: then much is due at once.
                self.pair.run_for(rest).map_err(|_| Violation::Steps(Pair::MAX_STEPS))?;
                self.watch()?;
                if let Some((_, action)) = self.actions.pop_first() {
                    self.perform(action)?;
                }
            }
            _ => return Err(self.stuck()),
        }
        Ok(false)
    }

    fn perform(&mut self, action: Action) -> Result<(), Violation> {
        match action {
            Action::Fault(at) => self.inject(at)?,
            Action::EndFault(at) => self.end_fault(at),
            Action::Request(request) => self.request(&request)?,
            Action::Cancel(number) => {
                if let Some((id, _)) = self.sent.get(&number).copied() {
                    self.model.observe(Observation::Cancelled(number))?;
                    self.to_take.retain(|(waiting, _)| *waiting != number);
                    self.pair.client.cancel(id);
                }
            }
            Action::Computed(task) => {
                self.pair.record_output(&task);
                let output = task.run();
                self.pair.record_output(&output);
                let now = self.pair.client_now();
                self.pair.client.handle(now, Input::Computed(output));
            }
            Action::User => {
                self.user_is_planned = false;
                let now = self.pair.client_now();
                let Pair { client, account_events, .. } = &mut self.pair;
                self.login.begin(client, now, account_events);
                self.disk.login = self.login.saved();
            }
            Action::Scan => self.scan(),
            Action::Calm => self.calm()?,
        }
        self.pair.poll();
        Ok(())
    }

    fn let_user_continue(&mut self) {
        if self.login.is_ready() && !self.user_is_planned {
            self.user_is_planned = true;
            let longest = self.plan.setup.user_delay.as_millis() as u64;
            // After an error the user waits a moment.
            let delay = self.random.below(longest + 1) + 100;
            self.after(Duration::from_millis(delay), Action::User);
        }
    }

    fn scan(&mut self) {
        self.scan_is_planned = false;
        let Some(link) = self.login.link(&self.pair.client) else { return };
        if let Err(error) = self.pair.dcs.scan_login_link(&link, &self.plan.setup.flow.phone()) {
            self.note(|| format!("the scan failed: {error}"));
        }
    }

    fn request(&mut self, request: &PlannedRequest) -> Result<(), Violation> {
        let dc = request.dc.and_then(|dc| DcId::new(dc.into()).ok());
        // Order only exists within a DC.
        let dc_or_home = dc.unwrap_or(self.pair.client.home());
        let after = request.after.and_then(|number| {
            let (id, dc) = *self.sent.get(&number)?;
            (dc == dc_or_home).then_some((number, id))
        });
        let mut options = RequestOptions::new()
            .with_on_unknown_outcome(request.policy)
            .with_timeout(request.timeout)
            .with_after(after.map(|(_, id)| id))
            .with_quick_ack(request.quick_ack);
        if let Some(dc) = dc {
            options = options.with_route(Route::Dc(dc));
        }
        if !request.waits {
            options = options.with_flood_sleep_threshold(Duration::ZERO);
        }
        let now = self.pair.client_now();
        let query = Accounts::count_query_of_length(request.number, request.extra);
        self.report.figures.requests += 1;
        let Ok(id) = self.pair.client.invoke_raw(now, query, options) else {
            return self.model.observe(Observation::NotTaken(request.number));
        };
        self.sent.insert(request.number, (id, dc_or_home));
        if let Some(delay) = request.cancel_after {
            self.after(delay, Action::Cancel(request.number));
        }
        self.model.observe(Observation::Issued(IssuedRequest {
            number: request.number,
            id: id.0,
            policy: request.policy,
            after: after.map(|(number, _)| number),
            end_by: request.timeout.map(|timeout| now.monotonic.since_origin() + timeout),
            quick_ack: request.quick_ack,
        }))
    }

    /// Whether the faults are over, the user is logged in, as the server says too, and all requests have ended.
    fn is_done(&mut self) -> bool {
        let Some(since) = self.calm_since else { return false };
        let is_idle = self.model.pending().next().is_none() && self.to_take.is_empty();
        if self.plan.setup.close_early && !is_idle {
            return true;
        }
        if self.login.user().is_none() || !is_idle {
            return false;
        }
        if !self.checked_state {
            self.checked_state = true;
            self.login.ask_state();
            self.let_user_continue();
            return false;
        }
        if self.asked_in_calm < REQUESTS_OF_CALM {
            let number = FIRST_OF_CALM + self.asked_in_calm;
            self.asked_in_calm += 1;
            let policy = if number % 2 == 0 { OnUnknownOutcome::Fail } else { OnUnknownOutcome::Retry };
            let request = PlannedRequest::plain(number, Duration::ZERO, policy);
            self.after(Duration::ZERO, Action::Request(request));
            return false;
        }
        self.report.recovered_in = self.pair.elapsed() - since;
        // The last request may be planned still.
        !self.actions.values().any(|action| matches!(action, Action::Request(_)))
    }

    fn check_recovery(&self) -> Result<(), Violation> {
        let Some(since) = self.calm_since else { return Ok(()) };
        if self.pair.elapsed() > since + RECOVERY { Err(self.stuck()) } else { Ok(()) }
    }

    fn stuck(&self) -> Violation {
        let waited = self.pair.elapsed().saturating_sub(self.calm_since.unwrap_or_default());
        if self.login.user().is_none() {
            return Violation::NotLoggedIn(waited, self.login.last_error.clone());
        }
        Violation::Stuck(self.model.pending().collect(), waited)
    }

    /// Replaces the client's process.
    fn crash(&mut self, backup: usize) -> Result<(), Violation> {
        let Ok(session) = self.disk.restore(backup) else {
            return self.model.observe(Observation::TornSessionRead);
        };
        let is_logged_in = session.user.is_some();
        let old = self.pair.crash_client(config(&self.plan.setup), session.clone(), self.random.fork());
        self.measure(old)?;
        self.report.figures.processes += 1;
        self.sent.clear();
        self.to_take.clear();
        // Tasks of the old process have ended with it.
        self.actions.retain(|_, action| !matches!(action, Action::Computed(_)));
        self.disk.save(&session);
        self.model.observe(Observation::Restarted)?;
        self.login.restart(self.disk.login.as_deref(), is_logged_in);
        Ok(())
    }

    /// Searches what the client has printed for the secrets that the servers know now.
    fn check_secrets(&mut self) -> Result<(), Violation> {
        let leak = self.pair.check_secrets().err();
        leak.map_or(Ok(()), |leak| self.model.observe(Observation::SecretPrinted(leak)))
    }

    /// Drops a client, and measures what it held.
    fn measure(&mut self, client: Client) -> Result<(), Violation> {
        let Some(meter) = self.meter else { return Ok(()) };
        let before = meter();
        drop(client);
        let bytes = usize::try_from(before - meter()).unwrap_or_default();
        self.report.held = self.report.held.max(bytes);
        let requests = self.model.pending().count();
        self.model.observe(Observation::Held { bytes, requests })
    }

    /// Closes the client, and checks that it is silent afterwards.
    fn close(&mut self) -> Result<(), Violation> {
        let now = self.pair.client_now();
        let (opened, written) = (self.pair.opened.len(), self.pair.writes);
        self.pair.client.close(now);
        self.model.observe(Observation::Closed)?;
        self.is_slow = false;
        self.pair.poll();
        if !self.pair.skipped_tasks.is_empty() {
            self.model.observe(Observation::PutOut("a task"))?;
        }
        self.watch()?;
        // What is under way still arrives, and each timer that was forgotten runs.
        for _ in 0..2_000 {
            let is_soon = self
                .pair
                .next_event()
                .is_some_and(|at| at.since_origin() < now.monotonic.since_origin() + RECOVERY);
            if !is_soon || !self.pair.step() {
                break;
            }
            for event in std::mem::take(&mut self.pair.events) {
                self.note(|| format!("after the end: {event:?}"));
                self.model.observe(Observation::PutOut("an event"))?;
            }
            for (is_put_out, kind) in [
                (self.pair.opened.len() > opened, "a connection"),
                (self.pair.writes > written, "bytes"),
                (!self.pair.skipped_tasks.is_empty(), "a task"),
            ] {
                if is_put_out {
                    self.model.observe(Observation::PutOut(kind))?;
                }
            }
            self.watch()?;
        }
        self.check_secrets()?;
        self.model.finish()?;
        let next =
            Client::new(config(&self.plan.setup), StoredSession::default(), Box::new(self.random.fork()));
        let next = next.expect("an empty session belongs to any servers");
        let old = std::mem::replace(&mut self.pair.client, next);
        self.measure(old)
    }
}

fn network(setup: &Setup) -> NetworkOptions {
    NetworkOptions {
        latency: setup.latency,
        jitter: setup.jitter,
        chunks: setup.chunks.map_or(Chunks::Whole, Chunks::UpTo),
        ..NetworkOptions::default()
    }
}

fn server_options(setup: &Setup) -> ServerOptions {
    ServerOptions::default().with_salt_lifetime(setup.salt_lifetime).with_short_dh_secrets(true)
}

fn config(setup: &Setup) -> Config {
    let mut config = PairOptions::config(&DCS);
    config.pfs = setup.pfs;
    config.temporary_key_lifetime = setup.temporary_key_lifetime;
    config.offload_key_exchange = setup.offload_key_exchange;
    config.framing = setup.framing;
    config.updates = setup.updates;
    config.request_timeout = setup.request_timeout;
    config.max_pending = setup.max_pending;
    config
}
