//! Login codes by e-mail: the setup of an address, codes by e-mail, and a lost mailbox.

use std::time::Duration;

use sansgram_core::login::{LoginError, LoginStep, SentCodeType};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::AccountEvent;

use crate::common::{code_sent, is_logged_in};

/// The code of the last e-mail to this address.
fn mailed(pair: &Pair, to: &str) -> String {
    let code = pair.account_events.iter().rev().find_map(|event| match event {
        AccountEvent::EmailSent { address, code, .. } if address == to => Some(code.clone()),
        _ => None,
    });
    code.expect("an e-mail")
}

#[test]
fn an_address_is_set_up_and_receives_the_code() {
    for (phone, dc) in [("9996620006", 2), ("9996610006", 1)] {
        let mut pair = Pair::new(PairOptions::default());
        let sent_code = code_sent(pair.login(LoginStep::send_code(phone)));
        assert_eq!(sent_code.kind, SentCodeType::EmailSetUpRequired);
        for wrong in ["", "nobody", "a@b"] {
            let outcome = pair.login(LoginStep::send_email_code(&sent_code, wrong));
            assert_eq!(outcome, Err(LoginError::EmailInvalid), "{wrong:?}");
        }
        let outcome = pair.login(LoginStep::send_email_code(&sent_code, " ada@home.example "));
        let Ok(code) = outcome else { panic!("{outcome:?}") };
        assert_eq!((code.pattern.as_str(), code.length), ("a***@home.example", 6));
        assert!(!format!("{code:?}").contains("home"));
        let outcome = pair.login(LoginStep::verify_email(&sent_code, "000000"));
        assert_eq!(outcome, Err(LoginError::CodeInvalid));

        let typed = mailed(&pair, "ada@home.example");
        let sent_code = code_sent(pair.login(LoginStep::verify_email(&sent_code, &typed)));
        assert!(sent_code.is_by_email());
        let typed = mailed(&pair, "ada@home.example");
        assert!(is_logged_in(&pair.login(LoginStep::sign_in(&sent_code, &typed))));
        assert_eq!(pair.client.home().number(), dc);
    }
}

#[test]
fn a_code_by_email_logs_in_by_either_method() {
    for by_name in [false, true] {
        let mut pair = Pair::new(PairOptions::default());
        let sent_code = code_sent(pair.login(LoginStep::send_code("9996620007")));
        let SentCodeType::Email { pattern, length: 6, reset_available: Some(0), reset_pending: None } =
            &sent_code.kind
        else {
            panic!("{:?}", sent_code.kind)
        };
        assert_eq!(pattern, "s***@sandbox.example");
        assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "111111")), Err(LoginError::CodeInvalid));
        let typed = mailed(&pair, "someone@sandbox.example");
        assert!(is_logged_in(&if by_name {
            pair.login(LoginStep::sign_in_with_email_code(&sent_code, &typed))
        } else {
            pair.login(LoginStep::sign_in(&sent_code, &typed))
        }));
    }
}

#[test]
fn a_lost_mailbox_is_reset_at_once_or_after_a_wait() {
    let mut pair = Pair::new(PairOptions::default());
    let sent_code = code_sent(pair.login(LoginStep::send_code("9996620007")));
    let sent_code = code_sent(pair.login(LoginStep::reset_login_email(&sent_code)));
    assert_eq!(sent_code.kind, SentCodeType::App { length: 5 });
    assert!(is_logged_in(&pair.login(LoginStep::sign_in(&sent_code, "22222"))));

    let mut options = PairOptions::default();
    options.server.accounts.email_reset_wait = 3600;
    let mut pair = Pair::new(options);
    let sent_code = code_sent(pair.login(LoginStep::send_code("9996620007")));
    let sent_code = code_sent(pair.login(LoginStep::reset_login_email(&sent_code)));
    assert!(sent_code.is_by_email());
    assert_eq!(pair.login(LoginStep::reset_login_email(&sent_code)), Err(LoginError::EmailResetPending));
    pair.run_for(Duration::from_secs(3601)).unwrap();
    let sent_code = code_sent(pair.login(LoginStep::send_code("9996620007")));
    assert_eq!(sent_code.kind, SentCodeType::App { length: 5 });
}
