//! A session of each library, and the server's end of both: the same messages under the key and session of each.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grammers_crypto::DequeBuffer;
use grammers_mtproto::MsgId;
use grammers_mtproto::mtp::{
    Deserialization, ENCRYPTED_PACKET_HEADER_LEN, Encrypted, MAX_TRANSPORT_HEADER_LEN,
    MESSAGE_CONTAINER_HEADER_LEN, Mtp, PLAIN_PACKET_HEADER_LEN,
};
use sansgram_benches::auth_key;
use sansgram_core::crypto::OsRandom;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::session::{RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Reader, ids};
use sansgram_core::transport::{FrameEncoder, Framing};

use crate::bodies::{self, REQUEST, name_of};

/// A message as client or server sends it.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: u64,
    pub seq_no: i32,
    pub body: Vec<u8>,
}

impl Message {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.id.to_le_bytes());
        out.extend(self.seq_no.to_le_bytes());
        out.extend(u32::try_from(self.body.len()).unwrap().to_le_bytes());
        out.extend(&self.body);
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let (id, seq_no) = (reader.u64().unwrap(), reader.i32().unwrap());
        let length = reader.u32().unwrap() as usize;
        Self { id, seq_no, body: reader.raw(length).unwrap().to_vec() }
    }
}

/// A packet of a client, as the server reads it.
pub struct Sent {
    pub salt: i64,
    pub session_id: u64,
    /// The message that the packet is: a container if there are several.
    pub whole: Message,
    pub messages: Vec<Message>,
}

impl Sent {
    fn open(packet: &[u8]) -> Self {
        let mut packet = packet.to_vec();
        let plaintext = message::open(&auth_key(), Direction::ToServer, &mut packet).unwrap();
        let mut reader = Reader::new(plaintext);
        let (salt, session_id) = (reader.i64().unwrap(), reader.u64().unwrap());
        let whole = Message::read(&mut reader);
        let messages = match whole.body.strip_prefix(&ids::MSG_CONTAINER.to_le_bytes()) {
            Some(inner) => {
                let mut reader = Reader::new(inner);
                (0..reader.u32().unwrap()).map(|_| Message::read(&mut reader)).collect()
            }
            None => vec![whole.clone()],
        };
        Self { salt, session_id, whole, messages }
    }

    /// Returns the msg_id of the first request in the packet.
    pub fn request(&self) -> u64 {
        self.messages.iter().find(|message| message.body.starts_with(&REQUEST.to_le_bytes())).unwrap().id
    }
}

/// A session that sends requests and reads packets.
pub trait Client {
    fn new(unix: Duration) -> Self;
    /// Sends what is due, and another request with it if the session lets one through.
    fn send(&mut self) -> Sent;
    /// Returns what the session passes up, and at last its error.
    fn receive(&mut self, packet: Vec<u8>) -> Vec<String>;
}

/// Returns the Unix time in whole seconds: grammers-mtproto reads the clock itself.
pub fn now() -> Duration {
    Duration::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// grammers-mtproto.
pub struct Theirs {
    session: Encrypted,
    requests: Vec<MsgId>,
}

impl Client for Theirs {
    fn new(_: Duration) -> Self {
        Self { session: Encrypted::build().finish(*auth_key().as_bytes()), requests: Vec::new() }
    }

    fn send(&mut self) -> Sent {
        const HEADERS: usize = MAX_TRANSPORT_HEADER_LEN
            + ENCRYPTED_PACKET_HEADER_LEN
            + PLAIN_PACKET_HEADER_LEN
            + MESSAGE_CONTAINER_HEADER_LEN;
        let mut buffer = DequeBuffer::with_capacity(1 << 12, HEADERS);
        self.requests.extend(self.session.push(&mut buffer, &bodies::request(self.requests.len() + 1)));
        self.session.finalize(&mut buffer).unwrap();
        Sent::open(&buffer[..])
    }

    fn receive(&mut self, mut packet: Vec<u8>) -> Vec<String> {
        let tag = |id| match self.requests.iter().position(|request| *request == id) {
            Some(at) => format!("request {}", at + 1),
            None => "another message".into(),
        };
        match self.session.deserialize(&mut packet) {
            Ok(events) => events
                .into_iter()
                .map(|event| match event {
                    Deserialization::OwnUpdate { update, .. } => format!("own update: {}", name_of(&update)),
                    Deserialization::Update(body) => format!("update: {}", name_of(&body)),
                    Deserialization::RpcResult(result) => {
                        format!("result of {}: {}", tag(result.msg_id), name_of(&result.body))
                    }
                    Deserialization::RpcError(error) => {
                        format!("result of {}: rpc_error", tag(error.msg_id))
                    }
                    Deserialization::BadMessage(bad) => format!("{} refused: {}", tag(bad.msg_id), bad.code),
                    Deserialization::Failure(failure) => {
                        format!("failure of {}: {:?}", tag(failure.msg_id), failure.error)
                    }
                })
                .collect(),
            Err(error) => vec![format!("error {error:?}")],
        }
    }
}

/// Our session layer.
pub struct Ours {
    session: Session,
    encoder: FrameEncoder,
    bodies: Bodies,
    now: Now,
}

struct Bodies(Vec<Vec<u8>>);

impl RequestSource for Bodies {
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>> {
        self.0.get(tag.0 as usize - 1).map(|body| RequestBody::query(body))
    }
}

impl Client for Ours {
    fn new(unix: Duration) -> Self {
        let now = Now::new(Timestamp::from_origin(Duration::ZERO), unix);
        let mut clock = ServerClock::from_wall(now, 0);
        clock.set_from_handshake(now, i32::try_from(unix.as_secs()).unwrap());
        Self {
            session: Session::new(auth_key(), 0, clock, &mut OsRandom::new(), now),
            encoder: FrameEncoder::without_tag(Framing::Intermediate),
            bodies: Bodies(Vec::new()),
            now,
        }
    }

    fn send(&mut self) -> Sent {
        self.bodies.0.push(bodies::request(self.bodies.0.len() + 1));
        self.session.queue(RequestTag(self.bodies.0.len() as u64));
        let mut out = Vec::new();
        let packed =
            self.session.pack(self.now, &self.bodies, &mut self.encoder, &mut OsRandom::new(), &mut out);
        assert_eq!(packed, Ok(true));
        self.session.on_transmitted();
        // One frame of intermediate framing.
        Sent::open(&out[4..])
    }

    fn receive(&mut self, mut packet: Vec<u8>) -> Vec<String> {
        let mut random = OsRandom::new();
        let mut messages = match self.session.receive(self.now, &mut packet, &mut random) {
            Ok(messages) => messages,
            Err(error) => return vec![error_of(&error)],
        };
        let mut events = Vec::new();
        loop {
            events.push(match messages.next() {
                Ok(Some(SessionEvent::Result { tag, body })) => {
                    format!("result of request {}: {}", tag.0, name_of(body))
                }
                Ok(Some(SessionEvent::Update { body })) => format!("update: {}", name_of(body)),
                Ok(Some(other)) => format!("{other:?}"),
                Ok(None) => return events,
                Err(error) => {
                    events.push(error_of(&error));
                    return events;
                }
            });
        }
    }
}

fn error_of(error: &sansgram_core::session::MessageError) -> String {
    if error.is_fatal() { format!("error {}", error.name()) } else { format!("ignored: {}", error.name()) }
}

/// A packet of the server.
#[derive(Clone, Debug)]
pub struct Packet {
    pub message: Message,
    /// Least number of bytes of padding, before it is rounded up to whole blocks.
    pub padding: usize,
    /// The length field, if it is not that of the body.
    pub length: Option<u32>,
    /// What happens to the packet on its way.
    pub damage: fn(&mut Vec<u8>),
}

impl Packet {
    /// A packet with the shortest padding.
    pub fn of(message: Message) -> Self {
        Self { message, padding: 12, length: None, damage: |_| {} }
    }

    pub fn seal(&self, session_id: u64) -> Vec<u8> {
        let mut packet = vec![0; PREFIX_LEN + 8];
        packet.extend(session_id.to_le_bytes());
        let header = packet.len();
        self.message.write(&mut packet);
        if let Some(length) = self.length {
            packet[header + 12..][..4].copy_from_slice(&length.to_le_bytes());
        }
        let padded = packet.len() - PREFIX_LEN + self.padding;
        packet.resize(PREFIX_LEN + padded.next_multiple_of(16), 0);
        message::seal(&auth_key(), Direction::ToClient, &mut packet).unwrap();
        (self.damage)(&mut packet);
        packet
    }
}
