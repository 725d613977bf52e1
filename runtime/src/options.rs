//! What a client may be told besides the machine's own configuration.

use crate::Proxy;

/// Settings of the runtime's half of a client, beside [`Config`](crate::core::client::Config) for the machine's half.
/// The default is what [`Client::start`](crate::Client::start) uses.
///
/// ```
/// use sansgram_runtime::ClientOptions;
///
/// let options = ClientOptions {
///     proxy: Some("socks5://127.0.0.1:9050".parse()?),
///     ..ClientOptions::default()
/// };
/// # let _ = options;
/// # Ok::<(), sansgram_runtime::proxy::InvalidProxy>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// The proxy that all connections go through; by default none.
    pub proxy: Option<Proxy>,
}
