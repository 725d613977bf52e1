//! Quick acks: reported once and before the answer if a request wants one; unrequested ones are skipped.

use std::time::Duration;

use sansgram_core::client::{Event, RequestOptions, Route};
use sansgram_core::transport::Framing;
use sansgram_harness::pair::PairOptions;

use crate::common::{TRUE, assert_no_fault, logged_in, losses, wait};

#[test]
fn a_quick_ack_is_reported_before_the_answer() {
    for framing in Framing::ALL {
        let mut options = PairOptions::default();
        options.client.framing = framing;
        // The server sends the answer slowly, byte by byte.
        options.server.fault_injection.slow_bytes = Some(Duration::from_millis(1));
        let mut pair = logged_in(options);
        for number in 0..10 {
            pair.events.clear();
            let quick_ack = number % 2 == 0;
            let id = pair.count(number, RequestOptions::default().with_quick_ack(quick_ack));
            pair.run_until(|pair| pair.is_completed(id)).unwrap();
            let told: Vec<_> = pair
                .events
                .iter()
                .filter(|event| matches!(event, Event::QuickAck(of) | Event::Completed(of) if *of == id))
                .cloned()
                .collect();
            // Full streams have no room for them.
            if quick_ack && framing != Framing::Full {
                assert_eq!(told, [Event::QuickAck(id), Event::Completed(id)], "{framing}");
            } else {
                assert_eq!(told, [Event::Completed(id)], "{framing}");
            }
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        }
        assert_no_fault(&pair);
    }
}

#[test]
fn quick_acks_between_packets_disturb_nothing() {
    // The token's highest bit distinguishes it from a length; abridged streams have its bytes in the other order.
    for (framing, bytes) in [
        (Framing::Intermediate, [1, 2, 3, 0x84]),
        (Framing::PaddedIntermediate, [1, 2, 3, 0x84]),
        (Framing::Abridged, [0x84, 3, 2, 1]),
    ] {
        let mut options = PairOptions::default();
        options.client.framing = framing;
        let mut pair = logged_in(options);
        for number in 0..20 {
            let id = pair.count(number, Route::Home);
            let now = pair.timestamp();
            let conn = pair.network.connections().next().unwrap();
            pair.network.inject(now, conn, &bytes);
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
            pair.network.inject(pair.timestamp(), conn, &bytes);
            pair.run_for(Duration::from_secs(1)).unwrap();
        }
        assert_eq!(losses(&pair), 0, "{framing}: {:?}", pair.events);
        assert!(pair.client.rejected_counts().is_empty());
        assert_no_fault(&pair);
    }
}
