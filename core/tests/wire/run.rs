//! The runs of `auth_key_synthetic.json`: both sides of a handshake, with every byte known.

use std::sync::Arc;

use sansgram_core::crypto::aes_ige;
use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::handshake::{Handshake, HandshakeError, HandshakeParameters, Step, plain};
use serde_json::Value;

use super::{Scripted, bytes, vectors};

/// The key of `rsa_pad.json` whose private half is published.
pub(crate) fn own_test_key() -> PublicKey {
    let key = &vectors("rsa_pad")["own_test_key"];
    let exponent = key["e"].as_u64().unwrap().to_be_bytes();
    PublicKey::from_components(&bytes(key, "n_hex"), &exponent).unwrap()
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) case: Value,
    pub(crate) key: PublicKey,
}

impl Run {
    pub(crate) fn all() -> Vec<Self> {
        let key = own_test_key();
        let cases = vectors("auth_key_synthetic")["cases"].as_array().unwrap().clone();
        cases.into_iter().map(|case| Self { case, key: key.clone() }).collect()
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::all().into_iter().find(|run| run.case["name"] == name).unwrap()
    }

    pub(crate) fn parameters(&self) -> HandshakeParameters {
        let number = |key: &str| self.case[key].as_i64().map(|value| i32::try_from(value).unwrap());
        HandshakeParameters {
            dc: number("dc").unwrap(),
            public_keys: Arc::new([self.key.clone()]),
            expires_in: number("expires_in"),
        }
    }

    /// Everything that the client draws, in order.
    pub(crate) fn random(&self) -> Scripted {
        let mut script = Scripted::default();
        for key in ["nonce", "new_nonce", "random_padding", "temp_key"] {
            script.push(&bytes(&self.case, key));
        }
        for round in self.case["rounds"].as_array().unwrap() {
            script.push(&bytes(round, "b"));
            script.push(&bytes(round, "client_padding"));
        }
        script
    }

    /// The packets of one side, in order.
    pub(crate) fn packets(&self, side: &str) -> Vec<Vec<u8>> {
        let packets = self.case["packets"].as_array().unwrap().iter();
        packets.filter(|packet| packet["dir"] == side).map(|packet| bytes(packet, "hex")).collect()
    }

    /// Returns the body of the server's reply number `at`.
    pub(crate) fn reply(&self, at: usize) -> Vec<u8> {
        plain::decode(&self.packets("server")[at]).unwrap().1.to_vec()
    }

    /// Returns a handshake that has handled the first `replies` of the server.
    pub(crate) fn after(&self, replies: usize, random: &mut Scripted) -> Handshake {
        let (mut handshake, _) = Handshake::start(self.parameters(), random);
        for at in 0..replies {
            match handshake.receive(&self.reply(at), random).unwrap() {
                Step::Send(next, _) => handshake = next,
                Step::Done(_) => panic!("the handshake ended after {at} replies"),
            }
        }
        handshake
    }

    /// Returns the result if the server's reply number `at` is `body`.
    pub(crate) fn with_reply(&self, at: usize, body: &[u8]) -> Result<Step, HandshakeError> {
        let mut random = self.random();
        self.after(at, &mut random).receive(body, &mut random)
    }

    pub(crate) fn temporary_key(&self) -> ([u8; 32], [u8; 32]) {
        let half = |key| bytes(&self.case, key).try_into().unwrap();
        (half("tmp_aes_key"), half("tmp_aes_iv"))
    }

    /// Builds `server_DH_params_ok` with this `encrypted_answer`.
    pub(crate) fn dh_params_ok(&self, encrypted_answer: &[u8]) -> Vec<u8> {
        let mut body = 0xd0e8_075c_u32.to_le_bytes().to_vec();
        body.extend(bytes(&self.case, "nonce"));
        body.extend(bytes(&self.case, "server_nonce"));
        sansgram_core::tl::write::bytes(&mut body, encrypted_answer);
        body
    }

    /// Builds `server_DH_params_ok` with another object inside, correctly hashed and encrypted.
    pub(crate) fn dh_params_with(&self, object: &[u8], padding: usize) -> Vec<u8> {
        let mut answer = sha1(&[object]).to_vec();
        answer.extend_from_slice(object);
        answer.extend(vec![0x77; padding]);
        self.dh_params_ok(&self.encrypt(answer))
    }

    pub(crate) fn encrypt(&self, mut answer: Vec<u8>) -> Vec<u8> {
        let (key, iv) = self.temporary_key();
        aes_ige::encrypt(&key, &iv, &mut answer).unwrap();
        answer
    }
}
