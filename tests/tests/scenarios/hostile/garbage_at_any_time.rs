//! Bytes that no server sent, at any point of a login, as a proxy or an attacker may inject them: the connection ends
//! with a typed reason, and the login continues over another.

use std::time::Duration;

use sansgram_core::login::LoginStep;
use sansgram_core::transport::Framing;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::random::{SecureRandom, SeededRandomForTestingOnly};

use crate::common::{assert_no_fault, is_logged_in, logged_in};

#[test]
fn a_login_survives_garbage() {
    for seed in 0..60 {
        let mut options = PairOptions::seeded(seed);
        options.client.framing = Framing::ALL[seed as usize % 4];
        options.client.pfs = seed % 3 == 0;
        options.client.connect_timeout = Duration::from_secs(5);
        options.client.max_attempts = 0;
        let mut pair = Pair::new(options);
        let mut random = SeededRandomForTestingOnly::new(seed);
        let now = pair.client_now();
        let step = pair.client.start_step(now, LoginStep::bot_login("2:elsewhere")).unwrap();
        let mut steps_until = random.below(40);
        let mut left = 5;
        pair.run_until(|pair| {
            steps_until = steps_until.saturating_sub(1);
            if steps_until == 0 && left > 0 {
                (steps_until, left) = (random.below(40), left - 1);
                let mut garbage = vec![0; 1 + random.below(300) as usize];
                random.fill(&mut garbage);
                let conns: Vec<_> = pair.network.connections().collect();
                for conn in conns {
                    pair.network.inject(pair.timestamp(), conn, &garbage);
                }
            }
            pair.is_completed(step.id())
        })
        .unwrap();
        let outcome = pair.client.take_step(step).unwrap();
        pair.record_output(&outcome);
        assert!(is_logged_in(&outcome), "seed {seed}: {outcome:?}");
        assert!(pair.elapsed() < Duration::from_secs(120), "seed {seed}: {:?}", pair.elapsed());
        assert_no_fault(&pair);
    }
}

/// Four bytes that an attacker can inject, and that mean a permanent error.
#[test]
fn one_forged_error_does_not_stop_updates() {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(30)).unwrap();
    let conn = pair.network.connections().next().unwrap();
    let frame = [4_u32.to_le_bytes(), (-444_i32).to_le_bytes()].concat();
    pair.network.inject(pair.timestamp(), conn, &frame);
    pair.run_for(Duration::from_secs(3600)).unwrap();
    assert!(pair.client.is_connected(), "{:?}", pair.events);
}
