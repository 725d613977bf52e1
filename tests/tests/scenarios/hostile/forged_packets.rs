//! Servers whose encrypted packets are forged in one way: each is rejected with its own reason, or ignored. The client
//! keeps its key, and logs in once the packets are good again.

use std::time::Duration;

use sansgram_core::client::DisconnectReason;
use sansgram_core::crypto::message::OpenError;
use sansgram_core::login::LoginStep;
use sansgram_core::session::MessageError;
use sansgram_core::tl::gzip::GzipError;
use sansgram_harness::pair::Pair;
use sansgram_testkit::server::{FaultInjection, Forgery};

use crate::common::{assert_logged_in, assert_no_fault, misbehaving, reason_of_failed_login};

fn forging(forgery: Forgery) -> Pair {
    misbehaving(FaultInjection::default().with_forgery(Some(forgery)))
}

/// Why a login fails, whose servers forge all packets. It succeeds under the same key once they do not.
fn reason_of(forgery: Forgery) -> DisconnectReason {
    let mut pair = forging(forgery);
    let reason = reason_of_failed_login(&mut pair, &forgery, true);
    assert_eq!(pair.client.stored_session().user, None);
    let keys = pair.client.stored_session().keys.clone();
    assert_eq!(keys.len(), 1, "{forgery:?}: a key is made, and none is given up");
    pair.dcs.options_mut().fault_injection.forgery = None;
    assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
    let home = pair.client.home();
    assert_eq!(pair.client.stored_session().keys[&home].auth_key, keys[&home].auth_key, "{forgery:?}");
    reason
}

#[test]
fn forged_packets_are_rejected_each_with_its_reason() {
    let mismatch: MessageError = OpenError::MsgKeyMismatch.into();
    for (forgery, expected) in [
        (Forgery::Reflected, mismatch.clone()),
        (Forgery::ChangedByte, mismatch),
        (Forgery::EvenMsgId, MessageError::InvalidMsgId),
        (Forgery::OtherSession, MessageError::WrongSessionId),
        (Forgery::OddLength, MessageError::Length),
        (Forgery::Truncated, OpenError::TooShort(40).into()),
        (Forgery::Unencrypted, OpenError::WrongKeyId.into()),
        (Forgery::NegativeContainer, MessageError::Container("negative count")),
        (Forgery::CompressedBomb, GzipError::TooLong { length: u32::MAX as usize }.into()),
    ] {
        assert_eq!(reason_of(forgery), DisconnectReason::Rejected(expected), "{forgery:?}");
    }
    let padding = reason_of(Forgery::LongPadding);
    assert!(matches!(padding, DisconnectReason::Rejected(MessageError::Padding(1025..))), "{padding:?}");
}

#[test]
fn transport_errors_cost_no_permanent_key() {
    for code in [-404, -429, -444] {
        assert_eq!(reason_of(Forgery::TransportError(code)), DisconnectReason::TransportError(code));
    }
}

#[test]
fn forged_messages_among_good_ones_are_ignored() {
    for (forgery, counted) in [
        (Forgery::Repeated, Some("duplicate")),
        (Forgery::UnknownRefusal, None),
        (Forgery::UnknownConstructor, None),
        (Forgery::UnknownResult, None),
        (Forgery::UnknownStateInfo, None),
        (Forgery::UnknownQuickAck, None),
    ] {
        let mut pair = forging(forgery);
        assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
        assert!(pair.elapsed() <= Duration::from_secs(5), "{forgery:?}: {:?}", pair.elapsed());
        // What comes after the answer arrives too.
        pair.run_for(Duration::from_secs(1)).unwrap();
        let counts = pair.client.rejected_counts();
        assert_eq!(counts.keys().copied().collect::<Vec<_>>(), Vec::from_iter(counted), "{forgery:?}");
        assert_no_fault(&pair);
    }
}
