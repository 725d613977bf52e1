//! Small real queries: 100 bytes in each query and in each reply, through the session layer alone and through the
//! client machine, against the same server.

use std::time::Duration;

use sansgram_benches::crowd::{clocks, config, poll_all};
use sansgram_benches::round_trips::BODY;
use sansgram_benches::{ClientSession, Server, auth_key, bytes};
use sansgram_core::client::{
    Client, ConnId, DcAuth, Event, Input, LoggedInUser, Output, Route, StoredSession,
};
use sansgram_core::crypto::OsRandom;
use sansgram_core::dc::DcId;
use sansgram_core::rpc::RequestId;
use sansgram_core::time::{Now, Timestamp};

use crate::meter::{Meter, round_time};

/// The session layer alone.
pub(crate) struct OnlySession {
    meter: Meter,
    client: ClientSession,
    server: Server,
    reply: Vec<u8>,
}

impl OnlySession {
    pub(crate) fn new() -> Self {
        let (key, body) = (auth_key(), bytes(BODY));
        Self {
            meter: Meter::new(),
            client: ClientSession::new(key.clone(), body.clone()),
            server: Server::new(key),
            reply: body,
        }
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that the session took.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        let Self { meter, client, server, reply } = self;
        meter.reset();
        let count = in_flight as u64;
        for _ in 0..rounds {
            client.pass(round_time(in_flight));
            meter.measure(|| client.queue(count));
            let mut results = 0;
            while results < count {
                meter.measure(|| client.pack());
                server.read(client.packed());
                let mut answer = server.answer(reply);
                results += meter.measure(|| client.read(&mut answer));
            }
        }
        meter.worked()
    }
}

/// The client machine.
pub(crate) struct Machine {
    meter: Meter,
    client: Client,
    server: Server,
    conn: Option<ConnId>,
    outputs: Vec<Output>,
    completed: Vec<RequestId>,
    reply: Vec<u8>,
    now: Duration,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let (key, dc) = (auth_key(), DcId::new(2).expect("the number of a DC"));
        let mut config = config();
        (config.updates, config.learn_addresses) = (false, false);
        let session = StoredSession {
            home_dc: Some(dc),
            keys: [(dc, DcAuth { auth_key: key.clone(), server_salt: 0 })].into(),
            user: Some(LoggedInUser { id: 1, is_bot: true }),
            ..StoredSession::default()
        };
        let client = Client::new(config, session, Box::new(OsRandom::new()));
        Self {
            meter: Meter::new(),
            client: client.expect("the session belongs to no servers yet"),
            server: Server::new(key),
            conn: None,
            outputs: Vec::new(),
            completed: Vec::new(),
            reply: bytes(BODY),
            now: Duration::from_secs(1),
        }
    }

    /// Returns the number of allocations in the last run.
    pub(crate) const fn allocations(&self) -> u64 {
        self.meter.allocations()
    }

    fn clocks(&self) -> Now {
        clocks(Timestamp::from_origin(self.now))
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that the client took.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        self.meter.reset();
        for _ in 0..rounds {
            self.now += round_time(in_flight);
            let now = self.clocks();
            let query = &self.reply;
            let client = &mut self.client;
            self.meter.measure(|| {
                for _ in 0..in_flight {
                    client.invoke_raw(now, query.clone(), Route::Home).expect("the client takes it");
                }
            });
            while self.completed.len() < in_flight {
                self.turn();
            }
            let (client, completed) = (&mut self.client, &mut self.completed);
            self.meter.measure(|| {
                for id in completed.drain(..) {
                    let reply = client.take_raw(id).expect("it is completed").expect("the server answers");
                    assert_eq!(reply.len(), BODY);
                }
            });
        }
        self.meter.worked()
    }

    /// Exchanges the outputs of both.
    fn turn(&mut self) {
        let now = self.clocks();
        let mut outputs = std::mem::take(&mut self.outputs);
        let client = &mut self.client;
        self.meter.measure(|| poll_all(client, &mut outputs));
        for output in outputs.drain(..) {
            match output {
                Output::Open { conn, .. } => {
                    self.conn = Some(conn);
                    self.meter.measure(|| client.handle(now, Input::Opened { conn }));
                }
                Output::Transmit { conn, mut bytes } => {
                    self.server.read(&mut bytes);
                    self.meter.measure(|| client.handle(now, Input::Transmitted { conn, buffer: bytes }));
                }
                Output::Event(Event::Completed(id)) => self.completed.push(id),
                Output::Event(Event::Disconnected { reason, .. }) => panic!("{reason}"),
                _ => {}
            }
        }
        self.outputs = outputs;
        let Some(conn) = self.conn.filter(|_| self.server.has_unanswered()) else { return };
        let mut bytes = self.server.answer(&self.reply);
        self.meter.measure(|| client.handle(now, Input::Received { conn, bytes: &mut bytes }));
    }
}
