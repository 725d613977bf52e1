//! A session as a string: another client continues with it, without a new key or a code. A malformed string has a typed
//! error.

use sansgram_core::client::{SessionFormatError, StoredSession};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_no_fault, log_in_bot, password_hint};

#[test]
fn another_client_continues_from_the_text() {
    for phone in ["9996620001", "9996610001", "9996630002"] {
        let mut pair = Pair::new(PairOptions::default());
        if phone.ends_with('2') {
            password_hint(&mut pair, phone);
            assert!(pair.login(LoginStep::check_password("sandbox")).is_ok());
        } else {
            assert!(pair.give_code(phone).is_ok());
        }
        let Ok(user) = pair.login(LoginStep::get_me()) else { panic!("{phone}") };
        let keys = pair.dcs.keys().count();

        // As if the text had been copied to another machine.
        let text = pair.client.stored_session().to_text();
        let session = StoredSession::from_text(&text).unwrap();
        assert_eq!(&session, pair.client.stored_session());
        pair.restart_client(PairOptions::default().client);
        assert_eq!(pair.login(LoginStep::get_me()), Ok(user));
        assert_eq!(pair.dcs.keys().count(), keys, "no key was made");
        assert_no_fault(&pair);
    }
}

#[test]
fn a_malformed_text_is_named() {
    let mut pair = Pair::new(PairOptions::default());
    log_in_bot(&mut pair, "1:sandbox");
    let text = pair.client.stored_session().to_text();
    assert!(text.starts_with("sansgram1:"));
    assert_eq!(StoredSession::from_text(""), Err(SessionFormatError::Empty));
    assert_eq!(StoredSession::from_text("1BVtsOKABu"), Err(SessionFormatError::Foreign));
    for cut in [11, text.len() / 2, text.len() - 1] {
        let outcome = StoredSession::from_text(&text[..cut]);
        assert!(matches!(outcome, Err(SessionFormatError::Damaged(_))), "cut at {cut}: {outcome:?}");
        pair.record_output(&outcome);
    }
}
