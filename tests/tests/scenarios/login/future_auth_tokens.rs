//! The token of a logout replaces the code of the next login.

use sansgram_core::client::StoredSession;
use sansgram_core::login::{LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::AccountEvent;

use crate::common::{is_logged_in, request_code};

#[test]
fn a_logout_token_replaces_the_next_code_but_not_the_password() {
    for (phone, password) in [("9996620001", false), ("9996610002", true)] {
        let code = if password { "11111" } else { "22222" };
        let mut pair = Pair::new(PairOptions::default());
        let sent_code = request_code(&mut pair, phone);
        let mut outcome = pair.login(LoginStep::sign_in(&sent_code, code));
        if password {
            outcome = pair.login(LoginStep::check_password("sandbox")).map(SignInOutcome::LoggedIn);
        }
        assert!(matches!(outcome, Ok(SignInOutcome::LoggedIn(_))), "{outcome:?}");
        assert_eq!(pair.login(LoginStep::log_out()), Ok(()));
        // It survives a restart.
        let session = StoredSession::from_text(&pair.client.stored_session().to_text()).unwrap();
        assert_eq!(session.logout_tokens.len(), 1);
        assert!(!format!("{session:?}").contains(&format!("{:?}", session.logout_tokens[0].as_slice())));
        let sent = |pair: &Pair| {
            pair.account_events.iter().filter(|event| matches!(event, AccountEvent::CodeSent { .. })).count()
        };
        let before = sent(&pair);
        let outcome = pair.login(LoginStep::send_code(phone));
        if password {
            assert!(matches!(outcome, Ok(SendCodeOutcome::PasswordRequired(_))), "{outcome:?}");
            let outcome = pair.login(LoginStep::check_password("sandbox"));
            assert!(is_logged_in(&outcome), "{outcome:?}");
        } else {
            assert!(is_logged_in(&outcome), "{outcome:?}");
        }
        assert_eq!(sent(&pair), before);
    }
}
