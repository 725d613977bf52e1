//! A burst of requests leaves in one transmit, in packets of up to 4 KiB and 100 requests, which are sealed together.
#![cfg(feature = "unstable")]

mod session_bench;

use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::session::{Delivery, RequestTag};
use sansgram_core::transport::{FrameEncoder, Framing, ServerFrameDecoder};
use session_bench::*;

/// Queues requests whose bodies have this length in bytes.
fn queue(bench: &mut Bench, tags: impl Iterator<Item = u64>, length: usize) {
    for tag in tags {
        bench.request(tag);
        bench.bodies.bodies.get_mut(&tag).unwrap().resize(length, 7);
    }
}

/// A session that has sent its ping.
fn started() -> Bench {
    let mut bench = Bench::new();
    bench.sent(at(0)).unwrap();
    bench
}

#[test]
fn a_burst_leaves_in_one_transmit() {
    let mut bench = started();
    queue(&mut bench, 1..=100, 100);
    let packets = bench.transmit(at(1));
    let counts: Vec<usize> = packets.iter().map(|packet| packet.messages.len()).collect();
    assert_eq!(counts, [35, 35, 30], "4 KiB, with a header of 16 bytes for each");
    assert!(bench.transmit(at(1)).is_empty());
    // In each packet the container is above its messages, and the next packet is above that.
    let ids: Vec<u64> = packets
        .iter()
        .flat_map(|packet| packet.messages.iter().chain([&packet.outer]).map(|message| message.msg_id))
        .collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] < pair[1]));
    let seq_nos = packets.iter().flat_map(|packet| packet.messages.iter().map(|message| message.seq_no));
    let expected = (1..).step_by(2).skip_while(|seq_no| *seq_no < packets[0].messages[0].seq_no);
    assert!(seq_nos.zip(expected).all(|(seq_no, expected)| seq_no == expected));
}

#[test]
fn a_transmit_has_up_to_32_kib_of_requests() {
    let mut bench = started();
    queue(&mut bench, 1..=1000, 100);
    let counts =
        |packets: Vec<Packet>| -> Vec<usize> { packets.iter().map(|packet| packet.messages.len()).collect() };
    let first = counts(bench.transmit(at(1)));
    assert_eq!(first.iter().sum::<usize>(), (32 << 10) / 116);
    assert!(first.iter().rev().skip(1).all(|count| *count == 35), "{first:?}");
    // Short requests are limited by their number.
    let mut bench = started();
    queue(&mut bench, 1..=1000, 4);
    assert_eq!(counts(bench.transmit(at(1))), [100; 10]);
}

#[test]
fn the_limits_of_4_and_32_kib_may_be_reached() {
    // Each message in a container has a header of 16 bytes.
    for (last, expected) in [(2032, vec![2]), (2036, vec![1, 1])] {
        let mut bench = started();
        queue(&mut bench, 1..=1, 2032);
        queue(&mut bench, 2..=2, last);
        let counts: Vec<_> = bench.transmit(at(1)).iter().map(|packet| packet.messages.len()).collect();
        assert_eq!(counts, expected);
    }
    for (last, expected) in [(4080, 8), (4084, 7)] {
        let mut bench = started();
        queue(&mut bench, 1..=7, 4080);
        queue(&mut bench, 8..=8, last);
        assert_eq!(bench.transmit(at(1)).len(), expected);
    }
}

#[test]
fn a_long_request_does_not_delay_a_ping() {
    let mut bench = Bench::new();
    queue(&mut bench, 1..=1, 40 << 10);
    let packets = bench.transmit(at(0));
    assert!(packets.iter().all(|packet| packet.requests().is_empty()));
    assert!(packets.iter().any(|packet| packet.messages.iter().any(|message| message.is(PING))));
    assert_eq!(bench.transmit(at(0))[0].requests().len(), 1);
}

#[test]
fn a_long_request_has_a_packet_of_its_own() {
    let mut bench = started();
    queue(&mut bench, 1..=2, 100);
    queue(&mut bench, 3..=3, 20 << 10);
    queue(&mut bench, 4..=5, 100);
    queue(&mut bench, 6..=6, 1 << 20);
    let transmits = [bench.transmit(at(1)), bench.transmit(at(1))];
    let counts =
        transmits.map(|packets| packets.iter().map(|packet| packet.messages.len()).collect::<Vec<_>>());
    assert_eq!(counts, [vec![2, 1, 2], vec![1]], "more than 32 KiB are alone");
}

#[test]
fn each_packet_with_a_wanted_quick_ack_has_a_token() {
    let mut bench = started();
    queue(&mut bench, 1..=100, 100);
    bench.bodies.quick_acks = true;
    let mut out = Vec::new();
    let Bench { session, bodies, encoder, random, .. } = &mut bench;
    session.pack(at(1), bodies, encoder, random, &mut out).unwrap();
    let mut decoder = ServerFrameDecoder::new(Some(Framing::Intermediate), 1 << 22);
    let mut frames = &mut out[..];
    let mut acknowledged = Vec::new();
    while let Some(request) = decoder.next(&mut frames).unwrap() {
        assert!(request.quick_ack);
        message::open(&bench.key, Direction::ToServer, request.payload).unwrap();
        // The token is the start of the hash of which `msg_key` is the middle: sealing again yields it.
        let token = message::seal(&bench.key, Direction::ToServer, request.payload).unwrap();
        acknowledged.push(bench.session.on_quick_ack(token.0));
    }
    let expected = [1..=35, 36..=70, 71..=100].map(|tags| tags.map(RequestTag).collect::<Vec<_>>());
    assert_eq!(acknowledged, expected);
}

#[test]
fn every_framing_carries_them() {
    for framing in Framing::ALL {
        let mut bench = started();
        queue(&mut bench, 1..=300, 100);
        let mut encoder = FrameEncoder::without_tag(framing);
        let mut out = vec![7; 3];
        let Bench { session, bodies, random, .. } = &mut bench;
        session.pack(at(1), bodies, &mut encoder, random, &mut out).unwrap();
        let mut decoder = ServerFrameDecoder::new(Some(framing), 1 << 22);
        assert_eq!(decoder.framing(), Some(framing));
        let mut frames = &mut out[3..];
        let mut count = 0;
        while let Some(request) = decoder.next(&mut frames).unwrap() {
            message::open(&bench.key, Direction::ToServer, request.payload).unwrap();
            count += 1;
        }
        assert!(frames.is_empty(), "{framing}");
        let is_packed = |tag: &u64| bench.session.delivery(RequestTag(*tag)) == Delivery::Packed;
        assert_eq!((count, (1..=300).filter(is_packed).count()), (9, (32 << 10) / 116), "{framing}");
    }
}

/// `invokeAfterMsg` before a query, in bytes.
const AFTER: [u8; 4] = 0xcb9f_372d_u32.to_le_bytes();

/// Returns the numbers of the requests, with what each is to be executed after.
fn numbers(packets: &[Packet]) -> Vec<(u8, Option<u64>)> {
    let messages = packets.iter().flat_map(|packet| &packet.messages);
    let parsed = messages.map(|message| match message.body.strip_prefix(&AFTER) {
        Some(rest) => (&rest[8..], Some(u64::from_le_bytes(rest[..8].try_into().unwrap()))),
        None => (&message.body[..], None),
    });
    // The others are service messages.
    let requests = parsed.filter(|(body, _)| body.starts_with(&REQUEST.to_le_bytes()));
    requests.map(|(body, after)| (body[4], after)).collect()
}

#[test]
fn refused_packets_are_sent_again_in_the_order_of_their_requests() {
    // Whichever packet the server refuses first.
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut bench = started();
        queue(&mut bench, 1..=100, 100);
        bench.bodies.after.insert(99, RequestTag(1));
        let packets = bench.transmit(at(1));
        assert_eq!(packets.len(), 3);
        // One that was not sent stays behind them.
        queue(&mut bench, 101..=101, 100);
        for index in order {
            bench.answer(at(2), 0, &bad_salt(packets[index].outer.msg_id, 12)).unwrap();
        }
        let packets = bench.transmit(at(3));
        let first = packets[0].messages[0].msg_id;
        let expected = (1..=101).map(|number| (number, (number == 99).then_some(first)));
        assert_eq!(numbers(&packets), expected.collect::<Vec<_>>(), "refused in the order {order:?}");
    }
}

#[test]
fn a_request_that_no_frame_holds_leaves_nothing() {
    let mut bench = started();
    queue(&mut bench, 1..=1, 100);
    queue(&mut bench, 2..=2, 1 << 24);
    let mut out = vec![7; 3];
    let Bench { session, bodies, encoder, random, .. } = &mut bench;
    session.pack(at(1), bodies, encoder, random, &mut out).unwrap();
    out.truncate(3);
    assert!(session.pack(at(1), bodies, encoder, random, &mut out).is_err());
    assert_eq!(out, [7; 3], "no plaintext stays behind");
}
