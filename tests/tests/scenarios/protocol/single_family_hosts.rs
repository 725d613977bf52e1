//! A host with one address family, or with an unreachable one, connects about as fast as a host with both.

use std::net::SocketAddr;
use std::time::Duration;

use sansgram_core::client::{DisconnectReason, InvokeError, IoFailure, Route};
use sansgram_core::tl::functions;
use sansgram_harness::pair::{Pair, PairOptions, address, address_v6};

use crate::common::{assert_no_fault, dc, log_in_bot, losses, wait};

/// DCs that have addresses of both families, IPv4 first.
fn options() -> PairOptions {
    let mut options = PairOptions::default();
    for number in [1, 2, 3] {
        options.client.dcs.insert(dc(number.into()), address_v6(number));
    }
    options
}

#[test]
fn c2_a_single_family_host_connects_at_the_first_attempt() {
    for (no_ipv4, no_ipv6) in [(false, false), (true, false), (false, true)] {
        let mut options = options();
        (options.network.no_ipv4, options.network.no_ipv6) = (no_ipv4, no_ipv6);
        let mut pair = Pair::new(options);
        // With a migration from DC 2 to DC 1.
        log_in_bot(&mut pair, "2:elsewhere");
        assert_eq!(losses(&pair), 0);
        assert_eq!((pair.opened.len(), pair.connected.len()), (2, 2));
        assert!(pair.connected.iter().all(|address| address.is_ipv6() == no_ipv4), "{:?}", pair.connected);
        assert!(pair.elapsed() < Duration::from_secs(1), "{:?}", pair.elapsed());
        assert_no_fault(&pair);
    }
}

#[test]
fn c2_an_unreachable_family_costs_a_quarter_of_a_second() {
    for silent in [address as fn(i32) -> SocketAddr, address_v6] {
        let mut options = options();
        options.network.silent = [1, 2, 3].map(silent).into();
        let mut pair = Pair::new(options);
        log_in_bot(&mut pair, "2:elsewhere");
        assert_eq!(losses(&pair), 0);
        assert!(pair.elapsed() < Duration::from_millis(1500), "{:?}", pair.elapsed());
    }
}

#[test]
fn c2_attempts_are_counted_as_attempts_not_as_addresses() {
    let mut options = options();
    (options.network.no_ipv4, options.network.no_ipv6) = (true, true);
    let mut pair = Pair::new(options);
    let id = pair.count(1, Route::Home);
    let outcome = wait(&mut pair, id);
    let expected = DisconnectReason::Network(IoFailure::Unreachable);
    assert!(
        matches!(&outcome, Err(InvokeError::Unreachable { reason, .. }) if *reason == expected),
        "{outcome:?}"
    );
    assert_eq!((pair.opened.len(), pair.connected.len()), (5, 0));
    assert!(pair.opened.iter().all(|endpoints| endpoints.len() == 2), "{:?}", pair.opened);
}

/// A server that was never reached is not reported as silent.
#[test]
fn f14_addresses_that_never_answer_are_not_reported_as_a_silent_server() {
    let mut options = options();
    options.network.silent = [1, 2, 3].into_iter().flat_map(|dc| [address(dc), address_v6(dc)]).collect();
    options.client.max_attempts = 1;
    let mut pair = Pair::new(options);
    let outcome = pair.invoke(&functions::help::GetNearestDc {});
    let timed_out = DisconnectReason::Network(IoFailure::TimedOut);
    assert!(
        matches!(&outcome, Err(InvokeError::Unreachable { reason, .. }) if *reason == timed_out),
        "{outcome:?}"
    );
    assert!(!pair.client.has_stream());
    pair.network.options.silent.clear();
    assert!(pair.invoke(&functions::help::GetNearestDc {}).is_ok());
    assert!(pair.client.has_stream());
}
