//! Login by QR code: the link is renewed before it expires, and the scan arrives as an update, without polling.

use std::time::Duration;

use sansgram_core::client::{Event, InvokeError, StepHandle};
use sansgram_core::login::{LoginError, LoginStep, QrLink, QrLoginOutcome};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{assert_no_fault, is_logged_in};

/// Begins a login and waits for its first link.
pub(super) fn begin(pair: &mut Pair, except_ids: &[i64]) -> (StepHandle<QrLoginOutcome>, QrLink) {
    let now = pair.client_now();
    let step = pair.client.start_step(now, LoginStep::qr_login(except_ids)).unwrap();
    pair.run_until(|pair| pair.client.qr_link(step.id()).is_some()).unwrap();
    (step, link(pair, step))
}

pub(super) fn link(pair: &Pair, step: StepHandle<QrLoginOutcome>) -> QrLink {
    pair.client.qr_link(step.id()).unwrap().clone()
}

pub(super) fn scan(pair: &mut Pair, link: &QrLink, phone: &str) -> Result<(), String> {
    let result = pair.dcs.scan_login_link(link.url(), phone);
    pair.poll();
    result
}

pub(super) fn outcome(
    pair: &mut Pair,
    step: StepHandle<QrLoginOutcome>,
) -> Result<QrLoginOutcome, LoginError> {
    pair.run_until(|pair| pair.is_completed(step.id())).unwrap();
    pair.client.take_step(step).unwrap()
}

fn links_told(pair: &Pair) -> usize {
    pair.events.iter().filter(|event| matches!(event, Event::QrLink(_))).count()
}

#[test]
fn a_scan_of_the_link_logs_in_at_once() {
    for seed in 0..8 {
        let mut pair = Pair::new(PairOptions::seeded(seed));
        let (step, link) = begin(&mut pair, &[]);
        let token = link.url().strip_prefix("tg://login?token=").unwrap();
        assert!(token.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{token}");
        assert_eq!(link.number, 1);
        assert!(link.lifetime <= Duration::from_secs(30) && link.lifetime > Duration::from_secs(25));

        let before = pair.elapsed();
        scan(&mut pair, &link, "9996620001").unwrap();
        let outcome = outcome(&mut pair, step);
        assert!(
            matches!(&outcome, Ok(QrLoginOutcome::LoggedIn(user)) if user.id == 9_996_620_001),
            "{outcome:?}"
        );
        // The update reported it, before any timer.
        assert!(pair.elapsed() - before < Duration::from_secs(1));
        assert!(pair.client.stored_session().user.is_some());
        assert_no_fault(&pair);
    }
}

#[test]
fn a_link_is_renewed_before_it_expires_and_no_more_often() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, first) = begin(&mut pair, &[]);
    let mut seen = vec![first.url().to_owned()];
    for number in 2..=10 {
        let before = pair.elapsed();
        pair.run_until(|pair| pair.client.qr_link(step.id()).unwrap().number == number).unwrap();
        let waited = pair.elapsed() - before;
        assert!(waited > Duration::from_secs(20) && waited < Duration::from_secs(30), "{waited:?}");
        let link = link(&pair, step);
        assert!(!seen.contains(&link.url().to_owned()));
        seen.push(link.url().to_owned());
    }
    assert_eq!(links_told(&pair), 10);
    // Each has expired in turn, except the last one.
    for old in &seen[..8] {
        assert_eq!(pair.dcs.scan_login_link(old, "9996620001").unwrap_err(), "AUTH_TOKEN_INVALIDX");
    }
    let last = link(&pair, step);
    scan(&mut pair, &last, "9996620001").unwrap();
    assert!(matches!(outcome(&mut pair, step), Ok(QrLoginOutcome::LoggedIn(_))));
}

#[test]
fn a_wrong_clock_does_not_change_the_renewal_interval() {
    for clock_skew in [-86_400, 86_400] {
        let mut pair = Pair::new(PairOptions { clock_skew, ..PairOptions::default() });
        let (step, link) = begin(&mut pair, &[]);
        assert!(link.lifetime > Duration::from_secs(25) && link.lifetime <= Duration::from_secs(31));
        pair.run_for(Duration::from_secs(290)).unwrap();
        assert!((10..=13).contains(&links_told(&pair)), "{}", links_told(&pair));
        pair.client.cancel(step.id());
    }
}

#[test]
fn an_excluded_user_cannot_scan_the_link() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, link) = begin(&mut pair, &[9_996_620_001]);
    assert_eq!(scan(&mut pair, &link, "9996620001").unwrap_err(), "AUTH_TOKEN_EXCEPTION");
    assert!(!pair.is_completed(step.id()));
    scan(&mut pair, &link, "9996620003").unwrap();
    assert!(
        matches!(outcome(&mut pair, step), Ok(QrLoginOutcome::LoggedIn(user)) if user.id == 9_996_620_003)
    );
}

#[test]
fn a_cancelled_login_leaves_nothing_running() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, _) = begin(&mut pair, &[]);
    pair.client.cancel(step.id());
    let told = links_told(&pair);
    pair.run_for(Duration::from_secs(600)).unwrap();
    assert_eq!(links_told(&pair), told);
    assert!(pair.client.qr_link(step.id()).is_none() && !pair.is_completed(step.id()));
    // The same client takes the next login.
    assert!(is_logged_in(&pair.login(LoginStep::bot_login("1:sandbox"))));
}

#[test]
fn closing_the_client_ends_a_qr_login() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, _) = begin(&mut pair, &[]);
    let now = pair.client_now();
    pair.client.close(now);
    assert!(matches!(outcome(&mut pair, step), Err(LoginError::Invoke(InvokeError::Cancelled))));
}

#[test]
fn a_scan_while_disconnected_logs_in_after_the_reconnect() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, link) = begin(&mut pair, &[]);
    pair.network.set_dead(2, true);
    pair.dcs.close_all();
    scan(&mut pair, &link, "9996620001").unwrap();
    pair.run_for(Duration::from_secs(2)).unwrap();
    pair.network.set_dead(2, false);
    assert!(is_logged_in(&outcome(&mut pair, step)));
    assert_no_fault(&pair);
}

#[test]
fn server_errors_are_retried_and_refusals_end_the_qr_login() {
    let mut options = PairOptions::default();
    let trouble = Fault::error("auth.exportLoginToken", 500, "INTERDC_2_CALL_ERROR").with_times(Some(2));
    options.server.accounts.faults = vec![trouble];
    let mut pair = Pair::new(options);
    let (step, link) = begin(&mut pair, &[]);
    scan(&mut pair, &link, "9996620001").unwrap();
    assert!(is_logged_in(&outcome(&mut pair, step)));

    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![Fault::error("auth.exportLoginToken", 400, "API_ID_INVALID")];
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::qr_login(&[]));
    assert_eq!(outcome, Err(LoginError::ApiCredentialsRefused));
}

#[test]
fn a_wrong_server_ends_a_qr_login() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, _) = begin(&mut pair, &[]);
    // An intermediate frame of four bytes: -444. Within a connection, an attacker may have sent it; at the beginning,
    // the server is the wrong one.
    for _ in 0..2 {
        let opened = pair.opened.len();
        let conn = pair.network.connections().next().unwrap();
        pair.network.inject(pair.timestamp(), conn, &[4, 0, 0, 0, 0x44, 0xfe, 0xff, 0xff]);
        pair.run_until(|pair| pair.opened.len() > opened || pair.is_completed(step.id())).unwrap();
        pair.run_until(|pair| pair.network.connections().next().is_some() || pair.is_completed(step.id()))
            .unwrap();
    }
    assert_eq!(pair.opened.len(), 2);
    let outcome = outcome(&mut pair, step);
    assert!(matches!(&outcome, Err(LoginError::Invoke(InvokeError::Unreachable { .. }))), "{outcome:?}");
}

/// `updateShort` with `updateLoginToken`.
const SCANNED: [u8; 12] = [0xc1, 0xde, 0xd4, 0x78, 0x91, 0xe6, 0x4f, 0x56, 0, 0, 0, 0];

#[test]
fn f13_failed_scans_renew_the_link_at_most_once_a_second() {
    let mut pair = Pair::new(PairOptions::default());
    let (step, _) = begin(&mut pair, &[]);
    let begun = pair.elapsed();
    while pair.elapsed() - begun < Duration::from_secs(10) {
        pair.dcs.send_update(&SCANNED);
        pair.run_for(Duration::from_millis(5)).unwrap();
    }
    let number = link(&pair, step).number;
    assert!((9..=13).contains(&number), "{number} links in 10 s");
    // A real scan still logs in.
    let shown = link(&pair, step);
    scan(&mut pair, &shown, "9996620001").unwrap();
    assert!(matches!(outcome(&mut pair, step), Ok(QrLoginOutcome::LoggedIn(_))));
}
