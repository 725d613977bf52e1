//! A dead DC does not affect others.

use std::time::Duration;

use sansgram_core::client::{InvokeError, Route};
use sansgram_harness::pair::PairOptions;

use super::other_dcs::state_at;
use crate::common::{TRUE, dc, logged_in, wait};

#[test]
fn one_dead_dc_does_not_disturb_another() {
    let mut pair = logged_in(PairOptions::default());
    assert_eq!(state_at(&mut pair, 3), Ok(()));
    pair.network.set_dead(3, true);
    let doomed = pair.count(1000, Route::Dc(dc(3)));
    for number in 0..100 {
        let id = pair.count(number, Route::Home);
        let begun = pair.elapsed();
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert!(pair.elapsed() - begun < Duration::from_millis(100));
        pair.run_for(Duration::from_secs(1)).unwrap();
    }
    let outcome = wait(&mut pair, doomed);
    assert!(matches!(outcome, Err(InvokeError::TimedOut { .. })), "{outcome:?}");
    pair.network.set_dead(3, false);
    assert_eq!(state_at(&mut pair, 3), Ok(()));
}
