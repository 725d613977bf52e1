//! Right and wrong passphrases, damage, and texts of any cost.

use quickcheck::QuickCheck;
use sansgram_core::client::{DcAuth, DcId};
use sansgram_core::{AuthKey, OsRandom};

use super::*;

/// The lowest cost that Argon2 allows.
const CHEAP: Cost = Cost::new(8, 1, 1);

fn session() -> StoredSession {
    let dc = DcId::new(2).unwrap();
    let key = DcAuth { auth_key: AuthKey::new([3; 256]), server_salt: 9 };
    StoredSession {
        home_dc: Some(dc),
        keys: [(dc, key)].into(),
        api_id: Some(17),
        ..StoredSession::default()
    }
}

fn encrypted(passphrase: &str) -> String {
    encrypt(&session(), passphrase, CHEAP, &mut OsRandom::default()).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text.strip_prefix(TEXT_PREFIX).unwrap()).unwrap()
}

/// Returns the text of `content`, with a correct checksum.
fn text(content: &[u8]) -> String {
    let checksum = &Sha256::digest(content)[..CHECKSUM_LEN];
    format!("{TEXT_PREFIX}{}", Base64UrlUnpadded::encode_string(&[content, checksum].concat()))
}

#[test]
fn encrypted_sessions_are_decrypted() {
    for passphrase in ["", "correct horse", "пароль 🦀"] {
        let text = encrypted(passphrase);
        assert!(is_encrypted(&text));
        assert_eq!(decrypt(&format!("  {text}\n"), passphrase), Ok(session()));
        assert_eq!(decrypt(&text, "wrong"), Err(EncryptionError::WrongPassphrase));
    }
}

#[test]
fn the_default_cost_is_accepted() {
    let text = encrypt(&session(), "x", Cost::default(), &mut OsRandom::default()).unwrap();
    assert_eq!(decrypt(&text, "x"), Ok(session()));
}

#[test]
fn no_two_texts_are_alike_and_none_shows_the_session() {
    let (one, other) = (encrypted("x"), encrypted("x"));
    assert_ne!(bytes(&one)[HEADER_LEN..], bytes(&other)[HEADER_LEN..]);
    let shown = String::from_utf8_lossy(&bytes(&one)).into_owned();
    assert!(!shown.contains("sansgram1:"));
}

#[test]
fn every_changed_or_missing_character_is_damage() {
    let text = encrypted("x");
    for at in TEXT_PREFIX.len()..text.len() {
        let replacement = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = text.clone();
        changed.replace_range(at..=at, replacement);
        for broken in [&changed, &text[..at]] {
            let error = decrypt(broken, "x").unwrap_err();
            assert!(
                matches!(error, EncryptionError::Damaged(_) | EncryptionError::Newer(_)),
                "{at}: {error}"
            );
            assert!(!error.to_string().contains("characters"), "{at}: {error}");
        }
    }
}

/// A change is noticed even if the checksum is correct: the whole header is authenticated.
#[test]
fn every_forged_byte_is_noticed() {
    let whole = bytes(&encrypted("x"));
    let content = &whole[..whole.len() - CHECKSUM_LEN];
    for at in 0..content.len() {
        let mut changed = content.to_vec();
        changed[at] ^= 1;
        assert!(decrypt(&text(&changed), "x").is_err(), "byte {at}");
    }
}

#[test]
fn costs_out_of_range_are_refused() {
    let whole = bytes(&encrypted("x"));
    let content = &whole[..whole.len() - CHECKSUM_LEN];
    let cases: [(u32, u32, u8); 6] =
        [(u32::MAX, 1, 1), ((1 << 20) + 1, 1, 1), (7, 1, 1), (8, 0, 1), (8, 101, 1), (1 << 20, 1, 17)];
    for (memory, passes, lanes) in cases {
        let mut changed = content.to_vec();
        changed[1..5].copy_from_slice(&memory.to_le_bytes());
        changed[5..9].copy_from_slice(&passes.to_le_bytes());
        changed[9] = lanes;
        assert_eq!(decrypt(&text(&changed), "x"), Err(EncryptionError::ExcessiveCost));
        let cost = Cost::new(memory, passes, lanes);
        let refused = encrypt(&session(), "x", cost, &mut OsRandom::default());
        assert_eq!(refused, Err(EncryptionError::ExcessiveCost));
    }
}

#[test]
fn other_texts_are_named() {
    assert_eq!(decrypt(&session().to_text(), "x"), Err(EncryptionError::NotEncrypted));
    let mut content = bytes(&encrypted("x"));
    content[0] = 2;
    assert_eq!(decrypt(&text(&content), "x"), Err(EncryptionError::Newer(2)));
}

#[test]
fn random_bytes_are_refused_without_a_panic() {
    fn property(noise: Vec<u8>, is_versioned: bool) -> bool {
        let mut content = noise;
        if is_versioned {
            content.insert(0, VERSION);
        }
        decrypt(&text(&content), "x").is_err()
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(Vec<u8>, bool) -> bool);
}

/// Returns a text on which trying a passphrase costs `cost`.
fn strangers(cost: Cost) -> String {
    let mut content = bytes(&encrypted("x"));
    content.truncate(content.len() - CHECKSUM_LEN);
    content[1..5].copy_from_slice(&cost.memory.to_le_bytes());
    content[5..9].copy_from_slice(&cost.passes.to_le_bytes());
    content[9] = cost.lanes;
    text(&content)
}

#[test]
fn an_unusual_cost_is_refused_by_default() {
    let begin = std::time::Instant::now();
    for cost in [Cost::new(1 << 20, 100, 4), Cost::new(1 << 20, 5, 1), Cost::new(64 << 10, 65, 16)] {
        let text = strangers(cost);
        assert_eq!(super::cost(&text), Ok(cost));
        assert_eq!(decrypt(&text, "x"), Err(EncryptionError::UnusualCost(cost)));
    }
    let whole = EncryptionError::UnusualCost(Cost::new(1 << 20, 100, 4)).to_string();
    assert!(whole.contains("takes 1024 MiB of memory and 534 times as long as usual"), "{whole}");
    // No key was derived: the first alone would take minutes in a debug build.
    assert!(begin.elapsed() < std::time::Duration::from_secs(2), "{:?}", begin.elapsed());
    assert!(Cost::default().is_usual() && Cost::new(1 << 20, 4, 4).is_usual());
    // A cost out of range is refused even if any cost is allowed.
    let text = strangers(Cost::new((1 << 20) + 1, 1, 1));
    assert_eq!(decrypt(&text, "x"), Err(EncryptionError::ExcessiveCost));
    assert_eq!(decrypt_at_any_cost(&text, "x"), Err(EncryptionError::ExcessiveCost));
}

#[test]
fn an_unusual_cost_is_accepted_if_it_is_allowed() {
    // Little memory with so many passes that the cost is unusual.
    let cost = Cost::new(45_000, 100, 1);
    assert!(!cost.is_usual());
    let cheap = Cost::new(8, 100, 1);
    let text = encrypt(&session(), "x", cheap, &mut OsRandom::default()).unwrap();
    assert_eq!(decrypt_at_any_cost(&text, "x"), Ok(session()));
    assert_eq!(
        decrypt_at_any_cost(&strangers(Cost::new(16, 1, 1)), "x"),
        Err(EncryptionError::WrongPassphrase)
    );
}
