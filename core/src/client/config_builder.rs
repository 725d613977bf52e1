//! The builder methods of [`Config`].

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::config::{Config, DcTable};
use crate::crypto::rsa::PublicKey;
use crate::dc::DcId;
use crate::login::ApiCredentials;
use crate::rpc::DeviceInfo;
use crate::transport::{Framing, StreamMode};

impl Config {
    /// Sets [`api`](Self::api).
    #[must_use]
    pub fn with_api(mut self, api: impl Into<Option<ApiCredentials>>) -> Self {
        self.api = api.into();
        self
    }

    /// Sets [`device`](Self::device).
    #[must_use]
    pub fn with_device(mut self, device: DeviceInfo) -> Self {
        self.device = device;
        self
    }

    /// Sets [`dcs`](Self::dcs).
    #[must_use]
    pub fn with_dcs(mut self, dcs: DcTable) -> Self {
        self.dcs = dcs;
        self
    }

    /// Sets [`initial_dc`](Self::initial_dc).
    #[must_use]
    pub const fn with_initial_dc(mut self, initial_dc: DcId) -> Self {
        self.initial_dc = initial_dc;
        self
    }

    /// Sets [`test_dcs`](Self::test_dcs).
    #[must_use]
    pub const fn with_test_dcs(mut self, test_dcs: bool) -> Self {
        self.test_dcs = test_dcs;
        self
    }

    /// Sets [`public_keys`](Self::public_keys).
    #[must_use]
    pub fn with_public_keys(mut self, public_keys: impl Into<Arc<[PublicKey]>>) -> Self {
        self.public_keys = public_keys.into();
        self
    }

    /// Sets [`framing`](Self::framing).
    #[must_use]
    pub const fn with_framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets [`stream_mode`](Self::stream_mode).
    #[must_use]
    pub fn with_stream_mode(mut self, stream_mode: StreamMode) -> Self {
        self.stream_mode = stream_mode;
        self
    }

    /// Sets [`proxy_endpoints`](Self::proxy_endpoints).
    #[must_use]
    pub fn with_proxy_endpoints(mut self, proxy_endpoints: Vec<SocketAddr>) -> Self {
        self.proxy_endpoints = proxy_endpoints;
        self
    }

    /// Sets [`through_proxy`](Self::through_proxy).
    #[must_use]
    pub const fn with_through_proxy(mut self, through_proxy: bool) -> Self {
        self.through_proxy = through_proxy;
        self
    }

    /// Sets [`learn_addresses`](Self::learn_addresses).
    #[must_use]
    pub const fn with_learn_addresses(mut self, learn_addresses: bool) -> Self {
        self.learn_addresses = learn_addresses;
        self
    }

    /// Sets [`fallback_framings`](Self::fallback_framings).
    #[must_use]
    pub fn with_fallback_framings(mut self, fallback_framings: Vec<Framing>) -> Self {
        self.fallback_framings = fallback_framings;
        self
    }

    /// Sets [`updates`](Self::updates).
    #[must_use]
    pub const fn with_updates(mut self, updates: bool) -> Self {
        self.updates = updates;
        self
    }

    /// Sets [`pfs`](Self::pfs).
    #[must_use]
    pub const fn with_pfs(mut self, pfs: bool) -> Self {
        self.pfs = pfs;
        self
    }

    /// Sets [`offload_key_exchange`](Self::offload_key_exchange).
    #[must_use]
    pub const fn with_offload_key_exchange(mut self, offload_key_exchange: bool) -> Self {
        self.offload_key_exchange = offload_key_exchange;
        self
    }

    /// Sets [`temporary_key_lifetime`](Self::temporary_key_lifetime).
    #[must_use]
    pub const fn with_temporary_key_lifetime(mut self, temporary_key_lifetime: Duration) -> Self {
        self.temporary_key_lifetime = temporary_key_lifetime;
        self
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub const fn with_idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Sets [`connect_timeout`](Self::connect_timeout).
    #[must_use]
    pub const fn with_connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Sets [`connect_limit`](Self::connect_limit).
    #[must_use]
    pub const fn with_connect_limit(mut self, connect_limit: Duration) -> Self {
        self.connect_limit = connect_limit;
        self
    }

    /// Sets [`max_attempts`](Self::max_attempts).
    #[must_use]
    pub const fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Sets [`request_timeout`](Self::request_timeout).
    #[must_use]
    pub fn with_request_timeout(mut self, request_timeout: impl Into<Option<Duration>>) -> Self {
        self.request_timeout = request_timeout.into();
        self
    }

    /// Sets [`flood_sleep_threshold`](Self::flood_sleep_threshold).
    #[must_use]
    pub const fn with_flood_sleep_threshold(mut self, flood_sleep_threshold: Duration) -> Self {
        self.flood_sleep_threshold = flood_sleep_threshold;
        self
    }

    /// Sets [`max_pending`](Self::max_pending).
    #[must_use]
    pub const fn with_max_pending(mut self, max_pending: usize) -> Self {
        self.max_pending = max_pending;
        self
    }

    /// Sets [`max_pending_bytes`](Self::max_pending_bytes).
    #[must_use]
    pub const fn with_max_pending_bytes(mut self, max_pending_bytes: usize) -> Self {
        self.max_pending_bytes = max_pending_bytes;
        self
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    /// Checks that each method sets the field of its name, to a value that it does not have before.
    macro_rules! assert_sets {
        ($($method:ident, $field:ident: $value:expr;)*) => {$({
            let before = Config::new(DcTable::new(), DcId::new(2).unwrap(), Vec::new());
            let value = $value;
            assert_ne!(before.$field, value, stringify!($field));
            assert_eq!(before.$method(value.clone()).$field, value, stringify!($method));
        })*};
    }

    #[test]
    fn each_method_sets_its_field() {
        let (second, address) = (Duration::from_secs(1), SocketAddr::from((Ipv4Addr::LOCALHOST, 443)));
        let dc = DcId::new(4).unwrap();
        let mut dcs = DcTable::new();
        dcs.insert(dc, address);
        let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
        let device = DeviceInfo { app_version: "another".into(), ..DeviceInfo::default() };
        assert_sets! {
            with_api, api: Some(api);
            with_device, device: device;
            with_dcs, dcs: dcs;
            with_initial_dc, initial_dc: dc;
            with_test_dcs, test_dcs: true;
            with_public_keys, public_keys: Arc::<[PublicKey]>::from([PublicKey::telegram_test()]);
            with_framing, framing: Framing::Full;
            with_stream_mode, stream_mode: StreamMode::Obfuscated;
            with_proxy_endpoints, proxy_endpoints: Vec::from([address]);
            with_through_proxy, through_proxy: true;
            with_learn_addresses, learn_addresses: false;
            with_fallback_framings, fallback_framings: Vec::from([Framing::Full]);
            with_updates, updates: false;
            with_pfs, pfs: true;
            with_offload_key_exchange, offload_key_exchange: true;
            with_temporary_key_lifetime, temporary_key_lifetime: second;
            with_idle_timeout, idle_timeout: second;
            with_connect_timeout, connect_timeout: second;
            with_connect_limit, connect_limit: second;
            with_max_attempts, max_attempts: 7;
            with_request_timeout, request_timeout: Some(second);
            with_flood_sleep_threshold, flood_sleep_threshold: second;
            with_max_pending, max_pending: 7;
            with_max_pending_bytes, max_pending_bytes: 7;
        }
    }
}
