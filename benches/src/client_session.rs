//! The session layer of a client in memory, with its framing: requests with the same body.

use std::time::Duration;

use sansgram_core::crypto::{AuthKey, OsRandom};
use sansgram_core::session::{RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, Framing, MAX_RECEIVED_FRAME};

use crate::crowd::clocks;

/// Every request has the same body.
struct Bodies(Vec<u8>);

impl RequestSource for Bodies {
    fn body(&self, _: RequestTag) -> Option<RequestBody<'_>> {
        Some(RequestBody::query(&self.0))
    }
}

/// A client's session, without the layers above it.
pub struct ClientSession {
    session: Session,
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    random: OsRandom,
    bodies: Bodies,
    out: Vec<u8>,
    elapsed: Duration,
    next_tag: u64,
}

impl ClientSession {
    /// Starts a session in which every request has this body.
    #[must_use]
    pub fn new(key: AuthKey, body: Vec<u8>) -> Self {
        let mut random = OsRandom::new();
        let now = clocks(Timestamp::from_origin(Duration::ZERO));
        let mut clock = ServerClock::from_wall(now, 0);
        clock.set_from_handshake(now, 1_700_000_000);
        Self {
            session: Session::new(key, 0, clock, &mut random, now),
            encoder: FrameEncoder::new(Framing::Intermediate),
            decoder: FrameDecoder::new(Framing::Intermediate, MAX_RECEIVED_FRAME),
            random,
            bodies: Bodies(body),
            out: Vec::new(),
            elapsed: Duration::ZERO,
            next_tag: 0,
        }
    }

    /// Lets time pass. The msg_ids would run ahead of the clock otherwise.
    pub fn pass(&mut self, span: Duration) {
        self.elapsed += span;
    }

    /// Queues requests.
    pub fn queue(&mut self, count: u64) {
        for _ in 0..count {
            self.session.queue(RequestTag(self.next_tag));
            self.next_tag += 1;
        }
    }

    /// Packs what is queued.
    ///
    /// # Panics
    /// Panics if nothing is to be sent.
    pub fn pack(&mut self) {
        self.out.clear();
        let now = self.now();
        let packed = self.session.pack(now, &self.bodies, &mut self.encoder, &mut self.random, &mut self.out);
        assert_eq!(packed, Ok(true));
        self.session.on_transmitted();
    }

    /// Returns the bytes that were packed last.
    pub fn packed(&mut self) -> &mut [u8] {
        &mut self.out
    }

    /// Reads the server's bytes, and returns the number of results in them.
    ///
    /// # Panics
    /// Panics if the session rejects them.
    pub fn read(&mut self, mut input: &mut [u8]) -> u64 {
        let now = self.now();
        let mut results = 0;
        while let Some(frame) = self.decoder.next(&mut input).expect("frames") {
            let Frame::Payload(packet) = frame else { continue };
            let received = self.session.receive(now, packet, &mut self.random);
            let mut messages = received.expect("an honest packet");
            while let Some(event) = messages.next().expect("an honest message") {
                results += u64::from(matches!(event, SessionEvent::Result { .. }));
            }
        }
        results
    }

    fn now(&self) -> Now {
        clocks(Timestamp::from_origin(self.elapsed))
    }
}
