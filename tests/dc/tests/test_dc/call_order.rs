//! `invokeAfterMsg` and `invokeAfterMsgs`: a call is executed only if those before it have succeeded.

use sansgram_testkit::accounts::{Accounts, Fault};
use sansgram_testkit::raw_client::{RawClient, ServerMessage};
use sansgram_testkit::server::ServerOptions;

use crate::common::first_call;

const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;
const INVOKE_AFTER_MSGS: u32 = 0x3dc4_b4f0;
const VECTOR: u32 = 0x1cb5_c415;

fn client() -> RawClient {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.dcs.log_messages();
    client.send(&first_call(), true);
    client.receive();
    client
}

fn after(msg_id: u64, number: i64) -> Vec<u8> {
    [&INVOKE_AFTER_MSG.to_le_bytes()[..], &msg_id.to_le_bytes(), &Accounts::count_query(number)].concat()
}

fn after_all(msg_ids: [u64; 2], number: i64) -> Vec<u8> {
    let head = [INVOKE_AFTER_MSGS, VECTOR, 2].map(u32::to_le_bytes).concat();
    [head, msg_ids.map(u64::to_le_bytes).concat(), Accounts::count_query(number)].concat()
}

/// Whether the last call was executed; otherwise it must have been answered with `MSG_WAIT_FAILED`.
fn is_executed(client: &mut RawClient) -> bool {
    let messages = client.receive();
    let is_refused =
        |message: &ServerMessage| message.body.windows(15).any(|text| text == b"MSG_WAIT_FAILED");
    let is_executed = !client.dcs.take_counted().is_empty();
    assert_ne!(messages.iter().any(is_refused), is_executed, "{messages:?}");
    is_executed
}

#[test]
fn a_call_follows_one_that_has_succeeded() {
    let mut client = client();
    let first = client.send(&Accounts::count_query(1), true);
    assert!(is_executed(&mut client));
    let second = client.send(&after(first, 2), true);
    assert!(is_executed(&mut client));
    client.send(&after_all([first, second], 3), true);
    assert!(is_executed(&mut client));
}

#[test]
fn a_call_does_not_follow_one_that_has_not_arrived() {
    let mut client = client();
    let unknown = client.next_msg_id();
    client.send(&after(unknown, 1), true);
    assert!(!is_executed(&mut client));
    let first = client.send(&Accounts::count_query(2), true);
    assert!(is_executed(&mut client));
    client.send(&after_all([first, unknown], 3), true);
    assert!(!is_executed(&mut client));
}

#[test]
fn a_call_does_not_follow_one_that_was_refused() {
    let mut client = client();
    let salt = std::mem::take(&mut client.salt);
    let refused = client.send(&Accounts::count_query(1), true);
    client.receive();
    client.salt = salt;
    client.send(&after(refused, 2), true);
    assert!(!is_executed(&mut client));
}

#[test]
fn a_call_does_not_follow_one_that_has_failed() {
    let mut client = client();
    client.dcs.inject_fault(Fault::flood_wait("help.saveAppLog", 5).once()).expect("the method exists");
    let failed = client.send(&Accounts::count_query(1), true);
    client.receive();
    client.send(&after(failed, 2), true);
    assert!(!is_executed(&mut client));
}
