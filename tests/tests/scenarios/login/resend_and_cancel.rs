//! Resent codes, each of which replaces the last, and cancelled codes.

use std::time::Duration;

use sansgram_core::login::{CodeType, LoginError, LoginStep};
use sansgram_testkit::accounts::CodeDelivery;

use crate::common::{assert_code_logs_in, code_sent, delivering, request_code};

const PHONE: &str = "+999 66 2 0001";

#[test]
fn a_resend_uses_the_next_delivery_and_replaces_the_code() {
    let mut pair = delivering(&[
        CodeDelivery::App,
        CodeDelivery::Sms,
        CodeDelivery::UnknownType,
        CodeDelivery::FlashCall,
        CodeDelivery::Call,
    ]);
    let mut sent_code = request_code(&mut pair, PHONE);
    let old = sent_code.clone();
    for next in [CodeType::Sms, CodeType::Unknown, CodeType::FlashCall, CodeType::Call] {
        assert_eq!((sent_code.next, sent_code.timeout), (Some(next), Some(Duration::from_secs(60))));
        sent_code = code_sent(pair.login(LoginStep::resend_code(&sent_code)));
    }
    assert_eq!(sent_code.next, None);
    assert_eq!(pair.login(LoginStep::resend_code(&sent_code)), Err(LoginError::NoOtherWay));
    assert_eq!(pair.login(LoginStep::sign_in(&old, "22222")), Err(LoginError::CodeExpired));
    assert_code_logs_in(&mut pair, &sent_code);
}

#[test]
fn a_cancelled_code_is_invalid() {
    let mut pair = delivering(&[CodeDelivery::App]);
    let sent_code = request_code(&mut pair, PHONE);
    assert_eq!(pair.login(LoginStep::cancel_code(&sent_code)), Ok(()));
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "22222")), Err(LoginError::CodeExpired));
    assert_eq!(pair.login(LoginStep::cancel_code(&sent_code)), Err(LoginError::CodeExpired));
    let sent_code = request_code(&mut pair, PHONE);
    assert_code_logs_in(&mut pair, &sent_code);
}
