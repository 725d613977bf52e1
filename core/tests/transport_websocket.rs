//! WebSocket: the examples of RFC 6455, frames in any pieces, and every possible error of a server.

#![cfg(all(feature = "unstable", feature = "websocket"))]
#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

mod wire;

use quickcheck::QuickCheck;
use sansgram_core::transport::{InvalidTarget, WebSocket, WebSocketError, WebSocketTarget};
use wire::{Scripted, Seeded};

/// The key of RFC 6455, 1.3, and the value that accepts it.
const NONCE: &[u8; 16] = b"the sample nonce";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn target() -> WebSocketTarget {
    WebSocketTarget::new("server.example.com", "/apiws").unwrap()
}

fn answer() -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
    )
}

fn begun() -> WebSocket {
    WebSocket::new(&target(), &mut Scripted::new(&[NONCE]))
}

fn open() -> WebSocket {
    let mut socket = begun();
    assert_eq!(feed(&mut socket, answer().as_bytes(), 4096), Ok(vec![]));
    assert!(socket.is_open());
    assert!(socket.write_control(&mut Vec::new(), &mut Seeded(1)));
    socket
}

/// Feeds `stream` in pieces of `step` bytes. Returns the payload.
fn feed(socket: &mut WebSocket, stream: &[u8], step: usize) -> Result<Vec<u8>, WebSocketError> {
    let mut stream = stream.to_vec();
    let mut payload = Vec::new();
    for mut piece in stream.chunks_mut(step) {
        while let Some(data) = socket.next(&mut piece)? {
            assert!(!data.is_empty());
            payload.extend_from_slice(data);
        }
        assert!(piece.is_empty());
    }
    Ok(payload)
}

#[test]
fn the_request_matches_the_rfc() {
    let mut request = Vec::new();
    let mut socket = begun();
    assert!(socket.write_control(&mut request, &mut Scripted::default()));
    let request = String::from_utf8(request).unwrap();
    assert_eq!(
        request,
        "GET /apiws HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: binary\r\n\r\n"
    );
    assert!(!socket.write_control(&mut Vec::new(), &mut Scripted::default()), "the request leaves once");
    assert!(!socket.is_open());
}

#[test]
fn an_answer_in_any_pieces_may_be_followed_by_data() {
    let stream = [answer().as_bytes(), &[0x82, 3, 7, 8, 9]].concat();
    for step in 1..=stream.len() {
        let mut socket = begun();
        assert_eq!(feed(&mut socket, &stream, step), Ok(vec![7, 8, 9]), "in pieces of {step}");
        assert!(socket.is_open());
    }
    for missing in 1..answer().len() {
        let mut socket = begun();
        assert_eq!(feed(&mut socket, &answer().as_bytes()[..missing], 50), Ok(vec![]));
        assert!(!socket.is_open());
    }
}

#[test]
fn answers_of_every_spelling() {
    for (from, to) in [
        ("Upgrade: websocket", "upgrade:WebSocket"),
        ("Connection: Upgrade", "CONNECTION: \t keep-alive, upgrade "),
        ("Sec-WebSocket-Protocol: binary\r\n", ""),
        ("Switching Protocols", ""),
        ("Upgrade: websocket", "Server: x\r\nX-Empty:\r\nUpgrade: websocket"),
    ] {
        let mut socket = begun();
        assert_eq!(feed(&mut socket, answer().replacen(from, to, 1).as_bytes(), 30), Ok(vec![]), "{to}");
        assert!(socket.is_open(), "{to}");
    }
}

#[test]
fn rejected_answers_each_with_its_reason() {
    use WebSocketError::{Header, HeadersTooLong, NotHttp, Status};
    let long = format!("X: {}\r\nUpgrade: ", "y".repeat(8192));
    for (from, to, error) in [
        ("101", "200", Status(200)),
        ("101", "404", Status(404)),
        ("101 Switching Protocols", "302 Found\r\nLocation: /", Status(302)),
        ("101", "+101", NotHttp),
        ("101", "abc", NotHttp),
        ("HTTP/1.1", "HTTP/1.0", NotHttp),
        ("HTTP/1.1", "HTTP/2.0", NotHttp),
        ("HTTP", "\u{16}\u{3}\u{3}", NotHttp),
        ("Upgrade: websocket", "no colon here", NotHttp),
        ("Upgrade: websocket", "Upgrade: h2c", Header("Upgrade")),
        ("Upgrade: websocket\r\n", "", Header("Upgrade")),
        ("Connection: Upgrade\r\n", "", Header("Connection")),
        ("Connection: Upgrade", "Connection: close, upgrades", Header("Connection")),
        (ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=", Header("Sec-WebSocket-Accept")),
        (ACCEPT, "", Header("Sec-WebSocket-Accept")),
        ("Sec-WebSocket-Accept", "Sec-WebSocket-Accepted", Header("Sec-WebSocket-Accept")),
        (": binary", ": text", Header("Sec-WebSocket-Protocol")),
        (
            ": binary",
            ": binary\r\nSec-WebSocket-Extensions: permessage-deflate",
            Header("Sec-WebSocket-Extensions"),
        ),
        ("Upgrade: ", &long, HeadersTooLong),
    ] {
        let stream = answer().replacen(from, to, 1);
        assert_ne!(stream, answer());
        for step in [1, 4096] {
            let mut socket = begun();
            assert_eq!(feed(&mut socket, stream.as_bytes(), step), Err(error), "{to}");
            assert_eq!(
                feed(&mut socket, answer().as_bytes(), step),
                Err(error),
                "nothing is read after an error"
            );
            assert!(!socket.is_open());
        }
    }
    let two = answer().replacen("Upgrade:", &format!("Sec-WebSocket-Accept: {ACCEPT}=\r\nUpgrade:"), 1);
    assert_eq!(feed(&mut begun(), two.as_bytes(), 99), Err(Header("Sec-WebSocket-Accept")));
}

#[test]
fn lengths_of_every_form() {
    for length in [0_usize, 1, 125, 126, 127, 65535, 65536, 70_000] {
        let body: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let mut out = b"before".to_vec();
        out.extend_from_slice(&body);
        open().wrap(&mut out, 6, &mut Scripted::new(&[&[0x37, 0xfa, 0x21, 0x3d]]));
        assert_eq!(out[..6], *b"before");
        let frame = &out[6..];
        if length == 0 {
            assert!(frame.is_empty());
            continue;
        }
        let header = match length {
            ..126 => vec![0x82, 0x80 | length as u8],
            126..65536 => [&[0x82, 0xfe], &(length as u16).to_be_bytes()[..]].concat(),
            _ => [&[0x82, 0xff], &(length as u64).to_be_bytes()[..]].concat(),
        };
        assert_eq!(frame[..header.len()], header);
        let (mask, masked) = frame[header.len()..].split_at(4);
        assert_eq!(mask, [0x37, 0xfa, 0x21, 0x3d]);
        assert!(
            masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).eq(body.iter().copied())
        );

        // The same header without a mask is a server's.
        let mut server = header;
        server[1] &= 0x7f;
        server.extend_from_slice(&body);
        for step in [1, 1000, server.len()] {
            assert_eq!(feed(&mut open(), &server, step).as_ref(), Ok(&body));
        }
    }
}

#[test]
fn the_masked_hello_matches_the_rfc() {
    // RFC 6455, 5.7, as a binary message.
    let mut out = b"Hello".to_vec();
    open().wrap(&mut out, 0, &mut Scripted::new(&[&[0x37, 0xfa, 0x21, 0x3d]]));
    assert_eq!(out, [0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    let mut closing = Vec::new();
    open().close(&mut closing, &mut Scripted::new(&[&[0; 4]]));
    assert_eq!(closing, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);
}

#[test]
fn fragments_and_control_frames_between_them() {
    let stream = [
        &[0x02, 3][..],
        b"Hel", // not final
        &[0x89, 4],
        b"ping",    // between the fragments
        &[0x00, 0], // empty
        &[0x8a, 1],
        b"x", // an unsolicited pong
        &[0x80, 2],
        b"lo",      // the last
        &[0x89, 0], // an empty ping
        &[0x82, 1],
        b"!",
    ]
    .concat();
    for step in 1..=stream.len() {
        let mut socket = open();
        assert_eq!(feed(&mut socket, &stream, step), Ok(b"Hello!".to_vec()));
        let mut reply = Vec::new();
        // Only the last ping is answered: its body is empty.
        assert!(socket.write_control(&mut reply, &mut Scripted::new(&[&[1, 2, 3, 4]])));
        assert_eq!(reply, [0x8a, 0x80, 1, 2, 3, 4]);
        assert!(!socket.write_control(&mut reply, &mut Scripted::default()));
    }
    let mut socket = open();
    let ping = [&[0x89, 125][..], &[7; 125]].concat();
    assert_eq!(feed(&mut socket, &ping, 10), Ok(vec![]));
    let mut reply = Vec::new();
    assert!(socket.write_control(&mut reply, &mut Scripted::new(&[&[0; 4]])));
    assert_eq!(reply, [&[0x8a, 0x80 | 125, 0, 0, 0, 0][..], &[7; 125]].concat());
}

#[test]
fn rejected_frames_each_with_its_reason() {
    use WebSocketError::{Closed, Control, Fragment, Kind, Length, Masked, Reserved};
    for (stream, error) in [
        (&[0xc2, 0][..], Reserved),
        (&[0x92, 0], Reserved),
        (&[0x82, 0x81, 0, 0, 0, 0, 1], Masked),
        (&[0x81, 1, b'a'], Kind(1)),
        (&[0x83], Kind(3)),
        (&[0x8f], Kind(15)),
        (&[0x80, 0], Fragment),
        (&[0x02, 0, 0x82, 0], Fragment),
        (&[0x09, 0], Control),
        (&[0x08, 0], Control),
        (&[0x89, 126, 0, 126], Control),
        (&[0x88, 1, 3], Control),
        (&[0x82, 126, 0, 125], Length),
        (&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Length),
        (&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], Length),
        (&[0x88, 0], Closed(None)),
        (&[0x88, 2, 3, 0xe8], Closed(Some(1000))),
        (&[0x88, 5, 3, 0xe9, b'b', b'y', b'e'], Closed(Some(1001))),
    ] {
        for step in [1, stream.len()] {
            let mut socket = open();
            assert_eq!(feed(&mut socket, stream, step), Err(error));
            assert_eq!(feed(&mut socket, &[0x82, 1, 1], 3), Err(error), "nothing is read after an error");
        }
    }
    // Data before a close frame is returned first.
    let mut stream = [0x82, 2, 8, 9, 0x88, 0];
    let mut input = &mut stream[..];
    let mut socket = open();
    assert_eq!(socket.next(&mut input), Ok(Some(&mut [8, 9][..])));
    assert_eq!(socket.next(&mut input), Err(Closed(None)));
}

#[test]
fn the_greatest_length_buffers_nothing() {
    let mut socket = open();
    let stream = [0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    assert_eq!(feed(&mut socket, &stream, 4), Ok(vec![1, 2, 3]));
    assert_eq!(feed(&mut socket, &[9; 1000], 100), Ok(vec![9; 1000]));
}

#[test]
fn targets() {
    assert_eq!(WebSocketTarget::new("a b", "/"), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("a\r\nX: y", "/"), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("a", "/\r\n"), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("", "/"), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("a", ""), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("a", "apiws"), Err(InvalidTarget));
    assert_eq!(WebSocketTarget::new("a".repeat(1025), "/"), Err(InvalidTarget));
    let names: Vec<_> = (1..=5).map(|dc| WebSocketTarget::telegram(dc, dc == 2).unwrap()).collect();
    assert_eq!(names[1].host(), "venus.web.telegram.org");
    assert_eq!((names[0].path(), names[1].path()), ("/apiws", "/apiws_test"));
    assert_eq!((WebSocketTarget::telegram(0, false), WebSocketTarget::telegram(6, false)), (None, None));
}

#[test]
fn any_bytes_end_the_same_way_in_any_pieces() {
    fn property(stream: Vec<u8>, step: u8, answered: bool) -> bool {
        let socket = || if answered { open() } else { begun() };
        let step = usize::from(step) + 1;
        feed(&mut socket(), &stream, step) == feed(&mut socket(), &stream, stream.len().max(1))
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(Vec<u8>, u8, bool) -> bool);
}

/// Random bytes are rarely a frame: here most are.
#[test]
fn bytes_that_look_like_frames_end_the_same_way_in_any_pieces() {
    fn property(frames: Vec<(u8, Vec<u8>)>, step: u8) -> bool {
        let mut stream = Vec::new();
        for (kind, body) in frames {
            let first = [0x82, 0x82, 0x82, 0x02, 0x00, 0x80, 0x89, 0x8a][usize::from(kind % 8)];
            let body = &body[..body.len().min(125)];
            stream.extend([first, body.len() as u8]);
            stream.extend(body);
        }
        feed(&mut open(), &stream, usize::from(step) + 1) == feed(&mut open(), &stream, stream.len().max(1))
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(Vec<(u8, Vec<u8>)>, u8) -> bool);
}
