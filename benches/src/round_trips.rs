//! Requests packed and replies read by the sessions of a library, as criterion's benches.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::CpuTime;

/// Length in bytes of each query and of each reply.
pub const BODY: usize = 100;

/// A client's session and its server.
pub trait RoundTrip {
    /// Starts a session whose queries and replies have [`BODY`] bytes.
    fn new() -> Self;
    /// Sends `count` requests.
    fn pack(&mut self, count: u64);
    /// Lets the server read them all and answer.
    fn serve(&mut self);
    /// Reads the `count` answers.
    fn read(&mut self, count: u64);
}

/// Adds the groups `requests_packed` and `replies_read`. One element is one request or one reply.
pub fn bench_round_trips<R: RoundTrip>(criterion: &mut Criterion<CpuTime>, library: &str, in_flight: &[u64]) {
    for (name, part) in [("requests_packed", Part::Packing), ("replies_read", Part::Reading)] {
        let mut group = criterion.benchmark_group(name);
        for &in_flight in in_flight {
            group.throughput(Throughput::Elements(in_flight));
            group.bench_function(BenchmarkId::new(library, in_flight), |bencher| {
                let mut sessions = Many::<R>::new();
                bencher.iter_custom(|rounds| sessions.rounds(rounds, in_flight, part));
            });
        }
        group.finish();
    }
}

/// What is measured of a round trip.
#[derive(Clone, Copy)]
enum Part {
    Packing,
    Reading,
}

/// Several sessions take turns, so that reading the clock costs almost nothing per request.
struct Many<R>(Vec<R>);

impl<R: RoundTrip> Many<R> {
    const SESSIONS: u64 = 32;

    fn new() -> Self {
        Self((0..Self::SESSIONS).map(|_| R::new()).collect())
    }

    fn rounds(&mut self, rounds: u64, count: u64, part: Part) -> Duration {
        let whole = (0..rounds / Self::SESSIONS).map(|_| self.round_trip(Self::SESSIONS, count, part)).sum();
        match rounds % Self::SESSIONS {
            0 => whole,
            rest => whole + self.round_trip(rest, count, part),
        }
    }

    /// Makes `count` requests in each of the first `sessions`. Returns how long the part took.
    fn round_trip(&mut self, sessions: u64, count: u64, part: Part) -> Duration {
        let sessions = &mut self.0[..sessions as usize];
        let begin = CpuTime::now();
        sessions.iter_mut().for_each(|session| session.pack(count));
        let packing = CpuTime::now() - begin;
        sessions.iter_mut().for_each(R::serve);
        let begin = CpuTime::now();
        sessions.iter_mut().for_each(|session| session.read(count));
        let reading = CpuTime::now() - begin;
        match part {
            Part::Packing => packing,
            Part::Reading => reading,
        }
    }
}
