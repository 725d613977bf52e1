//! Writes the seeds of every target from the protocol's vectors: `cargo run -p sansgram-fuzz --example seed`.
//!
//! Files with other names, which fuzzing has added, are not changed.

mod machine;
mod network;
mod sessions;

use std::fs;
use std::path::Path;

use sansgram_core::tl::{ids, write};
use sansgram_core::transport::Framing;
use sansgram_fuzz::TARGETS;
use sansgram_tl_json::Schema;
use serde_json::{Value, json};

/// Longer seeds only slow the fuzzer down.
const MAX_LEN: usize = 4096;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makers: [(&str, Maker); 13] = [
        ("frames", frames),
        ("layers", network::layers),
        ("proxy", network::proxy),
        ("links", network::links),
        ("tl", tl),
        ("tl_json", tl_json),
        ("gzip", gzip),
        ("sealed", sealed),
        ("client", machine::client),
        ("handshake", handshake),
        ("session_text", sessions::session_text),
        ("foreign", sessions::foreign),
        ("pem", pem),
    ];
    for target in TARGETS {
        let (_, make) = makers.iter().find(|(name, _)| *name == target.name).expect("every target has seeds");
        let seeds = make();
        let folder = root.join("corpus").join(target.name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        let mut written = 0;
        for (name, bytes) in seeds {
            if bytes.len() <= MAX_LEN {
                fs::write(folder.join(file_name(&name)), bytes).expect("the file can be written");
                written += 1;
            }
        }
        println!("{}: {written} seeds", target.name);
    }
}

type Seeds = Vec<(String, Vec<u8>)>;
type Maker = fn() -> Seeds;

fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(48).collect()
}

fn vectors(name: &str) -> Value {
    let path = format!("{}/../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("the vectors are there")).expect("JSON")
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("an array").iter()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hexadecimal digits");
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// Two bytes of length and the content.
fn piece(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).expect("short").to_le_bytes()[..], content].concat()
}

fn frames() -> Seeds {
    const SIZES: [u8; 6] = [0, 2, 6, 30, 4, 255];
    let vectors = vectors("transports");
    let mut seeds = Vec::new();
    for (number, kind) in (0_u8..).zip(Framing::ALL) {
        let key = if kind == Framing::Full { "full_seq0" } else { kind.name() };
        let frame_of = |row: &Value| match kind {
            Framing::PaddedIntermediate => hex(&row["padded_intermediate"]["frame"]),
            _ => hex(&row[key]),
        };
        // The vectors have only the headers of the longest frames.
        let whole = rows(&vectors["frames"]).filter(|row| row.get("abridged").is_some());
        let frames: Vec<Vec<u8>> = whole.map(frame_of).collect();
        for (at, frame) in frames.iter().enumerate() {
            for (side, choice, tag) in [
                ("client", number, &[][..]),
                ("server", number | 4, &[]),
                ("untold", number | 12, kind.tag()),
            ] {
                let bytes = [&[choice][..], &SIZES, tag, frame].concat();
                seeds.push((format!("{kind}-{side}-{at}"), bytes));
            }
        }
        let short: Vec<u8> = frames.iter().filter(|frame| frame.len() < 600).flatten().copied().collect();
        seeds.push((format!("{kind}-many"), [&[number][..], &SIZES, &short].concat()));
        let payloads = [[&[1][..], &piece(&[5; 508])].concat(), [&[0][..], &piece(&[6; 24])].concat()];
        seeds.push((format!("{kind}-payloads"), [&[number | 16][..], &SIZES, &payloads.concat()].concat()));
    }
    seeds
}

fn tl() -> Seeds {
    let mut seeds = Vec::new();
    let messages = vectors("service_messages");
    for group in ["bodies", "malformed"] {
        for (name, body) in messages[group].as_object().expect("an object") {
            seeds.push((name.clone(), [&[0][..], &hex(body)].concat()));
        }
    }
    for case in rows(&vectors("gzip_packed")["cases"]) {
        seeds.push(("unpacked".into(), [&[0][..], &hex(&case["unpacked"])].concat()));
    }
    for (at, packet) in rows(&vectors("auth_key_synthetic")["cases"][0]["packets"]).enumerate() {
        seeds.push((format!("handshake-{at}"), [&[0][..], &hex(&packet["hex"])[20..]].concat()));
    }
    for (at, row) in rows(&vectors("tl_primitives")["strings"]).enumerate() {
        seeds.push((format!("string-{at}"), [&[1][..], &[6; 16], &hex(&row["tl"])].concat()));
    }
    let calls: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 19, 29, 0, 1, 6, 7];
    seeds.push(("calls".into(), [&[1][..], &calls, &[4; 200]].concat()));
    seeds
}

fn tl_json() -> Seeds {
    let schema = Schema::telegram();
    let wrapper = json!({ "_": "invokeWithLayer", "layer": 230, "query": { "_": "help.getConfig" } });
    let message = json!({
        "_": "messages.sendMessage",
        "silent": true,
        "peer": { "_": "inputPeerUser", "user_id": "7", "access_hash": "-1" },
        "message": "a",
        "random_id": "9007199254740993",
        "reply_markup": { "_": "replyKeyboardHide", "selective": true },
    });
    let mut calls = vec![("wrapper", wrapper), ("message", message)];
    for name in
        ["account.updateProfile", "upload.saveFilePart", "messages.setTyping", "photos.uploadProfilePhoto"]
    {
        calls.push((name, schema.skeleton(schema.function(name).expect("it is in the schema"))));
    }
    let mut seeds = Vec::new();
    for (name, call) in calls {
        let method = call["_"].as_str().expect("a name").to_owned();
        let request = schema.encode_call(&method, &call).expect("it fits the schema");
        seeds.push((format!("{name}-bytes"), [&[0][..], &request.bytes].concat()));
        seeds.push((format!("{name}-json"), [&[1][..], call.to_string().as_bytes()].concat()));
    }
    for name in ["updates", "user", "channelFull", "jsonObject", "textBold", "message"] {
        let smallest = schema.skeleton(schema.constructor(name).expect("it is in the schema"));
        let ty = &schema.constructor(name).expect("it is in the schema").result;
        let bytes = schema.encode(ty, &smallest).expect("it fits the schema");
        seeds.push((format!("{name}-object"), [&[0][..], &bytes].concat()));
    }
    seeds
}

fn gzip() -> Seeds {
    let vectors = vectors("gzip_packed");
    let mut seeds = Vec::new();
    // Packed data follow a constructor and a TL length of one or four bytes.
    let packed = |row: &Value| {
        let object = hex(&row["gzip_packed"]);
        let start = if object[4] == 0xfe { 8 } else { 5 };
        object[start..].to_vec()
    };
    for group in ["cases", "negative"] {
        for (at, row) in rows(&vectors[group]).enumerate() {
            let packed = packed(row);
            seeds.push((format!("{group}-{at}"), [&[0][..], &packed].concat()));
            if group == "cases" {
                let (stream, trailer) = packed[10..].split_at(packed.len().saturating_sub(18));
                seeds.push((format!("stream-{at}"), [&[1][..], trailer, stream].concat()));
            }
        }
    }
    let nested = [&ids::GZIP_PACKED.to_le_bytes()[..], &[1; 64]].concat();
    seeds.push(("nested".into(), [&[2][..], &nested].concat()));
    seeds.push(("text".into(), [&[2][..], &b"abc ".repeat(100)].concat()));
    seeds
}

fn sealed() -> Seeds {
    let messages = vectors("service_messages");
    let body = |name: &str| hex(&messages["bodies"][name]);
    let mut seeds = Vec::new();
    for (name, value) in messages["bodies"].as_object().expect("an object") {
        let content = hex(value);
        let as_body = [&[0x11][..], &piece(&content)].concat();
        seeds.push((format!("body-{name}"), [as_body, vec![7, 5, 9]].concat()));
        if ["rpc_result_error", "bad_server_salt", "new_session_created"].contains(&name.as_str())
            || name.starts_with("bad_msg")
        {
            // The same about a message that was sent, with its identifier.
            let named = [&content[..4], &content[12..]].concat();
            seeds.push((format!("named-{name}"), [&[0x83][..], &piece(&named), &[6, 1]].concat()));
        }
    }
    for (name, value) in messages["malformed"].as_object().expect("an object") {
        seeds.push((format!("malformed-{name}"), [&[0x11][..], &piece(&hex(value))].concat()));
    }
    let error = body("rpc_error");
    let answer = [&[3][..], &piece(&error), &[0x0b], &piece(&error), &[0x13], &piece(&error)].concat();
    seeds.push(("answers".into(), answer));
    let three = [piece(&body("pong")), piece(&body("new_session_created")), piece(&error)].concat();
    seeds.push(("container".into(), [&[0x1c][..], &three, &[6, 9, 0x2d, 200]].concat()));
    let packed = &vectors("gzip_packed")["cases"][0];
    seeds.push(("gzip-body".into(), [&[1][..], &piece(&hex(&packed["gzip_packed"]))].concat()));
    seeds.push(("gzip-result".into(), [&[3][..], &piece(&hex(&packed["gzip_packed"]))].concat()));
    for (at, row) in rows(&vectors("messages")["negative_and_edge"]).enumerate() {
        if let Some(plaintext) = row.get("plaintext_with_padding") {
            seeds.push((format!("plaintext-{at}"), [&[0][..], &piece(&hex(plaintext))].concat()));
        }
    }
    // Requests, salts and answers that cross.
    let salt = [&body("bad_server_salt")[..4], &body("bad_server_salt")[12..]].concat();
    let crossing = [
        &[6, 4, 14, 5, 6, 6][..],
        &[0x8b],
        &piece(&salt),
        &[7],
        &[0x0b],
        &piece(&error),
        &[3],
        &piece(&error),
    ];
    seeds.push(("crossing".into(), crossing.concat()));
    // A request is sent again; then both of its identifiers are answered, the newer one first.
    let twice = [&[0x93][..], &piece(&salt), &[0x13], &piece(&error), &[0x33], &piece(&error)];
    seeds.push(("answered-twice".into(), twice.concat()));
    seeds
}

fn handshake() -> Seeds {
    let mut seeds = Vec::new();
    let empty = piece(&[]);
    let honest = [&[1][..], &empty, &[1], &empty].concat();
    let end = |last: &[u8]| [&[0][..], &honest, last].concat();
    for (name, choice) in [("ok", 3), ("retry", 7), ("fail", 11), ("wrong-hash", 19)] {
        seeds.push((name.into(), end(&[&[choice][..], &empty].concat())));
    }
    let retry = [&[7][..], &empty].concat();
    seeds.push(("retry-then-ok".into(), end(&[&retry[..], &retry, &[3], &empty].concat())));
    seeds.push(("retry-forever".into(), end(&retry.repeat(6))));
    seeds.push(("temporary".into(), [&[1][..], &honest, &[3], &empty].concat()));
    seeds.push((
        "published-pq".into(),
        [&[0, 3][..], &piece(&2_694_724_800_268_887_959_u64.to_be_bytes())].concat(),
    ));
    for (at, row) in rows(&vectors("pq")["must_reject"]).enumerate() {
        let pq: u128 = row["pq"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
        seeds.push((format!("pq-{at}"), [&[0, 3][..], &piece(&pq.to_be_bytes()[8..])].concat()));
    }
    for (at, packet) in rows(&vectors("auth_key_synthetic")["cases"][0]["packets"]).enumerate() {
        if packet["dir"] == "server" {
            let body = &hex(&packet["hex"])[20..];
            let before = &honest[..3 * (at / 2)];
            seeds.push((format!("raw-{at}"), [&[0][..], before, &[0], &piece(body)].concat()));
            seeds.push((format!("nonces-{at}"), [&[0][..], before, &[2], &piece(&body[36..])].concat()));
        }
    }
    let checks = vectors("dh_checks");
    let prime = hex(&checks["dh_prime"]);
    let group = |g: i32, prime: &[u8], g_a: &[u8]| {
        let mut fields = Vec::new();
        write::i32(&mut fields, g);
        write::bytes(&mut fields, prime);
        write::bytes(&mut fields, g_a);
        write::i32(&mut fields, 1_700_000_000);
        [&[0, 1][..], &empty, &[3], &piece(&fields), &[3], &empty].concat()
    };
    for g in [0, 2, 3, 5, 7, 8] {
        seeds.push((format!("g-{g}"), group(g, &prime, &[0x55; 256])));
    }
    for (at, row) in rows(&checks["g_a_edges"]).enumerate() {
        let text = row["g_a"].as_str().expect("hexadecimal digits");
        let padded = format!("{text:0>512}");
        if padded.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            seeds.push((format!("g-a-{at}"), group(3, &prime, &hex(&padded.into()))));
        }
    }
    for (at, row) in rows(&checks["bad_primes"]).enumerate() {
        seeds.push((format!("prime-{at}"), group(3, &hex(&row["hex"]), &[0x55; 256])));
    }
    seeds
}

fn pem() -> Seeds {
    let mut seeds = Vec::new();
    for (at, row) in rows(&vectors("rsa_keys")["keys"]).enumerate() {
        if let Some(pem) = row["pem"].as_str() {
            seeds.push((format!("key-{at}"), [&[0][..], pem.as_bytes()].concat()));
        }
        let numbers = [&[3][..], &piece(&[1, 0, 1]), &hex(&row["n_hex"])].concat();
        seeds.push((format!("numbers-{at}"), numbers));
    }
    let own = &vectors("rsa_pad")["own_test_key"];
    for (name, choice, key) in [("spki", 2, "public_pem"), ("pkcs1", 1, "public_pem_pkcs1")] {
        let text = own[key].as_str().expect("PEM");
        seeds.push((name.into(), [&[0][..], text.as_bytes()].concat()));
        seeds.push((format!("{name}-der"), [&[choice][..], &der(text)].concat()));
    }
    seeds
}

fn der(pem: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding};
    let digits: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&digits).expect("base64")
}
