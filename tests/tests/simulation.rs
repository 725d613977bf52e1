//! The simulator: a run follows from its seed, all seeds of the short form keep the rules, and plans
//! have every fault. `target/debug/simulate` runs more seeds (`tests/README.md`).

use std::collections::BTreeSet;

use sansgram_harness::simulation::{FaultKind, Flow, Plan, Summary, World, minimize, run, run_with};

#[test]
fn runs_keep_the_rules_and_follow_from_their_seeds() {
    let world = World::new();
    let mut summary = Summary::default();
    for seed in 0..60 {
        let plan = Plan::of_seed(seed);
        let report = run(&world, &plan, None);
        assert_eq!(report.violation, None, "simulate --seed {seed}");
        summary.add(&plan, &report);
        if seed % 10 == 0 {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            let again = run_with(&world, &plan, None, &mut |line| first.push(line));
            let third = run_with(&world, &plan, None, &mut |line| second.push(line));
            assert_eq!(again, third, "seed {seed}");
            assert_eq!((again, &first), (report, &second), "seed {seed}");
        }
    }
    println!("{summary}");
    let figures = summary.figures();
    assert!(figures.logins >= 55 && figures.answered > 500 && figures.executed > 500, "{summary}");
    assert!(figures.faults.len() > 25 && figures.processes > 70, "{summary}");
}

#[test]
fn plans_have_every_fault_and_every_login() {
    let plans: Vec<Plan> = (0..2000).map(Plan::of_seed).collect();
    let faults: BTreeSet<&str> =
        plans.iter().flat_map(|plan| plan.faults.iter().map(|fault| fault.kind.name())).collect();
    assert_eq!(faults, FaultKind::names());
    let logins: BTreeSet<&str> = plans.iter().map(|plan| plan.setup.flow.name()).collect();
    assert_eq!(logins, Flow::names());
    assert!(plans.iter().any(|plan| plan.setup.pfs) && plans.iter().any(|plan| !plan.setup.pfs));
    assert!(plans.iter().any(|plan| plan.setup.prepared.is_none()));
}

#[test]
fn a_run_that_keeps_the_rules_has_no_smallest_schedule() {
    assert_eq!(minimize(&World::new(), &Plan::of_seed(3), None), None);
}
