//! Secrets and links of MTProxies: the vectors, and pasted texts.
#![cfg(all(feature = "unstable", feature = "mtproxy"))]

mod wire;

use sansgram_core::transport::{
    MAX_PROXY_DOMAIN_LEN, ProxyLink, ProxyLinkError, ProxyMode, ProxySecret, ProxySecretError, SocksLink,
};
use wire::{bytes, unhex, vectors};

const HEX: &str = "00112233445566778899aabbccddeeff";

fn refusal(text: &str) -> ProxySecretError {
    text.parse::<ProxySecret>().unwrap_err()
}

#[test]
fn accepted_vectors() {
    let file = vectors("mtproxy_secrets");
    let cases = file["accept"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let secret: ProxySecret = case["input"].as_str().unwrap().parse().unwrap();
        assert_eq!(secret.key()[..], bytes(case, "secret")[..]);
        let kind = case["kind"].as_str().unwrap().split(' ').next().unwrap();
        let expected = match kind {
            "plain" => ProxyMode::Plain,
            "dd" => ProxyMode::Padded,
            "ee" => ProxyMode::FakeTls { domain: case["domain"].as_str().unwrap().into() },
            other => panic!("{other}"),
        };
        assert_eq!(secret.mode(), &expected);
    }
}

#[test]
fn rejected_vectors_each_with_its_reason() {
    let file = vectors("mtproxy_secrets");
    let refusals: Vec<_> = file["reject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| refusal(case["input"].as_str().unwrap()))
        .collect();
    let expected = [
        ProxySecretError::TooShort(2),
        ProxySecretError::UnknownKind,
        ProxySecretError::NoDomain,
        ProxySecretError::PaddedLength(18),
        ProxySecretError::Encoding,
        ProxySecretError::DomainTooLong(183),
    ];
    assert_eq!(refusals, expected);
}

#[test]
fn borders() {
    for len in 0..16 {
        assert_eq!(ProxySecret::from_bytes(&vec![0xee; len]), Err(ProxySecretError::TooShort(len)));
    }
    assert_eq!(ProxySecret::from_bytes(&[0xee; 16]).unwrap().mode(), &ProxyMode::Plain);
    assert_eq!(ProxySecret::from_bytes(&[0xdd; 16]).unwrap().mode(), &ProxyMode::Plain);
    let with_domain = |domain: &[u8]| ProxySecret::from_bytes(&[&[0xee], &unhex(HEX)[..], domain].concat());
    assert!(with_domain(&[b'a'; MAX_PROXY_DOMAIN_LEN]).is_ok());
    assert_eq!(with_domain(&[b'a'; 183]), Err(ProxySecretError::DomainTooLong(183)));
    for bad in [&b"a b"[..], b"a\0b", b"\x7fa", b"\xff\xfe", "a\u{85}b".as_bytes()] {
        assert_eq!(with_domain(bad), Err(ProxySecretError::DomainCharacters), "{bad:?}");
    }
    // Telegram's clients send the domain unchanged. A line feed comes from the shell in which the secret was created.
    for (bytes, domain) in [("пример.рф".as_bytes(), "пример.рф"), (b"a.b\n", "a.b"), (b"a.b\r\n\0 ", "a.b")]
    {
        let secret = with_domain(bytes).unwrap();
        assert_eq!(secret.mode(), &ProxyMode::FakeTls { domain: domain.into() });
    }
    assert_eq!(with_domain(b"\n"), Err(ProxySecretError::NoDomain));
    assert_eq!(refusal(&HEX[1..]), ProxySecretError::OddDigits(31));
    assert_eq!(refusal(&format!("dd{HEX}0")), ProxySecretError::OddDigits(35));
    assert_eq!(refusal(&"a".repeat(513)), ProxySecretError::TooLong);
    assert_ne!(refusal(&"a".repeat(512)), ProxySecretError::TooLong);
    assert_eq!(refusal(""), ProxySecretError::TooShort(0));
    assert_eq!(refusal("ключ"), ProxySecretError::Encoding);
    assert_eq!(refusal("0011 2233445566778899aabbccddeeff"), ProxySecretError::Encoding);
}

#[test]
fn every_text_form_of_the_same_bytes_is_the_same_secret() {
    let expected: ProxySecret = HEX.parse().unwrap();
    for text in [
        &HEX.to_uppercase(),
        "ABEiM0RVZneImaq7zN3u_w",
        "ABEiM0RVZneImaq7zN3u_w==",
        "ABEiM0RVZneImaq7zN3u/w",
        "ABEiM0RVZneImaq7zN3u/w==",
    ] {
        assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
    }
    // 32 hexadecimal digits are also base64, of 24 bytes: hexadecimal takes precedence.
    assert_eq!("dddddddddddddddddddddddddddddddd".parse::<ProxySecret>().unwrap().key(), &[0xdd; 16]);
}

#[test]
fn secrets_differ_by_key_and_by_mode() {
    let secret = |text: String| text.parse::<ProxySecret>().unwrap();
    let all = [
        secret(HEX.into()),
        secret(format!("dd{HEX}")),
        secret(format!("ee{HEX}612e62")),
        secret(format!("ee{HEX}612e63")),
        secret(format!("dd{}", HEX.replace("00", "01"))),
    ];
    for (left, one) in all.iter().enumerate() {
        for (right, other) in all.iter().enumerate() {
            assert_eq!(one == other, left == right, "{left} and {right}");
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let link: ProxyLink =
        format!("tg://proxy?server=a.example&port=443&secret=ee{HEX}612e62").parse().unwrap();
    let shown = format!("{link:?} {:?} {}", link.secret, ProxySecretError::UnknownKind);
    assert!(shown.contains("[redacted]") && shown.contains("a.example"));
    for leak in ["0011", "aabb", "170", "0x11", "17, 34"] {
        assert!(!shown.contains(leak), "{shown}");
    }
}

#[test]
fn c4_links_of_every_form() {
    let expected = ProxyLink { server: "proxy.example".into(), port: 8443, secret: HEX.parse().unwrap() };
    let query = format!("server=proxy.example&port=8443&secret={HEX}");
    // Brackets after a secret are ignored in any case.
    let server_last = format!("secret={HEX}&port=8443&server=proxy.example");
    for link in [
        format!("tg://proxy?{query}"),
        format!("tg:proxy?{query}"),
        format!("TG://Proxy/?{query}"),
        format!("https://t.me/proxy?{query}"),
        format!("http://T.me/proxy?{query}"),
        format!("https://telegram.me/proxy?{query}"),
        format!("https://telegram.dog/proxy/?{query}"),
        format!("  tg://proxy?{query}\n"),
        format!("tg://proxy?{query}#fragment"),
        format!("t.me/proxy?{query}"),
        format!("t.me:443/proxy?{query}"),
        format!("www.t.me/proxy?{query}"),
        format!("https://www.telegram.me/proxy?{query}"),
        format!("<https://t.me/proxy?{query}>"),
        format!("\"tg://proxy?{query}\""),
        format!("[a proxy](tg://proxy?{server_last}) for all"),
        format!("a proxy [tg://proxy?{server_last}] for all"),
        format!("a proxy {{tg://proxy?{server_last}}} for all"),
        format!("a proxy *tg://proxy?{query}* for all"),
        format!("a proxy __tg://proxy?{query}__ for all"),
        format!("a proxy ||tg://proxy?{query}|| for all"),
        format!("a proxy ~tg://proxy?{query}~ for all"),
        // Only a link that is a parameter as a whole is decoded as a whole.
        format!("tg://proxy?x=%3F%26port%3D1&{query}"),
        format!("https://t.me/proxy?{}", query.replace('&', "&amp;")),
        format!("tg://proxy?x=1&&y&{query}&server=second.example"),
        format!("tg://proxy?server=proxy%2Eexample&port=%38443&secret={HEX}"),
        "tg://proxy?secret=ABEiM0RVZneImaq7zN3u%2Fw%3D%3D&port=8443&server=proxy.example".into(),
        "tg://proxy?secret=ABEiM0RVZneImaq7zN3u/w==&port=8443&server=proxy.example".into(),
    ] {
        assert_eq!(link.parse(), Ok(expected.clone()), "{link}");
    }
    // As copied from chats, mails, web pages, code and other links.
    for link in [
        format!("tg://proxy?{query}."),
        format!("https://t.me/proxy?{query}, and more"),
        format!("(https://t.me/proxy?{query})"),
        format!("[a proxy](https://t.me/proxy?{query})."),
        format!("**tg://proxy?{query}**"),
        format!("«https://t.me/proxy?{query}»"),
        format!("Proxy: https://t.me/proxy?{query}"),
        format!("\u{200e}tg://proxy?{query}\u{200f}"),
        format!("\u{feff}https://t.me/proxy?{query}\u{200b}"),
        format!("https://t.me/proxy?{query}@channel"),
        format!("https://t.me/proxy?{}", query.replace('&', " & ").replace('=', "= ")),
        format!("https://t.me/proxy?{}", query.replace("secret=0011", "secret=0011\n")),
        format!("HTTPS://T.ME/PROXY?{}", query.to_uppercase()).replace("PROXY.EXAMPLE", "proxy.example"),
        format!("https://t.me/proxy?{}", query.replace('&', "&amp;amp;")),
        format!("https://t.me/proxy?{}", query.replace('&', "&#38;")),
        format!("https://t.me/proxy?{}", query.replace('&', "\\u0026")),
        format!("https://t.me/proxy\\?{}", query.replace('&', "\\&").replace('=', "\\=")),
        format!("https://t.me/proxy%3F{}", query.replace('&', "%26").replace('=', "%3D")),
        format!("https%3A%2F%2Ft.me%2Fproxy%3f{}", query.replace('&', "%26").replace('=', "%3D")),
        format!("tg:///proxy?{query}"),
        format!("//t.me/proxy?{query}"),
        format!("https:/t.me/proxy?{query}"),
        format!("https://t.me:443//proxy?{query}"),
        format!("https://t.me./proxy?{query}"),
    ] {
        assert_eq!(link.parse(), Ok(expected.clone()), "{link}");
    }
    // In a link a plus sign is literal.
    let with_plus: ProxyLink =
        "tg://proxy?server=1.2.3.4&port=1&secret=+++++++++++++++++++++w".parse().unwrap();
    assert_eq!(with_plus.secret.key()[..3], [0xfb, 0xef, 0xbe]);
    for (server, expected) in [
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("b%C3%BCro.example", "büro.example"),
    ] {
        let link: ProxyLink = format!("tg://proxy?server={server}&port=1&secret={HEX}").parse().unwrap();
        assert_eq!(link.server, expected);
    }
}

/// `core.telegram.org/api/links`, "Socks5 proxy links".
#[test]
fn c4_links_to_socks_proxies() {
    for link in [
        "tg://socks?server=proxy.example&port=1080&user=m%C3%A9&pass=p%26%3D%20w+",
        "https://t.me/socks?pass=p%26%3D%20w+&user=m%C3%A9&server=proxy.example&port=1080",
        "telegram.dog/socks?server=proxy.example&amp;port=1080&amp;user=m%C3%A9&amp;pass=p%26%3D%20w+",
    ] {
        let socks: SocksLink = link.parse().unwrap();
        assert_eq!((socks.server.as_str(), socks.port), ("proxy.example", 1080));
        assert_eq!(socks.user.as_ref().map(|user| user.as_str()), Some("mé"));
        assert_eq!(*socks.password, "p&= w+");
        let shown = format!("{socks:?}");
        assert!(!shown.contains("p&=") && !shown.contains("mé"), "{shown}");
    }
    // The end of a password is never stripped.
    let marked: SocksLink = "tg://socks?server=1.2.3.4.&port=1&user=a&pass=b.!)".parse().unwrap();
    assert_eq!((marked.server.as_str(), marked.password.as_str()), ("1.2.3.4", "b.!)"));
    let open: SocksLink = "tg://socks?server=[::1]&port=1&user=&pass=".parse().unwrap();
    assert_eq!((open.server.as_str(), open.user.is_none(), open.password.len()), ("::1", true, 0));
    for (link, error) in [
        ("tg://proxy?server=a&port=1&secret=00112233445566778899aabbccddeeff", ProxyLinkError::NotALink),
        ("tg://socks?port=1", ProxyLinkError::Missing("server")),
        ("tg://socks?server=a", ProxyLinkError::Missing("port")),
        ("tg://socks?server=a&port=1&pass=%zz", ProxyLinkError::Escape("pass")),
    ] {
        assert_eq!(link.parse::<SocksLink>(), Err(error), "{link}");
    }
}

#[test]
fn rejected_links_each_with_its_reason() {
    let rest = format!("port=443&secret={HEX}");
    let long = "a".repeat(256);
    for (link, error) in [
        (String::new(), ProxyLinkError::NotALink),
        (HEX.into(), ProxyLinkError::NotALink),
        (format!("tg://socks?server=a&{rest}"), ProxyLinkError::NotALink),
        (format!("tg://proxy#?server=a&{rest}"), ProxyLinkError::OtherLink),
        (format!("https://t.me.example/proxy?server=a&{rest}"), ProxyLinkError::NotALink),
        (format!("https://example/t.me/proxy?server=a&{rest}"), ProxyLinkError::NotALink),
        (format!("ftp://t.me/proxy?server=a&{rest}"), ProxyLinkError::NotALink),
        (format!("tg://http?server=a&{rest}"), ProxyLinkError::OtherLink),
        ("https://t.me/channel/12".into(), ProxyLinkError::OtherLink),
        ("tg://resolve?domain=channel".into(), ProxyLinkError::OtherLink),
        (format!("tg://proxy?server=a:9&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?{rest}"), ProxyLinkError::Missing("server")),
        (format!("tg://proxy?server=a&secret={HEX}"), ProxyLinkError::Missing("port")),
        ("tg://proxy?server=a&port=443".into(), ProxyLinkError::Missing("secret")),
        (format!("tg://proxy?server=&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?server=a b&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?server=a/b&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?server=a%0d%0ab&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?server={long}&{rest}"), ProxyLinkError::Server),
        (format!("tg://proxy?server=%zz&{rest}"), ProxyLinkError::Escape("server")),
        (format!("tg://proxy?server=a%4&{rest}"), ProxyLinkError::Escape("server")),
        (format!("tg://proxy?server=%ff&{rest}"), ProxyLinkError::Escape("server")),
        (format!("tg://proxy?server=a&port=0&secret={HEX}"), ProxyLinkError::Port),
        (format!("tg://proxy?server=a&port=65536&secret={HEX}"), ProxyLinkError::Port),
        (format!("tg://proxy?server=a&port=-1&secret={HEX}"), ProxyLinkError::Port),
        (format!("tg://proxy?server=a&port=&secret={HEX}"), ProxyLinkError::Port),
        ("tg://proxy?server=a&port=443&secret=0011".into(), ProxySecretError::TooShort(2).into()),
        ("tg://proxy?server=a&port=443&secret=!".into(), ProxySecretError::Encoding.into()),
    ] {
        assert_eq!(link.parse::<ProxyLink>(), Err(error), "{link}");
    }
}
