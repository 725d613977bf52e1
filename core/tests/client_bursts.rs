//! The whole client: what several calls make due before a poll is done once.
#![cfg(feature = "unstable")]

mod session_bench;

use std::time::Duration;

use sansgram_core::client::{
    Client, Config, ConnId, DcAuth, DcId, DcTable, Event, Input, LoggedInUser, Output, Route, StoredSession,
};
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Constructor, Reader, types};
use session_bench::*;

const QUERY: [u8; 4] = 0x1fb3_3026_u32.to_le_bytes();

fn later(millis: u64) -> Now {
    let span = Duration::from_millis(millis);
    Now::new(Timestamp::from_origin(span), Duration::from_secs(START) + span)
}

fn auth_key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|index| (index * 7 + 1) as u8))
}

/// Returns the session_id and the msg_ids and bodies of the messages in one frame.
fn read_frame(frame: &[u8]) -> (u64, Vec<(u64, Vec<u8>)>) {
    let mut packet = frame[4..].to_vec();
    assert_eq!(u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize, packet.len(), "one frame");
    let plain = message::open(&auth_key(), Direction::ToServer, &mut packet).unwrap();
    let mut reader = Reader::new(&plain[8..]);
    let session = reader.u64().unwrap();
    let outer = read_message(&mut reader);
    let mut messages = vec![(outer.msg_id, outer.body.to_vec())];
    if outer.is(CONTAINER) {
        let mut inner = Reader::new(&outer.body[4..]);
        let count = inner.u32().unwrap();
        messages = (0..count)
            .map(|_| {
                let message = read_message(&mut inner);
                (message.msg_id, message.body.to_vec())
            })
            .collect();
    }
    (session, messages)
}

/// Returns all outputs.
fn poll(client: &mut Client) -> (Vec<Vec<u8>>, Vec<ConnId>, Vec<Event>) {
    let (mut transmits, mut opened, mut events) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match client.poll_output() {
            Output::Transmit { bytes, .. } => transmits.push(bytes),
            Output::Open { conn, .. } => opened.push(conn),
            Output::Event(event) => events.push(event),
            Output::Timeout(_) => return (transmits, opened, events),
            _ => {}
        }
    }
}

/// Returns a client whose connection is ready, and the connection.
fn connected() -> (Client, ConnId) {
    let dc = DcId::new(2).unwrap();
    let mut dcs = DcTable::new();
    dcs.insert(dc, "127.0.0.1:443".parse().unwrap());
    let mut config = Config::new(dcs, dc, []);
    (config.learn_addresses, config.updates) = (false, false);
    let session = StoredSession {
        home_dc: Some(dc),
        keys: [(dc, DcAuth { auth_key: auth_key(), server_salt: 11 })].into(),
        user: Some(LoggedInUser { id: 7, is_bot: false }),
        ..StoredSession::default()
    };
    let mut client = Client::new(config, session, Box::new(Counter(3))).unwrap();
    client.connect(later(0));
    let (_, opened, _) = poll(&mut client);
    let conn = opened[0];
    client.handle(later(0), Input::Opened { conn });
    let (mut transmits, ..) = poll(&mut client);
    // The first frame follows the tag of the framing.
    let (session, messages) = read_frame(&transmits[0][4..]);
    let (msg_id, ping) = messages.iter().find(|(_, body)| body.starts_with(&PING.to_le_bytes())).unwrap();
    let ping_id = i64::from_le_bytes(ping[4..12].try_into().unwrap());
    let pong = boxed(types::Pong::ID, &types::Pong { msg_id: *msg_id as i64, ping_id });
    let mut packet = vec![0; 24];
    packet.extend_from_slice(&11_i64.to_le_bytes());
    packet.extend_from_slice(&session.to_le_bytes());
    packet.extend_from_slice(&inner(START << 32 | 1, 1, &pong));
    packet.resize((packet.len() - 24 + 12).next_multiple_of(16) + 24, 0);
    message::seal(&auth_key(), Direction::ToClient, &mut packet).unwrap();
    let mut frame = [&(packet.len() as u32).to_le_bytes()[..], &packet].concat();
    client.handle(later(1), Input::Transmitted { conn, buffer: transmits.remove(0) });
    client.handle(later(1), Input::Received { conn, bytes: &mut frame });
    let (transmits, _, events) = poll(&mut client);
    assert!(events.contains(&Event::Connected { dc }), "{events:?}");
    // The request for salts.
    for buffer in transmits {
        client.handle(later(1), Input::Transmitted { conn, buffer });
    }
    assert!(poll(&mut client).0.is_empty());
    (client, conn)
}

#[test]
fn a_burst_of_requests_leaves_as_one_packet() {
    let (mut client, _) = connected();
    let ids = [(); 20].map(|()| client.invoke_raw(later(5), QUERY.to_vec(), Route::Home).unwrap());
    assert_eq!(client.next_timeout(), Some(later(5).monotonic), "a poll is due");
    let (transmits, ..) = poll(&mut client);
    assert_eq!(transmits.len(), 1);
    let (_, messages) = read_frame(&transmits[0]);
    let queries = messages.iter().filter(|(_, body)| body.ends_with(&QUERY));
    assert_eq!(queries.count(), ids.len());
    assert!(client.next_timeout().is_some_and(|at| at > later(5).monotonic));
}

#[test]
fn a_request_that_is_cancelled_before_the_poll_is_not_sent() {
    let (mut client, _) = connected();
    let [first, _] = [(); 2].map(|()| client.invoke_raw(later(5), QUERY.to_vec(), Route::Home).unwrap());
    client.cancel(first);
    let (transmits, ..) = poll(&mut client);
    let (_, messages) = read_frame(&transmits[0]);
    assert_eq!(messages.iter().filter(|(_, body)| body.ends_with(&QUERY)).count(), 1);
}

#[test]
fn a_request_and_the_bytes_of_the_same_round_share_a_packet() {
    let (mut client, conn) = connected();
    client.invoke_raw(later(5), QUERY.to_vec(), Route::Home).unwrap();
    let (mut transmits, ..) = poll(&mut client);
    client.invoke_raw(later(6), QUERY.to_vec(), Route::Home).unwrap();
    assert!(poll(&mut client).0.is_empty(), "a transmit is in flight");
    client.handle(later(7), Input::Transmitted { conn, buffer: transmits.remove(0) });
    client.invoke_raw(later(7), QUERY.to_vec(), Route::Home).unwrap();
    let (transmits, ..) = poll(&mut client);
    assert_eq!(transmits.len(), 1);
    let (_, messages) = read_frame(&transmits[0]);
    assert_eq!(messages.iter().filter(|(_, body)| body.ends_with(&QUERY)).count(), 2);
}
