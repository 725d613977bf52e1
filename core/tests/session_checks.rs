//! Checks of received messages and of what is sent, each by a message that no other check rejects.
#![cfg(feature = "unstable")]

mod session_bench;

use std::collections::BTreeSet;

use sansgram_core::crypto::message::{self, Direction, OpenError};
use sansgram_core::crypto::{AuthKey, SecureRandom};
use sansgram_core::handshake::plain;
use sansgram_core::session::{Delivery, MessageError, OutsideTimeWindow, REPLAY_WINDOW, RequestTag};
use sansgram_core::tl::{Constructor, types};
use session_bench::*;

/// A session that has sent its ping.
fn started() -> Bench {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    bench
}

fn sent_request(bench: &mut Bench, tag: u64) -> u64 {
    bench.request(tag);
    bench.sent(at(0)).unwrap().requests()[0].msg_id
}

// Replays.

#[test]
fn a_message_inside_another_container_is_delivered_once() {
    let mut bench = started();
    let message = inner(bench.id_at(at(0)), 1, &[9; 4]);
    let body = container(&[message]);
    assert_eq!(bench.answer(at(0), 2, &body), Ok(vec!["update [9, 9, 9, 9]".to_owned()]));
    assert_eq!(bench.answer(at(0), 2, &body), Ok(vec![]));
}

#[test]
fn a_packet_below_a_full_window_is_not_delivered() {
    let mut bench = started();
    let oldest = bench.id_at(at(0));
    let packet = bench.sealed(oldest, 1, &[9; 4]);
    for _ in 0..REPLAY_WINDOW {
        assert_eq!(bench.answer(at(0), 0, &[8; 4]).unwrap().len(), 1);
    }
    assert_eq!(bench.deliver(at(0), &packet), Err(MessageError::TooOld));
    // The server sends it again until it is acknowledged.
    let acks = bench.sent(at(30)).unwrap();
    let acks = acks.messages.iter().find(|message| message.is(types::MsgsAck::ID)).unwrap();
    assert!(acks.body.ends_with(&oldest.to_le_bytes()));
}

// Keys.

#[test]
fn unencrypted_packets_and_those_of_other_keys_are_rejected() {
    let mut bench = started();
    let request = sent_request(&mut bench, 1);
    let answer = rpc_result(request, &[7; 100]);
    let mut unencrypted = Vec::new();
    plain::encode(bench.id_at(at(0)), &answer, &mut unencrypted);
    let id = bench.id_at(at(0));
    let own_key = std::mem::replace(&mut bench.key, AuthKey::new([3; 256]));
    let foreign = bench.sealed(id, 1, &answer);
    bench.key = own_key;
    for packet in [unencrypted, foreign] {
        assert_eq!(bench.deliver(at(0), &packet), Err(OpenError::WrongKeyId.into()));
    }
    assert!(bench.session.has_requests(), "the request is not answered");
}

// Times.

/// A correction is accepted from any time, since the client's own clock may be wrong.
#[test]
fn a_correction_of_another_time_must_be_about_a_sent_message() {
    for notice in [|id| bad_salt(id, 22), |id| bad_msg(id, 16)] {
        for (is_sent, expected) in [(true, Ok(vec![])), (false, Err(OutsideTimeWindow::Future.into()))] {
            let mut bench = started();
            let request = sent_request(&mut bench, 1);
            // A message that sets the clock.
            bench.answer(at(0), 0, &boxed(types::MsgsAck::ID, &types::MsgsAck { msg_ids: vec![] })).unwrap();
            let about = if is_sent { request } else { request + 4000 };
            let packet = bench.sealed(bench.next_server_id + (1000 << 32), 0, &notice(about));
            assert_eq!(bench.deliver(at(0), &packet), expected);
        }
    }
}

// Results and reports.

#[test]
fn unknown_and_second_results_are_ignored() {
    let mut bench = started();
    let request = sent_request(&mut bench, 1);
    let never_sent = rpc_result(request + 4000, &[6; 4]);
    assert_eq!(bench.answer(at(0), 1, &never_sent), Ok(vec![]));
    let result = rpc_result(request, &[7; 4]);
    assert_eq!(bench.answer(at(0), 1, &result), Ok(vec!["result 1 [7, 7, 7, 7]".to_owned()]));
    assert_eq!(bench.answer(at(0), 1, &result), Ok(vec![]));
}

#[test]
fn a_state_info_that_was_not_requested_is_ignored() {
    let state_info = |request: u64, info: &[u8]| {
        let state = types::MsgsStateInfo { req_msg_id: request as i64, info: info.to_vec() };
        boxed(types::MsgsStateInfo::ID, &state)
    };
    let mut bench = started();
    sent_request(&mut bench, 1);
    bench.session.on_connected(at(1));
    let asked = bench.sent(at(1)).unwrap();
    let asked = asked.messages.iter().find(|message| message.is(types::MsgsStateReq::ID)).unwrap().msg_id;
    // 2: the server did not receive the request, which would be sent again.
    for forged in [asked - 4, asked + 4, 0] {
        assert_eq!(bench.answer(at(1), 0, &state_info(forged, &[2])), Ok(vec![]));
        assert!(bench.sent(at(1)).is_none_or(|packet| packet.requests().is_empty()));
        assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Sent);
    }
    bench.answer(at(1), 0, &state_info(asked, &[2])).unwrap();
    assert_eq!(bench.sent(at(1)).unwrap().requests().len(), 1);
    // The second request for the same state has another msg_id.
    assert_eq!(bench.answer(at(1), 0, &state_info(asked, &[2])), Ok(vec![]));
    assert!(bench.sent(at(1)).is_none_or(|packet| packet.requests().is_empty()));
}

#[test]
fn a_state_info_has_8192_msg_ids_at_most() {
    for (count, expected) in [(8191, 8191), (8192, 8192), (10_000, 8192)] {
        let mut bench = started();
        let request = types::MsgsStateReq { msg_ids: vec![1; count] };
        bench.answer(at(0), 0, &boxed(types::MsgsStateReq::ID, &request)).unwrap();
        let answer = bench.sent(at(0)).unwrap();
        let answer = answer.messages.iter().find(|message| message.is(types::MsgsStateInfo::ID)).unwrap();
        // Constructor, req_msg_id, and the length of a long string.
        let length = u32::from_le_bytes(answer.body[12..16].try_into().unwrap());
        assert_eq!(length, expected << 8 | 0xfe);
    }
}

#[test]
fn an_ack_has_8192_msg_ids_at_most() {
    let mut bench = started();
    for _ in 0..9 {
        let messages: Vec<_> = (0..1000).map(|_| inner(bench.id_at(at(0)), 1, &[9; 4])).collect();
        bench.answer(at(0), 0, &container(&messages)).unwrap();
    }
    let mut counts = Vec::new();
    while let Some(packet) = bench.sent(at(0)) {
        let acks = packet.messages.iter().filter(|message| message.is(types::MsgsAck::ID));
        counts.extend(acks.map(|acks| u32::from_le_bytes(acks.body[8..12].try_into().unwrap())));
    }
    assert_eq!(counts, [8192, 808]);
}

/// Each message of the server causes another request of the client.
#[test]
fn two_hundred_and_fifty_six_service_messages_wait_at_most() {
    let mut bench = started();
    let announced: Vec<_> = (0..1000)
        .map(|_| {
            let info =
                types::MsgNewDetailedInfo { answer_msg_id: bench.id_at(at(1)) as i64, bytes: 1, status: 0 };
            inner(bench.id_at(at(1)), 0, &boxed(types::MsgNewDetailedInfo::ID, &info))
        })
        .collect();
    bench.answer(at(1), 0, &container(&announced)).unwrap();
    let mut requested = 0;
    while let Some(packet) = bench.sent(at(1)) {
        requested += packet.messages.iter().filter(|message| message.is(types::MsgResendReq::ID)).count();
    }
    assert_eq!(requested, 256);
}

#[test]
fn an_unknown_quick_ack_is_ignored() {
    let mut bench = started();
    bench.request(1);
    bench.bodies.quick_acks = true;
    let mut out = Vec::new();
    let Bench { session, bodies, encoder, random, .. } = &mut bench;
    session.pack(at(1), bodies, encoder, random, &mut out).unwrap();
    // Sealing again yields the token.
    let packet = &mut out[4..];
    message::open(&bench.key, Direction::ToServer, packet).unwrap();
    let token = message::seal(&bench.key, Direction::ToServer, packet).unwrap().0;
    for forged in [0, token ^ 1, token ^ 1 << 31, !token] {
        assert_eq!(bench.session.on_quick_ack(forged), []);
    }
    assert_eq!(bench.session.on_quick_ack(token), [RequestTag(1)]);
    assert_eq!(bench.session.on_quick_ack(token), [], "each is used once");
}

// What is sent.

#[test]
fn what_is_sent_again_has_another_msg_id_and_other_bytes() {
    let mut bench = started();
    bench.request(1);
    let mut ids = BTreeSet::new();
    let mut blocks = BTreeSet::new();
    for round in 0..5 {
        let mut out = Vec::new();
        let Bench { session, bodies, encoder, random, .. } = &mut bench;
        // The clock stands still.
        session.pack(at(0), bodies, encoder, random, &mut out).unwrap();
        session.on_transmitted();
        let packet = &mut out[4..];
        for block in packet[24..].chunks_exact(16) {
            assert!(blocks.insert(block.to_vec()), "a block of ciphertext is sent again");
        }
        let plaintext = message::open(&bench.key, Direction::ToServer, packet).unwrap();
        let id = u64::from_le_bytes(plaintext[16..24].try_into().unwrap());
        assert!(ids.last().is_none_or(|last| *last < id), "{id} is used again");
        ids.insert(id);
        bench.answer(at(0), 0, &bad_salt(id, round)).unwrap();
    }
}

/// Fills with rising bytes, and remembers the last call.
#[derive(Default)]
struct Recorded {
    next: u8,
    last: Vec<u8>,
}

impl SecureRandom for Recorded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in &mut *buffer {
            self.next = self.next.wrapping_add(1).max(1);
            *byte = self.next;
        }
        self.last = buffer.to_vec();
    }
}

#[test]
fn the_padding_is_random() {
    for length in [4, 8, 12, 16, 400] {
        let mut bench = started();
        bench.request(1);
        bench.bodies.bodies.get_mut(&1).unwrap().resize(4 + length, 7);
        let (mut out, mut random) = (Vec::new(), Recorded::default());
        let Bench { session, bodies, encoder, .. } = &mut bench;
        session.pack(at(0), bodies, encoder, &mut random, &mut out).unwrap();
        let plaintext = message::open(&bench.key, Direction::ToServer, &mut out[4..]).unwrap();
        let body = u32::from_le_bytes(plaintext[28..32].try_into().unwrap()) as usize;
        let padding = &plaintext[32 + body..];
        assert!((12..=1024).contains(&padding.len()));
        assert_eq!(padding, random.last);
    }
}
