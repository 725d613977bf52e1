//! A session, and a hand-written server's end of it.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate and uses its own part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::crypto::{AuthKey, SecureRandom};
use sansgram_core::session::{
    MessageError, RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent,
};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Constructor, Reader, Serialize, types};
use sansgram_core::transport::{FrameEncoder, Framing};

pub const START: u64 = 1_700_000_000;
pub const CONTAINER: u32 = 0x73f1_f8dc;
pub const RPC_RESULT: u32 = 0xf35c_6d01;

pub struct Counter(pub u8);

impl SecureRandom for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(181).wrapping_add(7);
            *byte = self.0;
        }
    }
}

pub fn at(seconds: u64) -> Now {
    Now::new(Timestamp::from_origin(Duration::from_secs(seconds)), Duration::from_secs(START + seconds))
}

#[derive(Default)]
pub struct Bodies {
    pub bodies: BTreeMap<u64, Vec<u8>>,
    pub after: BTreeMap<u64, RequestTag>,
    pub quick_acks: bool,
}

impl RequestSource for Bodies {
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>> {
        self.bodies.get(&tag.0).map(|query| RequestBody {
            after: self.after.get(&tag.0).copied(),
            quick_ack: self.quick_acks,
            ..RequestBody::query(query)
        })
    }
}

/// A message as the server sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub msg_id: u64,
    pub seq_no: i32,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn is(&self, constructor: u32) -> bool {
        self.body.starts_with(&constructor.to_le_bytes())
    }
}

/// A packet as the server sees it.
pub struct Packet {
    pub salt: i64,
    pub session_id: u64,
    pub outer: Seen,
    pub messages: Vec<Seen>,
}

impl Packet {
    /// Returns the requests in it: here they all start with `REQUEST`.
    pub fn requests(&self) -> Vec<&Seen> {
        self.messages.iter().filter(|message| message.is(REQUEST)).collect()
    }
}

pub const REQUEST: u32 = 0x1111_1111;
pub const PING: u32 = 0xf342_7b8c;
/// `auth.bindTempAuthKey`.
pub const BINDING: u32 = 0xcdd4_2a05;

/// A session and the server's end of it.
pub struct Bench {
    pub key: AuthKey,
    pub session: Session,
    pub bodies: Bodies,
    pub encoder: FrameEncoder,
    pub random: Counter,
    pub next_server_id: u64,
    pub session_id: u64,
    /// Packets of the last transmit that [`sent`](Self::sent) has not returned.
    waiting: VecDeque<Packet>,
}

impl Bench {
    pub fn new() -> Self {
        let key = AuthKey::new(std::array::from_fn(|index| (index * 7 + 1) as u8));
        let mut random = Counter(3);
        let mut clock = ServerClock::from_wall(at(0), 0);
        clock.set_from_handshake(at(0), START as i32);
        let mut session = Session::new(key.clone(), 11, clock, &mut random, at(0));
        session.on_connected(at(0));
        let encoder = FrameEncoder::without_tag(Framing::Intermediate);
        let next_server_id = (START << 32) | 1;
        Self {
            key,
            session,
            bodies: Bodies::default(),
            encoder,
            random,
            next_server_id,
            session_id: 0,
            waiting: VecDeque::new(),
        }
    }

    pub fn request(&mut self, tag: u64) {
        let body = [REQUEST.to_le_bytes(), (tag as u32).to_le_bytes()].concat();
        self.bodies.bodies.insert(tag, body);
        self.session.queue(RequestTag(tag));
    }

    /// Returns the next packet that the session sends now, if any.
    pub fn sent(&mut self, now: Now) -> Option<Packet> {
        if self.waiting.is_empty() {
            self.waiting = self.transmit(now).into();
        }
        self.waiting.pop_front()
    }

    /// Returns the packets of one transmit.
    pub fn transmit(&mut self, now: Now) -> Vec<Packet> {
        let mut out = Vec::new();
        if !self.session.wants_to_send(now.monotonic) {
            return Vec::new();
        }
        assert!(self.session.pack(now, &self.bodies, &mut self.encoder, &mut self.random, &mut out).unwrap());
        let mut packets = Vec::new();
        let mut rest = &mut out[..];
        while let Some((length, after)) = rest.split_first_chunk_mut() {
            let (frame, after) = after.split_at_mut(u32::from_le_bytes(*length) as usize);
            packets.push(self.open(frame));
            rest = after;
        }
        self.session.on_transmitted();
        packets
    }

    fn open(&mut self, packet: &mut [u8]) -> Packet {
        let plaintext = message::open(&self.key, Direction::ToServer, packet).unwrap();
        let mut reader = Reader::new(plaintext);
        let (salt, session_id) = (reader.i64().unwrap(), reader.u64().unwrap());
        let outer = read_message(&mut reader);
        assert!((12..=1024).contains(&reader.remaining()), "padding");
        let mut messages = vec![outer.clone()];
        if outer.is(CONTAINER) {
            let mut inner = Reader::new(&outer.body[4..]);
            messages = (0..inner.u32().unwrap()).map(|_| read_message(&mut inner)).collect();
            assert_eq!(inner.remaining(), 0);
        }
        self.session_id = session_id;
        Packet { salt, session_id, outer, messages }
    }

    pub fn sealed(&mut self, msg_id: u64, seq_no: i32, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 24];
        packet.extend_from_slice(&11_i64.to_le_bytes());
        packet.extend_from_slice(&self.session_id.to_le_bytes());
        packet.extend_from_slice(&inner(msg_id, seq_no, body));
        packet.resize((packet.len() - 24 + 12).next_multiple_of(16) + 24, 0);
        message::seal(&self.key, Direction::ToClient, &mut packet).unwrap();
        packet
    }

    pub fn id_at(&mut self, now: Now) -> u64 {
        self.next_server_id = (self.next_server_id + 4).max((now.unix.as_secs() << 32) | 1);
        self.next_server_id
    }

    /// Delivers a packet. Returns its effects as text.
    pub fn deliver(&mut self, now: Now, packet: &[u8]) -> Result<Vec<String>, MessageError> {
        let (events, judged) = self.deliver_whatever(now, packet);
        judged.map(|()| events)
    }

    /// Delivers a packet that may be rejected in part.
    pub fn deliver_whatever(&mut self, now: Now, packet: &[u8]) -> (Vec<String>, Result<(), MessageError>) {
        let mut events = Vec::new();
        let judged = self.pull(now, packet, &mut events);
        (events, judged)
    }

    fn pull(&mut self, now: Now, packet: &[u8], events: &mut Vec<String>) -> Result<(), MessageError> {
        let mut packet = packet.to_vec();
        let mut messages = self.session.receive(now, &mut packet, &mut self.random)?;
        while let Some(event) = messages.next()? {
            events.push(match event {
                SessionEvent::Result { tag, body } => format!("result {} {body:?}", tag.0),
                SessionEvent::Update { body } => format!("update {body:?}"),
                other => format!("{other:?}"),
            });
        }
        Ok(())
    }

    pub fn answer(&mut self, now: Now, seq_no: i32, body: &[u8]) -> Result<Vec<String>, MessageError> {
        let id = self.id_at(now);
        let packet = self.sealed(id, seq_no, body);
        self.deliver(now, &packet)
    }
}

pub fn read_message(reader: &mut Reader<'_>) -> Seen {
    let (msg_id, seq_no) = (reader.u64().unwrap(), reader.i32().unwrap());
    let length = reader.u32().unwrap() as usize;
    Seen { msg_id, seq_no, body: reader.raw(length).unwrap().to_vec() }
}

pub fn inner(msg_id: u64, seq_no: i32, body: &[u8]) -> Vec<u8> {
    let mut out = msg_id.to_le_bytes().to_vec();
    out.extend_from_slice(&seq_no.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    out
}

pub fn container(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = CONTAINER.to_le_bytes().to_vec();
    out.extend_from_slice(&(messages.len() as u32).to_le_bytes());
    messages.iter().for_each(|message| out.extend_from_slice(message));
    out
}

pub fn rpc_result(request: u64, body: &[u8]) -> Vec<u8> {
    [RPC_RESULT.to_le_bytes().as_slice(), &request.to_le_bytes(), body].concat()
}

pub fn boxed(constructor: u32, fields: &impl Serialize) -> Vec<u8> {
    let mut out = constructor.to_le_bytes().to_vec();
    fields.serialize(&mut out);
    out
}

/// Returns the notice of a new session of the server, which begins with the message `first_msg_id`.
pub fn new_session(first_msg_id: u64, unique_id: i64) -> Vec<u8> {
    let first_msg_id = first_msg_id as i64;
    let notice = types::NewSessionCreated { first_msg_id, unique_id, server_salt: 11 };
    boxed(types::NewSessionCreated::ID, &notice)
}

pub fn bad_salt(bad: u64, new_server_salt: i64) -> Vec<u8> {
    let notice =
        types::BadServerSalt { bad_msg_id: bad as i64, bad_msg_seqno: 1, error_code: 48, new_server_salt };
    boxed(types::BadServerSalt::ID, &notice)
}

pub fn bad_msg(bad: u64, error_code: i32) -> Vec<u8> {
    let notice = types::BadMsgNotification { bad_msg_id: bad as i64, bad_msg_seqno: 1, error_code };
    boxed(types::BadMsgNotification::ID, &notice)
}

/// Returns the message of a packet that has this constructor.
pub fn only(packet: &Packet, constructor: u32) -> &Seen {
    packet.messages.iter().find(|message| message.is(constructor)).unwrap()
}

/// Returns the msg_ids that a service message lists.
pub fn listed(message: &Seen) -> Vec<u64> {
    let mut reader = Reader::new(&message.body[8..]);
    (0..reader.u32().unwrap()).map(|_| reader.u64().unwrap()).collect()
}

/// Returns the answer to a ping.
pub fn pong(ping: &Seen) -> Vec<u8> {
    let ping_id = i64::from_le_bytes(ping.body[4..12].try_into().unwrap());
    boxed(types::Pong::ID, &types::Pong { msg_id: ping.msg_id as i64, ping_id })
}

pub fn state_info(request: u64, info: &[u8]) -> Vec<u8> {
    let state = types::MsgsStateInfo { req_msg_id: request as i64, info: info.to_vec() };
    boxed(types::MsgsStateInfo::ID, &state)
}

pub fn acks(ids: &[u64]) -> Vec<u8> {
    let msg_ids = ids.iter().map(|id| *id as i64).collect();
    boxed(types::MsgsAck::ID, &types::MsgsAck { msg_ids })
}
