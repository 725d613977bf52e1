//! What only a run can show: the rules of its end and of its bounds, panics, and leaks.

use std::sync::LazyLock;

use sansgram_core::client::OnUnknownOutcome;

use super::*;
use crate::simulation::fault::{Fault, FaultKind};
use crate::simulation::flow::Flow;
use crate::simulation::minimize;

static WORLD: LazyLock<World> = LazyLock::new(World::new);

const DAY: Duration = Duration::from_secs(86_400);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A bot that logs in at once, with a request at 1 s and one at 100 s, and this fault among others.
fn plan(fault: Fault) -> Plan {
    let request = |number, at| PlannedRequest::plain(number, seconds(at), OnUnknownOutcome::Retry);
    let mut plan = Plan::of_seed(1);
    plan.setup = Setup {
        flow: Flow::Bot { elsewhere: false },
        prepared: Some(0),
        request_timeout: None,
        user_delay: Duration::ZERO,
        close_early: false,
        clock_skew: 0,
        ..plan.setup
    };
    plan.requests = vec![request(1, 1), request(2, 100)];
    plan.faults = vec![
        Fault { at: seconds(3), kind: FaultKind::Updates(1) },
        fault,
        Fault { at: seconds(101), kind: FaultKind::CutAll },
    ];
    plan.calm_at = seconds(102);
    plan
}

fn violation(plan: &Plan) -> Option<(Duration, Violation)> {
    let report = run(&WORLD, plan, None);
    report.violation.map(|violation| (report.figures.virtual_time, violation))
}

#[test]
fn a_login_is_reached_after_the_faults() {
    let plan = plan(Fault { at: Duration::ZERO, kind: FaultKind::Blackout(DAY) });
    let (at, found) = violation(&plan).expect("the blackout never ends");
    assert!(at >= plan.calm_at + RECOVERY && matches!(found, Violation::NotLoggedIn(..)), "{at:?}: {found}");
    let minimal = minimize(&WORLD, &plan, None).expect("it fails again");
    assert_eq!((minimal.faults, minimal.requests), (vec![1], vec![]));
    assert!(matches!(minimal.report.violation, Some(Violation::NotLoggedIn(..))));
}

#[test]
fn requests_end_after_the_faults() {
    let plan = plan(Fault { at: seconds(50), kind: FaultKind::WithholdResults(DAY) });
    let (at, found) = violation(&plan).expect("no result is sent");
    assert!(at >= plan.calm_at + RECOVERY, "{at:?}");
    let Violation::Stuck(pending, waited) = found else { panic!("{found}") };
    assert_eq!(pending, [2]);
    assert!(waited >= RECOVERY);
}

#[test]
fn steps_are_bounded() {
    let plan = plan(Fault { at: Duration::ZERO, kind: FaultKind::CutAll });
    let mut run = Run::new(&WORLD, &plan, None, None);
    run.report.figures.steps = MAX_STEPS - 1;
    assert_eq!(run.advance_once(), Ok(false));
    assert_eq!(run.advance_once(), Err(Violation::Steps(MAX_STEPS)));
}

#[test]
fn a_panic_is_a_violation_with_its_time_and_figures() {
    let plan = plan(Fault { at: Duration::ZERO, kind: FaultKind::Crash });
    let report = run_with(&WORLD, &plan, None, &mut |line| assert!(!line.ends_with("CALM"), "a full disk"));
    assert_eq!(report.violation, Some(Violation::Panic("a full disk".into())));
    assert_eq!(report.figures.virtual_time, plan.calm_at);
    let Figures { virtual_time, requests, answered, processes, .. } = report.figures;
    assert_eq!((virtual_time, requests, answered, processes), (plan.calm_at, 2, 2, 2));
}

#[test]
fn a_plan_without_an_endless_fault_breaks_no_rule() {
    assert_eq!(
        violation(&plan(Fault { at: seconds(50), kind: FaultKind::WithholdResults(seconds(20)) })),
        None
    );
}

#[test]
fn a_secret_that_the_client_prints_is_found() {
    let plan = plan(Fault { at: Duration::ZERO, kind: FaultKind::ServersRestart });
    let mut run = Run::new(&WORLD, &plan, None, None);
    assert_eq!(run.advance_once(), Ok(false));
    assert_eq!(run.check_secrets(), Ok(()));
    let keys = &run.pair.client.stored_session().keys;
    let key = keys.values().next().expect("a prepared session has keys").auth_key.as_bytes().to_vec();
    run.pair.record_output(&key);
    let leak = run.check_secrets().expect_err("the key was printed");
    assert!(matches!(leak, Violation::Secret(_)), "{leak}");
    // The pair searches too when it is dropped.
    assert!(catch_unwind(AssertUnwindSafe(|| drop(run))).is_err());
}
