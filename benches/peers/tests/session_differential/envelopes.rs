//! Containers, and what is around all messages.

use crate::bodies::*;
use crate::clients::{Message, Packet};
use crate::{RESULT, Server, UPDATE, differ, same};

#[test]
fn containers() {
    same("of none", |s| vec![s.container(&[])], "nothing; sends request 2");
    same("of one", |s| vec![s.container_of(s.message(update()))], UPDATE);
    same(
        "of two",
        |s| vec![s.container(&[s.message(s.result()), s.message(update())])],
        "result of request 1: answer, update: update; sends msgs_ack of 2, request 2",
    );
    same(
        "with an odd seq_no",
        |s| vec![s.packet(container(&[s.message(update())]))],
        "update: update; sends msgs_ack of 2, request 2",
    );
    let many = |s: &Server, count| {
        let update = || Message { seq_no: 0, ..s.message(update()) };
        vec![s.container(&std::iter::repeat_with(update).take(count).collect::<Vec<_>>())]
    };
    same("of 1024", |s| many(s, 1024), "1024 times update: update; sends request 2");
    differ("of 1025", |s| many(s, 1025), "1025 times update: update; sends request 2", "error container");
    differ(
        "in a container",
        |s| vec![s.container_of(Message { seq_no: 0, ..s.message(container(&[s.message(update())])) })],
        UPDATE,
        "error container",
    );
    differ(
        "with an even msg_id",
        |s| vec![s.container_of(Message { id: s.id_at(0) & !1, ..s.message(update()) })],
        UPDATE,
        "error container",
    );
    differ(
        "with a msg_id above its own",
        |s| vec![s.container_of(Message { id: s.id_at(1), ..s.message(update()) })],
        UPDATE,
        "error container",
    );
    differ(
        "with bytes after the last message",
        |s| {
            let mut packet = s.container_of(s.message(update()));
            packet.message.body.extend([0; 4]);
            vec![packet]
        },
        UPDATE,
        "error container",
    );
    differ(
        "cut short",
        |s| {
            let mut packet = s.container(&[s.message(update()), s.message(update())]);
            packet.message.body.truncate(packet.message.body.len() - 4);
            vec![packet]
        },
        "error MessageBufferTooSmall",
        "error container",
    );
    differ(
        "with a message twice",
        |s| {
            let message = s.message(update());
            vec![Packet::of(message.clone()), s.container(&[message.clone(), message])]
        },
        "3 times update: update; sends msgs_ack of 3, request 2",
        "update: update, nothing; sends msgs_ack of 1, request 2",
    );
    for malformed in [vec![], pong(1)[..8].to_vec()] {
        differ(
            "with a malformed message",
            |s| {
                vec![s.container(&[s.message(s.result()), s.message(malformed.clone()), s.message(update())])]
            },
            "error MessageBufferTooSmall",
            "result of request 1: answer, error malformed",
        );
    }
}

#[test]
fn envelopes() {
    for seconds in [-290, 20] {
        same("of the time window", |s| vec![s.packet_at(seconds, s.result())], RESULT);
    }
    for seconds in [-301, 31] {
        let packets = |s: &Server| vec![s.packet_at(seconds, s.result())];
        differ("outside of the time window", packets, RESULT, "error time_window");
    }
    differ(
        "even msg_id",
        |s| vec![Packet::of(Message { id: s.id_at(0) & !1, ..s.message(s.result()) })],
        RESULT,
        "error invalid_msg_id",
    );
    differ(
        "repeated",
        |s| {
            let packet = s.packet(update());
            vec![packet.clone(), packet]
        },
        "2 times update: update; sends msgs_ack of 2, request 2",
        "update: update, ignored: duplicate; sends msgs_ack of 1, request 2",
    );
    // With the header, 52 bytes and more.
    let padded = |s: &Server, more: usize, padding| {
        vec![Packet { padding, ..s.packet([s.result(), vec![0; more]].concat()) }]
    };
    for (more, padding) in [(0, 12), (12, 1024)] {
        same("padding of 12 or 1024 bytes", |s| padded(s, more, padding), RESULT);
    }
    for (more, padding) in [(8, 0), (0, 1028)] {
        differ("short and long padding", |s| padded(s, more, padding), RESULT, "error padding");
    }
    let with_length = |s: &Server, length| vec![Packet { length: Some(length), ..s.packet(s.result()) }];
    differ(
        "length beyond the packet",
        |s| with_length(s, 1000),
        "error MessageBufferTooSmall",
        "error length",
    );
    differ("length that is not a multiple of 4", |s| with_length(s, 18), RESULT, "error length");
    let damaged = |s: &Server, damage| vec![Packet { damage, ..s.packet(s.result()) }];
    for (damage, theirs) in [
        ((|packet| packet[0] ^= 1) as fn(&mut Vec<u8>), "error DecryptionError(AuthKeyMismatch)"),
        (|packet| packet[8] ^= 1, "error DecryptionError(MessageKeyMismatch)"),
        (|packet| packet[40] ^= 1, "error DecryptionError(MessageKeyMismatch)"),
        (|packet| packet.truncate(72), "error DecryptionError(MessageKeyMismatch)"),
        (|packet| packet.truncate(20), "error DecryptionError(InvalidBuffer)"),
        (|packet| packet.truncate(4), "error MessageBufferTooSmall"),
    ] {
        differ("damaged", |s| damaged(s, damage), theirs, "error cipher");
    }
    differ(
        "bytes after the last block",
        |s| damaged(s, |packet| packet.extend([1; 15])),
        "error DecryptionError(InvalidBuffer)",
        RESULT,
    );
}
