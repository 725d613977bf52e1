//! Servers whose replies in a key exchange are forged in one way: each ends with its own reason, no key is stored, and the
//! client logs in once the replies are good again.

use sansgram_core::client::DisconnectReason;
use sansgram_core::crypto::dh::DhError;
use sansgram_core::crypto::factorize::FactorizeError;
use sansgram_core::handshake::plain::PlainError;
use sansgram_core::handshake::{HandshakeError, Reply};
use sansgram_core::login::LoginStep;
use sansgram_testkit::server::{FaultInjection, HandshakeForgery};

use crate::common::{assert_logged_in, misbehaving, reason_of_failed_login};

fn reason_of(forgery: HandshakeForgery) -> DisconnectReason {
    let mut pair = misbehaving(FaultInjection::default().with_handshake_forgery(Some(forgery)));
    let reason = reason_of_failed_login(&mut pair, &forgery, false);
    assert!(pair.opened.len() <= 5, "{forgery:?}: {} attempts", pair.opened.len());
    assert!(pair.client.stored_session().keys.is_empty(), "{forgery:?}: a key is kept");
    pair.dcs.options_mut().fault_injection.handshake_forgery = None;
    assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
    reason
}

#[test]
fn forged_replies_end_the_key_exchange_each_with_its_reason() {
    for (forgery, expected) in [
        (HandshakeForgery::Nonce, HandshakeError::Nonce(Reply::ResPq)),
        (HandshakeForgery::ServerNonce, HandshakeError::ServerNonce(Reply::ServerDhParams)),
        (HandshakeForgery::EvenPq, HandshakeError::Pq(FactorizeError::Even)),
        (HandshakeForgery::ChangedAnswer, HandshakeError::AnswerHash),
        (HandshakeForgery::CompositePrime, HandshakeError::Group(DhError::NotSafePrime)),
        (HandshakeForgery::Generator, HandshakeError::Group(DhError::GeneratorRange)),
        (HandshakeForgery::PublicValue, HandshakeError::ServerPublicValue(DhError::PublicRange)),
        (HandshakeForgery::NewNonceHash, HandshakeError::NewNonceHash(Reply::DhGen)),
        (HandshakeForgery::SwappedReply, HandshakeError::NewNonceHash(Reply::DhGen)),
    ] {
        assert_eq!(reason_of(forgery), DisconnectReason::Handshake(expected), "{forgery:?}");
    }
    let fingerprint = reason_of(HandshakeForgery::Fingerprint);
    let is_unknown =
        matches!(fingerprint, DisconnectReason::Handshake(HandshakeError::UnknownFingerprints { .. }));
    assert!(is_unknown, "{fingerprint:?}");
    let length = reason_of(HandshakeForgery::Length);
    let is_length = matches!(length, DisconnectReason::Plain(PlainError::Length { length: u32::MAX, .. }));
    assert!(is_length, "{length:?}");
}
