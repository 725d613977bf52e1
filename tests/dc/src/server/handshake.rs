//! The server's side of the handshake: from `req_pq_multi` to an auth key, with checks of its own.
//!
//! Source: `core.telegram.org/mtproto/auth_key`.

use num_bigint_dig::BigUint;
use sansgram_core::crypto::hash::{sha1, sha256};
use sansgram_core::crypto::{AuthKey, aes_ige};

use crate::primes;
use crate::random::SecureRandom;
use crate::rsa::{ServerRsaKey, fixed_256};
use crate::wire::{Malformed, Reader, Writer};

/// The parameters of a handshake that its DC determines.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) dc: i32,
    pub(crate) test_dcs: bool,
    pub(crate) accept_legacy_rsa: bool,
    pub(crate) dh_retries: u32,
    pub(crate) dh_fail: bool,
}

/// Why a handshake was refused: the client did something that the documentation forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeRefusal {
    /// An object is cut short, or a length in it is wrong.
    #[error("an object of the handshake is malformed")]
    Malformed,
    /// The length in the unencrypted envelope does not match the packet.
    #[error("the unencrypted message has {found} bytes of body, its length field says {named}")]
    BadLength {
        /// The length field.
        named: u32,
        /// The number of bytes that follow.
        found: usize,
    },
    /// An unencrypted message identifier is not divisible by 4, or not above the one before.
    #[error("bad identifier {0:#x} of an unencrypted message")]
    BadMessageId(u64),
    /// The constructor is not one of the handshake, or not the expected one.
    #[error("constructor {0:#010x} is not due in this step of the handshake")]
    Unexpected(u32),
    /// No handshake with this `nonce` is under way on this DC.
    #[error("no handshake with this nonce is under way")]
    UnknownNonce,
    /// `server_nonce` differs from the server's.
    #[error("wrong server_nonce")]
    ServerNonce,
    /// `p` and `q` are not the prime factors of `pq` in rising order, 4 bytes each.
    #[error("p and q are not the factors of pq")]
    Factors,
    /// The client chose an RSA key that was not offered.
    #[error("unknown public key fingerprint {0:#018x}")]
    Fingerprint(u64),
    /// `encrypted_data` is not a number of 256 bytes below the modulus.
    #[error("encrypted_data of {0} bytes is not a number below the RSA modulus")]
    RsaRange(usize),
    /// The hash inside the RSA padding does not match its data.
    #[error("the hash inside the RSA padding does not match")]
    RsaHash,
    /// The client used the old padding or an inner object without the DC's number.
    #[error("old RSA padding or p_q_inner_data without a DC number")]
    LegacyRsa,
    /// A field inside the RSA data differs from the same field outside or from the server's message.
    #[error("{0} inside p_q_inner_data differs")]
    InnerField(&'static str),
    /// The DC number inside `p_q_inner_data` is that of another DC; answered with -444.
    #[error("p_q_inner_data names DC {found}, this is DC {expected}")]
    WrongDc {
        /// The client's number.
        found: i32,
        /// The server's number.
        expected: i32,
    },
    /// `expires_in` of a temporary key is not positive.
    #[error("a temporary key cannot live for {0} seconds")]
    ExpiresIn(i32),
    /// The encrypted part of `set_client_DH_params` is too short for its hash or not a multiple of 16 bytes.
    #[error("encrypted_data of {0} bytes is no multiple of the block size")]
    BlockLength(usize),
    /// SHA-1 inside `set_client_DH_params` does not match, or more than 15 bytes follow the object.
    #[error("the hash over client_DH_inner_data does not match")]
    InnerHash,
    /// `retry_id` is not 0 in the first attempt or not the hash of the failed key afterwards.
    #[error("wrong retry_id")]
    RetryId,
    /// `g_b` is out of range.
    #[error("g_b is out of range")]
    PublicValue,
}

impl From<Malformed> for HandshakeRefusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
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
    temporary: TemporaryKey,
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
        ended(&reader)?;
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

    /// The client's nonce of a message of a handshake, behind its constructor.
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
        ended(&reader)?;
        if p != self.p.to_be_bytes() || q != self.q.to_be_bytes() {
            return Err(HandshakeRefusal::Factors);
        }
        if fingerprint != rsa.fingerprint() {
            return Err(HandshakeRefusal::Fingerprint(fingerprint));
        }
        let (inner, legacy_rsa) = decrypt_inner(encrypted, rules, rsa)?;
        let (new_nonce, expires_in) = self.check_inner(&inner, rules)?;

        let temporary = TemporaryKey::derive(&new_nonce, &self.server_nonce);
        let prime = dh_prime();
        let (secret, g_a) = loop {
            let mut bytes = [0; 256];
            random.fill(&mut bytes);
            let secret = BigUint::from_bytes_be(&bytes);
            let g_a = BigUint::from(GENERATOR).modpow(&secret, &prime);
            if in_safe_range(&g_a, &prime) {
                break (secret, g_a);
            }
        };
        let answer = Writer::object(SERVER_DH_INNER_DATA)
            .raw(&self.nonce)
            .raw(&self.server_nonce)
            .i32(GENERATOR as i32)
            .bytes(&prime.to_bytes_be())
            .bytes(&fixed_256(&g_a))
            .i32(unix)
            .finish();
        let mut encrypted_answer = [sha1(&[&answer]).as_slice(), &answer].concat();
        let start = encrypted_answer.len();
        encrypted_answer.resize(start.next_multiple_of(16), 0);
        random.fill(&mut encrypted_answer[start..]);
        temporary.encrypt(&mut encrypted_answer);
        let body = Writer::object(SERVER_DH_PARAMS_OK)
            .raw(&self.nonce)
            .raw(&self.server_nonce)
            .bytes(&encrypted_answer)
            .finish();
        let exchange =
            Exchange { new_nonce, temporary, secret, retry_id: [0; 8], retries_done: 0, expires_in };
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
        ended(&reader)?;
        if encrypted.len() < 32 || !encrypted.len().is_multiple_of(16) {
            return Err(HandshakeRefusal::BlockLength(encrypted.len()));
        }
        exchange.temporary.decrypt(&mut encrypted);
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
        let (prime, g_b) = (dh_prime(), BigUint::from_bytes_be(g_b));
        if !in_safe_range(&g_b, &prime) {
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

/// Removes the RSA padding: RSA_PAD or, if it is allowed, the old one. Also returns whether it was the old one.
fn decrypt_inner(
    encrypted: &[u8],
    rules: &Rules,
    rsa: &ServerRsaKey,
) -> Result<(Vec<u8>, bool), HandshakeRefusal> {
    let out_of_range = HandshakeRefusal::RsaRange(encrypted.len());
    if encrypted.len() != 256 {
        return Err(out_of_range);
    }
    let block = rsa.decrypt_raw(encrypted).ok_or(out_of_range)?;
    let current = undo_rsa_pad(&block);
    let (inner, padded_currently) = match current {
        Some(inner) => (inner, true),
        None => (undo_old_padding(&block).ok_or(HandshakeRefusal::RsaHash)?, false),
    };
    let constructor = Reader::new(&inner).u32()?;
    let names_dc = match constructor {
        PQ_INNER_DATA_DC | PQ_INNER_DATA_TEMP_DC => true,
        PQ_INNER_DATA | PQ_INNER_DATA_TEMP => false,
        other => return Err(HandshakeRefusal::Unexpected(other)),
    };
    let is_current = padded_currently && names_dc;
    if !is_current && !rules.accept_legacy_rsa {
        return Err(HandshakeRefusal::LegacyRsa);
    }
    Ok((inner, !is_current))
}

/// Inverts RSA_PAD: returns 192 bytes of padded data; `None` if the hash does not match.
fn undo_rsa_pad(block: &[u8; 256]) -> Option<Vec<u8>> {
    let (masked_key, rest) = block.split_at(32);
    let mut data = rest.to_vec();
    let mask = sha256(&[&data]);
    let mut key = [0; 32];
    for (byte, (masked, mask)) in key.iter_mut().zip(masked_key.iter().zip(mask)) {
        *byte = masked ^ mask;
    }
    aes_ige::decrypt(&key, &[0; 32], &mut data).ok()?;
    let hash = data.split_off(192);
    data.reverse();
    (sha256(&[&key, &data]) == hash.as_slice()).then_some(data)
}

/// SHA-1 of the object, the object, and random bytes up to 255: the padding before RSA_PAD.
fn undo_old_padding(block: &[u8; 256]) -> Option<Vec<u8>> {
    let [0, hashed @ ..] = block else { return None };
    let (hash, data) = hashed.split_at(20);
    // The length of the object follows from its fields.
    let mut reader = Reader::new(data);
    let constructor = reader.u32().ok()?;
    for _ in 0..3 {
        reader.bytes().ok()?;
    }
    let numbers = match constructor {
        PQ_INNER_DATA => 0,
        PQ_INNER_DATA_DC | PQ_INNER_DATA_TEMP => 1,
        PQ_INNER_DATA_TEMP_DC => 2,
        _ => return None,
    };
    reader.raw(16 + 16 + 32 + 4 * numbers).ok()?;
    let object = &data[..data.len() - reader.rest().len()];
    (sha1(&[object]) == hash).then(|| object.to_vec())
}

/// The AES key and IV that both sides derive from the nonces.
struct TemporaryKey {
    key: [u8; 32],
    iv: [u8; 32],
}

impl TemporaryKey {
    fn derive(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> Self {
        let new_server = sha1(&[new_nonce, server_nonce]);
        let server_new = sha1(&[server_nonce, new_nonce]);
        let new_new = sha1(&[new_nonce, new_nonce]);
        let stream = [&new_server[..], &server_new[..], &new_new[..], &new_nonce[..4]].concat();
        let (mut key, mut iv) = ([0; 32], [0; 32]);
        key.copy_from_slice(&stream[..32]);
        iv.copy_from_slice(&stream[32..]);
        Self { key, iv }
    }

    /// `data` must be a multiple of 16 bytes.
    fn encrypt(&self, data: &mut [u8]) {
        aes_ige::encrypt(&self.key, &self.iv, data).expect("the caller aligned the data");
    }

    /// `data` must be a multiple of 16 bytes.
    fn decrypt(&self, data: &mut [u8]) {
        aes_ige::decrypt(&self.key, &self.iv, data).expect("the caller checked the length");
    }
}

fn ended(reader: &Reader<'_>) -> Result<(), HandshakeRefusal> {
    if reader.rest().is_empty() { Ok(()) } else { Err(HandshakeRefusal::Malformed) }
}

/// `p * q`, minimal big-endian: 8 bytes, since both have 31 bits.
fn product(p: u32, q: u32) -> [u8; 8] {
    (u64::from(p) * u64::from(q)).to_be_bytes()
}

/// 2^1984 and more away from both ends, as the security guidelines recommend.
fn in_safe_range(value: &BigUint, prime: &BigUint) -> bool {
    let margin = BigUint::from(1_u8) << 1984;
    *value >= margin && *value <= prime - margin
}

/// Telegram's own prime, which some clients insist on.
fn dh_prime() -> BigUint {
    BigUint::parse_bytes(DH_PRIME.as_bytes(), 16).expect("the constant of this file is hexadecimal")
}

/// A generator of the subgroup of prime order for that prime.
const GENERATOR: u32 = 3;
const DH_PRIME: &str = "\
    c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db\
    fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
    2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41\
    0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
    e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf\
    6f4fadf034b10403119cd8e3b92fcc5b";

const REQ_PQ_MULTI: u32 = 0xbe7e_8ef1;
const RES_PQ: u32 = 0x0516_2463;
const REQ_DH_PARAMS: u32 = 0xd712_e4be;
const SERVER_DH_PARAMS_OK: u32 = 0xd0e8_075c;
const SERVER_DH_INNER_DATA: u32 = 0xb589_0dba;
const CLIENT_DH_INNER_DATA: u32 = 0x6643_b654;
const SET_CLIENT_DH_PARAMS: u32 = 0xf504_5f1f;
const DH_GEN_OK: u32 = 0x3bcb_f734;
const DH_GEN_RETRY: u32 = 0x46dc_1fb9;
const DH_GEN_FAIL: u32 = 0xa69d_ae02;
const PQ_INNER_DATA: u32 = 0x83c9_5aec;
const PQ_INNER_DATA_TEMP: u32 = 0x3c6a_84d4;
const PQ_INNER_DATA_DC: u32 = 0xa9f5_5f95;
const PQ_INNER_DATA_TEMP_DC: u32 = 0x56fd_df88;
