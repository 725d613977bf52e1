//! The dialogues against bytes written out by hand from RFC 1928, RFC 1929 and RFC 9110, and URLs.

use sansgram_core::client::ProxyLinkError;
use sansgram_core::client::{AuthSchemes, ProxyFault};

use zeroize::Zeroizing;

use super::*;

fn target(text: &str) -> Target {
    let (host, port) = text.rsplit_once(':').unwrap();
    Target::new(Host::parse(host).unwrap(), port.parse().unwrap())
}

fn credentials(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials { user: Zeroizing::new(user.into()), password: Zeroizing::new(password.into()) })
}

type Pair = Option<(&'static str, &'static str)>;

fn socks5(to: &str, pair: Pair) -> Dialogue {
    let credentials = pair.and_then(|(user, password)| credentials(user, password));
    Dialogue::Socks5(Socks5::new(&target(to), credentials.as_ref()))
}

fn http(to: &str, pair: Pair) -> Dialogue {
    let credentials = pair.and_then(|(user, password)| credentials(user, password));
    Dialogue::Http(HttpConnect::new(&target(to), credentials.as_ref()))
}

/// The result of a dialogue with a proxy: the bytes that were written, and the rest of the proxy's bytes.
struct Outcome {
    result: Result<bool, ProxyError>,
    written: Vec<u8>,
    left: Vec<u8>,
}

/// Runs a dialogue with a proxy that sends `says`, in chunks of `chunk` bytes; 0 means as many as the dialogue
/// requests.
fn run(mut dialogue: Dialogue, says: &[u8], chunk: usize) -> Outcome {
    let mut input = says;
    let mut written = Vec::new();
    let result = loop {
        match dialogue.step() {
            Step::Write(bytes) => written.extend_from_slice(&bytes),
            Step::Done => break Ok(true),
            Step::Read(wanted) => {
                assert!((1..=300).contains(&wanted));
                if input.is_empty() {
                    break Ok(false);
                }
                let len = if chunk == 0 { wanted } else { chunk };
                let (mut now, later) = input.split_at(len.min(input.len()));
                let result = dialogue.receive(&mut now);
                input = &says[says.len() - later.len() - now.len()..];
                if let Err(error) = result {
                    assert_eq!(dialogue.receive(&mut now), Err(error), "an error stays");
                    assert_eq!(dialogue.step(), Step::Read(0));
                    break Err(error);
                }
            }
        }
    };
    Outcome { result, written, left: input.to_vec() }
}

/// Checks that the result is the same with every chunking, and that no more is read than requested.
fn run_all(dialogue: impl Fn() -> Dialogue, says: &[u8]) -> Outcome {
    let whole = run(dialogue(), says, usize::MAX);
    for chunk in 0..=says.len() {
        let pieces = run(dialogue(), says, chunk);
        assert_eq!((pieces.result, &pieces.written), (whole.result, &whole.written), "chunks of {chunk}");
        assert_eq!(pieces.left, whole.left, "chunks of {chunk}");
    }
    whole
}

#[test]
fn socks5_without_authentication() {
    let outcome =
        run_all(|| socks5("149.154.167.51:443", None), b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90");
    assert_eq!(outcome.result, Ok(true));
    assert_eq!(outcome.written, b"\x05\x01\x00\x05\x01\x00\x01\x95\x9a\xa7\x33\x01\xbb");
}

#[test]
fn socks5_with_a_password_and_an_ipv6_target() {
    let says = [&b"\x05\x02\x01\x00\x05\x00\x00\x04"[..], &[7; 18], b"theirs"].concat();
    let outcome = run_all(|| socks5("[2001:67c:4e8:f002::a]:443", Some(("me", "secret"))), &says);
    assert_eq!(outcome.result, Ok(true));
    assert_eq!(outcome.left, b"theirs", "the bytes after the dialogue are the target's");
    let mut expected = b"\x05\x02\x00\x02\x01\x02me\x06secret\x05\x01\x00\x04".to_vec();
    expected.extend_from_slice(&[0x20, 1, 6, 0x7c, 4, 0xe8, 0xf0, 2, 0, 0, 0, 0, 0, 0, 0, 0xa, 1, 0xbb]);
    assert_eq!(outcome.written, expected);
}

#[test]
fn socks5_to_a_name_without_authentication_and_with_a_name_in_the_reply() {
    let says = b"\x05\x00\x05\x00\x00\x03\x05proxy\x00\x50";
    let outcome = run_all(|| socks5("dc.example:80", Some(("me", "secret"))), says);
    assert_eq!(outcome.result, Ok(true));
    assert_eq!(outcome.written, b"\x05\x02\x00\x02\x05\x01\x00\x03\x0adc.example\x00\x50");
}

#[test]
fn socks5_refusals() {
    use ProxyError as E;
    let none: fn() -> Dialogue = || socks5("10.0.0.1:1", None);
    let some: fn() -> Dialogue = || socks5("10.0.0.1:1", Some(("me", "secret")));
    for (dialogue, says, error, fault) in [
        (none, &b"\x05\xff"[..], E::CredentialsRequired, ProxyFault::CredentialsRequired),
        (some, b"\x05\xff", E::NoCommonMethod, ProxyFault::NoCommonMethod),
        (some, b"\x05\x02\x01\x01", E::CredentialsRefused, ProxyFault::CredentialsRefused),
        (none, b"\x05\x02", E::UnknownMethod(2), ProxyFault::NoCommonMethod),
        (some, b"\x05\x01", E::UnknownMethod(1), ProxyFault::NoCommonMethod),
        (none, b"\x04\x00", E::Protocol, ProxyFault::Protocol),
        (none, b"HTTP/1.1 400 Bad Request\r\n\r\n", E::HttpServer, ProxyFault::HttpServer),
        (none, b"\x15\x03\x01\x00\x02\x02\x46", E::Tls, ProxyFault::Tls),
        (none, b"\x05\x00\x05\x02", E::Socks5(Socks5Reply::NotAllowed), ProxyFault::Socks5(2)),
        (none, b"\x05\x00\x05\x05\x00\x01", E::Socks5(Socks5Reply::ConnectionRefused), ProxyFault::Socks5(5)),
        (none, b"\x05\x00\x05\x63", E::Socks5(Socks5Reply::Unassigned(0x63)), ProxyFault::Socks5(0x63)),
        (none, b"\x05\x00\x05\x00\x00\x02\x00", E::Protocol, ProxyFault::Protocol),
        (none, b"\x05\x00\x00\x00", E::Protocol, ProxyFault::Protocol),
    ] {
        let outcome = run(dialogue(), says, 1);
        assert_eq!(outcome.result, Err(error), "{says:?}");
        assert_eq!(error.fault(), fault);
        assert_eq!(run(dialogue(), says, usize::MAX).result, Err(error), "{says:?}");
    }
}

/// By `openssh.com/txt/socks4.protocol` and `socks4a.protocol`.
#[test]
fn socks4_with_addresses_and_names() {
    let socks4 = |to: &str, user: &str| {
        Dialogue::Socks4(Socks4::new(
            &target(to),
            credentials(user, "").filter(|it| !it.user.is_empty()).as_ref(),
        ))
    };
    let says = b"\x00\x5a\x01\xbb\x00\x00\x00\x00theirs";
    for (to, user, written) in [
        ("149.154.167.51:443", "", &b"\x04\x01\x01\xbb\x95\x9a\xa7\x33\x00"[..]),
        ("149.154.167.51:443", "me", b"\x04\x01\x01\xbb\x95\x9a\xa7\x33me\x00"),
        ("dc.example:80", "me", b"\x04\x01\x00\x50\x00\x00\x00\x01me\x00dc.example\x00"),
        ("[2001:db8::1]:80", "", b"\x04\x01\x00\x50\x00\x00\x00\x01\x002001:db8::1\x00"),
    ] {
        let outcome = run_all(|| socks4(to, user), says);
        assert_eq!((outcome.result, &outcome.left[..]), (Ok(true), &b"theirs"[..]));
        assert_eq!(outcome.written, written);
    }
    for (says, error) in [
        (&b"\x00\x5b\x00\x00"[..], ProxyError::Socks5(Socks5Reply::GeneralFailure)),
        (b"\x00\x5d", ProxyError::CredentialsRefused),
        (b"\x04\x5a", ProxyError::Protocol),
        (b"HTTP/1.1 400", ProxyError::HttpServer),
    ] {
        for chunk in [1, usize::MAX] {
            assert_eq!(
                run(socks4("10.0.0.1:1", ""), says, chunk).result,
                Err(error),
                "{}",
                says.escape_ascii()
            );
        }
    }
}

#[test]
fn replies_and_statuses_have_their_own_messages() {
    let mut told = std::collections::BTreeSet::new();
    for reply in 1..=9 {
        let error = run(socks5("10.0.0.1:1", None), &[5, 0, 5, reply], 1).result.unwrap_err();
        let text = error.fault().to_string();
        assert!(text.contains(&format!("(SOCKS reply {reply})")), "{text}");
        told.insert(text.split(" (").next().unwrap().to_owned());
    }
    assert_eq!(told.len(), 9);
    for (status, words) in [(403, "does not allow it"), (405, "CONNECT"), (504, "in time"), (418, "refused")]
    {
        let text = ProxyError::HttpStatus(status).fault().to_string();
        assert!(text.contains(words) && text.contains(&status.to_string()), "{text}");
    }
}

#[test]
fn http_without_and_with_a_password() {
    let says = b"HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\ntheirs";
    let outcome = run_all(|| http("149.154.167.51:443", None), says);
    assert_eq!(outcome.result, Ok(true));
    assert_eq!(outcome.left, b"theirs", "a CONNECT's answer has no body, whatever it says");
    let expected = "CONNECT 149.154.167.51:443 HTTP/1.1\r\nHost: 149.154.167.51:443\r\n\r\n";
    assert_eq!(String::from_utf8(outcome.written).unwrap(), expected);

    // The example of RFC 7617, 2.
    let outcome = run_all(
        || http("[2001:db8::1]:443", Some(("Aladdin", "open sesame"))),
        b"HTTP/1.0 100 \n\nHTTP/1.1 204\n\n",
    );
    assert_eq!(outcome.result, Ok(true));
    let expected = "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\
                    Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    assert_eq!(String::from_utf8(outcome.written).unwrap(), expected);
}

#[test]
fn http_refusals() {
    use ProxyError as E;
    let none: fn() -> Dialogue = || http("10.0.0.1:1", None);
    let some: fn() -> Dialogue = || http("10.0.0.1:1", Some(("me", "secret")));
    for (dialogue, says, error, fault) in [
        (
            none,
            &b"HTTP/1.1 407 No\r\nA: b\r\n\r\n"[..],
            E::CredentialsRequired,
            ProxyFault::CredentialsRequired,
        ),
        (some, b"HTTP/1.1 407 No\r\n\r\n", E::CredentialsRefused, ProxyFault::CredentialsRefused),
        (none, b"HTTP/1.1 403 No\r\n\r\n", E::HttpStatus(403), ProxyFault::Http(403)),
        (none, b"HTTP/1.1 502\r\n\r\n", E::HttpStatus(502), ProxyFault::Http(502)),
        (none, b"HTTP/1.1 301 Elsewhere\r\n\r\n", E::HttpStatus(301), ProxyFault::Protocol),
        (none, b"HTTP/1.1 2000 Many\r\n\r\n", E::Protocol, ProxyFault::Protocol),
        (none, b"HTTP/1.1 099 Few\r\n\r\n", E::Protocol, ProxyFault::Protocol),
        (none, b"HTTP/1.1\r\n\r\n", E::Protocol, ProxyFault::Protocol),
        (none, b"HTTP/2 200\r\n\r\n", E::Protocol, ProxyFault::Protocol),
        (none, b"\x05\xff", E::Socks5Proxy, ProxyFault::Socks5Proxy),
        (none, b"\x15\x03\x03\x00\x02\x02\x32", E::Tls, ProxyFault::Tls),
        (some, b"HTTP/1.0 401 No\r\n\r\n", E::CredentialsRefused, ProxyFault::CredentialsRefused),
        (
            none,
            b"HTTP/1.0 401 No\nwww-authenticate: basic\n\n",
            E::CredentialsRequired,
            ProxyFault::CredentialsRequired,
        ),
        (none, b"SSH-2.0-OpenSSH", E::Protocol, ProxyFault::Protocol),
    ] {
        for chunk in [1, 2, usize::MAX] {
            assert_eq!(run(dialogue(), says, chunk).result, Err(error), "{}", says.escape_ascii());
        }
        assert_eq!(error.fault(), fault);
    }
}

#[test]
fn a_long_head_is_accepted_and_an_endless_one_refused() {
    let mut says = b"HTTP/1.1 200 OK\r\n".to_vec();
    // Proxies that add many headers are accepted.
    let filler = b"X-Filler: 0123456789\r\n".repeat(64 * 1024 / 22);
    let taken = [&says[..], &filler, b"\r\ntheirs"].concat();
    let outcome = run(http("10.0.0.1:1", None), &taken, 1000);
    assert_eq!((outcome.result, &outcome.left[..]), (Ok(true), &b"theirs"[..]));
    says.extend(filler.repeat(2));
    says.extend([b'x'; 100]);
    assert_eq!(run(http("10.0.0.1:1", None), &says, 1000).result, Err(ProxyError::TooLong));
    let says = b"HTTP/1.1 100 Go on\r\n\r\n".repeat(10_000);
    assert_eq!(run(http("10.0.0.1:1", None), &says, 1000).result, Err(ProxyError::TooLong));
}

#[test]
fn no_bytes_of_a_proxy_panic() {
    #[expect(clippy::needless_pass_by_value, reason = "quickcheck gives vectors")]
    fn property(says: Vec<u8>, begins_well: bool, is_socks: bool) -> bool {
        let beginning: &[u8] = match (begins_well, is_socks) {
            (false, _) => b"",
            (true, true) => b"\x05\x00\x05\x00\x00",
            (true, false) => b"HTTP/1.1 2",
        };
        let says = [beginning, &says].concat();
        let dialogue = || if is_socks { socks5("10.0.0.1:1", None) } else { http("10.0.0.1:1", None) };
        let whole = run(dialogue(), &says, usize::MAX);
        [0, 1].into_iter().all(|chunk| {
            let pieces = run(dialogue(), &says, chunk);
            let same_rest = whole.result.is_err() || pieces.left == whole.left;
            pieces.result == whole.result && pieces.written == whole.written && same_rest
        })
    }
    quickcheck::quickcheck(property as fn(Vec<u8>, bool, bool) -> bool);
}

#[test]
fn urls() {
    let parse = |text: &str| text.parse::<Proxy>();
    let proxy = parse("socks5://me:s%40cr%3At@[::1]:1081").unwrap();
    assert_eq!(proxy.to_string(), "socks5://[::1]:1081");
    assert_eq!(proxy.kind(), ProxyKind::Socks5);
    assert_eq!(proxy.credentials, credentials("me", "s@cr:t"));
    let proxy = parse(" HTTP://proxy.example/ ").unwrap();
    assert_eq!((proxy.to_string().as_str(), proxy.has_credentials()), ("http://proxy.example:80", false));
    assert_eq!(parse("socks5h://10.0.0.1").unwrap().port(), 1080);
    assert_eq!(parse("SOCKS4A://me@h").unwrap().to_string(), "socks4://h:1080");
    assert_eq!(parse("socks4://me@h").unwrap().credentials, credentials("me", ""));
    assert_eq!(parse("socks5://token@h:1").unwrap().credentials, credentials("token", ""));
    assert_eq!(parse("http://me:a@b@h:1").unwrap().credentials, credentials("me", "a@b"));

    for (text, error) in [
        ("proxy.example:1080", InvalidProxy::SchemeMissing),
        ("[::1]:1080", InvalidProxy::SchemeMissing),
        ("ftp://proxy.example:1080", InvalidProxy::Scheme),
        ("https://h:1", InvalidProxy::Https),
        ("socks4://me:secret@h:1", InvalidProxy::Credentials),
        ("socks4://m%00e@h:1", InvalidProxy::Credentials),
        ("tg://socks?server=h", InvalidProxy::Link(ProxyLinkError::Missing("port"))),
        ("t.me/proxy?server=h&port=1&secret=00112233445566778899aabbccddeeff", InvalidProxy::MtProxy),
        ("socks5://", InvalidProxy::Host),
        ("socks5://:1080", InvalidProxy::Host),
        ("socks5://::1:1080", InvalidProxy::Port),
        ("socks5://[10.0.0.1]:1", InvalidProxy::Host),
        ("socks5://a b:1", InvalidProxy::Host),
        ("http://h\r\nX: y:1", InvalidProxy::Port),
        ("http://b\u{fc}cher.example:1", InvalidProxy::Host),
        ("socks5://h:0", InvalidProxy::Port),
        ("socks5://h:65536", InvalidProxy::Port),
        ("socks5://h:+1", InvalidProxy::Port),
        ("socks5://[::1]1080", InvalidProxy::Port),
        ("socks5://h:1/path", InvalidProxy::Path),
        ("socks5://h:1?x", InvalidProxy::Path),
        ("socks5://me:%zz@h:1", InvalidProxy::Encoding),
        ("socks5://me:%f@h:1", InvalidProxy::Encoding),
        ("socks5://me:%ff@h:1", InvalidProxy::Encoding),
        ("socks5://:secret@h:1", InvalidProxy::Credentials),
        ("http://me%3A:secret@h:1", InvalidProxy::Credentials),
        ("http://me:se%0d%0acret@h:1", InvalidProxy::Credentials),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
    for text in ["socks5://@h:1", "socks5://:@h:1", "socks4://@h:1", "http://:@h:1"] {
        assert!(!parse(text).unwrap().has_credentials(), "{text}");
    }
    for text in ["proxy.example:1080", "10.0.0.1:1080", "[::1]:1080"] {
        assert_eq!(text.parse::<AnyProxy>().err(), Some(InvalidProxy::SchemeMissing), "{text}");
    }
    let long = "x".repeat(256);
    assert_eq!(parse(&format!("socks5://{long}:p@h:1")), Err(InvalidProxy::Credentials));
    assert_eq!(parse(&format!("socks5://u:{long}@h:1")), Err(InvalidProxy::Credentials));
    assert_eq!(parse(&format!("socks5://{long}:1")), Err(InvalidProxy::Host));
}

#[test]
fn telegram_links_are_parsed() {
    let proxy: Proxy = "https://t.me/socks?server=h&port=1081&user=me&pass=s%40c".parse().unwrap();
    assert_eq!(proxy.to_string(), "socks5://h:1081");
    assert_eq!(proxy.credentials, credentials("me", "s@c"));
    let link: AnyProxy =
        "www.t.me/proxy?server=h&port=1&secret=00112233445566778899aabbccddeeff".parse().unwrap();
    assert!(matches!(&link, AnyProxy::MtProxy(link) if link.server == "h"), "{link:?}");
    assert!(!format!("{link:?}").contains("0011"), "{link:?}");
}

/// Several challenges in one line or in many, with commas in their parameters (RFC 9110, 11.6.1).
#[test]
fn a_proxy_without_basic_is_reported_with_its_schemes() {
    let schemes = |names: &[&str]| {
        Err(ProxyError::SchemesNotSupported(
            names.iter().fold(AuthSchemes::default(), |all, name| all.with(name)),
        ))
    };
    let some = Some(("me", "secret"));
    let digest = r#"Proxy-Authenticate: Digest realm="a, Basic b", qop="auth,auth-int", nonce="x""#;
    for (headers, expected) in [
        (digest, schemes(&["Digest"])),
        ("proxy-authenticate: NTLM\r\nProxy-Authenticate:Negotiate", schemes(&["NTLM", "Negotiate"])),
        (r#"Proxy-Authenticate: digest realm="a", SCRAM-SHA-256 realm="b""#, schemes(&["Digest", "other"])),
        (r#"Proxy-Authenticate: Digest realm="a", basic realm="b""#, Err(ProxyError::CredentialsRefused)),
        ("Proxy-Authenticate: Basic", Err(ProxyError::CredentialsRefused)),
        ("Proxy-Authenticate: ,", Err(ProxyError::CredentialsRefused)),
        ("WWW-Authenticate: Digest", Err(ProxyError::CredentialsRefused)),
    ] {
        let says = format!("HTTP/1.1 407 No\r\nVia: x\r\n{headers}\r\n\r\n");
        assert_eq!(run(http("10.0.0.1:1", some), says.as_bytes(), 1).result, expected, "{headers}");
    }
    // The error is the same without credentials, since a password would not help.
    let says = format!("HTTP/1.1 407 No\r\n{digest}\r\n\r\n");
    let error = run(http("10.0.0.1:1", None), says.as_bytes(), 0).result.unwrap_err();
    assert_eq!(error.to_string(), "the proxy supports the authentication schemes Digest, but not Basic");
    assert!(error.fault().needs_credentials());
}

#[test]
fn passwords_are_never_shown() {
    let proxy: Proxy = "socks5://alice:hunter2@h:1".parse().unwrap();
    let target = target("10.0.0.1:1");
    let shown = format!(
        "{proxy:?} {proxy} {:?} {:?} {:?}",
        proxy.credentials,
        Socks5::new(&target, proxy.credentials.as_ref()),
        crate::ClientOptions::new().proxy(proxy.clone()),
    );
    assert!(!shown.contains("alice") && !shown.contains("hunter2"), "{shown}");
    let http = HttpConnect::new(&target, proxy.credentials.as_ref());
    let shown = format!("{http:?}");
    // Neither as text nor as a list of bytes.
    assert!(!shown.contains("Basic") && !shown.contains("66, 97, 115"), "{shown}");
}
