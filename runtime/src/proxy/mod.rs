//! Proxies between the client and Telegram: SOCKS5 (RFC 1928, with user name and password by RFC 1929), SOCKS4 and HTTP
//! `CONNECT` (RFC 9110, 9.3.6, with Basic authentication by RFC 7617).
//!
//! Give one to [`ClientOptions::proxy`](crate::ClientOptions::proxy), most easily as the URL that people pass around:
//!
//! ```
//! use sansgram_runtime::Proxy;
//!
//! let proxy: Proxy = "socks5://me:secret@proxy.example:1080".parse()?;
//! assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
//! # Ok::<(), sansgram_runtime::proxy::InvalidProxy>(())
//! ```
//!
//! The dialogues themselves, [`Socks5`], [`Socks4`] and [`HttpConnect`], do no I/O: ask for the [`Step`], do it, ask again. They
//! work over any stream, also without the rest of this crate.

mod any;
mod error;
mod http;
mod socks4;
mod socks5;
#[cfg(test)]
mod tests;
mod url;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use zeroize::Zeroizing;

pub use any::AnyProxy;
pub use error::{InvalidProxy, ProxyError, Socks5Reply};
pub use http::HttpConnect;
pub use socks4::Socks4;
pub use socks5::Socks5;

/// A proxy: what it speaks, where it is, and how it knows us.
///
/// Neither [`Display`](fmt::Display) nor [`Debug`] shows user name or password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// SOCKS version 5.
    Socks5,
    /// SOCKS version 4, with names by 4a.
    Socks4,
    /// HTTP `CONNECT`, over a plain stream.
    Http,
}

/// An address, or a name that has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// IPv4 or IPv6.
    Ip(IpAddr),
    /// A name of the DNS: 1 to 255 letters, digits, `-`, `_` and `.`, international names in their `xn--` form.
    Name(String),
}

/// User name and password. They are wiped from memory on drop and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// Where a proxy is to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: Host,
    port: u16,
}

/// What a dialogue with a proxy needs next.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// Write all of this. It may hold the password, so it wipes itself.
    Write(Zeroizing<Vec<u8>>),
    /// Read, and hand in what came. Whoever reads no more than this many bytes at once leaves the bytes behind the
    /// dialogue, which are the server's, in the stream.
    Read(usize),
    /// The stream leads to the target now.
    Done,
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

    /// The same proxy, to which we introduce ourselves.
    ///
    /// # Errors
    /// [`InvalidProxy::Credentials`]: what the protocol cannot carry. SOCKS5 takes at most 255 bytes each and
    /// no empty user name, SOCKS4 no password and no zero byte; HTTP no colon in the user name, and no control characters.
    pub fn with_credentials(mut self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        self.credentials = Some(Credentials::new(self.kind, user, password)?);
        Ok(self)
    }

    /// What it speaks.
    #[must_use]
    pub const fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Where it is.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is given a user name and a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    fn new(kind: ProxyKind, host: &str, port: u16) -> Result<Self, InvalidProxy> {
        if port == 0 {
            return Err(InvalidProxy::Port);
        }
        Ok(Self { kind, host: Host::parse(host)?, port, credentials: None })
    }

    /// Begins the dialogue over a new stream to this proxy.
    pub(crate) fn dialogue(&self, target: &Target) -> Dialogue {
        let credentials = self.credentials.as_ref();
        match self.kind {
            ProxyKind::Socks5 => Dialogue::Socks5(Socks5::new(target, credentials)),
            ProxyKind::Socks4 => Dialogue::Socks4(Socks4::new(target, credentials)),
            ProxyKind::Http => Dialogue::Http(HttpConnect::new(target, credentials)),
        }
    }
}

impl Host {
    /// Reads an address (IPv6 also in brackets) or a name.
    ///
    /// # Errors
    /// [`InvalidProxy::Host`].
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(bare) = bare {
            return bare.parse().map(|ip| Self::Ip(IpAddr::V6(ip))).map_err(|_| InvalidProxy::Host);
        }
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        // Nothing that could end a header line or a C string.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=255).contains(&text.len()) && text.bytes().all(is_name) {
            Ok(Self::Name(text.into()))
        } else {
            Err(InvalidProxy::Host)
        }
    }
}

impl Credentials {
    /// A user name and a password for a proxy of this kind.
    ///
    /// # Errors
    /// [`InvalidProxy::Credentials`], as [`Proxy::with_credentials`].
    pub fn new(kind: ProxyKind, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        let fits = match kind {
            ProxyKind::Socks5 => (1..=255).contains(&user.len()) && password.len() <= 255,
            ProxyKind::Socks4 => user.len() <= 255 && !user.contains('\0') && password.is_empty(),
            ProxyKind::Http => {
                let is_plain = |text: &str| text.len() <= 1024 && !text.chars().any(char::is_control);
                !user.contains(':') && is_plain(user) && is_plain(password)
            }
        };
        if !fits {
            return Err(InvalidProxy::Credentials);
        }
        Ok(Self { user: Zeroizing::new(user.into()), password: Zeroizing::new(password.into()) })
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn password(&self) -> &str {
        &self.password
    }
}

impl Target {
    /// A host and one of its ports.
    #[must_use]
    pub const fn new(host: Host, port: u16) -> Self {
        Self { host, port }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Ip(address.ip()), port: address.port() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for ProxyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socks5 => "socks5",
            Self::Socks4 => "socks4",
            Self::Http => "http",
        })
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

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write([{} bytes])", bytes.len()),
            Self::Read(wanted) => write!(f, "Read({wanted})"),
            Self::Done => f.write_str("Done"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A dialogue of either kind.
#[derive(Debug)]
pub(crate) enum Dialogue {
    Socks5(Socks5),
    Socks4(Socks4),
    Http(HttpConnect),
}

impl Dialogue {
    pub(crate) fn step(&mut self) -> Step {
        match self {
            Self::Socks5(dialogue) => dialogue.step(),
            Self::Socks4(dialogue) => dialogue.step(),
            Self::Http(dialogue) => dialogue.step(),
        }
    }

    pub(crate) fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        match self {
            Self::Socks5(dialogue) => dialogue.receive(input),
            Self::Socks4(dialogue) => dialogue.receive(input),
            Self::Http(dialogue) => dialogue.receive(input),
        }
    }
}
