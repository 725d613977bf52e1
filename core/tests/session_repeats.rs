//! A request that the server has not received may still arrive, over a connection that the client has lost. It is
//! repeated under its msg_id, so that the server executes one of the copies.
#![cfg(feature = "unstable")]

mod session_bench;

use sansgram_core::session::RequestTag;
use sansgram_core::tl::{Constructor, types};
use session_bench::*;

/// The status of a message that was not received.
const LOST: u8 = 2;

/// Sends these requests at 0 s, in one packet. Returns them.
fn leave(bench: &mut Bench, tags: &[u64]) -> Vec<Seen> {
    tags.iter().for_each(|tag| bench.request(*tag));
    bench.sent(at(0)).unwrap().requests().into_iter().cloned().collect()
}

/// Connects again. The server says that it has not received these requests.
fn lose(bench: &mut Bench, seconds: u64, requests: &[Seen]) {
    bench.session.on_connected(at(seconds));
    let packet = bench.sent(at(seconds)).unwrap();
    assert_eq!(packet.requests().len(), 0);
    let state_request = only(&packet, types::MsgsStateReq::ID);
    let ids: Vec<u64> = requests.iter().map(|request| request.msg_id).collect();
    assert_eq!(listed(state_request), ids);
    bench.answer(at(seconds), 0, &state_info(state_request.msg_id, &vec![LOST; ids.len()])).unwrap();
}

/// Returns the next packet with requests.
fn sent(bench: &mut Bench, seconds: u64) -> Packet {
    loop {
        let packet = bench.sent(at(seconds)).unwrap();
        if !packet.requests().is_empty() {
            return packet;
        }
    }
}

/// Returns a session that has repeated two requests at 5 s, the requests, and the packet.
fn repeated() -> (Bench, Vec<Seen>, Packet) {
    let mut bench = Bench::new();
    let requests = leave(&mut bench, &[1, 2]);
    lose(&mut bench, 5, &requests);
    let packet = sent(&mut bench, 5);
    (bench, requests, packet)
}

/// Checks that the packet is a container with exactly these messages, whose own msg_id is new.
fn assert_repeats(packet: &Packet, requests: &[Seen]) {
    assert!(packet.outer.is(CONTAINER));
    assert_eq!(packet.messages, requests);
    assert!(requests.iter().all(|request| request.msg_id < packet.outer.msg_id));
    assert_eq!(packet.outer.seq_no % 2, 0);
}

#[test]
fn they_keep_msg_id_and_seq_no_inside_a_new_container() {
    for tags in [&[1][..], &[1, 2, 3]] {
        let mut bench = Bench::new();
        let requests = leave(&mut bench, tags);
        lose(&mut bench, 5, &requests);
        // What is new has a packet of its own.
        bench.request(4);
        let repeated = sent(&mut bench, 5);
        assert_repeats(&repeated, &requests);
        let new = sent(&mut bench, 5);
        assert_eq!(new.requests()[0].body[4], 4);
        assert!(new.requests()[0].msg_id > repeated.outer.msg_id);
        assert!(bench.sent(at(6)).is_none_or(|packet| packet.requests().is_empty()));
        // The answer to either copy is the result.
        let answer = rpc_result(requests[0].msg_id, &[7; 4]);
        assert_eq!(bench.answer(at(6), 1, &answer).unwrap(), ["result 1 [7, 7, 7, 7]"]);
    }
}

#[test]
fn they_are_repeated_after_each_lost_connection() {
    let (mut bench, requests, first) = repeated();
    lose(&mut bench, 15, &requests);
    // Not sent yet when the connection is lost.
    lose(&mut bench, 25, &requests);
    let second = sent(&mut bench, 25);
    assert_repeats(&second, &requests);
    assert!(second.outer.msg_id > first.outer.msg_id);
}

#[test]
fn a_container_that_was_refused_is_followed_by_another() {
    type Refuse = fn(&Packet) -> Vec<u8>;
    let refusals: [Refuse; 3] = [
        |packet| bad_salt(packet.outer.msg_id, 12),
        |packet| bad_salt(packet.messages[0].msg_id, 12),
        |packet| bad_msg(packet.outer.msg_id, 16),
    ];
    for refuse in refusals {
        let (mut bench, requests, refused) = repeated();
        bench.answer(at(5), 0, &refuse(&refused)).unwrap();
        let packet = sent(&mut bench, 5);
        assert_repeats(&packet, &requests);
        assert!(packet.outer.msg_id > refused.outer.msg_id);
    }
}

/// The server refuses copies of a message that is older than 300 s, and what it has refused itself.
#[test]
fn those_that_can_no_longer_be_executed_get_another_msg_id() {
    let mut bench = Bench::new();
    let requests = leave(&mut bench, &[1]);
    lose(&mut bench, 340, &requests);
    let packet = sent(&mut bench, 340);
    assert!(packet.requests()[0].msg_id > requests[0].msg_id);

    let mut bench = Bench::new();
    let requests = leave(&mut bench, &[1, 2]);
    lose(&mut bench, 310, &requests);
    assert_repeats(&sent(&mut bench, 310), &requests);
    bench.answer(at(310), 0, &bad_msg(requests[0].msg_id, 16)).unwrap();
    let packet = sent(&mut bench, 310);
    assert_eq!(packet.requests().len(), 1);
    assert_eq!(packet.requests()[0].body, requests[0].body);
    assert!(packet.requests()[0].msg_id > requests[1].msg_id);
}

#[test]
fn a_server_that_refuses_containers_gets_another_msg_id() {
    let (mut bench, requests, refused) = repeated();
    assert!(bench.answer(at(5), 0, &bad_msg(refused.outer.msg_id, 64)).is_err());
    bench.session.on_connected(at(10));
    let mut bodies = Vec::new();
    while let Some(packet) = bench.sent(at(10)) {
        assert!(!packet.outer.is(CONTAINER));
        bodies.extend(packet.requests().into_iter().map(|request| {
            assert!(request.msg_id > refused.outer.msg_id);
            request.body.clone()
        }));
    }
    bodies.sort();
    assert_eq!(bodies, [requests[0].body.clone(), requests[1].body.clone()]);
}

#[test]
fn those_that_ended_are_not_repeated() {
    let mut bench = Bench::new();
    let requests = leave(&mut bench, &[1, 2, 3]);
    lose(&mut bench, 5, &requests);
    bench.session.drop_request(RequestTag(1));
    bench.answer(at(5), 1, &rpc_result(requests[1].msg_id, &[7; 4])).unwrap();
    let packet = sent(&mut bench, 5);
    assert_eq!(packet.requests(), [&requests[2]]);
}

/// A server that begins a new session with the container has forgotten the other requests below it.
#[test]
fn a_new_session_leaves_those_in_its_first_container() {
    let mut bench = Bench::new();
    let requests = leave(&mut bench, &[1, 2]);
    bench.session.on_connected(at(5));
    let packet = bench.sent(at(5)).unwrap();
    let state_request = only(&packet, types::MsgsStateReq::ID).msg_id;
    // The server has received the second, and loses it.
    bench.answer(at(5), 0, &state_info(state_request, &[LOST, 4])).unwrap();
    let repeated = sent(&mut bench, 5);
    bench.answer(at(6), 1, &new_session(repeated.outer.msg_id, 5)).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(2)]);
    let answer = rpc_result(requests[0].msg_id, &[7; 4]);
    assert_eq!(bench.answer(at(6), 1, &answer).unwrap(), ["result 1 [7, 7, 7, 7]"]);
}

/// A packet that was held back arrives at a server that was restarted, and begins its session: the server before may have
/// executed newer requests.
#[test]
fn a_late_packet_that_begins_a_session_does_not_vouch_for_newer_ones() {
    let mut bench = Bench::new();
    let late = leave(&mut bench, &[1]);
    bench.answer(at(0), 1, &new_session(late[0].msg_id, 5)).unwrap();
    bench.request(2);
    let newer = bench.sent(at(1)).unwrap().requests()[0].msg_id;
    bench.session.on_connected(at(5));
    let packet = bench.sent(at(5)).unwrap();
    let state_request = only(&packet, types::MsgsStateReq::ID).msg_id;
    bench.answer(at(5), 1, &new_session(late[0].msg_id, 6)).unwrap();
    bench.answer(at(5), 0, &state_info(state_request, &[4, LOST])).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), [RequestTag(1), RequestTag(2)]);
    assert!(bench.sent(at(6)).is_none_or(|packet| packet.requests().is_empty()));
    // The answer of the server before counts all the same.
    let answer = rpc_result(newer, &[7; 4]);
    assert_eq!(bench.answer(at(6), 1, &answer).unwrap(), ["result 2 [7, 7, 7, 7]"]);
}

/// The first session of the server under a new session_id takes the place of none.
#[test]
fn a_session_of_its_own_keeps_what_the_server_has_received() {
    let mut bench = Bench::new();
    let refused = leave(&mut bench, &[1]);
    bench.answer(at(0), 1, &new_session(refused[0].msg_id, 5)).unwrap();
    bench.answer(at(0), 0, &bad_msg(refused[0].msg_id, 17)).unwrap();
    let session_id = bench.session_id;
    let request = sent(&mut bench, 1).requests()[0].msg_id;
    assert_ne!(bench.session_id, session_id);
    bench.session.on_connected(at(5));
    bench.sent(at(5)).unwrap();
    bench.answer(at(5), 1, &new_session(request, 6)).unwrap();
    assert_eq!(bench.session.take_unknown_outcomes(), []);
}
