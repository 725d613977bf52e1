//! Fake TLS: an obfuscated stream that looks like a TLS 1.3 connection to a web site (`ee` secrets).
//!
//! It is not TLS and encrypts nothing. In place of the random bytes, the client's first message has a digest keyed with
//! the proxy's secret, and so does the answer. A client without the secret is forwarded to the real web site. After
//! that, the stream is sent in records of "application data".
//!
//! Telegram does not document it: the sources are the rules that its clients and the proxies in use share. If they
//! differ, the implementation is as strict as the strictest about the order and types of records, and sends what most
//! send. A record may have any length that its two bytes can express, as in TDLib and Telegram Desktop: released
//! proxies (mtg 2) send up to 65,534 bytes per record, four times the maximum of TLS.

mod answer;
mod error;
mod hello;
mod key_share;
mod records;
mod wire;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use self::answer::Answer;
pub use self::error::FakeTlsError;
pub use self::hello::HelloForm;
pub(super) use self::hello::hello_after_failures;
pub use self::records::FAKE_TLS_MAX_PAYLOAD;
use self::records::Records;
use self::wire::RANDOM;
use crate::crypto::SecureRandom;

/// The client's end of a fake TLS connection.
///
/// Send [`take_hello`](Self::take_hello) first, pass received bytes to [`next`](Self::next), and [`wrap`](Self::wrap)
/// payload once [`is_open`](Self::is_open) returns `true`.
pub struct FakeTls {
    hello: Vec<u8>,
    phase: Phase,
    has_sent_payload: bool,
}

enum Phase {
    Hello(Box<Answer>),
    Open(Records),
    Failed(FakeTlsError),
}

impl FakeTls {
    /// Creates a connection to the proxy that knows `key`, with the server name `domain` (truncated to 182 bytes).
    ///
    /// `unix` is the best known estimate of the Unix time, minus about a second for safety: proxies reject hellos that
    /// are more than 3 seconds ahead, or too far behind (3 seconds to 20 minutes).
    #[must_use]
    pub fn new(
        key: &[u8; 16],
        domain: &str,
        form: HelloForm,
        unix: Duration,
        random: &mut dyn SecureRandom,
    ) -> Self {
        let mut hello = hello::build(domain, form, random);
        let client_random = sign(&mut hello, key, unix);
        let mut mac = keyed(key);
        mac.update(&client_random);
        Self { hello, phase: Phase::Hello(Box::new(Answer::new(mac))), has_sent_payload: false }
    }

    /// Returns the bytes to send first, once. Later calls return an empty vector.
    #[must_use]
    pub fn take_hello(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.hello)
    }

    /// Returns whether the proxy has answered and proved that it knows the secret.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// Returns the next piece of the inner stream, in place in `input`. Call it until it returns `None`, which means
    /// that all of `input` is consumed. Nothing is copied or buffered, whatever the length of a record.
    ///
    /// Record boundaries have no meaning for the inner stream.
    ///
    /// # Errors
    /// Returns [`FakeTlsError`] if the peer broke the protocol. Close the connection then: every later call returns the
    /// same error.
    pub fn next<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, FakeTlsError> {
        let result = self.advance(input);
        if let Err(error) = result {
            *input = &mut [];
            self.phase = Phase::Failed(error);
        }
        result
    }

    /// Wraps the bytes of `out` from `from` on into records, in place. Do not call it before [`is_open`](Self::is_open)
    /// returns `true`.
    pub fn wrap(&mut self, out: &mut Vec<u8>, from: usize) {
        if out.len() > from {
            records::wrap(out, from, !core::mem::replace(&mut self.has_sent_payload, true));
        }
    }

    fn advance<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, FakeTlsError> {
        if let Phase::Hello(answer) = &mut self.phase {
            if !answer.feed(input)? {
                return Ok(None);
            }
            self.phase = Phase::Open(Records::default());
        }
        match &mut self.phase {
            Phase::Open(records) => records.next(input),
            Phase::Failed(error) => Err(*error),
            Phase::Hello(_) => Ok(None),
        }
    }
}

impl fmt::Debug for FakeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeTls").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

fn keyed(key: &[u8; 16]) -> Hmac<Sha256> {
    // HMAC pads short keys with zeros to the block length of the hash.
    let mut block = Zeroizing::new([0; 64]);
    block[..key.len()].copy_from_slice(key);
    Hmac::new((&*block).into())
}

/// Writes the digest with the timestamp into a hello whose random bytes are zero, and returns the resulting random
/// bytes.
fn sign(hello: &mut [u8], key: &[u8; 16], unix: Duration) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(hello);
    let mut digest: [u8; 32] = mac.finalize().into_bytes().into();
    // Only the low 32 bits are sent: seconds, until the year 2106.
    let seconds = (unix.as_secs() as u32).to_le_bytes();
    for (byte, time) in digest[28..].iter_mut().zip(seconds) {
        *byte ^= time;
    }
    hello[RANDOM].copy_from_slice(&digest);
    digest
}

#[cfg(test)]
mod tests;
