//! The route of a command's connections, so that the advice about a lost connection fits.

/// The way to the servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// Through a SOCKS or HTTP proxy.
    pub(crate) has_proxy: bool,
    /// Through an MTProxy.
    pub(crate) mtproxy: Option<MtProxyRoute>,
    /// The DCs of `--dc` are told that they are test DCs, by `--test`.
    pub(crate) has_test_option: bool,
}

/// How the MTProxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MtProxyRoute {
    /// Obfuscated.
    Obfuscated,
    /// In fake TLS: the proxy refuses a clock that is seconds ahead.
    FakeTls,
}
