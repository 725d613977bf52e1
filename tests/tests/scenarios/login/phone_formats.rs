//! A phone number is accepted as users type it; only digits are sent.

use sansgram_core::client::ApiCredentials;
use sansgram_core::login::{InvalidPhone, LoginContext, LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::AccountEvent;

use crate::common::{assert_code_logs_in, request_code};

const SPELLINGS: [&str; 7] = [
    "9996620001",
    "+999 66 2 0001",
    "+999 (662) 0-001",
    " 999.66.2.0001\n",
    "00 999 66/2-0001",
    "+9-9-9-6-6-2-0-0-0-1",
    "\u{a0}999\u{2009}6620001",
];

#[test]
fn every_format_of_a_number_logs_in() {
    for typed in SPELLINGS {
        let mut pair = Pair::new(PairOptions::default());
        let sent_code = request_code(&mut pair, typed);
        assert_eq!(sent_code.phone.to_string(), "+9996620001");
        let sent_to = |event: &AccountEvent| matches!(event, AccountEvent::CodeSent { phone, .. } if phone == "9996620001");
        assert!(pair.account_events.iter().any(sent_to), "{:?}", pair.account_events);
        assert_code_logs_in(&mut pair, &sent_code);
    }
}

#[test]
fn every_format_of_a_number_is_the_same_query() {
    let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
    let query = |typed| {
        let mut step = LoginStep::send_code(typed);
        let _ = step.start(&LoginContext {
            api: Some(&api),
            logout_tokens: &[],
            is_logged_in: false,
            has_migrated: false,
        });
        step.query().to_vec()
    };
    let digits = query("9996620001");
    assert!(digits.windows(11).any(|bytes| bytes == b"\x0a9996620001"));
    for typed in SPELLINGS {
        assert_eq!(query(typed), digits, "{typed:?}");
    }
}

#[test]
fn a_malformed_number_causes_no_traffic() {
    let mut pair = Pair::new(PairOptions::default());
    for (typed, why) in [
        ("my phone", InvalidPhone::Character('m')),
        ("+1 234", InvalidPhone::Length(4)),
        ("", InvalidPhone::Length(0)),
        ("0151 12345678", InvalidPhone::National),
    ] {
        let outcome = pair.login(LoginStep::send_code(typed));
        assert_eq!(outcome, Err(LoginError::PhoneForm(why)));
    }
    assert!(pair.opened.is_empty());
}
