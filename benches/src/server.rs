//! The server's end of a session: reads requests, and answers them all in one container.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::tl::{Reader, ids};
use sansgram_core::transport::{FrameEncoder, Framing, ServerFrameDecoder};

use crate::Seeded;

/// One client's server.
#[derive(Debug)]
pub struct Server {
    key: AuthKey,
    decoder: ServerFrameDecoder,
    encoder: FrameEncoder,
    session_id: u64,
    last_id: u64,
    /// The requests that have no answer yet.
    requests: Vec<u64>,
}

impl Server {
    /// A server that shares `key` with its client.
    #[must_use]
    pub const fn new(key: AuthKey) -> Self {
        Self {
            key,
            decoder: ServerFrameDecoder::new(Some(Framing::Intermediate), 1 << 22),
            encoder: FrameEncoder::without_tag(Framing::Intermediate),
            session_id: 0,
            last_id: 0,
            requests: Vec::new(),
        }
    }

    /// Reads the client's bytes and overwrites them. Messages with an odd sequence number are requests.
    ///
    /// # Panics
    /// Panics if the bytes are not well-formed packets.
    pub fn read(&mut self, stream: &mut [u8]) {
        let mut input = stream;
        while let Some(request) = self.decoder.next(&mut input).expect("frames") {
            let plaintext = message::open(&self.key, Direction::ToServer, request.payload).expect("our key");
            let mut reader = Reader::new(plaintext);
            reader.i64().expect("a salt");
            self.session_id = reader.u64().expect("a session");
            let (id, seq_no, body) = message_parts(&mut reader);
            self.last_id = self.last_id.max(id);
            if body.starts_with(&ids::MSG_CONTAINER.to_le_bytes()) {
                let mut reader = Reader::new(&body[4..]);
                for _ in 0..reader.u32().expect("a count") {
                    let (id, seq_no, _) = message_parts(&mut reader);
                    self.requests.extend((seq_no % 2 == 1).then_some(id));
                }
            } else {
                self.requests.extend((seq_no % 2 == 1).then_some(id));
            }
        }
    }

    /// Answers every request with `result`: one frame, with a container if there are several.
    ///
    /// # Panics
    /// Panics if there is no request.
    #[must_use]
    pub fn answer(&mut self, result: &[u8]) -> Vec<u8> {
        let requests = std::mem::take(&mut self.requests);
        let single =
            |request: u64| [&ids::RPC_RESULT.to_le_bytes()[..], &request.to_le_bytes(), result].concat();
        if let [only] = requests[..] {
            return self.frame(&single(only), 1);
        }
        let mut body = ids::MSG_CONTAINER.to_le_bytes().to_vec();
        body.extend_from_slice(&length(requests.len()));
        for (seq_no, request) in (0_u32..).zip(requests) {
            let answer = single(request);
            body.extend_from_slice(&self.next_id().to_le_bytes());
            body.extend_from_slice(&(2 * seq_no + 1).to_le_bytes());
            body.extend_from_slice(&length(answer.len()));
            body.extend_from_slice(&answer);
        }
        self.frame(&body, 0)
    }

    /// Odd, above the client's identifiers and near their time.
    fn next_id(&mut self) -> u64 {
        self.last_id = (self.last_id | 3) + 2;
        self.last_id
    }

    fn frame(&mut self, body: &[u8], seq_no: u32) -> Vec<u8> {
        let mut packet = vec![0; PREFIX_LEN + 8];
        packet.extend_from_slice(&self.session_id.to_le_bytes());
        packet.extend_from_slice(&self.next_id().to_le_bytes());
        packet.extend_from_slice(&seq_no.to_le_bytes());
        packet.extend_from_slice(&length(body.len()));
        packet.extend_from_slice(body);
        packet.resize(PREFIX_LEN + (packet.len() - PREFIX_LEN + 12).next_multiple_of(16), 0);
        message::seal(&self.key, Direction::ToClient, &mut packet).expect("whole blocks");
        let mut out = Vec::new();
        let start = self.encoder.begin(packet.len(), &mut out, false).expect("a short packet");
        out.extend_from_slice(&packet);
        self.encoder.finish(start, &mut out, &mut Seeded::new(0)).expect("all of it");
        out
    }
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("short").to_le_bytes()
}

/// Identifier, sequence number and body of one message.
fn message_parts<'a>(reader: &mut Reader<'a>) -> (u64, u32, &'a [u8]) {
    let id = reader.u64().expect("an identifier");
    let seq_no = reader.u32().expect("a sequence number");
    let length = reader.u32().expect("a length") as usize;
    (id, seq_no, reader.raw(length).expect("a body"))
}
