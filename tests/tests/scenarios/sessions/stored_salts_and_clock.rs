//! Salt and clock offset are stored: after a restart the first request is accepted, however wrong the local clock is.

use std::time::Duration;

use sansgram_core::client::RequestOptions;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_works_as, log_in_bot, repeatable};

const YEAR: i64 = 365 * 86_400;
/// A connect and a round trip, at 20 ms each way.
const CONNECT_AND_ASK: Duration = Duration::from_millis(81);

#[test]
fn a_restart_wastes_no_round_trip() {
    // A request that must not be executed twice waits until the server was heard.
    let policies = [(repeatable(), Duration::ZERO), (RequestOptions::default(), Duration::from_millis(40))];
    for clock_skew in [0, YEAR, -10 * YEAR, 90, -3600] {
        for (pause, (policy, more)) in [0, 600].into_iter().flat_map(|pause| policies.map(|it| (pause, it))) {
            let mut pair = Pair::new(PairOptions { clock_skew, ..PairOptions::default() });
            log_in_bot(&mut pair, "1:sandbox");
            pair.run_for(Duration::from_secs(2 * 3600)).unwrap();
            pair.restart_client(PairOptions::default().client);
            pair.suspend(Duration::from_secs(pause));
            assert_works_as(&mut pair, 1, policy, CONNECT_AND_ASK + more);
            assert!(pair.refusals.is_empty(), "{clock_skew}: {:?}", pair.refusals);
        }
    }
}
