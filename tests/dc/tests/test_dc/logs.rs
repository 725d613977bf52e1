//! The logs of messages and executions, which are kept on request only.

use sansgram_testkit::accounts::Accounts;
use sansgram_testkit::raw_client::RawClient;
use sansgram_testkit::server::{ReceivedMessage, ServerOptions};

use crate::common::{container, first_call};

const PING: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 2, 3, 4, 5, 6, 7, 8];

fn client() -> RawClient {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.send(&first_call(), true);
    client
}

#[test]
fn nothing_is_logged_without_a_request() {
    let mut client = client();
    client.send(&Accounts::count_query(1), true);
    assert_eq!(client.dcs.counted(1), 1);
    assert!(client.dcs.take_counted().is_empty() && client.dcs.take_messages().is_empty());
}

#[test]
fn executions_are_logged_in_their_order_and_taken_once() {
    let mut client = client();
    client.dcs.log_messages();
    for number in [3, 1, 3] {
        client.send(&Accounts::count_query(number), true);
    }
    assert_eq!(client.dcs.take_counted(), [3, 1, 3]);
    assert!(client.dcs.take_counted().is_empty());
    // A repeated message is executed once.
    let (msg_id, seq_no) = (client.next_msg_id(), client.next_seq_no(true));
    let message = client.forge(msg_id, seq_no, &Accounts::count_query(2));
    client.send_forged(&message);
    client.send_forged(&message);
    assert_eq!(client.dcs.take_counted(), [2]);
}

#[test]
fn messages_are_logged_as_they_were_sent_also_those_that_are_refused() {
    let mut client = client();
    client.dcs.log_messages();
    let first = client.send(&PING, false);
    let second = client.send(&PING, false);
    client.salt ^= 1;
    let refused = client.send(&Accounts::count_query(1), true);
    let messages = client.dcs.take_messages();
    assert_eq!(messages.iter().map(|message| message.msg_id).collect::<Vec<_>>(), [first, second, refused]);
    let key = client.key.as_ref().expect("it was made").id().0;
    for message in &messages {
        assert_eq!((message.conn, message.auth_key_id), (client.conn, key));
        assert_eq!((message.session_id, message.container), (client.session_id, None));
    }
    assert_eq!(messages.iter().map(|message| message.seq_no & 1).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(messages[0].digest, messages[1].digest);
    assert_ne!(messages[0].digest, messages[2].digest);
    assert!(client.dcs.take_messages().is_empty());
}

#[test]
fn a_container_is_logged_before_what_it_holds() {
    let mut client = client();
    client.dcs.log_messages();
    let ids = [client.next_msg_id(), client.next_msg_id()];
    let body = container(&[(ids[0], 2, &PING), (ids[1], 2, &PING)]);
    let outer = client.send(&body, false);
    let messages = client.dcs.take_messages();
    let found: Vec<_> =
        messages.iter().map(|message: &ReceivedMessage| (message.msg_id, message.container)).collect();
    assert_eq!(found, [(outer, None), (ids[0], Some(outer)), (ids[1], Some(outer))]);
    assert_eq!(messages[1].digest, messages[2].digest);
}
