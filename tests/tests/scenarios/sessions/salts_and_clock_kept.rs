//! Salt and clock are kept over restarts: the first request is right at once, however wrong the local clock is.

use std::time::Duration;

use sansgram_testkit::pair::{Pair, PairOptions};

use crate::common::{assert_works_within, sign_in_bot};

const YEAR: i64 = 365 * 86_400;
/// A connect and a round trip, at 20 ms each way.
const CONNECT_AND_ASK: Duration = Duration::from_millis(81);

#[test]
fn no_round_trip_is_wasted() {
    for clock_skew in [0, YEAR, -10 * YEAR, 90, -3600] {
        for pause in [0, 600] {
            let mut pair = Pair::new(PairOptions { clock_skew, ..PairOptions::default() });
            sign_in_bot(&mut pair, "1:sandbox");
            pair.run_for(Duration::from_secs(2 * 3600)).unwrap();
            pair.restart_client(PairOptions::default().client);
            pair.suspend(Duration::from_secs(pause));
            assert_works_within(&mut pair, 1, CONNECT_AND_ASK);
            assert!(pair.refusals.is_empty(), "{clock_skew}: {:?}", pair.refusals);
        }
    }
}
