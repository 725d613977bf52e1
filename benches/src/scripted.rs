//! A whole handshake from the vectors: the replies of the server, and the randomness of the client that fits them.

use std::fs;

use sansgram_core::crypto::SecureRandom;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::handshake::{Handshake, HandshakeParameters, NewAuthKey, Step, plain};
use serde_json::Value;

/// The vectors of one file of `tests/vectors`.
///
/// # Panics
/// Panics if there is no such file.
#[must_use]
pub fn vectors(name: &str) -> Value {
    let path = format!("{}/../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("the vectors are there")).expect("JSON")
}

/// Recorded randomness.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    script: Vec<u8>,
    position: usize,
}

impl Scripted {
    /// Draws these bytes, in order.
    #[must_use]
    pub const fn new(script: Vec<u8>) -> Self {
        Self { script, position: 0 }
    }

    /// Returns how many bytes were drawn.
    #[must_use]
    pub const fn drawn(&self) -> usize {
        self.position
    }
}

impl SecureRandom for Scripted {
    fn fill(&mut self, buffer: &mut [u8]) {
        let end = self.position + buffer.len();
        buffer.copy_from_slice(&self.script[self.position..end]);
        self.position = end;
    }
}

/// One handshake with all its bytes.
#[derive(Debug)]
pub struct HandshakeRun {
    parameters: HandshakeParameters,
    random: Scripted,
    replies: Vec<Vec<u8>>,
}

impl HandshakeRun {
    /// The simplest of the synthetic runs.
    ///
    /// # Panics
    /// Panics if the vectors do not have it.
    #[must_use]
    pub fn plain() -> Self {
        let run = &vectors("auth_key_synthetic")["cases"][0];
        let pem = &vectors("rsa_pad")["own_test_key"]["public_pem"];
        let key = PublicKey::from_pem(pem.as_str().expect("PEM")).expect("a key");
        let round = &run["rounds"][0];
        let drawn = ["nonce", "new_nonce", "random_padding", "temp_key"].map(|name| hex(&run[name]));
        let script = [&drawn.concat()[..], &hex(&round["b"]), &hex(&round["client_padding"])].concat();
        let packets = run["packets"].as_array().expect("packets").iter();
        let replies = packets.filter(|packet| packet["dir"] == "server").map(|packet| {
            let packet = hex(&packet["hex"]);
            plain::decode(&packet).expect("a plain message").1.to_vec()
        });
        Self {
            parameters: HandshakeParameters {
                dc: i32::try_from(run["dc"].as_i64().expect("a number")).expect("a small one"),
                public_keys: [key].into(),
                expires_in: None,
            },
            random: Scripted::new(script),
            replies: replies.collect(),
        }
    }

    /// Runs the client's side of it.
    ///
    /// # Panics
    /// Panics if the handshake does not end with a key.
    #[must_use]
    pub fn client_side(&self) -> NewAuthKey {
        let mut random = self.random.clone();
        let (mut handshake, _) = Handshake::start(self.parameters.clone(), &mut random);
        for reply in &self.replies {
            match handshake.receive(reply, &mut random).expect("an honest reply") {
                Step::Send(next, _) => handshake = next,
                Step::Done(key) => return *key,
            }
        }
        panic!("the run has no end")
    }
}

/// Returns the bytes that a string of hexadecimal digits stands for.
///
/// # Panics
/// Panics if it is none.
#[must_use]
pub fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hexadecimal digits");
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digits).collect()
}
