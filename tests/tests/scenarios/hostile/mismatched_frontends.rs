//! Proxies and gateways with another secret, clock or protocol end the attempt, each with its own reason.

use sansgram_core::client::{DisconnectReason, Event};
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_core::tl::functions;
use sansgram_core::transport::{FakeTlsError, StreamMode, WebSocketError, WebSocketTarget};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::server::{
    FakeTlsRefusal, FaultInjection, FramingError, Frontend, FrontendRefusal, HelloWindow, MtProxyMode,
    Refusal, WebSocketRefusal,
};

use crate::protocol::frontends::{DOMAIN, KEY, fake_tls, options, proxy, secret};

/// The client's disconnect reason, if its configuration does not match the frontend.
fn trouble(mut options: PairOptions) -> (DisconnectReason, Vec<Refusal>) {
    options.client.max_attempts = 2;
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
    assert!(matches!(outcome, Err(LoginError::Invoke(_))), "{outcome:?}");
    let reason = pair.events.iter().find_map(|event| match event {
        Event::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    (reason.unwrap(), std::mem::take(&mut pair.refusals))
}

fn fake_tls_refusal(refusal: FakeTlsRefusal) -> Refusal {
    Refusal::Framing(FramingError::Front(FrontendRefusal::FakeTls(refusal)))
}

#[test]
fn a_wrong_secret_or_domain_is_refused_by_the_proxy() {
    let with = |secret| {
        let mut options = options(fake_tls());
        options.client.stream_mode = StreamMode::MtProxy(secret);
        trouble(options)
    };
    let alert = DisconnectReason::FakeTls(FakeTlsError::Alert);
    let (reason, refusals) = with(secret(&[0xee], b"another sixteen!", DOMAIN));
    assert_eq!((reason, refusals[0]), (alert.clone(), fake_tls_refusal(FakeTlsRefusal::Digest)));
    let (reason, refusals) = with(secret(&[0xee], &KEY, "other.example"));
    assert_eq!((reason, refusals[0]), (alert, fake_tls_refusal(FakeTlsRefusal::Domain)));
    // No fake TLS at all.
    let (_, refusals) = with(secret(&[0xdd], &KEY, ""));
    let is_of_the_proxy = |refusal: &Refusal| matches!(refusal, Refusal::Framing(FramingError::Front(_)));
    assert!(!refusals.is_empty() && refusals.iter().all(is_of_the_proxy), "{refusals:?}");

    for mode in [MtProxyMode::Plain, MtProxyMode::Padded] {
        let mut options = options(proxy(mode));
        options.client.stream_mode = StreamMode::MtProxy(secret(&[0xdd], b"another sixteen!", ""));
        let (_, refusals) = trouble(options);
        assert_eq!(refusals[0], Refusal::Framing(FramingError::UnknownFraming));
    }
}

#[test]
fn a_plain_secret_is_refused_by_a_proxy_that_requires_padding() {
    let mut options = options(proxy(MtProxyMode::Padded));
    options.client.stream_mode = StreamMode::MtProxy(secret(&[], &KEY, ""));
    let (_, refusals) = trouble(options);
    assert_eq!(refusals[0], Refusal::Framing(FramingError::WrongFraming));
}

#[test]
fn a_clock_hours_off_is_refused_by_the_proxy() {
    for skew in [-7200, 7200] {
        let mut pair = options(fake_tls());
        pair.clock_skew = skew;
        let (reason, refusals) = trouble(pair);
        assert_eq!(reason, DisconnectReason::FakeTls(FakeTlsError::Alert));
        // A second less than the clock says, then two minutes less.
        assert_eq!(refusals[0], fake_tls_refusal(FakeTlsRefusal::Time(skew - 1)));
        assert_eq!(refusals[1], fake_tls_refusal(FakeTlsRefusal::Time(skew - 120)));
    }
}

/// The MTProxy in C accepts a hello up to 3 seconds ahead and up to 10 minutes behind, mtg 2 up to 3 seconds either
/// way.
#[test]
fn c3_a_clock_seconds_off_is_accepted() {
    let attempts = |skew, window: HelloWindow| {
        let frontend = proxy(MtProxyMode::FakeTls { domain: DOMAIN.into(), window });
        let mut pair = Pair::new(PairOptions { clock_skew: skew, ..options(frontend) });
        let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
        assert!(outcome.is_ok(), "{skew}: {outcome:?}");
        1 + std::mem::take(&mut pair.refusals).len()
    };
    for skew in [-595, -60, -1, 0, 1, 4] {
        assert_eq!(attempts(skew, HelloWindow::default()), 1, "{skew}");
    }
    for skew in [5, 10, 60, 120] {
        assert_eq!(attempts(skew, HelloWindow::default()), 2, "{skew}");
    }
    for skew in [-2, 0, 2, 4] {
        assert_eq!(
            attempts(skew, HelloWindow { behind: 3, ahead: 3, ..HelloWindow::default() }),
            1,
            "{skew}"
        );
    }
}

/// The MTProxy in C recognized a hello by its first bytes, with a length of 512 to 767; mtprotoproxy from PyPI by the
/// length 512. Later connections start with the form that worked.
#[test]
fn c1_a_proxy_that_knows_only_short_hellos_is_reached() {
    for (longest, skew) in [(767, 0), (512, 0), (512, 100), (512, -400)] {
        let window = HelloWindow { longest, ..HelloWindow::default() };
        let frontend = proxy(MtProxyMode::FakeTls { domain: DOMAIN.into(), window });
        let mut pair = Pair::new(PairOptions { clock_skew: skew, ..options(frontend) });
        let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
        assert!(outcome.is_ok(), "{outcome:?}");
        let refusals = std::mem::take(&mut pair.refusals);
        assert_eq!(refusals, [fake_tls_refusal(FakeTlsRefusal::Hello("too long"))], "{longest} {skew}");
        pair.network.cut_all(pair.timestamp());
        let again = pair.invoke(&functions::help::GetNearestDc {});
        assert!(again.is_ok(), "{again:?}");
        assert!(std::mem::take(&mut pair.refusals).is_empty());
    }
}

#[test]
fn a_server_without_the_expected_frontend_is_reported() {
    // A DC instead of the proxy takes the hello for TLS.
    let mut wrong = options(fake_tls());
    wrong.server.frontend = Frontend::None;
    let (_, refusals) = trouble(wrong);
    assert_eq!(refusals[0], Refusal::Framing(FramingError::OtherProtocol("TLS")));

    // A proxy instead of the gateway does not speak HTTP.
    let mut wrong = options(Frontend::WebSocket);
    wrong.server.frontend = fake_tls();
    let (_, refusals) = trouble(wrong);
    assert_eq!(refusals[0], fake_tls_refusal(FakeTlsRefusal::BadRecord));

    // A path that the gateway does not have.
    let mut wrong = options(Frontend::WebSocket);
    wrong.client.stream_mode =
        StreamMode::WebSocket(WebSocketTarget::new("gateway.example", "/other").unwrap());
    let (reason, refusals) = trouble(wrong);
    assert_eq!(reason, DisconnectReason::WebSocket(WebSocketError::Status(400)));
    let refusal = FrontendRefusal::WebSocket(WebSocketRefusal::Request("the path"));
    assert_eq!(refusals[0], Refusal::Framing(FramingError::Front(refusal)));
}

#[test]
fn a_frontend_that_sends_garbage_or_nothing_ends_the_attempt() {
    for frontend in [fake_tls(), Frontend::WebSocket] {
        let with = |fault_injection| {
            let mut options = options(frontend.clone());
            options.server.fault_injection = fault_injection;
            trouble(options).0
        };
        let garbage = with(FaultInjection::default().with_garbage_first_reply(true));
        assert!(
            matches!(garbage, DisconnectReason::FakeTls(_) | DisconnectReason::WebSocket(_)),
            "{garbage:?}"
        );
        let silence = with(FaultInjection::default().with_silent_after_accept(true));
        assert_eq!(silence, DisconnectReason::ReadTimeout);
    }
}
