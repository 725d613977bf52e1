//! The client machine and the test DCs in one thread, on virtual time, with a [`Network`] between them.
//!
//! A step jumps to the next event, so ten idle minutes take no time. A run follows from its seed. Drop searches what
//! the client printed for secrets; see [`crate::secret_scan`].

mod address;
mod options;
#[cfg(test)]
mod tests;

use std::fmt::{Debug, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use sansgram_core::client::{
    Client, ComputeTask, Config, ConnId, Event, Input, InvokeError, Output, RequestId, RequestOptions, Route,
    StoredSession,
};
use sansgram_core::login::{LoginError, LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::Function;
use sansgram_testkit::accounts::{AccountEvent, Accounts};
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::raw_client::TEST_EPOCH;
use sansgram_testkit::server::{Refusal, ServerInput, ServerOutput, TestDcs};

use self::address::dc_at;
pub use self::address::{address, address_v6};
pub use self::options::PairOptions;
use crate::network::{Delivery, Network};
use crate::secret_scan::{self, Leak};

/// `boolTrue`, the result of a request that [`Pair::count`] sends.
pub const TRUE: [u8; 4] = 0x9972_75b5_u32.to_le_bytes();

/// More connections than one process opens in a run.
pub(crate) const CONNECTIONS_PER_PROCESS: u64 = 1 << 32;

/// The condition was not met within the bounds of [`Pair::run_until`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// No timer is set, and nothing is in flight.
    #[error("no event is left")]
    Idle,
    /// More virtual time passed than [`Pair::MAX_TIME`].
    #[error("too much virtual time passed")]
    Time,
    /// More steps were taken than [`Pair::MAX_STEPS`].
    #[error("too many steps were taken")]
    Steps,
}

/// A client, DCs, and the network between them.
pub struct Pair {
    /// The client. Call [`poll`](Self::poll) after each of its methods.
    pub client: Client,
    /// The servers. Call [`poll`](Self::poll) after each of their methods.
    pub dcs: TestDcs,
    /// The network.
    pub network: Network,
    /// By how many seconds the client's wall clock is ahead of the servers'.
    pub clock_skew: i64,
    /// The client's events, oldest first.
    pub events: Vec<Event>,
    /// The events of the accounts, oldest first.
    pub account_events: Vec<AccountEvent>,
    /// The servers' refusals, oldest first.
    pub refusals: Vec<Refusal>,
    /// The addresses of each connection that the client requested, oldest first.
    pub opened: Vec<Vec<SocketAddr>>,
    /// The address of each connection that was made, oldest first.
    pub connected: Vec<SocketAddr>,
    /// Whether tasks are stored in [`skipped_tasks`](Self::skipped_tasks) instead of being run.
    pub skips_tasks: bool,
    /// The tasks that were not run, oldest first.
    pub skipped_tasks: Vec<ComputeTask>,
    /// How many tasks were run.
    pub tasks_run: usize,
    /// How many writes the client has made.
    pub writes: u64,
    /// What the client printed, except for events.
    output: String,
    now: Timestamp,
    /// How long the client's monotonic clock was stopped.
    suspended: Duration,
    client_deadline: Option<Timestamp>,
    server_deadline: Option<Timestamp>,
    /// What the connections of this client's process are numbered from: those of an earlier process may still carry bytes.
    first_conn: u64,
}

impl Pair {
    /// The most virtual time for one [`run_until`](Self::run_until).
    pub const MAX_TIME: Duration = Duration::from_secs(24 * 3600);
    /// The most steps for one [`run_until`](Self::run_until).
    pub const MAX_STEPS: u64 = 2_000_000;

    /// Builds the pair; nothing happens yet.
    #[must_use]
    pub fn new(options: PairOptions) -> Self {
        let PairOptions { seed, network, mut server, client, session, clock_skew } = options;
        if server.accounts.dcs.is_empty() {
            server.accounts.dcs = server.dcs.iter().map(|&dc| (dc, address(dc))).collect();
        }
        let mut seeds = SeededRandomForTestingOnly::new(seed);
        let output = format!("{client:?} {session:?}\n");
        let now = Timestamp::ZERO;
        Self {
            client: Client::new(client, session, Box::new(seeds.fork()))
                .expect("the session belongs to the servers of the configuration"),
            dcs: TestDcs::new(server, Box::new(seeds.fork())),
            network: Network::new(network, seeds.next_u64()),
            clock_skew,
            events: Vec::new(),
            account_events: Vec::new(),
            refusals: Vec::new(),
            opened: Vec::new(),
            connected: Vec::new(),
            skips_tasks: false,
            skipped_tasks: Vec::new(),
            tasks_run: 0,
            writes: 0,
            output,
            now,
            suspended: Duration::ZERO,
            client_deadline: None,
            server_deadline: None,
            first_conn: 0,
        }
    }

    /// Replaces the client by one of another process, as after a crash: the old one is told nothing, and what it wrote
    /// still arrives. Returns the old one. Later searches for secrets cover what it would have printed.
    ///
    /// # Panics
    /// Panics if the session belongs to other servers than those of the configuration.
    pub fn crash_client(
        &mut self,
        config: Config,
        session: StoredSession,
        random: SeededRandomForTestingOnly,
    ) -> Client {
        self.record_state();
        self.network.end_client(self.now);
        self.first_conn += CONNECTIONS_PER_PROCESS;
        self.events.clear();
        self.skipped_tasks.clear();
        let client = Client::new(config, session, Box::new(random))
            .expect("the session belongs to the servers of the configuration");
        let old = std::mem::replace(&mut self.client, client);
        self.poll();
        old
    }

    /// Replaces the client by another one with the same session, as after a restart of its process. All connections are
    /// cut.
    pub fn restart_client(&mut self, config: Config) {
        let session = self.client.stored_session().clone();
        self.restart_client_from(config, session);
    }

    /// As [`restart_client`](Self::restart_client), but from another session.
    pub fn restart_client_from(&mut self, config: Config, session: StoredSession) {
        self.network.cut_all(self.now);
        // The old client's connections must be gone before the new client uses the same identifiers.
        while let Some(delivery) = self.network.deliver(self.now) {
            self.deliver(delivery);
        }
        self.poll();
        // What the old client printed is searched now, so that it need not be stored.
        assert_eq!(self.check_secrets(), Ok(()), "{}", self.output);
        self.events.clear();
        let seed = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let random = Box::new(SeededRandomForTestingOnly::new(seed));
        self.client = Client::new(config, session, random)
            .expect("the session belongs to the servers of the configuration");
        self.poll();
    }

    /// Returns the virtual time that has passed.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.now.since_origin()
    }

    /// Returns the time of the monotonic clock of both.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.now
    }

    /// Returns the time of the client's clocks.
    #[must_use]
    pub fn client_now(&self) -> Now {
        let monotonic = Timestamp::from_origin(self.elapsed().saturating_sub(self.suspended));
        Now::new(monotonic, shifted(TEST_EPOCH + self.elapsed(), self.clock_skew))
    }

    /// Returns the time of the servers' clocks.
    #[must_use]
    pub fn server_now(&self) -> Now {
        Now::new(self.now, TEST_EPOCH + self.elapsed())
    }

    /// Processes the outputs of both ends. Needed after each call of the client or the DCs by the test itself.
    pub fn poll(&mut self) {
        self.poll_client();
        self.poll_server();
    }

    /// Returns when the next event is due, once everything is polled; `None` if there is none.
    #[must_use]
    pub fn next_event(&self) -> Option<Timestamp> {
        let next = [self.client_deadline, self.server_deadline, self.network.next_delivery()];
        next.into_iter().flatten().min()
    }

    /// Jumps to the next event and processes it. Returns `false` if there is none.
    pub fn step(&mut self) -> bool {
        self.poll();
        let Some(next) = self.next_event() else { return false };
        self.now = self.now.max(next);
        if let Some(delivery) = self.network.deliver(self.now) {
            self.deliver(delivery);
        } else if self.client_deadline.is_some_and(|at| at <= self.now) {
            self.client.handle(self.client_now(), Input::Tick);
        } else {
            self.dcs.handle(self.server_now(), ServerInput::Tick);
        }
        self.poll();
        true
    }

    /// Steps until `condition` holds.
    ///
    /// # Errors
    /// Returns [`RunError`] if a limit was reached before.
    pub fn run_until(&mut self, mut condition: impl FnMut(&mut Self) -> bool) -> Result<(), RunError> {
        let end = self.now + Self::MAX_TIME;
        self.poll();
        for _ in 0..Self::MAX_STEPS {
            if condition(self) {
                return Ok(());
            }
            if self.now >= end {
                return Err(RunError::Time);
            }
            if !self.step() {
                return Err(RunError::Idle);
            }
        }
        Err(RunError::Steps)
    }

    /// Lets this much virtual time pass and processes its events.
    ///
    /// # Errors
    /// Returns [`RunError::Steps`] if there are too many events.
    pub fn run_for(&mut self, span: Duration) -> Result<(), RunError> {
        let end = self.now + span;
        for _ in 0..Self::MAX_STEPS {
            self.poll();
            if self.next_event().is_none_or(|next| next > end) {
                self.now = self.now.max(end);
                return Ok(());
            }
            self.step();
        }
        Err(RunError::Steps)
    }

    /// Suspends the client: it does nothing, and its monotonic clock stops, as on machines whose clock does not count
    /// sleep. The servers run; what they send arrives when the client wakes up.
    pub fn suspend(&mut self, span: Duration) {
        let end = self.now + span;
        self.poll();
        while let Some(next) = self.server_deadline.filter(|&at| at <= end) {
            self.now = self.now.max(next);
            self.dcs.handle(self.server_now(), ServerInput::Tick);
            self.poll_server();
        }
        self.now = end;
        self.suspended += span;
        self.client_deadline = self.client_deadline.map(|at| at + span);
    }

    /// Whether the client has reported this request or step as completed.
    #[must_use]
    pub fn is_completed(&self, id: RequestId) -> bool {
        self.events.contains(&Event::Completed(id))
    }

    /// Runs one step of a login, such as `LoginStep::send_code("+99966 1 0000")`, until it completes.
    ///
    /// # Errors
    /// Returns the error that the step ends with.
    ///
    /// # Panics
    /// Panics if the step cannot be started or never completes.
    pub fn login<T: Debug + Send + 'static>(&mut self, step: LoginStep<T>) -> Result<T, LoginError> {
        let now = self.client_now();
        let handle = self.client.start_step(now, step).expect("the client takes the step");
        if let Err(stuck) = self.run_until(|pair| pair.is_completed(handle.id())) {
            panic!("the step did not end: {stuck}; {:?}", self.events);
        }
        let outcome = self.client.take_step(handle).expect("a completed step has a result");
        self.record_output(&outcome);
        if let Err(error) = &outcome {
            self.record_output(&format_args!("{error}"));
        }
        outcome
    }

    /// Requests the code of a sandbox number, which is the number of its DC five times, and sends it.
    ///
    /// # Errors
    /// Returns the error that either step ends with.
    ///
    /// # Panics
    /// Panics if no code is sent, or a step never completes.
    pub fn give_code(&mut self, phone: &str) -> Result<SignInOutcome, LoginError> {
        let outcome = self.login(LoginStep::send_code(phone))?;
        let SendCodeOutcome::CodeSent(sent_code) = outcome else { panic!("no code: {outcome:?}") };
        let code = sent_code.phone.digits().get(5..6).expect("a sandbox number has its DC there").repeat(5);
        self.login(LoginStep::sign_in(&sent_code, &code))
    }

    /// Sends a request that counts `number` ([`Accounts::count_query`]) to the home DC, without waiting.
    ///
    /// # Panics
    /// Panics if the client refuses the request.
    pub fn count(&mut self, number: i64, options: impl Into<RequestOptions>) -> RequestId {
        let now = self.client_now();
        let id = self.client.invoke_raw(now, Accounts::count_query(number), options);
        self.poll();
        id.expect("the client takes the request")
    }

    /// Sends a request to the home DC and waits for its result.
    ///
    /// # Errors
    /// Returns the error that the request ends with.
    ///
    /// # Panics
    /// Panics if the client refuses the request or never completes it.
    pub fn invoke<F: Function>(&mut self, request: &F) -> Result<F::Reply, InvokeError> {
        let now = self.client_now();
        let handle = self.client.invoke(now, request, Route::Home).expect("the client takes the request");
        if let Err(stuck) = self.run_until(|pair| pair.is_completed(handle.id())) {
            panic!("the request did not end: {stuck}; {:?}", self.events);
        }
        let result = self.client.take(&handle).expect("a completed request has a result");
        if let Err(error) = &result {
            self.record_output(error);
        }
        result
    }

    /// Adds the `Debug` form of a value to what the client printed, in which no secret may be.
    pub fn record_output(&mut self, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.output, "{value:?}");
    }

    /// Searches what the client printed since the last search for the secrets that the servers know.
    ///
    /// # Errors
    /// Returns [`Leak`] if a secret was printed.
    pub fn check_secrets(&mut self) -> Result<(), Leak> {
        self.record_state();
        secret_scan::check(self.dcs.secrets(), &self.output)?;
        self.output.clear();
        Ok(())
    }

    /// Adds the `Debug` forms of the client, its session and its events to what it printed.
    fn record_state(&mut self) {
        let Self { client, events, refusals, output, .. } = self;
        let session = client.stored_session();
        // Writing to a string cannot fail.
        let _ =
            writeln!(output, "{client:?} {session:?} {events:?} {refusals:?} {:?}", client.rejected_counts());
    }

    fn poll_client(&mut self) {
        loop {
            match self.client.poll_output() {
                Output::Open { conn, endpoints, .. } => {
                    let conn = self.network_conn(conn);
                    match self.network.race(&endpoints) {
                        Ok((address, waited)) => {
                            self.network.connect(self.now, conn, dc_at(address), waited);
                            self.connected.push(address);
                        }
                        Err(lost) => self.network.fail_to_connect(self.now, conn, lost),
                    }
                    self.opened.push(endpoints);
                }
                Output::Transmit { conn, bytes } => {
                    self.writes += 1;
                    self.network.client_writes(self.now, self.network_conn(conn), bytes);
                }
                Output::Close { conn } => self.network.reset_by_client(self.now, self.network_conn(conn)),
                Output::Compute(task) if self.skips_tasks => self.skipped_tasks.push(task),
                Output::Compute(task) => {
                    self.record_output(&task);
                    let outcome = task.run();
                    self.tasks_run += 1;
                    self.record_output(&outcome);
                    self.client.handle(self.client_now(), Input::Computed(outcome));
                }
                Output::Event(event) => self.events.push(event),
                Output::Timeout(deadline) => {
                    self.client_deadline = deadline.map(|at| at + self.suspended);
                    return;
                }
                other => panic!("the pair does not know this output: {other:?}"),
            }
        }
    }

    fn poll_server(&mut self) {
        loop {
            match self.dcs.poll_output() {
                ServerOutput::Transmit { conn, bytes } => {
                    self.network.server_writes(self.now, ConnId(conn), &bytes);
                }
                ServerOutput::Close { conn } => self.network.closed_by_server(self.now, ConnId(conn)),
                ServerOutput::Account(event) => self.account_events.push(event),
                ServerOutput::Refused { refusal, .. } => self.refusals.push(refusal),
                // Only options of a test itself tolerate anything.
                ServerOutput::Tolerated { .. } => {}
                ServerOutput::Timeout(deadline) => {
                    self.server_deadline = deadline;
                    return;
                }
            }
        }
    }

    /// The number of a connection in the network.
    const fn network_conn(&self, conn: ConnId) -> ConnId {
        ConnId(conn.0 + self.first_conn)
    }

    fn deliver(&mut self, delivery: Delivery) {
        let server_now = self.server_now();
        match delivery {
            Delivery::Opened { conn, dc } => {
                self.dcs.handle(server_now, ServerInput::Accepted { conn: conn.0, dc, client: None });
                self.tell_client(conn, |conn| Input::Opened { conn });
            }
            Delivery::ToServer { conn, bytes } => {
                self.dcs.handle(server_now, ServerInput::Received { conn: conn.0, bytes: &bytes });
            }
            Delivery::ToClient { conn, mut bytes } => {
                self.tell_client(conn, |conn| Input::Received { conn, bytes: &mut bytes });
            }
            Delivery::Written { conn, buffer } => {
                self.tell_client(conn, |conn| Input::Transmitted { conn, buffer });
            }
            Delivery::LostByClient { conn, cause } => {
                self.tell_client(conn, |conn| Input::Lost { conn, cause });
            }
            Delivery::LostByServer { conn } => {
                self.dcs.handle(server_now, ServerInput::Lost { conn: conn.0 });
            }
        }
    }

    /// Passes an input to the client, unless the connection is that of an earlier process.
    fn tell_client<'a>(&mut self, conn: ConnId, input: impl FnOnce(ConnId) -> Input<'a>) {
        if let Some(own) = conn.0.checked_sub(self.first_conn) {
            self.client.handle(self.client_now(), input(ConnId(own)));
        }
    }
}

impl Drop for Pair {
    /// Searches the run for secrets that the client printed.
    fn drop(&mut self) {
        if !std::thread::panicking()
            && let Err(leak) = self.check_secrets()
        {
            panic!("{leak} in:\n{}", self.output);
        }
    }
}

fn shifted(time: Duration, seconds: i64) -> Duration {
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { time.saturating_sub(span) } else { time + span }
}
