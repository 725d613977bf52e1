//! The proxy's side of fake TLS: reads the hello as a TLS server does, checks digest and time, and answers.

use std::collections::BTreeSet;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use num_bigint_dig::BigUint;
use sha2::Sha256;

use crate::random::{SecureRandom, random_length};

/// Which hellos a proxy accepts: how far the client's clock may be off, and how long the record may be. The default for
/// the clock is that of the MTProxy in C, 10 minutes behind to 3 seconds ahead; mtg 2 allows 3 seconds either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloWindow {
    /// Seconds behind the proxy's clock.
    pub behind: u32,
    /// Seconds ahead of the proxy's clock.
    pub ahead: u32,
    /// The longest record, in bytes without its header. Early versions of the MTProxy in C accepted up to 767.
    pub longest: usize,
}

impl Default for HelloWindow {
    fn default() -> Self {
        Self { behind: 600, ahead: 3, longest: 1 << 14 }
    }
}

/// Why a client's bytes are not fake TLS under the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FakeTlsRefusal {
    /// The first record is not a ClientHello of TLS 1.3; the field says what is wrong.
    #[error("the hello is wrong: {0}")]
    Hello(&'static str),
    /// The hello names another domain.
    #[error("the hello names another domain")]
    Domain,
    /// The digest is not that of the hello under the secret.
    #[error("the digest of the hello is wrong")]
    Digest,
    /// The hello's time is off by this many seconds.
    #[error("the hello's time is off by {0} s")]
    Time(i64),
    /// After the hello came a record other than ChangeCipherSpec and then application data.
    #[error("unexpected record of type {0}")]
    Record(u8),
    /// A record longer than TLS allows, or of an unknown version.
    #[error("a record has a bad version or length")]
    BadRecord,
}

/// One connection.
pub(super) struct FakeTlsServer {
    key: [u8; 16],
    domain: String,
    window: HelloWindow,
    incoming: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Hello,
    ChangeCipher,
    Data,
}

impl FakeTlsServer {
    pub(super) const fn new(key: [u8; 16], domain: String, window: HelloWindow) -> Self {
        Self { key, domain, window, incoming: Vec::new(), state: State::Hello }
    }

    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        unix: Duration,
        random: &mut dyn SecureRandom,
        reply: &mut Vec<u8>,
    ) -> Result<Vec<u8>, FakeTlsRefusal> {
        self.incoming.extend_from_slice(bytes);
        let mut inside = Vec::new();
        while let [kind, major, minor, high, low, rest @ ..] = &*self.incoming {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let version = if self.state == State::Hello { [3, 1] } else { [3, 3] };
            if [*major, *minor] != version || length > (1 << 14) + 256 {
                return Err(FakeTlsRefusal::BadRecord);
            }
            let Some(body) = rest.get(..length) else { break };
            match (self.state, *kind) {
                (State::Hello, 22) => {
                    match self.answer(&self.incoming[..5 + length], unix, random) {
                        Ok(answer) => reply.extend(answer),
                        Err(refusal) => {
                            // The alert that many web servers send: handshake_failure.
                            reply.extend([21, 3, 3, 0, 2, 2, 40]);
                            return Err(refusal);
                        }
                    }
                    self.state = State::ChangeCipher;
                }
                (State::ChangeCipher, 20) if body == [1] => self.state = State::Data,
                (State::Data, 23) => inside.extend_from_slice(body),
                (_, kind) => return Err(FakeTlsRefusal::Record(kind)),
            }
            self.incoming.drain(..5 + length);
        }
        Ok(inside)
    }

    /// Wraps a piece of the stream into records of any 16-bit length, since records longer than TLS allows are in use.
    pub(super) fn wrap(mut bytes: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let most = [100, 16_384, 65_535][random_length(3, random) - 1];
            let (now, later) = bytes.split_at(random_length(most, random).min(bytes.len()));
            out.extend(record(23, now));
            bytes = later;
        }
        out
    }

    fn answer(
        &self,
        hello: &[u8],
        unix: Duration,
        random: &mut dyn SecureRandom,
    ) -> Result<Vec<u8>, FakeTlsRefusal> {
        if hello.len() > 5 + self.window.longest {
            return Err(FakeTlsRefusal::Hello("too long"));
        }
        let session_id = check_hello(hello, &self.domain)?;
        let mut zeroed = hello.to_vec();
        zeroed[11..43].fill(0);
        let digest = self.mac(&[&zeroed]);
        let sent = &hello[11..43];
        if digest[..28] != sent[..28] {
            return Err(FakeTlsRefusal::Digest);
        }
        let time: [u8; 4] = std::array::from_fn(|at| digest[28 + at] ^ sent[28 + at]);
        let off = i64::from(u32::from_le_bytes(time)) - unix.as_secs() as i64;
        if !(-i64::from(self.window.behind)..=i64::from(self.window.ahead)).contains(&off) {
            return Err(FakeTlsRefusal::Time(off));
        }

        let mut key_share = [0; 32];
        random.fill(&mut key_share);
        // ServerHello with the legacy version 1.2; suite 1301; key share and version as extensions.
        let mut body = vec![2, 0, 0, 118, 3, 3];
        body.extend([0; 32]);
        body.push(32);
        body.extend_from_slice(session_id);
        body.extend([0x13, 0x01, 0, 0, 46, 0, 51, 0, 36, 0, 29, 0, 32]);
        body.extend(key_share);
        body.extend([0, 43, 0, 2, 3, 4]);
        let mut filling = vec![0; random_length(4000, random)];
        random.fill(&mut filling);
        let mut answer = [record(22, &body), record(20, &[1]), record(23, &filling)].concat();
        let digest = self.mac(&[sent, &answer]);
        answer[11..43].copy_from_slice(&digest);
        Ok(answer)
    }

    fn mac(&self, pieces: &[&[u8]]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.key).expect("HMAC takes any key");
        pieces.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().into()
    }
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a record is short");
    [&[kind, 3, 3], &length.to_be_bytes()[..], body].concat()
}

/// A reader of fields that have their length before them.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FakeTlsRefusal> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FakeTlsRefusal::Hello("too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u16, FakeTlsRefusal> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into().expect("two bytes")))
    }

    /// Reads a field with a 16-bit length.
    fn block(&mut self) -> Result<Self, FakeTlsRefusal> {
        let length = self.number()?;
        self.take(length.into()).map(Fields)
    }

    fn end(&self, what: &'static str) -> Result<(), FakeTlsRefusal> {
        if self.0.is_empty() { Ok(()) } else { Err(FakeTlsRefusal::Hello(what)) }
    }
}

/// Reads a hello (RFC 8446, 4.1.2). Returns the session id.
fn check_hello<'a>(hello: &'a [u8], domain: &str) -> Result<&'a [u8], FakeTlsRefusal> {
    let wrong = |what| Err(FakeTlsRefusal::Hello(what));
    let mut outer = Fields(&hello[5..]);
    if outer.take(2)? != [1, 0] {
        return wrong("no ClientHello");
    }
    let mut fields = outer.block()?;
    outer.end("bytes behind the hello")?;
    if fields.take(2)? != [3, 3] {
        return wrong("version");
    }
    fields.take(32)?;
    if fields.take(1)? != [32] {
        return wrong("session id");
    }
    let session_id = fields.take(32)?;
    let suites = fields.block()?;
    if suites
        .0
        .chunks(2)
        .filter(|suite| [[0x13, 0x01], [0x13, 0x02], [0x13, 0x03]].contains(&[suite[0], suite[1]]))
        .count()
        == 0
    {
        return wrong("no suite of TLS 1.3");
    }
    if fields.take(2)? != [1, 0] {
        return wrong("compression");
    }
    let mut extensions = fields.block()?;
    fields.end("bytes behind the extensions")?;
    let mut seen = BTreeSet::new();
    let (mut offered, mut shared) = (Vec::new(), Vec::new());
    let (mut names, mut version) = (false, false);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut body = extensions.block()?;
        if !seen.insert(kind) {
            return wrong("an extension comes twice");
        }
        match kind {
            0 => {
                let mut list = body.block()?;
                if list.take(1)? != [0] {
                    return wrong("the kind of the server's name");
                }
                if list.block()?.0 != domain.as_bytes() {
                    return Err(FakeTlsRefusal::Domain);
                }
                list.end("two server names")?;
                names = true;
            }
            10 => {
                let mut groups = body.block()?;
                while !groups.0.is_empty() {
                    offered.push(groups.number()?);
                }
            }
            43 => {
                let length = usize::from(body.take(1)?[0]);
                version = body.take(length)?.chunks(2).any(|version| version == [3, 4]);
            }
            51 => {
                let mut shares = body.block()?;
                while !shares.0.is_empty() {
                    let group = shares.number()?;
                    shared.push((group, shares.block()?.0));
                }
            }
            _ => continue,
        }
        body.end("bytes behind an extension")?;
    }
    if !names || !version {
        return wrong("no server name, or no TLS 1.3");
    }
    // Key shares are in the order of the groups, at most one for each (RFC 8446, 4.2.8).
    let mut order = offered.iter();
    if !shared.iter().all(|(group, _)| order.any(|offered| offered == group)) {
        return wrong("a key for a group that was not offered");
    }
    let mut curve_keys = 0;
    for (group, key) in shared {
        let point = match (group, key.len()) {
            (0x001d, 32) => key,
            (0x11ec, 1216) => &key[1184..],
            (0x001d | 0x11ec, _) => return wrong("the length of a key"),
            _ => continue,
        };
        if !is_on_curve(point) {
            return wrong("a key that is no point of the curve");
        }
        curve_keys += 1;
    }
    if curve_keys == 0 {
        return wrong("no key for X25519");
    }
    Ok(session_id)
}

/// Whether x^3 + 486662 x^2 + x is a square modulo 2^255 - 19, by Euler's criterion.
fn is_on_curve(point: &[u8]) -> bool {
    let one = BigUint::from(1_u8);
    let prime = (&one << 255_usize) - BigUint::from(19_u8);
    let x = BigUint::from_bytes_le(point);
    let square = &x * &x;
    let y2 = (&square * &x + &square * BigUint::from(486_662_u32) + &x) % &prime;
    x < prime && y2.modpow(&((&prime - &one) >> 1_usize), &prime) == one
}
