//! The service messages of `service_messages.json`, byte for byte in both directions.
#![cfg(feature = "reencode")]

mod vectors;

use sansgram_tl::{DecodeError, Deserialize, Reader, Serialize, enums, functions, ids, types};
use vectors::{load, unhex};

const CLIENT: i64 = 7_301_444_403_200_000_004;
const SERVER: i64 = 7_301_444_407_494_967_297;

fn check<T: Serialize + Deserialize + PartialEq + std::fmt::Debug>(
    seen: &mut Vec<String>,
    name: &str,
    value: &T,
) {
    let expected = unhex(&load("service_messages.json")["bodies"][name]);
    assert_eq!(value.to_bytes(), expected, "{name}: written");
    assert_eq!(T::from_bytes(&expected).as_ref(), Ok(value), "{name}: read");
    assert_eq!(sansgram_tl::reencode(&expected), Ok(expected.clone()), "{name}: found by its id");
    for length in 0..expected.len() {
        assert!(T::from_bytes(&expected[..length]).is_err(), "{name} cut at {length} is accepted");
    }
    seen.push(name.to_owned());
}

#[test]
fn bodies() {
    assert_eq!(load("service_messages.json")["msg_ids"]["client"], CLIENT);
    assert_eq!(load("service_messages.json")["msg_ids"]["server"], SERVER);
    let mut seen = Vec::new();
    let s = &mut seen;
    check(s, "ping", &functions::Ping { ping_id: 1 });
    check(s, "ping_delay_disconnect", &functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 75 });
    check(s, "pong", &types::Pong { msg_id: CLIENT, ping_id: 1 }.to_boxed());
    check(s, "msgs_ack", &types::MsgsAck { msg_ids: vec![SERVER, SERVER + 4] }.to_boxed());
    for error_code in [16, 17, 32, 64] {
        let notification = types::BadMsgNotification { bad_msg_id: CLIENT, bad_msg_seqno: 1, error_code };
        check(s, &format!("bad_msg_notification_{error_code}"), &notification.to_boxed());
    }
    let salt = types::BadServerSalt {
        bad_msg_id: CLIENT,
        bad_msg_seqno: 1,
        error_code: 48,
        new_server_salt: 0x0102_0304_0506_0708,
    };
    check(s, "bad_server_salt", &salt.to_boxed());
    let created = types::NewSessionCreated { first_msg_id: CLIENT, unique_id: 0xaabb, server_salt: 0x1111 };
    check(s, "new_session_created", &created.to_boxed());
    check(s, "msgs_state_req", &types::MsgsStateReq { msg_ids: vec![CLIENT] }.to_boxed());
    check(s, "msgs_state_info", &types::MsgsStateInfo { req_msg_id: CLIENT, info: vec![4] }.to_boxed());
    check(s, "msgs_all_info", &types::MsgsAllInfo { msg_ids: vec![CLIENT], info: vec![12] }.to_boxed());
    let detailed = types::MsgDetailedInfo { msg_id: CLIENT, answer_msg_id: SERVER, bytes: 1000, status: 0 };
    check(s, "msg_detailed_info", &detailed.to_boxed());
    let detailed = types::MsgNewDetailedInfo { answer_msg_id: SERVER, bytes: 1000, status: 0 };
    check(s, "msg_new_detailed_info", &detailed.to_boxed());
    check(s, "msg_resend_req", &types::MsgResendReq { msg_ids: vec![SERVER] }.to_boxed());
    let error = types::RpcError { error_code: 420, error_message: "FLOOD_WAIT_30".to_owned() };
    check(s, "rpc_error", &error.to_boxed());
    check(s, "rpc_drop_answer", &functions::RpcDropAnswer { req_msg_id: CLIENT });
    check(s, "rpc_answer_unknown", &enums::RpcDropAnswer::RpcAnswerUnknown);
    check(s, "rpc_answer_dropped_running", &enums::RpcDropAnswer::RpcAnswerDroppedRunning);
    let dropped = types::RpcAnswerDropped { msg_id: SERVER, seq_no: 3, bytes: 100 };
    check(s, "rpc_answer_dropped", &dropped.to_boxed());
    check(s, "get_future_salts", &functions::GetFutureSalts { num: 64 });
    let now = 1_700_000_000;
    let salts = types::FutureSalts {
        req_msg_id: CLIENT,
        now: now + 1,
        salts: vec![
            types::FutureSalt { valid_since: now, valid_until: now + 3600, salt: 1 },
            types::FutureSalt { valid_since: now + 1800, valid_until: now + 5400, salt: 2 },
        ],
    };
    check(s, "future_salts", &salts.to_boxed());
    check(s, "destroy_session", &functions::DestroySession { session_id: 7 });
    check(s, "destroy_session_ok", &types::DestroySessionOk { session_id: 7 }.to_boxed());
    check(s, "destroy_session_none", &types::DestroySessionNone { session_id: 7 }.to_boxed());
    check(s, "http_wait", &types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 25000 }.to_boxed());
    check(s, "destroy_auth_key", &functions::DestroyAuthKey);

    // The others are parsed by hand: these are the ids that the session checks for.
    let vectors = load("service_messages.json");
    let mut parsed_by_hand = 0;
    for (name, body) in vectors["bodies"].as_object().expect("an object") {
        if seen.contains(name) {
            continue;
        }
        let id = Reader::new(&unhex(body)).u32();
        let expected = if name.starts_with("rpc_result") { ids::RPC_RESULT } else { ids::MSG_CONTAINER };
        assert_eq!(id, Ok(expected), "{name}");
        parsed_by_hand += 1;
    }
    assert_eq!(parsed_by_hand, 4);
}

#[test]
fn malformed_bodies_are_rejected() {
    let malformed = |name: &str| unhex(&load("service_messages.json")["malformed"][name]);
    assert_eq!(
        enums::FutureSalts::from_bytes(&malformed("future_salts_huge_count")),
        Err(DecodeError::VectorTooLong { count: 0x7fff_ffff })
    );
    assert_eq!(
        sansgram_tl::reencode(&malformed("unknown_constructor")),
        Err(DecodeError::UnexpectedConstructor { found: 0xdead_beef })
    );
    // The fields of this one are inconsistent. It is still well-formed TL, so that its list of ids can be compared with
    // the query.
    let info = enums::MsgsStateInfo::from_bytes(&malformed("state_info_wrong_length"));
    let expected = types::MsgsStateInfo { req_msg_id: CLIENT, info: vec![4; 3] };
    assert_eq!(info, Ok(expected.to_boxed()));
}
