//! The service messages of a session: salts, states, acks, dropped and resent answers.

use std::time::Duration;

use sansgram_testkit::raw_client::{RawClient, ServerMessage, TEST_EPOCH};
use sansgram_testkit::server::{Refusal, ServerOptions};

const GET_CONFIG: [u8; 4] = 0xc4f9_186b_u32.to_le_bytes();
const VECTOR: u32 = 0x1cb5_c415;
const RPC_RESULT: u32 = 0xf35c_6d01;
const MSGS_STATE_INFO: u32 = 0x04de_b57d;
const NEW_SESSION_CREATED: u32 = 0x9ec2_0908;

fn object(constructor: u32, longs: &[u64]) -> Vec<u8> {
    let mut body = constructor.to_le_bytes().to_vec();
    body.extend(longs.iter().flat_map(|long| long.to_le_bytes()));
    body
}

fn about(constructor: u32, ids: &[u64]) -> Vec<u8> {
    let mut body = constructor.to_le_bytes().to_vec();
    body.extend(VECTOR.to_le_bytes());
    body.extend((ids.len() as u32).to_le_bytes());
    body.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    body
}

fn ping() -> Vec<u8> {
    object(0x7abe_77ec, &[1])
}

/// A client whose session exists, with nothing left to acknowledge.
fn client() -> RawClient {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.send(&ping(), false);
    let created = client.receive()[0].msg_id;
    client.ack(&[created]);
    client
}

fn only(messages: &[ServerMessage]) -> &ServerMessage {
    assert_eq!(messages.len(), 1, "{messages:?}");
    &messages[0]
}

#[test]
fn future_salts_are_many_and_in_order() {
    for (asked, given) in [(1_u32, 32), (40, 40), (64, 64)] {
        let mut client = client();
        let body = [0xb921_bd04_u32.to_le_bytes(), asked.to_le_bytes()].concat();
        let msg_id = client.send(&body, false);
        let messages = client.receive();
        let salts = only(&messages);
        assert_eq!((salts.constructor(), salts.long(4)), (0xae50_0895, msg_id));
        assert_eq!((salts.int(12), salts.int(16)), (TEST_EPOCH.as_secs() as i32, given));
        assert_eq!(salts.body.len(), 20 + 16 * given as usize);
        assert!(salts.int(20) <= salts.int(12) && salts.int(24) > salts.int(12));
        for n in 1..given as usize {
            assert_eq!(salts.int(20 + 16 * n), salts.int(4 + 16 * n) + 1800);
        }
        client.salt = salts.long(28) as i64;
        client.send(&ping(), false);
        assert!(client.refusals.is_empty());
    }
}

#[test]
fn states_tell_what_the_server_knows_of_a_message() {
    let mut client = client();
    let request = client.send(&GET_CONFIG, true);
    let even = client.send(&ping(), false);
    client.receive();
    let late = client.last_msg_id + (1 << 32);
    let never = (TEST_EPOCH.as_secs() - 1) << 32;
    let asked = client.send(&about(0xda69_fb52, &[request, even, late, never]), false);
    let messages = client.receive();
    let info = only(&messages);
    assert_eq!((info.constructor(), info.long(4)), (MSGS_STATE_INFO, asked));
    assert_eq!(info.body[12..], [4, 4 + 8 + 32 + 64, 4 + 16, 3, 2, 0, 0, 0]);
}

#[test]
fn too_many_identifiers_are_a_flood() {
    let mut client = client();
    client.send(&about(0x62d6_b459, &vec![1; 8193]), false);
    assert_eq!(client.transport_errors, [-429]);
    assert!(client.closed);
    assert_eq!(client.refusals, [Refusal::TooManyIds(0x62d6_b459)]);
}

#[test]
fn rpc_drop_answer_drops_an_unacknowledged_answer() {
    let mut client = client();
    let request = client.send(&GET_CONFIG, true);
    let messages = client.receive();
    let answer = only(&messages);
    let dropping = client.send(&object(0x58e4_a740, &[request]), true);
    let messages = client.receive();
    let dropped = only(&messages);
    assert_eq!((dropped.constructor(), dropped.long(4)), (RPC_RESULT, dropping));
    assert_eq!((dropped.int(12) as u32, dropped.long(16)), (0xa43a_d8b7, answer.msg_id));
    assert_eq!(dropped.int(28), answer.body.len() as i32);
    client.send(&object(0x58e4_a740, &[request]), true);
    assert_eq!(only(&client.receive()).int(12) as u32, 0x5e2a_d36e);
}

#[test]
fn unacknowledged_messages_are_resent_over_a_new_connection() {
    let mut client = client();
    let (first, second) = (client.send(&GET_CONFIG, true), client.send(&GET_CONFIG, true));
    let answers = client.receive();
    assert_eq!(answers.len(), 2);
    client.ack(&[answers[0].msg_id]);
    client.reconnect();
    client.send(&ping(), false);
    let messages = client.receive();
    assert_eq!(messages.len(), 2, "the answer to the second request, and a pong");
    assert_eq!((messages[0].msg_id, &messages[0].body), (answers[1].msg_id, &answers[1].body));
    assert!(messages[0].container.is_some());
    assert_eq!((answers[0].long(4), answers[1].long(4)), (first, second));
}

#[test]
fn old_unacknowledged_messages_are_resent_under_a_new_msg_id() {
    let mut client = client();
    let request = client.send(&GET_CONFIG, true);
    let old = client.receive()[0].msg_id;
    client.reconnect();
    client.wait(Duration::from_secs(250));
    client.send(&ping(), false);
    let messages = client.receive();
    assert_eq!((messages[0].constructor(), messages[0].long(4)), (RPC_RESULT, request));
    assert!(messages[0].msg_id > old + (200 << 32));
}

#[test]
fn msg_resend_req_resends_a_message() {
    let mut client = client();
    client.send(&GET_CONFIG, true);
    let answer = client.receive()[0].msg_id;
    client.send(&about(0x7d86_1a08, &[answer]), false);
    assert_eq!(only(&client.receive()).msg_id, answer);
    client.ack(&[answer]);
    client.send(&about(0x7d86_1a08, &[answer]), false);
    assert_eq!(only(&client.receive()).constructor(), MSGS_STATE_INFO);
}

#[test]
fn sessions_are_destroyed_from_another_session() {
    for wrap_destroy_session in [false, true] {
        let mut client = client();
        client.dcs.options_mut().wrap_destroy_session = wrap_destroy_session;
        let old = client.session_id;
        (client.session_id, client.content_sent) = (77, 0);
        let created = client.send(&object(0xe751_2126, &[old as u64]), true);
        let messages = client.receive();
        let (outcome, at) = match messages[1].constructor() {
            RPC_RESULT => (messages[1].int(12) as u32, 12),
            other => (other, 0),
        };
        assert_eq!((outcome, messages[1].long(at + 4)), (0xe220_45fc, old as u64));
        assert_eq!(at == 12, wrap_destroy_session);
        assert_eq!(messages[0].long(4), created);
        client.send(&object(0xe751_2126, &[old as u64]), true);
        assert!(client.receive().iter().any(|message| message.body.ends_with(&old.to_le_bytes())));
        // The old session starts again.
        (client.session_id, client.content_sent) = (old, 0);
        client.send(&ping(), false);
        assert_eq!(client.receive()[0].constructor(), NEW_SESSION_CREATED);
    }
}

#[test]
fn a_destroyed_key_is_unknown() {
    let mut client = client();
    client.send(&0xd143_5160_u32.to_le_bytes(), true);
    assert_eq!(only(&client.receive()).int(12) as u32, 0xf660_e1d4);
    client.send(&ping(), false);
    assert_eq!(client.transport_errors, [-404]);
}

#[test]
fn ping_delay_disconnect_closes_a_silent_connection() {
    let mut client = client();
    let body = [&0xf342_7b8c_u32.to_le_bytes()[..], &9_u64.to_le_bytes(), &75_u32.to_le_bytes()].concat();
    client.send(&body, false);
    assert_eq!(only(&client.receive()).long(12), 9);
    client.wait(Duration::from_secs(60));
    client.send(&body, false);
    client.wait(Duration::from_secs(74));
    assert!(!client.closed);
    assert_eq!(client.deadline.unwrap().since_origin(), Duration::from_secs(135));
    client.wait(Duration::from_secs(1));
    assert!(client.closed);
}

#[test]
fn a_server_without_its_sessions_sends_new_session_created() {
    let mut client = client();
    client.dcs.forget_sessions();
    client.send(&ping(), false);
    assert_eq!(client.receive()[0].constructor(), NEW_SESSION_CREATED);
    assert!(client.refusals.is_empty(), "seq_no may go on where the client was");
}
