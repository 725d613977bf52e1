//! The whole client: what several calls make due before a poll is done once, and what a server refuses at once takes no
//! longer if many requests are queued.
#![cfg(feature = "unstable")]

mod session_bench;

use std::time::{Duration, Instant};

use sansgram_core::client::{
    Client, Config, ConnId, DcAuth, DcId, DcTable, Event, Input, LoggedInUser, Output, RequestId,
    RequestOptions, Route, StoredSession,
};
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Constructor, Reader, Serialize, types, write};
use session_bench::*;

const QUERY: [u8; 4] = 0x1fb3_3026_u32.to_le_bytes();

fn later(millis: u64) -> Now {
    let span = Duration::from_millis(millis);
    Now::new(Timestamp::from_origin(span), Duration::from_secs(START) + span)
}

fn auth_key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|index| (index * 7 + 1) as u8))
}

/// Returns the session_id, and the msg_ids of the messages with `QUERY` in all frames.
fn read_queries(mut frames: &[u8]) -> (u64, Vec<u64>) {
    let (mut session, mut found) = (0, Vec::new());
    while let Some(length) = frames.first_chunk() {
        let (frame, rest) = frames.split_at(4 + u32::from_le_bytes(*length) as usize);
        let (of, messages) = read_frame(frame);
        session = of;
        found.extend(messages.iter().filter(|(_, body)| body.ends_with(&QUERY)).map(|(msg_id, _)| msg_id));
        frames = rest;
    }
    (session, found)
}

/// Returns the frame with this message of the server.
fn sealed(session: u64, msg_id: u64, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 24];
    packet.extend_from_slice(&11_i64.to_le_bytes());
    packet.extend_from_slice(&session.to_le_bytes());
    packet.extend_from_slice(&inner(msg_id, 1, body));
    packet.resize((packet.len() - 24 + 12).next_multiple_of(16) + 24, 0);
    message::seal(&auth_key(), Direction::ToClient, &mut packet).unwrap();
    [&(packet.len() as u32).to_le_bytes()[..], &packet].concat()
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
    let mut frame = sealed(session, START << 32 | 1, &pong);
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

/// Returns the answers that tell these requests to wait for so many seconds, sent so many milliseconds after the start.
fn refusals(session: u64, msg_ids: &[u64], wait: impl Fn(usize) -> u8, millis: u64) -> Vec<u8> {
    let first = (START << 32) + (millis << 20) + 1;
    let answer = |(place, msg_id): (usize, &u64)| {
        let mut error = 0x2144_ca19_u32.to_le_bytes().to_vec();
        420_i32.serialize(&mut error);
        write::bytes(&mut error, format!("FLOOD_WAIT_{}", wait(place)).as_bytes());
        inner(first + 4 * place as u64, 1, &rpc_result(*msg_id, &error))
    };
    let answers: Vec<Vec<u8>> = msg_ids.iter().enumerate().map(answer).collect();
    sealed(session, first + 4 * answers.len() as u64, &container(&answers))
}

/// Makes as many requests as may be pending. Each of thousands is told to wait for a second, and the first for longer.
/// Returns how long the client needs for answers that arrive together, and for those that arrive one after the other.
#[expect(clippy::disallowed_methods, reason = "the test is about time that really passes")]
fn refused(mut options: impl FnMut(Option<RequestId>) -> RequestOptions) -> [Duration; 2] {
    let (mut client, conn) = connected();
    // The server gets to know the client.
    client.invoke_raw(later(2), QUERY.to_vec(), Route::Home).unwrap();
    let (mut transmits, ..) = poll(&mut client);
    let (session, sent) = read_queries(&transmits[0]);
    client.handle(later(3), Input::Transmitted { conn, buffer: transmits.remove(0) });
    let mut frame = sealed(session, (START << 32) + (3 << 20) + 1, &rpc_result(sent[0], &QUERY));
    client.handle(later(3), Input::Received { conn, bytes: &mut frame });
    poll(&mut client);

    let mut last = None;
    for _ in 0..65_535 {
        last = Some(client.invoke_raw(later(4), QUERY.to_vec(), options(last)).unwrap());
    }
    let (mut transmits, ..) = poll(&mut client);
    let mut sent = Vec::new();
    while sent.len() < 3000 {
        sent.extend(read_queries(&transmits[0]).1);
        client.handle(later(5), Input::Transmitted { conn, buffer: transmits.remove(0) });
        (transmits, ..) = poll(&mut client);
    }
    // The next transmit never ends.
    let (together, apart) = sent.split_at(2000);
    let frames = (10..).zip(together.chunks(1000)).map(|(millis, msg_ids)| {
        refusals(session, msg_ids, |place| if millis == 10 && place == 0 { 30 } else { 1 }, millis)
    });
    let mut frames: Vec<Vec<u8>> = frames.collect();
    let begun = Instant::now();
    frames.iter_mut().for_each(|bytes| client.handle(later(12), Input::Received { conn, bytes }));
    poll(&mut client);
    let took = begun.elapsed();
    let begun = Instant::now();
    for (millis, msg_id) in (20..).zip(apart) {
        let mut frame = refusals(session, &[*msg_id], |_| 1, millis);
        client.handle(later(millis), Input::Received { conn, bytes: &mut frame });
        poll(&mut client);
    }
    // The waits end one after the other too.
    for millis in 1000..4000 {
        client.handle(later(millis), Input::Tick);
        poll(&mut client);
    }
    [took, begun.elapsed()]
}

#[test]
fn refusals_take_no_longer_if_many_requests_are_queued() {
    let mut first = None;
    for (relation, took) in [
        ("none", refused(|_| RequestOptions::new())),
        ("each after the one before it", refused(|last| RequestOptions::new().with_after(last))),
        (
            "all after the first",
            refused(|last| {
                first = first.or(last);
                RequestOptions::new().with_after(first)
            }),
        ),
    ] {
        // It takes hundredths of a second; if each answer cost a search of the queue, a hundred times as long.
        let most = Duration::from_secs(1);
        assert!(took.iter().all(|took| *took < most), "{relation}: {took:?}");
    }
}
