//! The session layer in memory, transport and cipher included: requests packed and replies read, with bodies of 100
//! bytes, at several requests in flight. One element is one request or one reply.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sansgram_benches::round_trips::{BODY, RoundTrip, bench_round_trips};
use sansgram_benches::{ClientSession, CpuTime, Server, auth_key, bytes};

/// A client's session and its server.
struct Pair {
    client: ClientSession,
    server: Server,
    reply: Vec<u8>,
    answer: Vec<u8>,
}

impl RoundTrip for Pair {
    fn new() -> Self {
        let (key, body) = (auth_key(), bytes(BODY));
        Self {
            client: ClientSession::new(key.clone(), body.clone()),
            server: Server::new(key),
            reply: body,
            answer: Vec::new(),
        }
    }

    fn pack(&mut self, count: u64) {
        self.client.queue(count);
        self.client.pack();
    }

    fn serve(&mut self) {
        self.server.read(self.client.packed());
        self.answer = self.server.answer(&self.reply);
    }

    fn read(&mut self, count: u64) {
        assert_eq!(self.client.read(&mut self.answer), count, "every request has its answer");
        self.client.pass(Duration::from_micros(100));
    }
}

fn session(criterion: &mut Criterion<CpuTime>) {
    bench_round_trips::<Pair>(criterion, "sansgram", &[1, 10, 100]);
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = session
}
criterion_main!(benches);
