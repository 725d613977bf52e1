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

    /// Appends an address to those of `dc`.
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

/// The configuration of a client. Start from [`telegram`](Self::telegram), [`telegram_test`](Self::telegram_test) or
/// [`new`](Self::new), and change fields as needed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The application; needed for login, not for a session that is logged in already.
    pub api: Option<ApiCredentials>,
    /// The description of this device in the user's list of active sessions.
    pub device: DeviceInfo,
    /// The addresses of the DCs.
    pub dcs: DcTable,
    /// The DC to connect to first if the session has no home DC.
    pub initial_dc: DcId,
    /// Whether these are Telegram's test DCs, whose numbers are sent plus 10,000; default no.
    pub test_dcs: bool,
    /// The trusted RSA keys of the servers.
    pub public_keys: Arc<[PublicKey]>,
    /// The framing, if the stream mode leaves the choice.
    pub framing: Framing,
    /// The stream mode of all connections; default plain. If a WebSocket's host requires TLS, the embedder opens a TLS
    /// stream.
    pub stream_mode: StreamMode,
    /// The addresses of an MTProxy or WebSocket gateway, preferred first. If not empty, all connections go there;
    /// default empty.
    pub proxy_endpoints: Vec<SocketAddr>,
    /// Whether the embedder reaches the addresses through a proxy (SOCKS5, HTTP); default no. If so, static addresses
    /// that the server announces are preferred.
    pub through_proxy: bool,
    /// Whether the client queries the home DC for the addresses of all DCs (`help.getConfig`); default yes. It does so
    /// with the first request, and again once the answer has expired, about once an hour. The addresses are stored in
    /// the session, and used in addition to [`dcs`](Self::dcs). There is no query with
    /// [`proxy_endpoints`](Self::proxy_endpoints).
    pub learn_addresses: bool,
    /// The framings that are tried in turn once all addresses of a DC have failed; default none.
    pub fallback_framings: Vec<Framing>,
    /// Whether the server pushes updates; default yes. If so, the client queries their state (`updates.getState`) after
    /// a login and whenever the server creates a new session, and reports it as
    /// [`Event::UpdatesState`](super::Event::UpdatesState). If not, requests are wrapped in `invokeWithoutUpdates`, and
    /// are not compressed.
    pub updates: bool,
    /// Perfect forward secrecy: requests are encrypted with temporary keys; permanent keys are only used to bind them,
    /// and at the logout. Costs a second key exchange per DC and key lifetime. Default off.
    pub pfs: bool,
    /// Whether the computations of a key exchange are tasks of [`Output::Compute`](super::Output::Compute), as the key
    /// stretching of a password always is; default off. Each of its three steps is then a task: the factorization of
    /// `pq`, two powers of 2,048 bits, and a check. They take milliseconds, or about 50 ms if the server's prime is not
    /// the known one. Turn it on if an event loop must not stop that long. The time limits of the connection go on
    /// meanwhile.
    pub offload_key_exchange: bool,
    /// The lifetime of a temporary key; default 24 h, at least 1 min. The next one is made in its last eighth, at most
    /// an hour before its end.
    pub temporary_key_lifetime: Duration,
    /// The idle time after which connections to DCs other than the home DC are closed; default 5 min.
    pub idle_timeout: Duration,
    /// The maximum time without a sign of life from the server while a connection is not ready, from
    /// [`Output::Open`](super::Output::Open) on; default 20 s. The opened stream and each verified answer restart it.
    /// After it, the connection is closed and tried again. The client waits 15 s for a pong, so round trips of up to 14
    /// s work.
    pub connect_timeout: Duration,
    /// The maximum time from [`Output::Open`](super::Output::Open) until a connection is ready, even if the server
    /// keeps answering; default 180 s. Round trips: 1 for the stream, 3 for a permanent key and 1 to validate it; 3 for
    /// a temporary key and 1 to bind it.
    pub connect_limit: Duration,
    /// The maximum number of consecutive failed connections before the requests to the DC fail; default 5, 0 for no
    /// limit. There is no limit for a DC that was reached before: requests have their own deadlines.
    pub max_attempts: u32,
    /// The maximum time from a request to its answer; default 60 s, `None` for no limit. The key exchange of the first
    /// connection to a DC does not count, unless it fails.
    pub request_timeout: Option<Duration>,
    /// The maximum total flood wait that a login step or a request waits out automatically; default 60 s. A longer wait
    /// is its error. Zero reports every wait. For one request,
    /// [`RequestOptions::flood_sleep_threshold`](super::RequestOptions::flood_sleep_threshold) sets another.
    pub flood_sleep_threshold: Duration,
    /// The maximum number of requests that are pending or whose result was not taken; default 65,536.
    pub max_pending: usize,
    /// The maximum total length of pending queries, in bytes; default 64 MiB.
    pub max_pending_bytes: usize,
}

impl Config {
    /// Creates a configuration with default limits that connects to `dcs`, starting with `initial_dc`, trusts
    /// `public_keys`, and uses intermediate framing.
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
            offload_key_exchange: false,
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

    /// Telegram's production DCs, over IPv4 and IPv6 at port 443 (80 and 5222 if that fails), starting with DC 2
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

    /// Telegram's test DCs, over IPv4 and IPv6 at port 443 (80 and 5222 if that fails), starting with DC 2. Their
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

    /// Connects through the MTProxy at `addresses` with this secret. The proxy finds the DCs, including those without
    /// an address in [`dcs`](Self::dcs).
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
