//! The servers that a session belongs to. `session_servers.rs` decides whether it may be used with a configuration.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::config::DcTable;
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
    /// Unknown: the session is assigned to the first servers that it is used with.
    #[default]
    Unknown,
    /// Telegram's own DCs; its test DCs if [`StoredSession::test_dcs`](super::StoredSession::test_dcs) is set.
    Telegram,
    /// Other servers.
    Custom(CustomServers),
    /// A sandbox that has ended with its process: no server knows the keys any longer.
    EndedSandbox,
}

/// Servers other than Telegram's: their addresses and RSA keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomServers {
    /// The addresses of the DCs; at most 256 are saved.
    pub dcs: DcTable,
    /// The RSA keys of the servers; empty if none is known. At most 16 are saved.
    pub public_keys: Vec<PublicKey>,
    /// The DC to connect to first if the session has no home DC.
    pub initial_dc: Option<DcId>,
}

/// The servers of a session or a configuration, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServersName {
    /// Unknown servers.
    Unknown,
    /// Telegram.
    Telegram,
    /// Telegram's test DCs.
    TelegramTest,
    /// Custom servers, with their first address if one is known.
    Custom(Option<SocketAddr>),
    /// A sandbox that has ended with its process.
    Ended,
}

impl fmt::Display for ServersName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown servers"),
            Self::Telegram => f.write_str("Telegram"),
            Self::TelegramTest => f.write_str("Telegram's test DCs"),
            Self::Custom(Some(address)) => write!(f, "the server at {address}"),
            Self::Custom(None) => f.write_str("a server whose address is not known"),
            Self::Ended => f.write_str("a sandbox that has ended"),
        }
    }
}

impl Servers {
    /// Returns whether an address lies in the networks that Telegram publishes
    /// (`core.telegram.org/resources/cidr.txt`).
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

    /// Returns the servers of an imported session, by the address that it stores for `dc`.
    #[must_use]
    pub fn from_address(dc: DcId, address: SocketAddr) -> Self {
        if Self::is_telegram_address(address.ip()) {
            return Self::Telegram;
        }
        let mut dcs = DcTable::new();
        dcs.insert(dc, address);
        Self::Custom(CustomServers { dcs, public_keys: Vec::new(), initial_dc: Some(dc) })
    }

    /// Merges the servers of another DC of the same session. Returns `false` if they are different servers.
    #[must_use]
    pub fn merge(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (Self::Custom(ours), Self::Custom(others)) => {
                others.dcs.iter().for_each(|(dc, address)| ours.dcs.insert(dc, address));
                true
            }
            (ours, others) => ours == others,
        }
    }

    /// Returns the addresses to write when the session is exported: `dcs` for Telegram's servers; for custom servers
    /// their own addresses, and those of `dcs` that are not Telegram's.
    #[must_use]
    pub fn export_table(&self, dcs: &DcTable) -> DcTable {
        let own = match self {
            Self::Unknown | Self::Telegram => return dcs.clone(),
            Self::Custom(custom) => Some(&custom.dcs),
            Self::EndedSandbox => None,
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

    pub(super) fn name(&self, home: Option<DcId>, test_dcs: bool) -> ServersName {
        match self {
            Self::Unknown => ServersName::Unknown,
            Self::Telegram if test_dcs => ServersName::TelegramTest,
            Self::Telegram => ServersName::Telegram,
            Self::Custom(custom) => ServersName::Custom(custom.address(home)),
            Self::EndedSandbox => ServersName::Ended,
        }
    }
}

impl CustomServers {
    /// Returns the first address of the home DC, or else of any DC.
    fn address(&self, home: Option<DcId>) -> Option<SocketAddr> {
        let first = home.or(self.initial_dc).into_iter().chain(self.dcs.ids());
        first.filter_map(|dc| self.dcs.endpoints(dc).first().copied()).next()
    }
}
