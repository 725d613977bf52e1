//! Whose DCs a session belongs to: its keys are never offered to others.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::config::{Config, DcTable};
use super::dc_options::DcOptions;
use super::stored_session::StoredSession;
use crate::crypto::rsa::PublicKey;
use crate::dc::DcId;

/// The networks of Telegram (`core.telegram.org/resources/cidr.txt`): address and prefix length.
const NETWORKS_V4: [([u8; 4], u32); 9] = [
    ([91, 105, 192, 0], 23),
    ([91, 108, 4, 0], 22),
    ([91, 108, 8, 0], 22),
    ([91, 108, 12, 0], 22),
    ([91, 108, 16, 0], 22),
    ([91, 108, 20, 0], 22),
    ([91, 108, 56, 0], 22),
    ([149, 154, 160, 0], 20),
    ([185, 76, 151, 0], 24),
];
const NETWORKS_V6: [([u16; 3], u32); 5] = [
    ([0x2001, 0x067c, 0x04e8], 48),
    ([0x2001, 0x0b28, 0xf23c], 48),
    ([0x2001, 0x0b28, 0xf23d], 48),
    ([0x2001, 0x0b28, 0xf23f], 48),
    ([0x2a0a, 0xf280, 0x0000], 32),
];
/// An address of DC 2 that lies in none of them (TDLib, `ConnectionCreator.cpp`).
const ALONE: [u8; 4] = [95, 161, 76, 100];

/// The servers that a session belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Servers {
    /// The session does not say. It belongs to the servers that it is used with first.
    #[default]
    Unknown,
    /// Telegram's own DCs; its test DCs if [`StoredSession::test_dcs`] is set.
    Telegram,
    /// Other servers.
    Custom(CustomServers),
    /// Test DCs that ran inside a process which has ended: no other server knows the keys.
    Ended,
}

/// Servers that are not Telegram's: how to reach and recognise them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomServers {
    /// Where the DCs are. At most 256 addresses are saved.
    pub dcs: DcTable,
    /// The RSA keys of the servers; empty if none is known. At most 16 are saved.
    pub public_keys: Vec<PublicKey>,
    /// The DC to begin with while the session has no home DC.
    pub initial_dc: Option<DcId>,
}

/// The servers of a session or a configuration, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServersName {
    /// The session does not say.
    Unknown,
    /// Telegram.
    Telegram,
    /// Telegram's test DCs.
    TelegramTest,
    /// Servers of which this is the first address; `None`: no address is known.
    Custom(Option<SocketAddr>),
    /// Test DCs that ended with the process that ran them.
    Ended,
}

impl fmt::Display for ServersName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("servers that it does not name"),
            Self::Telegram => f.write_str("Telegram"),
            Self::TelegramTest => f.write_str("Telegram's test DCs"),
            Self::Custom(Some(address)) => write!(f, "the server at {address}"),
            Self::Custom(None) => f.write_str("a server whose address is not known"),
            Self::Ended => f.write_str("a sandbox that has ended"),
        }
    }
}

/// A session and a configuration that do not fit together. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongServers {
    /// They name different servers: the keys of the session are good for its own servers only, and are not shown to
    /// others. Servers of which one side knows no RSA key are told apart by their addresses.
    #[error("the session belongs to {session} and is not used with {configured}")]
    Mismatch {
        /// The servers of the session.
        session: ServersName,
        /// The servers of the configuration.
        configured: ServersName,
    },
    /// They name different servers, which have no RSA key in common.
    #[error("the session belongs to {session}, and the server at hand has another RSA key")]
    OtherKeys {
        /// The servers of the session.
        session: ServersName,
    },
    /// The session belongs to test DCs that ended with the process that ran them.
    #[error("the session belongs to a sandbox that has ended, so no server knows it any more")]
    Ended,
    /// The session belongs to servers that are not Telegram's, and does not say where they are.
    #[error("the session belongs to a server whose address is not known")]
    NoAddress,
}

impl Servers {
    /// Whether an address lies in the networks that Telegram publishes (`core.telegram.org/resources/cidr.txt`).
    #[must_use]
    pub fn is_telegram_address(address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(ip) => {
                let begins_like = |(network, length): &([u8; 4], u32)| {
                    (ip.to_bits() ^ u32::from_be_bytes(*network)) >> (32 - length) == 0
                };
                ip.octets() == ALONE || NETWORKS_V4.iter().any(begins_like)
            }
            // NAT64 (RFC 6052): the address of IPv4 is the last part.
            IpAddr::V6(ip) if ip.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) => {
                Self::is_telegram_address(IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() as u32)))
            }
            IpAddr::V6(ip) => NETWORKS_V6.iter().any(|([a, b, c], length)| {
                let network = Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0);
                (ip.to_bits() ^ network.to_bits()) >> (128 - length) == 0
            }),
        }
    }

    /// The servers of a session that another program made, by the address that it keeps for a DC.
    #[must_use]
    pub fn at(dc: DcId, address: SocketAddr) -> Self {
        if Self::is_telegram_address(address.ip()) {
            return Self::Telegram;
        }
        let mut dcs = DcTable::new();
        dcs.insert(dc, address);
        Self::Custom(CustomServers { dcs, public_keys: Vec::new(), initial_dc: Some(dc) })
    }

    /// Takes in what another DC's part of the same session says; `false`: it is of other servers.
    #[must_use]
    pub fn join(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (Self::Custom(ours), Self::Custom(others)) => {
                others.dcs.iter().for_each(|(dc, address)| ours.dcs.insert(dc, address));
                true
            }
            (ours, others) => ours == others,
        }
    }

    /// Where the DCs are for a program that the session is exported to: `dcs`, but for sessions of other servers than
    /// Telegram's only what of it is not Telegram's, and then the servers' own addresses.
    #[must_use]
    pub fn table(&self, dcs: &DcTable) -> DcTable {
        let own = match self {
            Self::Unknown | Self::Telegram => return dcs.clone(),
            Self::Custom(custom) => Some(&custom.dcs),
            Self::Ended => None,
        };
        let mut table = DcTable::new();
        for (source, is_own) in [(Some(dcs), false), (own, true)] {
            for (dc, address) in source.into_iter().flat_map(DcTable::iter) {
                if is_own || !Self::is_telegram_address(address.ip()) {
                    table.insert(dc, address);
                }
            }
        }
        table
    }

    fn name(&self, home: Option<DcId>, test_dcs: bool) -> ServersName {
        match self {
            Self::Unknown => ServersName::Unknown,
            Self::Telegram if test_dcs => ServersName::TelegramTest,
            Self::Telegram => ServersName::Telegram,
            Self::Custom(custom) => ServersName::Custom(custom.address(home)),
            Self::Ended => ServersName::Ended,
        }
    }
}

impl CustomServers {
    /// The first address of the home DC, or else of any.
    fn address(&self, home: Option<DcId>) -> Option<SocketAddr> {
        let first = home.or(self.initial_dc).into_iter().chain(self.dcs.ids());
        first.filter_map(|dc| self.dcs.endpoints(dc).first().copied()).next()
    }

    /// Whether `session`, which belongs to these servers, may be used with `others`: they have an RSA key in common. If
    /// one side knows no key, an address says it, see [`Self::is_at`].
    fn are(&self, others: &Self, session: &StoredSession) -> bool {
        match (self.public_keys.as_slice(), others.public_keys.as_slice()) {
            ([], _) | (_, []) => self.is_at(others, session),
            (keys, theirs) => keys.iter().any(|key| theirs.contains(key)),
        }
    }

    /// Whether each DC that would be offered one of the session's keys is at an address of these servers: one that the
    /// session was made with, or one that they told of themselves. A DC of which no address was known is taken along
    /// by another one. If no address is known at all, it is the caller who says where the servers are.
    fn is_at(&self, others: &Self, session: &StoredSession) -> bool {
        // A CDN DC holds files, and is not asked for keys.
        let told = || session.dc_options.iter().filter(|it| !it.cdn).map(|it| (it.dc, it.address));
        let known = |dc: Option<DcId>| {
            let named = self.dcs.iter().chain(told());
            named.filter(move |(at, _)| dc.is_none_or(|dc| dc == *at)).map(|(_, address)| canonical(address))
        };
        if known(None).next().is_none() {
            return true;
        }
        let is_theirs = |dc: DcId| {
            others.dcs.endpoints(dc).iter().any(|it| known(None).any(|address| address == canonical(*it)))
        };
        if session.keys.is_empty() {
            return others.dcs.ids().any(is_theirs);
        }
        let mut offered = session
            .keys
            .keys()
            .filter(|dc| !others.dcs.endpoints(**dc).is_empty() && known(Some(**dc)).next().is_some())
            .peekable();
        offered.peek().is_some() && offered.all(|dc| is_theirs(*dc))
    }
}

/// An address of IPv4 as such, also if it is written as one of IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Config {
    /// The servers that this configuration is for. It is for Telegram if all its keys are Telegram's, and so are all its
    /// addresses.
    #[must_use]
    pub fn servers(&self) -> Servers {
        let known = [PublicKey::telegram_production(), PublicKey::telegram_test()];
        let has_its_keys = self.public_keys.iter().all(|key| known.contains(key));
        let is_there = self.dcs.iter().all(|(_, address)| Servers::is_telegram_address(address.ip()));
        if has_its_keys && is_there {
            return Servers::Telegram;
        }
        // A server that is not at Telegram's addresses and has its key leads to Telegram, or its key is not asked for.
        let public_keys = if has_its_keys { Vec::new() } else { self.public_keys.to_vec() };
        Servers::Custom(CustomServers {
            dcs: self.dcs.clone(),
            public_keys,
            initial_dc: Some(self.initial_dc),
        })
    }

    /// The configuration with the usual limits for the servers that a session belongs to: Telegram's if the session
    /// does not say.
    ///
    /// # Errors
    /// [`WrongServers::Ended`], [`WrongServers::NoAddress`].
    pub fn for_session(session: &StoredSession) -> Result<Self, WrongServers> {
        let telegram = if session.test_dcs { Self::telegram_test() } else { Self::telegram() };
        match &session.servers {
            Servers::Unknown | Servers::Telegram => Ok(telegram),
            Servers::Ended => Err(WrongServers::Ended),
            Servers::Custom(custom) => {
                let first = custom.dcs.ids().next().ok_or(WrongServers::NoAddress)?;
                let keys = match custom.public_keys.as_slice() {
                    [] => telegram.public_keys,
                    keys => keys.into(),
                };
                let dc = custom.initial_dc.unwrap_or(first);
                Ok(Self { test_dcs: session.test_dcs, ..Self::new(custom.dcs.clone(), dc, keys) })
            }
        }
    }

    /// Whether a session may be used with this configuration: it has no key yet, or it belongs to the same servers.
    ///
    /// # Errors
    /// [`WrongServers`].
    pub fn check(&self, session: &StoredSession) -> Result<(), WrongServers> {
        if session.keys.is_empty() {
            return Ok(());
        }
        let servers = self.servers();
        let mismatch = || WrongServers::Mismatch {
            session: session.servers_name(),
            configured: servers.name(Some(self.initial_dc), self.test_dcs),
        };
        let leads_to_telegram = self.dcs.iter().any(|(_, it)| Servers::is_telegram_address(it.ip()));
        match (&session.servers, &servers) {
            (Servers::Ended, _) => Err(WrongServers::Ended),
            // Whatever RSA key is expected there: the first packet shows which auth key it is.
            (Servers::Custom(_), _) if leads_to_telegram => Err(WrongServers::Mismatch {
                session: session.servers_name(),
                configured: ServersName::Telegram,
            }),
            // Formats that do not say whether the DCs are test DCs leave the flag out.
            (Servers::Unknown, Servers::Telegram) if session.test_dcs && !self.test_dcs => {
                Err(WrongServers::Mismatch {
                    session: ServersName::TelegramTest,
                    configured: ServersName::Telegram,
                })
            }
            (Servers::Unknown, _) => Ok(()),
            (Servers::Telegram, Servers::Telegram) if session.test_dcs == self.test_dcs => Ok(()),
            (Servers::Custom(its), Servers::Custom(ours)) if its.are(ours, session) => Ok(()),
            (Servers::Custom(its), Servers::Custom(ours))
                if !its.public_keys.is_empty() && !ours.public_keys.is_empty() =>
            {
                Err(WrongServers::OtherKeys { session: session.servers_name() })
            }
            _ => Err(mismatch()),
        }
    }
}

impl StoredSession {
    /// The servers that the session belongs to, for messages.
    #[must_use]
    pub fn servers_name(&self) -> ServersName {
        self.servers.name(self.home_dc, self.test_dcs)
    }

    /// Makes the session one of the servers that `config` is for.
    ///
    /// # Errors
    /// [`WrongServers`]; the session is as before.
    pub(super) fn adopt(&mut self, config: &Config) -> Result<(), WrongServers> {
        config.check(self)?;
        let mut servers = config.servers();
        let same = match (&self.servers, &mut servers) {
            (Servers::Telegram, Servers::Telegram) => self.test_dcs == config.test_dcs,
            (Servers::Custom(its), Servers::Custom(ours)) => {
                let same = its.are(ours, self);
                if same && ours.public_keys.is_empty() {
                    ours.public_keys.clone_from(&its.public_keys);
                }
                if its.dcs != ours.dcs {
                    // What was said at the other addresses leads back there.
                    self.dc_options = DcOptions::default();
                }
                same
            }
            (Servers::Unknown, _) => true,
            _ => false,
        };
        if !same {
            // It has no key, and what else is in it means nothing to other servers.
            *self = Self { clock_offset: self.clock_offset, ..Self::default() };
        }
        self.servers = servers;
        self.test_dcs = config.test_dcs;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::string::ToString;

    use super::*;
    use crate::client::DcAuth;
    use crate::crypto::AuthKey;
    use crate::tl::{enums, types};

    fn custom(address: &str, keys: &[PublicKey]) -> Config {
        let mut dcs = DcTable::new();
        dcs.insert(DcId::literal(2), address.parse().unwrap());
        Config::new(dcs, DcId::literal(2), keys.to_vec())
    }

    fn other_key(last: u8) -> PublicKey {
        let mut modulus = [0xc5; 256];
        modulus[255] = last | 1;
        PublicKey::from_components(&modulus, &[1, 0, 1]).unwrap()
    }

    fn with_key(config: &Config) -> StoredSession {
        let dc = DcId::literal(2);
        let key = DcAuth { auth_key: AuthKey::new([7; 256]), server_salt: 0 };
        let mut session = StoredSession { home_dc: Some(dc), ..StoredSession::default() };
        session.adopt(config).unwrap();
        session.keys = BTreeMap::from([(dc, key)]);
        session
    }

    #[test]
    fn a5_addresses_of_telegram_are_known() {
        for config in [Config::telegram(), Config::telegram_test()] {
            for dc in config.dcs.ids() {
                assert!(config.dcs.endpoints(dc).iter().all(|it| Servers::is_telegram_address(it.ip())));
            }
        }
        for (address, known) in [
            ("95.161.76.100", true),
            ("95.161.76.101", false),
            ("149.154.175.255", true),
            ("149.154.176.0", false),
            ("91.108.24.1", false),
            ("91.108.23.255", true),
            ("::ffff:149.154.167.51", true),
            ("64:ff9b::149.154.167.51", true),
            ("64:ff9b::127.0.0.1", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("2001:67c:4e8:f002::a", true),
            ("2001:67c:4e9::a", false),
            ("2a0a:f280:203:a:5000:0:0:100", true),
        ] {
            assert_eq!(Servers::is_telegram_address(address.parse().unwrap()), known, "{address}");
        }
    }

    #[test]
    fn a5_keys_are_offered_to_their_own_servers_only() {
        let [ours, theirs] = [1, 3].map(other_key);
        let telegram = Config::telegram();
        let test = Config::telegram_test();
        let sandbox = custom("127.0.0.1:4443", core::slice::from_ref(&ours));
        let moved = custom("10.1.1.1:443", &[theirs.clone(), ours]);
        let other = custom("127.0.0.1:4443", &[theirs]);
        for (made, used, fits) in [
            (&telegram, &telegram, true),
            (&test, &test, true),
            (&telegram, &test, false),
            (&test, &telegram, false),
            (&sandbox, &telegram, false),
            (&sandbox, &test, false),
            (&telegram, &sandbox, false),
            (&sandbox, &sandbox, true),
            (&sandbox, &moved, true),
            (&sandbox, &other, false),
        ] {
            let session = with_key(made);
            let result = used.check(&session);
            assert_eq!(result.is_ok(), fits, "{result:?}");
            let mut taken = session.clone();
            assert_eq!(taken.adopt(used).is_ok(), fits);
            if !fits {
                assert_eq!(taken, session);
            }
        }
        let said = telegram.check(&with_key(&sandbox)).unwrap_err().to_string();
        assert_eq!(said, "the session belongs to the server at 127.0.0.1:4443 and is not used with Telegram");
    }

    /// Whatever RSA key is asked for there, and however many other addresses stand beside it.
    #[test]
    fn a5_addresses_of_telegram_among_others_are_refused() {
        let ours = core::slice::from_ref(&other_key(1)).to_vec();
        let sandbox = with_key(&custom("127.0.0.1:4443", &ours));
        assert!(custom("149.154.167.51:443", &ours).check(&sandbox).is_err());
        let mut mixed = Config::telegram();
        mixed.dcs.insert(DcId::literal(4), "203.0.113.9:443".parse().unwrap());
        assert!(matches!(mixed.servers(), Servers::Custom(_)));
        assert!(mixed.check(&with_key(&Config::telegram())).is_err());
        assert!(mixed.check(&sandbox).is_err());
    }

    #[test]
    fn a5_a_session_that_does_not_say_belongs_where_it_is_used_first() {
        let unknown = StoredSession { servers: Servers::Unknown, ..with_key(&Config::telegram()) };
        for config in [Config::telegram(), Config::telegram_test(), custom("127.0.0.1:1", &[other_key(1)])] {
            let mut session = unknown.clone();
            session.adopt(&config).unwrap();
            assert_eq!((&session.servers, session.test_dcs), (&config.servers(), config.test_dcs));
            assert_eq!(session.keys, unknown.keys);
        }
        let test = StoredSession { test_dcs: true, ..unknown };
        assert!(Config::telegram().check(&test).is_err());
    }

    #[test]
    fn a5_an_address_that_is_not_telegrams_is_kept_without_a_key() {
        let dc = DcId::literal(2);
        assert_eq!(Servers::at(dc, "149.154.167.51:443".parse().unwrap()), Servers::Telegram);
        let servers = Servers::at(dc, "127.0.0.1:4443".parse().unwrap());
        let session = StoredSession { servers, ..with_key(&Config::telegram()) };
        assert!(Config::telegram().check(&session).is_err());
        // By --dc alone, then with the key: both are the server at that address.
        let config = Config::for_session(&session).unwrap();
        assert_eq!(config.dcs.endpoints(dc), ["127.0.0.1:4443".parse().unwrap()]);
        let mut session = session;
        session.adopt(&config).unwrap();
        session.adopt(&custom("127.0.0.1:4443", &[other_key(1)])).unwrap();
        session.adopt(&config).unwrap();
        let Servers::Custom(custom) = &session.servers else { panic!("{session:?}") };
        assert_eq!(custom.public_keys, [other_key(1)]);
    }

    /// Without a key on one side there is nothing but the address to tell servers apart.
    #[test]
    fn a5_servers_without_a_known_key_are_told_apart_by_their_addresses() {
        let ours = core::slice::from_ref(&other_key(1)).to_vec();
        let at = |dcs: &[(i64, &str)], keys: &[PublicKey]| {
            let mut table = DcTable::new();
            for (dc, address) in dcs {
                table.insert(DcId::new(*dc).unwrap(), address.parse().unwrap());
            }
            Config::new(table, DcId::literal(2), keys.to_vec())
        };
        let keyless = with_key(&at(&[(1, "10.0.0.1:1"), (2, "10.0.0.2:2")], &[]));
        let keyed = with_key(&at(&[(2, "10.0.0.2:2")], &ours));
        for (session, dcs, keys, fits) in [
            (&keyless, &[(2, "10.0.0.2:2")][..], &[][..], true),
            (&keyless, &[(2, "10.0.0.2:2")], &ours, true),
            (&keyless, &[(2, "[::ffff:10.0.0.2]:2")], &ours, true),
            // The address of another DC of the same servers.
            (&keyless, &[(2, "10.0.0.1:1")], &[], true),
            (&keyless, &[(2, "203.0.113.9:2")], &[], false),
            (&keyless, &[(2, "203.0.113.9:2")], &ours, false),
            (&keyless, &[(2, "10.0.0.2:3")], &ours, false),
            // DC 1 is theirs, but DC 2, which would be offered the key, is a stranger's.
            (&keyless, &[(1, "10.0.0.1:1"), (2, "203.0.113.9:2")], &[], false),
            (&keyless, &[(3, "10.0.0.2:2")], &[], false),
            (&keyed, &[(2, "203.0.113.9:2")], &ours, true),
            (&keyed, &[(2, "203.0.113.9:2")], &[], false),
            (&keyed, &[(2, "10.0.0.2:2")], &[], true),
        ] {
            let config = at(dcs, keys);
            assert_eq!(config.check(session).is_ok(), fits, "{dcs:?}");
            assert_eq!(session.clone().adopt(&config).is_ok(), fits, "{dcs:?}");
        }
        let said = at(&[(2, "203.0.113.9:2")], &ours).check(&keyless).unwrap_err().to_string();
        assert_eq!(
            said,
            "the session belongs to the server at 10.0.0.2:2 and is not used with the server at 203.0.113.9:2"
        );
        // Where no address is known, the configuration says it; from then on it counts.
        let mut nowhere =
            StoredSession { servers: Servers::Custom(CustomServers::default()), ..keyless.clone() };
        nowhere.adopt(&at(&[(2, "10.0.0.2:2")], &[])).unwrap();
        assert!(at(&[(2, "203.0.113.9:2")], &[]).check(&nowhere).is_err());
    }

    #[test]
    fn a5_addresses_that_the_servers_told_of_are_theirs() {
        let mut session = with_key(&custom("10.0.0.2:2", &[]));
        let moved = custom("10.9.9.9:443", &[other_key(1)]);
        assert!(moved.check(&session).is_err());
        let told = types::DcOption {
            ipv6: false,
            media_only: false,
            tcpo_only: false,
            cdn: false,
            r#static: false,
            this_port_only: false,
            id: 2,
            ip_address: "10.9.9.9".into(),
            port: 443,
            secret: None,
        };
        session.dc_options.replace(&[enums::DcOption::DcOption(told)], false);
        moved.check(&session).unwrap();
    }

    #[test]
    fn a5_what_is_left_of_a_session_without_keys_is_not_told_to_others() {
        let mut session = with_key(&custom("127.0.0.1:1", &[other_key(1)]));
        session.keys.clear();
        session.keep_logout_token(alloc::vec![7; 32].into());
        let mut kept = session.clone();
        kept.adopt(&custom("127.0.0.2:2", &[other_key(1)])).unwrap();
        assert_eq!(kept.logout_tokens.len(), 1);
        session.adopt(&Config::telegram()).unwrap();
        assert_eq!(
            (session.logout_tokens.len(), session.home_dc, session.servers),
            (0, None, Servers::Telegram)
        );
    }

    #[test]
    fn a5_sessions_of_a_sandbox_that_ended_are_refused() {
        let session = StoredSession { servers: Servers::Ended, ..with_key(&Config::telegram()) };
        for config in [Config::telegram(), custom("127.0.0.1:1", &[other_key(1)])] {
            assert_eq!(config.check(&session), Err(WrongServers::Ended));
        }
        assert!(matches!(Config::for_session(&session), Err(WrongServers::Ended)));
    }
}
