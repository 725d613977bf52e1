//! Each check of the session server: one message with one mistake, and its answer.

use std::time::Duration;

use sansgram_core::transport::Framing;
use sansgram_testkit::raw_client::{RawClient, ServerMessage};
use sansgram_testkit::server::{BadMessage, EnvelopeRefusal, FaultInjection, Refusal, ServerOptions};

const PING: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 2, 3, 4, 5, 6, 7, 8];
const PONG: u32 = 0x3477_73c5;
const BAD_MSG_NOTIFICATION: u32 = 0xa7ef_f811;
const BAD_SERVER_SALT: u32 = 0xedab_447b;
const NEW_SESSION_CREATED: u32 = 0x9ec2_0908;

fn client() -> RawClient {
    RawClient::with_key(ServerOptions::default())
}

/// A client whose session exists, with nothing left to acknowledge.
fn client_in_session() -> RawClient {
    let mut client = client();
    client.send(&PING, false);
    let created = client.receive()[0].msg_id;
    client.ack(&[created]);
    assert!(client.receive().is_empty() && client.refusals.is_empty());
    client
}

#[test]
fn the_first_message_of_a_session_brings_new_session_created() {
    for kind in Framing::ALL {
        let mut client = RawClient::connect(ServerOptions::default(), 2, kind);
        client.handshake(None).unwrap();
        let ping = client.send(&PING, false);
        let messages = client.receive();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].constructor(), messages[0].seq_no), (NEW_SESSION_CREATED, 1));
        assert_eq!((messages[0].msg_id & 3, messages[0].long(4)), (3, ping));
        assert_eq!((messages[1].constructor(), messages[1].msg_id & 3), (PONG, 1));
        assert_eq!((messages[1].long(4), &messages[1].body[12..]), (ping, &PING[4..]));
        assert!(messages[0].container.is_some());
        client.send(&PING, false);
        let messages = client.receive();
        assert_eq!((messages.len(), messages[0].container), (1, None));
        assert!(client.refusals.is_empty(), "{kind}: {:?}", client.refusals);
    }
}

#[test]
fn packets_that_do_not_decrypt_end_the_connection() {
    type Packet = fn(&mut RawClient) -> Vec<u8>;
    let cases: [(Packet, EnvelopeRefusal); 6] = [
        (
            |client| [&[9; 8], &ping_packet(client)[8..]].concat(),
            EnvelopeRefusal::UnknownKey(0x0909_0909_0909_0909),
        ),
        (|client| flipped(ping_packet(client), 8), EnvelopeRefusal::MessageKey),
        (|client| flipped(ping_packet(client), 60), EnvelopeRefusal::MessageKey),
        (|client| ping_packet(client)[..56].to_vec(), EnvelopeRefusal::Length(56)),
        (|client| [ping_packet(client), vec![0; 4]].concat(), EnvelopeRefusal::Length(92)),
        (|_| vec![1, 0, 0, 0], EnvelopeRefusal::Length(4)),
    ];
    for (packet, refusal) in cases {
        let mut client = client();
        let packet = packet(&mut client);
        client.send_packet(&packet);
        assert_eq!(client.refusals, [Refusal::Envelope(refusal)]);
        assert_eq!(client.transport_errors, [-404]);
        assert!(client.closed);
    }
}

fn ping_packet(client: &mut RawClient) -> Vec<u8> {
    let forged = client.forge(4, 0, &PING);
    client.seal(&forged)
}

fn flipped(mut packet: Vec<u8>, at: usize) -> Vec<u8> {
    packet[at] ^= 1;
    packet
}

#[test]
fn lengths_and_padding_inside_a_packet_are_checked() {
    let padding = |bytes| (None, Some(bytes), EnvelopeRefusal::Padding(bytes));
    let length = |bytes| (Some(bytes), None, EnvelopeRefusal::MessageLength(bytes));
    let cases = [padding(4), padding(1028), length(-4), length(13), length(0), length(1 << 20)];
    for (length, padding, refusal) in cases {
        let mut client = client();
        let msg_id = client.next_msg_id();
        let mut forged = client.forge(msg_id, 0, &PING);
        (forged.length, forged.padding) = (length, padding);
        client.send_forged(&forged);
        assert_eq!(client.refusals, [Refusal::Envelope(refusal)]);
        assert!(client.closed);
    }
}

#[test]
fn session_zero_is_refused() {
    let mut client = client();
    client.session_id = 0;
    client.send(&PING, false);
    assert_eq!(client.refusals, [Refusal::Envelope(EnvelopeRefusal::SessionId)]);
}

/// Sends a ping with `change` applied, and expects this code.
fn expect_code(reason: BadMessage, change: impl FnOnce(&mut RawClient, &mut u64, &mut u32)) {
    let mut client = client_in_session();
    let (mut msg_id, mut seq_no) = (client.next_msg_id(), 0);
    change(&mut client, &mut msg_id, &mut seq_no);
    let forged = client.forge(msg_id, seq_no, &PING);
    client.send_forged(&forged);
    assert_eq!(client.refusals, [Refusal::Message { msg_id, reason }]);
    let messages = client.receive();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].constructor(), BAD_MSG_NOTIFICATION);
    assert_eq!(messages[0].long(4), msg_id);
    assert_eq!((messages[0].int(12), messages[0].int(16)), (seq_no as i32, reason.code()));
    assert!(!client.closed);
}

#[test]
fn msg_ids_must_be_recent() {
    expect_code(BadMessage::IdTooLow, |_, msg_id, _| *msg_id -= 301 << 32);
    expect_code(BadMessage::IdTooHigh, |_, msg_id, _| *msg_id += 31 << 32);
    expect_code(BadMessage::IdNotDivisible, |_, msg_id, _| *msg_id += 1);
    // The edges are still good.
    let mut client = client_in_session();
    let msg_id = client.next_msg_id();
    for id in [msg_id - (300 << 32), msg_id + (30 << 32)] {
        let forged = client.forge(id, 0, &PING);
        client.send_forged(&forged);
    }
    assert!(client.refusals.is_empty());
}

#[test]
fn seq_no_must_rise_with_the_identifiers() {
    // A content-related message with seq_no 9 came before.
    expect_code(BadMessage::SeqNoTooLow, |client, msg_id, seq_no| {
        let forged = client.forge(*msg_id, 9, &PING);
        client.send_forged(&forged);
        client.receive();
        (*msg_id, *seq_no) = (client.next_msg_id(), 7);
    });
    expect_code(BadMessage::SeqNoTooLow, |client, msg_id, seq_no| {
        let forged = client.forge(*msg_id, 9, &PING);
        client.send_forged(&forged);
        client.receive();
        (*msg_id, *seq_no) = (client.next_msg_id(), 9);
    });
    // A later one with seq_no 2 came before.
    expect_code(BadMessage::SeqNoTooHigh, |client, _, seq_no| {
        let forged = client.forge(client.last_msg_id + 4, 2, &PING);
        client.send_forged(&forged);
        client.receive();
        *seq_no = 3;
    });
}

#[test]
fn seq_no_says_whether_a_message_is_content_related() {
    let mut client = client_in_session();
    let msg_id = client.next_msg_id();
    let ack = [&0x62d6_b459_u32.to_le_bytes()[..], &0x1cb5_c415_u32.to_le_bytes(), &[0; 4]].concat();
    let forged = client.forge(msg_id, 1, &ack);
    client.send_forged(&forged);
    assert_eq!(client.refusals, [Refusal::Message { msg_id, reason: BadMessage::SeqNoOdd }]);
    // help.getConfig
    let msg_id = client.send(&0xc4f9_186b_u32.to_le_bytes(), false);
    assert_eq!(client.refusals[1..], [Refusal::Message { msg_id, reason: BadMessage::SeqNoEven }]);
}

#[test]
fn a_wrong_salt_is_answered_with_the_right_one() {
    let mut client = client();
    client.salt ^= 1;
    let msg_id = client.send(&PING, false);
    let messages = client.receive();
    assert_eq!(messages.len(), 1, "no session is made for it");
    assert_eq!(messages[0].constructor(), BAD_SERVER_SALT);
    assert_eq!((messages[0].long(4), messages[0].int(16)), (msg_id, 48));
    client.salt = messages[0].long(20) as i64;
    client.send(&PING, false);
    assert_eq!(client.receive().last().unwrap().constructor(), PONG);
    assert!(client.refusals.iter().all(|refusal| !refusal.is_clients_fault()));
}

#[test]
fn the_salt_of_the_handshake_can_be_refused() {
    let fault_injection = FaultInjection::default().with_wrong_salt_first(true);
    let mut client = RawClient::with_key(ServerOptions::default().with_fault_injection(fault_injection));
    client.send(&PING, false);
    assert_eq!(client.receive()[0].constructor(), BAD_SERVER_SALT);
}

#[test]
fn salts_expire() {
    let salt_lifetime = Duration::from_secs(60);
    let mut client = RawClient::with_key(ServerOptions::default().with_salt_lifetime(salt_lifetime));
    client.send(&PING, false);
    client.receive();
    client.wait(Duration::from_secs(121));
    client.send(&PING, false);
    assert_eq!(client.receive()[0].constructor(), BAD_SERVER_SALT);
}

#[test]
fn an_expired_temporary_key_is_unknown() {
    let mut client = RawClient::connect(ServerOptions::default(), 2, Framing::Abridged);
    client.handshake(Some(60)).unwrap();
    client.wait(Duration::from_secs(59));
    client.send(&PING, false);
    assert_eq!(client.receive().len(), 2);
    client.wait(Duration::from_secs(1));
    client.send(&PING, false);
    assert_eq!(client.transport_errors, [-404]);
}

#[test]
fn a_repeated_message_is_executed_once() {
    let mut client = client_in_session();
    let (msg_id, seq_no) = (client.next_msg_id(), client.next_seq_no(true));
    // help.getConfig
    let forged = client.forge(msg_id, seq_no, &0xc4f9_186b_u32.to_le_bytes());
    client.send_forged(&forged);
    let first = client.receive();
    client.send_forged(&forged);
    let again = client.receive();
    let answer = first.iter().find(|message| message.constructor() == 0xf35c_6d01).unwrap();
    let repeated = again.iter().find(|message| message.constructor() == 0xf35c_6d01).unwrap();
    assert_eq!((answer.msg_id, &answer.body), (repeated.msg_id, &repeated.body));
    client.ack(&[answer.msg_id]);
    client.send_forged(&forged);
    let acked: Vec<_> = client.receive().iter().map(ServerMessage::constructor).collect();
    assert_eq!(acked, [0x62d6_b459], "the answer was acknowledged: only the request is again");
    assert!(client.refusals.is_empty());
}

#[test]
fn quick_acks_name_the_packet() {
    for kind in [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate] {
        let mut client = RawClient::connect(ServerOptions::default(), 2, kind);
        client.handshake(None).unwrap();
        let msg_id = client.next_msg_id();
        let forged = client.forge(msg_id, 0, &PING);
        let packet = client.seal(&forged);
        client.send_packet_with(&packet, true);
        assert_eq!(client.quick_acks, [client.quick_ack_token], "{kind}");
        assert_eq!(client.receive().len(), 2);
    }
}

/// The first message of Pyrogram 1.4.16 has a salt of 0 and a msg_id of its own clock, neither divisible by 4 nor
/// recent. It learns the time from `bad_server_salt`, and fails at any other refusal.
#[test]
fn a2_a_wrong_salt_is_reported_before_a_wrong_msg_id() {
    let mut client = client_in_session();
    let (early, seq_no) = ((4_000 << 32) + 1, 1);
    client.salt = 0;
    let forged = client.forge(early, seq_no, &PING);
    client.send_forged(&forged);
    assert_eq!(client.refusals, [Refusal::Message { msg_id: early, reason: BadMessage::Salt }]);
    let messages = client.receive();
    assert_eq!(messages.iter().map(ServerMessage::constructor).collect::<Vec<_>>(), [BAD_SERVER_SALT]);
    // The msg_id of `bad_server_salt` has the time.
    assert_eq!(messages[0].msg_id >> 32, 1_700_000_000);
}
