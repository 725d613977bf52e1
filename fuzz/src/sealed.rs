//! Any plaintext behind the cipher: sealed with the right key, received by a session with pending requests.
//!
//! Input: a list of steps. One byte each chooses the step; most take two bytes of length and a content.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sansgram_core::crypto::AuthKey;
use sansgram_core::session::{
    Delivery, MessageError, RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent,
};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::gzip::MAX_DECOMPRESSED;
use sansgram_core::tl::ids;
use sansgram_core::transport::{FrameEncoder, Framing, ServerFrameDecoder};

use crate::memory::peak_of;
use crate::peer::{Peer, SALT, START};
use crate::{Input, Seeded};

const MAX_STEPS: usize = 64;
/// Memory in bytes per byte of a packet, for what a session stores of it.
const RATIO: usize = 16;
/// The same for the smallest packets; queues double.
const SLACK: usize = 64 << 10;

/// Runs the target. Returns the number of packets that were accepted.
///
/// # Panics
/// Panics if a message counts twice, a request is lost or answered twice, or a sent packet is malformed.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let mut run = Run::new();
    for _ in 0..MAX_STEPS {
        if input.is_empty() {
            break;
        }
        run.step(&mut input);
    }
    run.finish();
    run.accepted
}

/// Bodies of requests begin with this; service messages do not.
const REQUEST: [u8; 4] = [0xab; 4];

/// The bodies of the requests that want an answer.
struct Wanted(BTreeMap<u64, Vec<u8>>);

impl RequestSource for Wanted {
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>> {
        // Every fourth request has to wait for the one before it.
        let after = tag.0.is_multiple_of(4).then(|| RequestTag(tag.0 - 1));
        Some(RequestBody { after, ..RequestBody::query(self.0.get(&tag.0)?) })
    }
}

struct Run {
    session: Session,
    wanted: Wanted,
    /// The requests that have one or were dropped.
    answered: BTreeSet<u64>,
    encoder: FrameEncoder,
    random: Seeded,
    now: Duration,
    peer: Peer,
    accepted: usize,
}

impl Run {
    fn new() -> Self {
        let mut random = Seeded::new(3);
        let key = AuthKey::new(std::array::from_fn(|at| (at as u8).wrapping_mul(31)));
        let now = at(Duration::ZERO);
        let mut clock = ServerClock::from_wall(now, 0);
        clock.set_from_handshake(now, i32::try_from(START).unwrap_or(i32::MAX));
        let session = Session::new(key.clone(), SALT, clock, &mut random, now);
        let encoder = FrameEncoder::without_tag(Framing::Intermediate);
        let mut run = Self {
            session,
            wanted: Wanted(BTreeMap::new()),
            answered: BTreeSet::new(),
            encoder,
            random,
            now: Duration::ZERO,
            peer: Peer::new(key, |body| body.starts_with(&REQUEST)),
            accepted: 0,
        };
        run.queue(1);
        run.queue(2);
        run.pack();
        run
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        match choice % 8 {
            0 => self.receive(&self.peer.raw(input.piece())),
            1 | 2 => {
                let body = input.piece();
                let packet = self.peer.message(self.now, choice, body);
                self.receive(&packet);
            }
            3 => {
                // `rpc_result`, or a notification, about a message that was sent.
                let named = self.peer.sent(choice >> 3);
                let content = input.piece();
                let constructor = if choice & 0x80 == 0 {
                    ids::RPC_RESULT.to_le_bytes()
                } else {
                    let mut input = Input::new(content);
                    [input.byte(), input.byte(), input.byte(), input.byte()]
                };
                let rest = content.get(if choice & 0x80 == 0 { 0 } else { 4 }..).unwrap_or_default();
                let body = [&constructor[..], &named.to_le_bytes(), rest].concat();
                let packet = self.peer.message(self.now, choice, &body);
                self.receive(&packet);
            }
            4 => {
                let mut bodies = Vec::new();
                for _ in 0..choice >> 3 {
                    bodies.push(input.piece());
                }
                let packet = self.peer.container(self.now, &bodies);
                self.receive(&packet);
            }
            5 => {
                self.pass(Duration::from_secs(u64::from(choice >> 3) * u64::from(input.byte())));
            }
            6 => {
                let tag = u64::from(input.byte()) + 3;
                if choice & 0x10 == 0 {
                    self.queue(tag);
                } else if self.wanted.0.remove(&tag).is_some() {
                    self.answered.insert(tag);
                    self.session.drop_request(RequestTag(tag));
                }
                if choice & 8 == 0 {
                    self.pack();
                }
            }
            _ => self.reconnect(),
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.session.tick(at(self.now).monotonic);
        self.pack();
    }

    fn queue(&mut self, tag: u64) {
        if !self.answered.contains(&tag) && !self.wanted.0.contains_key(&tag) {
            self.wanted
                .0
                .insert(tag, [&REQUEST[..], &tag.to_le_bytes(), &[7; 4][..tag as usize % 2 * 4]].concat());
            self.session.queue(RequestTag(tag));
        }
    }

    /// Receives a packet, and a second time.
    fn receive(&mut self, packet: &[u8]) {
        let now = at(self.now);
        let mut answered = Vec::new();
        let mut events = 0;
        let mut received = packet.to_vec();
        let (session, random) = (&mut self.session, &mut self.random);
        let (result, peak) = peak_of(|| {
            let mut messages = session.receive(now, &mut received, random)?;
            while let Some(event) = messages.next()? {
                events += 1;
                if let SessionEvent::Result { tag, .. } = event {
                    answered.push(tag.0);
                }
            }
            Ok(())
        });
        // Packed data may be as long as the limit, one at a time.
        assert!(
            peak <= MAX_DECOMPRESSED + RATIO * packet.len() + SLACK,
            "{peak} bytes held for {}",
            packet.len()
        );
        for tag in answered {
            assert!(
                self.wanted.0.remove(&tag).is_some(),
                "request {tag} is answered twice or was never sent"
            );
            self.answered.insert(tag);
        }
        match result {
            Ok(()) => self.accepted += 1,
            // A replay is harmless.
            Err(MessageError::Duplicate) => assert_eq!(events, 0),
            Err(_) => self.reconnect(),
        }
        // A message refused only for its time may be accepted when it comes again.
        if matches!(result, Err(MessageError::TimeWindow(_))) {
            return self.pack();
        }
        let mut again = packet.to_vec();
        let again = self.session.receive(now, &mut again, &mut self.random).map(drop);
        let reject = again.expect_err("a message is accepted twice");
        if result.is_ok() && reject.is_fatal() {
            // Only a new session does not know the packet.
            assert!(matches!(reject, MessageError::WrongSessionId | MessageError::TooOld), "{reject}");
        }
        self.pack();
    }

    fn reconnect(&mut self) {
        self.session.on_connected(at(self.now));
        self.peer.forget_connection();
    }

    /// Lets the session send everything, and reads it as a server.
    fn pack(&mut self) {
        let now = at(self.now);
        // The requester decides on requests of unknown outcome; this one retries them all.
        for tag in self.session.take_unknown_outcomes() {
            assert!(
                self.wanted.0.contains_key(&tag.0),
                "unknown outcome of request {}, which is not pending",
                tag.0
            );
            self.session.queue(tag);
        }
        for _ in 0..MAX_STEPS {
            let mut out = Vec::new();
            let packed = self.session.pack(now, &self.wanted, &mut self.encoder, &mut self.random, &mut out);
            if !packed.expect("short bodies fit") {
                assert!(out.is_empty());
                assert!(!self.session.wants_to_send(now.monotonic), "nothing is sent of what is wanted");
                return;
            }
            let mut decoder = ServerFrameDecoder::new(Some(Framing::Intermediate), 1 << 22);
            let mut frames = &mut out[..];
            while let Some(request) = decoder.next(&mut frames).expect("a frame") {
                for body in self.peer.read(request.payload) {
                    assert!(
                        self.wanted.0.values().any(|wanted| *wanted == body),
                        "a body of no pending request"
                    );
                }
            }
            assert!(frames.is_empty(), "whole frames");
            self.session.on_transmitted();
        }
        panic!("the session never stops to send");
    }

    /// No request may be lost: over a new connection, all without an answer are sent again, unless the server said that
    /// it has them.
    fn finish(&mut self) {
        self.pack();
        self.reconnect();
        self.pack();
        // The server does not report their states.
        self.pass(UNTOLD);
        for (tag, body) in &self.wanted.0 {
            let told = self.session.delivery(RequestTag(*tag)) == Delivery::Acknowledged;
            assert!(told || self.peer.got(body), "request {tag} is lost");
        }
    }
}

/// After this time without an answer, the outcome of the requests is unknown.
const UNTOLD: Duration = Duration::from_secs(21);

fn at(since_start: Duration) -> Now {
    let monotonic = Timestamp::from_origin(Duration::from_secs(5) + since_start);
    Now::new(monotonic, Duration::from_secs(START) + since_start)
}
