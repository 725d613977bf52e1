//! A proxy, as its user describes it.

use std::fmt;

use super::credentials::Credentials;
use super::dialogue::Dialogue;
use super::error::InvalidProxy;
use super::kind::ProxyKind;
use super::target::{Host, Target};

/// A proxy: its protocol, its address and the credentials for it.
///
/// Neither [`Display`](fmt::Display) nor [`Debug`] shows user name or password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Host,
    port: u16,
    pub(super) credentials: Option<Credentials>,
}

impl Proxy {
    /// A SOCKS5 proxy. `host` is an address or a name.
    ///
    /// # Errors
    /// [`InvalidProxy::Host`], [`InvalidProxy::Port`] (port 0).
    pub fn socks5(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Socks5, host, port)
    }

    /// A SOCKS4 proxy. `host` is an address or a name.
    ///
    /// # Errors
    /// [`InvalidProxy::Host`], [`InvalidProxy::Port`] (port 0).
    pub fn socks4(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Socks4, host, port)
    }

    /// An HTTP proxy that allows `CONNECT`. `host` is an address or a name.
    ///
    /// # Errors
    /// [`InvalidProxy::Host`], [`InvalidProxy::Port`] (port 0).
    pub fn http(host: &str, port: u16) -> Result<Self, InvalidProxy> {
        Self::new(ProxyKind::Http, host, port)
    }

    /// Returns the same proxy with a user name and a password.
    ///
    /// # Errors
    /// [`InvalidProxy::Credentials`]: what the protocol cannot carry. SOCKS5 takes at most 255 bytes each and
    /// no empty user name, SOCKS4 no password and no zero byte; HTTP no colon in the user name, and no control characters.
    pub fn with_credentials(mut self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        self.credentials = Some(Credentials::new(self.kind, user, password)?);
        Ok(self)
    }

    /// Returns its protocol.
    #[must_use]
    pub const fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Returns its host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Returns its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether it is given a user name and a password.
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

    /// Begins the dialogue over a new stream to this proxy.
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
