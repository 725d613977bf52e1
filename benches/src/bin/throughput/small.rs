//! Small real queries: 100 bytes in each query and in each reply, through the session layer alone and through the
//! client machine, against the same server.

use std::time::Duration;

use sansgram_benches::crowd::{clocks, config};
use sansgram_benches::{CpuTime, Server, auth_key, bytes};
use sansgram_core::client::{
    Client, ConnId, DcAuth, Event, Input, LoggedInUser, Output, Route, StoredSession,
};
use sansgram_core::crypto::OsRandom;
use sansgram_core::dc::DcId;
use sansgram_core::rpc::RequestId;
use sansgram_core::session::{RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, Framing, MAX_RECEIVED_FRAME};

use crate::counting::{allocations, reading};

/// Length in bytes of each query and of each reply.
const BODY: usize = 100;

/// Adds up the time and the allocations of a client.
struct Meter {
    reading: Duration,
    worked: Duration,
    allocations: u64,
}

impl Meter {
    fn new() -> Self {
        Self { reading: reading(), worked: Duration::ZERO, allocations: 0 }
    }

    fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (before, from) = (allocations(), CpuTime::now());
        let result = work();
        self.worked += CpuTime::now().saturating_sub(from).saturating_sub(self.reading);
        self.allocations += allocations() - before;
        result
    }
}

/// Returns the time after a round. Time must pass, or the msg_ids would run ahead of the clock.
fn after_round(now: Duration, in_flight: usize) -> Duration {
    now + Duration::from_micros(10) * u32::try_from(in_flight).unwrap_or(u32::MAX)
}

fn at(now: Duration) -> Now {
    clocks(Timestamp::from_origin(now))
}

/// Every request has the same body.
struct Bodies(Vec<u8>);

impl RequestSource for Bodies {
    fn body(&self, _: RequestTag) -> Option<RequestBody<'_>> {
        Some(RequestBody::query(&self.0))
    }
}

/// The session layer alone.
pub(crate) struct OnlySession {
    meter: Meter,
    session: Session,
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    random: OsRandom,
    bodies: Bodies,
    out: Vec<u8>,
    server: Server,
    now: Duration,
    next_tag: u64,
}

impl OnlySession {
    pub(crate) fn new() -> Self {
        let (key, mut random) = (auth_key(), OsRandom::new());
        let now = at(Duration::ZERO);
        let mut clock = ServerClock::from_wall(now, 0);
        clock.set_from_handshake(now, 1_700_000_000);
        Self {
            meter: Meter::new(),
            session: Session::new(key.clone(), 0, clock, &mut random, now),
            encoder: FrameEncoder::new(Framing::Intermediate),
            decoder: FrameDecoder::new(Framing::Intermediate, MAX_RECEIVED_FRAME),
            random,
            bodies: Bodies(bytes(BODY)),
            out: Vec::new(),
            server: Server::new(key),
            now: Duration::ZERO,
            next_tag: 0,
        }
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that the session took.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        self.meter.worked = Duration::ZERO;
        for _ in 0..rounds {
            self.now = after_round(self.now, in_flight);
            let now = at(self.now);
            let Self { meter, session, encoder, decoder, random, bodies, out, server, next_tag, .. } = self;
            meter.measure(|| {
                for _ in 0..in_flight {
                    session.queue(RequestTag(*next_tag));
                    *next_tag += 1;
                }
            });
            let mut results = 0;
            while results < in_flight {
                out.clear();
                meter.measure(|| {
                    session.pack(now, bodies, encoder, random, out).expect("short queries");
                    session.on_transmitted();
                });
                server.read(out);
                let mut answer = server.answer(&bodies.0);
                meter.measure(|| {
                    let mut input = &mut answer[..];
                    while let Some(frame) = decoder.next(&mut input).expect("frames") {
                        let Frame::Payload(packet) = frame else { continue };
                        let mut messages = session.receive(now, packet, random).expect("an honest packet");
                        while let Some(event) = messages.next().expect("an honest message") {
                            results += usize::from(matches!(event, SessionEvent::Result { .. }));
                        }
                    }
                });
            }
        }
        self.meter.worked
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
        self.meter.allocations
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that the client took.
    pub(crate) fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        (self.meter.worked, self.meter.allocations) = (Duration::ZERO, 0);
        for _ in 0..rounds {
            self.now = after_round(self.now, in_flight);
            let now = at(self.now);
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
        self.meter.worked
    }

    /// Exchanges the outputs of both.
    fn turn(&mut self) {
        let now = at(self.now);
        let mut outputs = std::mem::take(&mut self.outputs);
        let client = &mut self.client;
        self.meter.measure(|| {
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
