//! Fault injection: each switch has its documented effect and no other.

use std::time::Duration;

use sansgram_core::transport::Framing;
use sansgram_testkit::raw_client::{KeyExchangeFailure, RawClient};
use sansgram_testkit::server::{FaultInjection, ServerOptions};

const PING: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 2, 3, 4, 5, 6, 7, 8];

fn connect(fault_injection: FaultInjection) -> RawClient {
    let options = ServerOptions::default().with_fault_injection(fault_injection);
    RawClient::connect(options, 2, Framing::Intermediate)
}

#[test]
fn silent_after_accept() {
    let mut client = connect(FaultInjection::default().with_silent_after_accept(true));
    assert_eq!(client.handshake(None), Err(KeyExchangeFailure::NoAnswer));
    assert!(client.raw.is_empty() && !client.closed && client.refusals.is_empty());
}

#[test]
fn a_silent_server_after_the_handshake() {
    let mut client = connect(FaultInjection::default().with_silent_after_handshake(true));
    client.handshake(None).unwrap();
    client.send(&PING, false);
    assert!(client.receive().is_empty() && !client.closed && client.refusals.is_empty());
}

#[test]
fn garbage_instead_of_the_first_reply() {
    let mut client = connect(FaultInjection::default().with_garbage_first_reply(true));
    assert_eq!(client.handshake(None), Err(KeyExchangeFailure::NoAnswer));
    assert_eq!(client.raw.len(), 64);
    assert!(!client.closed && client.refusals.is_empty());
}

#[test]
fn slow_bytes() {
    let interval = Duration::from_secs(1);
    let mut client = connect(FaultInjection::default().with_slow_bytes(Some(interval)));
    let request = [&0xbe7e_8ef1_u32.to_le_bytes()[..], &[7; 16]].concat();
    assert_eq!(client.exchange_plain(&request), None);
    for received in 1..=50 {
        client.wait(interval);
        assert_eq!(client.raw.len(), received);
    }
    // A transport error is sent completely before the connection closes.
    client.send_packet(&[9; 4]);
    assert!(!client.closed);
    client.wait(Duration::from_secs(500));
    assert_eq!(client.transport_errors, [-404]);
    assert!(client.closed);
    assert_eq!(client.deadline, None);
}
