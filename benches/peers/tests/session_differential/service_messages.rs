//! Service messages: refusals of what the client sent, new sessions, and all others.

use sansgram_core::tl::{Constructor, types};

use crate::bodies::*;
use crate::clients::{Client, Ours, Packet, Theirs, now};
use crate::{NOTHING, Server, differ, same};

#[test]
fn corrections() {
    differ(
        "bad_server_salt",
        |s| vec![s.packet(bad_salt(s.request, 9))],
        "request 1 refused: 48; sends get_future_salts, salt 9",
        "nothing; sends msgs_ack of 1, ping, request 1, request 2, salt 9",
    );
    differ(
        "bad_server_salt, twice",
        |s| vec![s.packet(bad_salt(s.request, 9)), s.packet(bad_salt(s.request, 10))],
        "2 times request 1 refused: 48; sends get_future_salts, salt 10",
        "2 times nothing; sends msgs_ack of 2, ping, request 1, request 2, salt 9",
    );
    differ(
        "bad_server_salt about an unknown message",
        |s| vec![s.packet(bad_salt(4, 9))],
        "another message refused: 48; sends get_future_salts, salt 9",
        NOTHING,
    );
    differ(
        "code 16",
        |s| vec![s.packet_at(1000, bad_message(s.request, 16))],
        "request 1 refused: 16; sends msgs_ack of 1, request 2, 1000 s later",
        "nothing; sends msgs_ack of 1, ping, request 1, request 2, 1000 s later",
    );
    differ(
        "code 16 about an unknown message",
        |s| vec![s.packet(bad_message(4, 16))],
        "another message refused: 16; sends msgs_ack of 1, request 2",
        NOTHING,
    );
    differ(
        "code 16 about an unknown message, of another time",
        |s| vec![s.packet_at(1000, bad_message(4, 16))],
        "another message refused: 16; sends msgs_ack of 1, request 2, 1000 s later",
        "error time_window",
    );
    differ(
        "code 17",
        |s| vec![s.packet_at(-1000, bad_message(s.request, 17))],
        "request 1 refused: 17; sends msgs_ack of 1, request 2",
        "nothing; sends destroy_session, ping, request 1, request 2, another session, -1000 s later",
    );
    differ(
        "code 20",
        |s| vec![s.packet(bad_message(s.request, 20))],
        "request 1 refused: 20; sends msgs_ack of 1, request 2",
        "nothing; sends msgs_ack of 1, ping, request 2",
    );
    for code in [32, 33] {
        differ(
            "codes 32 and 33",
            |s| vec![s.packet(bad_message(s.request, code))],
            &format!("request 1 refused: {code}; sends msgs_ack of 1, request 2"),
            "nothing; sends destroy_session, ping, request 1, request 2, another session",
        );
    }
    for code in [18, 19, 34, 35, 48, 64, 99] {
        differ(
            "other codes",
            |s| vec![s.packet(bad_message(s.request, code))],
            &format!("request 1 refused: {code}; sends msgs_ack of 1, request 2"),
            "error bad_message",
        );
    }
}

/// Returns the seq_no of the request that follows `bad_msg_notification` with this code.
fn seq_no_after<C: Client>(code: i32) -> i32 {
    let unix = now();
    let mut client = C::new(unix);
    let first = client.send();
    let server = Server::new(unix, &first);
    client.receive(server.packet(bad_message(server.request, code)).seal(first.session_id));
    let next = client.send();
    let requests = next.messages.iter().filter(|message| name_of(&message.body) == "request");
    requests.map(|request| request.seq_no).max().unwrap()
}

#[test]
fn seq_nos_after_codes_32_and_33() {
    // The first request had 1. With 33, the number falls below 0.
    assert_eq!([32, 33].map(seq_no_after::<Theirs>), [1 + 2 + 64, 1 + 2 - 16]);
    // The second of two requests in another session.
    assert_eq!([32, 33].map(seq_no_after::<Ours>), [3; 2]);
}

#[test]
fn new_sessions() {
    differ(
        "that begins with the request",
        |s| vec![s.packet(new_session(s.request, 9))],
        "nothing; sends get_future_salts, salt 9",
        "NewSession; sends msgs_ack of 1, request 2, salt 9",
    );
    differ(
        "that begins after the request",
        |s| vec![s.packet(new_session(s.packet + 4, 9))],
        "nothing; sends get_future_salts, salt 9",
        "NewSession; sends msgs_ack of 1, request 1, request 2, salt 9",
    );
    differ(
        "reported twice",
        |s| vec![s.packet(new_session(s.request, 9)), s.packet(new_session(s.request, 10))],
        "2 times nothing; sends get_future_salts, salt 10",
        "NewSession, nothing; sends msgs_ack of 2, request 2, salt 9",
    );
}

#[test]
fn service_messages() {
    let cut = |s: &Server, mut body: Vec<u8>| {
        body.truncate(body.len() - 4);
        vec![s.packet(body)]
    };
    same("msgs_ack", |s| vec![s.packet(with_ids(types::MsgsAck::ID, &[s.request]))], NOTHING);
    same("msgs_state_info that was not requested", |s| vec![s.packet(state_info(4, &[4]))], NOTHING);
    same("destroy_session_ok", |s| vec![s.packet(destroy_session_ok(3))], NOTHING);
    for more in [0, 4] {
        differ(
            "pong, with bytes after it",
            |s| vec![s.packet([pong(s.request), vec![0; more]].concat())],
            "result of request 1: pong; sends msgs_ack of 1, request 2",
            "Pong; sends msgs_ack of 1, request 2",
        );
    }
    for body in [pong(1), with_ids(types::MsgsAck::ID, &[1]), future_salts(4, 9), bad_salt(4, 9), vec![0; 4]]
    {
        differ("cut short", |s| cut(s, body.clone()), "error MessageBufferTooSmall", "error malformed");
    }
    for body in [
        with_ids(types::MsgsStateReq::ID, &[1]),
        with_ids(types::MsgResendReq::ID, &[1]),
        all_info(1, &[4]),
        state_info(1, &[4]),
    ] {
        differ("not read by theirs, cut short", |s| cut(s, body.clone()), NOTHING, "error malformed");
    }
    differ(
        "future_salts that was not requested",
        |s| vec![s.packet(future_salts(4, 9))],
        "result of another message: future_salts; sends get_future_salts, salt 9",
        NOTHING,
    );
    differ(
        "msgs_state_req",
        |s| vec![s.packet(with_ids(types::MsgsStateReq::ID, &[1, 5]))],
        NOTHING,
        "nothing; sends msgs_ack of 1, msgs_state_info, request 2",
    );
    let again = "nothing; sends msgs_ack of 1, request 1, request 2";
    let resend = |s: &Server, id| vec![s.packet(with_ids(types::MsgResendReq::ID, &[id]))];
    differ("msg_resend_req", |s| resend(s, s.request), NOTHING, again);
    same("msg_resend_req of an unknown message", |s| resend(s, 4), NOTHING);
    differ("msgs_all_info: lost", |s| vec![s.packet(all_info(s.request, &[2]))], NOTHING, again);
    differ(
        "msgs_all_info: answered",
        |s| vec![s.packet(all_info(s.request, &[4 + 64]))],
        NOTHING,
        "nothing; sends msg_resend_ans_req, msgs_ack of 1, request 2",
    );
    differ(
        "msgs_all_info of another length",
        |s| vec![s.packet(all_info(s.request, &[4, 4]))],
        NOTHING,
        "ignored: state_info; sends msgs_ack of 1, request 2",
    );
    for is_new in [false, true] {
        let info = |s: &Server, id| if is_new { new_detailed_info(id) } else { detailed_info(s.request, id) };
        differ(
            "an answer that did not arrive",
            |s| vec![s.packet(info(s, s.id_at(0)))],
            "nothing; sends msgs_ack of 2, request 2",
            "nothing; sends msg_resend_req of 1, msgs_ack of 1, request 2",
        );
        differ(
            "an answer that arrived",
            |s| {
                let result = s.message(s.result());
                let info = s.packet(info(s, result.id));
                vec![Packet::of(result), info]
            },
            "result of request 1: answer, nothing; sends msgs_ack of 3, request 2",
            "result of request 1: answer, nothing; sends msgs_ack of 2, request 2",
        );
    }
    differ(
        "msg_resend_ans_req",
        |s| vec![s.packet(with_ids(types::MsgResendAnsReq::ID, &[s.request]))],
        NOTHING,
        "update: msg_resend_ans_req; sends msgs_ack of 1, request 2",
    );
    differ(
        "http_wait",
        |s| vec![s.packet(http_wait())],
        NOTHING,
        "update: http_wait; sends msgs_ack of 1, request 2",
    );
    differ(
        "destroy_auth_key_ok that was not requested",
        |s| vec![s.packet(types::DestroyAuthKeyOk::ID.to_le_bytes().to_vec())],
        "update: destroy_auth_key_ok; sends msgs_ack of 1, request 2",
        NOTHING,
    );
}
