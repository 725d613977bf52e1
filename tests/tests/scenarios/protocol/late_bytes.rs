//! A request that arrives over a lost connection after it was sent again over the next one is executed once.

use std::time::Duration;

use sansgram_core::client::Route;
use sansgram_harness::pair::PairOptions;

use crate::common::{TRUE, assert_no_fault, logged_in, wait};

#[test]
fn a_late_request_is_executed_once() {
    for (pfs, jump) in [(false, 0), (true, 0), (false, 86_400), (false, -86_400)] {
        for late in [50, 300, 1_000, 10_000, 60_000] {
            let mut options = PairOptions::default();
            options.client.pfs = pfs;
            let mut pair = logged_in(options);
            // Nothing else is under way.
            pair.run_for(Duration::from_secs(5)).unwrap();
            let ids: Vec<_> = (1..=3).map(|number| pair.count(number, Route::Home)).collect();
            pair.run_for(Duration::from_millis(1)).unwrap();
            let conn = pair.network.connections().last().unwrap();
            pair.network.cut_late(pair.timestamp(), conn, Duration::from_millis(late));
            pair.clock_skew += jump;
            for id in ids {
                assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
            }
            pair.run_for(Duration::from_secs(70)).unwrap();
            for number in 1..=3 {
                assert_eq!(pair.dcs.counted(number), 1, "{number}, {late} ms late, {jump}");
            }
            assert_no_fault(&pair);
        }
    }
}
