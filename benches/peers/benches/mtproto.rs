//! grammers-mtproto packs requests and reads replies, transport and cipher included, as the session layer does in
//! `benches/benches/session.rs`: bodies of 100 bytes, intermediate framing, 32 sessions in turn. It matches no replies to
//! requests, and checks no msg_ids. One element is one request or one reply.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use grammers_crypto::DequeBuffer;
use grammers_mtproto::mtp::{
    Deserialization, ENCRYPTED_PACKET_HEADER_LEN, Encrypted, MAX_TRANSPORT_HEADER_LEN,
    MESSAGE_CONTAINER_HEADER_LEN, Mtp, PLAIN_PACKET_HEADER_LEN,
};
use grammers_mtproto::transport::{Intermediate, Transport};
use sansgram_benches::round_trips::{BODY, RoundTrip, bench_round_trips};
use sansgram_benches::{CpuTime, Server, auth_key, bytes};

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

impl RoundTrip for Pair {
    fn new() -> Self {
        let key = auth_key();
        Self {
            session: Encrypted::build().finish(*key.as_bytes()),
            transport: Intermediate::new(),
            body: bytes(BODY),
            buffer: DequeBuffer::with_capacity(BUFFER, HEADERS),
            out: Vec::new(),
            answer: Vec::new(),
            server: Server::new(key),
        }
    }

    /// Takes as many packets as its containers need.
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

    fn serve(&mut self) {
        self.server.read(&mut self.out);
        self.answer = self.server.answer(&self.body);
    }

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

fn session(criterion: &mut Criterion<CpuTime>) {
    bench_round_trips::<Pair>(criterion, "grammers-mtproto", &[1, 10, 100, 1000]);
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = session
}
criterion_main!(benches);
