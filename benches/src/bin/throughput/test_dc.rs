//! The client machine against the test DC: `help.getNearestDc`.

use std::time::Duration;

use sansgram_benches::CpuTime;
use sansgram_benches::crowd::{clocks, config, log_in, poll_all};
use sansgram_core::client::{Client, ConnId, Event, Input, Output, RequestHandle, Route};
use sansgram_core::crypto::OsRandom;
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::functions;
use sansgram_testkit::server::{ServerInput, ServerOutput, TestDcs};

use crate::meter::{Meter, round_time};

/// A client and its DCs.
pub(crate) struct Bench {
    client: Client,
    dcs: TestDcs,
    now: Duration,
    /// Measures the client's share; if it does not read the clock, everything is timed.
    pub(crate) meter: Meter,
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
            meter: Meter::new(),
            conn: None,
            completed: 0,
            outputs: Vec::new(),
            to_client: Vec::new(),
        }
    }

    fn clocks(&self) -> Now {
        clocks(Timestamp::from_origin(self.now))
    }

    fn client(&mut self, work: impl FnOnce(&mut Client)) {
        self.meter.measure(|| work(&mut self.client));
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that they took, or the client's if that is metered.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        self.meter.reset();
        let mut handles: Vec<RequestHandle<functions::help::GetNearestDc>> = Vec::with_capacity(in_flight);
        let begin = CpuTime::now();
        for _ in 0..rounds {
            self.now += round_time(in_flight);
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
        if self.meter.is_timing { self.meter.worked() } else { CpuTime::now().saturating_sub(begin) }
    }

    /// Exchanges the outputs of both.
    fn turn(&mut self) {
        let now = self.clocks();
        let mut outputs = std::mem::take(&mut self.outputs);
        self.client(|client| {
            poll_all(client, &mut outputs);
        });
        for output in outputs.drain(..) {
            match output {
                Output::Open { conn, .. } => {
                    self.conn = Some(conn);
                    self.dcs.handle(now, ServerInput::Accepted { conn: conn.0, dc: 2, client: None });
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
