//! Packets that arrive twice, or again much later, are acknowledged again and otherwise ignored; a counter has their
//! number.

use std::time::Duration;

use sansgram_core::client::Route;
use sansgram_harness::pair::PairOptions;

use crate::common::{TRUE, assert_no_fault, logged_in, losses, pfs_options, wait};

#[test]
fn duplicate_packets_count_once() {
    for options in [PairOptions::default(), pfs_options()] {
        let mut pair = logged_in(options);
        pair.network.options.copies = 3;
        for number in 0..100 {
            let id = pair.count(number, Route::Home);
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
            assert_eq!(pair.dcs.counted(number), 1);
            pair.dcs.send_update(&update(number as u32));
            pair.run_for(Duration::from_millis(100)).unwrap();
            assert_eq!(pair.client.take_update(), Some(update(number as u32)));
            assert_eq!(pair.client.take_update(), None);
        }
        let counted = pair.client.rejected_counts().get("duplicate").copied().unwrap_or(0);
        assert!(counted >= 400, "{counted}: two copies of each answer and of each update");
        assert_eq!(pair.client.rejected_counts().len(), 1, "{:?}", pair.client.rejected_counts());
        assert_eq!(losses(&pair), 0);
        assert_no_fault(&pair);
    }
}

/// More than a thousand other messages lie between a packet and its replay.
#[test]
fn a_replay_after_a_thousand_messages_is_refused() {
    let mut pair = logged_in(PairOptions::default());
    pair.network.options.keep = true;
    pair.dcs.send_update(&update(0));
    pair.run_for(Duration::from_millis(100)).unwrap();
    let recorded = pair.network.take_server_writes();
    pair.network.options.keep = false;
    assert_eq!(pair.client.take_update(), Some(update(0)));
    for number in 1..1500 {
        pair.dcs.send_update(&update(number));
        pair.run_for(Duration::from_millis(30)).unwrap();
        assert_eq!(pair.client.take_update(), Some(update(number)));
    }
    let (now, conn) = (pair.timestamp(), pair.network.connections().next().unwrap());
    let packets = recorded.len() as u64;
    for bytes in recorded {
        pair.network.inject(now, conn, &bytes);
    }
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(pair.client.take_update(), None);
    let rejections = pair.client.rejected_counts();
    assert_eq!(rejections.values().sum::<u64>(), packets, "{rejections:?}");
    // It cost no connection.
    assert_eq!(losses(&pair), 0);
    let id = pair.count(1, Route::Home);
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_no_fault(&pair);
}

fn update(number: u32) -> Vec<u8> {
    [0x7e57_0001_u32.to_le_bytes(), number.to_le_bytes()].concat()
}
