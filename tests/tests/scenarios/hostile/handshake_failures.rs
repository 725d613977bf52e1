//! A failed key exchange reports its reason in one sentence; a permanent one is not retried.

use std::time::Duration;

use sansgram_core::client::{DisconnectReason, InvokeError};
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::handshake::HandshakeError;
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};

/// Why a login ends, and after how many attempts.
fn failure(change: impl FnOnce(&mut PairOptions)) -> (DisconnectReason, String, usize) {
    let mut options = PairOptions::default();
    change(&mut options);
    let mut pair = Pair::new(options);
    let error = pair.login(LoginStep::bot_login("1:sandbox")).unwrap_err();
    assert!(pair.elapsed() < Duration::from_secs(120), "{:?}", pair.elapsed());
    let text = error.to_string();
    assert!(!text.contains('\n') && text.len() < 200, "{text}");
    let LoginError::Invoke(InvokeError::Unreachable { reason, .. }) = error else { panic!("{error:?}") };
    (reason, text, pair.opened.len())
}

#[test]
fn a_server_with_another_key() {
    let telegrams = PublicKey::telegram_production();
    let (reason, text, attempts) = failure(|options| options.client.public_keys = [telegrams].into());
    let unknown = matches!(reason, DisconnectReason::Handshake(HandshakeError::UnknownFingerprints { .. }));
    assert!(unknown && attempts == 1, "{reason:?} after {attempts}");
    assert!(text.contains("key"), "{text}");
}

#[test]
fn an_address_of_another_dc() {
    let (reason, text, attempts) = failure(|options| options.server.test_dcs = true);
    assert_eq!((reason, attempts), (DisconnectReason::TransportError(-444), 1));
    assert!(text.contains("another DC"), "{text}");
}

#[test]
fn a_server_that_fails_every_exchange() {
    let (reason, text, attempts) = failure(|options| options.server.fault_injection.dh_fail = true);
    assert_eq!((reason, attempts), (DisconnectReason::Handshake(HandshakeError::DhGenFailed), 5));
    assert!(text.contains("key exchange"), "{text}");
}

#[test]
fn a_server_that_asks_for_another_value_without_end() {
    let (reason, _, attempts) = failure(|options| options.server.fault_injection.dh_retries = u32::MAX);
    assert_eq!((reason, attempts), (DisconnectReason::Handshake(HandshakeError::TooManyRetries), 5));
}

#[test]
fn a_server_of_garbage_or_of_nothing() {
    let (reason, text, _) = failure(|options| options.server.fault_injection.garbage_first_reply = true);
    assert!(
        !matches!(reason, DisconnectReason::Network(_) | DisconnectReason::ClosedByUs),
        "{reason:?}: {text}"
    );
    let (reason, text, _) = failure(|options| {
        options.server.fault_injection.silent_after_accept = true;
        options.client.request_timeout = None;
        options.client.max_attempts = 2;
    });
    assert_eq!(reason, DisconnectReason::ReadTimeout, "{text}");
}
