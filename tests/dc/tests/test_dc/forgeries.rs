//! Forged messages that a client is to ignore: the DC really sends them, beside the good ones. A client that ignores
//! them shows nothing of them, so a scenario with one cannot tell.

use sansgram_testkit::raw_client::{RawClient, ServerMessage};
use sansgram_testkit::server::{FaultInjection, Forgery, ServerOptions};

const PING: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 2, 3, 4, 5, 6, 7, 8];
const PONG: u32 = 0x3477_73c5;
const BAD_SERVER_SALT: u32 = 0xedab_447b;
const RPC_RESULT: u32 = 0xf35c_6d01;
const MSGS_STATE_INFO: u32 = 0x04de_b57d;

/// A client in a session, whose DC begins to forge.
fn forged(forgery: Forgery) -> RawClient {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.send(&PING, false);
    let created = client.receive()[0].msg_id;
    client.ack(&[created]);
    assert_eq!(client.receive(), []);
    client.dcs.options_mut().fault_injection = FaultInjection::default().with_forgery(Some(forgery));
    client.send(&PING, false);
    client
}

#[test]
fn a_forged_message_comes_with_each_packet() {
    for (forgery, constructor) in [
        (Forgery::UnknownRefusal, BAD_SERVER_SALT),
        (Forgery::UnknownConstructor, 0x7e57_0099),
        (Forgery::UnknownResult, RPC_RESULT),
        (Forgery::UnknownStateInfo, MSGS_STATE_INFO),
    ] {
        let mut client = forged(forgery);
        let messages = client.receive();
        let constructors: Vec<u32> = messages.iter().map(ServerMessage::constructor).collect();
        assert_eq!(constructors, [PONG, constructor], "{forgery:?}");
        if forgery != Forgery::UnknownConstructor {
            assert_eq!(messages[1].long(4), 4, "{forgery:?}: a msg_id that no client uses");
        }
    }
}

#[test]
fn each_packet_comes_twice() {
    let mut client = forged(Forgery::Repeated);
    let packets = client.take_packets();
    assert_eq!(packets.len(), 2);
    assert_eq!(packets[0], packets[1]);
}

#[test]
fn a_quick_ack_comes_that_was_not_requested() {
    let mut client = forged(Forgery::UnknownQuickAck);
    assert_eq!(client.receive().len(), 1);
    assert_eq!(client.quick_acks, [0x8000_0007]);
    assert_ne!(client.quick_ack_token, client.quick_acks[0]);
}
