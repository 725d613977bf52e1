//! Endpoint selection: which addresses and which transport a connection attempt uses.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::config::{Config, PORTS};
use super::dc_options::DcOption;
use super::servers::Servers;
use super::stored_session::StoredSession;
use crate::dc::DcId;
use crate::policy;
use crate::transport::{Framing, StreamMode};

/// What an attempt connects to, and how.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The preferred address first; families take turns (RFC 8305, 4), but not through a proxy.
    pub(super) endpoints: Vec<SocketAddr>,
    pub(super) framing: Framing,
    /// The stream mode; `None`: the configuration's.
    pub(super) mode: Option<Box<StreamMode>>,
}

/// Addresses with the same stream mode.
struct EndpointGroup {
    mode: Option<StreamMode>,
    endpoints: Vec<SocketAddr>,
}

/// Returns whether an address of `dc` is known.
pub(super) fn is_known(config: &Config, stored: &StoredSession, dc: DcId) -> bool {
    !config.endpoints(dc).is_empty() || announced_options(config, stored, dc).next().is_some()
}

/// Returns the next attempt. `failures`: the number of all attempts that failed; a success does not reset it, so that
/// the route that succeeded is used again. Each group has its turn; after that, each group begins with another
/// of its addresses; after as many rounds as the first group has addresses of a family, the next framing is used.
pub(super) fn attempt(config: &Config, stored: &StoredSession, dc: DcId, failures: usize) -> Attempt {
    let mut groups = endpoint_groups(config, stored, dc);
    let (count, first) = (groups.len().max(1), groups.first().map_or(1, EndpointGroup::turns));
    let group = if groups.is_empty() { None } else { Some(groups.swap_remove(failures % count)) };
    let turn = failures / count;
    let kind = (turn / first).checked_rem(1 + config.fallback_framings.len()).unwrap_or(0);
    let fallback = kind.checked_sub(1).and_then(|index| config.fallback_framings.get(index).copied());
    let prefers_ipv6 = stored.dc_options.prefers_ipv6;
    Attempt {
        endpoints: group
            .as_ref()
            .map(|group| group.in_turn(turn, prefers_ipv6, !config.through_proxy))
            .unwrap_or_default(),
        framing: fallback.unwrap_or(config.framing),
        mode: group.and_then(|group| group.mode).map(Box::new),
    }
}

fn endpoint_groups(config: &Config, stored: &StoredSession, dc: DcId) -> Vec<EndpointGroup> {
    let is_telegram = stored.servers == Servers::Telegram;
    let mut configured = EndpointGroup { mode: None, endpoints: config.endpoints(dc).to_vec() };
    let mut announced = EndpointGroup { mode: None, endpoints: Vec::new() };
    let mut others: Vec<EndpointGroup> = Vec::new();
    for option in announced_options(config, stored, dc) {
        let mode = match &option.secret {
            #[cfg(feature = "mtproxy")]
            Some(secret) => Some(StreamMode::MtProxy(secret.clone())),
            #[cfg(not(feature = "mtproxy"))]
            Some(_) => continue,
            None if option.obfuscated_only && config.stream_mode == StreamMode::Plain => {
                Some(StreamMode::Obfuscated)
            }
            None => None,
        };
        let group = match &mode {
            None => &mut announced,
            mode => {
                let index = others.iter().position(|group| group.mode == *mode);
                let index = index.unwrap_or_else(|| {
                    others.push(EndpointGroup { mode: mode.clone(), endpoints: Vec::new() });
                    others.len() - 1
                });
                match others.get_mut(index) {
                    Some(group) => group,
                    None => continue,
                }
            }
        };
        group.add(option.address);
        if is_telegram && !option.this_port_only {
            PORTS.iter().for_each(|port| group.add(SocketAddr::new(option.address.ip(), *port)));
        }
    }
    if config.through_proxy && !announced.endpoints.is_empty() {
        // The addresses that are meant for proxies come first.
        core::mem::swap(&mut configured, &mut announced);
    }
    if is_telegram || configured.endpoints.is_empty() {
        announced.endpoints.iter().for_each(|address| configured.add(*address));
        announced.endpoints.clear();
    } else {
        // The configured address of a server comes first; the addresses that it announces are tried if that fails.
        announced.endpoints.retain(|address| !configured.endpoints.contains(address));
    }
    let mut groups = alloc::vec![configured, announced];
    groups.append(&mut others);
    groups.retain(|group| !group.endpoints.is_empty());
    groups
}

/// Returns the addresses of `dc` that the server announced and that accept requests.
fn announced_options<'a>(
    config: &'a Config,
    stored: &'a StoredSession,
    dc: DcId,
) -> impl Iterator<Item = DcOption> + use<'a> {
    // An MTProxy or a WebSocket gateway chooses the address of the DC automatically.
    let applies = config.proxy_endpoints.is_empty()
        && matches!(config.stream_mode, StreamMode::Plain | StreamMode::Obfuscated);
    let options = move || {
        let all = stored.dc_options.iter().filter(move |_| applies);
        // The key of a session with other servers must not be shown to Telegram's, even if such a server announces
        // their addresses.
        let is_foreign = matches!(stored.servers, Servers::Custom(_));
        let is_telegram_address =
            move |it: &DcOption| is_foreign && Servers::is_telegram_address(it.address.ip());
        all.filter(move |it| it.dc == dc && !it.media_only && !it.cdn && !is_telegram_address(it))
    };
    // TDLib connects to the static ones through a proxy only, and then to no others if there are any.
    let wants_static = config.through_proxy && options().any(|it| it.is_static);
    options().filter(move |it| it.is_static == wants_static)
}

impl EndpointGroup {
    fn add(&mut self, address: SocketAddr) {
        if !self.endpoints.contains(&address) {
            self.endpoints.push(address);
        }
    }

    fn families(&self) -> [Vec<SocketAddr>; 2] {
        let (v4, v6) = self.endpoints.iter().copied().partition(SocketAddr::is_ipv4);
        [v4, v6]
    }

    /// Number of attempts until each address was the first of its family, at least 1.
    fn turns(&self) -> usize {
        self.families().iter().map(Vec::len).max().unwrap_or_default().max(1)
    }

    /// Returns the addresses for one attempt: each family begins with the address whose turn it is. The families
    /// alternate if the caller races addresses. A proxy receives them one after the other, and few proxies reach both
    /// families.
    fn in_turn(&self, turn: usize, prefers_ipv6: bool, alternates: bool) -> Vec<SocketAddr> {
        let mut families = self.families();
        for family in families.iter_mut().filter(|family| !family.is_empty()) {
            let at = turn % family.len();
            family.rotate_left(at);
        }
        let begins_with_ipv6 = self.endpoints.first().is_some_and(SocketAddr::is_ipv6) || prefers_ipv6;
        if begins_with_ipv6 {
            families.reverse();
        }
        if !alternates {
            return families.concat().into_iter().take(policy::MAX_ENDPOINTS_PER_ATTEMPT).collect();
        }
        let [first, second] = families;
        let longest = first.len().max(second.len());
        let (mut first, mut second) = (first.into_iter(), second.into_iter());
        let pairs = (0..longest).flat_map(|_| [first.next(), second.next()]);
        pairs.flatten().take(policy::MAX_ENDPOINTS_PER_ATTEMPT).collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::super::dc_options::tests::option;
    use super::*;
    use crate::tl::{enums, types};

    const DC: DcId = DcId::literal(2);

    fn session(config: &Config, options: Vec<types::DcOption>) -> StoredSession {
        let mut stored = StoredSession { servers: config.servers(), ..StoredSession::default() };
        let options: Vec<enums::DcOption> = options.into_iter().map(enums::DcOption::DcOption).collect();
        stored.dc_options.replace(&options, stored.servers == Servers::Telegram);
        stored
    }

    fn shown(config: &Config, stored: &StoredSession, failures: usize) -> Vec<alloc::string::String> {
        let attempt = attempt(config, stored, DC, failures);
        attempt.endpoints.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn c2_both_families_of_telegram_take_turns() {
        let config = Config::telegram();
        let stored = session(&config, Vec::new());
        let expected = |ports: [u16; 3]| -> Vec<_> {
            let both = |port| {
                [alloc::format!("149.154.167.51:{port}"), alloc::format!("[2001:67c:4e8:f002::a]:{port}")]
            };
            ports.into_iter().flat_map(both).collect()
        };
        assert_eq!(shown(&config, &stored, 0), expected([443, 80, 5222]));
        // The next attempt begins with another port, in both families.
        assert_eq!(shown(&config, &stored, 1), expected([80, 5222, 443]));
        assert_eq!(shown(&config, &stored, 2), expected([5222, 443, 80]));
        let mut stored = stored;
        stored.dc_options.prefers_ipv6 = true;
        assert_eq!(shown(&config, &stored, 0)[0], "[2001:67c:4e8:f002::a]:443");
    }

    #[test]
    fn c2_another_transport_comes_after_as_many_attempts_as_there_are_ports() {
        let config = Config { fallback_framings: alloc::vec![Framing::Abridged], ..Config::telegram() };
        let stored = session(&config, Vec::new());
        let kinds: Vec<_> = (0..7).map(|failures| attempt(&config, &stored, DC, failures).framing).collect();
        let [first, second] = [Framing::Intermediate, Framing::Abridged];
        assert_eq!(kinds, [first, first, first, second, second, second, first]);
    }

    #[test]
    fn c2_media_cdn_and_static_addresses_are_not_for_requests() {
        let config = Config::telegram();
        let plain = option("91.108.4.1");
        let options = alloc::vec![
            types::DcOption { media_only: true, ..option("91.108.4.2") },
            types::DcOption { cdn: true, ..option("91.108.4.3") },
            types::DcOption { r#static: true, this_port_only: true, ..option("91.108.4.4") },
            types::DcOption { this_port_only: true, port: 8443, ..plain },
        ];
        let stored = session(&config, options.clone());
        assert_eq!(stored.dc_options.iter().count(), 4);
        let announced = |config: &Config, stored: &StoredSession| -> Vec<_> {
            let shown = shown(config, stored, 0).into_iter();
            shown.filter(|address| address.starts_with("91.")).collect()
        };
        assert_eq!(announced(&config, &stored), ["91.108.4.1:8443"]);
        // Through a proxy, the static one is used, and no other announced one.
        let behind = Config { through_proxy: true, ..config };
        assert_eq!(announced(&behind, &stored), ["91.108.4.4:443"]);
        assert_eq!(shown(&behind, &stored, 0)[0], "91.108.4.4:443");
        // Without any, what there is is used.
        let stored = session(&behind, options[3..].to_vec());
        assert_eq!(announced(&behind, &stored), ["91.108.4.1:8443"]);
    }

    #[test]
    fn c2_other_ports_are_tried_unless_the_address_has_one_only() {
        let config = Config::telegram();
        let stored = session(&config, alloc::vec![types::DcOption { port: 8888, ..option("91.108.4.1") }]);
        let ports: Vec<_> = attempt(&config, &stored, DC, 0).endpoints;
        let ports: Vec<u16> =
            ports.iter().filter(|it| it.to_string().starts_with("91.")).map(SocketAddr::port).collect();
        assert_eq!(ports, [8888, 443, 80, 5222]);
    }

    #[cfg(feature = "mtproxy")]
    #[test]
    fn c2_obfuscated_addresses_and_secrets_are_spoken_to_as_they_want() {
        let mut config = Config::telegram();
        let secret = alloc::vec![0x5a; 16];
        let stored = session(
            &config,
            alloc::vec![
                types::DcOption { tcpo_only: true, this_port_only: true, ..option("91.108.4.1") },
                types::DcOption {
                    secret: Some(secret.clone()),
                    this_port_only: true,
                    ..option("91.108.4.2")
                },
            ],
        );
        let modes = |config: &Config| -> Vec<_> {
            let attempts = (0..3).map(|failures| attempt(config, &stored, DC, failures));
            attempts.map(|it| (it.endpoints[0].ip().to_string(), it.mode.map(|it| *it))).collect()
        };
        let secret = StreamMode::MtProxy(crate::transport::ProxySecret::from_bytes(&secret).unwrap());
        assert_eq!(
            modes(&config),
            [
                ("149.154.167.51".into(), None),
                ("91.108.4.1".into(), Some(StreamMode::Obfuscated)),
                ("91.108.4.2".into(), Some(secret)),
            ]
        );
        // An obfuscated client reaches the first one like all others.
        config.stream_mode = StreamMode::Obfuscated;
        assert!(shown(&config, &stored, 0).contains(&"91.108.4.1:443".into()));
        assert_eq!(attempt(&config, &stored, DC, 2).mode, None);
    }

    #[test]
    fn c2_what_a_server_of_ones_own_says_is_tried_after_what_was_configured() {
        let mut dcs = super::super::DcTable::new();
        dcs.insert(DC, "10.0.0.2:443".parse().unwrap());
        let config = Config::new(dcs, DC, [crate::crypto::rsa::PublicKey::telegram_test()]);
        let stored =
            session(&config, alloc::vec![option("10.0.0.2"), option("127.0.0.1"), option("0.0.0.0")]);
        assert_eq!(shown(&config, &stored, 0), ["10.0.0.2:443"]);
        assert_eq!(shown(&config, &stored, 1), ["127.0.0.1:443"]);
        // The address of a DC that was not configured is what the server says.
        let elsewhere = DcId::literal(9);
        assert!(!is_known(&config, &stored, elsewhere));
        let stored = session(&config, alloc::vec![types::DcOption { id: 9, ..option("127.0.0.1") }]);
        assert!(is_known(&config, &stored, elsewhere));
        assert_eq!(attempt(&config, &stored, elsewhere, 0).endpoints, ["127.0.0.1:443".parse().unwrap()]);
    }

    #[test]
    fn c2_a_gateway_or_proxy_chooses_the_way() {
        let gateway: SocketAddr = "192.0.2.1:443".parse().unwrap();
        let config = Config { proxy_endpoints: alloc::vec![gateway], ..Config::telegram() };
        let stored = session(&config, alloc::vec![option("91.108.4.1")]);
        assert_eq!(attempt(&config, &stored, DC, 0).endpoints, [gateway]);
        assert_eq!(attempt(&config, &stored, DC, 1).endpoints, [gateway]);
    }
}
