//! The same bytes through grammers-crypto 0.11.0 and through ours. Where they differ, the reason is here.
//!
//! | input | grammers-crypto | ours | why |
//! |---|---|---|---|
//! | 1 to 15 bytes after the last whole block | refused | ignored | padded intermediate framing may leave its padding there |
//! | plaintext and padding of 32 bytes | sealed | not opened | header and shortest padding have 44 bytes |
//! | padding | 17 to 32 bytes | the session's: 12 to 27 | the documentation has 12 to 1024 |
//! | RSA_PAD with a number above the modulus | the next key | another key | the documentation has another one drawn |

use grammers_crypto::DequeBuffer;
use quickcheck::{Arbitrary, Gen, QuickCheck};
use sansgram_benches::{Scripted, Seeded, hex, vectors};
use sansgram_core::crypto::message::{self, Direction, OpenError, PREFIX_LEN};
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::crypto::{AuthKey, SecureRandom, dh::DhGroup, factorize, srp};
use sansgram_core::transport::{Framing, Obfuscation};

/// The bytes of a message, with a key.
#[derive(Clone, Debug)]
struct Case {
    key: [u8; 256],
    plaintext: Vec<u8>,
}

impl Case {
    fn keys(&self) -> (AuthKey, grammers_crypto::AuthKey) {
        (AuthKey::new(self.key), grammers_crypto::AuthKey::from_bytes(self.key))
    }

    /// Returns the packet that a server sends: the plaintext, padded to a number of blocks.
    fn sealed_by_the_server(&self) -> Vec<u8> {
        let mut packet = vec![0; PREFIX_LEN];
        packet.extend(&self.plaintext);
        packet.resize(PREFIX_LEN + (self.plaintext.len() + 12).next_multiple_of(16).max(48), 7);
        message::seal(&self.keys().0, Direction::ToClient, &mut packet).unwrap();
        packet
    }
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut key = [0; 256];
        Seeded::new(u64::arbitrary(g)).fill(&mut key);
        let mut plaintext = vec![0; usize::arbitrary(g) % 2000];
        Seeded::new(u64::arbitrary(g)).fill(&mut plaintext);
        Self { key, plaintext }
    }
}

fn check(property: impl quickcheck::Testable) {
    QuickCheck::new().tests(200).quickcheck(property);
}

#[test]
fn each_reads_what_the_other_writes() {
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
    fn property(case: Case) -> bool {
        let (ours, theirs) = case.keys();
        let mut buffer = DequeBuffer::with_capacity(case.plaintext.len(), PREFIX_LEN);
        buffer.extend(case.plaintext.iter());
        grammers_crypto::encrypt_data_v2(&mut buffer, &theirs);
        let mut packet = buffer[..].to_vec();
        let padding = packet.len() - PREFIX_LEN - case.plaintext.len();
        // Theirs seals less than a header, too.
        let read = message::open(&ours, Direction::ToServer, &mut packet).map(|read| read.to_vec());
        let is_read = match read {
            Ok(read) => read.starts_with(&case.plaintext),
            Err(error) => error == OpenError::TooShort(buffer.len()) && buffer.len() == PREFIX_LEN + 32,
        };
        let mut packet = case.sealed_by_the_server();
        let theirs_read = grammers_crypto::decrypt_data_v2(&mut packet, &theirs).unwrap();
        is_read && (17..=32).contains(&padding) && theirs_read.starts_with(&case.plaintext)
    }
    check(property as fn(Case) -> bool);
}

#[test]
fn both_refuse_what_was_changed() {
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
    fn property(case: Case, at: usize, bit: u8) -> bool {
        let (ours, theirs) = case.keys();
        let mut packet = case.sealed_by_the_server();
        let at = at % packet.len();
        packet[at] ^= 1 << (bit % 8);
        let by_theirs = grammers_crypto::decrypt_data_v2(&mut packet.clone(), &theirs).is_err();
        by_theirs && message::open(&ours, Direction::ToClient, &mut packet).is_err()
    }
    check(property as fn(Case, usize, u8) -> bool);
}

#[test]
fn of_truncated_packets_only_padding_after_whole_blocks_is_judged_differently() {
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
    fn property(case: Case, more: usize) -> bool {
        let (ours, theirs) = case.keys();
        let mut packet = case.sealed_by_the_server();
        let whole = packet.len();
        packet.resize(whole + 15, 1);
        packet.truncate(more % packet.len());
        let by_theirs = grammers_crypto::decrypt_data_v2(&mut packet.clone(), &theirs).is_ok();
        let length = packet.len();
        let by_ours = message::open(&ours, Direction::ToClient, &mut packet).is_ok();
        (by_theirs, by_ours) == (length == whole, length >= whole)
    }
    check(property as fn(Case, usize) -> bool);
}

#[test]
fn rsa_pad_of_the_same_randomness_is_the_same() {
    let key = &vectors("rsa_pad")["own_test_key"];
    let ours = PublicKey::from_pem(key["public_pem"].as_str().unwrap()).unwrap();
    let modulus = num_bigint::BigUint::from_bytes_be(ours.modulus_bytes());
    let exponent = num_bigint::BigUint::from_bytes_be(ours.exponent_bytes());
    let theirs = grammers_crypto::rsa::Key::new(&modulus.to_string(), &exponent.to_string()).unwrap();
    let mut retries = 0;
    for seed in 0..300 {
        let mut drawn = vec![0; 224];
        Seeded::new(seed).fill(&mut drawn);
        let data: Vec<u8> = drawn.iter().copied().cycle().skip(7).take(seed as usize % 145).collect();
        let padding = 192 - data.len();
        // Theirs takes the temporary key from a fixed place, ours draws it next.
        let in_our_order = [&drawn[..padding], &drawn[192..]].concat();
        let mut for_retries = vec![0; 32 * 20];
        Seeded::new(!seed).fill(&mut for_retries);
        let mut random = Scripted::new([in_our_order, for_retries].concat());
        let encrypted = ours.encrypt_padded(&data, &mut random).unwrap();
        let drawn = <&[u8; 224]>::try_from(&drawn[..]).unwrap();
        let is_same = encrypted.to_vec() == grammers_crypto::rsa::encrypt_hashed(&data, &theirs, drawn);
        let is_first_try = random.drawn() == padding + 32;
        assert_eq!(is_same, is_first_try, "seed {seed}");
        retries += u32::from(!is_first_try);
    }
    assert!((1..100).contains(&retries), "{retries} of 300 were not below the modulus");
}

#[test]
fn factors_are_the_same() {
    for seed in 0..100 {
        let mut random = Seeded::new(seed);
        let mut factors = [(); 2].map(|()| next_prime(random.next_u64() >> 33 | 1 << 29));
        factors.sort_unstable();
        let [p, q] = factors;
        if p != q {
            assert_eq!(factorize::factorize(p * q).unwrap(), (p, q));
            assert_eq!(grammers_crypto::factorize(p * q), (p, q));
        }
    }
}

fn next_prime(from: u64) -> u64 {
    let has_factor =
        |number: u64| (3..).step_by(2).take_while(|by| by * by <= number).any(|by| number.is_multiple_of(by));
    (from | 1..).step_by(2).find(|number| !has_factor(*number)).unwrap()
}

#[test]
fn the_proof_of_a_password_is_the_same() {
    let case = &vectors("srp")["check_password"][0];
    let [password, salt1, salt2, prime, srp_b] =
        ["password", "salt1", "salt2", "p", "srp_B"].map(|name| hex(&case[name]));
    let group = DhGroup::check(3, &prime, &mut Seeded::new(0)).unwrap();
    let x = srp::stretch(&password, &salt1, &salt2);
    for seed in 0..3 {
        let mut a = vec![0; 256];
        Seeded::new(seed).fill(&mut a);
        let proof = srp::prove(&group, &salt1, &salt2, &x, &srp_b, &mut Scripted::new(a.clone())).unwrap();
        let theirs = grammers_crypto::two_factor_auth::calculate_2fa(
            &salt1,
            &salt2,
            &prime,
            &3,
            srp_b.clone(),
            a,
            &password,
        );
        assert_eq!((proof.m1, proof.a), theirs);
    }
}

#[test]
fn the_obfuscated_streams_are_the_same() {
    for seed in 0..50 {
        let mut random = Seeded::new(seed);
        let (mut ours, _) = Obfuscation::new(Framing::Intermediate, None, None, &mut random).unwrap();
        let mut init = [0; 64];
        Seeded::new(seed).fill(&mut init);
        init[56..60].copy_from_slice(&[0xee; 4]);
        let mut theirs = grammers_crypto::ObfuscatedCipher::new(&init);
        // Theirs leaves it to the caller that the header itself passes the cipher.
        theirs.encrypt(&mut init);
        for length in [1, 15, 16, 100] {
            let (mut a, mut b) = (vec![7; length], vec![7; length]);
            ours.encrypt(&mut a);
            theirs.encrypt(&mut b);
            assert_eq!(a, b);
            ours.decrypt(&mut a);
            theirs.decrypt(&mut b);
            assert_eq!(a, b);
        }
    }
}
