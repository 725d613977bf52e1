//! The description of a proxy: its protocol, address and credentials.

use std::fmt;

use super::credentials::Credentials;
use super::dialogue::Dialogue;
use super::error::InvalidProxy;
use super::kind::ProxyKind;
use super::target::{Host, Target};

/// A proxy: its protocol, its address and its credentials.
///
/// Neither [`Display`](fmt::Display) nor [`Debug`] shows the user name or the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Host,
    port: u16,
    pub(super) credentials: Option<Credentials>,
}

impl Proxy {
    /// Creates a SOCKS5 proxy. `host` is an address or a name.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Host`] if the host is invalid, and [`InvalidProxy::Port`] if the port is 0.
    pub fn socks5(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Socks5, host, port)
    }

    /// Creates a SOCKS4 proxy. `host` is an address or a name.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Host`] if the host is invalid, and [`InvalidProxy::Port`] if the port is 0.
    pub fn socks4(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Socks4, host, port)
    }

    /// Creates an HTTP proxy, which must allow `CONNECT`. `host` is an address or a name.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Host`] if the host is invalid, and [`InvalidProxy::Port`] if the port is 0.
    pub fn http(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Http, host, port)
    }

    /// Returns the same proxy with a user name and a password.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Credentials`] if the protocol cannot carry them:
    ///
    /// | protocol | user name | password |
    /// |---|---|---|
    /// | SOCKS5 | 1 to 255 bytes | 0 to 255 bytes |
    /// | SOCKS4 | 0 to 255 bytes, no zero byte | must be empty |
    /// | HTTP | 0 to 1024 bytes, no colon, no control characters | 0 to 1024 bytes, no control characters |
    pub fn with_credentials(mut self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        self.credentials = Some(Credentials::new(self.kind, user, password)?);
        Ok(self)
    }

    /// Returns the protocol.
    #[must_use]
    pub const fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Returns the host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the proxy has a user name and a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub(super) fn new(kind: ProxyKind, host: &str, port: u16) -> Result<Self, InvalidProxy> {
        if port == 0 {
            return Err(InvalidProxy::Port);
        }
        Ok(Self { kind, host: Host::parse(host)?, port, credentials: None })
    }

    /// Creates the dialogue over a new stream to this proxy.
    pub(crate) fn dialogue(&self, target: &Target) -> Dialogue {
        Dialogue::new(self.kind, target, self.credentials.as_ref())
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind, self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = if self.has_credentials() { ", [redacted]" } else { "" };
        write!(f, "Proxy({self}{with})")
    }
}
