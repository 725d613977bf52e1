//! Bots log in by their token, on their home DC and on others. A malformed token causes no traffic.

use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::assert_logged_in;

#[test]
fn a_bot_logs_in_on_its_home_dc_and_on_another() {
    for (token, dc) in [("1:sandbox", 2), ("2:elsewhere", 1)] {
        let mut pair = Pair::new(PairOptions::default());
        let outcome = pair.login(LoginStep::bot_login(token));
        assert!(matches!(&outcome, Ok(user) if user.is_bot), "{outcome:?}");
        assert_eq!(pair.client.home().number(), dc);
        let outcome = pair.login(LoginStep::get_me());
        assert!(outcome.is_ok(), "{outcome:?}");
        let outcome = pair.login(LoginStep::log_out());
        assert!(matches!(outcome, Ok(())), "{outcome:?}");
    }
}

#[test]
fn a_malformed_token_is_refused_before_any_traffic() {
    let mut pair = Pair::new(PairOptions::default());
    for typed in ["", "sandbox", "1:", ":sandbox", "one:sandbox", "1:sand box", "1:sandbox:1"] {
        let outcome = pair.login(LoginStep::bot_login(typed));
        assert!(matches!(outcome, Err(LoginError::BotTokenForm(_))), "{typed:?}: {outcome:?}");
    }
    assert!(pair.opened.is_empty(), "nothing was connected to");
    assert_eq!(pair.login(LoginStep::bot_login("1:wrong")), Err(LoginError::BotTokenInvalid));
    // White space around it is ignored.
    assert_logged_in(&pair.login(LoginStep::bot_login(" 1:sandbox\n")));
}
