//! A code is accepted as users type and paste it. A malformed code causes no traffic, so no attempt is spent.

use sansgram_core::login::{ApiCredentials, InvalidCode, LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_logged_in, request_code};

#[test]
fn d4_every_format_of_a_code_logs_in() {
    for typed in ["22222", "۲۲۲۲۲", "２２２２２", "2.2.2.2.2", "222-22", "code 22222", "\u{200e}22222\n"]
    {
        let mut pair = Pair::new(PairOptions::default());
        let sent_code = request_code(&mut pair, "9996620001");
        assert_logged_in(&pair.login(LoginStep::sign_in(&sent_code, typed)));
    }
}

#[test]
fn d4_a_malformed_code_causes_no_traffic() {
    let mut pair = Pair::new(PairOptions::default());
    let sent_code = request_code(&mut pair, "9996620001");
    let before = pair.client_now();
    for (typed, reason) in [
        ("no idea", InvalidCode::NoDigits),
        ("2222", InvalidCode::Length { expected: 5, given: 4 }),
        ("9996620001", InvalidCode::Length { expected: 5, given: 10 }),
        ("11111 or 22222", InvalidCode::SeveralNumbers),
    ] {
        let outcome = pair.login(LoginStep::sign_in(&sent_code, typed));
        assert_eq!(outcome, Err(LoginError::CodeForm(reason)), "{typed}");
    }
    // An answer of the server would have taken time.
    assert_eq!(pair.client_now(), before);
}

#[test]
fn d6_a_malformed_api_hash_causes_no_traffic() {
    for hash in ["", "sandbox", "0123456789abcdef", "0123456789abcdef0123456789abcdeg"] {
        let mut options = PairOptions::default();
        options.client.api = Some(ApiCredentials { id: 1, hash: hash.into() });
        let mut pair = Pair::new(options);
        for error in [
            pair.login(LoginStep::send_code("9996620001")).unwrap_err(),
            pair.login(LoginStep::bot_login("1:sandbox")).unwrap_err(),
            pair.login(LoginStep::qr_login(&[])).unwrap_err(),
        ] {
            assert!(matches!(error, LoginError::ApiHashForm(_)), "{hash}: {error:?}");
        }
        assert!(pair.opened.is_empty(), "nothing was connected to");
    }
}
