//! `SRP_ID_INVALID`: the parameters are fetched again, and the typed password is kept.

use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{is_logged_in, password_hint};

#[test]
fn stale_parameters_are_refetched_and_the_password_is_kept() {
    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![Fault::srp_id_invalid().once()];
    let mut pair = Pair::new(options);
    password_hint(&mut pair, "9996620002");
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));

    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![Fault::srp_id_invalid()];
    let mut pair = Pair::new(options);
    password_hint(&mut pair, "9996620002");
    assert!(pair.login(LoginStep::check_password("sandbox")).is_err(), "it is not tried without end");
}
