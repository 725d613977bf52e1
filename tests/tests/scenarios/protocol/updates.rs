//! Every update arrives once, in the server's order; if they are not taken, the oldest are dropped and an event reports
//! it.

use std::time::Duration;

use sansgram_core::client::Event;
use sansgram_core::tl::functions;
use sansgram_harness::network::NetworkOptions;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_no_fault, logged_in, pfs_options};

/// An object with an unknown constructor is passed on too.
fn update(number: u32) -> Vec<u8> {
    [0x7e57_0001_u32.to_le_bytes(), number.to_le_bytes()].concat()
}

fn number(update: &[u8]) -> u32 {
    u32::from_le_bytes(*update.last_chunk().unwrap())
}

fn count(pair: &Pair, event: &Event) -> usize {
    pair.events.iter().filter(|it| *it == event).count()
}

fn connected(options: PairOptions) -> Pair {
    let mut pair = logged_in(options);
    // As a client does that wants updates.
    assert!(pair.invoke(&functions::updates::GetState {}).is_ok());
    pair.client.connect(pair.client_now());
    pair.poll();
    pair
}

#[test]
fn updates_arrive_once_and_in_order() {
    for options in [PairOptions::default(), pfs_options()] {
        let mut pair = connected(options);
        for burst in 0..20 {
            for one in 0..50 {
                pair.dcs.send_update(&update(burst * 50 + one));
            }
            pair.run_for(Duration::from_millis(100)).unwrap();
            let taken: Vec<_> =
                std::iter::from_fn(|| pair.client.take_update()).map(|it| number(&it)).collect();
            assert_eq!(taken, (burst * 50..burst * 50 + 50).collect::<Vec<_>>());
        }
        assert_eq!((count(&pair, &Event::Update), count(&pair, &Event::UpdatesLost)), (1000, 0));
        // All are acknowledged soon: none is repeated over another connection.
        pair.run_for(Duration::from_secs(60)).unwrap();
        pair.network.cut_all(pair.timestamp());
        pair.run_for(Duration::from_secs(60)).unwrap();
        assert_eq!(pair.client.take_update(), None);
        assert_no_fault(&pair);
    }
}

#[test]
fn updates_arrive_once_over_cut_connections() {
    for seed in 0..10 {
        let mut pair = connected(PairOptions::seeded(seed));
        pair.network.options = NetworkOptions { cut_one_in: Some(20), ..NetworkOptions::default() };
        let mut taken = Vec::new();
        for one in 0..400 {
            pair.dcs.send_update(&update(one));
            pair.run_for(Duration::from_millis(50)).unwrap();
            taken.extend(std::iter::from_fn(|| pair.client.take_update()).map(|it| number(&it)));
        }
        pair.network.options.cut_one_in = None;
        pair.run_for(Duration::from_secs(60)).unwrap();
        taken.extend(std::iter::from_fn(|| pair.client.take_update()).map(|it| number(&it)));
        taken.sort_unstable();
        assert_eq!(taken, (0..400).collect::<Vec<_>>(), "seed {seed}");
        assert_no_fault(&pair);
    }
}

#[test]
fn a_slow_consumer_is_told_of_lost_updates() {
    let mut pair = connected(PairOptions::default());
    for one in 0..3000 {
        pair.dcs.send_update(&update(one));
    }
    pair.run_for(Duration::from_secs(5)).unwrap();
    let lost = count(&pair, &Event::UpdatesLost);
    let kept: Vec<_> = std::iter::from_fn(|| pair.client.take_update()).map(|it| number(&it)).collect();
    // The newest are kept, in order, and the event came first.
    assert_eq!(kept.len(), 1024);
    assert_eq!(kept, (3000 - 1024..3000).collect::<Vec<_>>());
    assert_eq!(lost, 3000 - 1024);
    // From then on none is lost.
    pair.dcs.send_update(&update(3000));
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(pair.client.take_update(), Some(update(3000)));
    assert_eq!(count(&pair, &Event::UpdatesLost), lost);
}

#[test]
fn a_lost_connection_is_reopened_for_updates() {
    let mut pair = logged_in(PairOptions::default());
    for number in 0..3 {
        pair.run_for(Duration::from_secs(5)).unwrap();
        pair.network.cut_all(pair.timestamp());
        pair.run_for(Duration::from_secs(5)).unwrap();
        pair.dcs.send_update(&update(number));
        pair.run_for(Duration::from_secs(1)).unwrap();
        assert_eq!(pair.client.take_update(), Some(update(number)));
    }
    // A client without updates is connected only while requests need it.
    let mut options = PairOptions::default();
    options.client.updates = false;
    let mut pair = logged_in(options);
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(60)).unwrap();
    assert!(!pair.client.is_connected());
}

#[test]
fn the_update_queue_is_bounded_in_bytes() {
    let mut options = PairOptions::default();
    options.server.gzip_replies_over = Some(512);
    let mut pair = connected(options);
    // Each takes a few kilobytes on the wire.
    let large = |number| [update(number), vec![0; 4 << 20]].concat();
    for number in 0..20 {
        pair.dcs.send_update(&large(number));
        pair.run_for(Duration::from_millis(100)).unwrap();
    }
    let kept: Vec<_> = std::iter::from_fn(|| pair.client.take_update()).collect();
    assert_eq!(
        kept.iter().map(|it| u32::from_le_bytes(it[4..8].try_into().unwrap())).collect::<Vec<_>>(),
        [17, 18, 19]
    );
    assert_eq!(count(&pair, &Event::UpdatesLost), 17);
}
