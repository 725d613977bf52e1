//! Obfuscated streams: the vectors byte for byte, any split, and headers that must not be sent.

#![cfg(feature = "unstable")]
#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

mod wire;

use quickcheck::QuickCheck;
use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::transport::{Framing, NotObfuscatable, OBFUSCATED_HEADER_LEN, Obfuscation};
use serde_json::Value;
use wire::{Scripted, Seeded, bytes, unhex, vectors};

const KINDS: [Framing; 3] = [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate];

fn kind_of(tag: &[u8]) -> Framing {
    KINDS.into_iter().find(|kind| kind.obfuscated_tag().unwrap() == tag).unwrap()
}

/// Returns the client of a test case with the header that it sends.
fn begin(case: &Value) -> (Obfuscation, [u8; OBFUSCATED_HEADER_LEN]) {
    let secret = case["secret"].as_str().map(|text| <[u8; 16]>::try_from(unhex(text)).unwrap());
    let dc = case["dc"].as_i64().map(|dc| i16::try_from(dc).unwrap());
    let mut random = Scripted::new(&[&bytes(case, "random")]);
    let kind = kind_of(&bytes(case, "tag"));
    let begun = Obfuscation::new(kind, dc, secret.as_ref(), &mut random).unwrap();
    assert_eq!(random.left(), 0);
    begun
}

#[test]
fn counter_mode_vectors_in_their_chunks_and_in_any_other() {
    let file = vectors("aes_ctr");
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let cipher = || {
            let (key, iv) = (bytes(case, "key"), bytes(case, "iv"));
            AesCtr::new(&key.try_into().unwrap(), &iv.try_into().unwrap())
        };
        let chunks = |name: &str| -> Vec<Vec<u8>> {
            case[name].as_array().unwrap().iter().map(|chunk| unhex(chunk.as_str().unwrap())).collect()
        };
        let (given, expected) = (chunks("chunks_in"), chunks("chunks_out"));
        let mut in_chunks = cipher();
        for (given, expected) in given.iter().zip(&expected) {
            let mut data = given.clone();
            in_chunks.apply(&mut data);
            assert_eq!(&data, expected);
        }
        for size in 1..40 {
            let (mut cipher, mut data) = (cipher(), given.concat());
            data.chunks_mut(size).for_each(|piece| cipher.apply(piece));
            assert_eq!(data, expected.concat(), "in pieces of {size}");
        }
    }
}

#[test]
fn headers_and_streams_of_the_vectors() {
    let file = vectors("obfuscated2");
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 11);
    let (mut frames, mut continued) = (0, 0);
    for case in cases {
        let (_, header) = begin(case);
        assert_eq!(header[..], bytes(case, "sent_header")[..], "{}", case["source"]);

        // The server's end, with the vector's keys, decodes the header.
        let cipher = |key, iv| {
            AesCtr::new(&bytes(case, key).try_into().unwrap(), &bytes(case, iv).try_into().unwrap())
        };
        let mut server = cipher("encrypt_key", "encrypt_iv");
        let mut decrypted = header;
        server.apply(&mut decrypted);
        assert_eq!(decrypted[56..], bytes(case, "init_plain")[56..], "{}", case["source"]);

        if let Some(after) = case.get("after_header") {
            continued += 1;
            let (mut client, _) = begin(case);
            let (mut sent, mut received) = (*b"abcd", *b"abcd");
            client.encrypt(&mut sent);
            client.decrypt(&mut received);
            assert_eq!(sent[..], bytes(after, "client_encrypts_abcd")[..]);
            assert_eq!(received[..], bytes(after, "decrypt_stream_over_abcd")[..]);
        }
        if case.get("first_client_frame_plain").is_some() {
            frames += 1;
            for size in 1..45 {
                let (mut client, _) = begin(case);
                let mut sent = bytes(case, "first_client_frame_plain");
                sent.chunks_mut(size).for_each(|piece| client.encrypt(piece));
                assert_eq!(sent, bytes(case, "first_client_frame_encrypted"));
                let mut received = bytes(case, "server_frame_encrypted");
                received.chunks_mut(size).for_each(|piece| client.decrypt(piece));
                assert_eq!(received, bytes(case, "server_frame_plain"));
            }
        }
    }
    assert_eq!((frames, continued), (4, 1));
}

#[test]
fn headers_that_look_like_another_protocol_are_redrawn() {
    let file = vectors("obfuscated2");
    let listed = file["must_redraw_first_bytes"].as_array().unwrap();
    assert_eq!(listed.len(), 8);
    let good = [0x5a; 64];
    let mut forbidden: Vec<[u8; 64]> = listed
        .iter()
        .map(|start| {
            let start = unhex(start.as_str().unwrap().split(' ').next().unwrap());
            let mut drawn = good;
            drawn[..start.len()].copy_from_slice(&start);
            drawn
        })
        .collect();
    let mut zeros = good;
    zeros[4..8].copy_from_slice(&bytes(&file, "must_redraw_bytes_4_8"));
    forbidden.push(zeros);
    for kind in KINDS {
        for drawn in &forbidden {
            let mut random = Scripted::new(&[drawn, drawn, &good]);
            let (_, header) = Obfuscation::new(kind, None, None, &mut random).unwrap();
            assert_eq!(header[..56], good[..56], "{drawn:x?}");
            assert_eq!(random.left(), 0);
        }
        // Headers that are only similar are allowed.
        for (at, byte) in [(0, 0xee), (0, 0xdd), (0, b'H'), (4, 0), (7, 0)] {
            let mut drawn = good;
            drawn[at] = byte;
            let (_, header) = Obfuscation::new(kind, None, None, &mut Scripted::new(&[&drawn])).unwrap();
            assert_eq!(header[..56], drawn[..56]);
        }
    }
}

#[test]
fn full_cannot_be_obfuscated() {
    let begun = Obfuscation::new(Framing::Full, Some(2), None, &mut Scripted::default());
    assert_eq!(begun.map(|_| ()), Err(NotObfuscatable));
}

#[test]
fn debug_does_not_show_keys() {
    let (obfuscation, _) = Obfuscation::new(Framing::Abridged, None, Some(&[7; 16]), &mut Seeded(1)).unwrap();
    let shown = format!("{obfuscation:?}");
    assert_eq!(shown, "Obfuscation { to_server: AesCtr([redacted]), to_client: AesCtr([redacted]) }");
}

#[test]
fn any_pieces_give_the_same_stream() {
    fn property(seed: u64, stream: Vec<u8>, sizes: Vec<u8>) -> bool {
        let kind = Framing::Intermediate;
        let client = || Obfuscation::new(kind, Some(4), None, &mut Seeded(seed)).unwrap().0;
        let (mut whole, mut expected) = (client(), stream.clone());
        whole.encrypt(&mut expected);
        let (mut cut, mut data) = (client(), stream);
        let mut rest = &mut data[..];
        // Empty pieces are valid, too.
        for size in sizes.iter().map(|size| usize::from(*size) % 40) {
            let (piece, later) = rest.split_at_mut(size.min(rest.len()));
            cut.encrypt(piece);
            rest = later;
        }
        cut.encrypt(rest);
        data == expected
    }
    QuickCheck::new().tests(500).quickcheck(property as fn(u64, Vec<u8>, Vec<u8>) -> bool);
}
