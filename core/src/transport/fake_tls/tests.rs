//! The test vectors, and every possible answer of a proxy or another server.

#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

use std::collections::BTreeSet;
use std::string::String;
use std::vec;
use std::vec::Vec;

use quickcheck::QuickCheck;
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/fake_tls.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    unhex(value[key].as_str().unwrap_or_else(|| panic!("no {key}")))
}

pub(super) struct Seeded(pub(super) u64);

impl SecureRandom for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            // SplitMix64.
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// Returns a client that has sent a hello with these random bytes.
fn waiting(key: &[u8], client_random: &[u8]) -> FakeTls {
    let mut mac = keyed(key.try_into().unwrap());
    mac.update(client_random);
    FakeTls { hello: Vec::new(), phase: Phase::Hello(Box::new(Answer::new(mac))), has_sent_payload: false }
}

/// Returns a client that has received its answer.
fn open() -> FakeTls {
    FakeTls { hello: Vec::new(), phase: Phase::Open(Records::default()), has_sent_payload: false }
}

/// Feeds `stream` in pieces of `step` bytes. Returns the payload.
fn feed(client: &mut FakeTls, stream: &[u8], step: usize) -> Result<Vec<u8>, FakeTlsError> {
    let mut stream = stream.to_vec();
    let mut payload = Vec::new();
    for mut piece in stream.chunks_mut(step) {
        while let Some(data) = client.next(&mut piece)? {
            assert!(!data.is_empty());
            payload.extend_from_slice(data);
        }
        assert!(piece.is_empty());
    }
    Ok(payload)
}

/// Returns a proxy's signed answer: three records with these bodies.
fn answer(key: &[u8; 16], client_random: &[u8], hello: &[u8], data: &[u8]) -> Vec<u8> {
    let record = |kind: u8, body: &[u8]| {
        let [high, low] = (body.len() as u16).to_be_bytes();
        [&[kind, 3, 3, high, low], body].concat()
    };
    let mut answer = [record(22, hello), record(20, &[1]), record(23, data)].concat();
    answer[RANDOM].fill(0);
    let mut mac = keyed(key);
    mac.update(client_random);
    mac.update(&answer);
    answer[RANDOM].copy_from_slice(&mac.finalize().into_bytes());
    answer
}

#[test]
fn digests_of_the_hellos_in_the_vectors() {
    let file = vectors();
    let own: Vec<&Value> =
        file["cases"].as_array().unwrap().iter().filter(|case| case.get("client_hello").is_some()).collect();
    assert_eq!(own.len(), 3);
    for case in own {
        let mut hello = bytes(case, "client_hello_with_zero_random");
        let key = bytes(case, "secret").try_into().unwrap();
        let unix = Duration::from_secs(case["unix_time"].as_u64().unwrap());
        let placed = sign(&mut hello, &key, unix);
        assert_eq!(placed[..], bytes(case, "client_random")[..]);
        assert_eq!(placed[..28], bytes(case, "hmac_digest")[..28]);
        assert_eq!(hello, bytes(case, "client_hello"));
    }
}

#[test]
fn answers_of_the_vectors_in_any_pieces_and_damaged_at_every_byte() {
    let file = vectors();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (key, client_random) = (bytes(case, "secret"), bytes(case, "client_random"));
        let stream = bytes(case, "server_bytes");
        for step in [1, 2, 3, 5, 11, 43, 127, 1000, stream.len()] {
            let mut client = waiting(&key, &client_random);
            assert_eq!(feed(&mut client, &stream, step), Ok(vec![]), "{}", case["name"]);
            assert!(client.is_open());
        }
        // An answer without its last byte is incomplete, not an error.
        let mut client = waiting(&key, &client_random);
        assert_eq!(feed(&mut client, &stream[..stream.len() - 1], 700), Ok(vec![]));
        assert!(!client.is_open());
        // Another secret, another hello, any flipped bit.
        for other in [waiting(&[7; 16], &client_random), waiting(&key, &[7; 32])] {
            let mut client = other;
            assert_eq!(feed(&mut client, &stream, stream.len()), Err(FakeTlsError::Digest));
            assert!(!client.is_open());
        }
        for at in 0..stream.len() {
            let mut damaged = stream.clone();
            damaged[at] ^= 1;
            let mut client = waiting(&key, &client_random);
            let result = feed(&mut client, &damaged, 4096);
            assert!(!client.is_open(), "byte {at}");
            // Only a record whose length grew by the flip is incomplete.
            assert!(
                result.is_err() || result == Ok(vec![]) && damaged[at] > stream[at] && at < 138,
                "byte {at}"
            );
        }
    }
}

#[test]
fn rejected_vectors_each_with_its_reason() {
    let file = vectors();
    let rows = file["negative"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    let case = &file["cases"][0];
    let (key, client_random) = (bytes(case, "secret"), bytes(case, "client_random"));
    let with = |at: usize, change: &dyn Fn(u8) -> u8| {
        let mut stream = bytes(case, "server_bytes");
        stream[at] = change(stream[at]);
        feed(&mut waiting(&key, &client_random), &stream, 333)
    };
    // Rows 0 and 1 change the answer.
    assert_eq!(with(20, &|byte| byte ^ 1), Err(FakeTlsError::Digest));
    assert_eq!(with(0, &|_| 0x15), Err(FakeTlsError::Alert));
    assert_eq!(with(0, &|_| 0x17), Err(FakeTlsError::Answer { number: 0, kind: 0x17 }));
    // Rows 2 to 6 follow it.
    let after = |row: usize| feed(&mut open(), &bytes(&rows[row], "hex"), 2);
    assert_eq!(after(2), Err(FakeTlsError::NotData(22)));
    assert_eq!(after(3), Err(FakeTlsError::Alert));
    assert_eq!(after(4), Ok(vec![]));
    assert_eq!(after(5), Ok(vec![]));
    // TLS would reject row 6, a record of 65,535 bytes. The peers of MTProxies do not.
    assert_eq!(after(6), Ok(vec![]));
}

#[test]
fn records_of_the_vectors() {
    let file = vectors();
    let framing = &file["record_framing"];
    assert_eq!(framing["max_payload_tdlib"], FAKE_TLS_MAX_PAYLOAD);
    let mut out = b"before".to_vec();
    out.extend(bytes(framing, "payload"));
    let mut client = open();
    client.wrap(&mut out, 6);
    assert_eq!(out[..6], *b"before");
    assert_eq!(out[6..], bytes(framing, "wire"));
    // The change of cipher is sent once, and an empty payload makes no record.
    let mut next = vec![9, 9];
    client.wrap(&mut next, 2);
    assert_eq!(next, [9, 9]);
    client.wrap(&mut next, 0);
    assert_eq!(next, [23, 3, 3, 0, 2, 9, 9]);
}

#[test]
fn the_answer_must_be_three_records_in_their_order() {
    let (key, client_random) = ([1; 16], [2; 32]);
    let whole = answer(&key, &client_random, &[3; 38], &[4; 10]);
    let run = |stream: &[u8]| {
        let mut client = waiting(&key, &client_random);
        let result = feed(&mut client, stream, 1);
        assert_eq!(result.is_ok() && stream.len() == whole.len(), client.is_open());
        result
    };
    assert_eq!(run(&whole), Ok(vec![]));
    // An empty last record is valid; a record that is too long or too short is an error.
    let mut client = waiting(&key, &client_random);
    let empty = answer(&key, &client_random, &[3; 100], &[]);
    assert_eq!(feed(&mut client, &[&empty[..], &[23, 3, 3, 0, 1, 77]].concat(), 7), Ok(vec![77]));
    let length = |number, length| Err(FakeTlsError::AnswerLength { number, length });
    assert_eq!(run(&[22, 3, 3, 0, 37]), length(0, 37));
    let (hello, rest) = whole.split_at(43);
    assert_eq!(run(&[hello, &[20, 3, 3, 0, 2]].concat()), length(1, 2));
    assert_eq!(run(&[hello, hello].concat()), Err(FakeTlsError::Answer { number: 1, kind: 22 }));
    assert_eq!(run(&[hello, &rest[6..]].concat()), Err(FakeTlsError::Answer { number: 1, kind: 23 }));
    assert_eq!(
        run(&[hello, &[20, 3, 3, 0, 1, 2]].concat()),
        Err(FakeTlsError::Answer { number: 1, kind: 20 })
    );
    assert_eq!(run(&[hello, &rest[..6], hello].concat()), Err(FakeTlsError::Answer { number: 2, kind: 22 }));
    assert_eq!(run(&[hello, &[21, 3, 3]].concat()), Err(FakeTlsError::Alert));
    assert_eq!(run(&[22, 3, 1]), Err(FakeTlsError::Version));
    assert_eq!(run(&[22, 2]), Err(FakeTlsError::Version));
    assert_eq!(run(b"HTTP/1.1 400"), Err(FakeTlsError::Answer { number: 0, kind: b'H' }));
}

/// TLS allows 16,640 bytes. Released proxies send up to 65,534 (mtg 2), and TDLib and Telegram Desktop accept them.
#[test]
fn c1_records_of_any_length_are_read() {
    let (key, client_random) = ([1; 16], [2; 32]);
    for length in [16_383, 16_384, 16_640, 16_641, 32_768, 65_534, 65_535] {
        let data = vec![5; length];
        for step in [1, 4096, usize::MAX] {
            let mut client = waiting(&key, &client_random);
            let hello = answer(&key, &client_random, &vec![3; length], &data);
            assert_eq!(feed(&mut client, &hello, step), Ok(vec![]));
            assert!(client.is_open());
            let [high, low] = (length as u16).to_be_bytes();
            let record = [&[23, 3, 3, high, low], &*data].concat();
            assert_eq!(feed(&mut client, &record, step).as_ref(), Ok(&data));
        }
    }
}

#[test]
fn after_an_error_nothing_is_read() {
    let mut client = open();
    assert_eq!(feed(&mut client, &[20], 1), Err(FakeTlsError::NotData(20)));
    assert_eq!(feed(&mut client, &[23, 3, 3, 0, 1, 1], 6), Err(FakeTlsError::NotData(20)));
    assert!(!client.is_open());
    assert_eq!(feed(&mut open(), &[23, 3, 1], 6), Err(FakeTlsError::Version));
}

#[test]
fn data_before_an_error_is_returned_in_place() {
    let mut stream = [23, 3, 3, 0, 2, 8, 9, 21, 3, 3];
    let place = stream[5..].as_ptr();
    let mut input = &mut stream[..];
    let mut client = open();
    let data = client.next(&mut input).unwrap().unwrap();
    assert_eq!((data.as_ptr(), &*data), (place, &[8, 9][..]));
    assert_eq!(client.next(&mut input), Err(FakeTlsError::Alert));
}

#[test]
fn any_payloads_in_any_pieces_come_out_as_they_went_in() {
    fn property(payloads: Vec<(Vec<u8>, u8)>, step: u8) -> bool {
        let (mut sender, mut receiver) = (open(), open());
        // A proxy sends no change of cipher here.
        sender.has_sent_payload = true;
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for (payload, times) in payloads {
            let payload = payload.repeat(usize::from(times) + 1);
            let from = stream.len();
            stream.extend_from_slice(&payload);
            sender.wrap(&mut stream, from);
            expected.extend(payload);
        }
        feed(&mut receiver, &stream, usize::from(step) + 1) == Ok(expected)
    }
    QuickCheck::new().tests(300).quickcheck(property as fn(Vec<(Vec<u8>, u8)>, u8) -> bool);
}

#[test]
fn any_bytes_end_the_same_way_in_any_pieces() {
    fn property(stream: Vec<u8>, step: u8, answered: bool) -> bool {
        let client = || if answered { open() } else { waiting(&[1; 16], &[2; 32]) };
        let step = usize::from(step) + 1;
        feed(&mut client(), &stream, step) == feed(&mut client(), &stream, stream.len().max(1))
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(Vec<u8>, u8, bool) -> bool);
}

/// The fields that a server reads from a hello.
struct Hello {
    session_id: Vec<u8>,
    suites: Vec<u16>,
    extensions: Vec<(u16, Vec<u8>)>,
}

/// Parses a hello by RFC 8446, 4.1.2, and checks every length.
fn parse(hello: &[u8]) -> Hello {
    fn split<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, later) = rest.split_at(count);
        *rest = later;
        taken
    }
    fn number(rest: &mut &[u8]) -> u16 {
        u16::from_be_bytes(split(rest, 2).try_into().unwrap())
    }
    let mut rest = hello;
    assert_eq!(split(&mut rest, 3), [22, 3, 1]);
    assert_eq!(usize::from(number(&mut rest)), rest.len());
    assert_eq!(split(&mut rest, 2), [1, 0]);
    assert_eq!(usize::from(number(&mut rest)), rest.len());
    assert_eq!(split(&mut rest, 2), [3, 3]);
    assert_eq!(hello.len() - rest.len(), RANDOM.start);
    split(&mut rest, 32);
    assert_eq!(split(&mut rest, 1), [32]);
    let session_id = split(&mut rest, 32).to_vec();
    let count = usize::from(number(&mut rest));
    let suites = split(&mut rest, count).chunks(2).map(|suite| u16::from_be_bytes(suite.try_into().unwrap()));
    let suites = suites.collect();
    assert_eq!(split(&mut rest, 2), [1, 0]);
    assert_eq!(usize::from(number(&mut rest)), rest.len());
    let mut extensions = Vec::new();
    while !rest.is_empty() {
        let (kind, length) = (number(&mut rest), number(&mut rest));
        extensions.push((kind, split(&mut rest, length.into()).to_vec()));
    }
    Hello { session_id, suites, extensions }
}

const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

#[test]
fn the_hello_is_a_browsers_and_never_the_same() {
    let (mut orders, mut lengths, mut session_ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..60 {
        let unix = Duration::from_secs(1_700_000_000);
        let mut client = FakeTls::new(&[5; 16], "example.com", HelloForm::Current, unix, &mut Seeded(seed));
        let hello = client.take_hello();
        assert!(client.take_hello().is_empty());
        let Hello { session_id, suites, extensions } = parse(&hello);
        assert_eq!(suites.len(), 16);
        assert!(is_grease(suites[0]) && suites[1..].iter().all(|suite| !is_grease(*suite)));

        let kinds: Vec<u16> = extensions.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds.len(), 18);
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), 18, "an extension came twice");
        assert!(is_grease(kinds[0]) && is_grease(kinds[17]));
        let body = |kind: u16| &extensions.iter().find(|(found, _)| *found == kind).unwrap().1[..];
        assert_eq!(body(0), b"\x00\x0e\x00\x00\x0bexample.com");
        assert_eq!(body(0x0010), b"\x00\x0c\x02h2\x08http/1.1");

        // Each group that has a key was offered, GREASE included.
        let shares = body(0x0033);
        assert_eq!(shares.len(), 2 + 5 + 4 + 1184 + 32 + 4 + 32);
        let grease = &shares[2..4];
        assert_eq!(&body(0x000a)[2..4], grease);
        assert_eq!(shares[4..7], [0, 1, 0]);
        assert_eq!(shares[7..11], [0x11, 0xec, 0x04, 0xc0]);
        for three in shares[11..11 + 1152].as_chunks::<3>().0 {
            let both = u32::from_le_bytes([three[0], three[1], three[2], 0]);
            assert!(both & 0xfff < 3329 && both >> 12 < 3329);
        }
        let ech = body(0xfe0d);
        assert!([144, 176, 208, 240].contains(&(ech.len() - 42)), "{}", ech.len());

        orders.insert(kinds[1..17].to_vec());
        lengths.insert(hello.len());
        session_ids.insert(session_id);
        assert!((1700..2100).contains(&hello.len()));

        // The digest covers the rest.
        let mut zeroed = hello.clone();
        zeroed[RANDOM].fill(0);
        sign(&mut zeroed, &[5; 16], unix);
        assert_eq!(zeroed, hello);
        // Only the answer to this hello opens the connection.
        let answer = answer(&[5; 16], &hello[RANDOM], &[1; 122], &[2; 50]);
        assert_eq!(feed(&mut client, &answer, 9), Ok(vec![]));
        assert!(client.is_open());
    }
    assert!(orders.len() > 55 && lengths.len() == 4 && session_ids.len() == 60);
}

/// Released proxies support only this form: the MTProxy in C accepts records of 512 to 767 bytes, mtprotoproxy of 512.
#[test]
fn c1_the_classical_hello_has_517_bytes_and_nothing_of_later() {
    let mut orders = BTreeSet::new();
    for (seed, len) in (0..40).zip([1, 11, 90, 181, 182].into_iter().cycle()) {
        let domain = "d".repeat(len);
        let hello = hello::build(&domain, HelloForm::Classic, &mut Seeded(seed));
        assert_eq!(hello.len(), 517);
        assert_eq!(hello[..11], [22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
        let Hello { suites, extensions, .. } = parse(&hello);
        assert_eq!(suites.len(), 16);
        let kinds: Vec<u16> = extensions.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
        assert_eq!((kinds.len(), kinds.last()), (18, Some(&0x15)));
        assert!(is_grease(kinds[0]) && is_grease(kinds[16]));
        let body = |kind: u16| extensions.iter().find(|(found, _)| *found == kind).map(|(_, body)| &body[..]);
        assert_eq!(body(0).unwrap().len(), 5 + len);
        assert_eq!(body(0x0033).unwrap().len(), 2 + 5 + 4 + 32);
        assert_eq!(body(0x000a).unwrap()[4..], [0, 0x1d, 0, 0x17, 0, 0x18]);
        assert!(body(0xfe0d).is_none() && body(0x44cd).is_none() && body(0x4469).is_some());
        orders.insert(kinds[1..16].to_vec());
    }
    assert!(orders.len() > 35);
}

#[test]
fn c3_servers_instead_of_a_proxy_are_recognised() {
    let text =
        |stream: &[u8]| std::format!("{}", feed(&mut waiting(&[1; 16], &[2; 32]), stream, 1).unwrap_err());
    assert!(text(b"HTTP/1.1 400").contains("a web server without TLS"));
    assert!(text(b"SSH-2.0-x").contains("does not speak TLS"));
    let hello = [&[22, 3, 3, 0, 38][..], &[0; 38]].concat();
    assert!(text(&[&hello[..], &[22, 3, 3]].concat()).contains("the TLS server of a web site"));
    assert!(text(&[&hello[..], &[23, 3, 3]].concat()).contains("record number 1 has the type 23"));
}

#[test]
fn longest_domain_and_one_that_is_longer() {
    for len in [1, 182, 183, 5000] {
        let hello = hello::build(&"d".repeat(len), HelloForm::Current, &mut Seeded(1));
        let names = parse(&hello).extensions.into_iter().find(|(kind, _)| *kind == 0).unwrap().1;
        assert_eq!(names.len(), 5 + if len == 5000 { 182 } else { len.min(182) });
    }
}

/// The limit is in bytes: a name truncated within a character is not valid, but its record stays well-formed.
#[test]
fn a_domain_is_cut_by_bytes_wherever_its_characters_end() {
    let whole = hello::build(&"d".repeat(182), HelloForm::Current, &mut Seeded(1)).len();
    for count in [200, 40_000] {
        let hello = hello::build(&std::format!("d{}", "é".repeat(count)), HelloForm::Current, &mut Seeded(1));
        assert_eq!(hello.len(), whole);
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])) + 5, whole);
    }
}

#[test]
fn debug_shows_nothing() {
    let client = FakeTls::new(&[0xab; 16], "a.b", HelloForm::Current, Duration::ZERO, &mut Seeded(1));
    let shown: String = std::format!("{client:?}");
    assert_eq!(shown, "FakeTls { open: false, .. }");
}

#[test]
fn nothing_is_no_record() {
    let (mut client, mut out) = (open(), vec![7]);
    client.wrap(&mut out, 1);
    assert_eq!(out, [7]);
    out.push(8);
    client.wrap(&mut out, 1);
    assert_eq!(out, [7, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 1, 8]);
}

#[test]
fn each_byte_of_a_version_is_checked_as_soon_as_it_arrives() {
    for header in [&[23, 2][..], &[23, 4], &[23, 3, 2], &[23, 3, 4]] {
        assert_eq!(feed(&mut open(), header, 1), Err(FakeTlsError::Version), "{header:?}");
    }
    // The second byte alone is wrong.
    assert_eq!(feed(&mut open(), &[23, 2, 3, 0, 1, 7], 6), Err(FakeTlsError::Version));
}

#[test]
fn a_record_of_a_wrong_type_is_named_if_it_is_one_of_tls() {
    let text = std::format!("{}", FakeTlsError::Answer { number: 0, kind: 23 });
    assert!(text.contains("record number 0 has the type 23"), "{text}");
}

/// The bodies that a server may look at, whose values do not vary.
#[test]
fn the_extensions_have_the_contents_of_a_browser() {
    let algorithms = [[0, 16].as_slice(), &unhex("04030804040105030805050108060601")].concat();
    let mut sizes = BTreeSet::new();
    for (seed, form) in (0..40).zip([HelloForm::Current, HelloForm::Classic].into_iter().cycle()) {
        let extensions = parse(&hello::build("a.example", form, &mut Seeded(seed))).extensions;
        let body = |kind: u16| {
            extensions.iter().find(|(found, _)| *found == kind).map(|(_, body)| &body[..]).unwrap_or_default()
        };
        assert_eq!(body(0x0005), [1, 0, 0, 0, 0]);
        assert_eq!(body(0x000b), [1, 0]);
        assert_eq!(body(0x000d), algorithms);
        assert_eq!(body(0x0010), b"\x00\x0c\x02h2\x08http/1.1");
        assert_eq!(body(0x001b), [2, 0, 2]);
        assert_eq!((body(0x002b)[0], &body(0x002b)[3..]), (6, &[3, 4, 3, 3][..]));
        assert_eq!(body(0x002d), [1, 1]);
        assert_eq!(body(if form == HelloForm::Current { 0x44cd } else { 0x4469 }), b"\x00\x03\x02h2");
        assert_eq!(body(0xff01), [0]);
        for empty in [0x0012, 0x0017, 0x0023] {
            assert!(body(empty).is_empty());
        }
        if form == HelloForm::Current {
            let encrypted = body(0xfe0d);
            assert_eq!((&encrypted[..5], &encrypted[6..8]), (&[0, 0, 1, 0, 1][..], &[0, 32][..]));
            let payload = usize::from(u16::from_be_bytes([encrypted[40], encrypted[41]]));
            assert_eq!(encrypted.len(), 42 + payload);
            sizes.insert(payload);
        }
    }
    assert_eq!(sizes, BTreeSet::from([144, 176, 208, 240]));
}

#[test]
fn the_form_and_the_time_of_the_hello_change_with_each_failure() {
    let (current, classic) = (HelloForm::Current, HelloForm::Classic);
    let expected = [(current, 1), (classic, 120), (classic, 1), (current, 120)];
    for (failures, (form, seconds)) in (0..12).zip(expected.into_iter().cycle()) {
        assert_eq!(hello_after_failures(failures), (form, Duration::from_secs(seconds)));
    }
}
