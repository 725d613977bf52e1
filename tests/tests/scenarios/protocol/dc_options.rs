//! Addresses from the server (`help.getConfig`, `updateDcOptions`) are stored and used, if they are valid.

use std::net::SocketAddr;
use std::time::Duration;

use sansgram_core::client::{DcTable, Route, StoredSession};
use sansgram_core::tl::functions;
use sansgram_harness::pair::{Pair, PairOptions, address, address_v6};
use sansgram_testkit::accounts::DcOption;
use sansgram_testkit::server::{Frontend, MtProxyMode};

use crate::common::{TRUE, assert_no_fault, dc, log_in_bot, logged_in, losses, wait};

/// Another address of DC 2.
fn elsewhere() -> SocketAddr {
    "10.9.0.2:8443".parse().unwrap()
}

fn announced(address: SocketAddr) -> DcOption {
    DcOption::default()
        .with_flags(u32::from(address.is_ipv6()))
        .with_dc(2)
        .with_ip(address.ip().to_string())
        .with_port(address.port().into())
}

fn announcing(more: Vec<DcOption>) -> PairOptions {
    let mut options = PairOptions::default();
    options.server.accounts.extra_dc_options = more;
    options
}

/// Moves DC 2 away from its own address and cuts its connections.
fn move_away(pair: &mut Pair) {
    pair.network.options.refusing = vec![address(2)];
    pair.network.cut_all(pair.timestamp());
}

fn assert_works(pair: &mut Pair, number: i64) {
    let id = pair.count(number, Route::Home);
    assert_eq!(wait(pair, id), Ok(TRUE.to_vec()), "{:?}", pair.events);
}

#[test]
fn c2_get_config_is_sent_once_until_its_answer_expires() {
    let mut pair = logged_in(PairOptions::default());
    for number in 0..20 {
        assert_works(&mut pair, number);
        pair.run_for(Duration::from_secs(60)).unwrap();
        pair.network.cut_all(pair.timestamp());
    }
    assert_eq!(pair.dcs.configs_asked(), 1, "twenty requests and connections cost nothing more");
    // Another process with the session does not request it either.
    let text = pair.client.stored_session().to_text();
    pair.restart_client_from(PairOptions::config(&[1, 2, 3]), StoredSession::from_text(&text).unwrap());
    assert_works(&mut pair, 20);
    assert_eq!(pair.dcs.configs_asked(), 1);
    pair.run_for(Duration::from_secs(3600)).unwrap();
    assert_works(&mut pair, 21);
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(pair.dcs.configs_asked(), 2);
    assert_no_fault(&pair);
}

#[test]
fn c2_get_config_accompanies_the_first_request_only_if_it_is_used() {
    let mut options = PairOptions::default();
    options.client.updates = false;
    let mut pair = Pair::new(options.clone());
    assert_works(&mut pair, 1);
    assert_eq!((pair.dcs.configs_asked(), pair.opened.len()), (1, 1));
    let mut quiet = options.clone();
    quiet.client.learn_addresses = false;
    let mut behind_gateway = options;
    behind_gateway.client.proxy_endpoints = vec![address(2)];
    for options in [quiet, behind_gateway] {
        let mut pair = Pair::new(options);
        assert_works(&mut pair, 1);
        pair.run_for(Duration::from_secs(10)).unwrap();
        assert_eq!(pair.dcs.configs_asked(), 0);
    }
}

#[test]
fn c2_a_moved_dc_is_reached_at_its_new_address() {
    let mut pair = logged_in(announcing(vec![announced(elsewhere())]));
    assert!(pair.connected.iter().all(|it| *it == address(2)), "{:?}", pair.connected);
    move_away(&mut pair);
    assert_works(&mut pair, 1);
    assert_eq!(pair.connected.last(), Some(&elsewhere()));
    // In another process too, from the session text; and back to the configured address if the server's one fails.
    let text = pair.client.stored_session().to_text();
    pair.restart_client_from(PairOptions::config(&[1, 2, 3]), StoredSession::from_text(&text).unwrap());
    assert_works(&mut pair, 2);
    assert_eq!(pair.connected.last(), Some(&elsewhere()));
    pair.network.options.refusing = vec![elsewhere()];
    pair.network.cut_all(pair.timestamp());
    assert_works(&mut pair, 3);
    assert_eq!(pair.connected.last(), Some(&address(2)));
}

#[test]
fn c2_an_update_replaces_the_addresses() {
    let mut pair = logged_in(PairOptions::default());
    assert!(pair.invoke(&functions::updates::GetState {}).is_ok());
    pair.dcs.announce(vec![announced(elsewhere())]);
    pair.dcs.push_dc_options();
    pair.run_for(Duration::from_secs(1)).unwrap();
    let told = pair.client.stored_session().dc_options.iter().any(|option| option.address == elsewhere());
    assert!(told, "{:?}", pair.client.stored_session());
    move_away(&mut pair);
    assert_works(&mut pair, 1);
    assert_eq!((pair.connected.last(), pair.dcs.configs_asked()), (Some(&elsewhere()), 1));
}

/// `updateShort` with `updateConfig`: the configuration has changed.
#[test]
fn c2_update_config_causes_another_get_config() {
    let mut pair = logged_in(PairOptions::default());
    assert!(pair.invoke(&functions::updates::GetState {}).is_ok());
    let update = [0x78d4_dec1_u32, 0xa229_dd06, 0].map(u32::to_le_bytes).concat();
    pair.run_for(Duration::from_secs(10)).unwrap();
    // However often the server sends it, the requests are rate-limited.
    for _ in 0..20 {
        pair.dcs.send_update(&update);
        pair.run_for(Duration::from_millis(100)).unwrap();
    }
    assert_eq!(pair.dcs.configs_asked(), 2);
}

#[test]
fn c2_a_dc_outside_of_the_configuration_is_found() {
    let mut options = PairOptions::default();
    let mut dcs = DcTable::new();
    dcs.insert(dc(2), address(2));
    options.client.dcs = dcs;
    let mut pair = Pair::new(options);
    // This bot lives on DC 1.
    log_in_bot(&mut pair, "2:elsewhere");
    assert_eq!((pair.client.home(), pair.connected.last()), (dc(1), Some(&address(1))));
    assert_no_fault(&pair);
}

#[test]
fn c2_media_cdn_and_static_addresses_are_not_used() {
    let special = [2, 8, 16].map(|flags| announced(elsewhere()).with_flags(flags));
    let mut pair = logged_in(announcing(special.into()));
    move_away(&mut pair);
    let id = pair.count(1, Route::Home);
    assert!(wait(&mut pair, id).is_err());
    assert!(!pair.opened.concat().contains(&elsewhere()), "{:?}", pair.opened);
    // Behind a proxy, the static one comes first.
    let session = pair.client.stored_session().clone();
    let mut config = PairOptions::config(&[1, 2, 3]);
    config.through_proxy = true;
    pair.restart_client_from(config, session);
    assert_works(&mut pair, 2);
    assert_eq!(pair.connected.last(), Some(&elsewhere()));
}

#[test]
fn c2_a_tcpo_only_address_is_used_with_obfuscation() {
    let mut pair = logged_in(announcing(vec![announced(elsewhere()).with_flags(4)]));
    move_away(&mut pair);
    // Accepts only obfuscated connections.
    pair.dcs.options_mut().frontend = Frontend::MtProxy { key: [0; 16], mode: MtProxyMode::Plain };
    pair.network.options.refusing = vec![address(2)];
    let id = pair.count(1, Route::Home);
    // This frontend requires a secret too, so that plain bytes are refused.
    assert!(wait(&mut pair, id).is_err());
    pair.dcs.options_mut().frontend = Frontend::None;
    assert_works(&mut pair, 2);
    assert_eq!(pair.connected.last(), Some(&elsewhere()));
}

#[test]
fn c2_the_secret_of_an_address_obfuscates_the_connection() {
    let key = *b"sixteen bytes 16";
    for (mark, mode) in [(None, MtProxyMode::Plain), (Some(0xdd), MtProxyMode::Padded)] {
        let secret = mark.into_iter().chain(key).collect();
        let mut pair = logged_in(announcing(vec![announced(elsewhere()).with_secret(Some(secret))]));
        move_away(&mut pair);
        pair.dcs.options_mut().frontend = Frontend::MtProxy { key, mode };
        assert_works(&mut pair, 1);
        assert_eq!(pair.connected.last(), Some(&elsewhere()));
        assert!(!format!("{:?}", pair.client.stored_session()).contains("sixteen"));
    }
}

#[test]
fn c2_invalid_addresses_are_dropped_and_the_rest_is_bounded() {
    let strange = [
        "",
        "example.org",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "239.1.1.1",
        "ff02::1",
        "10.0.0.1:80",
        "1.2.3",
    ];
    let mut more: Vec<_> = strange.iter().map(|ip| announced(elsewhere()).with_ip((*ip).into())).collect();
    more.extend([-1, 0, 65_536, i32::MAX].map(|port| announced(elsewhere()).with_port(port)));
    more.extend([-1, 0, 1001, i32::MIN].map(|dc| announced(elsewhere()).with_dc(dc)));
    more.push(announced(elsewhere()).with_secret(Some(vec![7; 3])));
    let pair = logged_in(announcing(more));
    let known: Vec<_> = pair.client.stored_session().dc_options.iter().map(|option| option.address).collect();
    assert_eq!(known, [1, 2, 3].map(address));

    let many =
        (1..=60).flat_map(|dc| (1..=20).map(move |port| announced(elsewhere()).with_dc(dc).with_port(port)));
    let pair = logged_in(announcing(many.collect()));
    let known = pair.client.stored_session().dc_options.iter();
    assert_eq!(known.count(), 128);
    assert!(pair.client.stored_session().dc_options.iter().filter(|option| option.dc == dc(2)).count() <= 16);
    let text = pair.client.stored_session().to_text();
    assert_eq!(StoredSession::from_text(&text).as_ref(), Ok(pair.client.stored_session()));
}

#[test]
fn c2_force_try_ipv6_is_respected() {
    let mut options = PairOptions::default();
    options.server.accounts.force_try_ipv6 = true;
    options.client.dcs.insert(dc(2), address_v6(2));
    let mut pair = logged_in(options);
    assert_eq!(pair.connected.last(), Some(&address(2)));
    pair.network.cut_all(pair.timestamp());
    assert_works(&mut pair, 1);
    assert_eq!(pair.connected.last(), Some(&address_v6(2)));
    assert_eq!(losses(&pair), 1);
}
