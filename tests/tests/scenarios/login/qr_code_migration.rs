//! A QR code scanned by an account of another DC, with a password and without.

use sansgram_core::login::{LoginError, LoginStep, MAX_MIGRATIONS, QrLoginOutcome};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use super::qr_code::{begin, link, outcome, scan};
use crate::common::{assert_no_fault, is_logged_in};

#[test]
fn a_scan_by_an_account_of_another_dc_with_a_password_logs_in() {
    for (phone, dc, password) in [("9996610001", 1, false), ("9996630002", 3, true), ("9996620002", 2, true)]
    {
        let mut pair = Pair::new(PairOptions::default());
        let (step, link) = begin(&mut pair, &[]);
        scan(&mut pair, &link, phone).unwrap();
        let outcome = outcome(&mut pair, step);
        if password {
            assert!(
                matches!(&outcome, Ok(QrLoginOutcome::PasswordRequired(hint)) if hint.hint.is_some()),
                "{outcome:?}"
            );
            let outcome = pair.login(LoginStep::check_password("sandbox"));
            assert!(is_logged_in(&outcome), "{outcome:?}");
        } else {
            assert!(is_logged_in(&outcome), "{outcome:?}");
        }
        assert_eq!(pair.client.home().number(), dc);
        assert!(pair.login(LoginStep::get_me()).is_ok());
        assert_no_fault(&pair);
    }
}

#[test]
fn a_migration_loop_ends_the_qr_login() {
    let mut options = PairOptions::default();
    options.server.accounts.always_migrate = true;
    let mut pair = Pair::new(options);
    let (step, link) = begin(&mut pair, &[]);
    scan(&mut pair, &link, "9996620001").unwrap();
    assert_eq!(outcome(&mut pair, step), Err(LoginError::MigrationLoop));
    // One connection to the home DC, then one for each hop.
    assert_eq!(pair.opened.len(), 1 + usize::from(MAX_MIGRATIONS));
}

#[test]
fn a_token_that_expires_during_migration_is_replaced() {
    let mut options = PairOptions::default();
    options.server.accounts.faults =
        vec![Fault::error("auth.importLoginToken", 400, "AUTH_TOKEN_EXPIRED").once()];
    let mut pair = Pair::new(options);
    let (step, first) = begin(&mut pair, &[]);
    scan(&mut pair, &first, "9996630001").unwrap();
    pair.run_until(|pair| pair.client.qr_link(step.id()).is_none_or(|link| link.number == 2)).unwrap();
    let second = link(&pair, step);
    scan(&mut pair, &second, "9996630001").unwrap();
    assert!(is_logged_in(&outcome(&mut pair, step)));
    assert_eq!(pair.client.home().number(), 3);
}
