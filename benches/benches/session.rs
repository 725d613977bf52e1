//! The session layer in memory, transport and cipher included: requests packed and replies read, with bodies of 100
//! bytes, at several requests in flight. One element is one request or one reply.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sansgram_benches::{CpuTime, Server, auth_key, bytes};
use sansgram_core::crypto::OsRandom;
use sansgram_core::session::{RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, Framing, MAX_RECEIVED_FRAME};

const BODY: usize = 100;

/// Every request has the same body.
struct Bodies(Vec<u8>);

impl RequestSource for Bodies {
    fn body(&self, _: RequestTag) -> Option<RequestBody<'_>> {
        Some(RequestBody::query(&self.0))
    }
}

/// A client's session and its server.
struct Pair {
    session: Session,
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    random: OsRandom,
    bodies: Bodies,
    out: Vec<u8>,
    answer: Vec<u8>,
    server: Server,
    now: Duration,
    next_tag: u64,
}

impl Pair {
    fn new() -> Self {
        let key = auth_key();
        let mut random = OsRandom::new();
        let now = at(Duration::ZERO);
        let mut clock = ServerClock::from_wall(now, 0);
        clock.set_from_handshake(now, 1_700_000_000);
        Self {
            session: Session::new(key.clone(), 0, clock, &mut random, now),
            encoder: FrameEncoder::new(Framing::Intermediate),
            decoder: FrameDecoder::new(Framing::Intermediate, MAX_RECEIVED_FRAME),
            random,
            bodies: Bodies(bytes(BODY)),
            out: Vec::new(),
            answer: Vec::new(),
            server: Server::new(key),
            now: Duration::ZERO,
            next_tag: 0,
        }
    }

    /// Sends `count` requests.
    fn pack(&mut self, count: u64) {
        self.out.clear();
        for _ in 0..count {
            self.session.queue(RequestTag(self.next_tag));
            self.next_tag += 1;
        }
        let now = at(self.now);
        let packed = self.session.pack(now, &self.bodies, &mut self.encoder, &mut self.random, &mut self.out);
        assert_eq!(packed, Ok(true));
        self.session.on_transmitted();
    }

    /// The server reads them all and answers.
    fn serve(&mut self) {
        self.server.read(&mut self.out);
        self.answer = self.server.answer(&self.bodies.0);
    }

    /// Reads the answers.
    fn read(&mut self, count: u64) {
        let now = at(self.now);
        let mut results = 0;
        let mut input = &mut self.answer[..];
        while let Some(frame) = self.decoder.next(&mut input).expect("frames") {
            let Frame::Payload(packet) = frame else { continue };
            let received = self.session.receive(now, packet, &mut self.random);
            let mut messages = received.expect("an honest packet");
            while let Some(event) = messages.next().expect("an honest message") {
                results += u64::from(matches!(event, SessionEvent::Result { .. }));
            }
        }
        assert_eq!(results, count, "every request has its answer");
        self.now += Duration::from_micros(100);
    }
}

/// Several sessions take turns, so that reading the clock costs almost nothing per request.
struct Many(Vec<Pair>);

/// What is measured of a round trip.
#[derive(Clone, Copy)]
enum Part {
    Packing,
    Reading,
}

impl Many {
    const PAIRS: u64 = 32;

    fn new() -> Self {
        Self((0..Self::PAIRS).map(|_| Pair::new()).collect())
    }

    /// `count` requests in each of the first `sessions`, and their answers; how long the part took.
    fn round_trip(&mut self, sessions: u64, count: u64, part: Part) -> Duration {
        let pairs = &mut self.0[..sessions as usize];
        let begin = CpuTime::now();
        pairs.iter_mut().for_each(|pair| pair.pack(count));
        let packing = CpuTime::now() - begin;
        pairs.iter_mut().for_each(Pair::serve);
        let begin = CpuTime::now();
        pairs.iter_mut().for_each(|pair| pair.read(count));
        let reading = CpuTime::now() - begin;
        match part {
            Part::Packing => packing,
            Part::Reading => reading,
        }
    }

    fn rounds(&mut self, rounds: u64, count: u64, part: Part) -> Duration {
        let whole = (0..rounds / Self::PAIRS).map(|_| self.round_trip(Self::PAIRS, count, part)).sum();
        match rounds % Self::PAIRS {
            0 => whole,
            rest => whole + self.round_trip(rest, count, part),
        }
    }
}

fn at(since_start: Duration) -> Now {
    let start = Duration::from_secs(1_700_000_000);
    Now::new(Timestamp::from_origin(since_start), start + since_start)
}

fn session(criterion: &mut Criterion<CpuTime>) {
    for (name, part) in [("requests_packed", Part::Packing), ("replies_read", Part::Reading)] {
        let mut group = criterion.benchmark_group(name);
        for in_flight in [1, 10, 100] {
            group.throughput(Throughput::Elements(in_flight));
            group.bench_function(BenchmarkId::new("sansgram", in_flight), |bencher| {
                let mut sessions = Many::new();
                bencher.iter_custom(|rounds| sessions.rounds(rounds, in_flight, part));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = session
}
criterion_main!(benches);
