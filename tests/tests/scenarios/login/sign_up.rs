//! Sign-up of an unregistered number, with the terms of service.

use sansgram_core::login::{LoginError, LoginStep, SendCodeOutcome, SignInOutcome, SignUpRequired};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

fn required(pair: &mut Pair, phone: &str, code: &str) -> SignUpRequired {
    let Ok(SendCodeOutcome::CodeSent(sent_code)) = pair.login(LoginStep::send_code(phone)) else {
        panic!("no code")
    };
    match pair.login(LoginStep::sign_in(&sent_code, code)) {
        Ok(SignInOutcome::SignUpRequired(required)) => required,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_user_signs_up_with_terms_and_name() {
    for (phone, code, dc) in [("9996620009", "22222", 2), ("9996630009", "33333", 3)] {
        let mut pair = Pair::new(PairOptions::default());
        let required = required(&mut pair, phone, code);
        let terms = required.terms_of_service.clone().expect("terms");
        assert!(terms.text.starts_with("By signing up"));
        for wrong in ["", "  "] {
            let outcome = pair.login(LoginStep::sign_up(&required.sent_code, wrong, ""));
            assert_eq!(outcome, Err(LoginError::FirstNameInvalid));
        }
        let long = "x".repeat(65);
        let outcome = pair.login(LoginStep::sign_up(&required.sent_code, &long, ""));
        assert_eq!(outcome, Err(LoginError::FirstNameInvalid));
        let outcome = pair.login(LoginStep::sign_up(&required.sent_code, "Ada", &long));
        assert_eq!(outcome, Err(LoginError::LastNameInvalid));

        let outcome = pair.login(LoginStep::sign_up(&required.sent_code, " Ada ", "Lovelace"));
        let Ok(user) = outcome else { panic!("{outcome:?}") };
        assert_eq!((user.first_name.as_str(), user.last_name.as_deref()), ("Ada", Some("Lovelace")));
        assert_eq!(pair.login(LoginStep::accept_terms(&terms)), Ok(()));
        assert_eq!(pair.login(LoginStep::get_me()), Ok(user));
        assert_eq!(pair.client.home().number(), dc);
        assert_eq!(pair.client.stored_session().user.as_ref().map(|user| user.is_bot), Some(false));
    }
}

#[test]
fn phone_number_unoccupied_requires_a_sign_up() {
    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![Fault::error("auth.signIn", 400, "PHONE_NUMBER_UNOCCUPIED").once()];
    let mut pair = Pair::new(options);
    assert_eq!(required(&mut pair, "9996620009", "22222").terms_of_service, None);
}

#[test]
fn applications_that_may_not_sign_up_get_an_error() {
    let mut options = PairOptions::default();
    let refused = Fault::error("auth.signUp", 400, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN");
    let occupied = Fault::error("auth.signUp", 400, "PHONE_NUMBER_OCCUPIED").once();
    options.server.accounts.faults = vec![occupied, refused];
    let mut pair = Pair::new(options);
    let required = required(&mut pair, "9996620009", "22222");
    for expected in [LoginError::PhoneOccupied, LoginError::OfficialAppsOnly] {
        assert_eq!(pair.login(LoginStep::sign_up(&required.sent_code, "Ada", "")), Err(expected));
    }
}
