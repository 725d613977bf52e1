//! RSA keys and RSA_PAD by published vectors; the factorization of `pq`.
#![cfg(all(feature = "unstable", feature = "pem"))]

mod vectors;

use num_bigint_dig::BigUint;
use quickcheck::quickcheck;
use sansgram_core::crypto::SecureRandom;
use sansgram_core::crypto::aes_ige;
use sansgram_core::crypto::factorize::{FactorizeError, factorize};
use sansgram_core::crypto::hash::sha256;
use sansgram_core::crypto::rsa::{PemError, PublicKey, PublicKeyError, RsaPadError};
use serde_json::Value;
use vectors::{Script, Seeded, array, bytes, cases, load, text};

const F4: [u8; 3] = [1, 0, 1];

#[test]
fn keys_and_fingerprints() {
    for case in cases(&load("rsa_keys.json"), "keys", 10) {
        let key = PublicKey::from_pem(text(case, "pem")).unwrap();
        assert_eq!(key.modulus_bytes()[..], bytes(case, "n_hex"));
        assert_eq!(key.exponent_bytes(), F4);
        assert_eq!(key.fingerprint() as i64, case["fingerprint_i64"].as_i64().unwrap());
        assert_eq!(key.fingerprint().to_le_bytes(), array(case, "fingerprint_le_hex"));
        assert_eq!(format!("{key:?}"), format!("PublicKey({})", &text(case, "fingerprint_hex_be")[2..]));
        assert_eq!(key.to_pem().trim_end(), text(case, "pem").trim_end());
        assert_eq!(PublicKey::from_components(&bytes(case, "n_hex"), &F4), Ok(key));
    }
}

#[test]
fn built_in_keys_are_the_published_ones() {
    let file = load("rsa_keys.json");
    for (role, key) in
        [("production", PublicKey::telegram_production()), ("test DCs", PublicKey::telegram_test())]
    {
        let case = cases(&file, "keys", 10).iter().find(|case| text(case, "role").starts_with(role)).unwrap();
        assert_eq!(PublicKey::from_pem(text(case, "pem")), Ok(key));
    }
}

#[test]
fn both_pem_forms_contain_the_same_key() {
    let file = load("rsa_pad.json");
    let own = &file["own_test_key"];
    let spki = PublicKey::from_pem(text(own, "public_pem")).unwrap();
    assert_eq!(PublicKey::from_pem(text(own, "public_pem_pkcs1")).as_ref(), Ok(&spki));
    assert_eq!(spki.fingerprint().to_le_bytes(), array(own, "fingerprint_le_hex"));
    assert_eq!(spki.to_pem().trim_end(), text(own, "public_pem_pkcs1").trim_end());
}

#[test]
fn unusable_keys_are_rejected() {
    let modulus = *PublicKey::telegram_test().modulus_bytes();
    let with = |index: usize, byte: u8| {
        let mut changed = modulus;
        changed[index] = byte;
        changed
    };
    for (n, e, error) in [
        (&[][..], &F4[..], PublicKeyError::ModulusSize(0)),
        (&[0; 256], &F4, PublicKeyError::ModulusSize(0)),
        (&modulus[1..], &F4, PublicKeyError::ModulusSize(2040)),
        (&with(0, 0), &F4, PublicKeyError::ModulusSize(2040)),
        (&[&[1], &modulus[..]].concat(), &F4, PublicKeyError::ModulusSize(2049)),
        (&with(255, 0xf4), &F4, PublicKeyError::ModulusEven),
        (&modulus, &[], PublicKeyError::Exponent),
        (&modulus, &[0], PublicKeyError::Exponent),
        (&modulus, &[1], PublicKeyError::Exponent),
        (&modulus, &[1, 0, 0], PublicKeyError::Exponent),
        (&modulus, &[1; 9], PublicKeyError::Exponent),
    ] {
        assert_eq!(PublicKey::from_components(n, e), Err(error));
    }
    // 2041 bits are the minimum; leading zeros do not count.
    assert!(PublicKey::from_components(&with(0, 1), &F4).is_ok());
    let padded = [&[0, 0], &modulus[..]].concat();
    assert_eq!(PublicKey::from_components(&padded, &[0, 1, 0, 1]), Ok(PublicKey::telegram_test()));
}

#[test]
fn texts_without_a_key_are_rejected_with_their_reason() {
    let pem = PublicKey::telegram_production().to_pem();
    for (text, error) in [
        (String::new(), PemError::NoBlock),
        (pem.replace(" PUBLIC ", " PRIVATE "), PemError::WrongLabel),
        (pem.replace("-----END", "-----DONE"), PemError::NoEnd),
        (format!("{pem}{pem}"), PemError::TrailingText),
        (pem.replace("AQAB", "AQA*"), PemError::NotBase64),
        (pem.replace("AQAB\n", "AQAB\nAAAA\n"), PemError::NotDer),
        // A key with the label of the other format.
        (pem.replace("RSA PUBLIC", "PUBLIC"), PemError::NotDer),
    ] {
        assert_eq!(PublicKey::from_pem(&text), Err(PublicKeyError::Pem(error)), "{text}");
    }
}

#[test]
fn rsa_pad_vectors() {
    for case in cases(&load("rsa_pad.json"), "cases", 6) {
        let key = PublicKey::from_components(&bytes(case, "n_hex"), &F4).unwrap();
        let padding = bytes(case, "random_padding");
        let temp_keys: Vec<Vec<u8>> = match case.get("temp_keys").and_then(Value::as_array) {
            Some(keys) => keys.iter().map(|key| vectors::hex(key.as_str().unwrap())).collect(),
            None => vec![bytes(case, "temp_key")],
        };
        let mut script = Script::new(&[&padding, &temp_keys.concat()]);
        let encrypted = key.encrypt_padded(&bytes(case, "data"), &mut script).unwrap();
        assert_eq!(encrypted, array(case, "encrypted_data"), "{}", text(case, "name"));
        // A temporary key that does not fit is drawn again.
        assert!(script.is_used_up(), "{}", text(case, "name"));
    }
}

#[test]
fn rsa_pad_rejects_more_than_144_bytes() {
    let key = PublicKey::telegram_test();
    for len in [145, 192, 193, 1000] {
        let error = key.encrypt_padded(&vec![0; len], &mut Script::new(&[])).unwrap_err();
        assert_eq!(error, RsaPadError::DataTooLong(len));
    }
}

#[test]
fn rsa_pad_ends_even_if_the_randomness_repeats() {
    struct Stuck;
    impl SecureRandom for Stuck {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.fill(0x42);
        }
    }
    // The smallest modulus: one block in 256 fits, and this one does not.
    let mut modulus = [0; 256];
    (modulus[0], modulus[255]) = (1, 1);
    let key = PublicKey::from_components(&modulus, &F4).unwrap();
    assert_eq!(key.encrypt_padded(b"data", &mut Stuck), Err(RsaPadError::Randomness));
    assert!(key.encrypt_padded(b"data", &mut Seeded(1)).is_ok());
}

#[test]
fn pq_vectors() {
    for case in cases(&load("pq.json"), "cases", 17) {
        let pq = text(case, "pq").parse().unwrap();
        let expected = (case["p"].as_u64().unwrap(), case["q"].as_u64().unwrap());
        assert_eq!(factorize(pq), Ok(expected), "{}", text(case, "source"));
    }
}

#[test]
fn pq_vectors_that_must_be_rejected() {
    let mut errors = Vec::new();
    for case in cases(&load("pq.json"), "must_reject", 7) {
        if let Some(pq) = case.get("pq") {
            errors.push(factorize(pq.as_str().unwrap().parse().unwrap()).unwrap_err());
        } else {
            // Not 1 to 8 bytes: the handshake rejects it before factorization.
            assert!(!(1..=8).contains(&bytes(case, "pq_hex").len()));
        }
    }
    use FactorizeError::{Even, Prime, Square, TooSmall};
    assert_eq!(errors, [TooSmall, TooSmall, Prime, Square, Even]);
}

#[test]
fn numbers_of_every_other_shape_are_rejected() {
    use FactorizeError::{NotTwoPrimes, Prime, Square};
    for (pq, error) in [
        (u64::MAX, NotTwoPrimes),
        (18_446_744_073_709_551_557, Prime),
        (4_294_967_291 * 4_294_967_291, Square),
        (3 * 3, Square),
        (3_u64.pow(3), NotTwoPrimes),
        (3_u64.pow(39), NotTwoPrimes),
        (2_642_239_u64.pow(2) * 2_642_239, NotTwoPrimes),
        (65_521 * 65_519 * 65_497, NotTwoPrimes),
        (2_642_239 * 2_642_257 * 65_521, NotTwoPrimes),
    ] {
        assert_eq!(factorize(pq), Err(error), "{pq}");
    }
    // The two largest primes below 2^32; a small one with a large one.
    assert_eq!(factorize(4_294_967_279 * 4_294_967_291), Ok((4_294_967_279, 4_294_967_291)));
    assert_eq!(factorize(3 * 6_148_914_691_236_517_051), Ok((3, 6_148_914_691_236_517_051)));
}

quickcheck! {
    fn semiprimes_are_split(a: u32, b: u32, shift: u8) -> bool {
        let (a, b) = (odd_prime_from(a >> (shift % 29)), odd_prime_from(b));
        if a == b {
            return factorize(a * b) == Err(FactorizeError::Square);
        }
        factorize(a * b) == Ok((a.min(b), a.max(b)))
    }

    fn whatever_is_sent_is_judged_truly(n: u64) -> bool {
        match factorize(n) {
            Ok((p, q)) => p < q && p.checked_mul(q) == Some(n) && p > 2,
            Err(error) => error != FactorizeError::GaveUp,
        }
    }

    fn rsa_pad_is_undone_by_the_private_key(data: Vec<u8>, seed: u64) -> bool {
        let data = &data[..data.len().min(144)];
        let file = load("rsa_pad.json");
        let own = &file["own_test_key"];
        let key = PublicKey::from_pem(text(own, "public_pem")).unwrap();
        let encrypted = key.encrypt_padded(data, &mut Seeded(seed | 1)).unwrap();

        let (n, d) = (BigUint::from_bytes_be(&bytes(own, "n_hex")), BigUint::from_bytes_be(&bytes(own, "d_hex")));
        let block = BigUint::from_bytes_be(&encrypted).modpow(&d, &n).to_bytes_be();
        let mut padded = vec![0; 256 - block.len()];
        padded.extend(block);
        let (masked, aes) = padded.split_at_mut(32);
        let temp_key: [u8; 32] = std::array::from_fn(|index| masked[index] ^ sha256(&[aes])[index]);
        aes_ige::decrypt(&temp_key, &[0; 32], aes).unwrap();
        let (reversed, hash) = aes.split_at_mut(192);
        reversed.reverse();
        hash[..] == sha256(&[&temp_key, reversed]) && reversed.starts_with(data)
    }
}

/// Returns the next odd prime from `start` on, or the largest below 2^32, by trial division.
fn odd_prime_from(start: u32) -> u64 {
    let start = u64::from(start).clamp(3, 4_294_967_291) | 1;
    (start..).step_by(2).find(|n| (3..).step_by(2).take_while(|d| d * d <= *n).all(|d| n % d != 0)).unwrap()
}
