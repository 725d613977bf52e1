//! `gzip_packed` bodies against `gzip_packed.json`, and the limits of decompression.
#![cfg(feature = "unstable")]

mod vectors;

use quickcheck::QuickCheck;
use sansgram_core::tl::gzip::{GzipError, MAX_DECOMPRESSED, compress, decompress};
use sansgram_core::tl::{Reader, ids};
use serde_json::Value;
use vectors::{load, unhex};

/// Returns the `packed_data` of a `gzip_packed` object.
fn packed_data(object: &Value) -> Vec<u8> {
    let bytes = unhex(object);
    let mut reader = Reader::new(&bytes);
    reader.expect(ids::GZIP_PACKED).expect("gzip_packed");
    let compressed = reader.bytes().expect("bytes").to_vec();
    reader.finish().expect("nothing behind it");
    compressed
}

fn negative(name: &str) -> Vec<u8> {
    let vectors = load("gzip_packed.json");
    let mut cases = vectors["negative"].as_array().expect("a list").iter();
    let case = cases.find(|case| case["name"].as_str().is_some_and(|text| text.starts_with(name)));
    packed_data(&case.unwrap_or_else(|| panic!("no case `{name}`"))["gzip_packed"])
}

#[test]
fn published_bodies_decompress() {
    let vectors = load("gzip_packed.json");
    let cases = vectors["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let decompressed = unhex(&case["unpacked"]);
        let compressed = packed_data(&case["gzip_packed"]);
        assert_eq!(decompress(&compressed, MAX_DECOMPRESSED), Ok(decompressed.clone()), "{}", case["source"]);
        // The limit is inclusive.
        assert_eq!(decompress(&compressed, decompressed.len()), Ok(decompressed.clone()));
        if let Some(limit) = decompressed.len().checked_sub(1) {
            assert_eq!(
                decompress(&compressed, limit),
                Err(GzipError::TooLong { length: decompressed.len() })
            );
        }
        assert_eq!(decompress(&compress(&decompressed), MAX_DECOMPRESSED), Ok(decompressed));
        for length in 0..compressed.len() {
            assert!(
                decompress(&compressed[..length], MAX_DECOMPRESSED).is_err(),
                "cut at {length} it is accepted"
            );
        }
    }
}

#[test]
fn every_negative_case_has_its_reason() {
    let refused = |name: &str| decompress(&negative(name), MAX_DECOMPRESSED);
    assert_eq!(refused("bomb: 64 MiB of zeros"), Err(GzipError::TooLong { length: 64 << 20 }));
    assert_eq!(refused("nested gzip_packed"), Err(GzipError::Nested));
    assert_eq!(refused("truncated stream"), Err(GzipError::Truncated));
    assert_eq!(refused("bad crc trailer"), Err(GzipError::BadLength));
    assert_eq!(refused("raw zlib instead of gzip"), Err(GzipError::BadHeader));
    assert_eq!(refused("empty packed_data"), Err(GzipError::Truncated));
    let count = load("gzip_packed.json")["negative"].as_array().map(Vec::len);
    assert_eq!(count, Some(6), "a case that no line above reads");
}

#[test]
fn the_trailer_is_checked() {
    let body = [7; 1000];
    let compressed = compress(&body);
    let with = |offset_from_end: usize, value: u8| {
        let mut compressed = compressed.clone();
        let index = compressed.len() - offset_from_end;
        assert_ne!(compressed[index], value);
        compressed[index] = value;
        decompress(&compressed, MAX_DECOMPRESSED)
    };
    let checksum_byte = compressed[compressed.len() - 5];
    assert_eq!(with(5, !checksum_byte), Err(GzipError::BadChecksum));
    // 1000 is 0x3e8: one length too small, one too large, and one impossible for this stream.
    assert_eq!(with(4, 0xe7), Err(GzipError::BadLength));
    assert_eq!(with(4, 0xe9), Err(GzipError::BadLength));
    assert_eq!(with(2, 0x01), Err(GzipError::BadLength));
    assert_eq!(with(1, 0x01), Err(GzipError::TooLong { length: 0x0100_03e8 }));
    let mut longer = compressed.clone();
    longer.extend_from_slice(&compressed[compressed.len() - 8..]);
    assert_eq!(decompress(&longer, MAX_DECOMPRESSED), Err(GzipError::TrailingBytes));
}

#[test]
fn optional_header_fields_are_skipped_and_checked() {
    let compressed = compress(b"body");
    let with_header = |flags: u8, fields: &[u8]| {
        let mut bytes = compressed.clone();
        bytes[3] = flags;
        bytes.splice(10..10, fields.iter().copied());
        decompress(&bytes, MAX_DECOMPRESSED)
    };
    let body = Ok(b"body".to_vec());
    assert_eq!(with_header(1, &[]), body, "the text flag means nothing");
    assert_eq!(with_header(4, &[3, 0, 1, 2, 3]), body);
    assert_eq!(with_header(8, b"name\0"), body);
    assert_eq!(with_header(16, b"comment\0"), body);
    assert_eq!(with_header(4 | 8 | 16, b"\x01\0xname\0comment\0"), body);
    assert_eq!(with_header(8, &[b'n'; 4]).ok(), None);
    assert_eq!(with_header(4, &[0xff, 0xff]), Err(GzipError::Truncated));
    assert_eq!(with_header(0x20, &[]), Err(GzipError::BadHeader));

    let mut header = compressed[..10].to_vec();
    header[3] = 2;
    let crc = crc32fast::hash(&header) as u16;
    assert_eq!(with_header(2, &crc.to_le_bytes()), body);
    assert_eq!(with_header(2, &(!crc).to_le_bytes()), Err(GzipError::BadChecksum));
}

#[test]
fn a_damaged_stream_is_rejected() {
    let body: Vec<u8> = (0..2000u32).flat_map(|i| (i * i).to_le_bytes()).collect();
    let compressed = compress(&body);
    for index in 10..compressed.len() {
        for bit in 0..8 {
            let mut compressed = compressed.clone();
            compressed[index] ^= 1 << bit;
            let result = decompress(&compressed, MAX_DECOMPRESSED);
            // A flip without effect on the output (an unused bit after the last block) is not an error.
            assert!(result.is_err() || result == Ok(body.clone()), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn any_body_round_trips_and_no_random_bytes_decompress() {
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
    fn round_trip(body: Vec<u8>) -> bool {
        decompress(&compress(&body), body.len()).as_ref() == Ok(&body)
    }
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
    fn random(bytes: Vec<u8>) -> bool {
        decompress(&bytes, 1000).is_err()
    }
    QuickCheck::new().quickcheck(round_trip as fn(Vec<u8>) -> bool);
    QuickCheck::new().tests(5000).quickcheck(random as fn(Vec<u8>) -> bool);
}
