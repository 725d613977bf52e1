//! HTTP `CONNECT`: one request, one response (RFC 9110, 9.3.6; RFC 9112).

use std::fmt;

use base64ct::{Base64, Encoding};
use sansgram_core::client::AuthSchemes;
use zeroize::Zeroizing;

use super::{Credentials, ProxyError, Step, Target};
use crate::policy::MAX_HTTP_HEAD;

/// The first byte of a TLS server that does not understand the request.
const TLS_ALERT: u8 = 21;
/// The first byte of a SOCKS5 proxy.
const SOCKS5: u8 = 5;
/// The prefix of every response.
const BEGINNING: &[u8] = b"HTTP/1.";

/// The client side of one `CONNECT`, without I/O.
///
/// It buffers the head of the proxy's response, at most 128 KiB.
pub struct HttpConnect {
    state: State,
    outgoing: Option<Zeroizing<Vec<u8>>>,
    has_credentials: bool,
    head: Vec<u8>,
    /// The number of bytes that the proxy has sent so far.
    received: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Done,
    Failed(ProxyError),
}

impl HttpConnect {
    /// Creates a dialogue over a new stream; the first request includes the credentials.
    #[must_use]
    pub fn new(target: &Target, credentials: Option<&Credentials>) -> Self {
        Self {
            state: State::Reading,
            outgoing: Some(request(target, credentials)),
            has_credentials: credentials.is_some(),
            head: Vec::new(),
            received: 0,
        }
    }

    /// Returns the next step. The bytes to write are returned once. After an error of [`receive`](Self::receive) there
    /// is nothing to read, and the step is [`Step::Read`] with 0.
    pub fn step(&mut self) -> Step {
        match (self.outgoing.take(), self.state) {
            (Some(bytes), _) => Step::Write(bytes),
            (None, State::Done) => Step::Done,
            (None, State::Failed(_)) => Step::Read(0),
            // The length of a head is not known; it ends with two line feeds, each with an optional carriage return
            // before it.
            (None, State::Reading) => {
                Step::Read(if self.head.ends_with(b"\n") || self.head.ends_with(b"\n\r") { 1 } else { 2 })
            }
        }
    }

    /// Processes bytes from the proxy, in any chunking. No bytes are consumed before [`step`](Self::step) has returned
    /// the bytes to write. `input` keeps the bytes after the response's head, which belong to the target after
    /// [`Step::Done`].
    ///
    /// # Errors
    /// Returns a [`ProxyError`] if the proxy fails or refuses; every later call returns the same error.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        while self.outgoing.is_none() && self.state == State::Reading {
            let Some((byte, rest)) = input.split_first() else { break };
            *input = rest;
            if let Err(error) = self.push(*byte) {
                self.state = State::Failed(error);
            }
        }
        if let State::Failed(error) = self.state { Err(error) } else { Ok(()) }
    }

    fn push(&mut self, byte: u8) -> Result<(), ProxyError> {
        if self.received == MAX_HTTP_HEAD {
            return Err(ProxyError::TooLong);
        }
        self.received += 1;
        self.head.push(byte);
        if BEGINNING.iter().zip(&self.head).any(|(expected, found)| expected != found) {
            return Err(match *self.head {
                [TLS_ALERT] => ProxyError::Tls,
                [SOCKS5] => ProxyError::Socks5Proxy,
                _ => ProxyError::Protocol,
            });
        }
        if !self.head.ends_with(b"\n\r\n") && !self.head.ends_with(b"\n\n") {
            return Ok(());
        }
        match status(&self.head).ok_or(ProxyError::Protocol)? {
            // An interim response: the final one follows.
            100..=199 => self.head.clear(),
            // The response has no body, even if the head announces one (RFC 9110, 9.3.6).
            200..=299 => {
                self.state = State::Done;
                self.head = Vec::new();
            }
            // tinyproxy responds with 401 to a wrong password.
            status @ (401 | 407) => {
                let header = if status == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
                return Err(match offered_schemes(&self.head, header) {
                    Some(others) => ProxyError::SchemesNotSupported(others),
                    None if self.has_credentials => ProxyError::CredentialsRefused,
                    None => ProxyError::CredentialsRequired,
                });
            }
            other => return Err(ProxyError::HttpStatus(other)),
        }
        Ok(())
    }
}

impl fmt::Debug for HttpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnect").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Returns the status of a response that begins with `HTTP/1.`: a digit, a space, three digits, then a space or the end
/// of the line.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(BEGINNING)?;
    let (&[minor, b' ', hundreds, tens, ones, end], _) = rest.split_first_chunk()? else { return None };
    let are_digits = [minor, hundreds, tens, ones].iter().all(u8::is_ascii_digit);
    if !are_digits || !matches!(end, b' ' | b'\r' | b'\n') || hundreds == b'0' {
        return None;
    }
    Some([hundreds, tens, ones].iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
}

/// Returns the authentication schemes that the head of a response offers in the headers with this name (RFC 9110,
/// 11.7.1). Returns `None` if Basic is one of them, or if the head offers none at all.
fn offered_schemes(head: &[u8], header: &str) -> Option<AuthSchemes> {
    let mut others = AuthSchemes::default();
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if !name.eq_ignore_ascii_case(header.as_bytes()) {
            continue;
        }
        let mut is_quoted = false;
        // One line may contain several challenges, with commas between them and between their parameters.
        for part in value[1..].split(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b',' && !is_quoted
        }) {
            let scheme = part.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
            match str::from_utf8(scheme) {
                // This is a parameter of the previous challenge.
                Ok(scheme) if scheme.is_empty() || scheme.contains('=') => {}
                Ok(scheme) if scheme.eq_ignore_ascii_case("Basic") => return None,
                Ok(scheme) => others = others.with(scheme),
                Err(_) => {}
            }
        }
    }
    (!others.is_empty()).then_some(others)
}

fn request(target: &Target, credentials: Option<&Credentials>) -> Zeroizing<Vec<u8>> {
    let target = target.to_string();
    // The capacity is enough for everything: a vector that grows leaves copies of the password behind.
    let secret_len = credentials.map_or(0, |it| (it.user().len() + it.password().len() + 3) * 4 / 3);
    let mut out = Zeroizing::new(Vec::with_capacity(128 + 2 * target.len() + secret_len));
    for piece in ["CONNECT ", &target, " HTTP/1.1\r\nHost: ", &target, "\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    if let Some(credentials) = credentials {
        let mut pair =
            Zeroizing::new(Vec::with_capacity(credentials.user().len() + credentials.password().len() + 1));
        pair.extend_from_slice(credentials.user().as_bytes());
        pair.push(b':');
        pair.extend_from_slice(credentials.password().as_bytes());
        let encoded = Zeroizing::new(Base64::encode_string(&pair));
        for piece in ["Proxy-Authorization: Basic ", &encoded, "\r\n"] {
            out.extend_from_slice(piece.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}
