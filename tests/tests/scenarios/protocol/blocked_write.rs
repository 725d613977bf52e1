//! A write that never finishes, without an error: the connection ends at its timeout, and its requests are sent over
//! another one.

use std::time::Duration;

use sansgram_core::client::{DisconnectReason, Event, Route};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::logged_in;

fn connected() -> Pair {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    // The last ping was answered, and the next is not due for a while.
    pair.run_for(Duration::from_secs(5)).unwrap();
    pair.events.clear();
    pair
}

fn losses(pair: &Pair) -> Vec<&DisconnectReason> {
    let lost = pair.events.iter().filter_map(|event| match event {
        Event::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    lost.collect()
}

/// How long it takes until the first connection ends, with a pending request of this size.
fn given_up_after(pair: &mut Pair, query: Vec<u8>) -> Duration {
    pair.network.options.blocks_writes = true;
    let now = pair.client_now();
    let id = pair.client.invoke_raw(now, query, Route::Home).unwrap();
    pair.poll();
    let begun = pair.elapsed();
    pair.run_until(|pair| !losses(pair).is_empty()).unwrap();
    assert_eq!(losses(pair), [&DisconnectReason::WriteTimeout]);
    pair.client.cancel(id);
    pair.elapsed() - begun
}

#[test]
fn a_request_after_a_blocked_write_is_answered_over_another_connection() {
    let mut pair = connected();
    pair.network.options.blocks_writes = true;
    let id = pair.count(1, Route::Home);
    pair.run_until(|pair| !losses(pair).is_empty()).unwrap();
    assert_eq!(losses(&pair), [&DisconnectReason::WriteTimeout]);
    pair.network.options.blocks_writes = false;
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    assert!(pair.client.take_raw(id).unwrap().is_ok());
    assert_eq!(pair.dcs.counted(1), 1);
}

#[test]
fn the_write_timeout_grows_with_the_bytes_written() {
    let small = given_up_after(&mut connected(), vec![0; 16]);
    assert_eq!(small, Duration::from_secs(30));
    // No ping can be sent behind it; the request's own timeout is 60 s.
    let large = given_up_after(&mut connected(), upload(128 << 10));
    assert!((Duration::from_secs(46)..Duration::from_secs(48)).contains(&large), "{large:?}");
}

/// `upload.saveFilePart` with so many incompressible bytes.
fn upload(length: usize) -> Vec<u8> {
    let mut query = 0xb304_a621_u32.to_le_bytes().to_vec();
    query.resize(length, 7);
    query
}

/// A slow write is no sign of a dead peer, and a ping must not wait behind it.
#[test]
fn uploads_over_a_slow_line_are_not_interrupted() {
    let mut options = PairOptions::default();
    options.client.request_timeout = Some(Duration::from_secs(600));
    let mut pair = logged_in(options);
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(30)).unwrap();
    pair.events.clear();
    // 256 kbit/s: 16 s for each part of a file.
    pair.network.options.bytes_per_second = Some(32 << 10);
    let mut part = 0xb304_a621_u32.to_le_bytes().to_vec();
    part.resize(512 << 10, 7);
    let now = pair.client_now();
    let ids = [(); 12].map(|()| pair.client.invoke_raw(now, part.clone(), Route::Home).unwrap());
    pair.poll();
    let begun = pair.elapsed();
    pair.run_until(|pair| ids.iter().all(|id| pair.is_completed(*id))).unwrap();
    assert_eq!(losses(&pair), [] as [&DisconnectReason; 0]);
    assert!(pair.elapsed() - begun < Duration::from_secs(200), "{:?}", pair.elapsed() - begun);
}
