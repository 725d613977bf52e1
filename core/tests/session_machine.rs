//! The session against a hand-written server: what is sent again, acknowledged and ignored.
#![cfg(feature = "unstable")]

mod session_bench;
mod vectors;

use std::collections::BTreeMap;
use std::time::Duration;

use sansgram_core::crypto::AuthKey;
use sansgram_core::session::{Delivery, MessageError, MsgId, OutsideTimeWindow, RequestTag, ResendReason};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Constructor, Deserialize, gzip, types};
use session_bench::*;

#[test]
fn queued_requests_are_sent_in_one_container_with_rising_msg_ids() {
    let mut bench = Bench::new();
    (1..=3).for_each(|tag| bench.request(tag));
    let packet = bench.sent(at(0)).unwrap();
    assert_eq!(packet.requests().len(), 3);
    assert!(packet.messages.iter().any(|message| message.is(PING)), "a ping proves the connection");
    assert!(packet.messages.windows(2).all(|pair| pair[0].msg_id < pair[1].msg_id));
    assert!(packet.messages.iter().all(|message| message.msg_id < packet.outer.msg_id));
    assert!(packet.messages.iter().all(|message| message.msg_id % 4 == 0 && message.msg_id >> 32 == START));
    let seq_nos: Vec<i32> = packet.requests().iter().map(|message| message.seq_no).collect();
    assert_eq!(seq_nos, [1, 3, 5]);
    assert_eq!(packet.outer.seq_no, 6, "a container is not counted");
    assert!(bench.sent(at(0)).is_none(), "nothing is sent twice");
}

#[test]
fn a_wrong_salt_is_replaced_and_the_request_sent_under_a_new_msg_id() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap();
    assert_eq!(first.salt, 11);
    bench.answer(at(1), 0, &bad_salt(first.outer.msg_id, 22)).unwrap();
    let second = bench.sent(at(1)).unwrap();
    assert_eq!(second.salt, 22);
    assert_eq!(second.requests()[0].body, first.requests()[0].body);
    assert!(second.requests()[0].msg_id > first.outer.msg_id);
}

#[test]
fn notifications_about_unknown_messages_change_nothing() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    bench.answer(at(1), 0, &bad_salt(4, 22)).unwrap();
    bench.answer(at(1), 0, &bad_msg(8, 17)).unwrap();
    assert_eq!(bench.session.salt(), 11);
    assert!(bench.sent(at(1)).is_none());
}

#[test]
fn endless_refusals_end_the_connection() {
    let mut bench = Bench::new();
    bench.request(1);
    for salt in 0..5 {
        let id = bench.sent(at(0)).unwrap().outer.msg_id;
        bench.answer(at(0), 0, &bad_salt(id, salt)).unwrap();
    }
    let id = bench.sent(at(0)).unwrap().outer.msg_id;
    assert_eq!(
        bench.answer(at(0), 0, &bad_salt(id, 9)),
        Err(MessageError::EndlessResends(ResendReason::Salt))
    );
}

#[test]
fn one_stale_salt_is_one_round_for_any_number_of_packets() {
    let mut bench = Bench::new();
    let mut left = Vec::new();
    for tag in 1..=8 {
        bench.request(tag);
        left.push(bench.sent(at(0)).unwrap().outer.msg_id);
    }
    for id in &left {
        bench.answer(at(0), 0, &bad_salt(*id, 22)).unwrap();
    }
    let again = bench.sent(at(0)).unwrap();
    assert_eq!((again.salt, again.requests().len()), (22, 8));
    for id in left {
        bench.answer(at(0), 0, &bad_salt(id, 33)).unwrap();
    }
    assert!(bench.sent(at(0)).is_none(), "a message is refused once");
    assert_eq!(bench.session.salt(), 22);
}

#[test]
fn each_connection_counts_rounds_from_zero() {
    let mut bench = Bench::new();
    for round in 0..60 {
        bench.session.on_connected(at(100 * round));
        for salt in 0..5 {
            let id = bench.sent(at(100 * round)).unwrap().outer.msg_id;
            bench.answer(at(100 * round), 0, &bad_salt(id, salt)).unwrap();
        }
        assert_eq!(bench.session.salt(), 4);
    }
}

#[test]
fn a_key_is_destroyed_in_the_new_session_too() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap().outer.msg_id;
    bench.session.destroy_key();
    let second = bench.sent(at(0)).unwrap().outer.msg_id;
    bench.answer(at(0), 0, &bad_salt(first, 22)).unwrap();
    bench.sent(at(0)).unwrap();
    bench.answer(at(0), 0, &bad_msg(second, 33)).unwrap();
    let asked = bench.sent(at(0)).unwrap();
    assert!(asked.messages.iter().any(|message| message.is(0xd143_5160)));
}

#[test]
fn a_slow_clock_is_corrected_and_a_fast_one_starts_a_new_session() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap();
    let server_is_ahead = at(1000);
    let id = bench.id_at(server_is_ahead);
    let packet = bench.sealed(id, 0, &bad_msg(first.outer.msg_id, 16));
    bench.deliver(at(1), &packet).unwrap();
    let second = bench.sent(at(1)).unwrap();
    assert_eq!(second.outer.msg_id >> 32, START + 1000);
    assert_eq!(second.session_id, first.session_id);

    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(500)).unwrap();
    let id = (START << 32) | 1;
    let packet = bench.sealed(id, 0, &bad_msg(first.outer.msg_id, 17));
    bench.deliver(at(500), &packet).unwrap();
    let second = bench.sent(at(500)).unwrap();
    assert_eq!(second.outer.msg_id >> 32, START, "identifiers went down");
    assert_ne!(second.session_id, first.session_id);
    assert_eq!(second.requests()[0].seq_no, 1, "sequence numbers begin again");
}

#[test]
fn a_replay_is_acknowledged_again_and_not_delivered() {
    let mut bench = Bench::new();
    bench.request(1);
    let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    let id = bench.id_at(at(0));
    let packet = bench.sealed(id, 1, &rpc_result(request, &[1, 2, 3, 4]));
    assert_eq!(bench.deliver(at(0), &packet).unwrap(), ["result 1 [1, 2, 3, 4]"]);
    let refused = bench.deliver(at(0), &packet);
    assert_eq!(refused, Err(MessageError::Duplicate));
    assert!(!refused.unwrap_err().is_fatal());
    let packet = bench.sent(at(30)).unwrap();
    let acks = packet.messages.iter().find(|message| message.is(types::MsgsAck::ID)).unwrap();
    assert_eq!(listed(acks), [id], "once, however often it came");
}

#[test]
fn a_message_rejected_for_its_time_is_accepted_when_repeated() {
    let mut bench = Bench::new();
    bench.request(1);
    let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    // A message created on sending sets the clock.
    bench.answer(at(0), 0, &boxed(types::MsgsAck::ID, &types::MsgsAck { msg_ids: vec![] })).unwrap();
    let id = bench.id_at(at(40));
    let packet = bench.sealed(id, 1, &rpc_result(request, &[1, 2, 3, 4]));
    assert_eq!(bench.deliver(at(0), &packet), Err(OutsideTimeWindow::Future.into()));
    assert!(bench.sent(at(0)).is_none());
    bench.session.on_connected(at(1));
    assert_eq!(bench.deliver(at(1), &packet).unwrap(), ["result 1 [1, 2, 3, 4]"]);
    assert_eq!(bench.deliver(at(1), &packet), Err(MessageError::Duplicate));
}

#[test]
fn acks_wait_30_seconds_but_many_only_20_milliseconds() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    bench.answer(at(0), 1, &[0; 4]).unwrap();
    assert!(bench.sent(at(29)).is_none());
    assert_eq!(bench.session.timeout(), Timestamp::from_origin(Duration::from_secs(30)));
    assert!(bench.sent(at(30)).unwrap().messages[0].is(types::MsgsAck::ID));
    for _ in 0..64 {
        bench.answer(at(31), 1, &[0; 4]).unwrap();
    }
    assert!(bench.sent(at(31)).is_none(), "the next request may follow at once");
    let due = bench.session.timeout();
    assert_eq!(due, Timestamp::from_origin(Duration::from_millis(31_020)));
    let acks = bench.sent(Now::new(due, at(31).unix)).unwrap();
    assert_eq!(listed(&acks.messages[0]).len(), 64);
    // They fill a packet by themselves.
    for _ in 0..1024 {
        bench.answer(at(32), 1, &[0; 4]).unwrap();
    }
    assert_eq!(listed(&bench.sent(at(32)).unwrap().messages[0]).len(), 1024);
}

#[test]
fn after_a_lost_connection_only_requests_that_the_server_lacks_are_sent_again() {
    let mut bench = Bench::new();
    (1..=4).for_each(|tag| bench.request(tag));
    let first = bench.sent(at(0)).unwrap();
    let ids: Vec<u64> = first.requests().iter().map(|message| message.msg_id).collect();
    assert_eq!(bench.answer(at(0), 1, &rpc_result(ids[0], &[7; 4])).unwrap(), ["result 1 [7, 7, 7, 7]"]);
    bench.session.on_connected(at(5));
    let second = bench.sent(at(5)).unwrap();
    assert_eq!(second.session_id, first.session_id);
    assert_eq!(second.requests().len(), 0, "nothing is sent twice before the server said what it has");
    let state_request = second.messages.iter().find(|message| message.is(types::MsgsStateReq::ID)).unwrap();
    assert_eq!(listed(state_request), ids[1..]);
    // The second was not received, the third was, and the answer to the fourth is ready.
    assert_eq!(
        bench.answer(at(5), 0, &state_info(state_request.msg_id, &[2, 4])),
        Err(MessageError::StateInfo)
    );
    bench.answer(at(5), 0, &state_info(state_request.msg_id, &[2, 4, 4 + 64])).unwrap();
    let third = bench.sent(at(5)).unwrap();
    assert_eq!(third.requests().len(), 1);
    assert_eq!(third.requests()[0].body, first.requests()[1].body);
    assert_eq!(third.requests()[0].msg_id, ids[1]);
    let fourth = bench.sent(at(5)).unwrap();
    assert_eq!(listed(only(&fourth, types::MsgResendAnsReq::ID)), [ids[3]]);
    assert_eq!(bench.session.delivery(RequestTag(3)), Delivery::Acknowledged);
    let events = bench.answer(at(6), 1, &rpc_result(ids[2], &[8; 4])).unwrap();
    assert_eq!(events, ["result 3 [8, 8, 8, 8]"]);
    assert!(bench.sent(at(20)).is_none(), "no second state request, and nothing is resent");
}

#[test]
fn without_a_state_answer_the_outcome_is_unknown_and_a_late_answer_counts_once() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.session.on_connected(at(5));
    assert!(bench.sent(at(5)).unwrap().requests().is_empty());
    bench.session.tick(at(24).monotonic);
    assert!(bench.sent(at(24)).is_none());
    bench.session.tick(at(25).monotonic);
    assert!(bench.sent(at(25)).is_none(), "it may have been executed");
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Sent);
    bench.session.queue(RequestTag(1));
    let again = bench.sent(at(25)).unwrap().requests()[0].msg_id;
    assert!(again > first);
    assert_eq!(bench.answer(at(26), 1, &rpc_result(first, &[8; 4])).unwrap(), ["result 1 [8, 8, 8, 8]"]);
    assert_eq!(bench.answer(at(26), 1, &rpc_result(again, &[8; 4])).unwrap(), [""; 0]);
}

#[test]
fn a_forgotten_request_has_an_unknown_outcome() {
    let mut bench = Bench::new();
    (1..=3).for_each(|tag| bench.request(tag));
    let sent = bench.sent(at(0)).unwrap();
    bench.answer(at(0), 0, &bad_msg(sent.requests()[1].msg_id, 20)).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(2)]);
    bench.session.on_connected(at(5));
    let state_request = bench.sent(at(5)).unwrap();
    let state_request =
        state_request.messages.iter().find(|message| message.is(types::MsgsStateReq::ID)).unwrap();
    bench.answer(at(5), 0, &state_info(state_request.msg_id, &[1, 2])).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    assert_eq!(bench.sent(at(5)).unwrap().requests()[0].body, sent.requests()[2].body);
}

#[test]
fn a_binding_is_sent_again_in_any_case() {
    let permanent = AuthKey::new([9; 256]);
    let left = |bench: &mut Bench, seconds| {
        let packet = bench.sent(at(seconds))?;
        packet.messages.iter().find(|message| message.is(BINDING)).map(|message| message.msg_id)
    };
    let begin = || {
        let mut bench = Bench::new();
        bench.session.bind(RequestTag(7), permanent.clone(), START as i32 + 86_400);
        let id = left(&mut bench, 0).unwrap();
        (bench, id)
    };
    for code in [16, 17, 20, 32, 33] {
        let (mut bench, id) = begin();
        bench.answer(at(0), 0, &bad_msg(id, code)).unwrap();
        assert!(left(&mut bench, 0).is_some(), "{code}");
        assert_eq!(bench.session.take_unknown_outcomes(), []);
    }
    // The rejection of another message made the session new.
    let (mut bench, _) = begin();
    bench.request(1);
    let other = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.answer(at(0), 0, &bad_msg(other, 32)).unwrap();
    assert!(left(&mut bench, 0).is_some());
    assert_eq!(bench.session.take_unknown_outcomes(), []);
    // The connection was lost. The session sends no state query, which a server may not answer under an unbound key.
    let (mut bench, _) = begin();
    bench.session.on_connected(at(5));
    assert!(left(&mut bench, 5).is_some());
}

#[test]
fn a_restart_resends_refused_requests_and_reports_the_others() {
    // If a seq_no is too high, so are later ones. If it is too low, later ones may be right.
    for (code, repeated, unknown) in
        [(33, 2..=3, vec![RequestTag(1)]), (32, 2..=2, vec![RequestTag(1), RequestTag(3)])]
    {
        let mut bench = Bench::new();
        let mut ids = Vec::new();
        for tag in 1..=3 {
            bench.request(tag);
            ids.push(bench.sent(at(0)).unwrap().requests()[0].msg_id);
        }
        let before = bench.session_id;
        bench.answer(at(0), 0, &bad_msg(ids[1], code)).unwrap();
        let again = bench.sent(at(0)).unwrap();
        assert_ne!(again.session_id, before);
        let bodies: Vec<_> = again.requests().iter().map(|message| message.body.clone()).collect();
        assert_eq!(
            bodies,
            repeated.map(|tag| bench.bodies.bodies[&tag].clone()).collect::<Vec<_>>(),
            "{code}"
        );
        assert_eq!(bench.session.take_unknown_outcomes(), unknown, "{code}");
    }
}

#[test]
fn late_messages_of_the_previous_session_are_ignored_on_the_same_connection() {
    let mut bench = Bench::new();
    let ids = [1, 2].map(|tag| {
        bench.request(tag);
        bench.sent(at(0)).unwrap().outer.msg_id
    });
    let [first, second, third] = [ids[0], ids[1], ids[1]].map(|id| {
        let name = bench.id_at(at(0));
        bench.sealed(name, 0, &bad_msg(id, 33))
    });
    bench.deliver(at(0), &first).unwrap();
    let refused = bench.deliver(at(0), &second);
    assert_eq!(refused, Err(MessageError::PreviousSession));
    assert!(!refused.unwrap_err().is_fatal());
    let again = bench.sent(at(0)).unwrap();
    assert_eq!(again.requests().len(), 2);
    assert_eq!(bench.answer(at(0), 1, &rpc_result(again.requests()[0].msg_id, &[7; 4])).unwrap().len(), 1);
    bench.session.on_connected(at(1));
    assert_eq!(bench.deliver(at(1), &third), Err(MessageError::WrongSessionId));
}

#[test]
fn a_state_request_survives_a_wrong_salt() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    bench.session.on_connected(at(5));
    let state_request = bench.sent(at(5)).unwrap();
    bench.answer(at(5), 0, &bad_salt(state_request.outer.msg_id, 5)).unwrap();
    let again = bench.sent(at(5)).unwrap();
    assert!(again.messages.iter().any(|message| message.is(types::MsgsStateReq::ID)));
    assert!(again.messages.iter().any(|message| message.is(PING)), "the connection is still unproven");
}

#[test]
fn delivery_tells_how_far_a_request_has_come() {
    let mut bench = Bench::new();
    bench.request(1);
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Queued);
    let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Sent);
    let acks = boxed(types::MsgsAck::ID, &types::MsgsAck { msg_ids: vec![id as i64] });
    bench.answer(at(0), 0, &acks).unwrap();
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Acknowledged);
}

#[test]
fn the_answer_to_a_dropped_request_is_dropped() {
    let mut bench = Bench::new();
    bench.request(1);
    let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.session.drop_request(RequestTag(1));
    let dropped = bench.sent(at(0)).unwrap().outer;
    assert_eq!(dropped.body, [0x58e4_a740_u32.to_le_bytes().as_slice(), &id.to_le_bytes()].concat());
    assert_eq!(bench.answer(at(1), 1, &rpc_result(id, &[8; 4])).unwrap(), [""; 0]);
}

#[test]
fn a_request_can_be_ordered_after_another() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.request(2);
    bench.bodies.after.insert(2, RequestTag(1));
    let sent = bench.sent(at(0)).unwrap();
    let (first, second) = (&sent.messages[0], &sent.messages[1]);
    let wrapper = [0xcb9f_372d_u32.to_le_bytes().as_slice(), &first.msg_id.to_le_bytes()].concat();
    assert_eq!(second.body, [wrapper, bench.bodies.bodies[&2].clone()].concat());
    bench.answer(at(0), 1, &rpc_result(first.msg_id, &[0; 4])).unwrap();
    bench.request(3);
    bench.bodies.after.insert(3, RequestTag(1));
    assert_eq!(bench.sent(at(0)).unwrap().requests().len(), 1, "what is answered needs no waiting for");
}

#[test]
fn future_salts_are_fetched_and_used_once_they_are_valid() {
    let mut bench = Bench::new();
    bench.request(1);
    let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.answer(at(0), 1, &rpc_result(id, &[0; 4])).unwrap();
    let asked = bench.sent(at(0)).unwrap();
    assert!(asked.messages[0].is(0xb921_bd04));
    let valid_since = (START + 100) as i32;
    let salt = types::FutureSalt { valid_since, valid_until: valid_since + 3600, salt: 77 };
    let salts = |request: u64| types::FutureSalts {
        req_msg_id: request as i64,
        now: 0,
        salts: vec![salt.clone(); 3],
    };
    bench.answer(at(0), 0, &boxed(types::FutureSalts::ID, &salts(4))).unwrap();
    bench.request(2);
    assert_eq!(bench.sent(at(101)).unwrap().salt, 11, "salts that were not requested are not used");
    bench.answer(at(101), 0, &boxed(types::FutureSalts::ID, &salts(asked.messages[0].msg_id))).unwrap();
    bench.request(3);
    assert_eq!(bench.sent(at(102)).unwrap().salt, 77);
}

#[test]
fn a_state_request_of_the_server_is_answered() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let got = bench.id_at(at(0));
    let packet = bench.sealed(got, 0, &[0; 4]);
    bench.deliver(at(0), &packet).unwrap();
    let state_request = types::MsgsStateReq { msg_ids: vec![got as i64, 1, i64::MAX] };
    let request_id = bench.id_at(at(0));
    let packet = bench.sealed(request_id, 0, &boxed(types::MsgsStateReq::ID, &state_request));
    bench.deliver(at(0), &packet).unwrap();
    let answer = bench.sent(at(0)).unwrap().outer;
    assert_eq!(
        answer.body,
        [&0x04de_b57d_u32.to_le_bytes()[..], &request_id.to_le_bytes(), &[3, 4, 1, 3]].concat()
    );
}

#[test]
fn a_refused_container_is_followed_by_single_messages() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.request(2);
    let sent = bench.sent(at(0)).unwrap();
    let refused = bench.answer(at(0), 0, &bad_msg(sent.outer.msg_id, 64));
    assert_eq!(refused, Err(MessageError::BadMessage(64)));
    bench.session.on_connected(at(1));
    assert!(bench.sent(at(1)).unwrap().outer.is(PING));
    for tag in [1, 2] {
        let single = bench.sent(at(1)).unwrap();
        assert!(!single.outer.is(CONTAINER));
        assert_eq!(single.outer.body, bench.bodies.bodies[&tag]);
    }
}

#[test]
fn single_requests_leave_room_for_pings_and_acks() {
    let mut bench = Bench::new();
    (1..=2).for_each(|tag| bench.request(tag));
    let sent = bench.sent(at(0)).unwrap();
    let refused = bench.answer(at(0), 0, &bad_msg(sent.outer.msg_id, 64));
    assert_eq!(refused, Err(MessageError::BadMessage(64)));
    (3..=1000).for_each(|tag| bench.request(tag));
    bench.session.on_connected(at(0));
    let mut left: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    // One packet per second, and an answer to it.
    for second in 0..200 {
        let outer = bench.sent(at(second)).unwrap().outer;
        let constructor = u32::from_le_bytes(outer.body[..4].try_into().unwrap());
        left.entry(constructor).or_default().push(second);
        let answer = if constructor == REQUEST { rpc_result(outer.msg_id, &[7; 4]) } else { vec![0; 4] };
        bench.answer(at(second), 1, &answer).unwrap();
    }
    // An ack may be due in the same second.
    assert_eq!(left[&PING], [0, 61, 121, 181]);
    assert_eq!(left[&types::MsgsAck::ID].len(), 6);
    assert!(left[&REQUEST].len() >= 180);
}

#[test]
fn a_new_session_of_the_server_resends_earlier_packets() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.request(2);
    let lost = bench.sent(at(0)).unwrap();
    bench.request(3);
    bench.request(4);
    let kept = bench.sent(at(1)).unwrap();
    let notice = |first_msg_id: u64, unique_id| types::NewSessionCreated {
        first_msg_id: first_msg_id as i64,
        unique_id,
        server_salt: 33,
    };
    let created = boxed(types::NewSessionCreated::ID, &notice(kept.outer.msg_id, 5));
    assert_eq!(bench.answer(at(1), 1, &created).unwrap(), ["NewSession"]);
    assert_eq!(bench.session.salt(), 33);
    let again = bench.sent(at(1)).unwrap();
    let bodies: Vec<&Vec<u8>> = again.requests().iter().map(|message| &message.body).collect();
    assert_eq!(bodies, lost.requests().iter().map(|message| &message.body).collect::<Vec<_>>());
    assert_eq!(bench.answer(at(1), 1, &created).unwrap(), [""; 0], "each is processed once");
}

#[test]
fn a_container_delivers_each_of_its_messages() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.request(2);
    let sent = bench.sent(at(0)).unwrap();
    let [one, two] = sent.requests()[..] else { panic!("two requests") };
    let packed = gzip::compress(&[5; 400]);
    let mut gzipped = 0x3072_cfa1_u32.to_le_bytes().to_vec();
    sansgram_core::tl::write::bytes(&mut gzipped, &packed);
    let ids: Vec<u64> = (0..3).map(|_| bench.id_at(at(0))).collect();
    let body = container(&[
        inner(ids[0], 1, &rpc_result(two.msg_id, &gzipped)),
        inner(ids[1], 3, &rpc_result(one.msg_id, &[6; 4])),
        inner(ids[2], 5, &[0xef, 0xbe, 0xad, 0xde]),
    ]);
    let events = bench.answer(at(0), 6, &body).unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0], format!("result 2 {:?}", [5; 400]));
    assert_eq!(events[1], "result 1 [6, 6, 6, 6]");
    assert_eq!(
        events[2], "update [239, 190, 173, 222]",
        "an unknown constructor is passed on, and not fatal"
    );
    let packet = bench.sent(at(30)).unwrap();
    let acks = packet.messages.iter().find(|message| message.is(types::MsgsAck::ID)).unwrap();
    assert_eq!(listed(acks), ids, "the container itself is not acknowledged");
}

#[test]
fn an_ignored_message_does_not_affect_the_rest_of_its_container() {
    let mut bench = Bench::new();
    bench.request(1);
    let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    let unfit = types::MsgsAllInfo { msg_ids: vec![request as i64], info: vec![4, 4] };
    let unfit = boxed(types::MsgsAllInfo::ID, &unfit);
    let ids: Vec<u64> = (0..4).map(|_| bench.id_at(at(0))).collect();
    let body = container(&[
        inner(ids[0], 0, &unfit),
        inner(ids[1], 1, &rpc_result(request, &[6; 4])),
        inner(ids[2], 3, &unfit),
    ]);
    let packet = bench.sealed(ids[3], 4, &body);
    let (events, judged) = bench.deliver_whatever(at(0), &packet);
    assert_eq!(judged, Err(MessageError::StateInfo));
    assert_eq!(events, ["result 1 [6, 6, 6, 6]"]);
    let packet = bench.sent(at(30)).unwrap();
    let acks = packet.messages.iter().find(|message| message.is(types::MsgsAck::ID)).unwrap();
    assert_eq!(listed(acks), ids[1..3]);
}

#[test]
fn nested_containers_bombs_and_results_without_request_are_rejected() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let id = bench.id_at(at(0));
    let nested = container(&[inner(id, 0, &container(&[]))]);
    assert!(matches!(bench.answer(at(0), 0, &nested), Err(MessageError::Container(_))));
    assert_eq!(bench.answer(at(0), 1, &rpc_result(0, &[1; 4])), Err(MessageError::ResultWithoutRequest));
    let mut twice = 0x3072_cfa1_u32.to_le_bytes().to_vec();
    sansgram_core::tl::write::bytes(&mut twice, &gzip::compress(&container(&[])));
    assert!(matches!(bench.answer(at(0), 0, &twice), Err(MessageError::Container(_))));
}

/// The `rpc_result`s of `service_messages.json`. Their request has the msg_id of the client's first one.
#[test]
fn results_match_the_vectors() {
    let vectors = vectors::load("service_messages.json");
    let vector = |list: &str, name: &str| vectors::bytes(&vectors[list], name);
    for (name, body) in [("rpc_result_true", &[0xb5, 0x75, 0x72, 0x99][..]), ("rpc_result_error", &[])] {
        let mut bench = Bench::new();
        bench.request(1);
        let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
        let result = vector("bodies", name);
        assert_eq!(vectors["msg_ids"]["client"], request);
        let expected = format!("result 1 {:?}", &result[12..]);
        assert!(result[12..].starts_with(body), "{name}");
        assert_eq!(bench.answer(at(0), 1, &result), Ok(vec![expected]), "{name}");
    }
    let error = &vector("bodies", "rpc_result_error")[12..];
    let error = sansgram_core::tl::enums::RpcError::from_bytes(error).unwrap();
    let migrate = types::RpcError { error_code: 303, error_message: "PHONE_MIGRATE_2".into() };
    assert_eq!(error, migrate.into());

    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    let for_nothing = vector("malformed", "rpc_result_req_msg_id_zero");
    assert_eq!(bench.answer(at(0), 1, &for_nothing), Err(MessageError::ResultWithoutRequest));
    // The request has an empty answer; its decoder reports the error.
    let too_short = vector("malformed", "rpc_result_too_short");
    assert!(matches!(bench.answer(at(0), 1, &too_short[..8]), Err(MessageError::Malformed(_))));
    assert_eq!(bench.answer(at(0), 1, &too_short), Ok(vec!["result 1 []".to_owned()]));
}

#[test]
fn a_result_that_does_not_decompress_answers_its_request() {
    let whole = gzip::compress(&[5; 400]);
    for packed in [&whole[..], &whole[..20], &[]] {
        let mut bench = Bench::new();
        bench.request(1);
        let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
        let mut body = 0x3072_cfa1_u32.to_le_bytes().to_vec();
        sansgram_core::tl::write::bytes(&mut body, packed);
        let id = bench.id_at(at(0));
        let packet = bench.sealed(id, 1, &rpc_result(request, &body));
        let (events, judged) = bench.deliver_whatever(at(0), &packet);
        if packed == whole {
            body = vec![5; 400];
        } else {
            assert!(judged.is_err_and(|reject| reject.is_fatal()));
        }
        assert_eq!(events, [format!("result 1 {body:?}")]);
        assert!(!bench.session.has_requests());
    }
}

#[test]
fn a_silent_peer_is_noticed_15_seconds_after_a_ping() {
    let mut bench = Bench::new();
    let ping = bench.sent(at(0)).unwrap();
    assert!(!bench.session.is_silent(at(14).monotonic));
    assert!(bench.session.is_silent(at(15).monotonic));
    assert_eq!(bench.answer(at(1), 0, &pong(&ping.outer)).unwrap(), ["Pong"]);
    assert!(bench.sent(at(1)).unwrap().outer.is(0xb921_bd04), "future salts, once");
    assert!(!bench.session.is_silent(at(59).monotonic));
    assert!(bench.sent(at(59)).is_none());
    assert!(bench.sent(at(60)).is_some(), "a ping a minute");
}

#[test]
fn unrequested_reports_apply_to_known_messages_only() {
    let all_info = |ids: &[u64], info: &[u8]| {
        let msg_ids = ids.iter().map(|id| *id as i64).collect();
        boxed(types::MsgsAllInfo::ID, &types::MsgsAllInfo { msg_ids, info: info.to_vec() })
    };
    let mut bench = Bench::new();
    (1..=3).for_each(|tag| bench.request(tag));
    let sent = bench.sent(at(0)).unwrap();
    let ids: Vec<u64> = sent.requests().iter().map(|message| message.msg_id).collect();
    let stranger = ids[2] + 4000;
    assert_eq!(bench.answer(at(0), 0, &all_info(&ids, &[2, 4])), Err(MessageError::StateInfo));
    bench.answer(at(0), 0, &all_info(&[ids[0], ids[1], stranger], &[2, 4, 2])).unwrap();
    let again = bench.sent(at(0)).unwrap();
    assert_eq!(again.requests().len(), 1);
    assert_eq!(again.requests()[0].body, sent.requests()[0].body);
    assert!(again.requests()[0].msg_id > ids[2]);
    assert_eq!(bench.session.delivery(RequestTag(2)), Delivery::Acknowledged);

    // The server requests the third again, and a message that does not exist.
    let msg_ids = vec![ids[2] as i64, stranger as i64];
    bench.answer(at(0), 0, &boxed(types::MsgResendReq::ID, &types::MsgResendReq { msg_ids })).unwrap();
    let again = bench.sent(at(0)).unwrap();
    assert_eq!(again.requests().len(), 1);
    assert_eq!(again.requests()[0].body, sent.requests()[2].body);
}

#[test]
fn an_announced_answer_is_requested_unless_it_was_received() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let info = |answer: u64| types::MsgNewDetailedInfo { answer_msg_id: answer as i64, bytes: 8, status: 0 };
    let missing = bench.id_at(at(0));
    bench.answer(at(0), 0, &boxed(types::MsgNewDetailedInfo::ID, &info(missing))).unwrap();
    let asked = bench.sent(at(0)).unwrap();
    assert!(asked.outer.is(types::MsgResendReq::ID));
    assert!(asked.outer.body.ends_with(&MsgId(missing).0.to_le_bytes()));
}
