//! The server's half of SRP-6a as Telegram uses it (`core.telegram.org/api/srp`), independent of the client's half in
//! `sansgram-core`, with another bignum library.

use hmac::{Hmac, KeyInit, Mac};
use num_bigint_dig::BigUint;
use num_traits::Zero;
use sha2::{Digest, Sha256, Sha512};

use super::forms;
use super::options::TestPassword;
use super::wire::{Writer, id};
use crate::random::SecureRandom;
use crate::secrets::Secrets;

/// The generator that goes with [`PRIME`].
const G: i32 = 3;
const ITERATIONS: u32 = 100_000;
/// The server's part of the first salt of a new password, in bytes.
const NEW_SALT_LEN: usize = 8;
/// The 2048-bit prime that Telegram's servers use (`core.telegram.org/api/srp` links to the checks on it).
const PRIME: &str = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db\
                     fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
                     2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41\
                     0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
                     e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf\
                     6f4fadf034b10403119cd8e3b92fcc5b";

/// What the server keeps instead of a password.
#[derive(Clone, Debug)]
pub(super) struct Verifier {
    salt1: Vec<u8>,
    salt2: Vec<u8>,
    v: BigUint,
    /// The stretched password, if the server made the verifier itself.
    x: Option<[u8; 32]>,
}

/// A challenge, valid for one answer.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub(super) srp_id: i64,
    b: BigUint,
    public: [u8; 256],
}

impl Verifier {
    /// Makes the verifier of a password, which takes about a tenth of a second.
    pub(super) fn new(password: &str, random: &mut dyn SecureRandom) -> Self {
        let mut salt1 = vec![0; 40];
        let mut salt2 = vec![0; 16];
        random.fill(&mut salt1);
        random.fill(&mut salt2);
        Self::with_salts(password.as_bytes(), salt1, salt2)
    }

    /// Checks a verifier that a client made. `None` if it is out of range or the first salt lacks the client's part.
    pub(super) fn from_client(salt1: &[u8], salt2: &[u8], g: i32, p: &[u8], v: &[u8]) -> Option<Self> {
        let v = BigUint::from_bytes_be(v);
        let is_in_range = v > BigUint::from(1_u8) && v < prime() - BigUint::from(1_u8);
        let fits = g == G && p == padded(&prime()) && salt1.len() >= NEW_SALT_LEN + 32;
        (fits && is_in_range).then(|| Self { salt1: salt1.to_vec(), salt2: salt2.to_vec(), v, x: None })
    }

    fn with_salts(password: &[u8], salt1: Vec<u8>, salt2: Vec<u8>) -> Self {
        let x = stretched(password, &salt1, &salt2);
        let v = generator().modpow(&BigUint::from_bytes_be(&x), &prime());
        Self { salt1, salt2, v, x: Some(x) }
    }

    /// Returns both salts and the verifier.
    pub(super) fn parts(&self) -> (&[u8], &[u8], [u8; 256]) {
        (&self.salt1, &self.salt2, padded(&self.v))
    }

    /// Restores a verifier from its [`parts`](Self::parts).
    pub(super) fn from_parts(salt1: &[u8], salt2: &[u8], v: &[u8]) -> Self {
        Self { salt1: salt1.to_vec(), salt2: salt2.to_vec(), v: BigUint::from_bytes_be(v), x: None }
    }

    /// Adds the stored forms of the password to the secrets.
    pub(super) fn add_secrets_to(&self, secrets: &Secrets) {
        secrets.add("password verifier", padded(&self.v));
        if let Some(x) = &self.x {
            secrets.add("password hash", x);
        }
    }

    /// Makes a challenge with a new `srp_id` and `srp_B`.
    pub(super) fn challenge(&self, random: &mut dyn SecureRandom) -> Challenge {
        loop {
            let mut secret = [0; 256];
            let mut srp_id = [0; 8];
            random.fill(&mut secret);
            random.fill(&mut srp_id);
            let b = BigUint::from_bytes_be(&secret);
            let sum = multiplier() * &self.v + generator().modpow(&b, &prime());
            let public = padded(&(sum % prime()));
            // Clients refuse a short B; this drops one challenge in 2^64.
            if public[..8] != [0; 8] {
                return Challenge { srp_id: i64::from_le_bytes(srp_id), b, public };
            }
        }
    }

    /// Whether `a` and `m1` prove that the client knows the password.
    pub(super) fn accepts(&self, challenge: &Challenge, a: &[u8], m1: &[u8]) -> bool {
        let p = prime();
        let public = BigUint::from_bytes_be(a);
        if a.len() > 256 || public >= p || public.is_zero() {
            return false;
        }
        let a = padded(&public);
        let u = BigUint::from_bytes_be(&sha256(&[&a, &challenge.public]));
        if u.is_zero() {
            return false;
        }
        let shared = (public * self.v.modpow(&u, &p)).modpow(&challenge.b, &p);
        let mut masked = sha256(&[&padded(&p)]);
        for (byte, other) in masked.iter_mut().zip(sha256(&[&padded(&generator())])) {
            *byte ^= other;
        }
        let expected = sha256(&[
            &masked,
            &sha256(&[&self.salt1]),
            &sha256(&[&self.salt2]),
            &a,
            &challenge.public,
            &sha256(&[&padded(&shared)]),
        ]);
        expected == *m1
    }
}

/// A boxed `account.password`: with a challenge if there is a password, else only with the parameters for a new one.
pub(super) fn password_object(
    layer: i32,
    guarded: Option<(&TestPassword, &Verifier, &Challenge)>,
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let mut fresh = [0; 8 + 16 + 8 + 256];
    random.fill(&mut fresh);
    let new_algo = kdf_algo(&fresh[..8], &fresh[8..24]);
    let new_secure_algo = Writer::boxed(id::SECURE_PASSWORD_KDF_ALGO).bytes(&fresh[24..32]).finish();
    let mut object = Writer::boxed(forms::of(forms::PASSWORD, layer));
    if let Some((password, verifier, challenge)) = guarded {
        let flags = u32::from(password.has_recovery) | 1 << 2 | u32::from(password.hint.is_some()) << 3;
        object = object
            .u32(flags)
            .object(&kdf_algo(&verifier.salt1, &verifier.salt2))
            .bytes(&challenge.public)
            .i64(challenge.srp_id);
        if let Some(hint) = &password.hint {
            object = object.string(hint);
        }
    } else {
        object = object.u32(0);
    }
    object.object(&new_algo).object(&new_secure_algo).bytes(&fresh[32..]).finish()
}

fn kdf_algo(salt1: &[u8], salt2: &[u8]) -> Vec<u8> {
    let algo = Writer::boxed(id::PASSWORD_KDF_ALGO).bytes(salt1).bytes(salt2).i32(G);
    algo.bytes(&padded(&prime())).finish()
}

/// `x`: three times SHA-256 with a salt on both sides, and PBKDF2-HMAC-SHA512 before the last.
fn stretched(password: &[u8], salt1: &[u8], salt2: &[u8]) -> [u8; 32] {
    let first = salted(&salted(password, salt1), salt2);
    salted(&pbkdf2(&first, salt1), salt2)
}

fn salted(data: &[u8], salt: &[u8]) -> [u8; 32] {
    sha256(&[salt, data, salt])
}

/// PBKDF2-HMAC-SHA512 with an output of one block (RFC 8018, section 5.2).
fn pbkdf2(password: &[u8], salt: &[u8]) -> [u8; 64] {
    let keyed =
        Hmac::<Sha512>::new_from_slice(password).unwrap_or_else(|_| unreachable!("any length will do"));
    let turn = |pieces: &[&[u8]]| -> [u8; 64] {
        let mut mac = keyed.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    };
    let mut last = turn(&[salt, &1_u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..ITERATIONS {
        last = turn(&[&last]);
        for (byte, other) in sum.iter_mut().zip(last) {
            *byte ^= other;
        }
    }
    sum
}

fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}

fn prime() -> BigUint {
    BigUint::parse_bytes(PRIME.as_bytes(), 16).unwrap_or_default()
}

fn generator() -> BigUint {
    BigUint::from(G.unsigned_abs())
}

/// `k`, which ties a challenge to its group.
fn multiplier() -> BigUint {
    BigUint::from_bytes_be(&sha256(&[&padded(&prime()), &padded(&generator())]))
}

/// 256 bytes, big-endian. `number` is at most the prime.
fn padded(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut padded = [0; 256];
    padded[256 - bytes.len()..].copy_from_slice(&bytes);
    padded
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::random::SeededRandomForTestingOnly;

    fn hex(value: &Value) -> Vec<u8> {
        let text = value.as_str().expect("hex");
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    fn vectors() -> Value {
        let text = include_str!("../../vectors/srp.json");
        serde_json::from_str(text).expect("JSON")
    }

    /// What a client answers: `A` and `M1`, straight from the documentation's formulas.
    pub(in crate::accounts) fn client_answer(
        password: &[u8],
        [salt1, salt2]: [&[u8]; 2],
        srp_b: &[u8],
        secret: &[u8],
    ) -> ([u8; 256], [u8; 32]) {
        let p = prime();
        let x = BigUint::from_bytes_be(&stretched(password, salt1, salt2));
        let secret = BigUint::from_bytes_be(secret);
        let a = padded(&generator().modpow(&secret, &p));
        let b = padded(&BigUint::from_bytes_be(srp_b));
        let u = BigUint::from_bytes_be(&sha256(&[&a, &b]));
        let k_v = multiplier() * generator().modpow(&x, &p) % &p;
        let t = (BigUint::from_bytes_be(srp_b) + &p - k_v) % &p;
        let shared = padded(&t.modpow(&(secret + u * x), &p));
        let masked: Vec<u8> = sha256(&[&padded(&p)])
            .iter()
            .zip(sha256(&[&padded(&generator())]))
            .map(|(left, right)| left ^ right)
            .collect();
        let m1 = sha256(&[&masked, &sha256(&[salt1]), &sha256(&[salt2]), &a, &b, &sha256(&[&shared])]);
        (a, m1)
    }

    /// The verifier that a client makes of a new password, and the prime that goes with it.
    pub(in crate::accounts) fn new_verifier(password: &[u8], [salt1, salt2]: [&[u8]; 2]) -> [Vec<u8>; 2] {
        let verifier = Verifier::with_salts(password, salt1.to_vec(), salt2.to_vec());
        [padded(&verifier.v).to_vec(), padded(&prime()).to_vec()]
    }

    #[test]
    fn verifiers_are_those_of_the_vectors() {
        let vectors = vectors();
        let mut checked = 0;
        for case in vectors["check_password"].as_array().expect("a list") {
            if hex(&case["p"]) != padded(&prime()) {
                continue;
            }
            let (salt1, salt2) = (hex(&case["salt1"]), hex(&case["salt2"]));
            let password = hex(&case["password"]);
            assert_eq!(stretched(&password, &salt1, &salt2), *hex(&case["x_ph2"]));
            let verifier = Verifier::with_salts(&password, salt1.clone(), salt2.clone());
            assert_eq!(padded(&verifier.v), *hex(&case["v"]));
            // The client of these tests is held against the vectors too, before it vouches for the server.
            let (a, m1) = client_answer(&password, [&salt1, &salt2], &hex(&case["srp_B"]), &hex(&case["a"]));
            assert_eq!(a, *hex(&case["g_a"]));
            assert_eq!(m1, *hex(&case["M1"]));
            checked += 1;
        }
        assert_eq!(checked, 7);
    }

    #[test]
    fn the_right_password_is_accepted_and_no_other() {
        let mut random = SeededRandomForTestingOnly::new(11);
        let verifier = Verifier::new("sandbox", &mut random);
        let challenge = verifier.challenge(&mut random);
        let salts = [&verifier.salt1[..], &verifier.salt2[..]];
        let (a, m1) = client_answer(b"sandbox", salts, &challenge.public, &[9; 256]);
        assert!(verifier.accepts(&challenge, &a, &m1));
        let (wrong_a, wrong_m1) = client_answer(b"sandboy", salts, &challenge.public, &[9; 256]);
        assert!(!verifier.accepts(&challenge, &wrong_a, &wrong_m1));
        let another = verifier.challenge(&mut random);
        assert_ne!(another.srp_id, challenge.srp_id);
        assert_ne!(another.public, challenge.public);
        assert!(!verifier.accepts(&another, &a, &m1));
    }

    #[test]
    fn degenerate_public_values_are_refused_before_any_proof() {
        let mut random = SeededRandomForTestingOnly::new(12);
        let verifier = Verifier::new("sandbox", &mut random);
        let challenge = verifier.challenge(&mut random);
        let proof_of_zero = |a: &[u8; 256]| {
            let masked: Vec<u8> = sha256(&[&padded(&prime())])
                .iter()
                .zip(sha256(&[&padded(&generator())]))
                .map(|(left, right)| left ^ right)
                .collect();
            let shared = sha256(&[&[0; 256]]);
            let salts = [sha256(&[&verifier.salt1]), sha256(&[&verifier.salt2])];
            sha256(&[&masked, &salts[0], &salts[1], a, &challenge.public, &shared])
        };
        // With A = 0 or p the shared number is 0 whatever the password is.
        for a in [[0; 256], padded(&prime())] {
            assert!(!verifier.accepts(&challenge, &a, &proof_of_zero(&a)));
        }
        assert!(!verifier.accepts(&challenge, &[1; 257], &[0; 32]));
        assert!(!verifier.accepts(&challenge, &[1; 256], &[]));
    }
}
