//! The whole client against an authenticated server that creates sessions without end: its own queries are rate
//! limited.
#![cfg(feature = "unstable")]

mod session_bench;

use std::time::Duration;

use sansgram_core::client::{
    Client, Config, DcAuth, DcId, DcTable, Event, Input, LoggedInUser, Output, StoredSession,
};
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Constructor, Reader, types};
use session_bench::*;

const GET_STATE: u32 = 0xedd4_882a;
const STATE: u32 = 0xa56c_2a3e;

fn later(millis: u64) -> Now {
    let span = Duration::from_millis(millis);
    Now::new(Timestamp::from_origin(span), Duration::from_secs(START) + span)
}

/// A server that answers each query about updates and creates a new session with each answer.
struct Server {
    key: AuthKey,
    stream: Vec<u8>,
    session: u64,
    last_id: u64,
    made: i64,
    asked: u32,
}

impl Server {
    fn id(&mut self, now: Now) -> u64 {
        self.last_id = (self.last_id + 4).max((now.unix.as_secs() << 32) | 1);
        self.last_id
    }

    /// Handles what the client wrote. Returns the server's frames.
    fn take(&mut self, now: Now, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.stream.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(length) = self.stream.first_chunk().map(|it| u32::from_le_bytes(*it) as usize)
            && self.stream.len() >= 4 + length
        {
            let mut packet: Vec<u8> = self.stream.drain(..4 + length).skip(4).collect();
            let plain = message::open(&self.key, Direction::ToServer, &mut packet).unwrap().to_vec();
            let mut reader = Reader::new(&plain[8..]);
            self.session = reader.u64().unwrap();
            let outer = read_message(&mut reader);
            let mut messages = vec![outer.clone()];
            if outer.is(CONTAINER) {
                let mut inner = Reader::new(&outer.body[4..]);
                messages = (0..inner.u32().unwrap()).map(|_| read_message(&mut inner)).collect();
            }
            for message in messages {
                if message.is(PING) {
                    let ping_id = i64::from_le_bytes(message.body[4..12].try_into().unwrap());
                    let pong = types::Pong { msg_id: message.msg_id as i64, ping_id };
                    out.push(self.frame(now, &boxed(types::Pong::ID, &pong)));
                } else if message.body.ends_with(&GET_STATE.to_le_bytes()) {
                    self.asked += 1;
                    self.made += 1;
                    let notice = types::NewSessionCreated {
                        first_msg_id: message.msg_id as i64,
                        unique_id: self.made,
                        server_salt: 11,
                    };
                    let state = [STATE.to_le_bytes(), [1; 4], [1; 4], [1; 4], [1; 4], [1; 4]].concat();
                    out.push(self.frame(now, &rpc_result(message.msg_id, &state)));
                    out.push(self.frame(now, &boxed(types::NewSessionCreated::ID, &notice)));
                }
            }
        }
        out
    }

    fn frame(&mut self, now: Now, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 24];
        packet.extend_from_slice(&11_i64.to_le_bytes());
        packet.extend_from_slice(&self.session.to_le_bytes());
        packet.extend_from_slice(&inner(self.id(now), 1, body));
        packet.resize((packet.len() - 24 + 12).next_multiple_of(16) + 24, 0);
        message::seal(&self.key, Direction::ToClient, &mut packet).unwrap();
        [&(packet.len() as u32).to_le_bytes()[..], &packet].concat()
    }
}

#[test]
fn f13_endless_new_sessions_cause_one_update_query_per_second() {
    let dc = DcId::new(2).unwrap();
    let auth_key = AuthKey::new(std::array::from_fn(|index| (index * 7 + 1) as u8));
    let mut dcs = DcTable::new();
    dcs.insert(dc, "127.0.0.1:443".parse().unwrap());
    let mut config = Config::new(dcs, dc, []);
    config.learn_addresses = false;
    let session = StoredSession {
        home_dc: Some(dc),
        keys: [(dc, DcAuth { auth_key: auth_key.clone(), server_salt: 11 })].into(),
        user: Some(LoggedInUser { id: 7, is_bot: false }),
        ..StoredSession::default()
    };
    let mut client = Client::new(config, session, Box::new(Counter(3))).unwrap();
    let mut server = Server { key: auth_key, stream: Vec::new(), session: 0, last_id: 0, made: 0, asked: 0 };
    client.connect(later(0));
    let (mut answered, mut lost, mut begins) = (0, 0, true);
    for millis in 0..10_000 {
        let now = later(millis);
        client.handle(now, Input::Tick);
        for _ in 0..50 {
            match client.poll_output() {
                Output::Open { conn, .. } => client.handle(now, Input::Opened { conn }),
                Output::Transmit { conn, bytes } => {
                    let answer = server.take(now, &bytes[if begins { 4 } else { 0 }..]);
                    begins = false;
                    client.handle(now, Input::Transmitted { conn, buffer: bytes });
                    for mut frame in answer {
                        client.handle(now, Input::Received { conn, bytes: &mut frame });
                    }
                }
                Output::Close { .. } => begins = true,
                Output::Event(Event::UpdatesState(_)) => answered += 1,
                Output::Event(Event::Disconnected { .. }) => lost += 1,
                Output::Timeout(_) => break,
                _ => {}
            }
        }
    }
    assert!((1..=11).contains(&answered) && server.asked <= 12, "{answered} of {} in 10 s", server.asked);
    assert_eq!(lost, 0);
}
