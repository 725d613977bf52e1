//! The smallest schedule that still fails.

use super::plan::Plan;
use super::run::{MemoryMeter, Report, run};
use super::world::World;

/// What is left of a plan that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimal {
    /// The positions of the faults that it needs.
    pub faults: Vec<usize>,
    /// The positions of the requests that it needs.
    pub requests: Vec<usize>,
    /// What happens with these alone.
    pub report: Report,
}

/// Drops faults and requests of a plan that fails, by halves and then one by one, as long as it still fails. Any broken
/// rule counts, since the same cause may show in another way. Returns `None` if the plan does not fail.
#[must_use]
pub fn minimize(world: &World, plan: &Plan, meter: Option<MemoryMeter>) -> Option<Minimal> {
    let mut minimal = Minimal {
        faults: (0..plan.faults.len()).collect(),
        requests: (0..plan.requests.len()).collect(),
        report: run(world, plan, meter),
    };
    minimal.report.violation.as_ref()?;
    let fails = |faults: &[usize], requests: &[usize]| {
        let report = run(world, &plan.only(Some(faults), Some(requests)), meter);
        report.violation.is_some().then_some(report)
    };
    loop {
        let before = (minimal.faults.len(), minimal.requests.len());
        let Minimal { mut faults, mut requests, mut report } = minimal;
        shrink(&mut faults, &mut |kept| fails(kept, &requests).map(|found| report = found).is_some());
        shrink(&mut requests, &mut |kept| fails(&faults, kept).map(|found| report = found).is_some());
        minimal = Minimal { faults, requests, report };
        if (minimal.faults.len(), minimal.requests.len()) == before {
            return Some(minimal);
        }
    }
}

/// Drops pieces of a list, from half of it down to one item, as long as `still_fails` without them.
fn shrink(list: &mut Vec<usize>, still_fails: &mut dyn FnMut(&[usize]) -> bool) {
    let mut size = list.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < list.len() {
            let end = (start + size).min(list.len());
            let mut without = list.clone();
            without.drain(start..end);
            if still_fails(&without) {
                *list = without;
            } else {
                start = end;
            }
        }
        size /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_left() {
        for needed in [vec![], vec![3], vec![0, 9], vec![2, 3, 7]] {
            let mut list: Vec<usize> = (0..10).collect();
            shrink(&mut list, &mut |kept| needed.iter().all(|item| kept.contains(item)));
            assert_eq!(list, needed);
        }
    }
}
