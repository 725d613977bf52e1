//! If an address or a framing does not work, the next one is tried.

use std::net::SocketAddr;

use sansgram_core::client::{DisconnectReason, Event};
use sansgram_core::login::LoginStep;
use sansgram_core::transport::Framing;
use sansgram_harness::pair::PairOptions;

use crate::common::{dc, logged_in};

#[test]
fn other_addresses_and_transports_are_tried_in_turn() {
    let mut options = PairOptions::default();
    let second: SocketAddr = "10.0.0.2:80".parse().unwrap();
    options.client.dcs.insert(dc(2), second);
    options.client.fallback_framings = vec![Framing::Abridged];
    options.client.max_attempts = 0;
    options.network.refuse_connects = 3;
    let mut pair = logged_in(options);
    let opened: Vec<_> = pair.opened.iter().map(|endpoints| endpoints[0].port()).collect();
    assert_eq!(opened, [443, 80, 443, 80]);
    let lost = pair
        .events
        .iter()
        .filter(|event| matches!(event, Event::Disconnected { reason: DisconnectReason::Network(_), .. }));
    assert_eq!(lost.count(), 3);
    // What worked is used again.
    pair.network.cut_all(pair.timestamp());
    assert!(pair.login(LoginStep::get_me()).is_ok());
    assert_eq!(pair.opened.last().unwrap()[0].port(), 80);
}
