//! Codes of every type of the schema are named and log in, also a type of a later layer.

use sansgram_core::login::{LoginError, LoginStep, SavedLogin, SentCodeType};
use sansgram_testkit::accounts::CodeDelivery;

use crate::common::{assert_code_logs_in, code_sent, delivering, request_code};

const PHONE: &str = "+999 66 2 0001";

#[test]
fn every_code_type_is_named_and_logs_in() {
    let length = 5;
    let ways = [
        (CodeDelivery::App, SentCodeType::App { length }),
        (CodeDelivery::Sms, SentCodeType::Sms { length }),
        (CodeDelivery::Call, SentCodeType::Call { length }),
        (CodeDelivery::FlashCall, SentCodeType::FlashCall { pattern: "+999 *".into() }),
        (CodeDelivery::MissedCall, SentCodeType::MissedCall { prefix: "+999".into(), length }),
        (CodeDelivery::Fragment, SentCodeType::Fragment { url: "https://fragment.example/1".into(), length }),
        (CodeDelivery::Firebase, SentCodeType::Firebase { length }),
        (CodeDelivery::Word, SentCodeType::Word { beginning: Some("2".into()) }),
        (CodeDelivery::Phrase, SentCodeType::Phrase { beginning: None }),
        (CodeDelivery::UnknownType, SentCodeType::Unknown { constructor: 0x7e57_c0de }),
    ];
    for (delivery, kind) in ways {
        let mut pair = delivering(&[delivery]);
        let sent_code = request_code(&mut pair, PHONE);
        assert_eq!(sent_code.kind, kind);
        assert_eq!((sent_code.next, sent_code.timeout), (None, None));
        assert_code_logs_in(&mut pair, &sent_code);
    }
}

#[test]
fn an_unreadable_code_type_still_allows_a_resend() {
    let mut pair = delivering(&[CodeDelivery::TruncatedUnknownType]);
    let sent_code = request_code(&mut pair, PHONE);
    assert!(!sent_code.is_usable());
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "22222")), Err(LoginError::CodeUnusable));
    assert_eq!(pair.login(LoginStep::cancel_code(&sent_code)), Err(LoginError::CodeUnusable));
    // Saved or not.
    let text = SavedLogin::Code(sent_code).to_text();
    let Ok(SavedLogin::Code(sent_code)) = SavedLogin::from_text(&text) else { panic!("{text:?}") };
    assert!(!code_sent(pair.login(LoginStep::resend_code(&sent_code))).is_usable());
}
