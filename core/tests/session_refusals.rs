//! The session against servers that reject, forget or withhold without end: it causes no double execution, nothing
//! grows, and no query is repeated forever.
#![cfg(feature = "unstable")]

mod session_bench;

use std::time::{Duration, Instant};

use sansgram_core::session::{Delivery, MessageError, RequestTag, ResendReason};
use sansgram_core::tl::{Constructor, types};
use session_bench::*;

#[test]
fn f2_earlier_requests_have_an_unknown_outcome_in_a_new_session_of_the_server() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.sent(at(0)).unwrap();
    bench.session.on_connected(at(5));
    let state_request = bench.sent(at(5)).unwrap();
    bench.request(2);
    let fresh = bench.sent(at(5)).unwrap();
    // The server was restarted: it executed the first request and has forgotten it.
    bench.answer(at(5), 1, &new_session(state_request.outer.msg_id, 7)).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    assert_eq!(bench.session.delivery(RequestTag(1)), Delivery::Sent);
    // It reports the request as not received, which is true of this session only.
    let asked = only(&state_request, types::MsgsStateReq::ID).msg_id;
    bench.answer(at(5), 0, &state_info(asked, &[2])).unwrap();
    assert!(bench.sent(at(5)).is_none_or(|packet| packet.requests().is_empty()));
    let second = fresh.requests()[0].msg_id;
    assert_eq!(bench.answer(at(6), 1, &rpc_result(second, &[2; 4])).unwrap().len(), 1);
}

#[test]
fn f2_requests_of_this_connection_are_resent_unless_acknowledged() {
    let mut bench = Bench::new();
    bench.session.on_connected(at(0));
    let [first, second, third] = [1, 2, 3].map(|tag| {
        bench.request(tag);
        bench.sent(at(0)).unwrap()
    });
    bench.answer(at(0), 0, &acks(&[second.requests()[0].msg_id])).unwrap();
    bench.answer(at(0), 1, &new_session(third.outer.msg_id, 7)).unwrap();
    let again = bench.sent(at(0)).unwrap();
    let bodies: Vec<_> = again.requests().iter().map(|message| &message.body).collect();
    assert_eq!(bodies, [&first.requests()[0].body]);
    assert_eq!(
        bench.session.take_unknown_outcomes(),
        [RequestTag(2)],
        "it may have been executed before the server forgot it"
    );
}

#[test]
fn f2_an_acknowledged_request_is_not_resent_if_reported_lost() {
    let resend = |id: u64| boxed(types::MsgResendReq::ID, &types::MsgResendReq { msg_ids: vec![id as i64] });
    let all_info = |id: u64| {
        let info = types::MsgsAllInfo { msg_ids: vec![id as i64], info: vec![2] };
        boxed(types::MsgsAllInfo::ID, &info)
    };
    for contradiction in [resend, all_info] {
        let mut bench = Bench::new();
        bench.request(1);
        let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
        bench.answer(at(0), 0, &acks(&[id])).unwrap();
        bench.answer(at(0), 0, &contradiction(id)).unwrap();
        assert!(bench.sent(at(0)).is_none());
        assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    }
}

#[test]
fn f3_a_replayed_packet_is_acknowledged_once() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let id = bench.id_at(at(0));
    let other = bench.id_at(at(0));
    let packet = bench.sealed(id, 1, &[0; 4]);
    let behind = bench.sealed(other, 1, &[0; 4]);
    bench.deliver(at(0), &packet).unwrap();
    bench.deliver(at(0), &behind).unwrap();
    for _ in 0..3000 {
        assert_eq!(bench.deliver(at(0), &packet), Err(MessageError::Duplicate));
    }
    let left = bench.sent(at(30)).unwrap();
    assert_eq!(listed(only(&left, types::MsgsAck::ID)), [id, other]);
    assert!(bench.sent(at(30)).is_none());
}

#[test]
fn f3_unsent_acks_use_bounded_memory() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    // Nothing can be sent, and the server continues.
    for _ in 0..40 {
        let ids: Vec<u64> = (0..1000).map(|_| bench.id_at(at(0))).collect();
        let messages: Vec<_> = ids.iter().map(|id| inner(*id, 1, &[0; 4])).collect();
        bench.answer(at(0), 0, &container(&messages)).unwrap();
    }
    let mut left = Vec::new();
    while let Some(packet) = bench.sent(at(0)) {
        left.extend(packet.messages.iter().filter(|it| it.is(types::MsgsAck::ID)).map(|it| listed(it).len()));
    }
    assert_eq!(left, [8192, 8192], "what is not acknowledged comes again, and is acknowledged then");
}

/// Measures the time to handle `count` notifications about as many requests, a thousand per packet.
#[expect(clippy::disallowed_methods, reason = "the test is about time that really passes")]
fn refused_in(count: u64, notice: fn(u64) -> Vec<u8>) -> Duration {
    let mut bench = Bench::new();
    (0..count).for_each(|tag| bench.request(tag));
    let mut left = Vec::new();
    while let Some(packet) = bench.sent(at(0)) {
        left.extend(packet.requests().iter().map(|message| message.msg_id));
    }
    assert_eq!(left.len() as u64, count);
    let packets: Vec<Vec<u8>> = left
        .chunks(1000)
        .map(|ids| {
            let notices: Vec<_> = ids.iter().map(|id| inner(bench.id_at(at(0)), 0, &notice(*id))).collect();
            let outer = bench.id_at(at(0));
            bench.sealed(outer, 0, &container(&notices))
        })
        .collect();
    let begun = Instant::now();
    for packet in packets {
        bench.deliver(at(0), &packet).unwrap();
    }
    begun.elapsed()
}

#[test]
fn f4_time_is_linear_in_the_number_of_refusals() {
    let too_old = |id: u64| bad_msg(id, 20);
    let wrong_salt = |id: u64| bad_salt(id, 22);
    let acknowledged = |id: u64| acks(&[id]);
    let announced = |id: u64| {
        let answer_msg_id = (id | 1) as i64;
        let info = types::MsgDetailedInfo { msg_id: id as i64, answer_msg_id, bytes: 8, status: 0 };
        boxed(types::MsgDetailedInfo::ID, &info)
    };
    let lost = |id: u64| {
        boxed(types::MsgsAllInfo::ID, &types::MsgsAllInfo { msg_ids: vec![id as i64], info: vec![2] })
    };
    let unknown = |id: u64| rpc_result(id ^ 2, &[0; 4]);
    let session = |id: u64| rpc_result(id, &[0; 4]);
    for notice in [too_old, wrong_salt, acknowledged, announced, lost, unknown, session] {
        // Eight times as many take eight times as long, or 64 times with a linear search for each. The computer may be
        // busy with other work, but not every time.
        let is_linear = (0..5).any(|_| {
            let (few, many) = (refused_in(2000, notice), refused_in(16_000, notice));
            many < 24 * few
        });
        assert!(is_linear);
    }
}

/// A server that reports the same error for each request, and answers pings.
fn refuses_with(code: i32) -> Result<u32, MessageError> {
    let mut bench = Bench::new();
    bench.session.on_connected(at(0));
    for round in 0..1000_u32 {
        bench.request(u64::from(round));
        let packet = bench.sent(at(0)).unwrap();
        let id = packet.requests()[0].msg_id;
        let (answer, pinged) = (bench.id_at(at(0)), bench.id_at(at(0)));
        let mut answers = vec![inner(answer, 0, &bad_msg(id, code))];
        let ping = packet.messages.iter().find(|message| message.is(PING));
        answers.extend(ping.map(|ping| inner(pinged, 0, &pong(ping))));
        bench.answer(at(0), 0, &container(&answers))?;
        // The owner sends requests again that may be executed twice.
        bench.session.take_unknown_outcomes().into_iter().for_each(|tag| bench.session.queue(tag));
    }
    Ok(1000)
}

#[test]
fn f13_a_server_that_refuses_everything_is_disconnected_after_five_rounds() {
    let endless = |reason| Err(MessageError::EndlessResends(reason));
    assert_eq!(refuses_with(20), endless(ResendReason::Age));
    assert_eq!(refuses_with(16), endless(ResendReason::Clock));
    assert_eq!(refuses_with(32), endless(ResendReason::Malformed(32)));
    for code in [17, 33] {
        assert!(refuses_with(code).is_err(), "{code}");
    }
    for code in [18, 19, 34, 35, 48, 64, 0, 77, -5] {
        let refused = refuses_with(code);
        assert_eq!(refused, Err(MessageError::BadMessage(code)));
        assert!(refused.is_err_and(|reject| reject.is_fatal() && reject.is_refusal()));
    }
}

#[test]
fn f13_an_idle_client_accepts_a_new_salt_each_time_one_expires() {
    let mut bench = Bench::new();
    for hour in 0..100 {
        let now = at(3600 * hour);
        let packet = bench.sent(now).unwrap();
        bench.answer(now, 0, &bad_salt(packet.outer.msg_id, hour as i64)).unwrap();
        let again = bench.sent(now).unwrap();
        bench.answer(now, 0, &pong(only(&again, PING))).unwrap();
    }
}

#[test]
fn f13_endless_new_sessions_are_rejected() {
    let mut bench = Bench::new();
    let first = bench.sent(at(0)).unwrap().outer.msg_id;
    let mut announced = 0;
    let refused = loop {
        match bench.answer(at(0), 1, &new_session(first, announced)) {
            Ok(_) => announced += 1,
            Err(reject) => break reject,
        }
    };
    assert_eq!((announced, refused), (5, MessageError::EndlessResends(ResendReason::NewSession)));
}

#[test]
fn f15_owed_answers_are_requested_twice_more() {
    let mut bench = Bench::new();
    bench.request(1);
    let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.session.on_connected(at(100));
    let state_request = bench.sent(at(100)).unwrap();
    let asked = only(&state_request, types::MsgsStateReq::ID).msg_id;
    bench.answer(at(100), 0, &state_info(asked, &[4])).unwrap();
    bench.answer(at(100), 0, &pong(only(&state_request, PING))).unwrap();
    bench.sent(at(100)); // get_future_salts
    let mut resend_requests = Vec::new();
    for second in 101..200 {
        bench.session.tick(at(second).monotonic);
        while let Some(packet) = bench.sent(at(second)) {
            for message in packet.messages.iter().filter(|message| message.is(types::MsgResendAnsReq::ID)) {
                assert_eq!(listed(message), [id]);
                resend_requests.push(second);
                // The server reports again that it has the request.
                bench.answer(at(second), 0, &state_info(message.msg_id, &[4 + 32 + 64])).unwrap();
            }
        }
        bench.answer(at(second), 0, &[0; 4]).unwrap();
        let unknown = bench.session.take_unknown_outcomes();
        assert_eq!(unknown.len(), usize::from(second == 130), "{second}");
    }
    assert_eq!(resend_requests, [105, 115]);
}

#[test]
fn f15_an_answer_to_the_second_request_is_accepted() {
    let mut bench = Bench::new();
    (1..=3).for_each(|tag| bench.request(tag));
    let sent = bench.sent(at(0)).unwrap();
    let ids: Vec<u64> = sent.requests().iter().map(|message| message.msg_id).collect();
    bench.session.on_connected(at(100));
    let asked = only(&bench.sent(at(100)).unwrap(), types::MsgsStateReq::ID).msg_id;
    bench.answer(at(100), 0, &state_info(asked, &[4; 3])).unwrap();
    bench.session.tick(at(105).monotonic);
    let resend_request = bench.sent(at(105)).unwrap();
    let resend_request = only(&resend_request, types::MsgResendAnsReq::ID);
    assert_eq!(listed(resend_request), ids);
    // The server answers the first, has forgotten the second, and reports the third as never received, although it was.
    bench.answer(at(105), 0, &state_info(resend_request.msg_id, &[4 + 64, 1, 2])).unwrap();
    bench.answer(at(105), 1, &rpc_result(ids[0], &[5; 4])).unwrap();
    let mut unknown = bench.session.take_unknown_outcomes();
    unknown.sort();
    assert_eq!(unknown, [RequestTag(2), RequestTag(3)]);
    bench.session.tick(at(300).monotonic);
    assert_eq!(bench.session.take_unknown_outcomes(), []);
}
