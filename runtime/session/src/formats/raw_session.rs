//! The content of a session of another library, before it is checked.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use sansgram_core::AuthKey;
use sansgram_core::client::{CustomServers, DcAuth, DcId, DcTable, LoggedInUser, Servers, StoredSession};
use zeroize::Zeroizing;

use super::error::{ExportError, ImportError};
use super::format::Format;
use super::imported::Imported;

/// User ids have at most 52 significant bits (`core.telegram.org/api/bots/ids`).
pub(super) const MAX_USER_ID: i64 = (1 << 52) - 1;
const FOREIGN_KEYS: &str = "keys of DCs of other servers";

/// The address of a DC in a session of another library, unchecked.
#[derive(Clone, Debug, Default)]
pub(super) struct HostPort {
    /// An address or a host name; empty if the format has none.
    host: String,
    /// The port; 0 if the format has none.
    port: u16,
}

impl HostPort {
    pub(super) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Creates an address, with port 0 if the number is not a port.
    pub(super) fn numbered(host: impl Into<String>, port: Option<i64>) -> Self {
        Self::new(host, port.and_then(|port| port.try_into().ok()).unwrap_or(0))
    }

    pub(super) fn ip(&self) -> Option<IpAddr> {
        let host = self.host.trim().trim_start_matches('[').trim_end_matches(']');
        host.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified())
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the socket address, or `None` if the address or the port is missing.
    fn address(&self) -> Option<SocketAddr> {
        self.ip().filter(|_| self.port != 0).map(|ip| SocketAddr::new(ip, self.port))
    }

    /// Returns the servers that `dc` belongs to, judged by this address.
    fn servers(&self, dc: DcId) -> Servers {
        let host = self.host.trim().trim_end_matches('.').to_ascii_lowercase();
        match (self.ip(), self.address()) {
            (Some(ip), _) if Servers::is_telegram_address(ip) => Servers::Telegram,
            (_, Some(address)) => Servers::from_address(dc, address),
            // Programs in a browser store names such as venus.web.telegram.org.
            _ if host.ends_with(".telegram.org") => Servers::Telegram,
            _ if host.is_empty() || host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified()) => {
                Servers::Unknown
            }
            _ => Servers::Custom(CustomServers { initial_dc: Some(dc), ..CustomServers::default() }),
        }
    }
}

impl From<Option<SocketAddr>> for HostPort {
    fn from(address: Option<SocketAddr>) -> Self {
        address.map_or_else(Self::default, |address| Self::new(address.ip().to_string(), address.port()))
    }
}

/// A DC other than the home DC.
pub(super) struct OtherDc {
    /// The number. The entry is ignored if this is not the number of a DC.
    pub(super) dc: i64,
    pub(super) server: HostPort,
    /// The key; all zeros if there is none.
    pub(super) key: Zeroizing<[u8; 256]>,
}

/// The content of a session, before it is checked.
pub(super) struct RawSession {
    pub(super) format: Format,
    /// The home DC's number.
    pub(super) dc: i64,
    pub(super) server: HostPort,
    pub(super) key: Zeroizing<[u8; 256]>,
    pub(super) others: Vec<OtherDc>,
    /// The user; 0 if it is not known.
    pub(super) user_id: i64,
    pub(super) is_bot: bool,
    /// The `api_id`; 0 if it is not known.
    pub(super) api_id: u32,
    /// True if the DCs are test DCs; `None` if the format has no such flag.
    pub(super) test_dcs: Option<bool>,
}

impl RawSession {
    /// Creates the content for a format that has only a DC and a key.
    pub(super) fn new(format: Format, dc: i64, key: Zeroizing<[u8; 256]>) -> Self {
        Self {
            format,
            dc,
            server: HostPort::default(),
            key,
            others: Vec::new(),
            user_id: 0,
            is_bot: false,
            api_id: 0,
            test_dcs: None,
        }
    }

    pub(super) fn into_imported(self) -> Result<Imported, ImportError> {
        let format = self.format;
        let damaged = |reason| ImportError::Damaged { format, reason };
        let dc = DcId::new(self.dc).map_err(|_| damaged("its DC number is invalid"))?;
        if is_empty(&self.key) {
            return Err(ImportError::NoKey(format));
        }
        let user = match self.user_id {
            0 => None,
            id @ 1..=MAX_USER_ID => Some(LoggedInUser { id, is_bot: self.is_bot }),
            _ => return Err(damaged("its user id is invalid")),
        };
        let api_id = match i32::try_from(self.api_id) {
            Ok(0) => None,
            Ok(id) => Some(id),
            Err(_) => return Err(damaged("its api_id is invalid")),
        };
        let mut servers = match self.server.servers(dc) {
            Servers::Unknown if format.is_telegram_only() => Servers::Telegram,
            servers => servers,
        };
        let key = |key: &[u8; 256]| DcAuth { auth_key: AuthKey::new(*key), server_salt: 0 };
        let mut keys = BTreeMap::from([(dc, key(&self.key))]);
        let mut endpoints: BTreeMap<_, _> =
            self.server.address().map(|address| (dc, address)).into_iter().collect();
        let mut fixes = Vec::new();
        for other in &self.others {
            let Ok(its_dc) = DcId::new(other.dc) else { continue };
            match (&servers, other.server.servers(its_dc)) {
                // A DC without an address counts as one of the servers of the home DC.
                (_, Servers::Unknown) => {}
                (Servers::Unknown, its) => servers = its,
                (_, its) => {
                    if !servers.merge(&its) {
                        // A session holds keys of either Telegram's servers or one group of others.
                        if !is_empty(&other.key) && !fixes.contains(&FOREIGN_KEYS) {
                            fixes.push(FOREIGN_KEYS);
                        }
                        continue;
                    }
                }
            }
            if let Some(address) = other.server.address() {
                endpoints.entry(its_dc).or_insert(address);
            }
            if !is_empty(&other.key) {
                keys.entry(its_dc).or_insert_with(|| key(&other.key));
            }
        }
        // In formats without a flag for test DCs, only the address shows them.
        let at_test_dcs = self.server.ip().is_some_and(is_test_dc_address);
        let session = StoredSession {
            home_dc: Some(dc),
            keys,
            user,
            api_id,
            test_dcs: self.test_dcs.unwrap_or(false) || at_test_dcs,
            servers,
            ..StoredSession::default()
        };
        Ok(Imported { endpoints, fixes, ..Imported::single(format, session) })
    }
}

fn is_empty(key: &[u8; 256]) -> bool {
    key.iter().all(|byte| *byte == 0)
}

/// The content of a session to export, for the formats that hold one key.
pub(super) struct Exported<'a> {
    pub(super) dc: DcId,
    pub(super) key: &'a [u8; 256],
    pub(super) user: Option<&'a LoggedInUser>,
    pub(super) api_id: Option<i32>,
    pub(super) test_dcs: bool,
}

impl<'a> Exported<'a> {
    pub(super) fn of(session: &'a StoredSession) -> Result<Self, ExportError> {
        let dc = session.home_dc.ok_or(ExportError::NoKey)?;
        let key = session.keys.get(&dc).ok_or(ExportError::NoKey)?.auth_key.as_bytes();
        let (user, api_id, test_dcs) = (session.user.as_ref(), session.api_id, session.test_dcs);
        Ok(Self { dc, key, user, api_id, test_dcs })
    }

    /// Returns the DC's number as one byte.
    pub(super) fn dc_byte(&self) -> Result<u8, ExportError> {
        u8::try_from(self.dc.number()).map_err(|_| ExportError::DcTooHigh(self.dc))
    }

    pub(super) fn address(&self, dcs: &DcTable) -> Result<SocketAddr, ExportError> {
        dcs.endpoints(self.dc).first().copied().ok_or(ExportError::UnknownAddress(self.dc))
    }
}

/// Returns whether this is the address of one of Telegram's test DCs.
fn is_test_dc_address(address: IpAddr) -> bool {
    const V4: [[u8; 4]; 3] = [[149, 154, 175, 10], [149, 154, 167, 40], [149, 154, 175, 117]];
    const V6: [&str; 3] = ["2001:b28:f23d:f001::e", "2001:67c:4e8:f002::e", "2001:b28:f23d:f003::e"];
    match address.to_canonical() {
        IpAddr::V4(ip) => V4.contains(&ip.octets()),
        ip @ IpAddr::V6(_) => V6.iter().any(|known| known.parse() == Ok(ip)),
    }
}

/// The result of the reader of one format; `None` if the input is not of its format.
pub(super) type Reading = Option<Result<Imported, ImportError>>;
