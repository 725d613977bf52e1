//! What the network does to bytes in flight.

use super::*;

const CONN: ConnId = ConnId(1);

fn connected(options: NetworkOptions) -> (Network, Timestamp) {
    let mut network = Network::new(options, 1);
    network.connect(Timestamp::ZERO, CONN, 2, Duration::ZERO);
    let at = network.next_delivery().unwrap();
    assert_eq!(network.deliver(at), Some(Delivery::Opened { conn: CONN, dc: 2 }));
    (network, at)
}

fn all(network: &mut Network) -> Vec<Delivery> {
    std::iter::from_fn(|| network.deliver(network.next_delivery()?)).collect()
}

#[test]
fn pieces_keep_their_order_whatever_the_jitter() {
    let jitter = Duration::from_millis(500);
    let options = NetworkOptions { jitter, chunks: Chunks::UpTo(3), ..NetworkOptions::default() };
    let (mut network, at) = connected(options);
    let sent: Vec<u8> = (0..100).collect();
    for piece in sent.chunks(10) {
        network.server_writes(at, CONN, piece);
    }
    let mut received = Vec::new();
    for delivery in all(&mut network) {
        let Delivery::ToClient { bytes, .. } = delivery else { panic!("{delivery:?}") };
        assert!((1..=3).contains(&bytes.len()));
        received.extend(bytes);
    }
    assert_eq!(received, sent);
    assert_eq!(network.bytes_carried(), 100);
}

#[test]
fn a_cut_at_a_byte_loses_exactly_the_bytes_after_it() {
    let options = NetworkOptions { cut_at_byte: Some(7), ..NetworkOptions::default() };
    let (mut network, at) = connected(options);
    network.server_writes(at, CONN, &[1; 5]);
    network.server_writes(at, CONN, &[2; 5]);
    network.server_writes(at, CONN, &[3; 5]);
    let expected = [
        Delivery::ToClient { conn: CONN, bytes: vec![1; 5] },
        Delivery::ToClient { conn: CONN, bytes: vec![2; 2] },
        Delivery::LostByClient { conn: CONN, cause: IoFailure::Reset },
        Delivery::LostByServer { conn: CONN },
    ];
    assert_eq!(all(&mut network), expected);
}

#[test]
fn a_close_arrives_after_the_bytes_sent_before() {
    let (mut network, at) = connected(NetworkOptions::default());
    network.server_writes(at, CONN, &[1; 4]);
    network.closed_by_server(at, CONN);
    let closed = Delivery::LostByClient { conn: CONN, cause: IoFailure::Closed };
    assert_eq!(all(&mut network)[1], closed);
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The deliveries of a network, without the buffers that come back, and how long after `start` each happens.
fn timed(network: &mut Network, start: Timestamp) -> Vec<(Duration, Delivery)> {
    let next = || {
        let at = network.next_delivery()?;
        Some((at.since_origin() - start.since_origin(), network.deliver(at)?))
    };
    let all = std::iter::from_fn(next);
    all.filter(|(_, delivery)| !matches!(delivery, Delivery::Written { .. })).collect()
}

#[test]
fn a_half_open_connection_loses_what_goes_in_its_directions_and_its_end() {
    let to_server = || Delivery::ToServer { conn: CONN, bytes: vec![1; 4] };
    let to_client = || Delivery::ToClient { conn: CONN, bytes: vec![2; 4] };
    for (stall, expected) in [
        (Stall::ToServer, vec![to_client(), Delivery::LostByClient { conn: CONN, cause: IoFailure::Closed }]),
        (Stall::ToClient, vec![to_server()]),
        (Stall::Both, vec![]),
    ] {
        let (mut network, at) = connected(NetworkOptions::default());
        network.stall(CONN, stall);
        network.client_writes(at, CONN, vec![1; 4]);
        network.server_writes(at, CONN, &[2; 4]);
        network.closed_by_server(at, CONN);
        let found: Vec<_> = timed(&mut network, at).into_iter().map(|(_, delivery)| delivery).collect();
        assert_eq!(found, expected, "{stall:?}");
    }
    // Half-open in one direction, then in the other.
    let (mut network, at) = connected(NetworkOptions::default());
    network.stall(CONN, Stall::ToServer);
    network.stall(CONN, Stall::ToClient);
    network.server_writes(at, CONN, &[2; 4]);
    network.client_writes(at, CONN, vec![1; 4]);
    assert_eq!(timed(&mut network, at), []);
}

#[test]
fn the_server_does_not_notice_that_a_half_open_connection_is_closed() {
    for (stall, notices) in [(Stall::ToServer, false), (Stall::Both, false), (Stall::ToClient, true)] {
        let (mut network, at) = connected(NetworkOptions::default());
        network.stall(CONN, stall);
        network.reset_by_client(at, CONN);
        assert_eq!(!timed(&mut network, at).is_empty(), notices, "{stall:?}");
    }
}

#[test]
fn a_connection_becomes_half_open_at_a_byte() {
    let options = NetworkOptions { stall_at_byte: Some((7, Stall::ToClient)), ..NetworkOptions::default() };
    let (mut network, at) = connected(options);
    for byte in 1..4 {
        network.server_writes(at, CONN, &[byte; 5]);
    }
    network.client_writes(at, CONN, vec![9; 5]);
    let found: Vec<_> = timed(&mut network, at).into_iter().map(|(_, delivery)| delivery).collect();
    let expected = [
        Delivery::ToClient { conn: CONN, bytes: vec![1; 5] },
        Delivery::ToClient { conn: CONN, bytes: vec![2; 2] },
        Delivery::ToServer { conn: CONN, bytes: vec![9; 5] },
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_reset_loses_what_has_not_left_the_host() {
    // The first write leaves in 4 ms, the second in a second.
    let options = NetworkOptions { bytes_per_second: Some(1000), ..NetworkOptions::default() };
    let arrived = |reset_after: u64| {
        let (mut network, at) = connected(options.clone());
        network.client_writes(at, CONN, vec![1; 4]);
        network.client_writes(at, CONN, vec![2; 1000]);
        network.reset_by_client(at + millis(reset_after), CONN);
        timed(&mut network, at)
    };
    let first = || (millis(24), Delivery::ToServer { conn: CONN, bytes: vec![1; 4] });
    let second = || (millis(1020), Delivery::ToServer { conn: CONN, bytes: vec![2; 1000] });
    let lost = |at| (millis(at), Delivery::LostByServer { conn: CONN });
    assert_eq!(arrived(3), [lost(23)]);
    assert_eq!(arrived(4), [first(), lost(24)]);
    assert_eq!(arrived(999), [first(), lost(1019)]);
    assert_eq!(arrived(1000), [first(), second(), lost(1020)]);
}

#[test]
fn what_a_process_wrote_before_it_ended_arrives() {
    let options = NetworkOptions { bytes_per_second: Some(1000), ..NetworkOptions::default() };
    let (mut network, at) = connected(options);
    network.client_writes(at, CONN, vec![1; 1000]);
    network.server_writes(at, CONN, &[2; 4]);
    network.end_client(at);
    let expected = [
        (millis(1020), Delivery::ToServer { conn: CONN, bytes: vec![1; 1000] }),
        (millis(1020), Delivery::LostByServer { conn: CONN }),
    ];
    assert_eq!(timed(&mut network, at), expected);
}

#[test]
fn the_client_receives_at_the_download_rate() {
    let options = NetworkOptions { download_rate: Some(1000), ..NetworkOptions::default() };
    let (mut network, at) = connected(options);
    network.server_writes(at, CONN, &[1; 500]);
    network.server_writes(at, CONN, &[2; 250]);
    let expected = [
        (millis(520), Delivery::ToClient { conn: CONN, bytes: vec![1; 500] }),
        (millis(770), Delivery::ToClient { conn: CONN, bytes: vec![2; 250] }),
    ];
    assert_eq!(timed(&mut network, at), expected);
}
