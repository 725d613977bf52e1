//! No secret is in what a client prints. Every scenario is searched when its pair is dropped; this file shows that the
//! search finds secrets.

use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_harness::secret_scan;

use crate::common::{password_hint, request_code};

/// A login with all kinds of secrets. Returns the pair, and a secret of each kind.
fn run() -> Pair {
    let mut options = PairOptions::default();
    options.client.pfs = true;
    let mut pair = Pair::new(options);
    let now = pair.client_now();
    let step = pair.client.start_step(now, LoginStep::qr_login(&[])).unwrap();
    pair.run_until(|pair| pair.client.qr_link(step.id()).is_some()).unwrap();
    pair.client.cancel(step.id());
    password_hint(&mut pair, "9996620008");
    let outcome = pair.login(LoginStep::request_password_recovery());
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(pair.login(LoginStep::check_password("sandbox")).is_ok());
    assert!(pair.login(LoginStep::log_out()).is_ok());
    assert!(pair.login(LoginStep::bot_login("2:elsewhere")).is_ok());
    assert!(pair.login(LoginStep::log_out()).is_ok());
    request_code(&mut pair, "9996620007");
    pair
}

#[test]
fn every_kind_of_secret_is_known_and_none_is_printed() {
    let mut pair = run();
    let known = pair.dcs.secrets().kinds();
    for name in [
        "api_hash",
        "auth_key",
        "bot token",
        "e-mail code",
        "future_auth_token",
        "login code",
        "login token",
        "new_nonce",
        "password",
        "password hash",
        "password verifier",
        "phone_code_hash",
    ] {
        assert!(known.contains(name), "{name} is not among {known:?}");
    }
    assert_eq!(pair.check_secrets(), Ok(()));
}

#[test]
fn a_printed_secret_fails_the_scenario() {
    let mut pair = run();
    let sent_code = request_code(&mut pair, "9996620003");
    let key = pair.client.stored_session().keys.values().next().unwrap().auth_key.as_bytes().to_vec();
    let hex: String = key[100..120].iter().map(|byte| format!("{byte:02x}")).collect();
    let text = sansgram_core::login::SavedLogin::from(sent_code).to_text();
    let plants: [(&str, String); 6] = [
        ("auth_key", format!("{key:?}")),
        ("auth_key", format!("Key {{ part: {hex} }}")),
        ("auth_key", pair.client.stored_session().to_text().to_string()),
        ("login code", "LoginError: the code 22222 is wrong".into()),
        ("password", "check_password(\"sandbox\")".into()),
        ("phone_code_hash", text.to_string()),
    ];
    for (name, planted) in plants {
        assert_eq!(pair.check_secrets(), Ok(()), "before {name}");
        let found = secret_scan::check(pair.dcs.secrets(), &planted).unwrap_err();
        assert_eq!(found.kind, name, "{planted}");
    }
    // Drop panics too.
    pair.record_output(&"the password is sandbox");
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(pair)));
    let text = *dropped.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("the secret \"password\" leaked"), "{text}");
}
