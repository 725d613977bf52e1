//! What the owner of a session asks it and tells it.
#![cfg(feature = "unstable")]

mod session_bench;

use std::collections::BTreeSet;

use sansgram_core::crypto::AuthKey;
use sansgram_core::session::{Delivery, MessageError, RequestTag, ServerClock, Session};
use sansgram_core::tl::{Constructor, functions, types};
use session_bench::*;

#[test]
fn a_session_drains_until_it_carries_requests_again() {
    let mut bench = Bench::new();
    assert!(!bench.session.is_draining());
    bench.session.start_draining(at(0));
    assert!(bench.session.is_draining());
    bench.session.stop_draining();
    assert!(!bench.session.is_draining());
}

#[test]
fn unknown_outcomes_are_announced_until_they_are_taken() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    bench.session.on_connected(at(1));
    bench.sent(at(1)).unwrap();
    bench.session.tick(at(20).monotonic);
    assert!(!bench.session.has_unknown_outcomes());
    bench.session.tick(at(21).monotonic);
    assert!(bench.session.has_unknown_outcomes());
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    assert!(!bench.session.has_unknown_outcomes());
}

/// A key exchange on the same connection has just ended: the connection works.
#[test]
fn a_sign_of_life_other_than_a_message_releases_requests() {
    let mut bench = Bench::new();
    let mut clock = ServerClock::from_wall(at(0), 0);
    clock.set_from_handshake(at(0), START as i32);
    bench.session = Session::new(bench.key.clone(), 11, clock, &mut bench.random, at(0));
    bench.request(1);
    bench.session.decide_unrepeatable_hold(at(0), true);
    assert_eq!(bench.sent(at(0)).unwrap().requests().len(), 0);
    bench.session.on_activity(at(0));
    bench.session.decide_unrepeatable_hold(at(0), true);
    assert_eq!(bench.sent(at(0)).unwrap().requests().len(), 1);
}

/// Then no message can be sent, so only deadlines for what the server sends count.
#[test]
fn a_session_has_deadlines_while_a_packet_is_being_written() {
    let mut bench = Bench::new();
    assert_eq!(bench.session.timeout_while_writing(), None, "the ping is not sent yet");
    bench.request(1);
    let ping = bench.sent(at(0)).unwrap().messages.into_iter().find(|message| message.is(PING)).unwrap();
    assert_eq!(bench.session.timeout_while_writing(), Some(at(15).monotonic), "its answer");
    bench.answer(at(1), 0, &pong(&ping)).unwrap();
    assert_eq!(bench.session.timeout_while_writing(), None);
    bench.session.on_connected(at(2));
    assert_eq!(bench.session.timeout_while_writing(), Some(at(7).monotonic), "answers are requested again");
    bench.session.tick(at(7).monotonic);
    assert_eq!(bench.session.timeout_while_writing(), Some(at(17).monotonic));
    bench.session.tick(at(17).monotonic);
    assert_eq!(bench.session.timeout_while_writing(), Some(at(22).monotonic), "the state request");
}

#[test]
fn service_messages_other_than_pings_outlive_a_connection() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    bench.session.drop_request(RequestTag(1));
    bench.session.on_connected(at(1));
    let packet = bench.sent(at(1)).unwrap();
    let count = |constructor| packet.messages.iter().filter(|message| message.is(constructor)).count();
    assert_eq!([count(functions::RpcDropAnswer::ID), count(PING)], [1, 1]);
}

/// Some servers send the answer bare, others in an `rpc_result`.
#[test]
fn the_destruction_of_a_key_is_content_related_and_has_one_answer_of_either_form() {
    let answers = [types::DestroyAuthKeyOk::ID, types::DestroyAuthKeyNone::ID, types::DestroyAuthKeyFail::ID];
    for answer in answers.map(u32::to_le_bytes) {
        for is_bare in [true, false] {
            let mut bench = Bench::new();
            bench.sent(at(0)).unwrap();
            assert_eq!(bench.answer(at(0), 0, &answer), Ok(vec![]), "not requested");
            bench.session.destroy_key();
            let packet = bench.sent(at(0)).unwrap();
            let asked = packet.messages.iter().find(|message| message.is(functions::DestroyAuthKey::ID));
            let asked = asked.unwrap();
            assert_eq!(asked.seq_no % 2, 1);
            let body = if is_bare { answer.to_vec() } else { rpc_result(asked.msg_id, &answer) };
            assert_eq!(bench.answer(at(0), 0, &body).unwrap(), ["DestroyKeyAnswered"]);
            assert_eq!(bench.answer(at(0), 0, &body), Ok(vec![]), "the second answer");
        }
    }
}

#[test]
fn the_answer_to_the_destruction_of_a_session_is_no_update() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    for answer in [types::DestroySessionOk::ID, types::DestroySessionNone::ID] {
        let body = [&answer.to_le_bytes()[..], &[7; 8]].concat();
        assert_eq!(bench.answer(at(0), 0, &body), Ok(vec![]));
    }
}

#[test]
fn an_announced_answer_acknowledges_its_request() {
    let mut bench = Bench::new();
    bench.request(1);
    let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    let answer = bench.id_at(at(0));
    let info =
        types::MsgDetailedInfo { msg_id: request as i64, answer_msg_id: answer as i64, bytes: 8, status: 0 };
    assert_eq!(bench.answer(at(0), 0, &boxed(types::MsgDetailedInfo::ID, &info)), Ok(vec![]));
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Acknowledged);
    let asked = bench.sent(at(0)).unwrap();
    assert!(asked.outer.is(types::MsgResendReq::ID) && asked.outer.body.ends_with(&answer.to_le_bytes()));
}

#[test]
fn the_result_of_another_request_does_not_confirm_a_binding() {
    let binding_in = |packet: Packet| -> u64 {
        packet.messages.iter().find(|message| message.is(BINDING)).expect("the binding is sent").msg_id
    };
    let mut bench = Bench::new();
    bench.request(1);
    bench.session.bind(RequestTag(7), AuthKey::new([9; 256]), START as i32 + 86_400);
    let packet = bench.sent(at(0)).unwrap();
    let request = packet.requests()[0].msg_id;
    let binding = binding_in(packet);
    assert_eq!(bench.answer(at(0), 1, &rpc_result(request, &[7; 4])).unwrap().len(), 1);
    bench.answer(at(0), 0, &bad_msg(binding, 16)).unwrap();
    binding_in(bench.sent(at(0)).unwrap());
}

#[test]
fn counters_tell_errors_apart() {
    let errors = [
        MessageError::Length,
        MessageError::Padding(8),
        MessageError::WrongSessionId,
        MessageError::PreviousSession,
        MessageError::InvalidMsgId,
        MessageError::Duplicate,
        MessageError::TooOld,
        MessageError::StateInfo,
        MessageError::ResultWithoutRequest,
        MessageError::BadMessage(64),
    ];
    let names: BTreeSet<_> = errors.iter().map(MessageError::name).collect();
    assert_eq!(names.len(), errors.len());
    assert!(names.contains("wrong_session_id"));
    assert!(errors.iter().all(|error| error.is_refusal() == matches!(error, MessageError::BadMessage(_))));
}
