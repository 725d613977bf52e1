//! The message encryption and its primitives, by published vectors and by properties.
#![cfg(feature = "unstable")]

mod vectors;

use quickcheck::quickcheck;
use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::message::{
    self, Direction, Level, MIN_PACKET_LEN, OpenError, PREFIX_LEN, Packet, QuickAckToken, SealError,
};
use sansgram_core::crypto::{AuthKey, AuthKeyId, aes_ige};
use sansgram_core::tl::{Serialize, functions};
use serde_json::Value;
use vectors::{array, bytes, cases, load, text};

#[test]
fn aes_ige_vectors() {
    for case in cases(&load("aes_ige.json"), "cases", 8) {
        let (key, iv) = (array(case, "key"), array(case, "iv"));
        let mut data = bytes(case, "plaintext");
        aes_ige::encrypt(&key, &iv, &mut data).unwrap();
        assert_eq!(data, bytes(case, "ciphertext"), "{}", text(case, "name"));
        aes_ige::decrypt(&key, &iv, &mut data).unwrap();
        assert_eq!(data, bytes(case, "plaintext"), "{}", text(case, "name"));
    }
}

#[test]
fn aes_ige_rejects_partial_blocks() {
    for len in (1..64).filter(|len| len % 16 != 0) {
        let mut data = vec![7; len];
        aes_ige::encrypt(&[1; 32], &[2; 32], &mut data).unwrap_err();
        aes_ige::decrypt(&[1; 32], &[2; 32], &mut data).unwrap_err();
        assert_eq!(data, vec![7; len], "changed although refused");
    }
}

#[test]
fn aes_ctr_vectors_and_any_chunking() {
    for case in cases(&load("aes_ctr.json"), "cases", 2) {
        let chunks = |name: &str| -> Vec<Vec<u8>> {
            case[name].as_array().unwrap().iter().map(|chunk| vectors::hex(chunk.as_str().unwrap())).collect()
        };
        let mut stream = AesCtr::new(&array(case, "key"), &array(case, "iv"));
        for (input, output) in chunks("chunks_in").into_iter().zip(chunks("chunks_out")) {
            let mut data = input;
            stream.apply(&mut data);
            assert_eq!(data, output);
        }
        for step in [1, 3, 15, 17] {
            let mut stream = AesCtr::new(&array(case, "key"), &array(case, "iv"));
            let mut data = chunks("chunks_in").concat();
            data.chunks_mut(step).for_each(|chunk| stream.apply(chunk));
            assert_eq!(data, chunks("chunks_out").concat(), "in steps of {step}");
        }
    }
}

#[test]
fn kdf_vectors() {
    for case in cases(&load("kdf.json"), "message_kdf", 7) {
        let derive = if case["version"] == 2 { message::kdf } else { message::kdf_v1 };
        let keys = derive(&array(case, "auth_key"), &array(case, "msg_key"), direction(case));
        assert_eq!(keys.key, array(case, "aes_key"), "{}", text(case, "source"));
        assert_eq!(keys.iv, array(case, "aes_iv"), "{}", text(case, "source"));
    }
}

#[test]
fn auth_key_names() {
    let mut hashed = 0;
    for case in cases(&load("kdf.json"), "auth_key_hashes", 2) {
        let key = AuthKey::new(array(case, "auth_key"));
        assert_eq!(key.as_bytes(), &array(case, "auth_key"));
        assert_eq!(key.id(), AuthKeyId::from_bytes(array(case, "auth_key_id_le_hex")));
        assert_eq!(key.id().to_bytes(), array(case, "auth_key_id_le_hex"));
        assert_eq!(key.id().to_string(), text(case, "auth_key_id_le_hex"));
        assert_eq!(format!("{key:?}"), format!("AuthKey {{ id: {}, .. }}", key.id()));
        if case.get("aux_hash").is_some() {
            assert_eq!(key.aux_hash(), array(case, "aux_hash"));
            hashed += 1;
        }
        assert_eq!(key, key.clone());
        let mut other = array::<256>(case, "auth_key");
        other[255] ^= 1;
        assert_ne!(key, AuthKey::new(other));
    }
    assert_eq!(hashed, 1);
}

#[test]
fn message_vectors_seal_and_open() {
    let mut tokens = 0;
    for case in cases(&load("messages.json"), "accept_or_encrypt", 14) {
        let name = text(case, "name");
        let key = auth_key(case);
        let plaintext = bytes(case, "plaintext_with_padding");
        let mut packet = [vec![0xcc; PREFIX_LEN], plaintext.clone()].concat();
        let token = message::seal(&key, direction(case), &mut packet).unwrap();
        assert_eq!(packet, bytes(case, "encrypted"), "{name}");
        if let Some(expected) = case.get("quick_ack_token").and_then(Value::as_str) {
            assert_eq!(token, quick_ack(expected), "{name}");
            tokens += 1;
        }
        for level in Level::all() {
            let mut packet = [vec![0xcc; PREFIX_LEN], plaintext.clone()].concat();
            assert_eq!(
                message::seal_at(level, &key, direction(case), &mut packet),
                Ok(token),
                "{name}, {level:?}"
            );
            assert_eq!(packet, bytes(case, "encrypted"), "{name}, {level:?}");
            assert_eq!(
                message::open_at(level, &key, direction(case), &mut packet),
                Ok(&mut plaintext.clone()[..]),
                "{name}, {level:?}"
            );
        }
        assert_eq!(
            message::open(&key, direction(case), &mut packet),
            Ok(&mut plaintext.clone()[..]),
            "{name}"
        );
    }
    assert_eq!(tokens, 11);
}

#[test]
fn message_vectors_that_a_client_must_reject() {
    let file = load("messages.json");
    let (mut by_cipher, mut later) = (0, 0);
    for case in cases(&file, "negative_and_edge", 24) {
        let name = text(case, "name");
        let key = auth_key(case);
        let mut packet = bytes(case, if case.get("packet").is_some() { "packet" } else { "encrypted" });
        let refused_here = match name {
            "wrong msg_key"
            | "bit flipped in ciphertext"
            | "bit flipped in msg_key"
            | "last block dropped"
            | "truncated to 8 mod 16"
            | "client direction keys (x=0) reflected to client" => Some(OpenError::MsgKeyMismatch),
            "foreign auth_key_id" => Some(OpenError::WrongKeyId),
            _ => None,
        };
        let opened = message::open(&key, Direction::ToClient, &mut packet);
        if let Some(error) = refused_here {
            by_cipher += 1;
            assert_eq!(case["accept"], false, "{name}");
            assert_eq!(opened, Err(error), "{name}");
        } else {
            // The fault of these is inside the plaintext: decryption must succeed.
            later += 1;
            assert_eq!(opened, Ok(&mut bytes(case, "plaintext_with_padding")[..]), "{name}");
        }
    }
    assert_eq!((by_cipher, later), (7, 17));
}

#[test]
fn a_mismatch_wipes_the_decrypted_bytes() {
    let key = AuthKey::new(stretched(b"a key that differs by direction"));
    let mut packet = [7; MIN_PACKET_LEN];
    message::seal(&key, Direction::ToClient, &mut packet).unwrap();
    assert_eq!(message::open(&key, Direction::ToServer, &mut packet), Err(OpenError::MsgKeyMismatch));
    assert_eq!(packet[PREFIX_LEN..], [0; 48]);
}

/// In version 1 `msg_key` is the SHA-1 of the message without its padding, which can be changed unnoticed (Jakobsen and
/// Orlandi, 2015).
#[test]
fn messages_of_version_1_and_changed_padding_are_rejected() {
    let key = AuthKey::new(stretched(b"a key"));
    let text = [7; 64];
    let sealed = |msg_key: &[u8; 16], keys: &message::Keys, text: &[u8]| {
        let mut text = text.to_vec();
        aes_ige::encrypt(&keys.key, &keys.iv, &mut text).unwrap();
        [&key.id().to_bytes()[..], msg_key, &text].concat()
    };
    let [_, _, _, _, msg_key @ ..] = sha1(&[&text[..52]]);
    let keys = message::kdf_v1(key.as_bytes(), &msg_key, Direction::ToClient);
    let mut version_1 = sealed(&msg_key, &keys, &text);
    assert_eq!(message::open(&key, Direction::ToClient, &mut version_1), Err(OpenError::MsgKeyMismatch));

    let mut packet = [&[0; PREFIX_LEN][..], &text].concat();
    message::seal(&key, Direction::ToClient, &mut packet).unwrap();
    let msg_key: [u8; 16] = packet[8..24].try_into().unwrap();
    let keys = message::kdf(key.as_bytes(), &msg_key, Direction::ToClient);
    assert_eq!(sealed(&msg_key, &keys, &text), packet);
    // The last 12 bytes are padding.
    for at in 52..64 {
        let mut changed = text;
        changed[at] ^= 1;
        let mut packet = sealed(&msg_key, &keys, &changed);
        assert_eq!(
            message::open(&key, Direction::ToClient, &mut packet),
            Err(OpenError::MsgKeyMismatch),
            "{at}"
        );
    }
}

#[test]
fn invalid_packet_lengths() {
    let key = AuthKey::new([9; 256]);
    for len in 0..MIN_PACKET_LEN {
        let mut packet = vec![0; len];
        assert_eq!(message::open(&key, Direction::ToClient, &mut packet), Err(OpenError::TooShort(len)));
        assert_eq!(message::seal(&key, Direction::ToServer, &mut packet), Err(SealError::TooShort(len)));
    }
    for len in (PREFIX_LEN + 49)..(PREFIX_LEN + 64) {
        let mut packet = vec![0; len];
        assert_eq!(
            message::seal(&key, Direction::ToServer, &mut packet),
            Err(SealError::Unaligned(len - PREFIX_LEN))
        );
        assert_eq!(packet, vec![0; len], "changed although refused");
    }
}

/// Packets of each kind, in both directions.
fn packets_of<'a>(keys: &'a [AuthKey], buffers: &'a mut [Vec<u8>]) -> Vec<Packet<'a>> {
    let each = keys.iter().cycle().zip(buffers.iter_mut()).enumerate();
    each.map(|(at, (key, bytes))| Packet { key, direction: towards(at % 2 == 0), bytes }).collect()
}

#[test]
fn several_packets_are_sealed_and_opened_like_each_alone() {
    let keys = [1, 2, 3].map(|seed| AuthKey::new(stretched(&[seed, 77, seed + 9])));
    let lengths =
        [48, 48, 64, 1024, 47, 49, 0, 16384, 1024, 80, 96, 112, 128, 144, 160, 1040, 1056, 48, 2000];
    let original: Vec<Vec<u8>> =
        lengths.iter().enumerate().map(|(at, length)| vec![at as u8; PREFIX_LEN + length]).collect();
    let mut alone = original.clone();
    let tokens: Vec<_> = packets_of(&keys, &mut alone)
        .into_iter()
        .map(|packet| message::seal(packet.key, packet.direction, packet.bytes))
        .collect();
    assert_eq!(tokens[4], Err(SealError::TooShort(71)));
    assert_eq!(tokens[5], Err(SealError::Unaligned(49)));

    let mut changed = alone.clone();
    changed[1][PREFIX_LEN + 40] ^= 1;
    changed[3][2] ^= 1;
    changed[7][20] ^= 0x80;
    changed[9].truncate(PREFIX_LEN + 60);
    changed[10].extend([1; 15]);
    let mut opened = changed.clone();
    let texts: Vec<Result<Vec<u8>, OpenError>> = packets_of(&keys, &mut opened)
        .into_iter()
        .map(|packet| message::open(packet.key, packet.direction, packet.bytes).map(|text| text.to_vec()))
        .collect();
    assert_eq!(texts[1], Err(OpenError::MsgKeyMismatch));
    assert_eq!(texts[3], Err(OpenError::WrongKeyId));
    assert_eq!(texts[6], Err(OpenError::TooShort(PREFIX_LEN)));
    assert_eq!(texts[7], Err(OpenError::MsgKeyMismatch));
    assert_eq!(texts[9], Err(OpenError::MsgKeyMismatch));
    assert_eq!(texts[10].as_deref(), Ok(&original[10][PREFIX_LEN..]));

    for level in Level::all() {
        for count in 0..=lengths.len() {
            let mut buffers = original[..count].to_vec();
            let results = message::seal_many_at(level, &mut packets_of(&keys, &mut buffers));
            assert_eq!(results, tokens[..count], "{level:?}");
            assert!(buffers == alone[..count], "{level:?}");
            let mut buffers = changed[..count].to_vec();
            let mut packets = packets_of(&keys, &mut buffers);
            let results = message::open_many_at(level, &mut packets);
            let results: Vec<_> = results.into_iter().map(|text| text.map(|text| text.to_vec())).collect();
            assert_eq!(results, texts[..count], "{level:?}");
            // What was rejected is wiped.
            assert!(buffers == opened[..count], "{level:?}");
        }
    }
    let mut buffers = original.clone();
    assert_eq!(message::seal_many(&mut packets_of(&keys, &mut buffers)), tokens);
    assert_eq!(message::open_many(&mut packets_of(&keys, &mut buffers)).len(), lengths.len());
}

#[test]
fn binding_vectors() {
    for case in cases(&load("bind_temp_auth_key.json"), "cases", 2) {
        let key = AuthKey::new(array(case, "perm_auth_key"));
        assert_eq!(key.id().to_string(), text(case, "perm_auth_key_id_le_hex"));
        let sealed = message::seal_binding(
            &key,
            array(case, "random16"),
            case["msg_id"].as_u64().unwrap(),
            &array(case, "bind_auth_key_inner"),
            array(case, "padding"),
        );
        assert_eq!(sealed, array(case, "encrypted_message"), "{}", text(case, "name"));
        let keys = message::kdf_v1(key.as_bytes(), &array(case, "msg_key"), Direction::ToServer);
        assert_eq!(keys.key, array(case, "aes_key"));
        assert_eq!(keys.iv, array(case, "aes_iv"));

        let inner: [u8; 40] = array(case, "bind_auth_key_inner");
        let request = functions::auth::BindTempAuthKey {
            perm_auth_key_id: i64::from_le_bytes(key.id().to_bytes()),
            nonce: i64::from_le_bytes(inner[4..12].try_into().unwrap()),
            expires_at: i32::try_from(case["expires_at"].as_i64().unwrap()).unwrap(),
            encrypted_message: sealed.to_vec(),
        };
        assert_eq!(request.to_bytes(), bytes(case, "request"));
    }
}

/// The `msg_key` of MTProto 1.0, which only bindings still use: the last 16 bytes of SHA-1.
#[test]
fn message_key_of_version_1() {
    for case in cases(&load("kdf.json"), "msg_key_v1", 1) {
        assert_eq!(sha1(&[&bytes(case, "data")])[4..], bytes(case, "msg_key"));
    }
}

quickcheck! {
    fn aes_ige_undoes_itself(key: Vec<u8>, iv: Vec<u8>, data: Vec<u8>) -> bool {
        let (key, iv) = (stretched(&key), stretched(&iv));
        let mut text = data;
        text.truncate(text.len() / 16 * 16);
        let original = text.clone();
        aes_ige::encrypt(&key, &iv, &mut text).unwrap();
        let changed = text != original || text.is_empty();
        aes_ige::decrypt(&key, &iv, &mut text).unwrap();
        changed && text == original
    }

    fn sealed_messages_open(key: Vec<u8>, data: Vec<u8>, to_server: bool, tail: u8) -> bool {
        let (key, direction) = (AuthKey::new(stretched(&key)), towards(to_server));
        let plaintext = padded(data);
        let mut packet = sealed(&key, direction, &plaintext);
        packet.extend(vec![tail; usize::from(tail % 16)]);
        message::open(&key, direction, &mut packet) == Ok(&mut plaintext.clone()[..])
    }

    fn any_changed_byte_is_refused(key: Vec<u8>, data: Vec<u8>, to_server: bool, place: usize, change: u8) -> bool {
        let (key, direction) = (AuthKey::new(stretched(&key)), towards(to_server));
        let mut packet = sealed(&key, direction, &padded(data));
        let place = place % packet.len();
        packet[place] ^= change.max(1);
        let expected = if place < 8 { OpenError::WrongKeyId } else { OpenError::MsgKeyMismatch };
        message::open(&key, direction, &mut packet) == Err(expected)
    }

    fn reflected_messages_are_refused(key: Vec<u8>, data: Vec<u8>, to_server: bool) -> bool {
        // Keys of one repeated byte are equal in both directions, but cannot result from a key exchange.
        let mut bytes = stretched::<256>(&key);
        bytes[3] = bytes[11].wrapping_add(1);
        let key = AuthKey::new(bytes);
        let mut packet = sealed(&key, towards(to_server), &padded(data));
        message::open(&key, towards(!to_server), &mut packet) == Err(OpenError::MsgKeyMismatch)
    }

    fn garbage_is_refused(key: Vec<u8>, garbage: Vec<u8>) -> bool {
        let key = AuthKey::new(stretched(&key));
        let mut packet = [&key.id().to_bytes()[..], &garbage].concat();
        message::open(&key, Direction::ToClient, &mut packet).is_err()
    }
}

fn auth_key(case: &Value) -> AuthKey {
    AuthKey::new(array(case, "auth_key"))
}

fn direction(case: &Value) -> Direction {
    match case["x"].as_u64() {
        Some(0) => Direction::ToServer,
        Some(8) => Direction::ToClient,
        _ => panic!("x is 0 or 8"),
    }
}

fn towards(server: bool) -> Direction {
    if server { Direction::ToServer } else { Direction::ToClient }
}

fn quick_ack(digits: &str) -> QuickAckToken {
    QuickAckToken(u32::from_str_radix(digits.trim_start_matches("0x"), 16).unwrap())
}

fn sealed(key: &AuthKey, direction: Direction, plaintext: &[u8]) -> Vec<u8> {
    let mut packet = [&[0; PREFIX_LEN], plaintext].concat();
    message::seal(key, direction, &mut packet).unwrap();
    packet
}

/// Returns a whole number of blocks, at least three.
fn padded(mut data: Vec<u8>) -> Vec<u8> {
    data.resize(data.len().max(48).next_multiple_of(16), 0x5a);
    data
}

/// Extends or truncates the bytes to the length.
fn stretched<const N: usize>(seed: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| {
        seed.get(index % seed.len().max(1)).copied().unwrap_or(0) ^ (index >> 6) as u8
    })
}
