//! The steps of a login one by one, each with a typed outcome, also out of order.

use sansgram_core::login::{LoginError, LoginState, LoginStep, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_logged_in, request_code};

fn is_authorized(pair: &mut Pair) -> bool {
    let outcome = pair.login(LoginStep::login_state());
    let Ok(state) = outcome else { panic!("{outcome:?}") };
    state != LoginState::NotLoggedIn
}

#[test]
fn login_and_logout() {
    let mut pair = Pair::new(PairOptions::default());
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(LoginStep::get_me()), Err(LoginError::NotLoggedIn));

    let sent_code = request_code(&mut pair, "9996620002");
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "00000")), Err(LoginError::CodeInvalid));
    let outcome = pair.login(LoginStep::sign_in(&sent_code, " 22222 "));
    let Ok(SignInOutcome::PasswordRequired(hint)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(hint.hint.as_deref(), Some("the name of this place"));
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(LoginStep::check_password("wrong")), Err(LoginError::PasswordInvalid));
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    let Ok(user) = outcome else { panic!("{outcome:?}") };

    assert!(is_authorized(&mut pair));
    assert_eq!(pair.login(LoginStep::get_me()), Ok(user));
    assert_eq!(pair.login(LoginStep::log_out()), Ok(()));
    assert!(!is_authorized(&mut pair));
    // A second logout has nothing to do.
    assert_eq!(pair.login(LoginStep::log_out()), Ok(()));
    assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
    assert!(is_authorized(&mut pair));
}

#[test]
fn an_unrequested_password_is_refused() {
    let mut pair = Pair::new(PairOptions::default());
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(!is_authorized(&mut pair));
}
