//! SOCKS4, with names by SOCKS4a: one request, one reply.
//!
//! Sources: `openssh.com/txt/socks4.protocol`, `openssh.com/txt/socks4a.protocol`.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::{Credentials, Host, ProxyError, Socks5Reply, Step, Target};

const VERSION: u8 = 4;
const CONNECT: u8 = 1;
const GRANTED: u8 = 90;
/// The proxy refused because it could not ask this machine for the user (identd).
const NO_IDENT: u8 = 92;
/// The proxy refused because identd on this machine named another user.
const OTHER_IDENT: u8 = 93;
const REPLY_LEN: usize = 8;
/// The first byte of a SOCKS5 proxy.
const SOCKS5: u8 = 5;
/// The first byte of a TLS server that does not understand the request.
const TLS_ALERT: u8 = 21;
/// An invalid address, which announces a name after the user (SOCKS4a).
const NAME_FOLLOWS: [u8; 4] = [0, 0, 0, 1];

/// The client side of one SOCKS4 dialogue, without I/O.
///
/// It buffers at most the proxy's reply, 8 bytes.
pub struct Socks4 {
    outgoing: Option<Zeroizing<Vec<u8>>>,
    incoming: Vec<u8>,
    failed: Option<ProxyError>,
}

impl Socks4 {
    /// Creates a dialogue over a new stream. The protocol only carries the user name of the credentials. IPv6 addresses
    /// are sent like names.
    #[must_use]
    pub fn new(target: &Target, credentials: Option<&Credentials>) -> Self {
        let (address, name) = match &target.host {
            Host::Ip(IpAddr::V4(ip)) => (ip.octets(), None),
            Host::Ip(IpAddr::V6(ip)) => (NAME_FOLLOWS, Some(ip.to_string())),
            Host::Name(name) => (NAME_FOLLOWS, Some(name.clone())),
        };
        let user = credentials.map_or("", Credentials::user);
        let name_len = name.as_ref().map_or(0, |name| name.len() + 1);
        // The capacity is enough for everything: a vector that grows leaves copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(9 + user.len() + name_len));
        out.extend_from_slice(&[VERSION, CONNECT]);
        out.extend_from_slice(&target.port.to_be_bytes());
        out.extend_from_slice(&address);
        // A zero byte would end the name early.
        out.extend(user.bytes().filter(|byte| *byte != 0));
        out.push(0);
        if let Some(name) = name {
            out.extend(name.bytes().filter(|byte| *byte != 0));
            out.push(0);
        }
        Self { outgoing: Some(out), incoming: Vec::new(), failed: None }
    }

    /// Returns the next step. The bytes to write are returned once. After an error of [`receive`](Self::receive) there
    /// is nothing to read, and the step is [`Step::Read`] with 0.
    pub fn step(&mut self) -> Step {
        match self.outgoing.take() {
            Some(bytes) => Step::Write(bytes),
            None if self.failed.is_none() && self.incoming.len() == REPLY_LEN => Step::Done,
            None => Step::Read(self.missing()),
        }
    }

    /// Processes bytes from the proxy, in any chunking. No bytes are consumed before [`step`](Self::step) has returned
    /// the bytes to write. `input` keeps the bytes after the reply, which belong to the target after [`Step::Done`].
    ///
    /// # Errors
    /// Returns a [`ProxyError`] if the proxy fails or refuses; every later call returns the same error.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        while self.outgoing.is_none() && self.missing() > 0 {
            let Some((byte, rest)) = input.split_first() else { break };
            *input = rest;
            self.incoming.push(*byte);
            self.failed = match *self.incoming {
                [0] | [0, GRANTED, ..] => None,
                [0, NO_IDENT | OTHER_IDENT, ..] => Some(ProxyError::CredentialsRefused),
                // 91: refused, or failed.
                [0, ..] => Some(ProxyError::Socks5(Socks5Reply::GeneralFailure)),
                [SOCKS5, ..] => Some(ProxyError::Socks5Proxy),
                [b'H', ..] => Some(ProxyError::HttpServer),
                [TLS_ALERT, ..] => Some(ProxyError::Tls),
                _ => Some(ProxyError::Protocol),
            };
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn missing(&self) -> usize {
        if self.failed.is_some() { 0 } else { REPLY_LEN - self.incoming.len() }
    }
}

impl fmt::Debug for Socks4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks4").field("failed", &self.failed).finish_non_exhaustive()
    }
}
