//! The reset of a forgotten password takes a week and can be declined.

use std::time::Duration;

use sansgram_core::login::{LoginError, LoginStep, PasswordReset};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{is_logged_in, password_hint};

#[test]
fn a_password_is_removed_a_week_after_the_request_unless_declined() {
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
    let mut pair = Pair::new(PairOptions::default());
    password_hint(&mut pair, "9996620002");
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
    let outcome = pair.login(LoginStep::reset_password());
    let Ok(PasswordReset::Waiting { until }) = outcome else { panic!("{outcome:?}") };
    let now = i32::try_from(pair.server_now().unix.as_secs()).unwrap();
    assert!((until - now).unsigned_abs().abs_diff(7 * 24 * 3600) < 10);
    assert_eq!(pair.login(LoginStep::decline_password_reset()), Ok(()));
    let outcome = pair.login(LoginStep::reset_password());
    assert!(matches!(outcome, Ok(PasswordReset::Refused { .. })), "{outcome:?}");
    pair.run_for(Duration::from_secs(24 * 3600)).unwrap();
    let outcome = pair.login(LoginStep::reset_password());
    assert!(matches!(outcome, Ok(PasswordReset::Waiting { .. })), "{outcome:?}");
    pair.run_for(WEEK).unwrap();
    let outcome = pair.login(LoginStep::reset_password());
    assert_eq!(outcome, Ok(PasswordReset::Done));
    assert_eq!(pair.login(LoginStep::reset_password()), Err(LoginError::NoPassword));
}
