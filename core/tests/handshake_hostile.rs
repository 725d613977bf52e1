//! Hostile servers: every check of the handshake rejects a reply that violates it, with its own error.
//!
//! The replies are those of `auth_key_synthetic.json`, changed in one place. If the change is inside
//! `encrypted_answer`, the answer is hashed and encrypted again, so that only the check under test can detect it.

#![cfg(feature = "unstable")]
#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use num_bigint_dig::BigUint;
use quickcheck::QuickCheck;
use sansgram_core::crypto::dh::DhError;
use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::crypto::{AuthKey, aes_ige};
use sansgram_core::handshake::{
    Handshake, HandshakeError, HandshakeParameters, MAX_DH_ATTEMPTS, Reply, Step,
};
use sansgram_core::tl::{Reader, write};
use serde_json::Value;
use wire::run::Run;
use wire::{Scripted, Seeded, bytes, cases, unhex, vectors};

const RES_PQ: usize = 0;
const DH_PARAMS: usize = 1;
const DH_GEN: usize = 2;

/// Runs the handshake with `body` as the server's reply number `at`. Returns the error.
fn refused(at: usize, body: &[u8]) -> HandshakeError {
    refused_by(&Run::named("plain"), at, body)
}

fn refused_by(run: &Run, at: usize, body: &[u8]) -> HandshakeError {
    run.with_reply(at, body).expect_err("the reply was taken")
}

fn flipped(body: &[u8], position: usize) -> Vec<u8> {
    let mut body = body.to_vec();
    body[position] ^= 1;
    body
}

/// Builds a `resPQ` with these fields and the nonces of the run.
fn res_pq(run: &Run, pq: &[u8], fingerprints: &[u64]) -> Vec<u8> {
    let mut body = 0x0516_2463_u32.to_le_bytes().to_vec();
    body.extend(bytes(&run.case, "nonce"));
    body.extend(bytes(&run.case, "server_nonce"));
    write::bytes(&mut body, pq);
    body.extend(0x1cb5_c415_u32.to_le_bytes());
    body.extend(u32::try_from(fingerprints.len()).unwrap().to_le_bytes());
    for fingerprint in fingerprints {
        body.extend(fingerprint.to_le_bytes());
    }
    body
}

/// The fields of `server_DH_inner_data`.
struct Inner {
    nonces: [Vec<u8>; 2],
    g: i32,
    dh_prime: Vec<u8>,
    g_a: Vec<u8>,
    server_time: i32,
}

impl Inner {
    fn of(run: &Run) -> Self {
        let answer = bytes(&run.case, "answer");
        let mut reader = Reader::new(&answer[4..]);
        Self {
            nonces: [reader.int128().unwrap().to_vec(), reader.int128().unwrap().to_vec()],
            g: reader.i32().unwrap(),
            dh_prime: reader.bytes().unwrap().to_vec(),
            g_a: reader.bytes().unwrap().to_vec(),
            server_time: reader.i32().unwrap(),
        }
    }

    fn object(&self) -> Vec<u8> {
        let mut object = 0xb589_0dba_u32.to_le_bytes().to_vec();
        object.extend(self.nonces.concat());
        object.extend(self.g.to_le_bytes());
        write::bytes(&mut object, &self.dh_prime);
        write::bytes(&mut object, &self.g_a);
        object.extend(self.server_time.to_le_bytes());
        object
    }

    /// The client's result if nothing else is wrong.
    fn refused(&self) -> HandshakeError {
        let run = Run::named("plain");
        let object = self.object();
        let padding = (16 - (20 + object.len()) % 16) % 16;
        let mut random = run.random();
        let handshake = run.after(DH_PARAMS, &mut random);
        // The primality test draws any number of bytes.
        let outcome = handshake.receive(&run.dh_params_with(&object, padding), &mut Seeded(1));
        outcome.expect_err("the parameters were taken")
    }
}

#[test]
fn unchanged_replies_are_accepted() {
    let run = Run::named("plain");
    let inner = Inner::of(&run);
    assert_eq!(inner.object(), bytes(&run.case, "answer"));
    let reply = run.dh_params_with(&inner.object(), 8);
    assert!(matches!(run.with_reply(DH_PARAMS, &reply), Ok(Step::Send(..))));
    let fingerprint = run.key.fingerprint();
    let reply =
        res_pq(&run, &run.case["pq"].as_str().unwrap().parse::<u64>().unwrap().to_be_bytes(), &[fingerprint]);
    assert!(matches!(run.with_reply(RES_PQ, &reply), Ok(Step::Send(..))));
}

// Step 2: resPQ.

#[test]
fn res_pq_of_another_handshake_is_rejected() {
    let reply = Run::named("plain").reply(RES_PQ);
    for position in 4..20 {
        assert_eq!(refused(RES_PQ, &flipped(&reply, position)), HandshakeError::Nonce(Reply::ResPq));
    }
}

#[test]
fn pq_that_is_not_a_product_of_two_primes_is_rejected() {
    let run = Run::named("plain");
    for case in cases(&vectors("pq"), "must_reject", 7) {
        let pq = match (case["pq"].as_str(), case["pq_hex"].as_str()) {
            (Some(decimal), _) => decimal.parse::<u64>().unwrap().to_be_bytes().to_vec(),
            (None, hex) => unhex(hex.unwrap()),
        };
        let error = refused(RES_PQ, &res_pq(&run, &pq, &[run.key.fingerprint()]));
        if (1..=8).contains(&pq.len()) {
            assert!(matches!(error, HandshakeError::Pq(_)), "{case}: {error}");
        } else {
            assert_eq!(error, HandshakeError::PqLength(pq.len()));
        }
    }
    for pq in [1 << 63, u64::MAX] {
        let error = refused(RES_PQ, &res_pq(&run, &pq.to_be_bytes(), &[run.key.fingerprint()]));
        assert_eq!(error, HandshakeError::PqTooLarge);
    }
}

#[test]
fn a_server_without_a_trusted_key_is_rejected() {
    let run = Run::named("plain");
    let pq = [0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81];
    for offered in [vec![], vec![1], vec![run.key.fingerprint() ^ 1], (0..8).collect()] {
        let error = refused(RES_PQ, &res_pq(&run, &pq, &offered));
        assert_eq!(error, HandshakeError::UnknownFingerprints { offered });
    }
    // The error stays small for any number of fingerprints.
    let error = refused(RES_PQ, &res_pq(&run, &pq, &[7; 1000]));
    assert_eq!(error, HandshakeError::UnknownFingerprints { offered: vec![7; 8] });
    assert!(error.to_string().ends_with("0000000000000007"), "{error}");
}

/// Servers still list keys of the older padding. The client must not use them.
#[test]
fn a_server_with_old_keys_only_is_rejected() {
    let keys = vectors("rsa_keys");
    let old: Vec<u64> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["role"].as_str().unwrap().starts_with("old"))
        .map(|key| u64::from_le_bytes(bytes(key, "fingerprint_le_hex").try_into().unwrap()))
        .collect();
    assert_eq!(old.len(), 8);
    let run = Run::named("plain");
    let parameters = HandshakeParameters {
        public_keys: Arc::new([PublicKey::telegram_production(), PublicKey::telegram_test()]),
        ..run.parameters()
    };
    let mut random = run.random();
    let (handshake, _) = Handshake::start(parameters, &mut random);
    let reply = res_pq(&run, &[0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81], &old);
    let error = handshake.receive(&reply, &mut random).unwrap_err();
    assert_eq!(error, HandshakeError::UnknownFingerprints { offered: old });
}

#[test]
fn the_first_trusted_key_in_the_list_is_chosen() {
    let run = Run::named("plain");
    let (ours, telegram) = (run.key.clone(), PublicKey::telegram_production());
    for trusted in [[ours.clone(), telegram.clone()], [telegram.clone(), ours.clone()]] {
        for first in [&ours, &telegram] {
            let second = if first == &ours { &telegram } else { &ours };
            let parameters =
                HandshakeParameters { public_keys: Arc::new(trusted.clone()), ..run.parameters() };
            let (handshake, _) = Handshake::start(parameters, &mut run.random());
            let offered = [5, first.fingerprint(), second.fingerprint()];
            let mut reply = res_pq(&run, &[0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81], &offered);
            // The nonce of the run, drawn by `start` from its script.
            reply[4..20].copy_from_slice(&bytes(&run.case, "nonce"));
            let Step::Send(_, body) = handshake.receive(&reply, &mut Seeded(3)).unwrap() else {
                panic!("there is no key yet")
            };
            let mut reader = Reader::new(&body[36..]);
            reader.bytes().unwrap();
            reader.bytes().unwrap();
            assert_eq!(reader.u64(), Ok(first.fingerprint()));
        }
    }
}

#[test]
fn a_list_of_two_billion_fingerprints_is_rejected() {
    let run = Run::named("plain");
    let reply = res_pq(&run, &[0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81], &[run.key.fingerprint()]);
    let count = reply.len() - 12;
    for lie in [2, 0x7fff_ffff_u32, 0x8000_0000, u32::MAX] {
        let mut reply = reply.clone();
        reply[count..count + 4].copy_from_slice(&lie.to_le_bytes());
        let error = refused(RES_PQ, &reply);
        assert!(matches!(error, HandshakeError::Malformed { reply: Reply::ResPq, .. }), "{lie}: {error}");
    }
}

// Step 6: server_DH_params.

#[test]
fn dh_params_of_another_handshake_are_rejected() {
    let reply = Run::named("plain").reply(DH_PARAMS);
    for position in 4..20 {
        let error = refused(DH_PARAMS, &flipped(&reply, position));
        assert_eq!(error, HandshakeError::Nonce(Reply::ServerDhParams));
    }
    for position in 20..36 {
        let error = refused(DH_PARAMS, &flipped(&reply, position));
        assert_eq!(error, HandshakeError::ServerNonce(Reply::ServerDhParams));
    }
}

#[test]
fn a_correctly_encrypted_answer_with_other_nonces_is_rejected() {
    for (at, expected) in [
        (0, HandshakeError::Nonce(Reply::ServerDhInnerData)),
        (1, HandshakeError::ServerNonce(Reply::ServerDhInnerData)),
    ] {
        for position in [0, 7, 15] {
            let mut inner = Inner::of(&Run::named("plain"));
            inner.nonces[at][position] ^= 0x80;
            assert_eq!(inner.refused(), expected);
        }
    }
}

/// A change affects its own block and all that follow. The last block has eight bytes of the object.
#[test]
fn a_change_anywhere_in_the_encrypted_answer_is_detected() {
    let run = Run::named("plain");
    let reply = run.reply(DH_PARAMS);
    let answer = reply.len() - 592;
    for position in (answer..reply.len()).step_by(5) {
        let error = refused(DH_PARAMS, &flipped(&reply, position));
        let found = matches!(
            error,
            HandshakeError::AnswerHash
                | HandshakeError::AnswerPadding(_)
                | HandshakeError::Malformed { reply: Reply::ServerDhInnerData, .. }
        );
        assert!(found, "byte {position}: {error}");
    }
}

#[test]
fn an_answer_with_a_wrong_hash_is_rejected() {
    let run = Run::named("plain");
    let object = bytes(&run.case, "answer");
    for position in [0, 10, 19] {
        let mut answer = [&sha1(&[&object])[..], &object, &[0; 8]].concat();
        answer[position] ^= 1;
        let reply = run.dh_params_ok(&run.encrypt(answer));
        assert_eq!(refused(DH_PARAMS, &reply), HandshakeError::AnswerHash);
    }
    // The hash covers only the object: one that includes the padding is wrong.
    let padded = [&object[..], &[0; 8]].concat();
    let reply = run.dh_params_ok(&run.encrypt([&sha1(&[&padded])[..], &padded].concat()));
    assert_eq!(refused(DH_PARAMS, &reply), HandshakeError::AnswerHash);
}

#[test]
fn an_answer_of_an_impossible_length_is_rejected() {
    let run = Run::named("plain");
    for length in [0, 1, 15, 16, 17, 591, 593, 600] {
        let error = refused(DH_PARAMS, &run.dh_params_ok(&vec![0x42; length]));
        assert_eq!(error, HandshakeError::AnswerLength(length));
    }
}

#[test]
fn an_answer_with_an_extra_block_is_rejected() {
    let run = Run::named("plain");
    let object = bytes(&run.case, "answer");
    for blocks in [1, 2, 100] {
        let padding = 8 + 16 * blocks;
        let error = refused(DH_PARAMS, &run.dh_params_with(&object, padding));
        assert_eq!(error, HandshakeError::AnswerPadding(padding));
    }
}

#[test]
fn an_answer_with_another_object_is_rejected() {
    let run = Run::named("plain");
    let mut object = bytes(&run.case, "answer");
    object[0] ^= 1;
    let error = refused(DH_PARAMS, &run.dh_params_with(&object, 8));
    assert!(matches!(error, HandshakeError::Malformed { reply: Reply::ServerDhInnerData, .. }), "{error}");
    // An object that extends beyond the end of the answer.
    let object = bytes(&run.case, "answer");
    let error = refused(DH_PARAMS, &run.dh_params_with(&object[..300], 0));
    assert!(matches!(error, HandshakeError::Malformed { reply: Reply::ServerDhInnerData, .. }), "{error}");
}

#[test]
fn server_dh_params_fail_ends_the_handshake_if_it_is_genuine() {
    let run = Run::named("plain");
    let mut reply = 0x79cb_045d_u32.to_le_bytes().to_vec();
    reply.extend(bytes(&run.case, "nonce"));
    reply.extend(bytes(&run.case, "server_nonce"));
    reply.extend(&sha1(&[&bytes(&run.case, "new_nonce")])[4..]);
    assert_eq!(refused(DH_PARAMS, &reply), HandshakeError::DhParamsFailed);
    assert_eq!(refused(DH_PARAMS, &flipped(&reply, 4)), HandshakeError::Nonce(Reply::ServerDhParams));
    assert_eq!(refused(DH_PARAMS, &flipped(&reply, 35)), HandshakeError::ServerNonce(Reply::ServerDhParams));
    for position in 36..52 {
        let error = refused(DH_PARAMS, &flipped(&reply, position));
        assert_eq!(error, HandshakeError::NewNonceHash(Reply::ServerDhParams));
    }
}

// Step 6.1: the group and g_a.

#[test]
fn a_prime_that_is_not_safe_is_rejected() {
    for case in cases(&vectors("dh_checks"), "bad_primes", 4) {
        let mut inner = Inner::of(&Run::named("plain"));
        // A generator that is valid for every prime, so that only the prime can be wrong.
        inner.g = 4;
        inner.dh_prime = bytes(case, "hex");
        let name = case["name"].as_str().unwrap();
        let expected = if name.contains("bit") { DhError::PrimeLength } else { DhError::NotSafePrime };
        assert_eq!(inner.refused(), HandshakeError::Group(expected), "{name}");
    }
}

#[test]
fn a_bad_generator_is_rejected() {
    for (g, expected) in [
        (i32::MIN, DhError::GeneratorRange),
        (-3, DhError::GeneratorRange),
        (0, DhError::GeneratorRange),
        (1, DhError::GeneratorRange),
        (2, DhError::GeneratorNotResidue),
        (5, DhError::GeneratorNotResidue),
        (6, DhError::GeneratorNotResidue),
        (8, DhError::GeneratorRange),
        (i32::MAX, DhError::GeneratorRange),
    ] {
        let mut inner = Inner::of(&Run::named("plain"));
        inner.g = g;
        assert_eq!(inner.refused(), HandshakeError::Group(expected), "g = {g}");
    }
}

#[test]
fn g_a_at_the_edges_is_rejected_or_accepted() {
    let run = Run::named("plain");
    for case in cases(&vectors("dh_checks"), "g_a_edges", 8) {
        let mut inner = Inner::of(&run);
        inner.g_a = match &case["g_a"] {
            Value::Number(small) => vec![u8::try_from(small.as_u64().unwrap()).unwrap()],
            hex => number(hex.as_str().unwrap()),
        };
        if case["accept"].as_bool().unwrap() {
            let object = inner.object();
            let padding = (16 - (20 + object.len()) % 16) % 16;
            let step = run.with_reply(DH_PARAMS, &run.dh_params_with(&object, padding));
            assert!(matches!(step, Ok(Step::Send(..))), "{case}");
        } else {
            let error = inner.refused();
            assert!(matches!(error, HandshakeError::ServerPublicValue(_)), "{case}: {error}");
        }
    }
    let mut inner = Inner::of(&run);
    inner.g_a = vec![1; 257];
    assert_eq!(inner.refused(), HandshakeError::ServerPublicValue(DhError::PublicLength));
    inner.g_a = vec![];
    assert_eq!(inner.refused(), HandshakeError::ServerPublicValue(DhError::PublicRange));
}

/// Decodes any number of hexadecimal digits.
fn number(hex: &str) -> Vec<u8> {
    if hex.len() < 2 { unhex(&format!("0{hex}")) } else { unhex(hex) }
}

// Step 9: dh_gen_*.

#[test]
fn a_final_reply_of_another_handshake_is_rejected() {
    for name in ["plain", "retry_then_ok", "fail"] {
        let run = Run::named(name);
        let reply = run.reply(DH_GEN);
        for (positions, expected) in [
            (4..20, HandshakeError::Nonce(Reply::DhGen)),
            (20..36, HandshakeError::ServerNonce(Reply::DhGen)),
            (36..52, HandshakeError::NewNonceHash(Reply::DhGen)),
        ] {
            for position in positions.step_by(5) {
                assert_eq!(refused_by(&run, DH_GEN, &flipped(&reply, position)), expected, "{name}");
            }
        }
    }
}

/// The three answers differ in one byte of the hashed data: none is accepted as another.
#[test]
fn ok_retry_and_fail_cannot_be_swapped() {
    let ids = [("plain", 0x3bcb_f734_u32), ("retry_then_ok", 0x46dc_1fb9), ("fail", 0xa69d_ae02)];
    for (name, own) in ids {
        let run = Run::named(name);
        let mut reply = run.reply(DH_GEN);
        assert_eq!(reply[..4], own.to_le_bytes());
        for (_, other) in ids.iter().filter(|(_, id)| *id != own) {
            reply[..4].copy_from_slice(&other.to_le_bytes());
            let error = refused_by(&run, DH_GEN, &reply);
            assert_eq!(error, HandshakeError::NewNonceHash(Reply::DhGen), "{name}");
        }
    }
}

#[test]
fn every_reply_at_a_wrong_step_is_rejected() {
    let run = Run::named("plain");
    for at in [RES_PQ, DH_PARAMS, DH_GEN] {
        for other in [RES_PQ, DH_PARAMS, DH_GEN].into_iter().filter(|other| *other != at) {
            let error = refused(at, &run.reply(other));
            assert!(matches!(error, HandshakeError::Malformed { .. }), "{other} instead of {at}: {error}");
        }
        let error = refused(at, &[]);
        assert!(matches!(error, HandshakeError::Malformed { .. }), "{error}");
    }
}

#[test]
fn every_truncated_reply_is_rejected() {
    let run = Run::named("plain");
    for at in [RES_PQ, DH_PARAMS, DH_GEN] {
        let reply = run.reply(at);
        let step = if at == DH_PARAMS { 37 } else { 7 };
        for length in (0..reply.len()).step_by(step).chain([reply.len() - 1]) {
            let error = refused(at, &reply[..length]);
            assert!(matches!(error, HandshakeError::Malformed { .. }), "{length} bytes: {error}");
        }
    }
}

/// Bytes inserted, removed or overwritten anywhere: every damaged reply must be rejected.
#[test]
fn damaged_replies_never_panic_and_authenticated_parts_are_checked() {
    fn property(late: bool, position: usize, removed: u8, put: Vec<u8>) -> bool {
        let run = Run::named("retry_then_ok");
        let at = if late { DH_GEN } else { DH_PARAMS };
        let genuine = run.reply(at);
        let position = position % genuine.len();
        let end = genuine.len().min(position + usize::from(removed % 32));
        let damaged = [&genuine[..position], &put, &genuine[end..]].concat();
        // Only bytes after the object may be changed.
        run.with_reply(at, &damaged).is_err() || damaged.starts_with(&genuine)
    }
    QuickCheck::new().tests(300).quickcheck(property as fn(bool, usize, u8, Vec<u8>) -> bool);
}

#[test]
fn any_bytes_after_constructor_and_nonces_never_panic() {
    fn property(at: u8, variant: u8, rest: Vec<u8>) -> bool {
        let run = Run::named("plain");
        let at = usize::from(at % 3);
        let ids: &[u32] = match at {
            RES_PQ => &[0x0516_2463],
            DH_PARAMS => &[0xd0e8_075c, 0x79cb_045d],
            _ => &[0x3bcb_f734, 0x46dc_1fb9, 0xa69d_ae02],
        };
        let mut body = ids[usize::from(variant) % ids.len()].to_le_bytes().to_vec();
        body.extend(bytes(&run.case, "nonce"));
        body.extend(bytes(&run.case, "server_nonce"));
        body.extend(rest);
        run.with_reply(at, &body).is_err()
    }
    QuickCheck::new().tests(300).quickcheck(property as fn(u8, u8, Vec<u8>) -> bool);
}

/// A server for the last step, with the secrets of the run's server.
struct KeyServer {
    nonces: [Vec<u8>; 2],
    new_nonce: Vec<u8>,
    temporary_key: ([u8; 32], [u8; 32]),
    secret: BigUint,
    prime: BigUint,
}

/// The client's offer, and the resulting key.
struct Offered {
    retry_id: [u8; 8],
    g_b: Vec<u8>,
    key: AuthKey,
}

impl KeyServer {
    fn of(run: &Run) -> Self {
        Self {
            nonces: [bytes(&run.case, "nonce"), bytes(&run.case, "server_nonce")],
            new_nonce: bytes(&run.case, "new_nonce"),
            temporary_key: run.temporary_key(),
            secret: BigUint::from_bytes_be(&bytes(&run.case, "server_secret_a")),
            prime: BigUint::from_bytes_be(&Inner::of(run).dh_prime),
        }
    }

    /// Parses `set_client_DH_params` as documented.
    fn read(&self, body: &[u8]) -> Offered {
        let mut reader = Reader::new(body);
        assert_eq!(reader.u32(), Ok(0xf504_5f1f));
        for nonce in &self.nonces {
            assert_eq!(reader.int128().unwrap()[..], nonce[..]);
        }
        let mut data = reader.bytes().unwrap().to_vec();
        reader.finish().unwrap();
        let (key, iv) = &self.temporary_key;
        aes_ige::decrypt(key, iv, &mut data).unwrap();

        let mut reader = Reader::new(&data[20..]);
        assert_eq!(reader.u32(), Ok(0x6643_b654));
        for nonce in &self.nonces {
            assert_eq!(reader.int128().unwrap()[..], nonce[..]);
        }
        let retry_id = reader.u64().unwrap().to_le_bytes();
        let g_b = reader.bytes().unwrap().to_vec();
        assert_ne!(g_b[0], 0, "without leading zeros");
        assert_eq!(data[..20], sha1(&[&data[20..20 + reader.position()]]));
        assert!(reader.remaining() < 16);

        let shared = BigUint::from_bytes_be(&g_b).modpow(&self.secret, &self.prime).to_bytes_be();
        let mut key = [0; 256];
        key[256 - shared.len()..].copy_from_slice(&shared);
        Offered { retry_id, g_b, key: AuthKey::new(key) }
    }

    /// Builds `dh_gen_ok` (1) or `dh_gen_retry` (2).
    fn answer(&self, number: u8, key: &AuthKey) -> Vec<u8> {
        let id: u32 = if number == 1 { 0x3bcb_f734 } else { 0x46dc_1fb9 };
        let hash = sha1(&[&self.new_nonce, &[number], &key.aux_hash()]);
        [&id.to_le_bytes()[..], &self.nonces[0], &self.nonces[1], &hash[4..]].concat()
    }
}

#[test]
fn endless_retries_end_the_handshake() {
    let run = Run::named("plain");
    let server = KeyServer::of(&run);
    let mut script = run.random();
    let mut handshake = run.after(DH_PARAMS, &mut script);
    let mut random = Seeded(5);
    let mut reply = run.reply(DH_PARAMS);
    let (mut retry_id, mut seen) = ([0; 8], Vec::new());
    for _ in 0..MAX_DH_ATTEMPTS {
        let Step::Send(next, body) = handshake.receive(&reply, &mut random).unwrap() else {
            panic!("there is no key yet")
        };
        let offered = server.read(&body);
        assert_eq!(offered.retry_id, retry_id, "the id of the key that was not wanted");
        assert!(!seen.contains(&offered.g_b), "a new value each time");
        (retry_id, handshake) = (offered.key.aux_hash(), next);
        seen.push(offered.g_b);
        reply = server.answer(2, &offered.key);
    }
    let error = handshake.receive(&reply, &mut random).unwrap_err();
    assert_eq!(error, HandshakeError::TooManyRetries);
}

#[test]
fn the_last_attempt_may_succeed() {
    let run = Run::named("plain");
    let server = KeyServer::of(&run);
    let mut handshake = run.after(DH_PARAMS, &mut run.random());
    let mut random = Seeded(6);
    let mut reply = run.reply(DH_PARAMS);
    for attempt in 1..=MAX_DH_ATTEMPTS {
        let Step::Send(next, body) = handshake.receive(&reply, &mut random).unwrap() else {
            panic!("there is no key yet")
        };
        let offered = server.read(&body);
        reply = server.answer(if attempt == MAX_DH_ATTEMPTS { 1 } else { 2 }, &offered.key);
        handshake = next;
    }
    let Ok(Step::Done(key)) = handshake.receive(&reply, &mut random) else { panic!("the key was confirmed") };
    assert_eq!(key.retries, MAX_DH_ATTEMPTS - 1);
}

/// One key in 256 starts with a zero byte. It must still be 256 bytes long.
#[test]
fn a_key_with_leading_zeros_keeps_them() {
    let run = Run::named("plain");
    let server = KeyServer::of(&run);
    let g_a = BigUint::from_bytes_be(&Inner::of(&run).g_a);
    // The first exponent from 10,000 on with such a key.
    let mut exponent = 10_000_u32;
    let mut key = g_a.modpow(&BigUint::from(exponent), &server.prime);
    while key.bits() > 2040 {
        key = key * &g_a % &server.prime;
        exponent += 1;
    }
    let mut b = [0; 256];
    b[252..].copy_from_slice(&exponent.to_be_bytes());

    let handshake = run.after(DH_PARAMS, &mut run.random());
    let mut random = Scripted::new(&[&b, &[0; 12]]);
    let Step::Send(handshake, body) = handshake.receive(&run.reply(DH_PARAMS), &mut random).unwrap() else {
        panic!("there is no key yet")
    };
    let offered = server.read(&body);
    assert_eq!(offered.key.as_bytes()[0], 0);
    let reply = server.answer(1, &offered.key);
    let Ok(Step::Done(key)) = handshake.receive(&reply, &mut random) else { panic!("the key was confirmed") };
    assert_eq!(key.auth_key, offered.key);
}

/// Errors and states are logged: neither may contain a secret of the run.
#[test]
fn debug_shows_no_secrets_of_a_handshake() {
    let run = Run::named("plain");
    let round = &run.case["rounds"][0];
    let secrets = [
        bytes(&run.case, "new_nonce"),
        bytes(&run.case, "tmp_aes_key"),
        bytes(&run.case, "tmp_aes_iv"),
        bytes(round, "auth_key"),
        bytes(round, "b"),
    ];
    let mut random = run.random();
    for replies in 0..3 {
        let shown = format!("{:?}", run.after(replies, &mut run.random()));
        for secret in &secrets {
            let list = format!("{:?}", &secret[..4]);
            assert!(!shown.contains(list.trim_matches(['[', ']'])), "after {replies} replies");
        }
    }
    let handshake = run.after(DH_GEN, &mut random);
    let shown = format!("{:?}", handshake.receive(&run.reply(DH_GEN), &mut random).unwrap());
    let list = format!("{:?}", &secrets[3][..4]);
    assert!(!shown.contains(list.trim_matches(['[', ']'])));
}

#[test]
fn errors_name_the_reply() {
    let texts = [Reply::ResPq, Reply::ServerDhParams, Reply::ServerDhInnerData, Reply::DhGen]
        .map(|reply| HandshakeError::Nonce(reply).to_string());
    assert_eq!(texts[0], "resPQ has another nonce");
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len());
}
