//! SOCKS5: greeting, choice of a method, credentials if the proxy requires them, request, reply (RFC 1928, RFC 1929).

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::{Credentials, Host, ProxyError, Socks5Reply, Step, Target};

const VERSION: u8 = 5;
/// The first byte of a TLS server that does not understand the greeting.
const TLS_ALERT: u8 = 21;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// The client side of one SOCKS5 dialogue, without I/O.
///
/// It buffers at most one message of the proxy, 262 bytes.
pub struct Socks5 {
    state: State,
    /// The bytes to write; wiped once they are returned.
    outgoing: Option<Zeroizing<Vec<u8>>>,
    request: Vec<u8>,
    credentials: Option<Credentials>,
    /// The beginning of the message that is being read.
    incoming: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Reads the method that the proxy chose.
    Method,
    /// Reads the proxy's answer to the credentials.
    Status,
    /// Reads whether the proxy connected.
    Reply,
    Done,
    Failed(ProxyError),
}

impl Socks5 {
    /// Creates a dialogue over a new stream. `credentials` are sent only if the proxy requires them.
    #[must_use]
    pub fn new(target: &Target, credentials: Option<&Credentials>) -> Self {
        let greeting: &[u8] = match credentials {
            None => &[VERSION, 1, NO_AUTHENTICATION],
            Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
        };
        Self {
            state: State::Method,
            outgoing: Some(Zeroizing::new(greeting.to_vec())),
            request: request(target),
            credentials: credentials.cloned(),
            incoming: Vec::new(),
        }
    }

    /// Returns the next step. The bytes to write are returned once. After an error of [`receive`](Self::receive) there
    /// is nothing to read, and the step is [`Step::Read`] with 0.
    pub fn step(&mut self) -> Step {
        match self.outgoing.take() {
            Some(bytes) => Step::Write(bytes),
            None if self.state == State::Done => Step::Done,
            None => Step::Read(self.missing()),
        }
    }

    /// Processes bytes from the proxy, in any chunking. No bytes are consumed before [`step`](Self::step) has returned
    /// the bytes to write. `input` keeps the bytes after the part that was needed, which belong to the target after
    /// [`Step::Done`].
    ///
    /// # Errors
    /// Returns a [`ProxyError`] if the proxy fails or refuses; every later call returns the same error.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        // While there are bytes to write, the proxy sends nothing.
        while self.outgoing.is_none() && !input.is_empty() && self.missing() > 0 {
            let (taken, rest) = input.split_at(self.missing().min(input.len()));
            self.incoming.extend_from_slice(taken);
            *input = rest;
            if let Err(error) = self.advance() {
                self.state = State::Failed(error);
            }
        }
        if let State::Failed(error) = self.state { Err(error) } else { Ok(()) }
    }

    /// Returns the minimum length of the rest of the message, in bytes.
    fn missing(&self) -> usize {
        let length = match (self.state, self.incoming.as_slice()) {
            (State::Done | State::Failed(_), _) => 0,
            (State::Method | State::Status, _) => 2,
            // The second byte is enough to recognize a refusal; some proxies send no more than that.
            (State::Reply, [] | [_]) => 2,
            (State::Reply, [_, _, _, IPV4, ..]) => 10,
            (State::Reply, [_, _, _, IPV6, ..]) => 22,
            (State::Reply, [_, _, _, NAME, length, ..]) => 7 + usize::from(*length),
            (State::Reply, _) => 5,
        };
        length.saturating_sub(self.incoming.len())
    }

    fn advance(&mut self) -> Result<(), ProxyError> {
        match (self.state, self.incoming.as_slice()) {
            // A SOCKS4 reply has version 0, followed by its code.
            (State::Method, [0]) => Ok(()),
            (State::Method, [0, 90..=93]) => Err(ProxyError::Socks4Proxy),
            (State::Method | State::Reply, [version, ..]) if *version != VERSION => Err(match *version {
                b'H' => ProxyError::HttpServer,
                TLS_ALERT => ProxyError::Tls,
                _ => ProxyError::Protocol,
            }),
            (State::Method, [_, method]) => {
                let method = *method;
                self.incoming.clear();
                self.on_method(method)
            }
            // The version byte is ignored, since proxies send different ones.
            (State::Status, [_, status]) => {
                if *status != 0 {
                    return Err(ProxyError::CredentialsRefused);
                }
                self.incoming.clear();
                self.send_request();
                Ok(())
            }
            (State::Reply, [_, reply, ..]) if *reply != 0 => Err(ProxyError::Socks5(Socks5Reply::of(*reply))),
            (State::Reply, [_, _, _, kind, ..]) if ![IPV4, IPV6, NAME].contains(kind) => {
                Err(ProxyError::Protocol)
            }
            // The address that the proxy connected from is not needed.
            (State::Reply, _) if self.missing() == 0 => {
                self.state = State::Done;
                self.incoming = Vec::new();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_method(&mut self, method: u8) -> Result<(), ProxyError> {
        // The credentials are not needed beyond this point.
        match (method, self.credentials.take()) {
            (NO_AUTHENTICATION, _) => {
                self.send_request();
                Ok(())
            }
            (USER_AND_PASSWORD, Some(credentials)) => {
                const SUBNEGOTIATION: u8 = 1;
                let (user, password) = (credentials.user().as_bytes(), credentials.password().as_bytes());
                // The capacity is enough for everything: a vector that grows leaves copies behind.
                let mut out = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
                out.push(SUBNEGOTIATION);
                for text in [user, password] {
                    // `Credentials::new` bounds both for this protocol; these may be of another one.
                    out.push(u8::try_from(text.len()).map_err(|_| ProxyError::CredentialsRefused)?);
                    out.extend_from_slice(text);
                }
                self.outgoing = Some(out);
                self.state = State::Status;
                Ok(())
            }
            (NO_ACCEPTABLE_METHOD, Some(_)) => Err(ProxyError::NoCommonMethod),
            (NO_ACCEPTABLE_METHOD, None) => Err(ProxyError::CredentialsRequired),
            (other, _) => Err(ProxyError::UnknownMethod(other)),
        }
    }

    fn send_request(&mut self) {
        self.outgoing = Some(Zeroizing::new(std::mem::take(&mut self.request)));
        self.state = State::Reply;
    }
}

impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5").field("state", &self.state).finish_non_exhaustive()
    }
}

fn request(target: &Target) -> Vec<u8> {
    let mut out = vec![VERSION, CONNECT, 0];
    match &target.host {
        Host::Ip(IpAddr::V4(ip)) => {
            out.push(IPV4);
            out.extend_from_slice(&ip.octets());
        }
        Host::Ip(IpAddr::V6(ip)) => {
            out.push(IPV6);
            out.extend_from_slice(&ip.octets());
        }
        Host::Name(name) => {
            out.push(NAME);
            // `Host::parse` bounds it at 255; a longer one, constructed directly, is cut and does not resolve.
            let name = name.as_bytes().get(..name.len().min(255)).unwrap_or_default();
            out.push(name.len() as u8);
            out.extend_from_slice(name);
        }
    }
    out.extend_from_slice(&target.port.to_be_bytes());
    out
}
