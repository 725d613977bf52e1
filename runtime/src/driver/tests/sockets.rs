//! Bytes over open connections, and the end of a connection.

use super::*;

#[test]
fn bytes_travel_both_ways_and_the_buffer_comes_back() {
    let mut bench = Bench::new();
    bench.open(5, &[FIRST]);
    assert_eq!(bench.heard(), ["5 opened"]);

    bench.wire(FIRST).room = 4;
    bench.output([Output::Transmit { conn: ConnId(5), bytes: b"question".to_vec() }]);
    assert_eq!(bench.wire(FIRST).written, b"ques", "only as much as the stream takes");
    assert!(bench.heard().is_empty(), "a transmit is over when all of it is written");
    bench.wire(FIRST).room = 1000;
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["5 sent question"]);
    assert_eq!(bench.wire(FIRST).written, b"question");

    bench.wire(FIRST).incoming.push_back(b"answer".to_vec());
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["5 received answer"]);
}

#[test]
fn the_end_of_a_stream_is_reported_once_and_the_link_is_removed() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).ended = true;
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened", "1 lost Closed"]);
    // A transmit for a lost connection is dropped.
    bench.output([Output::Transmit { conn: ConnId(1), bytes: vec![0] }, Output::Close { conn: ConnId(1) }]);
    assert!(bench.heard().is_empty());
}

/// Bytes that are left over would arrive after their requests were sent again.
#[test]
fn a_stream_that_the_machine_closes_is_reset_with_the_rest_of_its_bytes() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).room = 1;
    bench.output([Output::Transmit { conn: ConnId(1), bytes: b"rest".to_vec() }]);
    bench.wire(FIRST).room = 1000;
    bench.output([Output::Close { conn: ConnId(1) }]);
    let wire = bench.wire(FIRST);
    assert!(wire.reset && !wire.closed);
    assert_eq!(wire.written, b"r");
}

#[test]
fn a_stream_that_the_peer_ended_is_reset() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).ended = true;
    assert!(bench.poll().is_pending());
    assert!(bench.wire(FIRST).reset);
}

#[test]
fn links_are_served_in_turn_within_a_budget() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.open(2, &[SECOND]);
    bench.heard();
    bench.wire(FIRST).endless = true;
    bench.wire(SECOND).endless = true;
    let wakes = bench.wakes();
    assert!(bench.poll().is_pending());
    assert_eq!(bench.wakes(), wakes + 1, "it asks to be polled again, after others had their turn");
    let heard = bench.heard();
    assert_eq!(heard.len(), MAX_INPUTS_PER_POLL);
    for pair in heard.chunks_exact(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn reading_does_not_starve_writing() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.heard();
    bench.wire(FIRST).endless = true;
    bench.output([Output::Transmit { conn: ConnId(1), bytes: b"now".to_vec() }]);
    assert!(bench.heard()[..3].contains(&"1 sent now".to_string()));
}

#[test]
fn read_bytes_are_wiped() {
    let mut bench = Bench::new();
    bench.open(1, &[FIRST]);
    bench.wire(FIRST).incoming.extend([b"a long secret".to_vec(), b"short".to_vec()]);
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened", "1 received a long secret", "1 received short"]);
    assert!(crate::read_buffer::is_wiped());
}
