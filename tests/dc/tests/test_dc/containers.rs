//! A client's containers: their messages are executed, and a malformed container is refused as a whole.

use sansgram_core::tl::gzip;
use sansgram_testkit::raw_client::{RawClient, ServerMessage};
use sansgram_testkit::server::{BadMessage, Refusal, ServerOptions};

use crate::common::container;

const PONG: u32 = 0x3477_73c5;
const RPC_RESULT: u32 = 0xf35c_6d01;
const MSGS_ACK: u32 = 0x62d6_b459;
const GET_CONFIG: [u8; 4] = 0xc4f9_186b_u32.to_le_bytes();

fn ping(ping_id: u64) -> Vec<u8> {
    [&0x7abe_77ec_u32.to_le_bytes()[..], &ping_id.to_le_bytes()].concat()
}

fn client() -> RawClient {
    RawClient::with_key(ServerOptions::default())
}

fn constructors(messages: &[ServerMessage]) -> Vec<u32> {
    messages.iter().skip(1).map(ServerMessage::constructor).collect()
}

#[test]
fn all_messages_of_a_container_are_answered() {
    let mut client = client();
    let ids = [client.next_msg_id(), client.next_msg_id(), client.next_msg_id()];
    let body = container(&[(ids[0], 0, &ping(7)), (ids[1], 1, &GET_CONFIG), (ids[2], 3, &ping(8))]);
    client.content_sent = 2;
    let container_id = client.send(&body, false);
    let messages = client.receive();
    // The last ping requires an ack by its odd seq_no; the answer acknowledges the request.
    assert_eq!(constructors(&messages), [PONG, RPC_RESULT, PONG, MSGS_ACK]);
    assert_eq!(messages[0].long(4), container_id, "new_session_created names the container");
    assert_eq!((messages[1].long(4), messages[1].long(12)), (ids[0], 7));
    assert_eq!(messages[2].long(4), ids[1]);
    assert_eq!((messages[4].int(8), messages[4].long(12)), (1, ids[2]));
    assert!(client.refusals.is_empty());
}

#[test]
fn malformed_containers_are_refused_as_a_whole() {
    let mut client = client();
    let (low, high) = (client.next_msg_id(), client.last_msg_id + (8 << 32));
    let nested = container(&[(low, 0, &ping(1))]);
    let good = container(&[(low, 0, &ping(1))]);
    let mut too_many = container(&[]);
    too_many[4..8].copy_from_slice(&1025_u32.to_le_bytes());
    for n in 0..1025 {
        too_many.extend(&container(&[(low + n * 4, 0, &ping(1))])[8..]);
    }
    let mut negative = good.clone();
    negative[4..8].copy_from_slice(&(-1_i32).to_le_bytes());
    let mut past_the_end = good.clone();
    past_the_end[20..24].copy_from_slice(&4096_u32.to_le_bytes());
    let cases = [
        ("nested", container(&[(low, 0, &nested)])),
        ("inner identifier above the container's", container(&[(high, 0, &ping(1))])),
        ("too many", too_many),
        ("negative count", negative),
        ("length past the end", past_the_end),
        ("trailing bytes", [good.clone(), vec![0; 4]].concat()),
        ("empty message", container(&[(low, 0, &[])])),
    ];
    for (name, body) in cases {
        let msg_id = client.last_msg_id + 4 * 2000;
        client.last_msg_id = msg_id;
        let forged = client.forge(msg_id, 0, &body);
        client.send_forged(&forged);
        let reason = BadMessage::Container;
        assert_eq!(client.refusals.pop(), Some(Refusal::Message { msg_id, reason }), "{name}");
        let last = client.receive().pop().unwrap();
        assert_eq!((last.long(4), last.int(16)), (msg_id, 64), "{name}");
    }
    // No message was executed: the same identifier is still free.
    client.send(&good, false);
    assert_eq!(client.receive()[0].constructor(), PONG);
    assert!(client.refusals.is_empty());
}

#[test]
fn a_container_cannot_take_an_earlier_identifier() {
    let mut client = client();
    let msg_id = client.send(&ping(1), false);
    let forged = client.forge(msg_id, 0, &container(&[(msg_id - 4, 0, &ping(1))]));
    client.send_forged(&forged);
    assert_eq!(client.refusals, [Refusal::Message { msg_id, reason: BadMessage::ContainerIdTaken }]);
}

#[test]
fn a_bad_message_in_a_container_is_refused_alone() {
    let mut client = client();
    let (first, second) = (client.next_msg_id(), client.next_msg_id());
    client.send(&container(&[(first + 1, 0, &ping(1)), (second, 0, &ping(2))]), false);
    let reason = BadMessage::IdNotDivisible;
    assert_eq!(client.refusals, [Refusal::Message { msg_id: first + 1, reason }]);
    assert_eq!(constructors(&client.receive()), [0xa7ef_f811, PONG]);
}

#[test]
fn packed_requests_are_unpacked() {
    let mut client = client();
    let packed = gzip::compress(&GET_CONFIG);
    let mut body = 0x3072_cfa1_u32.to_le_bytes().to_vec();
    body.push(u8::try_from(packed.len()).unwrap());
    body.extend(packed);
    body.resize(body.len().next_multiple_of(4), 0);
    let msg_id = client.send(&body, true);
    let messages = client.receive();
    assert_eq!((messages[1].constructor(), messages[1].long(4)), (RPC_RESULT, msg_id));
    assert!(client.refusals.is_empty());
}
