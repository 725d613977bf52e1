//! Between client and DCs: disguises of the stream, and proxies.

use sansgram_core::transport::Framing;

use crate::{Seeds, hex, rows, vectors};

/// Lengths of pieces, less one.
const SIZES: [u8; 6] = [9, 70, 0, 255, 3, 120];
const COVERS: [&str; 5] = ["obfuscated", "proxy", "proxy-dd", "proxy-ee", "websocket"];

/// Every stream mode in every form, with the frames of every framing inside.
pub(super) fn layers() -> Seeds {
    let vectors = vectors("transports");
    let mut seeds = Vec::new();
    for (cover, name) in (0_u8..).zip(COVERS) {
        for (number, kind) in (0_u8..).zip(Framing::ALL) {
            let key = match (cover, kind) {
                (2 | 3, _) | (_, Framing::PaddedIntermediate) => "padded_intermediate",
                (_, Framing::Abridged) => "abridged",
                _ => "intermediate",
            };
            let short = rows(&vectors["frames"]).filter(|row| row.get("abridged").is_some());
            let frames = short.map(|row| match key {
                "padded_intermediate" => hex(&row[key]["frame"]),
                _ => hex(&row[key]),
            });
            let frames: Vec<u8> = frames.filter(|frame| frame.len() < 600).flatten().collect();
            let seed =
                |form: u8, content: &[u8]| [&[cover | form << 3 | number << 6][..], &SIZES, content].concat();
            seeds.push((format!("{name}-{kind}-frames"), seed(2, &frames)));
            if number > 0 {
                continue;
            }
            seeds.push((format!("{name}-raw"), seed(0, &frames[..40])));
            for (at, content) in covers(cover).iter().enumerate() {
                seeds.push((format!("{name}-answered-{at}"), seed(1, content)));
            }
            for (at, content) in answers(cover).iter().enumerate() {
                seeds.push((format!("{name}-answer-{at}"), seed(3, content)));
            }
        }
    }
    seeds
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("short");
    [&[kind, 3, 3], &length.to_be_bytes()[..], body].concat()
}

/// Records, or frames of a WebSocket, after an honest start.
fn covers(cover: u8) -> Vec<Vec<u8>> {
    match cover {
        3 => vec![
            record(23, &[7; 40]),
            [record(23, &[]), record(23, &[1; 3])].concat(),
            record(21, &[2, 40]),
            record(22, &[0; 4]),
            vec![23, 3, 3, 0x41, 0x01],
            vec![23, 3, 1, 0, 1, 0],
        ],
        4 => vec![
            vec![0x82, 3, 1, 2, 3],
            vec![0x02, 1, 1, 0x89, 1, 9, 0x80, 1, 2],
            [&[0x82, 126, 0, 126][..], &[5; 126]].concat(),
            vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, 1],
            vec![0x88, 2, 3, 0xe8],
            vec![0x88, 0],
            vec![0x82, 0x81, 1, 2, 3, 4, 5],
            vec![0x8a, 0, 0xc2, 0],
        ],
        _ => Vec::new(),
    }
}

/// First answers, with a placeholder for the proof.
fn answers(cover: u8) -> Vec<Vec<u8>> {
    let hello = |bodies: [&[u8]; 3]| {
        [record(22, bodies[0]), record(20, bodies[1]), record(23, bodies[2]), record(23, &[3; 8])].concat()
    };
    match cover {
        3 => vec![
            hello([&[2; 122], &[1], &[5; 200]]),
            hello([&[2; 38], &[1], &[]]),
            hello([&[2; 60], &[2], &[1]]),
            record(21, &[2, 40]),
        ],
        4 => [
            "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
             Sec-WebSocket-Accept: \x01\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
            "HTTP/1.1 101 \r\nupgrade:websocket\r\nconnection:upgrade\r\nsec-websocket-accept:\x01\r\n\r\n\x7f",
            "HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: x\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            "HTTP/1.0 101 OK\r\n\r\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        _ => Vec::new(),
    }
}

/// Dialogues of both kinds, followed by the server's first bytes.
pub(super) fn proxy() -> Seeds {
    let socks: [(&str, u8, &[u8]); 9] = [
        ("ipv4", 0, &[5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 4, 56, 7, 7]),
        ("ipv6", 16, &[5, 0, 5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 56, 7]),
        ("name", 32, &[5, 0, 5, 0, 0, 3, 2, b'd', b'c', 4, 56, 7, 7, 7]),
        ("password", 2, &[5, 2, 1, 0, 5, 0, 0, 1, 10, 0, 0, 1, 4, 56, 7]),
        ("password-not-needed", 2, &[5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 4, 56]),
        ("password-wrong", 2, &[5, 2, 1, 1]),
        ("none-acceptable", 0, &[5, 0xff]),
        ("refused", 0, &[5, 0, 5, 5, 0, 1]),
        ("no-socks", 0, b"HTTP/1.1 400"),
    ];
    let http: [(&str, u8, &[u8]); 8] = [
        ("ok", 1, b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x07\x07"),
        ("bare", 1, b"HTTP/1.0 200\n\n\x07"),
        ("early-hints", 3, b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\x07"),
        ("password", 1, b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n"),
        ("password-wrong", 3, b"HTTP/1.1 407 Who?\r\n\r\n"),
        ("forbidden", 1, b"HTTP/1.1 403 No\r\n\r\n"),
        ("bad-status", 1, b"HTTP/1.1 2000 OK\r\n\r\n"),
        ("no-http", 1, b"SSH-2.0-x\r\n"),
    ];
    let of = |protocol: &'static str| {
        move |&(name, choice, says): &(&str, u8, &[u8])| {
            (format!("{protocol}-{name}"), [&[choice][..], &SIZES, says].concat())
        }
    };
    socks.iter().map(of("socks5")).chain(http.iter().map(of("http"))).collect()
}

/// Links, secrets and URLs, right ones and wrong ones.
pub(super) fn links() -> Seeds {
    let vectors = vectors("mtproxy_secrets");
    let mut seeds = Vec::new();
    for group in ["accept", "reject"] {
        for (at, row) in rows(&vectors[group]).enumerate() {
            let text = row["input"].as_str().expect("a secret").as_bytes();
            seeds.push((format!("secret-{group}-{at}"), [&[2][..], text].concat()));
            seeds.push((format!("in-link-{group}-{at}"), [&[1][..], text].concat()));
        }
    }
    let secret = "dd00112233445566778899aabbccddeeff";
    let links = [
        format!("tg://proxy?server=proxy.example&port=443&secret={secret}"),
        format!("https://t.me/proxy?port=1&secret={secret}&server=%5b::1%5D#x"),
        format!("TG:proxy?server=10.0.0.1&port=65535&secret={secret}"),
        format!("https://t.me/proxy/?server=a&port=0&secret={secret}"),
        "tg://proxy?server=%zz&port=1".into(),
    ];
    for (at, link) in links.iter().enumerate() {
        seeds.push((format!("link-{at}"), [&[0][..], link.as_bytes()].concat()));
    }
    let urls = [
        "socks5://me:s%3acret@proxy.example:1080",
        "socks5h://[::1]",
        "http://me@10.0.0.1:8080/",
        "http://proxy.example/path",
        "https://proxy.example",
        "socks5://:@x:0",
    ];
    for (at, url) in urls.iter().enumerate() {
        seeds.push((format!("url-{at}"), [&[3][..], url.as_bytes()].concat()));
    }
    seeds
}
