//! The client machine against the test DC: `help.getNearestDc`.

use std::time::Duration;

use sansgram_benches::CpuTime;
use sansgram_benches::crowd::{clocks, config, log_in};
use sansgram_core::client::{Client, ConnId, Event, Input, Output, RequestHandle, Route};
use sansgram_core::crypto::OsRandom;
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::functions;
use sansgram_testkit::server::{ServerInput, ServerOutput, TestDcs};

use crate::counting::{allocations, reading};

/// A client and its DCs.
pub(crate) struct Bench {
    client: Client,
    dcs: TestDcs,
    now: Duration,
    /// Whether only the client's share is measured.
    pub(crate) only_client: bool,
    /// The time that reading the clock takes.
    reading: Duration,
    /// The client's processor time.
    worked: Duration,
    /// The number of its allocations in the last run.
    pub(crate) allocations: u64,
    conn: Option<ConnId>,
    completed: usize,
    outputs: Vec<Output>,
    to_client: Vec<Vec<u8>>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let logged_in = log_in(1);
        let now = logged_in.elapsed + Duration::from_secs(1);
        let client = Client::new(config(), logged_in.session, Box::new(OsRandom::new()))
            .expect("the session is one of these DCs");
        Self {
            client,
            dcs: logged_in.dcs,
            now,
            only_client: false,
            reading: reading(),
            worked: Duration::ZERO,
            allocations: 0,
            conn: None,
            completed: 0,
            outputs: Vec::new(),
            to_client: Vec::new(),
        }
    }

    fn clocks(&self) -> Now {
        clocks(Timestamp::from_origin(self.now))
    }

    /// Calls the client, and adds its time if only the client's share is measured.
    fn client(&mut self, work: impl FnOnce(&mut Client)) {
        let before = allocations();
        if self.only_client {
            let from = CpuTime::now();
            work(&mut self.client);
            self.worked += CpuTime::now().saturating_sub(from).saturating_sub(self.reading);
        } else {
            work(&mut self.client);
        }
        self.allocations += allocations() - before;
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that they took.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        (self.worked, self.allocations) = (Duration::ZERO, 0);
        let mut handles: Vec<RequestHandle<functions::help::GetNearestDc>> = Vec::with_capacity(in_flight);
        let begin = CpuTime::now();
        for _ in 0..rounds {
            // Time must pass, or the msg_ids would run ahead of the clock.
            self.now += Duration::from_micros(10) * u32::try_from(in_flight).unwrap_or(u32::MAX);
            let now = self.clocks();
            self.completed = 0;
            self.client(|client| {
                for _ in 0..in_flight {
                    let handle = client.invoke(now, &functions::help::GetNearestDc {}, Route::Home);
                    handles.push(handle.expect("the client takes it"));
                }
            });
            while self.completed < in_flight {
                self.turn();
            }
            self.client(|client| {
                for handle in handles.drain(..) {
                    client.take(&handle).expect("it is completed").expect("the DC answers");
                }
            });
        }
        if self.only_client { self.worked } else { CpuTime::now().saturating_sub(begin) }
    }

    /// Exchanges the outputs of both.
    fn turn(&mut self) {
        let now = self.clocks();
        let mut outputs = std::mem::take(&mut self.outputs);
        self.client(|client| {
            loop {
                match client.poll_output() {
                    Output::Timeout(_) => break,
                    output => outputs.push(output),
                }
            }
        });
        for output in outputs.drain(..) {
            match output {
                Output::Open { conn, .. } => {
                    self.conn = Some(conn);
                    self.dcs.handle(now, ServerInput::Accepted { conn: conn.0, dc: 2 });
                    self.client(|client| client.handle(now, Input::Opened { conn }));
                }
                Output::Transmit { conn, bytes } => {
                    self.dcs.handle(now, ServerInput::Received { conn: conn.0, bytes: &bytes });
                    self.client(|client| client.handle(now, Input::Transmitted { conn, buffer: bytes }));
                }
                Output::Event(Event::Completed(_)) => self.completed += 1,
                Output::Event(Event::Disconnected { reason, .. }) => panic!("{reason}"),
                _ => {}
            }
        }
        self.outputs = outputs;
        loop {
            match self.dcs.poll_output() {
                ServerOutput::Timeout(_) => break,
                ServerOutput::Transmit { bytes, .. } => self.to_client.push(bytes),
                ServerOutput::Refused { refusal, .. } => panic!("{refusal}"),
                _ => {}
            }
        }
        let Some(conn) = self.conn else { return };
        for mut bytes in std::mem::take(&mut self.to_client) {
            self.client(|client| client.handle(now, Input::Received { conn, bytes: &mut bytes }));
        }
    }
}
