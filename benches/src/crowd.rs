//! Many clients, logged in, against test DCs in the same thread, on virtual time.
//!
//! Each 100 clients have DCs of their own, since the test DCs visit all their connections at each input.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::clock::CpuTime;
use sansgram_core::client::{Client, Config, ConnId, Event, Input, Output, StoredSession};
use sansgram_core::crypto::OsRandom;
use sansgram_core::login::LoginStep;
use sansgram_core::time::{Now, Timestamp};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::server::{ServerInput, ServerOptions, ServerOutput, TestDcs};

/// How many clients share the DCs.
const PER_DCS: usize = 100;
/// The latency in one direction.
const LATENCY: Duration = Duration::from_millis(20);
/// The start of virtual time, since 1970.
const START: Duration = Duration::from_secs(1_700_000_000);

/// DCs that know one logged-in key, and the session of its owner.
pub struct LoggedIn {
    /// The DCs.
    pub dcs: TestDcs,
    /// The stored session of that login.
    pub session: StoredSession,
    /// The virtual time that has passed in these DCs.
    pub elapsed: Duration,
}

/// Logs a bot in at new DCs and disconnects it.
///
/// # Panics
/// Panics if the login fails.
#[must_use]
pub fn log_in(seed: u64) -> LoggedIn {
    let mut pair = Pair::new(PairOptions::seeded(seed));
    pair.login(LoginStep::bot_login("1:sandbox")).expect("the bot is known");
    let session = pair.client.stored_session().clone();
    let elapsed = pair.elapsed();
    let spare = TestDcs::new(ServerOptions::default(), Box::new(SeededRandomForTestingOnly::new(seed)));
    let mut dcs = std::mem::replace(&mut pair.dcs, spare);
    dcs.close_all();
    while !matches!(dcs.poll_output(), ServerOutput::Timeout(_)) {}
    LoggedIn { dcs, session, elapsed }
}

/// The configuration of all clients.
#[must_use]
pub fn config() -> Config {
    PairOptions::config(&[1, 2, 3])
}

/// What is in flight.
enum Flight {
    Opened {
        client: usize,
        conn: ConnId,
    },
    ToServer {
        client: usize,
        conn: ConnId,
        bytes: Vec<u8>,
    },
    ToClient {
        client: usize,
        conn: ConnId,
        bytes: Vec<u8>,
    },
    /// The start of a connect.
    Begin {
        client: usize,
    },
}

/// The clients, the DCs, and the network between them.
pub struct Crowd {
    /// All clients, each with one connection.
    pub clients: Vec<Client>,
    /// The processor time of the clients' state machines.
    pub worked: Duration,
    dcs: Vec<TestDcs>,
    now: Timestamp,
    in_flight: BTreeMap<(Timestamp, u64), Flight>,
    sent: u64,
    deadlines: Vec<Option<Timestamp>>,
    ticks: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

impl Crowd {
    /// Makes `count` logged-in clients that start to connect. They share one configuration.
    #[must_use]
    pub fn new(count: usize, config: &Config) -> Self {
        let groups: Vec<LoggedIn> =
            (0..count.div_ceil(PER_DCS)).map(|seed| log_in(seed as u64 + 1)).collect();
        let latest = groups.iter().map(|group| group.elapsed).max().unwrap_or_default();
        let now = Timestamp::from_origin(latest + Duration::from_secs(10));
        let clients = (0..count).map(|index| {
            let session = groups[index / PER_DCS].session.clone();
            Client::new(config.clone(), session, Box::new(OsRandom::new()))
                .expect("the session is one of these DCs")
        });
        let mut crowd = Self {
            clients: clients.collect(),
            worked: Duration::ZERO,
            dcs: Vec::new(),
            now,
            in_flight: BTreeMap::new(),
            sent: 0,
            deadlines: vec![None; count],
            ticks: BinaryHeap::new(),
        };
        crowd.dcs = groups.into_iter().map(|group| group.dcs).collect();
        for client in 0..count {
            // Not all at the same time.
            let at = now + Duration::from_micros(1000 * (client as u64 % 1000));
            crowd.fly(at, Flight::Begin { client });
        }
        crowd
    }

    /// Lets virtual time pass and processes its events.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let flight = self.in_flight.first_key_value().map(|((at, _), _)| *at);
            let tick = self.ticks.peek().map(|Reverse((at, _))| *at);
            let Some(next) = flight.into_iter().chain(tick).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if flight == Some(next) {
                if let Some((_, flight)) = self.in_flight.pop_first() {
                    self.deliver(flight);
                }
            } else if let Some(Reverse((at, client))) = self.ticks.pop()
                && self.deadlines[client] == Some(at)
            {
                self.deadlines[client] = None;
                self.feed(client, Input::Tick);
            }
        }
        self.now = end;
    }

    /// Whether every client is connected.
    #[must_use]
    pub fn all_connected(&self) -> bool {
        self.clients.iter().all(Client::is_connected)
    }

    fn fly(&mut self, at: Timestamp, flight: Flight) {
        self.sent += 1;
        self.in_flight.insert((at, self.sent), flight);
    }

    fn deliver(&mut self, flight: Flight) {
        match flight {
            Flight::Begin { client } => {
                self.clients[client].connect(clocks(self.now));
                self.feed(client, Input::Tick);
            }
            Flight::Opened { client, conn } => {
                let accepted = ServerInput::Accepted { conn: server_conn(client, conn), dc: 2, client: None };
                self.dcs[client / PER_DCS].handle(clocks(self.now), accepted);
                self.feed(client, Input::Opened { conn });
            }
            Flight::ToServer { client, conn, bytes } => {
                let received = ServerInput::Received { conn: server_conn(client, conn), bytes: &bytes };
                self.dcs[client / PER_DCS].handle(clocks(self.now), received);
                self.feed(client, Input::Transmitted { conn, buffer: bytes });
            }
            Flight::ToClient { client, conn, mut bytes } => {
                self.feed(client, Input::Received { conn, bytes: &mut bytes });
            }
        }
    }

    /// Processes an input of a client, and the outputs of it and its DCs.
    fn feed(&mut self, client: usize, input: Input<'_>) {
        let now = self.now;
        let begin = CpuTime::now();
        self.clients[client].handle(clocks(now), input);
        let mut outputs = Vec::new();
        let deadline = poll_all(&mut self.clients[client], &mut outputs);
        self.worked += CpuTime::now().saturating_sub(begin);
        for output in outputs {
            match output {
                Output::Open { conn, .. } => {
                    self.fly(now + LATENCY + LATENCY, Flight::Opened { client, conn });
                }
                Output::Transmit { conn, bytes } => {
                    self.fly(now + LATENCY, Flight::ToServer { client, conn, bytes });
                }
                Output::Event(Event::Disconnected { reason, .. }) => panic!("client {client}: {reason}"),
                _ => {}
            }
        }
        if self.deadlines[client] != deadline {
            self.deadlines[client] = deadline;
            self.ticks.extend(deadline.map(|at| Reverse((at, client))));
        }
        loop {
            match self.dcs[client / PER_DCS].poll_output() {
                ServerOutput::Timeout(_) => break,
                ServerOutput::Transmit { conn, bytes } => {
                    let (client, conn) = client_conn(conn);
                    self.fly(now + LATENCY, Flight::ToClient { client, conn, bytes });
                }
                ServerOutput::Refused { refusal, .. } => panic!("client {client}: {refusal}"),
                ServerOutput::Close { conn } => panic!("connection {conn} was closed"),
                ServerOutput::Account(_) | ServerOutput::Tolerated { .. } => {}
            }
        }
    }
}

/// Both clocks at a virtual time.
#[must_use]
pub fn clocks(now: Timestamp) -> Now {
    Now::new(now, START + now.since_origin())
}

/// Collects the outputs of a client. Returns the time of its next tick.
pub fn poll_all(client: &mut Client, outputs: &mut Vec<Output>) -> Option<Timestamp> {
    loop {
        match client.poll_output() {
            Output::Timeout(deadline) => return deadline,
            output => outputs.push(output),
        }
    }
}

fn server_conn(client: usize, conn: ConnId) -> u64 {
    (client as u64) << 16 | conn.0
}

fn client_conn(conn: u64) -> (usize, ConnId) {
    ((conn >> 16) as usize, ConnId(conn & 0xffff))
}
