//! The server's side of the handshake: from `req_pq_multi` to an auth key, with checks of its own.
//!
//! Source: `core.telegram.org/mtproto/auth_key`.

mod dh_group;
mod inner_data;
mod refusal;
mod tmp_aes;

use num_bigint_dig::BigUint;
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::hash::sha1;

use self::inner_data::{PQ_INNER_DATA_DC, PQ_INNER_DATA_TEMP, PQ_INNER_DATA_TEMP_DC};
pub use self::refusal::HandshakeRefusal;
use self::tmp_aes::TmpAes;
use super::constructors::{
    CLIENT_DH_INNER_DATA, DH_GEN_FAIL, DH_GEN_OK, DH_GEN_RETRY, REQ_DH_PARAMS, REQ_PQ_MULTI, RES_PQ,
    SERVER_DH_INNER_DATA, SERVER_DH_PARAMS_OK, SET_CLIENT_DH_PARAMS,
};
use super::forgery::HandshakeForgery;
use crate::primes;
use crate::random::SecureRandom;
use crate::rsa::{ServerRsaKey, fixed_256};
use crate::wire::{Reader, Writer};

/// The parameters of a handshake that its DC determines.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) dc: i32,
    pub(crate) test_dcs: bool,
    pub(crate) accept_legacy_rsa: bool,
    pub(crate) short_dh_secrets: bool,
    pub(crate) dh_retries: u32,
    pub(crate) dh_fail: bool,
    /// What is wrong with the parameters.
    pub(crate) forgery: Option<HandshakeForgery>,
}

/// The key that a finished handshake made.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) auth_key: AuthKey,
    pub(crate) server_salt: i64,
    /// The client's secret that the run began with.
    pub(crate) new_nonce: [u8; 32],
    /// Seconds from now; `None`: the key is permanent.
    pub(crate) expires_in: Option<i32>,
}

/// The answer to a step.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) body: Vec<u8>,
    /// Whether the step was accepted although it uses the old padding.
    pub(crate) legacy_rsa: bool,
    pub(crate) new_key: Option<NewKey>,
}

/// One key exchange, identified by its two nonces.
pub(crate) struct HandshakeRun {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    p: u32,
    q: u32,
    state: State,
    /// The last request and our answer: a client that received no answer may send the same bytes again.
    last: (Vec<u8>, Vec<u8>),
}

enum State {
    AwaitingDhParams,
    AwaitingClientDh(Exchange),
    Finished,
}

struct Exchange {
    new_nonce: [u8; 32],
    tmp_aes: TmpAes,
    secret: BigUint,
    retry_id: [u8; 8],
    retries_done: u32,
    expires_in: Option<i32>,
}

impl HandshakeRun {
    /// Answers `req_pq_multi`.
    pub(crate) fn begin(
        body: &[u8],
        rsa: &ServerRsaKey,
        random: &mut dyn SecureRandom,
    ) -> Result<(Self, Reply), HandshakeRefusal> {
        let mut reader = Reader::new(body);
        match reader.u32()? {
            REQ_PQ_MULTI => {}
            REQ_DH_PARAMS | SET_CLIENT_DH_PARAMS => return Err(HandshakeRefusal::UnknownNonce),
            other => return Err(HandshakeRefusal::Unexpected(other)),
        }
        let nonce = reader.array()?;
        expect_end(&reader)?;
        let mut server_nonce = [0; 16];
        random.fill(&mut server_nonce);
        let (p, q) = primes::random_pair(random);
        let answer = Writer::object(RES_PQ)
            .raw(&nonce)
            .raw(&server_nonce)
            .bytes(&product(p, q))
            .longs(&[rsa.fingerprint()])
            .finish();
        let last = (body.to_vec(), answer.clone());
        let run = Self { nonce, server_nonce, p, q, state: State::AwaitingDhParams, last };
        Ok((run, Reply { body: answer, legacy_rsa: false, new_key: None }))
    }

    /// Whether it ended, with a key or without one.
    pub(crate) const fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    /// Returns the client's nonce, which comes after the constructor of each message of a handshake.
    pub(crate) fn nonce_of(body: &[u8]) -> Result<[u8; 16], HandshakeRefusal> {
        let mut reader = Reader::new(body);
        reader.u32()?;
        Ok(reader.array()?)
    }

    /// Answers the second or third request of the run.
    pub(crate) fn receive(
        &mut self,
        body: &[u8],
        rules: &Rules,
        rsa: &ServerRsaKey,
        random: &mut dyn SecureRandom,
        unix: i32,
    ) -> Result<Reply, HandshakeRefusal> {
        if self.last.0 == body {
            return Ok(Reply { body: self.last.1.clone(), legacy_rsa: false, new_key: None });
        }
        let mut reader = Reader::new(body);
        let constructor = reader.u32()?;
        if reader.array() != Ok(self.nonce) {
            return Err(HandshakeRefusal::UnknownNonce);
        }
        if reader.array() != Ok(self.server_nonce) {
            return Err(HandshakeRefusal::ServerNonce);
        }
        let (state, reply) = match (std::mem::replace(&mut self.state, State::Finished), constructor) {
            (State::AwaitingDhParams, REQ_DH_PARAMS) => self.dh_params(reader, rules, rsa, random, unix)?,
            (State::AwaitingClientDh(exchange), SET_CLIENT_DH_PARAMS) => {
                self.client_dh(exchange, reader, rules)?
            }
            _ => return Err(HandshakeRefusal::Unexpected(constructor)),
        };
        self.state = state;
        self.last = (body.to_vec(), reply.body.clone());
        Ok(reply)
    }

    fn dh_params(
        &self,
        mut reader: Reader<'_>,
        rules: &Rules,
        rsa: &ServerRsaKey,
        random: &mut dyn SecureRandom,
        unix: i32,
    ) -> Result<(State, Reply), HandshakeRefusal> {
        let (p, q) = (reader.bytes()?, reader.bytes()?);
        let fingerprint = reader.u64()?;
        let encrypted = reader.bytes()?;
        expect_end(&reader)?;
        if p != self.p.to_be_bytes() || q != self.q.to_be_bytes() {
            return Err(HandshakeRefusal::Factors);
        }
        if fingerprint != rsa.fingerprint() {
            return Err(HandshakeRefusal::Fingerprint(fingerprint));
        }
        let (inner, legacy_rsa) = inner_data::decrypt(encrypted, rules.accept_legacy_rsa, rsa)?;
        let (new_nonce, expires_in) = self.check_inner(&inner, rules)?;

        let tmp_aes = TmpAes::derive(&new_nonce, &self.server_nonce);
        let prime = dh_group::prime();
        let (secret, g_a) = loop {
            let mut bytes = [0; 256];
            let used = if rules.short_dh_secrets { 256 - SHORT_SECRET_BYTES } else { 0 };
            random.fill(&mut bytes[used..]);
            let secret = BigUint::from_bytes_be(&bytes);
            let g_a = BigUint::from(dh_group::GENERATOR).modpow(&secret, &prime);
            if dh_group::is_in_safe_range(&g_a, &prime) {
                break (secret, g_a);
            }
        };
        let mut sent = (dh_group::GENERATOR as i32, prime.to_bytes_be(), fixed_256(&g_a));
        match rules.forgery {
            // 3 is still a quadratic residue modulo it, as far as its remainder shows.
            Some(HandshakeForgery::CompositePrime) => sent.1 = (prime - 12_u8).to_bytes_be(),
            Some(HandshakeForgery::Generator) => sent.0 = 8,
            Some(HandshakeForgery::PublicValue) => sent.2 = fixed_256(&BigUint::from(1_u8)),
            _ => {}
        }
        let answer = Writer::object(SERVER_DH_INNER_DATA)
            .raw(&self.nonce)
            .raw(&self.server_nonce)
            .i32(sent.0)
            .bytes(&sent.1)
            .bytes(&sent.2)
            .i32(unix)
            .finish();
        let mut encrypted_answer = [sha1(&[&answer]).as_slice(), &answer].concat();
        let start = encrypted_answer.len();
        encrypted_answer.resize(start.next_multiple_of(16), 0);
        random.fill(&mut encrypted_answer[start..]);
        tmp_aes.encrypt(&mut encrypted_answer);
        let body = Writer::object(SERVER_DH_PARAMS_OK)
            .raw(&self.nonce)
            .raw(&self.server_nonce)
            .bytes(&encrypted_answer)
            .finish();
        let exchange = Exchange { new_nonce, tmp_aes, secret, retry_id: [0; 8], retries_done: 0, expires_in };
        Ok((State::AwaitingClientDh(exchange), Reply { body, legacy_rsa, new_key: None }))
    }

    /// Checks every field of the RSA data. Returns `new_nonce` and the lifetime of a temporary key.
    fn check_inner(&self, inner: &[u8], rules: &Rules) -> Result<([u8; 32], Option<i32>), HandshakeRefusal> {
        let mut reader = Reader::new(inner);
        let constructor = reader.u32()?;
        if reader.bytes()? != product(self.p, self.q) {
            return Err(HandshakeRefusal::InnerField("pq"));
        }
        if reader.bytes()? != self.p.to_be_bytes() {
            return Err(HandshakeRefusal::InnerField("p"));
        }
        if reader.bytes()? != self.q.to_be_bytes() {
            return Err(HandshakeRefusal::InnerField("q"));
        }
        if reader.array()? != self.nonce {
            return Err(HandshakeRefusal::InnerField("nonce"));
        }
        if reader.array()? != self.server_nonce {
            return Err(HandshakeRefusal::InnerField("server_nonce"));
        }
        let new_nonce = reader.array()?;
        if matches!(constructor, PQ_INNER_DATA_DC | PQ_INNER_DATA_TEMP_DC) {
            let expected = if rules.test_dcs { rules.dc + 10_000 } else { rules.dc };
            let found = reader.i32()?;
            // A negative number asks for the media half of the same DC.
            if found != expected && found != -expected {
                return Err(HandshakeRefusal::WrongDc { found, expected });
            }
        }
        let expires_in = match constructor {
            PQ_INNER_DATA_TEMP | PQ_INNER_DATA_TEMP_DC => match reader.i32()? {
                seconds @ 1.. => Some(seconds),
                other => return Err(HandshakeRefusal::ExpiresIn(other)),
            },
            _ => None,
        };
        Ok((new_nonce, expires_in))
    }

    fn client_dh(
        &self,
        mut exchange: Exchange,
        mut reader: Reader<'_>,
        rules: &Rules,
    ) -> Result<(State, Reply), HandshakeRefusal> {
        let mut encrypted = reader.bytes()?.to_vec();
        expect_end(&reader)?;
        if encrypted.len() < 32 || !encrypted.len().is_multiple_of(16) {
            return Err(HandshakeRefusal::BlockLength(encrypted.len()));
        }
        exchange.tmp_aes.decrypt(&mut encrypted);
        let (hash, rest) = encrypted.split_at(20);
        let mut inner = Reader::new(rest);
        inner.expect(CLIENT_DH_INNER_DATA)?;
        let (nonce, server_nonce): ([u8; 16], [u8; 16]) = (inner.array()?, inner.array()?);
        let retry_id: [u8; 8] = inner.array()?;
        let g_b = inner.bytes()?;
        let consumed = rest.len() - inner.rest().len();
        if inner.rest().len() >= 16 || sha1(&[&rest[..consumed]]) != hash {
            return Err(HandshakeRefusal::InnerHash);
        }
        if nonce != self.nonce {
            return Err(HandshakeRefusal::UnknownNonce);
        }
        if server_nonce != self.server_nonce {
            return Err(HandshakeRefusal::ServerNonce);
        }
        if retry_id != exchange.retry_id {
            return Err(HandshakeRefusal::RetryId);
        }
        let (prime, g_b) = (dh_group::prime(), BigUint::from_bytes_be(g_b));
        if !dh_group::is_in_safe_range(&g_b, &prime) {
            return Err(HandshakeRefusal::PublicValue);
        }
        let auth_key = AuthKey::new(fixed_256(&g_b.modpow(&exchange.secret, &prime)));
        let digest = sha1(&[auth_key.as_bytes()]);
        let reply = |constructor: u32, number: u8, new_key| {
            let hash = sha1(&[&exchange.new_nonce, &[number], &digest[..8]]);
            let body =
                Writer::object(constructor).raw(&self.nonce).raw(&self.server_nonce).raw(&hash[4..]).finish();
            Reply { body, legacy_rsa: false, new_key }
        };
        if rules.dh_fail {
            return Ok((State::Finished, reply(DH_GEN_FAIL, 3, None)));
        }
        // An `auth_key_id` of 0 would mark unencrypted messages.
        if exchange.retries_done < rules.dh_retries || digest[12..] == [0; 8] {
            let answer = reply(DH_GEN_RETRY, 2, None);
            exchange.retries_done += 1;
            exchange.retry_id.copy_from_slice(&digest[..8]);
            return Ok((State::AwaitingClientDh(exchange), answer));
        }
        let mut salt = [0; 8];
        for (byte, (new, server)) in salt.iter_mut().zip(exchange.new_nonce.iter().zip(&self.server_nonce)) {
            *byte = new ^ server;
        }
        let Exchange { new_nonce, expires_in, .. } = exchange;
        let new_key = NewKey { auth_key, server_salt: i64::from_le_bytes(salt), new_nonce, expires_in };
        Ok((State::Finished, reply(DH_GEN_OK, 1, Some(new_key))))
    }
}

fn expect_end(reader: &Reader<'_>) -> Result<(), HandshakeRefusal> {
    if reader.rest().is_empty() { Ok(()) } else { Err(HandshakeRefusal::Malformed) }
}

/// `p * q`, minimal big-endian: 8 bytes, since both have 31 bits.
fn product(p: u32, q: u32) -> [u8; 8] {
    (u64::from(p) * u64::from(q)).to_be_bytes()
}

/// Twice the security level of the group, in bytes: no shorter exponent is as good as a full one.
const SHORT_SECRET_BYTES: usize = 32;
