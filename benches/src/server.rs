//! The server's end of a session: reads requests, and answers them all in one container.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::tl::{Constructor, Reader, functions, ids, types};
use sansgram_core::transport::{FrameEncoder, ServerFrameDecoder};

use crate::Seeded;

/// The length of the messages in one container, unless it has only one.
const CONTAINER_LEN: usize = 32 << 10;

/// One client's server.
#[derive(Debug)]
pub struct Server {
    key: AuthKey,
    decoder: ServerFrameDecoder,
    /// `None` until the client has announced its framing.
    encoder: Option<FrameEncoder>,
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

/// The body of a message to the client. Its sequence number is odd.
pub(crate) type Body = Vec<u8>;

impl Server {
    /// A server that shares `key` with its client.
    #[must_use]
    pub const fn new(key: AuthKey) -> Self {
        Self {
            key,
            decoder: ServerFrameDecoder::new(None, 1 << 22),
            encoder: None,
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
        let mut unanswered = std::mem::take(&mut self.unanswered);
        self.read_messages(stream, |id, seq_no, body| unanswered.note(id, seq_no, body));
        self.unanswered = unanswered;
    }

    /// Reads the client's bytes and overwrites them. Calls `on_message` with identifier, sequence number and body of each
    /// message.
    pub(crate) fn read_messages(&mut self, stream: &mut [u8], mut on_message: impl FnMut(u64, u32, &[u8])) {
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
                    on_message(id, seq_no, body);
                }
            } else {
                on_message(id, seq_no, body);
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
        let results = requests.into_iter().map(|request| rpc_result(request, result));
        let pongs = pings.into_iter().map(|(msg_id, ping_id)| {
            [&types::Pong::ID.to_le_bytes()[..], &msg_id.to_le_bytes(), &ping_id.to_le_bytes()].concat()
        });
        let bodies: Vec<Body> = results.chain(pongs).collect();
        assert!(!bodies.is_empty(), "nothing to answer");
        let mut out = Vec::new();
        self.packet(&bodies, &mut out);
        out
    }

    /// Appends packets with these messages, with containers as short as those of Telegram's servers.
    pub(crate) fn send(&mut self, bodies: &[Body], out: &mut Vec<u8>) {
        let mut rest = bodies;
        while !rest.is_empty() {
            let mut length = 0;
            let fitting = rest.iter().take_while(|body| {
                length += body.len() + 16;
                length <= CONTAINER_LEN
            });
            let (packet, others) = rest.split_at(fitting.count().max(1));
            self.packet(packet, out);
            rest = others;
        }
    }

    /// Appends one packet with these messages.
    fn packet(&mut self, bodies: &[Body], out: &mut Vec<u8>) {
        if let [only] = bodies {
            return self.frame(only, 1, out);
        }
        let mut container = ids::MSG_CONTAINER.to_le_bytes().to_vec();
        container.extend_from_slice(&length(bodies.len()));
        for (seq_no, body) in (0_u32..).zip(bodies) {
            container.extend_from_slice(&self.next_id().to_le_bytes());
            container.extend_from_slice(&(2 * seq_no + 1).to_le_bytes());
            container.extend_from_slice(&length(body.len()));
            container.extend_from_slice(body);
        }
        self.frame(&container, 0, out);
    }

    /// Odd, above the client's identifiers and near their time.
    fn next_id(&mut self) -> u64 {
        self.last_id = (self.last_id | 3) + 2;
        self.last_id
    }

    fn frame(&mut self, body: &[u8], seq_no: u32, out: &mut Vec<u8>) {
        let mut packet = vec![0; PREFIX_LEN + 8];
        packet.extend_from_slice(&self.session_id.to_le_bytes());
        packet.extend_from_slice(&self.next_id().to_le_bytes());
        packet.extend_from_slice(&seq_no.to_le_bytes());
        packet.extend_from_slice(&length(body.len()));
        packet.extend_from_slice(body);
        packet.resize(PREFIX_LEN + (packet.len() - PREFIX_LEN + 12).next_multiple_of(16), 0);
        message::seal(&self.key, Direction::ToClient, &mut packet).expect("whole blocks");
        let framing = self.decoder.framing().expect("the client has sent a packet");
        let encoder = self.encoder.get_or_insert_with(|| FrameEncoder::without_tag(framing));
        let start = encoder.begin(packet.len(), out, false).expect("a short packet");
        out.extend_from_slice(&packet);
        encoder.finish(start, out, &mut Seeded::new(0)).expect("all of it");
    }
}

/// The result of a request.
pub(crate) fn rpc_result(request: u64, result: &[u8]) -> Body {
    [&ids::RPC_RESULT.to_le_bytes()[..], &request.to_le_bytes(), result].concat()
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
