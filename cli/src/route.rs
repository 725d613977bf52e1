//! The route of a command's connections, which decides the advice about a lost connection.

/// The route to the servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// Whether it goes through a SOCKS or HTTP proxy.
    pub(crate) has_proxy: bool,
    /// The MTProxy, if any.
    pub(crate) mtproxy: Option<MtProxyRoute>,
    /// Whether the servers are not Telegram's.
    pub(crate) has_own_servers: bool,
    /// Whether `--test` tells the DCs of `--dc` that they are test DCs.
    pub(crate) has_test_option: bool,
}

/// How the client talks to the MTProxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MtProxyRoute {
    /// Obfuscated.
    Obfuscated,
    /// In fake TLS: the proxy refuses a clock that is a few seconds ahead.
    FakeTls,
}
