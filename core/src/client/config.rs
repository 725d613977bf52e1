//! What the client must know before it starts: the application, the DCs, the keys to trust.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::crypto::rsa::PublicKey;
use crate::dc::DcId;
use crate::login::ApiCredentials;
use crate::policy;
use crate::rpc::DeviceInfo;
#[cfg(feature = "mtproxy")]
use crate::transport::ProxySecret;
use crate::transport::{Framing, StreamMode};

/// The addresses of DCs: at least one each, the preferred one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DcTable {
    /// Shared by all clones: a process with many clients has one table.
    endpoints: Arc<BTreeMap<DcId, Vec<SocketAddr>>>,
}

impl DcTable {
    /// Returns a table without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address behind those that `dc` has already.
    pub fn insert(&mut self, dc: DcId, address: SocketAddr) {
        let known = Arc::make_mut(&mut self.endpoints).entry(dc).or_default();
        if !known.contains(&address) {
            known.push(address);
        }
    }

    /// Returns the addresses of `dc`; empty if the table does not have it.
    #[must_use]
    pub fn endpoints(&self, dc: DcId) -> &[SocketAddr] {
        self.endpoints.get(&dc).map_or(&[], Vec::as_slice)
    }

    /// Returns all addresses, in the order of the DCs.
    pub fn iter(&self) -> impl Iterator<Item = (DcId, SocketAddr)> + '_ {
        self.endpoints.iter().flat_map(|(dc, known)| known.iter().map(move |address| (*dc, *address)))
    }

    /// Returns the DCs of the table, in rising order.
    pub fn ids(&self) -> impl Iterator<Item = DcId> + '_ {
        self.endpoints.keys().copied()
    }
}

/// The ports of Telegram's DCs, the preferred one first.
pub(super) const PORTS: [u16; 3] = [443, 80, 5222];

/// What the client must know before it starts. Begin with [`telegram`](Self::telegram),
/// [`telegram_test`](Self::telegram_test) or [`new`](Self::new), and set what differs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The application; needed for login, not for a session that is logged in already.
    pub api: Option<ApiCredentials>,
    /// What the server shows of this device.
    pub device: DeviceInfo,
    /// The addresses of the DCs.
    pub dcs: DcTable,
    /// The DC to begin with if the session has no home DC.
    pub initial_dc: DcId,
    /// Whether these are Telegram's test DCs, whose numbers are sent plus 10,000; default no.
    pub test_dcs: bool,
    /// The RSA keys that a server may identify itself by.
    pub public_keys: Arc<[PublicKey]>,
    /// The framing, if the stream mode leaves the choice.
    pub framing: Framing,
    /// What connections look like from outside, the same for all DCs; default plain. If a WebSocket's host requires
    /// TLS, the embedder opens a TLS stream.
    pub stream_mode: StreamMode,
    /// The addresses of an MTProxy or a WebSocket gateway, the preferred one first: all connections go there. Default
    /// empty: connections go to the DCs.
    pub proxy_endpoints: Vec<SocketAddr>,
    /// Whether the embedder reaches the addresses through a proxy (SOCKS5, HTTP); default no. If so, addresses that the
    /// server announces for proxies come first.
    pub through_proxy: bool,
    /// Whether the home DC is asked for the addresses of all DCs (`help.getConfig`); default yes. It is asked along
    /// with the first request, and again once the answer has expired: about one small request an hour. The addresses
    /// are stored in the session and tried besides those of [`dcs`](Self::dcs). With
    /// [`proxy_endpoints`](Self::proxy_endpoints), which find the DCs by themselves, it is never asked.
    pub learn_addresses: bool,
    /// The framings that are tried in turn once all addresses of a DC have failed; default none.
    pub fallback_framings: Vec<Framing>,
    /// Whether the server pushes updates; default yes. If so, it is asked where they stand (`updates.getState`) after a
    /// login and whenever it makes a new session, and [`Event::UpdatesState`](super::Event::UpdatesState) says it. If
    /// not, the application's requests travel in `invokeWithoutUpdates`, and are not packed.
    pub updates: bool,
    /// Perfect forward secrecy: requests travel under temporary keys, and a permanent key is used only to bind those
    /// and to be destroyed. Costs a second key exchange for each DC and key lifetime. Default off.
    pub pfs: bool,
    /// How long a temporary key lives, default 24 h, at least a minute. The next one is made in the last eighth (the
    /// last hour, if that is shorter).
    pub temporary_key_lifetime: Duration,
    /// Connections to other DCs than the home DC are closed after so long without a request; default 5 minutes.
    pub idle_timeout: Duration,
    /// How long a connection that is not ready may go without a sign of the server, from
    /// [`Output::Open`](super::Output::Open) on; default 20 s. The open stream is the first sign, each verified answer
    /// another: the time begins anew. Beyond it, the connection is closed and tried again. A pong is waited for 15 s,
    /// so round trips of up to 14 s work.
    pub connect_timeout: Duration,
    /// The longest time from [`Output::Open`](super::Output::Open) until the connection is ready, however steadily the
    /// server answers; default 180 s. The stream takes a round trip, a permanent key three and its validation one; a
    /// temporary key three more and its binding one.
    pub connect_limit: Duration,
    /// How often in a row a connection may fail before the requests that wait for it fail, default 5; 0: without limit.
    /// A DC that was reached once is tried without limit while something needs it: requests have deadlines of their
    /// own.
    pub max_attempts: u32,
    /// The longest time from a request to its answer; default 60 s; `None`: no limit. The time in which the first
    /// connection to a DC makes its keys does not count, unless that fails.
    pub request_timeout: Option<Duration>,
    /// How long a step of a login waits in all if the server asks it to (`FLOOD_WAIT`); default 60 s. A longer wait is
    /// reported as the step's error; with zero, every wait is.
    pub flood_sleep_threshold: Duration,
    /// The most requests that are pending, or have a result that was not taken; default 65,536.
    pub max_pending: usize,
    /// The most bytes that the queries of pending requests have together; default 64 MiB.
    pub max_pending_bytes: usize,
}

impl Config {
    /// Returns a configuration with the usual limits and no DC but what is given: begin at `initial_dc`, trust
    /// `public_keys`, use intermediate framing.
    #[must_use]
    pub fn new(dcs: DcTable, initial_dc: DcId, public_keys: impl Into<Arc<[PublicKey]>>) -> Self {
        Self {
            api: None,
            device: DeviceInfo::default(),
            dcs,
            initial_dc,
            test_dcs: false,
            public_keys: public_keys.into(),
            framing: Framing::Intermediate,
            stream_mode: StreamMode::Plain,
            proxy_endpoints: Vec::new(),
            through_proxy: false,
            learn_addresses: true,
            fallback_framings: Vec::new(),
            updates: true,
            pfs: false,
            temporary_key_lifetime: policy::TEMPORARY_KEY_LIFETIME,
            idle_timeout: policy::IDLE_TIMEOUT,
            connect_timeout: policy::CONNECT_TIMEOUT,
            connect_limit: policy::CONNECT_LIMIT,
            max_attempts: policy::MAX_CONNECT_ATTEMPTS,
            request_timeout: Some(policy::REQUEST_TIMEOUT),
            flood_sleep_threshold: policy::FLOOD_SLEEP_THRESHOLD,
            max_pending: policy::MAX_PENDING,
            max_pending_bytes: policy::MAX_PENDING_BYTES,
        }
    }

    /// Returns the lifetime of temporary keys as handshakes name it.
    pub(super) fn temporary_key_seconds(&self) -> i32 {
        let lifetime = self.temporary_key_lifetime.max(policy::MIN_TEMPORARY_KEY_LIFETIME);
        i32::try_from(lifetime.as_secs()).unwrap_or(i32::MAX)
    }

    /// Telegram's production DCs, over IPv4 and IPv6 at port 443 (80 and 5222 if that fails), beginning at DC 2
    /// (`api/datacenter`; the addresses are those of TDLib, `ConnectionCreator.cpp`).
    #[must_use]
    pub fn telegram() -> Self {
        const ADDRESSES: [(u16, [u8; 4], [u16; 4]); 5] = [
            (1, [149, 154, 175, 50], [0x2001, 0x0b28, 0xf23d, 0xf001]),
            (2, [149, 154, 167, 51], [0x2001, 0x067c, 0x04e8, 0xf002]),
            (3, [149, 154, 175, 100], [0x2001, 0x0b28, 0xf23d, 0xf003]),
            (4, [149, 154, 167, 91], [0x2001, 0x067c, 0x04e8, 0xf004]),
            (5, [149, 154, 171, 5], [0x2001, 0x0b28, 0xf23f, 0xf005]),
        ];
        Self::of_telegram(&ADDRESSES, 0xa, PublicKey::telegram_production(), false)
    }

    /// Telegram's test DCs, over IPv4 and IPv6 at port 443 (80 and 5222 if that fails), beginning at DC 2. Their
    /// accounts are wiped regularly.
    #[must_use]
    pub fn telegram_test() -> Self {
        const ADDRESSES: [(u16, [u8; 4], [u16; 4]); 3] = [
            (1, [149, 154, 175, 10], [0x2001, 0x0b28, 0xf23d, 0xf001]),
            (2, [149, 154, 167, 40], [0x2001, 0x067c, 0x04e8, 0xf002]),
            (3, [149, 154, 175, 117], [0x2001, 0x0b28, 0xf23d, 0xf003]),
        ];
        Self::of_telegram(&ADDRESSES, 0xe, PublicKey::telegram_test(), true)
    }

    /// Goes through the MTProxy that is reached at one of `addresses` and has this secret. It then chooses the way to
    /// every DC, also to those that [`dcs`](Self::dcs) does not know.
    #[cfg(feature = "mtproxy")]
    pub fn set_mtproxy(&mut self, addresses: impl Into<Vec<SocketAddr>>, secret: ProxySecret) {
        self.proxy_endpoints = addresses.into();
        self.stream_mode = StreamMode::MtProxy(secret);
    }

    /// Returns the addresses of `dc` in the configuration.
    pub(super) fn endpoints(&self, dc: DcId) -> &[SocketAddr] {
        if self.proxy_endpoints.is_empty() { self.dcs.endpoints(dc) } else { &self.proxy_endpoints }
    }

    /// Each DC with its IPv4 address and the network of its IPv6 address, whose last part is `host`.
    fn of_telegram(
        addresses: &[(u16, [u8; 4], [u16; 4])],
        host: u16,
        key: PublicKey,
        test_dcs: bool,
    ) -> Self {
        let mut dcs = DcTable::new();
        for (dc, v4, [a, b, c, d]) in addresses {
            let v6 = [*a, *b, *c, *d, 0, 0, 0, host];
            PORTS.iter().for_each(|port| dcs.insert(DcId::literal(*dc), SocketAddr::from((*v4, *port))));
            PORTS.iter().for_each(|port| dcs.insert(DcId::literal(*dc), SocketAddr::from((v6, *port))));
        }
        Self { test_dcs, ..Self::new(dcs, DcId::literal(2), [key]) }
    }
}
