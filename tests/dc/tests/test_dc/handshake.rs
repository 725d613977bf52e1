//! Core's handshake against the test DC's independent one.

use sansgram_core::handshake::HandshakeError;
use sansgram_core::transport::Framing;
use sansgram_testkit::raw_client::{KeyExchangeFailure, RawClient, TEST_EPOCH};
use sansgram_testkit::server::{FaultInjection, HandshakeRefusal, Refusal, ServerOptions};

fn misbehaving(fault_injection: FaultInjection) -> ServerOptions {
    ServerOptions::default().with_fault_injection(fault_injection)
}

#[test]
fn makes_a_key_over_every_transport() {
    for kind in Framing::ALL {
        let mut client = RawClient::connect(ServerOptions::default(), 2, kind);
        let key = client.handshake(None).unwrap();
        assert_eq!(u64::try_from(key.server_time).unwrap(), TEST_EPOCH.as_secs());
        assert_eq!((key.retries, key.expires_in), (0, None));
        assert!(client.refusals.is_empty() && !client.closed, "{kind}: {:?}", client.refusals);
    }
}

#[test]
fn makes_a_temporary_key() {
    let mut client = RawClient::connect(ServerOptions::default(), 3, Framing::Full);
    assert_eq!(client.handshake(Some(3600)).unwrap().expires_in, Some(3600));
}

#[test]
fn retries_as_often_as_the_server_asks() {
    let options = misbehaving(FaultInjection::default().with_dh_retries(3));
    let mut client = RawClient::connect(options, 2, Framing::Abridged);
    assert_eq!(client.handshake(None).unwrap().retries, 3);
    assert!(client.refusals.is_empty());
}

#[test]
fn a_server_that_always_asks_for_another_value_is_given_up() {
    let options = misbehaving(FaultInjection::default().with_dh_retries(u32::MAX));
    let mut client = RawClient::connect(options, 2, Framing::Abridged);
    assert!(matches!(
        client.handshake(None),
        Err(KeyExchangeFailure::Refused(HandshakeError::TooManyRetries))
    ));
    assert!(client.refusals.is_empty());
}

#[test]
fn a_server_may_fail_the_exchange() {
    let options = misbehaving(FaultInjection::default().with_dh_fail(true));
    let mut client = RawClient::connect(options, 2, Framing::Intermediate);
    assert!(matches!(client.handshake(None), Err(KeyExchangeFailure::Refused(HandshakeError::DhGenFailed))));
}

#[test]
fn test_dcs_want_their_own_number() {
    let options = ServerOptions::default().with_test_dcs(true);
    let mut client = RawClient::connect(options, 2, Framing::Intermediate);
    assert_eq!(client.handshake(None), Err(KeyExchangeFailure::NoAnswer));
    assert_eq!(client.transport_errors, [-444]);
    let refusal = HandshakeRefusal::WrongDc { found: 2, expected: 10_002 };
    assert_eq!(client.refusals, [Refusal::Handshake(refusal)]);
    assert!(client.closed);
}
