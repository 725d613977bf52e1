//! Whole handshakes, compared byte for byte, with the randomness of their vectors.
//!
//! - `auth_key_synthetic.json`: eight runs with a test key, compared completely, including the envelope.
//! - `auth_key_published.json`: the sample of `core.telegram.org/mtproto/samples-auth_key`. It does not contain the
//!   temporary key of RSA_PAD, so `encrypted_data` of `req_DH_params` cannot be compared; everything else is.
//! - `auth_key_grammers.json`: a captured exchange that used the older `p_q_inner_data` without a DC. Again,
//!   `encrypted_data` of `req_DH_params` cannot be compared; everything else is.
#![cfg(feature = "unstable")]

mod wire;

use std::sync::Arc;

use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::handshake::{Handshake, HandshakeError, HandshakeParameters, NewAuthKey, Step, plain};
use serde_json::Value;
use wire::run::Run;
use wire::{Scripted, bytes, vectors};

/// Wraps `body` in an envelope with the `msg_id` of `packet`.
fn in_the_envelope_of(packet: &[u8], body: &[u8]) -> Vec<u8> {
    let (msg_id, _) = plain::decode(packet).unwrap();
    let mut out = Vec::new();
    plain::encode(msg_id, body, &mut out);
    out
}

/// Runs a handshake to its end and compares every packet of the client.
fn replay(run: &Run) -> Result<NewAuthKey, HandshakeError> {
    let mut random = run.random();
    let (mut handshake, mut body) = Handshake::start(run.parameters(), &mut random);
    let mut replies = run.packets("server").into_iter();
    for expected in run.packets("client") {
        assert_eq!(in_the_envelope_of(&expected, &body), expected);
        let reply = replies.next().unwrap();
        match handshake.receive(plain::decode(&reply).unwrap().1, &mut random) {
            Ok(Step::Send(next, answer)) => (handshake, body) = (next, answer),
            ended => {
                assert_eq!((random.left(), replies.len()), (0, 0), "nothing is left over");
                return ended.map(|step| match step {
                    Step::Done(key) => *key,
                    Step::Send(..) => unreachable!(),
                });
            }
        }
    }
    panic!("the handshake did not end with the run")
}

fn assert_result(run: &Value, round: &Value, key: &NewAuthKey) {
    assert_eq!(key.auth_key.as_bytes()[..], bytes(round, "auth_key"));
    assert_eq!(key.auth_key.id().to_bytes()[..], bytes(round, "auth_key_id_le_hex"));
    assert_eq!(key.auth_key.aux_hash()[..], bytes(round, "auth_key_aux_hash"));
    assert_eq!(key.server_salt.to_le_bytes()[..], bytes(run, "server_salt_le_hex"));
    assert_eq!(i64::from(key.server_time), run["server_time"].as_i64().unwrap());
    assert!(!format!("{key:?}").contains(&key.server_salt.to_string()), "{key:?}");
}

#[test]
fn every_synthetic_run_matches_its_packets_and_result() {
    let runs = Run::all();
    assert_eq!(runs.len(), 8);
    for run in runs {
        let outcome = replay(&run);
        if run.case["result"] == "fail" {
            assert_eq!(outcome, Err(HandshakeError::DhGenFailed));
            continue;
        }
        let key = outcome.unwrap();
        let rounds = run.case["rounds"].as_array().unwrap();
        assert_eq!(usize::from(key.retries), rounds.len() - 1);
        assert_eq!(key.expires_in, run.parameters().expires_in);
        assert_result(&run.case, rounds.last().unwrap(), &key);
    }
}

/// Returns a temporary key for RSA_PAD whose first block is below the modulus.
const SOME_TEMP_KEY: [u8; 32] = [1; 32];

/// Compares two bodies of `req_DH_params` except for `encrypted_data`, their last 256 bytes.
fn assert_same_request(ours: &[u8], theirs: &[u8]) {
    assert_eq!(ours.len(), theirs.len());
    let compared = ours.len() - 256;
    assert_eq!(ours[..compared], theirs[..compared]);
}

fn sent(step: Step) -> (Handshake, Vec<u8>) {
    match step {
        Step::Send(handshake, body) => (handshake, body),
        Step::Done(_) => panic!("the handshake ended early"),
    }
}

fn done(step: Step) -> NewAuthKey {
    match step {
        Step::Done(key) => *key,
        Step::Send(..) => panic!("the handshake went on"),
    }
}

#[test]
fn the_published_sample_is_replayed() {
    let sample = vectors("auth_key_published");
    let script = |key| bytes(&sample, key);
    let mut random = Scripted::new(&[
        &script("nonce"),
        &script("new_nonce"),
        &script("rsa_random_padding"),
        &SOME_TEMP_KEY,
        &script("b"),
        &script("client_padding"),
    ]);
    let parameters = HandshakeParameters {
        dc: 2,
        public_keys: Arc::new([PublicKey::telegram_test(), PublicKey::telegram_production()]),
        expires_in: None,
    };
    let body_of = |key| plain::decode(&bytes(&sample, key)).unwrap().1.to_vec();
    // The server's bodies have random bytes after the object. The page omits them, but gives their number.
    let padded_body_of = |key, length: usize| {
        let mut packet = bytes(&sample, key);
        assert!(matches!(plain::decode(&packet), Err(plain::PlainError::Length { .. })));
        packet.resize(20 + length, 0xd7);
        plain::decode(&packet).unwrap().1.to_vec()
    };

    let (handshake, body) = Handshake::start(parameters, &mut random);
    assert_eq!(body, body_of("req_pq_multi_packet"));
    let step = handshake.receive(&padded_body_of("resPQ_packet_as_published", 168), &mut random).unwrap();
    let (handshake, body) = sent(step);
    assert_same_request(&body, &body_of("req_DH_params_packet"));
    let reply = padded_body_of("server_DH_params_ok_packet_as_published", 708);
    let (handshake, body) = sent(handshake.receive(&reply, &mut random).unwrap());
    assert_eq!(body, body_of("set_client_DH_params_packet"));
    let key =
        done(handshake.receive(&padded_body_of("dh_gen_ok_packet_as_published", 116), &mut random).unwrap());
    assert_result(&sample, &sample, &key);
    assert_eq!(key.server_salt, sample["server_salt_i64"].as_i64().unwrap());
    assert_eq!((key.retries, key.expires_in, random.left()), (0, None, 0));
}

#[test]
fn the_captured_exchange_is_replayed() {
    let capture = vectors("auth_key_grammers");
    let script = |key| bytes(&capture, key);
    let mut random = Scripted::new(&[
        &script("nonce"),
        &script("new_nonce"),
        &[0; 192 - 100],
        &SOME_TEMP_KEY,
        &script("b"),
        &script("client_padding"),
    ]);
    let parameters =
        HandshakeParameters { dc: 2, public_keys: Arc::new([PublicKey::telegram_test()]), expires_in: None };

    let (handshake, body) = Handshake::start(parameters, &mut random);
    assert_eq!(body, script("req_pq_multi"));
    let (handshake, body) = sent(handshake.receive(&script("resPQ"), &mut random).unwrap());
    assert_same_request(&body, &script("req_DH_params"));
    let (handshake, body) = sent(handshake.receive(&script("server_DH_params_ok"), &mut random).unwrap());
    assert_eq!(body, script("set_client_DH_params"));
    let key = done(handshake.receive(&script("dh_gen_ok"), &mut random).unwrap());
    assert_eq!(key.auth_key.as_bytes()[..], script("auth_key"));
    assert_eq!(key.auth_key.id().to_bytes()[..], script("auth_key_id_le_hex"));
    assert_eq!(key.server_salt, capture["server_salt_i64"].as_i64().unwrap());
    assert_eq!(i64::from(key.server_time), capture["server_time"].as_i64().unwrap());
    assert_eq!(random.left(), 0);
}
