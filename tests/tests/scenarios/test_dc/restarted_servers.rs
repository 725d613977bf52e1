//! The saved and restored state of the DCs: its effect on a client, and malformed state.

use sansgram_core::login::{LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions, address};
use sansgram_testkit::accounts::{AccountOptions, TestPassword, TestUser};
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::server::{RestoreError, ServerOptions, TestDcs};

use crate::common::is_logged_in;

fn restored(mut options: ServerOptions, saved: &[u8]) -> Result<TestDcs, RestoreError> {
    options.accounts.dcs = options.dcs.iter().map(|&dc| (dc, address(dc))).collect();
    TestDcs::restore(options, Box::new(SeededRandomForTestingOnly::new(99)), saved)
}

/// Restarts the servers from their saved state.
fn restart(pair: &mut Pair, options: ServerOptions) {
    pair.dcs.close_all();
    pair.poll();
    pair.dcs = restored(options, &pair.dcs.save()).unwrap();
}

fn log_in(pair: &mut Pair, phone: &str, code: &str) -> Option<i64> {
    let outcome = pair.login(LoginStep::send_code(phone));
    let Ok(SendCodeOutcome::CodeSent(sent_code)) = outcome else { panic!("{outcome:?}") };
    match pair.login(LoginStep::sign_in(&sent_code, code)) {
        Ok(SignInOutcome::LoggedIn(user)) => Some(user.id),
        Ok(SignInOutcome::PasswordRequired(_)) => None,
        other => panic!("{other:?}"),
    }
}

fn whoami(pair: &mut Pair) -> Option<i64> {
    // The method itself is not general enough over its lifetime.
    #[allow(clippy::redundant_closure_for_method_calls)]
    let outcome = pair.login(LoginStep::get_me());
    if let Ok(user) = outcome { Some(user.id) } else { None }
}

fn ada(password: &str) -> ServerOptions {
    let password = TestPassword::new(password);
    let user = TestUser::new(7, "12025550123")
        .with_first_name("Ada".into())
        .with_username("ada_l".into())
        .with_code(Some("12345".into()))
        .with_password(Some(password));
    let accounts = AccountOptions::default().with_users(vec![user]);
    ServerOptions::default().with_accounts(accounts)
}

#[test]
fn a4_a_client_stays_logged_in_across_a_server_restart() {
    for pfs in [false, true] {
        let mut options = PairOptions::default();
        options.client.pfs = pfs;
        let mut pair = Pair::new(options);
        assert_eq!(log_in(&mut pair, "9996630001", "33333"), Some(9_996_630_001));
        let keys = pair.dcs.keys().count();
        restart(&mut pair, ServerOptions::default());
        assert_eq!(pair.dcs.keys().count(), keys);
        assert_eq!(whoami(&mut pair), Some(9_996_630_001), "pfs: {pfs}");
        assert!(pair.refusals.iter().all(|refusal| !refusal.is_clients_fault()), "{:?}", pair.refusals);
    }
}

#[test]
fn a4_every_login_step_continues_after_a_restart() {
    let mut pair = Pair::new(PairOptions::default());
    let outcome = pair.login(LoginStep::send_code("9996620002"));
    let Ok(SendCodeOutcome::CodeSent(sent_code)) = outcome else { panic!("{outcome:?}") };
    restart(&mut pair, ServerOptions::default());
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "22222"));
    assert!(matches!(outcome, Ok(SignInOutcome::PasswordRequired(_))), "{outcome:?}");
    restart(&mut pair, ServerOptions::default());
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
}

#[test]
fn a4_accounts_changed_by_the_options_start_fresh() {
    let mut pair = Pair::new(PairOptions { server: ada("engine"), ..PairOptions::default() });
    assert_eq!(log_in(&mut pair, "12025550123", "12345"), None);
    let outcome = pair.login(LoginStep::check_password("engine"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    restart(&mut pair, ada("engine"));
    assert_eq!(whoami(&mut pair), Some(7));
    // A user who was removed from the options is logged out.
    restart(&mut pair, ServerOptions::default());
    assert_eq!(whoami(&mut pair), None);
}

#[test]
fn a4_malformed_state_is_refused_and_never_panics() {
    let mut pair = Pair::new(PairOptions::default());
    log_in(&mut pair, "9996620002", "22222");
    let saved = pair.dcs.save();
    assert!(restored(ServerOptions::default(), &saved).is_ok());
    for length in 0..saved.len() {
        let outcome = restored(ServerOptions::default(), &saved[..length]);
        assert_eq!(outcome.err(), Some(RestoreError::Damaged), "{length}");
    }
    for at in 0..saved.len() {
        let mut changed = saved.clone();
        changed[at] ^= 1;
        assert!(restored(ServerOptions::default(), &changed).is_err(), "{at}");
    }
    let longer = [&saved[..], b"\n"].concat();
    assert_eq!(restored(ServerOptions::default(), &longer).err(), Some(RestoreError::Damaged));
    assert_eq!(restored(ServerOptions::default(), b"SQLite format 3\0").err(), Some(RestoreError::Foreign));
}

#[test]
fn a4_only_what_is_saved_counts_as_a_change() {
    let mut pair = Pair::new(PairOptions::default());
    log_in(&mut pair, "9996620001", "22222");
    assert!(pair.dcs.take_changed());
    assert!(!pair.dcs.take_changed());
    let before = pair.dcs.save();
    assert_eq!(whoami(&mut pair), Some(9_996_620_001));
    assert!(!pair.dcs.take_changed());
    // Except for the count of calls.
    assert_eq!(pair.dcs.save().len(), before.len());
}

#[test]
fn a4_the_previous_state_layouts_are_read() {
    let mut pair = Pair::new(PairOptions::default());
    assert_eq!(log_in(&mut pair, "9996630001", "33333"), Some(9_996_630_001));
    let saved = pair.dcs.save();
    // It ends with the devices of the keys, the counters of messages and a checksum; the layouts before have no counters,
    // and the first of them has no devices.
    let begin = b"sansgram test DCs, state ";
    let (covered, _) = saved.split_last_chunk::<32>().unwrap();
    for version in [b'2', b'1'] {
        let before = (begin.len() + 1..covered.len()).rev().find_map(|end| {
            let mut before = covered[..end].to_vec();
            before[begin.len()] = version;
            before.extend(sansgram_core::crypto::hash::sha256(&[&before]));
            restored(ServerOptions::default(), &before).ok()
        });
        pair.dcs.close_all();
        pair.poll();
        pair.dcs = before.expect("a state of a layout before");
        assert_eq!(whoami(&mut pair), Some(9_996_630_001));
    }
    let later: Vec<u8> = [&saved[..begin.len()], b"4", &saved[begin.len() + 1..]].concat();
    assert_eq!(restored(ServerOptions::default(), &later).err(), Some(RestoreError::Version));
}
