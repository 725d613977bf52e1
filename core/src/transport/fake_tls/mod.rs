//! Fake TLS: an obfuscated stream inside what looks like a TLS 1.3 connection to a web site (`ee` secrets).
//!
//! Nothing here is TLS, and nothing is encrypted by it. The client's first message carries a digest under the proxy's
//! secret where TLS has random bytes, the answer carries one in turn; whoever cannot make the first is passed on to
//! the real web site. After that every piece of the stream travels in a record of "application data".
//!
//! No document of Telegram describes it: the sources are the rules that its clients and the proxies in use agree on. If
//! they differ, the strictest reading is taken of the order and type of records, and the commonest of what is sent. A
//! record may have any length that its two bytes can say, as TDLib and Telegram Desktop take it: released proxies (mtg 2)
//! send up to 65,534 bytes in one, four times what TLS allows.

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
/// Send [`take_hello`](Self::take_hello) first, feed what arrives to [`next`](Self::next), and begin to
/// [`wrap`](Self::wrap) once [`is_open`](Self::is_open).
pub struct FakeTls {
    hello: Vec<u8>,
    phase: Phase,
    /// Whether the first payload has been sent.
    begun: bool,
}

enum Phase {
    Hello(Box<Answer>),
    Open(Records),
    Failed(FakeTlsError),
}

impl FakeTls {
    /// Begins a connection to the proxy that knows `key`, in the name of `domain` (at most 182 bytes count).
    ///
    /// `unix` is the time since 1970 of the clock that is most likely right, about a second less to be safe: proxies refuse
    /// hellos that are more than 3 seconds ahead, or too far behind (3 seconds to 20 minutes).
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
        Self { hello, phase: Phase::Hello(Box::new(Answer::new(mac))), begun: false }
    }

    /// The bytes that must leave first; empty once taken.
    #[must_use]
    pub fn take_hello(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.hello)
    }

    /// Whether the proxy has answered and proven that it knows the secret.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// The next piece of the stream inside, where it lies in `input`; call again until `None`, which means that all
    /// of `input` is used up. Nothing is copied or kept, however long a record is.
    ///
    /// Borders of records mean nothing to the stream.
    ///
    /// # Errors
    /// [`FakeTlsError`]: close the connection. Every later call answers with the same error.
    pub fn next<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, FakeTlsError> {
        let result = self.advance(input);
        if let Err(error) = result {
            *input = &mut [];
            self.phase = Phase::Failed(error);
        }
        result
    }

    /// Puts what lies in `out` from `from` on into records, in place. Do not call it before
    /// [`is_open`](Self::is_open).
    pub fn wrap(&mut self, out: &mut Vec<u8>, from: usize) {
        if out.len() > from {
            records::wrap(out, from, !core::mem::replace(&mut self.begun, true));
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
    // HMAC itself fills short keys up with zeros to a block of the hash.
    let mut block = Zeroizing::new([0; 64]);
    block[..key.len()].copy_from_slice(key);
    Hmac::new((&*block).into())
}

/// Puts the digest with the time into a hello whose random bytes are zero, and gives what now stands there.
fn sign(hello: &mut [u8], key: &[u8; 16], unix: Duration) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(hello);
    let mut digest: [u8; 32] = mac.finalize().into_bytes().into();
    // The low 32 bits are what is meant: seconds, until the year 2106.
    let seconds = (unix.as_secs() as u32).to_le_bytes();
    for (byte, time) in digest[28..].iter_mut().zip(seconds) {
        *byte ^= time;
    }
    hello[RANDOM].copy_from_slice(&digest);
    digest
}

#[cfg(test)]
mod tests;
