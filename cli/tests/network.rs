//! The options for the route to the server: proxies, MTProxies and stream modes. Their secrets are never shown.

mod support;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use sansgram_testkit::server::{Frontend, HelloWindow, MtProxyMode, ServerOptions};
use support::Server;

const BOT: [&str; 3] = ["login", "--bot-token", "1:sandbox"];
const KEY: [u8; 16] = [0x1a; 16];

fn server(frontend: Frontend) -> Server {
    Server::new(ServerOptions::default().with_frontend(frontend))
}

/// Starts a SOCKS5 and HTTP proxy that requires the user `ada` and the password `sec/ret`, and connects to IPv4
/// addresses.
fn proxy() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client));
        }
    });
    port
}

fn serve(mut client: TcpStream) -> io::Result<()> {
    let mut first = [0];
    client.read_exact(&mut first)?;
    let server = if first == [5] { socks5(&client)? } else { http(&mut client)? };
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut &server, &mut &client).map(drop)
}

fn socks5(client: &TcpStream) -> io::Result<TcpStream> {
    let mut stream = client;
    let mut read = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = read(1)?;
    read(methods[0].into())?;
    (&mut { client }).write_all(&[5, 2])?;
    let mut text = |before: usize| {
        let length = read(before + 1)?[before];
        read(length.into())
    };
    let refused = (text(1)?, text(0)?) != (b"ada".to_vec(), b"sec/ret".to_vec());
    (&mut { client }).write_all(&[1, refused.into()])?;
    let request = read(4 + 4 + 2)?;
    assert_eq!(request[..4], [5, 1, 0, 1]);
    let ip: [u8; 4] = request[4..8].try_into().unwrap();
    let server =
        TcpStream::connect((std::net::Ipv4Addr::from(ip), u16::from_be_bytes([request[8], request[9]])))?;
    (&mut { client }).write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(server)
}

fn http(client: &mut TcpStream) -> io::Result<TcpStream> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    // base64 of ada:sec/ret
    if !head.contains("Basic YWRhOnNlYy9yZXQ=") {
        client.write_all(b"HTTP/1.1 407 No\r\n\r\n")?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let server = TcpStream::connect(head.split(' ').nth(1).unwrap())?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    Ok(server)
}

#[test]
fn stream_modes_and_temporary_keys() {
    for args in [&["--obfuscated"][..], &["--pfs"], &["--obfuscated", "--framing", "full", "--pfs"]] {
        support::sansgram(&[&["login", "--sandbox", "--bot-token", "1:sandbox"], args].concat()).ok();
        let server = server(Frontend::None);
        server.run(&[&BOT, args].concat()).ok();
        server.run(&[&["whoami"], args].concat()).ok();
        assert!(server.served.take_refusals().is_empty());
    }
}

#[test]
fn mtproxies_of_all_kinds() {
    let hex = "1a".repeat(16);
    let domain = "www.example.org";
    let domain_hex: String = domain.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (mode, secret) in [
        (MtProxyMode::Plain, hex.clone()),
        (MtProxyMode::Plain, "GhoaGhoaGhoaGhoaGhoaGg==".into()),
        (MtProxyMode::Padded, format!("dd{hex}")),
        (
            MtProxyMode::FakeTls { domain: domain.into(), window: HelloWindow::default() },
            format!("ee{hex}{domain_hex}"),
        ),
    ] {
        let server = server(Frontend::MtProxy { key: KEY, mode });
        let address = server.served.address(2).unwrap();
        let [ip, port] = [address.ip().to_string(), address.port().to_string()];
        let link = format!("tg://proxy?server={ip}&port={port}&secret={secret}");
        for mtproxy in [link, format!("{secret}@{address}")] {
            for runtime in ["tokio", "smol"] {
                // The proxy has the addresses of all DCs.
                let args = [
                    "--mtproxy",
                    &mtproxy,
                    "--runtime",
                    runtime,
                    "--session",
                    runtime,
                    "--dc",
                    "2=192.0.2.1:1",
                    "--public-key",
                    "key.pem",
                ];
                let run = |command: &[&str]| {
                    let mut made = support::command(&server.directory.path);
                    support::run(made.args(command).args(args))
                };
                run(&["login", "--bot-token", "2:elsewhere"]).ok();
                assert!(run(&["whoami"]).ok().contains("on DC 1"));
                run(&["logout"]).ok();
            }
        }
    }
}

#[test]
fn proxies() {
    let server = server(Frontend::None);
    let port = proxy();
    for scheme in ["socks5", "http"] {
        for runtime in ["tokio", "smol"] {
            let at = |secret: &str| format!("{scheme}://{secret}@127.0.0.1:{port}");
            let args = |url: &str| {
                let mut command = server.command(&["login", "--phone", "9996610001", "--code", "11111"]);
                command.args(["--session", &format!("{scheme}-{runtime}"), "--runtime", runtime]);
                support::run(command.env("SANSGRAM_PROXY", url))
            };
            let refused = args(&at("ada:73519"));
            refused.fails(&["DC 2 cannot be reached", "the user name and password; check both", "%2F"]);
            assert!(!refused.stderr.contains("73519"), "{refused:?}");
            assert!(args(&at("ada:sec%2Fret")).ok().contains("on DC 1"));
        }
    }
    // A shared link with either option.
    let link = format!("t.me/socks?server=127.0.0.1&port={port}&user=ada&pass=sec%2Fret");
    for option in ["--proxy", "--mtproxy"] {
        let mut command =
            server.command(&["login", "--bot-token", "1:sandbox", "--session", &option[2..], option, &link]);
        assert!(support::run(&mut command).ok().contains("Logged in"));
    }
}

/// Without advice about the clock, the user would only check the secret.
#[test]
fn c3_the_clock_is_named_if_an_mtproxy_refuses_the_hello() {
    let window = HelloWindow { behind: 0, ahead: 0, ..HelloWindow::default() };
    let domain = String::from("www.example.org");
    let secret = format!("ee{}7777772e6578616d706c652e6f7267", "1a".repeat(16));
    let server = server(Frontend::MtProxy { key: KEY, mode: MtProxyMode::FakeTls { domain, window } });
    let mtproxy = format!("{secret}@{}", server.served.address(2).unwrap());
    let mut command = support::command(&server.directory.path);
    let login =
        ["--dc", "2=192.0.2.1:1", "--public-key", "key.pem", "--timeout", "20", "--mtproxy", &mtproxy];
    support::run(command.args(BOT).args(login))
        .fails(&["the secret of the MTProxy, and the clock of this machine"]);
}

#[test]
fn c5_a_proxy_that_offers_only_digest_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://ada:73519@{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 512]);
            let head = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest realm=\"x\"\r\n\r\n";
            let _ = client.write_all(head.as_bytes());
        }
    });
    let server = server(Frontend::None);
    let run = support::run(server.command(&BOT).args(["--proxy", &url]));
    run.fails(&["by Digest only, not by Basic", "enable Basic authentication on the proxy"]);
    assert!(!run.stderr.contains("73519"), "{run:?}");
}

/// The advice is about the proxy and not about the server's address.
#[test]
fn proxy_errors_name_the_proxy() {
    let closed = support::NO_LISTENER;
    let server = server(Frontend::MtProxy { key: KEY, mode: MtProxyMode::Plain });
    let mtproxy = format!("{}@{}", "2b".repeat(16), server.served.address(2).unwrap());
    for (args, words) in [
        (["--proxy", "socks5://no-such-host.invalid:1"], ["has no address", "check its spelling"]),
        (
            ["--proxy", &format!("http://{closed}")],
            ["the connection to the proxy was refused", "whether it is running"],
        ),
        (
            ["--mtproxy", &mtproxy],
            ["DC 2 cannot be reached", "check the address and the secret of the MTProxy"],
        ),
    ] {
        let login = ["--dc", "2=192.0.2.1:1", "--public-key", "key.pem", "--timeout", "20"];
        let mut command = support::command(&server.directory.path);
        let run = support::run(command.args(BOT).args(login).args(args));
        run.fails(&words);
        assert!(!run.stderr.contains("check the network and the address"), "{run:?}");
    }
}

/// A closed port does not indicate a wrong secret or clock, and more time does not help.
#[test]
fn c3_a_refused_port_names_neither_secret_nor_clock() {
    let closed = support::NO_LISTENER;
    let server = server(Frontend::None);
    let secret = format!("ee{}7777772e6578616d706c652e6f7267", "1a".repeat(16));
    for (option, way) in [
        ("--mtproxy", format!("{secret}@{closed}")),
        ("--mtproxy", format!("dd{}@{closed}", "1a".repeat(16))),
        ("--proxy", format!("socks5://{closed}")),
        ("--proxy", format!("http://{closed}")),
    ] {
        for timeout in ["60", "1"] {
            let began = std::time::Instant::now();
            let run = support::run(server.command(&BOT).args([option, &way, "--timeout", timeout]));
            run.fails(&["refused; check the host and port of the", "whether it is running"]);
            for wrong in ["clock", "secret", "more time", "kind"] {
                assert!(!run.stderr.contains(wrong), "{wrong}: {run:?}");
            }
            assert!(began.elapsed().as_secs() < 30, "{run:?}");
        }
    }
}

/// The login page of a network instead of the proxy, and a silent proxy.
#[test]
fn servers_that_are_not_proxies_are_named() {
    let through = |answer: &'static [u8], timeout: &str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut kept = Vec::new();
            for mut client in listener.incoming().flatten() {
                let _ = client.read(&mut [0; 512]);
                let _ = client.write_all(answer);
                if answer.is_empty() {
                    kept.push(client);
                }
            }
        });
        let login =
            ["--dc", "2=192.0.2.1:1", "--public-key", "key.pem", "--timeout", timeout, "--proxy", &url];
        let server = server(Frontend::None);
        let mut command = support::command(&server.directory.path);
        support::run(command.args(BOT).args(login))
    };
    through(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", "20").fails(&[
        "the peer is not a proxy of this kind",
        "check the address of the proxy",
        "redirects web browsers to a login page",
    ]);
    through(b"", "2").fails(&[
        "timed out after 2 seconds",
        "the proxy was silent",
        "check the address of the proxy",
    ]);
}

#[test]
fn invalid_proxies_are_refused_and_not_shown() {
    for args in [
        ["--proxy", "socks4://ada:73519@a:1"],
        ["--proxy", "socks5://ada:73519@a:0"],
        ["--mtproxy", "73519@a:1"],
        ["--mtproxy", "tg://proxy?server=a&port=1&secret=73519"],
        ["--mtproxy", "dd1a1a1a1a1a1a1a1a1a1a1a1a1a73519a@a"],
    ] {
        let run = support::sansgram(
            &[&["login", "--dc", "2=127.0.0.1:1", "--bot-token", "1:x"][..], &args].concat(),
        );
        run.misused(&[args[0]]);
        assert!(!run.stderr.contains("73519"), "{run:?}");
    }
    // Errors in the environment name the variable and not the option.
    let directory = support::Directory::new();
    for name in ["SANSGRAM_PROXY", "SANSGRAM_MTPROXY"] {
        let mut command = support::command(&directory.path);
        command.args(["login", "--dc", "2=127.0.0.1:1", "--bot-token", "1:x"]);
        let run = support::run(command.env(name, "foo"));
        run.misused(&[&format!("{name} cannot be used: ")]);
        assert!(!run.stderr.contains("--"), "{run:?}");
    }
    support::sansgram(&["login", "--sandbox", "--proxy", "http://a:1"]).misused(&["--sandbox"]);
}
