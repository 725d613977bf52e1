//! A server that rejects, loses or withholds requests: rejected requests are sent again, requests that may have been
//! executed are not, and the state of uncertain ones is queried.
#![cfg(feature = "unstable")]

mod session_bench;

use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::session::{Delivery, RequestTag};
use sansgram_core::time::Now;
use sansgram_core::tl::{Constructor, functions, types};
use session_bench::*;

/// Queues these requests and sends them in one packet. Returns the msg_id of the packet and those of the requests.
fn leave(bench: &mut Bench, seconds: u64, tags: &[u64]) -> (u64, Vec<u64>) {
    tags.iter().for_each(|tag| bench.request(*tag));
    let packet = bench.sent(at(seconds)).unwrap();
    (packet.outer.msg_id, packet.requests().iter().map(|message| message.msg_id).collect())
}

/// Returns the tags of the requests sent now.
fn left_again(bench: &mut Bench, seconds: u64) -> Vec<u64> {
    let mut left = Vec::new();
    while let Some(packet) = bench.sent(at(seconds)) {
        left.extend(packet.requests().iter().map(|it| u64::from(it.body[4])));
    }
    left
}

fn unknown(bench: &mut Bench) -> Vec<u64> {
    let mut unknown: Vec<u64> = bench.session.take_unknown_outcomes().into_iter().map(|tag| tag.0).collect();
    unknown.sort_unstable();
    unknown
}

#[test]
fn f2_a_refusal_resends_nothing_that_may_have_been_executed() {
    for code in [17, 33] {
        let mut bench = Bench::new();
        leave(&mut bench, 0, &[1]);
        bench.session.on_connected(at(5));
        let (_, refused) = leave(&mut bench, 5, &[2]);
        let (_, taken) = leave(&mut bench, 5, &[3]);
        leave(&mut bench, 5, &[4]);
        bench.answer(at(5), 0, &acks(&taken)).unwrap();
        bench.answer(at(5), 0, &bad_msg(refused[0], code)).unwrap();
        assert_eq!(left_again(&mut bench, 5), [2, 4], "{code}");
        assert_eq!(unknown(&mut bench), [1, 3], "{code}");
    }
}

#[test]
fn f2_a_late_refusal_does_not_affect_later_connections() {
    for code in [17, 33] {
        let mut bench = Bench::new();
        let (_, refused) = leave(&mut bench, 0, &[1]);
        leave(&mut bench, 0, &[2]);
        bench.session.on_connected(at(5));
        // It may have arrived before the others.
        leave(&mut bench, 5, &[3]);
        bench.answer(at(5), 0, &bad_msg(refused[0], code)).unwrap();
        assert_eq!(left_again(&mut bench, 5), [1], "{code}");
        assert_eq!(unknown(&mut bench), [2, 3], "{code}");
    }
}

#[test]
fn f2_a_refused_part_of_a_container_does_not_affect_earlier_parts() {
    for code in [17, 33] {
        let mut bench = Bench::new();
        let (_, parts) = leave(&mut bench, 0, &[1, 2, 3]);
        bench.answer(at(0), 0, &bad_msg(parts[1], code)).unwrap();
        assert_eq!((left_again(&mut bench, 0), unknown(&mut bench)), (vec![2, 3], vec![1]), "{code}");

        let mut bench = Bench::new();
        let (container, _) = leave(&mut bench, 0, &[1, 2, 3]);
        leave(&mut bench, 0, &[4]);
        bench.answer(at(0), 0, &bad_msg(container, code)).unwrap();
        assert_eq!((left_again(&mut bench, 0), unknown(&mut bench)), (vec![1, 2, 3, 4], vec![]), "{code}");
    }
}

#[test]
fn f2_a_refused_part_of_a_container_causes_a_state_request_for_the_others() {
    for code in [16, 20] {
        let mut bench = Bench::new();
        let (_, parts) = leave(&mut bench, 0, &[1, 2, 3, 4]);
        bench.answer(at(0), 0, &bad_msg(parts[1], code)).unwrap();
        let next = bench.sent(at(0)).unwrap();
        let again = next.requests().len();
        assert_eq!((again, unknown(&mut bench)), if code == 16 { (1, vec![]) } else { (0, vec![2]) });
        let state_request = only(&next, types::MsgsStateReq::ID);
        assert_eq!(listed(state_request), [parts[0], parts[2], parts[3]], "{code}");
        bench.answer(at(0), 0, &state_info(state_request.msg_id, &[4, 2, 1])).unwrap();
        assert_eq!((left_again(&mut bench, 0), unknown(&mut bench)), (vec![3], vec![4]), "{code}");
        assert_eq!(bench.answer(at(1), 1, &rpc_result(parts[0], &[7; 4])).unwrap().len(), 1);
    }
}

#[test]
fn f2_an_acknowledged_request_is_not_resent_after_a_refusal() {
    for refuse in [|id| bad_salt(id, 22), |id| bad_msg(id, 16), |id| bad_msg(id, 17), |id| bad_msg(id, 32)] {
        let mut bench = Bench::new();
        let (_, ids) = leave(&mut bench, 0, &[1, 2]);
        bench.answer(at(0), 0, &acks(&ids[..1])).unwrap();
        bench.answer(at(0), 0, &refuse(ids[0])).unwrap();
        assert!(!left_again(&mut bench, 0).contains(&1));
        assert!(unknown(&mut bench).contains(&1));
    }
}

#[test]
fn f2_earlier_requests_are_resent_after_a_requested_report_but_not_after_an_unrequested_one() {
    let resend = |id: u64| boxed(types::MsgResendReq::ID, &types::MsgResendReq { msg_ids: vec![id as i64] });
    let all_info = |id: u64| {
        let info = types::MsgsAllInfo { msg_ids: vec![id as i64], info: vec![2] };
        boxed(types::MsgsAllInfo::ID, &info)
    };
    for by_itself in [resend, all_info] {
        let mut bench = Bench::new();
        let (_, ids) = leave(&mut bench, 0, &[1]);
        bench.session.on_connected(at(5));
        let state_request = bench.sent(at(5)).unwrap();
        bench.answer(at(5), 0, &by_itself(ids[0])).unwrap();
        assert_eq!((left_again(&mut bench, 5), unknown(&mut bench)), (vec![], vec![1]));
        let asked = only(&state_request, types::MsgsStateReq::ID).msg_id;
        bench.answer(at(5), 0, &state_info(asked, &[2])).unwrap();
        assert_eq!((left_again(&mut bench, 5), unknown(&mut bench)), (vec![], vec![]));
    }
    let mut bench = Bench::new();
    leave(&mut bench, 0, &[1]);
    bench.session.on_connected(at(5));
    let asked = only(&bench.sent(at(5)).unwrap(), types::MsgsStateReq::ID).msg_id;
    bench.answer(at(5), 0, &state_info(asked, &[2])).unwrap();
    assert_eq!((left_again(&mut bench, 5), unknown(&mut bench)), (vec![1], vec![]));
}

#[test]
fn f15_only_requested_answers_are_given_up() {
    const ASKED: u64 = 8192;
    const MORE: u64 = 3;
    let mut bench = Bench::new();
    (1..=ASKED + MORE).for_each(|tag| bench.request(tag));
    let mut ids = Vec::new();
    while let Some(packet) = bench.sent(at(0)) {
        ids.extend(packet.requests().iter().map(|message| message.msg_id));
    }
    bench.answer(at(0), 0, &acks(&ids)).unwrap();
    bench.session.on_connected(at(100));
    let mut given_up = Vec::new();
    let mut requests = Vec::new();
    for second in 100..200 {
        bench.session.tick(at(second).monotonic);
        while let Some(packet) = bench.sent(at(second)) {
            let asked = packet.messages.iter().filter(|message| message.is(types::MsgResendAnsReq::ID));
            requests.extend(asked.map(|message| (second, listed(message).len() as u64)));
        }
        bench.answer(at(second), 0, &[0; 4]).unwrap();
        let unknown = bench.session.take_unknown_outcomes();
        if let (Some(first), Some(last)) = (unknown.first(), unknown.last()) {
            given_up.push((second, first.0..=last.0));
        }
    }
    assert_eq!(requests, [(105, ASKED), (115, ASKED), (135, MORE), (145, MORE)]);
    assert_eq!(given_up, [(130, 1..=ASKED), (160, ASKED + 1..=ASKED + MORE)]);
    assert!(
        !bench.session.has_requests()
            && bench.session.delivery(RequestTag(1)) > bench.session.delivery(RequestTag(0))
    );
}

#[test]
fn f2_requests_wait_for_activity_in_the_last_75_seconds() {
    let mut bench = Bench::new();
    let leaves = |bench: &mut Bench, second: u64| {
        bench.session.decide_unrepeatable_hold(at(second), true);
        let mut pinged = false;
        let mut left = 0;
        let mut out = Vec::new();
        let Bench { session, bodies, encoder, random, .. } = bench;
        while session.wants_to_send(at(second).monotonic) {
            out.clear();
            if !session.pack(at(second), bodies, encoder, random, &mut out).unwrap() {
                break;
            }
            let plaintext = message::open(&bench.key, Direction::ToServer, &mut out[4..]).unwrap();
            pinged |= plaintext.windows(4).any(|bytes| bytes == PING.to_le_bytes());
            left += plaintext.windows(4).filter(|bytes| *bytes == REQUEST.to_le_bytes()).count();
            session.decide_unrepeatable_hold(at(second), true);
        }
        (pinged, left)
    };
    bench.session_id = {
        let mut other = Bench::new();
        other.sent(at(0)).unwrap();
        other.session_id
    };
    bench.request(1);
    assert_eq!(leaves(&mut bench, 0), (true, 0));
    bench.answer(at(0), 0, &[0; 4]).unwrap();
    // The clock must be synchronised again on a new connection.
    assert_eq!(leaves(&mut bench, 1), (true, 0));
    bench.answer(at(1), 0, &acks(&[])).unwrap();
    assert_eq!(leaves(&mut bench, 1), (false, 1));
    bench.request(2);
    assert_eq!(leaves(&mut bench, 75), (true, 1), "the ping is due automatically");
    bench.answer(at(75), 0, &acks(&[])).unwrap();
    // Nothing was sent or received during suspend.
    bench.request(3);
    assert_eq!(leaves(&mut bench, 150), (true, 0));
    bench.answer(at(150), 0, &acks(&[])).unwrap();
    assert_eq!(leaves(&mut bench, 150), (false, 1));
    // Only the wall clock shows the suspend.
    bench.request(4);
    let slept = Now::new(at(152).monotonic, at(9000).unix);
    bench.session.decide_unrepeatable_hold(slept, true);
    let mut out = Vec::new();
    let Bench { session, bodies, encoder, random, .. } = &mut bench;
    assert!(session.wants_to_send(slept.monotonic));
    session.pack(slept, bodies, encoder, random, &mut out).unwrap();
    assert_eq!(session.delivery(RequestTag(4)), Delivery::Queued);
}

#[test]
fn only_the_first_refusal_of_a_container_causes_a_state_request() {
    let asks = |packet: Packet| packet.messages.iter().any(|message| message.is(types::MsgsStateReq::ID));
    for code in [16, 20] {
        let mut bench = Bench::new();
        let (_, parts) = leave(&mut bench, 0, &[1, 2, 3, 4]);
        bench.answer(at(0), 0, &bad_msg(parts[1], code)).unwrap();
        assert!(bench.sent(at(0)).is_some_and(asks), "{code}");
        bench.answer(at(0), 0, &bad_msg(parts[2], code)).unwrap();
        assert!(!bench.sent(at(0)).is_some_and(asks), "{code}, the second");

        let mut bench = Bench::new();
        leave(&mut bench, 0, &[1]);
        let (packet, alone) = leave(&mut bench, 0, &[2]);
        assert_eq!(packet, alone[0]);
        bench.answer(at(0), 0, &bad_msg(packet, code)).unwrap();
        assert!(!bench.sent(at(0)).is_some_and(asks), "{code}, without a container");
    }
    // The others are malformed for the same reason.
    let mut bench = Bench::new();
    let (_, parts) = leave(&mut bench, 0, &[1, 2]);
    bench.answer(at(0), 0, &bad_msg(parts[0], 64)).unwrap_err();
    assert!(!bench.transmit(at(0)).into_iter().any(asks));
}

#[test]
fn a_draining_session_asks_for_the_state_once() {
    let mut bench = Bench::new();
    let (_, ids) = leave(&mut bench, 0, &[1]);
    bench.session.start_draining(at(1));
    let packet = bench.sent(at(1)).unwrap();
    let state_request = only(&packet, types::MsgsStateReq::ID);
    assert_eq!(listed(state_request), ids);
    bench.answer(at(1), 0, &state_info(state_request.msg_id, &[4])).unwrap();
    assert!(bench.sent(at(1)).is_none());
}

#[test]
fn reports_about_unknown_messages_are_no_rounds_of_resends() {
    let mut bench = Bench::new();
    let (_, ids) = leave(&mut bench, 0, &[1]);
    for number in 1..=20 {
        let msg_ids = vec![(ids[0] + 4_000 * number) as i64];
        let report = types::MsgsAllInfo { msg_ids, info: vec![2] };
        assert_eq!(bench.answer(at(0), 0, &boxed(types::MsgsAllInfo::ID, &report)), Ok(vec![]));
    }
}

#[test]
fn answers_to_8192_requests_at_most_are_requested() {
    let mut bench = Bench::new();
    (1..=8_200).for_each(|tag| bench.request(tag));
    let mut msg_ids = Vec::new();
    while let Some(packet) = bench.sent(at(0)) {
        msg_ids.extend(packet.requests().iter().map(|message| message.msg_id as i64));
    }
    assert_eq!(msg_ids.len(), 8_200);
    // 4: received, and 64: an answer exists.
    let report = types::MsgsAllInfo { info: vec![4 | 64; msg_ids.len()], msg_ids };
    bench.answer(at(0), 0, &boxed(types::MsgsAllInfo::ID, &report)).unwrap();
    let packet = bench.sent(at(0)).unwrap();
    assert_eq!(listed(only(&packet, types::MsgResendAnsReq::ID)).len(), 8_192);
}

#[test]
fn a_request_for_owed_answers_replaces_one_that_is_not_sent_yet() {
    let mut bench = Bench::new();
    let (_, ids) = leave(&mut bench, 0, &[1, 2]);
    bench.answer(at(0), 0, &acks(&ids[..1])).unwrap();
    bench.session.on_connected(at(1));
    bench.sent(at(1)).unwrap();
    bench.session.drop_request(RequestTag(2));
    // A long write, during which nothing can be packed.
    bench.session.tick(at(6).monotonic);
    bench.session.tick(at(16).monotonic);
    let packet = bench.sent(at(16)).unwrap();
    let count = |id| packet.messages.iter().filter(|message| message.is(id)).count();
    assert_eq!([count(types::MsgResendAnsReq::ID), count(functions::RpcDropAnswer::ID)], [1, 1]);
}
