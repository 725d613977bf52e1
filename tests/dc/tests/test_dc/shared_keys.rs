//! A key that two addresses use at once is ended; one that moves from address to address is not.

use std::net::IpAddr;

use sansgram_testkit::raw_client::RawClient;
use sansgram_testkit::server::{Refusal, ServerOptions, TestDcs};

use crate::common::first_call;

const RPC_RESULT: u32 = 0xf35c_6d01;

fn client(options: ServerOptions) -> RawClient {
    let mut client = RawClient::with_key(options);
    open(&mut client, 1);
    client
}

/// Opens a connection from 127.0.0.`host`, and leaves the others open. Returns its number.
fn open(client: &mut RawClient, host: u8) -> u64 {
    client.address = Some(IpAddr::from([127, 0, 0, host]));
    client.open();
    client.conn
}

/// Calls a method on the current connection. Returns the name of the error; `None` if there is none.
fn call(client: &mut RawClient) -> Option<String> {
    client.send(&first_call(), true);
    let messages = client.receive();
    // Otherwise they come again on the next connection.
    client.ack(&messages.iter().map(|message| message.msg_id).collect::<Vec<_>>());
    let result = messages.into_iter().find(|message| message.constructor() == RPC_RESULT);
    let text = String::from_utf8_lossy(&result.expect("an answer").body).into_owned();
    text.contains("AUTH_KEY_DUPLICATED").then(|| "AUTH_KEY_DUPLICATED".into())
}

/// Calls from 127.0.0.1, from 127.0.0.2, and again on the first connection. Returns the error of the last call.
fn interleave(client: &mut RawClient) -> Option<String> {
    assert_eq!(call(client), None);
    let first = client.conn;
    open(client, 2);
    assert_eq!(call(client), None);
    client.resume(first);
    call(client)
}

#[test]
fn two_addresses_at_once_end_the_key() {
    let mut client = client(ServerOptions::default());
    assert_eq!(interleave(&mut client).as_deref(), Some("AUTH_KEY_DUPLICATED"));
    let key = client.key.as_ref().unwrap().id().0;
    assert_eq!(client.refusals, [Refusal::SharedKey(key)]);
    // From now on, for each of them, and for a new connection.
    assert_eq!(call(&mut client).as_deref(), Some("AUTH_KEY_DUPLICATED"));
    client.reconnect();
    assert_eq!(call(&mut client).as_deref(), Some("AUTH_KEY_DUPLICATED"));
    assert_eq!(client.dcs.shared_key_uses(), 1);
    // Service messages are still answered, since the key still decrypts.
    client.send(&[&0x7abe_77ec_u32.to_le_bytes()[..], &7_i64.to_le_bytes()].concat(), true);
    assert!(client.receive().iter().any(|message| message.constructor() == 0x3477_73c5));
    let restored = TestDcs::restore(ServerOptions::default(), Box::new(client.random), &client.dcs.save());
    assert_eq!(restored.unwrap().keys().count(), 0);
}

#[test]
fn a_key_is_not_ended_if_the_option_is_off() {
    let mut client = client(ServerOptions::default().with_end_shared_keys(false));
    assert_eq!(interleave(&mut client), None);
    assert_eq!(client.dcs.shared_key_uses(), 1);
    assert_eq!(call(&mut client), None);
    assert_eq!(client.dcs.shared_key_uses(), 1);
}

#[test]
fn a_client_may_move_to_another_address() {
    let mut client = client(ServerOptions::default());
    for host in [1, 2, 3, 2, 1] {
        // The connections before it stay open, but send nothing more.
        open(&mut client, host);
        assert_eq!(call(&mut client), None);
        assert_eq!(call(&mut client), None);
    }
    assert_eq!(client.dcs.shared_key_uses(), 0);
    assert_eq!(client.refusals, []);
}
