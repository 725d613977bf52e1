//! An expired code, and `AUTH_RESTART`: the same client requests another code.

use std::time::Duration;

use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::{CodeDelivery, Fault};

use crate::common::{assert_code_logs_in, delivering, request_code};

const PHONE: &str = "+999 66 2 0001";

#[test]
fn expired_and_wrong_codes_are_distinct_and_a_new_code_logs_in() {
    let mut pair = delivering(&[CodeDelivery::App]);
    let sent_code = request_code(&mut pair, PHONE);
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "00000")), Err(LoginError::CodeInvalid));
    pair.run_for(Duration::from_secs(301)).unwrap();
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "22222")), Err(LoginError::CodeExpired));
    let sent_code = request_code(&mut pair, PHONE);
    assert_code_logs_in(&mut pair, &sent_code);
}

#[test]
fn auth_restart_is_reported() {
    let mut options = PairOptions::default();
    options.server.accounts.faults =
        vec![Fault::auth_restart("auth.sendCode").once(), Fault::auth_restart("auth.signIn").once()];
    let mut pair = Pair::new(options);
    assert_eq!(pair.login(LoginStep::send_code(PHONE)), Err(LoginError::Restart));
    let sent_code = request_code(&mut pair, PHONE);
    assert_eq!(pair.login(LoginStep::sign_in(&sent_code, "22222")), Err(LoginError::Restart));
    let sent_code = request_code(&mut pair, PHONE);
    assert_code_logs_in(&mut pair, &sent_code);
}
