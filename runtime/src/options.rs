//! Options of a client besides the configuration of its state machine.

use crate::Proxy;

/// Options of a client outside its state machine, such as a proxy; [`Config`](crate::core::client::Config) has those of
/// the state machine. [`Client::start`](crate::Client::start) uses the default options.
///
/// ```
/// use sansgram_runtime::ClientOptions;
///
/// let options = ClientOptions::new().proxy("socks5://127.0.0.1:9050".parse()?);
/// # let _ = options;
/// # Ok::<(), sansgram_runtime::proxy::InvalidProxy>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The proxy that all connections go through. `None`, the default, connects directly.
    pub proxy: Option<Proxy>,
}

impl ClientOptions {
    /// Creates the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the proxy to connect through.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }
}
