//! grammers-mtproto packs requests and reads replies, transport and cipher included, as the session layer does in
//! `benches/benches/session.rs`: bodies of 100 bytes, intermediate framing, 32 sessions in turn. It matches no replies to
//! requests, and checks no msg_ids. One element is one request or one reply.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use grammers_crypto::DequeBuffer;
use grammers_mtproto::mtp::{
    Deserialization, ENCRYPTED_PACKET_HEADER_LEN, Encrypted, MAX_TRANSPORT_HEADER_LEN,
    MESSAGE_CONTAINER_HEADER_LEN, Mtp, PLAIN_PACKET_HEADER_LEN,
};
use grammers_mtproto::transport::{Intermediate, Tagged, Transport};
use sansgram_benches::{CpuTime, Server, auth_key, bytes};

const BODY: usize = 100;
/// The room that its own sender leaves before a packet.
const HEADERS: usize = MAX_TRANSPORT_HEADER_LEN
    + ENCRYPTED_PACKET_HEADER_LEN
    + PLAIN_PACKET_HEADER_LEN
    + MESSAGE_CONTAINER_HEADER_LEN;
/// The size of its own sender's buffer.
const BUFFER: usize = 1 << 20;

/// A client's session and its server.
struct Pair {
    session: Encrypted,
    transport: Intermediate,
    body: Vec<u8>,
    buffer: DequeBuffer<u8>,
    /// What it sends.
    out: Vec<u8>,
    answer: Vec<u8>,
    server: Server,
}

impl Pair {
    fn new() -> Self {
        let key = auth_key();
        let mut transport = Intermediate::new();
        // The server begins in the middle of a stream.
        let _ = transport.init_tag();
        Self {
            session: Encrypted::build().finish(*key.as_bytes()),
            transport,
            body: bytes(BODY),
            buffer: DequeBuffer::with_capacity(BUFFER, HEADERS),
            out: Vec::new(),
            answer: Vec::new(),
            server: Server::new(key),
        }
    }

    /// Sends `count` requests, in as many packets as its containers need.
    fn pack(&mut self, count: u64) {
        self.out.clear();
        let mut left = count;
        while left > 0 {
            self.buffer.clear();
            while left > 0 && self.session.push(&mut self.buffer, &self.body).is_some() {
                left -= 1;
            }
            assert!(self.session.finalize(&mut self.buffer).is_some());
            self.transport.pack(&mut self.buffer);
            // As a socket would take it.
            self.out.extend_from_slice(&self.buffer[..]);
        }
    }

    /// The server reads them all and answers.
    fn serve(&mut self) {
        self.server.read(&mut self.out);
        self.answer = self.server.answer(&self.body);
    }

    /// Reads the answers.
    fn read(&mut self, count: u64) {
        let mut results = 0;
        let mut rest = &mut self.answer[..];
        while !rest.is_empty() {
            let packet = self.transport.unpack(rest).expect("a whole packet");
            let messages = self.session.deserialize(&mut rest[packet.data_range]).expect("an honest packet");
            let is_result = |message: &&Deserialization| matches!(message, Deserialization::RpcResult(_));
            results += messages.iter().filter(is_result).count() as u64;
            rest = &mut rest[packet.next_offset..];
        }
        assert_eq!(results, count, "every request has its answer");
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

fn session(criterion: &mut Criterion<CpuTime>) {
    for (name, part) in [("requests_packed", Part::Packing), ("replies_read", Part::Reading)] {
        let mut group = criterion.benchmark_group(name);
        for in_flight in [1, 10, 100, 1000] {
            group.throughput(Throughput::Elements(in_flight));
            group.bench_function(BenchmarkId::new("grammers-mtproto", in_flight), |bencher| {
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
