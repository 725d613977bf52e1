//! Every step of a login and every class of refusal: the login continues, waits, starts again or ends.

use std::fmt::Debug;
use std::time::Duration;

use sansgram_core::login::{
    Continuation, LoginError, LoginStep, NewPassword, QrLoginOutcome, SentCode, SignInOutcome,
};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::{AccountEvent, CodeDelivery, Fault};

use super::qr_code::{begin, link, outcome, scan};
use crate::common::{code_sent, is_logged_in, pair_with, password_hint, request_code};

/// An error, how often in a row until the step ends, and how the login continues.
const REFUSALS: &[(i32, &str, usize, Continuation)] = &[
    (303, "NOWHERE_KNOWN", 1, Continuation::Fatal),
    (400, "SOMETHING_NEW", 1, Continuation::AskAgain),
    (400, "INPUT_FETCH_ERROR", 1, Continuation::Fatal),
    (400, "API_ID_PUBLISHED_FLOOD", 1, Continuation::Fatal),
    (401, "AUTH_KEY_UNREGISTERED", 1, Continuation::StartOver),
    (401, "SOMETHING_NEW", 1, Continuation::StartOver),
    (403, "RECAPTCHA_CHECK_signup__KEY", 1, Continuation::Fatal),
    (403, "SOMETHING_NEW", 1, Continuation::Fatal),
    (406, "UPDATE_APP_TO_LOGIN", 1, Continuation::Fatal),
    (406, "SOMETHING_NEW", 1, Continuation::Fatal),
    (420, "FLOOD_WAIT_86400", 1, Continuation::Wait),
    (420, "SOMETHING_NEW_86400", 1, Continuation::Wait),
    (420, "FROZEN_METHOD_INVALID", 1, Continuation::Fatal),
    (500, "AUTH_RESTART", 1, Continuation::StartOver),
    (500, "AUTH_RESTART_7", 4, Continuation::StartOver),
    (500, "SOMETHING_NEW", 4, Continuation::Wait),
    (-503, "Timeout", 4, Continuation::Wait),
    // The key is invalid from here on.
    (401, "USER_DEACTIVATED_BAN", 1, Continuation::Fatal),
];

/// Runs the step once for each refusal, and once more, which succeeds unless the key was replaced.
fn walk<T: Debug>(
    method: &str,
    deliveries: &[CodeDelivery],
    prepare: impl Fn(&mut Pair) -> Option<SentCode>,
    step: impl Fn(&mut Pair, Option<&SentCode>) -> Result<T, LoginError>,
) {
    let mut options = PairOptions::default();
    options.server.accounts.deliveries = deliveries.to_vec();
    options.server.accounts.faults = REFUSALS
        .iter()
        .flat_map(|(code, name, times, _)| {
            std::iter::repeat_n(Fault::error(method, *code, name).once(), *times)
        })
        .collect();
    let mut pair = Pair::new(options);
    let sent_code = prepare(&mut pair);
    for (code, name, _, expected) in REFUSALS {
        let refused = step(&mut pair, sent_code.as_ref());
        let error = refused.expect_err(method);
        assert_eq!(error.continuation(), *expected, "{method} -> {code} {name}: {error:?}");
        let sentence = error.to_string();
        assert!(!sentence.contains("SOMETHING") || sentence.contains(&code.to_string()), "{sentence}");
        assert_eq!(
            name.contains("SOMETHING_NEW") && *code != 420,
            sentence.contains("SOMETHING_NEW"),
            "{sentence}"
        );
    }
    let at_last = step(&mut pair, sent_code.as_ref());
    let is_of_the_key = ["auth.checkPassword", "Recover", "recover"].iter().any(|name| method.contains(name));
    match at_last {
        Err(LoginError::Restart) if is_of_the_key => {}
        at_last => assert!(at_last.is_ok() && !is_of_the_key, "{method}: {at_last:?}"),
    }
}

fn app() -> Vec<CodeDelivery> {
    vec![CodeDelivery::App, CodeDelivery::Sms]
}

#[test]
fn b3_refusals_of_the_steps_of_a_phone() {
    const PHONE: &str = "9996620001";
    let ask = |pair: &mut Pair| Some(request_code(pair, PHONE));
    walk("auth.sendCode", &app(), |_| None, |pair, _| pair.login(LoginStep::send_code(PHONE)));
    walk("auth.resendCode", &app(), ask, |pair, sent_code| {
        pair.login(LoginStep::resend_code(sent_code.unwrap()))
    });
    walk("auth.cancelCode", &app(), ask, |pair, sent_code| {
        pair.login(LoginStep::cancel_code(sent_code.unwrap()))
    });
    walk("auth.signIn", &app(), ask, |pair, sent_code| {
        pair.login(LoginStep::sign_in(sent_code.unwrap(), "22222"))
    });
}

#[test]
fn b3_refusals_of_a_sign_up() {
    let prepare = |pair: &mut Pair| {
        let sent_code = request_code(pair, "9996620009");
        match pair.login(LoginStep::sign_in(&sent_code, "22222")) {
            Ok(SignInOutcome::SignUpRequired(required)) => Some(required.sent_code),
            other => panic!("{other:?}"),
        }
    };
    walk("auth.signUp", &app(), prepare, |pair, sent_code| {
        pair.login(LoginStep::sign_up(sent_code.unwrap(), "Ada", ""))
    });
}

#[test]
fn b5_refusals_of_an_email_setup() {
    const ADDRESS: &str = "ada@home.example";
    let ask = |pair: &mut Pair| Some(request_code(pair, "9996620006"));
    walk("account.sendVerifyEmailCode", &app(), ask, |pair, sent_code| {
        pair.login(LoginStep::send_email_code(sent_code.unwrap(), ADDRESS))
    });
    let sent = |pair: &mut Pair| {
        let sent_code = ask(pair);
        let outcome = pair.login(LoginStep::send_email_code(sent_code.as_ref().unwrap(), ADDRESS));
        assert!(outcome.is_ok(), "{outcome:?}");
        sent_code
    };
    walk("account.verifyEmail", &app(), sent, |pair, sent_code| {
        let code = pair.account_events.iter().rev().find_map(|event| match event {
            AccountEvent::EmailSent { code, .. } => Some(code.clone()),
            _ => None,
        });
        pair.login(LoginStep::verify_email(sent_code.unwrap(), &code.unwrap()))
    });
    let by_email = |pair: &mut Pair| Some(request_code(pair, "9996620007"));
    walk("auth.resetLoginEmail", &app(), by_email, |pair, sent_code| {
        pair.login(LoginStep::reset_login_email(sent_code.unwrap()))
    });
}

#[test]
fn b3_refusals_of_a_password_and_its_recovery() {
    let owes = |pair: &mut Pair| {
        password_hint(pair, "9996620008");
        None
    };
    walk("auth.checkPassword", &app(), owes, |pair, _| pair.login(LoginStep::check_password("sandbox")));
    walk("auth.requestPasswordRecovery", &app(), owes, |pair, _| {
        pair.login(LoginStep::request_password_recovery())
    });
    let recovers = |pair: &mut Pair| {
        owes(pair);
        let outcome = pair.login(LoginStep::request_password_recovery());
        assert!(outcome.is_ok(), "{outcome:?}");
        None
    };
    walk("auth.checkRecoveryPassword", &app(), recovers, |pair, _| {
        pair.login(LoginStep::check_recovery_password("222222"))
    });
    walk("auth.recoverPassword", &app(), recovers, |pair, _| {
        pair.login(LoginStep::recover_password("222222", Some(NewPassword::new("correct horse"))))
    });
}

/// The code was right and is used up: if the hint cannot be fetched, the password is still requested.
#[test]
fn b3_refusals_before_a_password() {
    for (code, name, times, expected) in REFUSALS {
        let mut pair = pair_with(vec![Fault::error("account.getPassword", *code, name).once(); *times]);
        let sent_code = request_code(&mut pair, "9996620002");
        match pair.login(LoginStep::sign_in(&sent_code, "22222")) {
            Ok(SignInOutcome::PasswordRequired(hint)) => {
                assert!(expected.can_continue() && hint.hint.is_none(), "{code} {name}");
                assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
            }
            other => assert_eq!(other.unwrap_err().continuation(), *expected, "{code} {name}"),
        }
    }
}

#[test]
fn b3_refusals_of_a_bot() {
    walk(
        "auth.importBotAuthorization",
        &app(),
        |_| None,
        |pair, _| pair.login(LoginStep::bot_login("1:sandbox")),
    );
}

#[test]
fn b3_refusals_of_a_qr_code() {
    for (code, name, times, expected) in REFUSALS {
        let mut pair = pair_with(vec![Fault::error("auth.exportLoginToken", *code, name).once(); *times]);
        let now = pair.client_now();
        let id = pair.client.start_step(now, LoginStep::qr_login(&[])).unwrap();
        let error = outcome(&mut pair, id).unwrap_err();
        assert_eq!(error.continuation(), *expected, "{code} {name}: {error:?}");
        // Another one can be shown, and scanned by an account of another DC.
        let (id, _) = begin(&mut pair, &[]);
        let shown = link(&pair, id);
        scan(&mut pair, &shown, "9996610001").unwrap();
        assert!(is_logged_in(&outcome(&mut pair, id)));
    }
}

/// A DC may not know the account's key for a second or two after a migration (Swiftgram PR#185).
#[test]
fn b4_a_temporary_401_after_a_migration_is_retried() {
    let passing = |method: &str| Fault::error(method, 401, "AUTH_KEY_UNREGISTERED").once().on_dc(1);
    let steps = ["auth.signIn", "account.getPassword", "auth.checkPassword"];
    for count in [1, 2, 3] {
        let mut options = PairOptions::default();
        options.server.accounts.faults =
            steps.iter().flat_map(|method| std::iter::repeat_n(passing(method), count)).collect();
        let mut pair = Pair::new(options);
        password_hint(&mut pair, "9996610002");
        assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))), "{count} refusals");
        assert!(pair.elapsed() < Duration::from_secs(40), "{:?}", pair.elapsed());
    }
    // The same after a QR code.
    let mut options = PairOptions::default();
    options.server.accounts.faults =
        ["auth.importLoginToken", "account.getPassword", "auth.checkPassword"].map(passing).to_vec();
    let mut pair = Pair::new(options);
    let (id, shown) = begin(&mut pair, &[]);
    scan(&mut pair, &shown, "9996610002").unwrap();
    assert!(matches!(outcome(&mut pair, id), Ok(QrLoginOutcome::PasswordRequired(_))));
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
}

/// Another process continues: the session knows that the login has moved to another DC.
#[test]
fn b4_a_temporary_401_is_retried_in_another_process() {
    let mut options = PairOptions::default();
    options.server.accounts.faults =
        vec![Fault::error("account.getPassword", 401, "AUTH_KEY_UNREGISTERED").once().on_dc(1)];
    let mut pair = Pair::new(options);
    let sent_code = code_sent(pair.login(LoginStep::send_code("9996610002")));
    pair.restart_client(PairOptions::config(&[1, 2, 3]));
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "11111"));
    assert!(matches!(outcome, Ok(SignInOutcome::PasswordRequired(_))), "{outcome:?}");
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
}

#[test]
fn b4_a_permanent_401_restarts_the_login() {
    for phone in ["9996620002", "9996610002"] {
        let mut options = PairOptions::default();
        options.server.accounts.faults =
            vec![Fault::error("auth.checkPassword", 401, "AUTH_KEY_UNREGISTERED")];
        let mut pair = Pair::new(options);
        password_hint(&mut pair, phone);
        let begun = pair.elapsed();
        let outcome = pair.login(LoginStep::check_password("sandbox"));
        assert_eq!(outcome, Err(LoginError::Restart));
        assert!(pair.elapsed() - begun < Duration::from_secs(15), "{:?}", pair.elapsed() - begun);
    }
}

#[test]
fn f14_endless_flood_waits_are_reported() {
    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![Fault::flood_wait("auth.sendCode", 0)];
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::send_code("9996620001"));
    let total = Duration::from_secs(60);
    assert_eq!(outcome, Err(LoginError::EndlessFloodWait { times: 60, total }));
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "the server demanded 60 waits in a row, 1 minute in total, and then another; try again later"
    );
}
