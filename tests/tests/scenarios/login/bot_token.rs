//! Bots log in by their token, at home and elsewhere. What is no token costs no traffic.

use sansgram_core::login::{LoginError, Outcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::assert_logged_in;

#[test]
fn a_bot_logs_in_on_its_home_dc_and_on_another() {
    for (token, dc) in [("1:sandbox", 2), ("2:elsewhere", 1)] {
        let mut pair = Pair::new(PairOptions::default());
        let outcome = pair.login(|login| login.bot_login(token));
        assert!(matches!(&outcome, Ok(Outcome::LoggedIn(user)) if user.is_bot), "{outcome:?}");
        assert_eq!(pair.client.home().number(), dc);
        let outcome = pair.login(|login| login.get_me());
        assert!(matches!(outcome, Ok(Outcome::Me(_))), "{outcome:?}");
        let outcome = pair.login(|login| login.sign_out());
        assert!(matches!(outcome, Ok(Outcome::SignedOut)), "{outcome:?}");
    }
}

#[test]
fn a_malformed_token_is_refused_before_any_traffic() {
    let mut pair = Pair::new(PairOptions::default());
    for typed in ["", "sandbox", "1:", ":sandbox", "one:sandbox", "1:sand box", "1:sandbox:1"] {
        let outcome = pair.login(|login| login.bot_login(typed));
        assert!(matches!(outcome, Err(LoginError::BotTokenForm(_))), "{typed:?}: {outcome:?}");
    }
    assert!(pair.opened.is_empty(), "nothing was connected to");
    assert_eq!(pair.login(|login| login.bot_login("1:wrong")), Err(LoginError::BotTokenInvalid));
    // White space around it is nobody's fault.
    assert_logged_in(&pair.login(|login| login.bot_login(" 1:sandbox\n")));
}
