//! The server's end of a session: reads requests, and answers them all in one container.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::tl::{Constructor, Reader, functions, ids, types};
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
    unanswered: Unanswered,
}

/// What has no answer yet.
#[derive(Debug, Default)]
struct Unanswered {
    requests: Vec<u64>,
    /// The msg_ids and ping_ids of pings.
    pings: Vec<(u64, u64)>,
}

impl Unanswered {
    fn note(&mut self, id: u64, seq_no: u32, body: &[u8]) {
        if seq_no % 2 == 1 {
            self.requests.push(id);
        } else if body.starts_with(&functions::PingDelayDisconnect::ID.to_le_bytes()) {
            let ping_id = Reader::new(&body[4..]).u64().expect("a ping_id");
            self.pings.push((id, ping_id));
        }
    }
}

impl Server {
    /// A server that shares `key` with its client.
    #[must_use]
    pub const fn new(key: AuthKey) -> Self {
        Self {
            key,
            decoder: ServerFrameDecoder::new(None, 1 << 22),
            encoder: FrameEncoder::without_tag(Framing::Intermediate),
            session_id: 0,
            last_id: 0,
            unanswered: Unanswered { requests: Vec::new(), pings: Vec::new() },
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
                    let (id, seq_no, body) = message_parts(&mut reader);
                    self.unanswered.note(id, seq_no, body);
                }
            } else {
                self.unanswered.note(id, seq_no, body);
            }
        }
    }

    /// Whether requests or pings have no answer yet.
    #[must_use]
    pub const fn has_unanswered(&self) -> bool {
        !self.unanswered.requests.is_empty() || !self.unanswered.pings.is_empty()
    }

    /// Answers every ping, and every request with `result`: one frame, with a container if there are several.
    ///
    /// # Panics
    /// Panics if nothing is unanswered.
    #[must_use]
    pub fn answer(&mut self, result: &[u8]) -> Vec<u8> {
        let Unanswered { requests, pings } = std::mem::take(&mut self.unanswered);
        let single =
            |request: u64| [&ids::RPC_RESULT.to_le_bytes()[..], &request.to_le_bytes(), result].concat();
        let pongs = pings.into_iter().map(|(msg_id, ping_id)| {
            [&types::Pong::ID.to_le_bytes()[..], &msg_id.to_le_bytes(), &ping_id.to_le_bytes()].concat()
        });
        let answers: Vec<Vec<u8>> = requests.into_iter().map(single).chain(pongs).collect();
        assert!(!answers.is_empty(), "nothing to answer");
        if let [only] = &answers[..] {
            return self.frame(only, 1);
        }
        let mut body = ids::MSG_CONTAINER.to_le_bytes().to_vec();
        body.extend_from_slice(&length(answers.len()));
        for (seq_no, answer) in (0_u32..).zip(answers) {
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
