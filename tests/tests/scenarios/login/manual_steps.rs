//! The steps of a login one by one, each with a typed outcome, and each again where it has no place.

use sansgram_core::login::{LoginError, Outcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_logged_in, request_code};

fn is_authorized(pair: &mut Pair) -> bool {
    let outcome = pair.login(|login| login.is_authorized());
    let Ok(Outcome::Authorized(user)) = outcome else { panic!("{outcome:?}") };
    user.is_some()
}

#[test]
fn login_and_logout() {
    let mut pair = Pair::new(PairOptions::default());
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(|login| login.get_me()), Err(LoginError::NotLoggedIn));

    let token = request_code(&mut pair, "9996620002");
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(|login| login.sign_in(&token, "00000")), Err(LoginError::CodeInvalid));
    let outcome = pair.login(|login| login.sign_in(&token, " 22222 "));
    let Ok(Outcome::PasswordRequired(hint)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(hint.hint.as_deref(), Some("the name of this place"));
    assert!(!is_authorized(&mut pair));
    assert_eq!(pair.login(|login| login.check_password("wrong")), Err(LoginError::PasswordInvalid));
    let outcome = pair.login(|login| login.check_password("sandbox"));
    let Ok(Outcome::LoggedIn(user)) = outcome else { panic!("{outcome:?}") };

    assert!(is_authorized(&mut pair));
    assert_eq!(pair.login(|login| login.get_me()), Ok(Outcome::Me(user)));
    assert_eq!(pair.login(|login| login.sign_out()), Ok(Outcome::SignedOut));
    assert!(!is_authorized(&mut pair));
    // A second logout has nothing to do.
    assert_eq!(pair.login(|login| login.sign_out()), Ok(Outcome::SignedOut));
    assert_logged_in(&pair.login(|login| login.bot_login("1:sandbox")));
    assert!(is_authorized(&mut pair));
}

#[test]
fn an_unrequested_password_is_refused() {
    let mut pair = Pair::new(PairOptions::default());
    let outcome = pair.login(|login| login.check_password("sandbox"));
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(!is_authorized(&mut pair));
}
