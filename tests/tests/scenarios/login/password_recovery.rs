//! Forgotten passwords: recovery by e-mail, with and without a new password.

use sansgram_core::login::{LoginError, LoginStep, NewPassword, SendCodeOutcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{is_logged_in, password_hint};

#[test]
fn a_recovery_code_logs_in_and_sets_a_new_password() {
    let mut pair = Pair::new(PairOptions::default());
    assert!(password_hint(&mut pair, "9996620008").has_recovery);
    let outcome = pair.login(LoginStep::check_recovery_password("222222"));
    assert_eq!(outcome, Err(LoginError::RecoveryCodeExpired));
    let outcome = pair.login(LoginStep::request_password_recovery());
    let Ok(sent) = outcome else { panic!("{outcome:?}") };
    assert_eq!(sent.pattern, "r***@sandbox.example");
    for wrong in ["", "000000"] {
        let outcome = pair.login(LoginStep::check_recovery_password(wrong));
        assert_eq!(outcome, Err(LoginError::RecoveryCodeInvalid));
    }
    let outcome = pair.login(LoginStep::check_recovery_password("222222"));
    assert_eq!(outcome, Ok(()));
    let new = || NewPassword::new("correct horse").with_hint("the usual");
    let outcome = pair.login(LoginStep::recover_password("000000", Some(new())));
    assert_eq!(outcome, Err(LoginError::RecoveryCodeInvalid));
    assert!(is_logged_in(&pair.login(LoginStep::recover_password(" 222222 ", Some(new())))));
    assert!(pair.login(LoginStep::get_me()).is_ok());

    // The server knows the new password, and only that: it is checked with the verifier that the client made. The
    // logout token replaces the code only.
    assert!(matches!(pair.login(LoginStep::log_out()), Ok(())));
    let outcome = pair.login(LoginStep::send_code("9996620008"));
    let Ok(SendCodeOutcome::PasswordRequired(hint)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(hint.hint.as_deref(), Some("the usual"));
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert_eq!(outcome, Err(LoginError::PasswordInvalid));
    assert!(is_logged_in(&pair.login(LoginStep::check_password("correct horse"))));
}

#[test]
fn a_recovery_without_a_new_password_removes_the_password() {
    let mut pair = Pair::new(PairOptions::default());
    password_hint(&mut pair, "9996620008");
    assert!(pair.login(LoginStep::request_password_recovery()).is_ok());
    assert!(is_logged_in(&pair.login(LoginStep::recover_password("222222", None))));
    assert!(matches!(pair.login(LoginStep::log_out()), Ok(())));
    assert!(is_logged_in(&pair.login(LoginStep::send_code("9996620008"))));
}

#[test]
fn an_account_without_a_recovery_address_is_reported() {
    let mut pair = Pair::new(PairOptions::default());
    assert!(!password_hint(&mut pair, "9996620002").has_recovery);
    assert_eq!(pair.login(LoginStep::request_password_recovery()), Err(LoginError::NoRecovery));
    // The password still logs in.
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
}
