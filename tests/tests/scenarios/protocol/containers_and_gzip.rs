//! Many requests share packets, and large ones are packed.

use std::time::Duration;

use sansgram_core::client::Route;
use sansgram_core::tl::functions;
use sansgram_harness::pair::PairOptions;
use sansgram_testkit::accounts::Accounts;

use crate::common::{TRUE, assert_no_fault, logged_in, wait};

#[test]
fn thousands_of_requests_share_containers() {
    let mut pair = logged_in(PairOptions::default());
    let begun = pair.elapsed();
    let ids: Vec<_> = (0..5000).map(|number| pair.count(number, Route::Home)).collect();
    pair.run_until(|pair| ids.iter().all(|id| pair.client.delivery(*id).is_some_and(|it| it as u8 > 3)))
        .unwrap();
    // A hundred in a packet, of which each takes 10 ms to be written, and a round trip.
    assert!(pair.elapsed() - begun <= Duration::from_millis(550), "{:?}", pair.elapsed() - begun);
    for (number, id) in (0..).zip(ids) {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert_eq!(pair.dcs.counted(number), 1);
    }
    assert_no_fault(&pair);
}

#[test]
fn a_large_request_is_packed_and_a_large_answer_unpacked() {
    let mut pair = logged_in(PairOptions::default());
    // One vector of many events, of which each counts.
    let one = Accounts::count_query(7);
    let (head, event) = one.split_at(12);
    let count = 20_000_u32;
    let mut query = head[..8].to_vec();
    query.extend(count.to_le_bytes());
    query.extend(event.repeat(count as usize));
    let (length, before) = (query.len() as u64, pair.network.bytes_carried());
    assert!(length > 600_000);
    let now = pair.client_now();
    let id = pair.client.invoke_raw(now, query, Route::Home).unwrap();
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(7), count);
    let carried = pair.network.bytes_carried() - before;
    assert!(carried < length / 10, "{carried} bytes for {length}");

    pair.dcs.options_mut().gzip_replies_over = Some(0);
    assert!(pair.invoke(&functions::help::GetConfig {}).is_ok());
    assert_no_fault(&pair);
}
