//! A network that cuts, refuses and delays all the time: every request is executed exactly once.

use std::time::Duration;

use sansgram_core::client::Route;
use sansgram_core::login::LoginStep;
use sansgram_core::transport::Framing;
use sansgram_harness::network::{Chunks, NetworkOptions};
use sansgram_harness::pair::{Pair, PairOptions};

use super::cut_at_any_byte::{assert_once, options};
use crate::common::{is_logged_in, log_in_bot};

#[test]
fn many_cuts_at_random() {
    for seed in 0..30 {
        let pfs = seed % 2 == 1;
        let mut options = PairOptions { seed, ..options(pfs, Framing::PaddedIntermediate) };
        options.client.max_attempts = 0;
        options.client.request_timeout = None;
        let mut pair = Pair::new(options);
        log_in_bot(&mut pair, "2:elsewhere");
        pair.network.options.cut_one_in = Some(8);
        pair.network.options.jitter = Duration::from_millis(50);
        let mut requests = Vec::new();
        for number in 0..200 {
            requests.push((number, pair.count(number, Route::Home)));
            pair.run_for(Duration::from_millis(20)).unwrap();
        }
        assert_once(&mut pair, &requests, &format!("seed {seed}"));
    }
}

#[test]
fn over_an_unreliable_network() {
    for seed in 0..24 {
        let network = NetworkOptions {
            jitter: Duration::from_millis(300),
            chunks: Chunks::UpTo(400),
            cut_one_in: Some(60),
            refuse_connects: (seed % 3) as u32,
            ..NetworkOptions::default()
        };
        let mut options = PairOptions { network, ..PairOptions::seeded(seed) };
        options.client.max_attempts = 0;
        options.client.framing = Framing::ALL[seed as usize % 4];
        let mut pair = Pair::new(options);
        let outcome = pair.login(LoginStep::bot_login("2:elsewhere"));
        assert!(is_logged_in(&outcome), "seed {seed}: {outcome:?}");
        let refused = pair.refusals.iter().find(|refusal| refusal.is_clients_fault());
        assert_eq!(refused, None, "seed {seed}");
    }
}
