//! A server's replies at every state of the handshake.
//!
//! Input: a list of replies. One byte each chooses how it is made, then come two bytes of length and the content: a raw
//! body; the honest reply of that state; content behind the right constructor and nonces; or content that only a server
//! with the secrets can send: inside the encrypted answer, or under the right hash.

use std::sync::{Arc, OnceLock};

use sansgram_core::crypto::dh::DhGroup;
use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::crypto::{AuthKey, SecureRandom, aes_ige};
use sansgram_core::handshake::{Handshake, HandshakeParameters, MAX_DH_ATTEMPTS, Step};
use sansgram_core::tl::{Constructor, types, write};

use crate::{Input, Seeded};

/// Two primes of 31 bits, multiplied.
const PQ: u64 = 1_470_626_929_934_143_021;
const SERVER_NONCE: [u8; 16] = [0x5e; 16];
const SERVER_TIME: i32 = 1_700_000_000;
/// The server's public value, in range; its exponent is not needed.
const G_A: [u8; 256] = [0x55; 256];
/// The well-known prime.
const PRIME: &[u8] = include_bytes!("prime.bin");

/// A client's secret exponent is always the same, so that its key is computed once; the rest is a seeded stream.
struct Drawn(Seeded);

impl SecureRandom for Drawn {
    fn fill(&mut self, buffer: &mut [u8]) {
        match buffer.len() {
            256 => buffer.fill(0xb7),
            _ => self.0.fill(buffer),
        }
    }
}

fn drawn() -> Drawn {
    Drawn(Seeded::new(7))
}

/// What both sides know after the honest replies.
struct Secrets {
    nonce: [u8; 16],
    new_nonce: [u8; 32],
    auth_key: AuthKey,
}

fn secrets() -> &'static Secrets {
    static SECRETS: OnceLock<Secrets> = OnceLock::new();
    SECRETS.get_or_init(|| {
        let mut random = drawn();
        let (mut nonce, mut new_nonce) = ([0; 16], [0; 32]);
        random.fill(&mut nonce);
        random.fill(&mut new_nonce);
        let group = DhGroup::check(3, PRIME, &mut random).expect("the well-known group");
        let shared = group.key_pair(&mut random).agree(&G_A);
        Secrets { nonce, new_nonce, auth_key: AuthKey::new(*shared.expose()) }
    })
}

/// Runs the target. Returns the number of replies that were accepted.
///
/// # Panics
/// Panics if the handshake has too many steps, or returns a key without the server's proof.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let parameters = HandshakeParameters {
        dc: 2,
        public_keys: Arc::new([PublicKey::telegram_production(), PublicKey::telegram_test()]),
        expires_in: (choice & 1 == 1).then_some(86_400),
    };
    let mut random = drawn();
    let (mut handshake, mut body) = Handshake::start(parameters, &mut random);
    let mut accepted = 0;
    loop {
        check_request(&handshake, &body);
        if input.is_empty() {
            return accepted;
        }
        let reply = reply(&handshake, &mut input);
        match handshake.receive(&reply, &mut random) {
            Ok(Step::Send(next, request)) => (handshake, body) = (next, request),
            Ok(Step::Done(key)) => {
                // The proof is a hash of this key.
                assert_eq!(key.auth_key, secrets().auth_key);
                assert!(key.retries < MAX_DH_ATTEMPTS && key.auth_key.id().0 != 0);
                assert_eq!(key.expires_in.is_some(), choice & 1 == 1);
                return accepted + 1;
            }
            Err(_) => return accepted,
        }
        accepted += 1;
        assert!(accepted <= 2 + usize::from(MAX_DH_ATTEMPTS), "the handshake does not end");
    }
}

/// Checks the constructor and the nonces of a sent body.
fn check_request(handshake: &Handshake, body: &[u8]) {
    const REQ_PQ_MULTI: u32 = 0xbe7e_8ef1;
    const REQ_DH_PARAMS: u32 = 0xd712_e4be;
    const SET_CLIENT_DH_PARAMS: u32 = 0xf504_5f1f;
    let (constructor, server_nonce) = match handshake {
        Handshake::ResPq(_) => (REQ_PQ_MULTI, false),
        Handshake::DhParams(_) => (REQ_DH_PARAMS, true),
        Handshake::DhGen(_) => (SET_CLIENT_DH_PARAMS, true),
    };
    assert_eq!(body[..4], constructor.to_le_bytes());
    assert_eq!(body[4..20], secrets().nonce);
    assert!(!server_nonce || body.len() > 36);
    assert!(body.len().is_multiple_of(4));
}

fn reply(handshake: &Handshake, input: &mut Input<'_>) -> Vec<u8> {
    let choice = input.byte();
    let content = input.piece();
    match (choice % 4, handshake) {
        (0, _) => content.to_vec(),
        (1, Handshake::ResPq(_)) => res_pq(&PQ.to_be_bytes()),
        (1, Handshake::DhParams(_)) => dh_params_ok(&inner_data(&honest_group()), 0),
        (2, Handshake::ResPq(_)) => [&head(types::ResPq::ID)[..20], content].concat(),
        (2, Handshake::DhParams(_)) => {
            let id =
                if choice & 4 == 0 { types::ServerDhParamsOk::ID } else { types::ServerDhParamsFail::ID };
            [&head(id)[..], content].concat()
        }
        (2, Handshake::DhGen(_)) => [&head(dh_gen_id(choice))[..], content].concat(),
        (_, Handshake::ResPq(_)) => res_pq(content),
        (_, Handshake::DhParams(_)) => {
            let object = if choice & 4 == 0 { inner_data(content) } else { content.to_vec() };
            dh_params_ok(&object, usize::from(choice >> 3))
        }
        (_, Handshake::DhGen(_)) => {
            // Under the right hash, or under that of another answer.
            let number = 1 + (choice >> 2) % 3;
            let number = if choice >> 4 == 0 { number } else { 1 + choice % 3 };
            [&head(dh_gen_id(choice))[..], &new_nonce_hash(number)].concat()
        }
    }
}

fn dh_gen_id(choice: u8) -> u32 {
    [types::DhGenOk::ID, types::DhGenRetry::ID, types::DhGenFail::ID][usize::from(choice >> 2) % 3]
}

/// The constructor and both nonces.
fn head(id: u32) -> [u8; 36] {
    let mut head = [0; 36];
    head[..4].copy_from_slice(&id.to_le_bytes());
    head[4..20].copy_from_slice(&secrets().nonce);
    head[20..].copy_from_slice(&SERVER_NONCE);
    head
}

/// `resPQ` with any `pq`.
fn res_pq(pq: &[u8]) -> Vec<u8> {
    let mut body = head(types::ResPq::ID).to_vec();
    write::bytes(&mut body, pq);
    let fingerprints = [0x1122_3344_5566_7788, PublicKey::telegram_test().fingerprint()];
    write::vector(&mut body, &fingerprints, |out, fingerprint| write::u64(out, *fingerprint));
    body
}

fn honest_group() -> Vec<u8> {
    let mut fields = Vec::new();
    write::i32(&mut fields, 3);
    write::bytes(&mut fields, PRIME);
    write::bytes(&mut fields, &G_A);
    write::i32(&mut fields, SERVER_TIME);
    fields
}

/// `server_DH_inner_data` with any fields behind the nonces.
fn inner_data(fields: &[u8]) -> Vec<u8> {
    [&head(types::ServerDhInnerData::ID)[..], fields].concat()
}

/// `server_DH_params_ok` around any object, hashed and encrypted correctly. `more` bytes are added to the padding.
fn dh_params_ok(object: &[u8], more: usize) -> Vec<u8> {
    let mut answer = [&sha1(&[object])[..], object].concat();
    answer.resize((answer.len() + more).next_multiple_of(16), 0x77);
    let (key, iv) = temporary_key();
    aes_ige::encrypt(&key, &iv, &mut answer).expect("it was padded to whole blocks");
    let mut body = head(types::ServerDhParamsOk::ID).to_vec();
    write::bytes(&mut body, &answer);
    body
}

/// `tmp_aes_key` and `tmp_aes_iv` by the formulas of the documentation.
fn temporary_key() -> ([u8; 32], [u8; 32]) {
    let new_nonce = &secrets().new_nonce;
    let new_server = sha1(&[new_nonce, &SERVER_NONCE]);
    let server_new = sha1(&[&SERVER_NONCE, new_nonce]);
    let new_new = sha1(&[new_nonce, new_nonce]);
    let key = [&new_server[..], &server_new[..12]].concat();
    let iv = [&server_new[12..], &new_new, &new_nonce[..4]].concat();
    (key.try_into().expect("20 + 12"), iv.try_into().expect("8 + 20 + 4"))
}

fn new_nonce_hash(number: u8) -> [u8; 16] {
    let Secrets { new_nonce, auth_key, .. } = secrets();
    let [_, _, _, _, hash @ ..] = sha1(&[new_nonce, &[number], &auth_key.aux_hash()]);
    hash
}
