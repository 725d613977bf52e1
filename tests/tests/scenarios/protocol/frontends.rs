//! Logins through every frontend: obfuscation, MTProxies of all three kinds, a WebSocket gateway.

use std::time::Duration;

use sansgram_core::client::{Event, StoredSession};
use sansgram_core::login::LoginStep;
use sansgram_core::transport::{Framing, ProxySecret, StreamMode, WebSocketTarget};
use sansgram_harness::network::{Chunks, NetworkOptions};
use sansgram_harness::pair::{Pair, PairOptions, address};
use sansgram_testkit::server::{Frontend, HelloWindow, MtProxyMode};

use crate::common::log_in_by_phone;

pub(crate) const KEY: [u8; 16] = *b"sixteen bytes 16";

pub(crate) const DOMAIN: &str = "www.example.com";

pub(crate) fn proxy(mode: MtProxyMode) -> Frontend {
    Frontend::MtProxy { key: KEY, mode }
}

pub(crate) fn fake_tls() -> Frontend {
    proxy(MtProxyMode::FakeTls { domain: DOMAIN.into(), window: HelloWindow::default() })
}

pub(crate) fn secret(prefix: &[u8], key: &[u8; 16], domain: &str) -> ProxySecret {
    ProxySecret::from_bytes(&[prefix, key, domain.as_bytes()].concat()).unwrap()
}

/// Options of a matching client and frontend.
pub(crate) fn options(frontend: Frontend) -> PairOptions {
    let mut options = PairOptions::default();
    match &frontend {
        Frontend::None => options.client.stream_mode = StreamMode::Obfuscated,
        Frontend::MtProxy { mode, .. } => {
            let secret = match mode {
                MtProxyMode::Plain => secret(&[], &KEY, ""),
                MtProxyMode::Padded => secret(&[0xdd], &KEY, ""),
                MtProxyMode::FakeTls { domain, .. } => secret(&[0xee], &KEY, domain),
            };
            // One address for all DCs, not that of the home DC.
            options.client.set_mtproxy([address(3)], secret);
        }
        Frontend::WebSocket => {
            let target = WebSocketTarget::new("gateway.example:8080", "/apiws").unwrap();
            options.client.stream_mode = StreamMode::WebSocket(target);
        }
    }
    options.server.frontend = frontend;
    options
}

pub(crate) fn frontends() -> [Frontend; 5] {
    [Frontend::None, proxy(MtProxyMode::Plain), proxy(MtProxyMode::Padded), fake_tls(), Frontend::WebSocket]
}

#[test]
fn login_with_migration_through_every_frontend() {
    for frontend in frontends() {
        for framing in Framing::ALL {
            for chunks in [Chunks::Whole, Chunks::UpTo(40)] {
                let mut options = options(frontend.clone());
                options.client.framing = framing;
                options.network.chunks = chunks;
                log_in_by_phone(&mut Pair::new(options), 1);
            }
        }
    }
}

#[test]
fn a2_a_web_socket_opens_without_a_gateway() {
    for chunks in [Chunks::Whole, Chunks::SingleBytes] {
        for upgrades in [true, false] {
            // A client in a browser, and one that obfuscates its stream, at the same DCs.
            let mut options = options(if upgrades { Frontend::WebSocket } else { Frontend::None });
            options.server.frontend = Frontend::None;
            options.server.accept_web_sockets = true;
            options.network.chunks = chunks;
            log_in_by_phone(&mut Pair::new(options), 1);
        }
    }
}

#[test]
fn login_in_single_bytes() {
    for frontend in frontends() {
        let network = NetworkOptions { chunks: Chunks::SingleBytes, ..NetworkOptions::default() };
        log_in_by_phone(&mut Pair::new(PairOptions { network, ..options(frontend) }), 2);
    }
}

#[test]
fn test_dcs_are_told_apart_by_their_numbers() {
    for frontend in frontends() {
        let mut options = options(frontend);
        options.client.test_dcs = true;
        options.server.test_dcs = true;
        log_in_by_phone(&mut Pair::new(options), 1);
    }
}

#[test]
fn login_over_an_unreliable_network() {
    for (seed, frontend) in (0..).zip(frontends().into_iter().cycle().take(15)) {
        let network = NetworkOptions {
            jitter: Duration::from_millis(300),
            chunks: Chunks::UpTo(700),
            cut_one_in: Some(60),
            ..NetworkOptions::default()
        };
        let mut options = PairOptions { network, seed, ..options(frontend) };
        options.client.max_attempts = 0;
        log_in_by_phone(&mut Pair::new(options), 1);
    }
}

/// One cut, at places all over the first messages and the handshake.
#[test]
fn login_with_one_cut_at_any_byte() {
    for frontend in [fake_tls(), Frontend::WebSocket, proxy(MtProxyMode::Padded)] {
        for cut in (0..1500).step_by(89).chain((1500..12_000).step_by(1301)) {
            let mut options = options(frontend.clone());
            options.network.cut_at_byte = Some(cut);
            log_in_by_phone(&mut Pair::new(options), 2);
        }
    }
}

#[test]
fn idle_hours_behind_every_frontend() {
    for frontend in frontends() {
        let mut pair = Pair::new(options(frontend.clone()));
        log_in_by_phone(&mut pair, 2);
        pair.run_for(Duration::from_secs(10 * 3600)).unwrap();
        let outcome = pair.login(LoginStep::get_me());
        assert!(outcome.is_ok(), "{frontend:?}: {outcome:?}");
        let lost = pair.events.iter().filter(|event| matches!(event, Event::Disconnected { .. })).count();
        assert_eq!(lost, 0, "{frontend:?}: {:?}", pair.events);
    }
}

/// A client that knows the server's time does not need its own clock.
#[test]
fn the_hello_carries_the_server_time_if_it_is_known() {
    let mut first = Pair::new(PairOptions { clock_skew: 7200, ..PairOptions::default() });
    log_in_by_phone(&mut first, 2);
    let clock_offset = first.client.stored_session().clock_offset;
    assert!((-7201..=-7199).contains(&clock_offset));
    let session = StoredSession { clock_offset, ..StoredSession::default() };
    let mut pair = Pair::new(PairOptions { clock_skew: 7200, session, ..options(fake_tls()) });
    log_in_by_phone(&mut pair, 2);
}

#[test]
fn slow_frontend_answers_do_not_time_out() {
    for frontend in frontends() {
        let mut options = options(frontend);
        options.server.fault_injection.slow_bytes = Some(Duration::from_millis(1));
        log_in_by_phone(&mut Pair::new(options), 2);
    }
}
