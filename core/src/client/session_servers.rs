//! Checks that a session and a configuration are for the same servers, so that keys are never offered to others.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::config::Config;
use super::dc_options::DcOptions;
use super::servers::{CustomServers, Servers, ServersName};
use super::stored_session::StoredSession;
use crate::crypto::rsa::PublicKey;
use crate::dc::DcId;

/// The session belongs to other servers than the configuration. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongServers {
    /// They name different servers. The session's keys are never offered to other servers. If one side has no RSA key,
    /// the addresses are compared.
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

impl CustomServers {
    /// Returns whether `session`, which belongs to these servers, may be used with `others`: they have an RSA key in
    /// common. If one side has no key, the addresses are compared, see [`Self::known_at`].
    fn same_servers(&self, others: &Self, session: &StoredSession) -> bool {
        match (self.public_keys.as_slice(), others.public_keys.as_slice()) {
            ([], _) | (_, []) => self.known_at(others, session),
            (keys, theirs) => keys.iter().any(|key| theirs.contains(key)),
        }
    }

    /// Returns whether each DC that would be offered one of the session's keys is at an address of these servers: one
    /// that the session was made with, or one that they announced. A DC without a known address is accepted if another
    /// DC is. If no address is known at all, the caller's configuration is trusted.
    fn known_at(&self, others: &Self, session: &StoredSession) -> bool {
        // A CDN DC stores files, and is never offered a key.
        let announced = || session.dc_options.iter().filter(|it| !it.cdn).map(|it| (it.dc, it.address));
        let known = |dc: Option<DcId>| {
            let named = self.dcs.iter().chain(announced());
            named.filter(move |(at, _)| dc.is_none_or(|dc| dc == *at)).map(|(_, address)| canonical(address))
        };
        if known(None).next().is_none() {
            return true;
        }
        let is_known_address = |dc: DcId| {
            others.dcs.endpoints(dc).iter().any(|it| known(None).any(|address| address == canonical(*it)))
        };
        if session.keys.is_empty() {
            return others.dcs.ids().any(is_known_address);
        }
        let mut offered = session
            .keys
            .keys()
            .filter(|dc| !others.dcs.endpoints(**dc).is_empty() && known(Some(**dc)).next().is_some())
            .peekable();
        offered.peek().is_some() && offered.all(|dc| is_known_address(*dc))
    }
}

/// Returns the address with an IPv4-mapped IPv6 address as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Config {
    /// Returns the servers of this configuration: Telegram if all its keys and addresses are Telegram's.
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

    /// Returns a configuration with default limits for the servers of `session`; Telegram's if they are unknown.
    ///
    /// # Errors
    /// [`WrongServers::Ended`], [`WrongServers::NoAddress`].
    pub fn for_session(session: &StoredSession) -> Result<Self, WrongServers> {
        let telegram = if session.test_dcs { Self::telegram_test() } else { Self::telegram() };
        match &session.servers {
            Servers::Unknown | Servers::Telegram => Ok(telegram),
            Servers::EndedSandbox => Err(WrongServers::Ended),
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

    /// Checks that `session` may be used with this configuration: it has no keys, or belongs to the same servers.
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
            (Servers::EndedSandbox, _) => Err(WrongServers::Ended),
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
            (Servers::Custom(its), Servers::Custom(ours)) if its.same_servers(ours, session) => Ok(()),
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
    /// Returns the servers that the session belongs to, for messages.
    #[must_use]
    pub fn servers_name(&self) -> ServersName {
        self.servers.name(self.home_dc, self.test_dcs)
    }

    /// Assigns the session to the servers of `config`.
    ///
    /// # Errors
    /// [`WrongServers`]; the session is as before.
    pub(super) fn assign_servers(&mut self, config: &Config) -> Result<(), WrongServers> {
        config.check(self)?;
        let mut servers = config.servers();
        let same = match (&self.servers, &mut servers) {
            (Servers::Telegram, Servers::Telegram) => self.test_dcs == config.test_dcs,
            (Servers::Custom(its), Servers::Custom(ours)) => {
                let same = its.same_servers(ours, self);
                if same && ours.public_keys.is_empty() {
                    ours.public_keys.clone_from(&its.public_keys);
                }
                if its.dcs != ours.dcs {
                    // The servers at the other addresses announced addresses of their own.
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

    use super::super::dc_options::tests::option;
    use super::*;
    use crate::client::DcAuth;
    use crate::client::DcTable;
    use crate::crypto::AuthKey;
    use crate::tl::enums;

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
        session.assign_servers(config).unwrap();
        session.keys = BTreeMap::from([(dc, key)]);
        session
    }

    #[test]
    fn a5_addresses_of_telegram_are_known() {
        for config in [Config::telegram(), Config::telegram_test()] {
            for dc in config.dcs.ids() {
                let endpoints = config.dcs.endpoints(dc);
                assert!(!endpoints.is_empty(), "{dc}");
                assert!(endpoints.iter().all(|it| Servers::is_telegram_address(it.ip())), "{dc}");
            }
            assert!(config.dcs.ids().count() >= 3);
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
            assert_eq!(taken.assign_servers(used).is_ok(), fits);
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
            session.assign_servers(&config).unwrap();
            assert_eq!((&session.servers, session.test_dcs), (&config.servers(), config.test_dcs));
            assert_eq!(session.keys, unknown.keys);
        }
        let test = StoredSession { test_dcs: true, ..unknown };
        assert!(Config::telegram().check(&test).is_err());
    }

    #[test]
    fn a5_an_address_that_is_not_telegrams_is_kept_without_a_key() {
        let dc = DcId::literal(2);
        assert_eq!(Servers::from_address(dc, "149.154.167.51:443".parse().unwrap()), Servers::Telegram);
        let servers = Servers::from_address(dc, "127.0.0.1:4443".parse().unwrap());
        let session = StoredSession { servers, ..with_key(&Config::telegram()) };
        assert!(Config::telegram().check(&session).is_err());
        // By --dc alone, then with the key: both are the server at that address.
        let config = Config::for_session(&session).unwrap();
        assert_eq!(config.dcs.endpoints(dc), ["127.0.0.1:4443".parse().unwrap()]);
        let mut session = session;
        session.assign_servers(&config).unwrap();
        session.assign_servers(&custom("127.0.0.1:4443", &[other_key(1)])).unwrap();
        session.assign_servers(&config).unwrap();
        let Servers::Custom(custom) = &session.servers else { panic!("{session:?}") };
        assert_eq!(custom.public_keys, [other_key(1)]);
    }

    /// Without a key on one side there is nothing but the address to tell servers apart.
    #[test]
    fn a5_servers_without_a_known_key_are_distinguished_by_their_addresses() {
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
            assert_eq!(session.clone().assign_servers(&config).is_ok(), fits, "{dcs:?}");
        }
        let said = at(&[(2, "203.0.113.9:2")], &ours).check(&keyless).unwrap_err().to_string();
        assert_eq!(
            said,
            "the session belongs to the server at 10.0.0.2:2 and is not used with the server at 203.0.113.9:2"
        );
        // If no address is known, the first configuration sets it.
        let mut nowhere =
            StoredSession { servers: Servers::Custom(CustomServers::default()), ..keyless.clone() };
        nowhere.assign_servers(&at(&[(2, "10.0.0.2:2")], &[])).unwrap();
        assert!(at(&[(2, "203.0.113.9:2")], &[]).check(&nowhere).is_err());
    }

    #[test]
    fn a5_addresses_that_the_servers_announced_are_theirs() {
        let mut session = with_key(&custom("10.0.0.2:2", &[]));
        let moved = custom("10.9.9.9:443", &[other_key(1)]);
        assert!(moved.check(&session).is_err());
        session.dc_options.replace(&[enums::DcOption::DcOption(option("10.9.9.9"))], false);
        moved.check(&session).unwrap();
    }

    #[test]
    fn a5_what_is_left_of_a_session_without_keys_is_not_shown_to_others() {
        let mut session = with_key(&custom("127.0.0.1:1", &[other_key(1)]));
        session.keys.clear();
        session.keep_logout_token(alloc::vec![7; 32].into());
        let mut kept = session.clone();
        kept.assign_servers(&custom("127.0.0.2:2", &[other_key(1)])).unwrap();
        assert_eq!(kept.logout_tokens.len(), 1);
        session.assign_servers(&Config::telegram()).unwrap();
        assert_eq!(
            (session.logout_tokens.len(), session.home_dc, session.servers),
            (0, None, Servers::Telegram)
        );
    }

    #[test]
    fn a5_sessions_of_a_sandbox_that_ended_are_refused() {
        let session = StoredSession { servers: Servers::EndedSandbox, ..with_key(&Config::telegram()) };
        for config in [Config::telegram(), custom("127.0.0.1:1", &[other_key(1)])] {
            assert_eq!(config.check(&session), Err(WrongServers::Ended));
        }
        assert!(matches!(Config::for_session(&session), Err(WrongServers::Ended)));
    }
}
