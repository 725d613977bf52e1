//! SOCKS5: greeting, choice of a method, credentials if the proxy wants them, request, reply (RFC 1928, RFC 1929).

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::{Credentials, Host, ProxyError, Socks5Reply, Step, Target};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// The client's side of one SOCKS5 dialogue, without I/O.
///
/// It keeps at most one message of the proxy, 262 bytes.
pub struct Socks5 {
    state: State,
    /// What is to be written; wiped once it is handed out.
    outgoing: Option<Zeroizing<Vec<u8>>>,
    request: Vec<u8>,
    credentials: Option<Credentials>,
    /// The beginning of the message that is being read.
    incoming: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Reading which method the proxy chose.
    Method,
    /// Reading what it says of the credentials.
    Status,
    /// Reading whether it connected.
    Reply,
    Done,
    Failed(ProxyError),
}

impl Socks5 {
    /// Begins a dialogue over a new stream. With `credentials`, the proxy may choose whether it wants them.
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

    /// What to do next. What is to be written is handed out once. After an error of [`receive`](Self::receive) there
    /// is nothing to read: [`Step::Read`] with 0.
    pub fn step(&mut self) -> Step {
        match self.outgoing.take() {
            Some(bytes) => Step::Write(bytes),
            None if self.state == State::Done => Step::Done,
            None => Step::Read(self.missing()),
        }
    }

    /// Takes what the proxy sent, in any chunking. Nothing is taken before [`step`](Self::step) has handed out what is to
    /// be written: `input` is left with what lies behind the part that was needed,
    /// which after [`Step::Done`] is the target's.
    ///
    /// # Errors
    /// [`ProxyError`], the same at every later call.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        // While something is to be written, the proxy has nothing to say.
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

    /// How many bytes the message has at least, beyond what is there.
    fn missing(&self) -> usize {
        let length = match (self.state, self.incoming.as_slice()) {
            (State::Done | State::Failed(_), _) => 0,
            (State::Method | State::Status, _) => 2,
            // A refusal is known by its second byte; some proxies send no more than that.
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
            // A reply of SOCKS4 has a version of 0, and its code behind it.
            (State::Method, [0]) => Ok(()),
            (State::Method, [0, 90..=93]) => Err(ProxyError::Socks4Proxy),
            (State::Method | State::Reply, [version, ..]) if *version != VERSION => Err(match version {
                b'H' => ProxyError::HttpServer,
                21 => ProxyError::Tls,
                _ => ProxyError::Protocol,
            }),
            (State::Method, [_, method]) => {
                let method = *method;
                self.incoming.clear();
                self.choose(method)
            }
            // What the version byte says is ignored: proxies disagree on it.
            (State::Status, [_, status]) => {
                if *status != 0 {
                    return Err(ProxyError::CredentialsRefused);
                }
                self.incoming.clear();
                self.ask();
                Ok(())
            }
            (State::Reply, [_, reply, ..]) if *reply != 0 => Err(ProxyError::Socks5(Socks5Reply::of(*reply))),
            (State::Reply, [_, _, _, kind, ..]) if ![IPV4, IPV6, NAME].contains(kind) => {
                Err(ProxyError::Protocol)
            }
            // The address that the proxy connected from is of no use to us.
            (State::Reply, _) if self.missing() == 0 => {
                self.state = State::Done;
                self.incoming = Vec::new();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn choose(&mut self, method: u8) -> Result<(), ProxyError> {
        // The credentials are of no use beyond this point.
        match (method, self.credentials.take()) {
            (NO_AUTHENTICATION, _) => {
                self.ask();
                Ok(())
            }
            (USER_AND_PASSWORD, Some(credentials)) => {
                const SUBNEGOTIATION: u8 = 1;
                let (user, password) = (credentials.user().as_bytes(), credentials.password().as_bytes());
                // Room for all of it at once: a vector that grows leaves copies behind.
                let mut out = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
                out.push(SUBNEGOTIATION);
                for text in [user, password] {
                    // `Credentials::new` bounds both, unless it made them for another protocol.
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

    fn ask(&mut self) {
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
