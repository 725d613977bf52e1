//! The session with unreliable networks and hostile servers: late, repeated and endless messages.
#![cfg(feature = "unstable")]

mod session_bench;

use sansgram_core::session::{Delivery, MessageError, RequestTag};
use sansgram_core::tl::gzip::{self, GzipError};
use sansgram_core::tl::{Constructor, ids, types, write};
use session_bench::*;

#[test]
fn a_message_below_the_window_is_acknowledged() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let id = bench.id_at(at(0));
    let packet = bench.sealed(id, 1, &[0; 4]);
    bench.deliver(at(0), &packet).unwrap();
    bench.sent(at(30)).unwrap(); // the acknowledgement leaves, and is lost with the connection
    bench.session.on_connected(at(1000));
    bench.sent(at(1000)).unwrap();
    bench.answer(at(1000), 0, &[0; 4]).unwrap();
    // The server has no ack, so it sends the message again.
    let mut ends = 0;
    for second in 1001..1011 {
        if bench.deliver(at(second), &packet).is_err_and(|reject| reject.is_fatal()) {
            ends += 1;
            bench.session.on_connected(at(second));
            bench.sent(at(second)).unwrap();
        }
        let left = bench.sent(at(second + 30));
        if left.is_some_and(|left| left.messages.iter().any(|message| message.is(types::MsgsAck::ID))) {
            return;
        }
    }
    panic!("{ends} connections ended, and no acknowledgement left");
}

#[test]
fn new_messages_are_delivered_in_any_order_after_a_suspend() {
    let mut bench = Bench::new();
    bench.request(1);
    bench.request(2);
    let sent = bench.sent(at(0)).unwrap();
    let ids: Vec<u64> = sent.requests().iter().map(|message| message.msg_id).collect();
    bench.answer(at(0), 0, &[0; 4]).unwrap();
    // Both answers were created 10 and 11 s later, while the computer was suspended for an hour.
    let (early, late) = (bench.id_at(at(10)), bench.id_at(at(11)));
    bench.session.on_connected(at(3600));
    bench.sent(at(3600)).unwrap();
    let body = container(&[
        inner(late, 3, &rpc_result(ids[1], &[6; 4])),
        inner(early, 1, &rpc_result(ids[0], &[5; 4])),
    ]);
    let events = bench.answer(at(3600), 4, &body).unwrap();
    assert_eq!(events, ["result 2 [6, 6, 6, 6]", "result 1 [5, 5, 5, 5]"]);
}

#[test]
fn a_message_repeated_after_a_reconnect_does_not_set_the_clock_back() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    bench.answer(at(0), 0, &[0; 4]).unwrap();
    // An update that was lost with the connection.
    let id = bench.id_at(at(10));
    let update = bench.sealed(id, 1, &[1; 4]);
    bench.session.on_connected(at(700));
    let ping = bench.sent(at(700)).unwrap();
    assert_eq!(bench.deliver(at(700), &update).unwrap().len(), 1);
    assert_eq!(bench.answer(at(700), 0, &pong(&ping.outer)), Ok(vec!["Pong".into()]));
}

#[test]
fn three_hundred_containers_may_be_refused() {
    let mut bench = Bench::new();
    let mut left = Vec::new();
    for round in 0..300 {
        bench.request(2 * round);
        bench.request(2 * round + 1);
        left.push(bench.sent(at(0)).unwrap().outer.msg_id);
    }
    for id in left {
        bench.answer(at(1), 0, &bad_salt(id, 22)).unwrap();
    }
    let mut again = 0;
    while let Some(packet) = bench.sent(at(1)) {
        again += packet.requests().len();
    }
    assert_eq!(again, 600);
}

#[test]
fn order_survives_a_resend() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    // A second one waits behind a write, and the server reports the first as too old.
    bench.request(2);
    bench.bodies.after.insert(2, RequestTag(1));
    bench.answer(at(0), 0, &bad_msg(first, 20)).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1)]);
    bench.session.queue(RequestTag(1)); // `OnUnknownOutcome::Repeat`
    let sent = bench.sent(at(0)).unwrap();
    let bodies: Vec<_> = sent.messages.iter().map(|message| message.body.clone()).collect();
    let one = bodies.iter().position(|body| *body == bench.bodies.bodies[&1]).unwrap();
    let two = bodies.iter().position(|body| body.ends_with(&bench.bodies.bodies[&2])).unwrap();
    assert!(one < two, "the second was to come after the first");
    assert!(bodies[two].starts_with(&0xcb9f_372d_u32.to_le_bytes()));
}

#[test]
fn a_bad_salt_of_an_inner_message_applies_to_the_whole_packet() {
    let mut bench = Bench::new();
    (1..=3).for_each(|tag| bench.request(tag));
    let sent = bench.sent(at(0)).unwrap();
    bench.answer(at(0), 0, &bad_salt(sent.requests()[0].msg_id, 22)).unwrap();
    assert_eq!(bench.sent(at(0)).unwrap().requests().len(), 3);
}

#[test]
fn pongs_do_not_reset_the_count_while_a_request_is_refused() {
    let mut bench = Bench::new();
    bench.request(1);
    for round in 0..1000_i64 {
        let Some(packet) = bench.sent(at(0)) else { panic!("{round}: the request is gone") };
        let Some(ping) = packet.messages.iter().find(|message| message.is(PING)) else { panic!("{round}") };
        bench.answer(at(0), 0, &pong(ping)).unwrap();
        if bench.answer(at(0), 0, &bad_salt(packet.outer.msg_id, round)).is_err() {
            assert!(round > 1, "a server may correct a salt");
            return;
        }
    }
    panic!("the same request was sent 1000 times");
}

#[test]
fn a_server_cannot_cause_endless_resends() {
    let mut bench = Bench::new();
    bench.request(1);
    for round in 0..1000 {
        let packet = bench.sent(at(0)).unwrap();
        let msg_ids = vec![packet.requests()[0].msg_id as i64];
        let again = boxed(types::MsgResendReq::ID, &types::MsgResendReq { msg_ids });
        if bench.answer(at(0), 0, &again).is_err() {
            assert!(round > 1, "a server may ask for a message again");
            return;
        }
    }
    panic!("the same request was sent 1000 times");
}

#[test]
fn endless_sessions_do_not_cause_endless_resends() {
    let mut bench = Bench::new();
    bench.request(1);
    for unique_id in 0..1000 {
        let packet = bench.sent(at(0)).unwrap();
        let first_msg_id = packet.outer.msg_id as i64 + 4;
        let notice = types::NewSessionCreated { first_msg_id, unique_id, server_salt: 11 };
        if bench.answer(at(0), 1, &boxed(types::NewSessionCreated::ID, &notice)).is_err() {
            assert!(unique_id > 1, "a server may forget a session");
            return;
        }
    }
    panic!("the same request was sent 1000 times");
}

#[test]
fn a_flood_of_state_infos_does_not_cause_oversized_packets() {
    let mut bench = Bench::new();
    bench.request(1);
    let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    let msg_ids = vec![id as i64; 8192];
    let info = boxed(types::MsgsAllInfo::ID, &types::MsgsAllInfo { msg_ids, info: vec![4 + 64; 8192] });
    for _ in 0..300 {
        bench.answer(at(0), 0, &info).unwrap();
    }
    bench.request(2);
    let mut out = Vec::new();
    let packed = bench.session.pack(at(0), &bench.bodies, &mut bench.encoder, &mut bench.random, &mut out);
    assert_eq!(packed, Ok(true));
    assert!(out.len() < 1 << 20, "{} bytes", out.len());
}

#[test]
fn dropped_requests_use_bounded_memory() {
    let mut bench = Bench::new();
    for tag in 0..100_000 {
        bench.request(tag);
        bench.session.drop_request(RequestTag(tag));
        bench.bodies.bodies.remove(&tag);
    }
    assert!(!bench.session.has_requests(), "the queue still names them");
}

#[test]
fn the_delivery_of_a_sent_request_is_not_queued() {
    let mut bench = Bench::new();
    (0..1500).for_each(|tag| bench.request(tag));
    let mut last = 0;
    while let Some(packet) = bench.sent(at(0)) {
        last = packet.outer.msg_id;
    }
    let notice = types::NewSessionCreated { first_msg_id: last as i64 + 4, unique_id: 1, server_salt: 11 };
    bench.answer(at(0), 1, &boxed(types::NewSessionCreated::ID, &notice)).unwrap();
    let lies = (0..1500).filter(|tag| bench.session.delivery(RequestTag(*tag)) == Delivery::Queued).count();
    assert_eq!(lies, 0, "they left, and may have been executed");
}

#[test]
fn a_request_is_not_queued_twice_by_a_late_error() {
    let mut bench = Bench::new();
    bench.request(1);
    let first = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    let again = boxed(types::MsgResendReq::ID, &types::MsgResendReq { msg_ids: vec![first as i64] });
    bench.answer(at(0), 0, &again).unwrap();
    // The answer to the first copy: CONNECTION_NOT_INITED, after which the client queues it again.
    assert_eq!(bench.answer(at(0), 1, &rpc_result(first, &[9; 4])).unwrap().len(), 1);
    bench.session.queue(RequestTag(1));
    assert_eq!(bench.sent(at(0)).unwrap().requests().len(), 1);
}

#[test]
fn a_late_packet_from_the_far_future_does_not_block_the_session() {
    let mut bench = Bench::new();
    bench.request(1);
    let request = bench.sent(at(0)).unwrap().requests()[0].msg_id;
    bench.session.on_connected(at(1));
    bench.sent(at(1)).unwrap();
    let future = bench.sealed((START + 86_400) << 32 | 1, 0, &[0; 4]);
    bench.deliver(at(1), &future).unwrap();
    bench.session.on_connected(at(2));
    bench.sent(at(2)).unwrap();
    let id = bench.id_at(at(2));
    let body = container(&[inner(id, 1, &rpc_result(request, &[6; 4]))]);
    let outer = bench.id_at(at(2));
    let packet = bench.sealed(outer, 2, &body);
    let got = bench.deliver(at(2), &packet);
    assert_eq!(got, Ok(vec!["result 1 [6, 6, 6, 6]".to_string()]));
}

#[test]
fn an_answer_received_long_ago_is_not_requested_again() {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    let id = bench.id_at(at(0));
    let packet = bench.sealed(id, 1, &[0; 4]);
    bench.deliver(at(0), &packet).unwrap();
    bench.sent(at(30)).unwrap();
    bench.session.on_connected(at(1000));
    bench.sent(at(1000)).unwrap();
    bench.answer(at(1000), 0, &[0; 4]).unwrap();
    let info = types::MsgNewDetailedInfo { answer_msg_id: id as i64, bytes: 8, status: 0 };
    bench.answer(at(1000), 0, &boxed(types::MsgNewDetailedInfo::ID, &info)).unwrap();
    let asked = bench.sent(at(1000));
    assert!(asked.is_none_or(|asked| !asked.outer.is(types::MsgResendReq::ID)));
}

/// Each message may decompress to 10 MiB, all of a packet to four times that: a thousand in one packet would take seconds.
#[test]
fn the_decompressed_size_of_a_packet_is_bounded() {
    // A result of 10 MiB that no request waits for.
    let packed = gzip::compress(&rpc_result(4, &vec![0; gzip::MAX_DECOMPRESSED - 12]));
    let mut message = ids::GZIP_PACKED.to_le_bytes().to_vec();
    write::bytes(&mut message, &packed);
    for (count, expected) in [(4, true), (5, false)] {
        let mut bench = Bench::new();
        bench.sent(at(0)).unwrap();
        let messages: Vec<_> = (0..count).map(|_| inner(bench.id_at(at(0)), 0, &message)).collect();
        let judged = bench.answer(at(0), 0, &container(&messages));
        assert_eq!(judged.is_ok(), expected, "{count}: {judged:?}");
        if !expected {
            assert!(matches!(judged, Err(MessageError::Gzip(GzipError::TooLong { .. }))), "{judged:?}");
        }
    }
}
