//! The receiver checks of the envelope, with published and derived packets: every invalid packet is rejected for its
//! own reason, and the controls are accepted.
#![cfg(feature = "unstable")]

mod vectors;

use std::slice;
use std::time::Duration;

use sansgram_core::crypto::message::{self, Direction, OpenError};
use sansgram_core::crypto::{AuthKey, SecureRandom, aes_ige};
use sansgram_core::session::{
    Container, Envelope, MessageError, MsgId, MsgIdGenerator, OutsideTimeWindow, SeqNoCounter, ServerClock,
    Session,
};
use sansgram_core::time::{Now, Timestamp};
use vectors::{load, unhex};

/// The session of the client's own packets.
const OUR_SESSION: u64 = 0x99aa_bbcc_ddee_ff00;

#[test]
fn packets_are_checked_as_in_the_vectors() {
    let vectors = load("messages.json");
    let now = vectors["now_for_time_checks"].as_u64().unwrap();
    let at = Now::new(Timestamp::ZERO, Duration::from_secs(now));
    let mut clock = ServerClock::from_wall(at, 0);
    clock.set_from_handshake(at, i32::try_from(now).unwrap());
    let rows = vectors["negative_and_edge"].as_array().unwrap();
    let mut refused = 0;
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let key = AuthKey::new(unhex(&row["auth_key"]).try_into().unwrap());
        let session = row["expected_session_id_u64"].as_u64().unwrap_or(OUR_SESSION);
        let packet = row.get("packet").unwrap_or(&row["encrypted"]);
        let mut packet = unhex(packet);
        let judged = Envelope::open(&key, session, &mut packet).and_then(|envelope| {
            if row["source"] == "ours" {
                clock.check(at, envelope.msg_id.time())?;
                if envelope.body.len() < 4 {
                    return Err(MessageError::Length);
                }
            }
            Ok(())
        });
        // The published controls have msg_ids that no server uses: even, and not of a real time. All other checks come
        // before that one, so its rejection shows that they passed.
        let judged = match judged {
            Err(MessageError::InvalidMsgId) if row["source"] != "ours" => Ok(()),
            judged => judged,
        };
        assert_eq!(judged.is_ok(), row["accept"].as_bool().unwrap(), "{name}: {judged:?}");
        let expected = match name {
            "wrong msg_key"
            | "bit flipped in msg_key"
            | "bit flipped in ciphertext"
            | "truncated to 8 mod 16"
            | "last block dropped"
            | "client direction keys (x=0) reflected to client" => Err(OpenError::MsgKeyMismatch.into()),
            "foreign auth_key_id" => Err(OpenError::WrongKeyId.into()),
            "wrong session id" | "wrong session_id" => Err(MessageError::WrongSessionId),
            "padding 0" | "padding outside 12..1024" => Err(MessageError::Padding(0)),
            "padding 8 (<12)" => Err(MessageError::Padding(8)),
            "padding 1036 (>1024)" => Err(MessageError::Padding(1036)),
            "even msg_id from server" => Err(MessageError::InvalidMsgId),
            _ if name.starts_with("length ") => Err(MessageError::Length),
            _ if name.starts_with("msg_id 301 s in the past") => Err(OutsideTimeWindow::Past.into()),
            _ if name.starts_with("msg_id 31 s in the future") => Err(OutsideTimeWindow::Future.into()),
            _ => Ok(()),
        };
        assert_eq!(judged, expected, "{name}");
        refused += usize::from(judged.is_err());
    }
    assert_eq!((rows.len(), refused), (24, 22));
}

#[test]
fn malformed_containers_are_rejected_as_a_whole() {
    let vectors = load("service_messages.json");
    let container_id = MsgId(u64::MAX);
    let good = unhex(&vectors["bodies"]["msg_container"]);
    assert_eq!(Container::parse(&good, container_id).unwrap().count(), 2);
    let empty = unhex(&vectors["bodies"]["msg_container_empty"]);
    assert_eq!(Container::parse(&empty, container_id).unwrap().count(), 0);
    let mut count = 0;
    for (name, body) in vectors["malformed"].as_object().unwrap() {
        if name.starts_with("container_") || name == "inner_length_not_mod4" {
            let body = unhex(body);
            let refused = Container::parse(&body, container_id);
            assert!(matches!(refused, Err(MessageError::Container(_))), "{name}: {refused:?}");
            count += 1;
        }
    }
    assert_eq!(count, 6);
    let above = Container::parse(&good, MsgId(1));
    assert!(matches!(above, Err(MessageError::Container(_))), "identifiers lie below the container's");
}

fn inner(msg_id: u64, body: &[u8]) -> Vec<u8> {
    let header = [&msg_id.to_le_bytes()[..], &1_i32.to_le_bytes(), &(body.len() as u32).to_le_bytes()];
    [&header.concat(), body].concat()
}

fn container(count: i32, messages: &[Vec<u8>]) -> Vec<u8> {
    [&0x73f1_f8dc_u32.to_le_bytes()[..], &count.to_le_bytes(), &messages.concat()].concat()
}

/// Each container has one fault.
#[test]
fn each_check_of_a_container_has_its_reason() {
    let good = inner(5, &[7; 8]);
    let refused = |count, messages: &[Vec<u8>]| {
        Container::parse(&container(count, messages), MsgId(101)).map(Iterator::count)
    };
    let because = |reason| Err(MessageError::Container(reason));
    assert_eq!(refused(2, &[good.clone(), inner(99, &[])]), Ok(2));
    assert_eq!(refused(-1, slice::from_ref(&good)), because("negative count"));
    assert_eq!(refused(i32::MIN, slice::from_ref(&good)), because("negative count"));
    assert_eq!(refused(2, &[good.clone(), inner(8, &[7; 8])]), because("an even msg_id"));
    let above = because("a msg_id that is not below the container's");
    assert_eq!(refused(2, &[good.clone(), inner(101, &[])]), above);
    assert_eq!(refused(2, &[good.clone(), inner(u64::MAX, &[])]), above);
    let nested = inner(9, &container(0, &[]));
    assert_eq!(refused(2, &[good.clone(), nested]), because("a container inside a container"));
    assert_eq!(refused(1, &[good.clone(), vec![0; 4]]), because("bytes after the last message"));
    let odd = because("a length that is not a multiple of 4");
    assert_eq!(refused(1, &[inner(5, &[7; 6])]), odd);
    let mut negative = good.clone();
    negative[12..16].copy_from_slice(&(-8_i32).to_le_bytes());
    assert_eq!(refused(1, &[negative]), because("a negative length"));
    for (count, cut) in [(2, 24), (1, 23), (1, 15), (1, 0)] {
        assert_eq!(refused(count, &[good[..cut].to_vec()]), because("a message past the end"));
    }
}

#[test]
fn a_container_has_1024_messages_at_most() {
    for (count, expected) in [
        (1024, Ok(1024)),
        (1025, Err(MessageError::Container("more than 1024 messages"))),
        (4000, Err(MessageError::Container("more than 1024 messages"))),
    ] {
        let messages: Vec<_> = (0..count).map(|at| inner(4 * at + 1, &[])).collect();
        let body = container(i32::try_from(count).unwrap(), &messages);
        assert_eq!(Container::parse(&body, MsgId(u64::MAX)).map(Iterator::count), expected);
    }
    let claim = container(i32::MAX, &[]);
    assert!(Container::parse(&claim, MsgId(u64::MAX)).is_err());
}

#[test]
fn seq_nos_match_the_vectors() {
    let sequences = &load("misc.json")["seqno"];
    assert_eq!(sequences.as_array().unwrap().len(), 1);
    let messages = sequences[0]["sequence"].as_array().unwrap();
    assert_eq!(messages.len(), 6);
    let mut counter = SeqNoCounter::default();
    for message in messages {
        let number = if message[0] == "content" { counter.content() } else { counter.service() };
        assert_eq!(message[1], number, "{message}");
    }
}

#[test]
fn msg_ids_match_the_vectors() {
    let vectors = load("misc.json");
    let cases = vectors["msg_id"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let millis = (case["fraction"].as_f64().unwrap_or(0.0) * 1000.0).round();
        let time = Duration::from_secs(case["unix"].as_u64().unwrap()) + Duration::from_millis(millis as u64);
        let expected = case["msg_id"].as_u64().unwrap();
        // Servers reject a lower half of 0, so the client never uses it.
        let expected = if expected.trailing_zeros() >= 32 { expected | 4 } else { expected };
        assert_eq!(MsgIdGenerator::default().next(time), MsgId(expected), "{case}");
    }
}

struct Zeros;

impl SecureRandom for Zeros {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

#[test]
fn truncated_and_modified_packets_are_rejected() {
    let vectors = load("messages.json");
    let row = &vectors["negative_and_edge"][0];
    let key = AuthKey::new(unhex(&row["auth_key"]).try_into().unwrap());
    let packet = unhex(&row["packet"]);
    let at = Now::new(Timestamp::ZERO, Duration::from_secs(1));
    for cut in 0..packet.len() {
        let mut session = Session::new(key.clone(), 0, ServerClock::from_wall(at, 0), &mut Zeros, at);
        let mut start = packet[..cut].to_vec();
        let result = session.receive(at, &mut start, &mut Zeros).map(drop);
        assert!(result.is_err_and(|reject| reject.is_fatal()), "cut at {cut}");
        let mut changed = packet.clone();
        changed[cut] ^= 1;
        let result = session.receive(at, &mut changed, &mut Zeros).map(drop);
        assert!(result.is_err_and(|reject| reject.is_fatal()), "byte {cut}");
    }
}

/// A proxy can change any byte. All of them are covered by `msg_key`, the padding too.
#[test]
fn a_change_of_any_byte_is_rejected_in_the_same_way() {
    let key = AuthKey::new(std::array::from_fn(|index| (index * 7 + 1) as u8));
    let session = OUR_SESSION;
    let mut packet = vec![0; 24 + 64];
    packet[32..40].copy_from_slice(&session.to_le_bytes());
    packet[40..48].copy_from_slice(&1_u64.to_le_bytes());
    packet[52..56].copy_from_slice(&16_i32.to_le_bytes());
    message::seal(&key, Direction::ToClient, &mut packet).unwrap();
    let opened = |packet: &[u8]| Envelope::open(&key, session, &mut packet.to_vec()).map(drop);
    assert_eq!(opened(&packet), Ok(()));
    for at in 0..packet.len() {
        for bit in 0..8 {
            let mut changed = packet.clone();
            changed[at] ^= 1 << bit;
            let expected = if at < 8 { OpenError::WrongKeyId } else { OpenError::MsgKeyMismatch };
            assert_eq!(opened(&changed), Err(expected.into()), "bit {bit} of byte {at}");
        }
    }
}

/// Builds a packet whose plaintext has this length field, and whose `msg_key` is not its hash.
fn with_wrong_msg_key(key: &AuthKey, length: i32) -> Vec<u8> {
    let msg_key = [0x5a; 16];
    let mut blocks = vec![0; 96];
    blocks[16..24].copy_from_slice(&1_u64.to_le_bytes());
    blocks[28..32].copy_from_slice(&length.to_le_bytes());
    let keys = message::kdf(key.as_bytes(), &msg_key, Direction::ToClient);
    aes_ige::encrypt(&keys.key, &keys.iv, &mut blocks).unwrap();
    [&key.id().to_bytes()[..], &msg_key, &blocks].concat()
}

/// Clients that checked the length first let an attacker find out plaintexts (Albrecht et al., "Four Attacks and a Proof
/// for Telegram", section VI).
#[test]
fn a_wrong_length_does_not_show_before_msg_key() {
    let key = AuthKey::new(std::array::from_fn(|index| (index * 5 + 3) as u8));
    for length in [48, 0, 3, 47, 96, 1 << 24, i32::MAX, -1, i32::MIN] {
        let mut packet = with_wrong_msg_key(&key, length);
        let refused = Envelope::open(&key, 0, &mut packet).map(drop);
        assert_eq!(refused, Err(OpenError::MsgKeyMismatch.into()), "{length}");
        assert_eq!(packet[24..], [0; 96], "{length}: the plaintext is left in the buffer");
    }
}
