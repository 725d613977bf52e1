//! Migration is followed in every step, over several hops; loops end the login, and impossible DCs are refused.

use sansgram_core::client::InvokeError;
use sansgram_core::login::{LoginError, LoginStep, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::{AccountEvent, CodeDelivery, Fault};

use crate::common::{assert_logged_in, code_sent, dc, delivering, pair_with, request_code};

const PHONE: &str = "9996620001";

#[test]
fn phone_migrate_is_followed_in_each_step() {
    let mut pair = delivering(&[CodeDelivery::App, CodeDelivery::Sms]);
    let sent_code = code_sent(pair.login(LoginStep::send_code("00 999 66 3 0001")));
    assert_eq!(pair.client.home().number(), 3);
    let sent_code = code_sent(pair.login(LoginStep::resend_code(&sent_code)));
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "33333"));
    assert!(matches!(outcome, Ok(SignInOutcome::LoggedIn(_))), "{outcome:?}");
    let codes =
        pair.account_events.iter().filter(|event| matches!(event, AccountEvent::CodeSent { dc: 3, .. }));
    assert_eq!(codes.count(), 2);
}

#[test]
fn endless_migration_ends_the_login() {
    let mut options = PairOptions::default();
    options.server.accounts.always_migrate = true;
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
    assert!(matches!(outcome, Err(LoginError::MigrationLoop)), "{outcome:?}");
}

/// A migration to another DC and back in each step: the step is repeated there, and that DC redirects to the home DC.
#[test]
fn a_migration_and_back_in_any_step_ends_on_the_home_dc() {
    for error in ["PHONE_MIGRATE_3", "NETWORK_MIGRATE_3", "USER_MIGRATE_3"] {
        for method in ["auth.sendCode", "auth.resendCode", "auth.signIn", "auth.signUp"] {
            let mut pair = pair_with(vec![Fault::error(method, 303, error).once().on_dc(2)]);
            let sent_code = request_code(&mut pair, "9996620009");
            let sent_code = code_sent(pair.login(LoginStep::resend_code(&sent_code)));
            let outcome = pair.login(LoginStep::sign_in(&sent_code, "22222"));
            let Ok(SignInOutcome::SignUpRequired(newcomer)) = outcome else {
                panic!("{method}: {outcome:?}")
            };
            let outcome = pair.login(LoginStep::sign_up(&newcomer.sent_code, "Ada", ""));
            assert_logged_in(&outcome);
            assert_eq!(pair.client.home(), dc(2), "{method}");
            assert_eq!(pair.opened.len(), 3, "{method}: there and back");
        }
        for method in ["auth.importBotAuthorization", "auth.exportLoginToken"] {
            let mut pair = pair_with(vec![Fault::error(method, 303, error).once().on_dc(2)]);
            if method == "auth.exportLoginToken" {
                let now = pair.client_now();
                let step = pair.client.start_step(now, LoginStep::qr_login(&[])).unwrap();
                pair.run_until(|pair| pair.client.qr_link(step.id()).is_some()).unwrap();
                assert_eq!(pair.client.home(), dc(3));
                let url = pair.client.qr_link(step.id()).unwrap().url().to_owned();
                pair.dcs.scan_login_link(&url, "9996630001").unwrap();
                pair.run_until(|pair| pair.is_completed(step.id())).unwrap();
                assert_logged_in(&pair.client.take_step(step).unwrap());
                assert_eq!(pair.client.home(), dc(3));
            } else {
                assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
                assert_eq!(pair.client.home(), dc(2));
            }
        }
    }
}

#[test]
fn several_hops_are_followed_in_one_step() {
    let hops = vec![
        Fault::error("auth.sendCode", 303, "NETWORK_MIGRATE_3").once().on_dc(2),
        Fault::error("auth.sendCode", 303, "PHONE_MIGRATE_1").once().on_dc(3),
        Fault::error("auth.sendCode", 303, "PHONE_MIGRATE_2").once().on_dc(1),
    ];
    let mut pair = pair_with(hops);
    // Home at last, which is DC 1: it was sent away from there once.
    let sent_code = request_code(&mut pair, "9996610001");
    assert_eq!(pair.client.home(), dc(1));
    assert_logged_in(&pair.login(LoginStep::sign_in(&sent_code, "11111")));
}

#[test]
fn impossible_dcs_are_refused_in_every_step() {
    for target in ["0", "-1", "4", "1001", "99999999999999999999"] {
        for method in ["auth.sendCode", "auth.signIn", "auth.importBotAuthorization"] {
            let mut pair = pair_with(vec![Fault::error(method, 303, &format!("PHONE_MIGRATE_{target}"))]);
            let error = if method == "auth.importBotAuthorization" {
                pair.login(LoginStep::bot_login("1:sandbox")).unwrap_err()
            } else {
                match pair.login(LoginStep::send_code(PHONE)) {
                    Ok(sent) => pair.login(LoginStep::sign_in(&code_sent(Ok(sent)), "22222")).unwrap_err(),
                    Err(error) => error,
                }
            };
            let is_named = matches!(error, LoginError::MigrationTarget(_))
                || matches!(error, LoginError::Invoke(InvokeError::UnknownDc(_)))
                || matches!(error, LoginError::Refused(_));
            assert!(is_named, "{method} to {target}: {error:?}");
            assert!(pair.elapsed().as_secs() < 5, "{method} to {target}");
            // Another login can start.
            assert_eq!(pair.client.stored_session().home_dc.unwrap_or(dc(2)), dc(2), "{method} to {target}");
        }
    }
}
