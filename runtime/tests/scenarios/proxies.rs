//! Proxies between the client and the DCs: small ones of our own, on plain threads, that work or misbehave.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::{Config, DcTable, DisconnectReason, IoFailure, ProxyFault};
use sansgram_runtime::{Client, ClientOptions, Error, MemoryStore, Proxy, Runtime, SignInOutcome};
use sansgram_testkit::test_server::TestServer;

use super::login::give_code;
use super::{config, dc_id, sandbox};

/// The behaviour of a proxy.
#[derive(Clone, Copy)]
enum Manner {
    /// Works; with credentials, for this user name and password only.
    Works(Option<(&'static str, &'static str)>),
    /// Works, but writes one byte at a time.
    Slow,
    /// Refuses every target with this SOCKS5 reply.
    Refuses(u8),
    /// Answers every input with these bytes.
    Says(&'static [u8]),
    /// Reads and never answers.
    Silent,
}

/// A proxy on loopback. Its threads end with the connections.
struct TestProxy {
    address: SocketAddr,
    /// The requested targets as text, in order, and the number of connections.
    seen: Arc<Mutex<(Vec<String>, usize)>>,
}

type Serve = fn(&mut TcpStream, Manner, &Mutex<(Vec<String>, usize)>) -> io::Result<TcpStream>;

impl TestProxy {
    fn socks5(manner: Manner) -> Self {
        Self::new(manner, socks5)
    }

    fn http(manner: Manner) -> Self {
        Self::new(manner, http)
    }

    fn new(manner: Manner, serve: Serve) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<(Vec<String>, usize)>>::default();
        let shared = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), shared) = (stream, shared.clone()) else { return };
                thread::spawn(move || {
                    shared.lock().unwrap().1 += 1;
                    stream.set_nodelay(true)?;
                    let target = match manner {
                        Manner::Says(bytes) => {
                            let _ = stream.read(&mut [0; 512])?;
                            return stream.write_all(bytes);
                        }
                        Manner::Silent => return io::copy(&mut stream, &mut io::sink()).map(|_| ()),
                        _ => serve(&mut stream, manner, &shared)?,
                    };
                    relay(stream, target)
                });
            }
        });
        Self { address, seen }
    }

    fn targets(&self) -> Vec<String> {
        self.seen.lock().unwrap().0.clone()
    }

    fn connections(&self) -> usize {
        self.seen.lock().unwrap().1
    }

    fn url(&self, scheme: &str, user: &str) -> String {
        format!("{scheme}://{user}{}", self.address)
    }
}

fn relay(client: TcpStream, target: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_target) = (client.try_clone()?, target.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_target);
        let _ = to_target.shutdown(Shutdown::Write);
    });
    let (mut from_target, mut to_client) = (target, client);
    let _ = io::copy(&mut from_target, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    there.join().map_err(|_| io::Error::other("a thread panicked"))
}

fn take<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_text(stream: &mut TcpStream) -> io::Result<String> {
    let [len] = take(stream)?;
    let mut bytes = vec![0; len.into()];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap())
}

fn say(stream: &mut TcpStream, manner: Manner, bytes: &[u8]) -> io::Result<()> {
    if !matches!(manner, Manner::Slow) {
        return stream.write_all(bytes);
    }
    bytes.iter().try_for_each(|byte| {
        thread::sleep(Duration::from_millis(2));
        stream.write_all(&[*byte])
    })
}

fn socks5(
    stream: &mut TcpStream,
    manner: Manner,
    seen: &Mutex<(Vec<String>, usize)>,
) -> io::Result<TcpStream> {
    let [version, count] = take(stream)?;
    assert_eq!(version, 5);
    let mut methods = vec![0; count.into()];
    stream.read_exact(&mut methods)?;
    if let Manner::Works(Some((user, password))) = manner {
        if !methods.contains(&2) {
            stream.write_all(&[5, 0xff])?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.write_all(&[5, 2])?;
        assert_eq!(take(stream)?, [1]);
        if (take_text(stream)?, take_text(stream)?) != (user.into(), password.into()) {
            stream.write_all(&[1, 1])?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.write_all(&[1, 0])?;
    } else {
        assert!(methods.contains(&0));
        say(stream, manner, &[5, 0])?;
    }
    let [version, command, reserved, kind] = take(stream)?;
    assert_eq!((version, command, reserved), (5, 1, 0));
    let host = match kind {
        1 => std::net::Ipv4Addr::from(take::<4>(stream)?).to_string(),
        4 => format!("[{}]", std::net::Ipv6Addr::from(take::<16>(stream)?)),
        3 => take_text(stream)?,
        other => panic!("address type {other}"),
    };
    let target = format!("{host}:{}", u16::from_be_bytes(take(stream)?));
    seen.lock().unwrap().0.push(target.clone());
    if let Manner::Refuses(reply) = manner {
        stream.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    match TcpStream::connect(target) {
        Ok(target) => {
            say(stream, manner, b"\x05\x00\x00\x03\x09localhost\x12\x34")?;
            Ok(target)
        }
        Err(error) => {
            stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0])?;
            Err(error)
        }
    }
}

fn http(stream: &mut TcpStream, manner: Manner, seen: &Mutex<(Vec<String>, usize)>) -> io::Result<TcpStream> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(take::<1>(stream)?[0].into());
    }
    let mut lines = head.lines();
    let request = lines.next().unwrap();
    let target = request.strip_prefix("CONNECT ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
    assert!(lines.clone().any(|line| line == format!("Host: {target}")));
    if let Manner::Works(Some(pair)) = manner {
        // "me:secret" and "me:wrong", encoded elsewhere.
        let accepted = match pair {
            ("me", "secret") => "Proxy-Authorization: Basic bWU6c2VjcmV0",
            other => panic!("encode {other:?}"),
        };
        if !lines.any(|line| line == accepted) {
            stream.write_all(b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
    }
    seen.lock().unwrap().0.push(target.into());
    match TcpStream::connect(target) {
        Ok(target) => {
            say(stream, manner, b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")?;
            Ok(target)
        }
        Err(error) => {
            stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>no</html>")?;
            Err(error)
        }
    }
}

fn through(url: &str) -> ClientOptions {
    ClientOptions::new().proxy(url.parse().unwrap())
}

/// Logs in through the proxy, with a migration, and checks that every connection went through it.
async fn logs_in<R: Runtime>(runtime: R, proxy: &TestProxy, url: &str) {
    let served = sandbox();
    let client =
        Client::start_with(runtime, config(&served), MemoryStore::new(), through(url)).await.unwrap();
    let step = give_code(&client, "9996610001", "11111").await;
    assert!(matches!(step, SignInOutcome::LoggedIn(_)), "{step:?}");
    let expected: Vec<String> = [2, 1].map(|dc| address(&served, dc).to_string()).into();
    assert_eq!(proxy.targets(), expected);
    assert_eq!(served.take_refusals(), []);
}

fn address(served: &TestServer, dc: i32) -> SocketAddr {
    served.addresses().iter().find(|(of, _)| *of == dc).unwrap().1
}

pub(crate) async fn through_socks5<R: Runtime>(runtime: R) {
    let proxy = TestProxy::socks5(Manner::Works(None));
    logs_in(runtime, &proxy, &proxy.url("socks5", "")).await;
}

pub(crate) async fn through_socks5_with_a_password<R: Runtime>(runtime: R) {
    let proxy = TestProxy::socks5(Manner::Works(Some(("me", "p@ss"))));
    logs_in(runtime, &proxy, &proxy.url("socks5h", "me:p%40ss@")).await;
}

pub(crate) async fn through_http<R: Runtime>(runtime: R) {
    let proxy = TestProxy::http(Manner::Works(None));
    logs_in(runtime, &proxy, &proxy.url("http", "")).await;
}

pub(crate) async fn through_http_with_a_password<R: Runtime>(runtime: R) {
    let proxy = TestProxy::http(Manner::Works(Some(("me", "secret"))));
    logs_in(runtime, &proxy, &proxy.url("http", "me:secret@")).await;
}

pub(crate) async fn through_slow_proxies<R: Runtime + Clone>(runtime: R) {
    let proxy = TestProxy::socks5(Manner::Slow);
    logs_in(runtime.clone(), &proxy, &proxy.url("socks5", "")).await;
    let proxy = TestProxy::http(Manner::Slow);
    logs_in(runtime, &proxy, &proxy.url("http", "")).await;
}

pub(crate) async fn a_proxy_with_a_name<R: Runtime>(runtime: R) {
    let proxy = TestProxy::socks5(Manner::Works(None));
    logs_in(runtime, &proxy, &format!("socks5://localhost:{}", proxy.address.port())).await;
}

/// Returns the reason why a client cannot connect, which it must return within `limit`.
async fn fails<R: Runtime>(runtime: R, url: &str, limit: Duration) -> DisconnectReason {
    let served = sandbox();
    let config = config(&served).with_max_attempts(3).with_connect_timeout(limit / 8);
    let client = Client::start_with(runtime, config, MemoryStore::new(), through(url)).await.unwrap();
    let begin = Instant::now();
    let error = client.connect().await.unwrap_err();
    assert!(begin.elapsed() < limit, "{:?}", begin.elapsed());
    assert!(!error.to_string().contains("wrong"), "{error} repeats the password");
    let Error::Unreachable { reason, .. } = error else { panic!("{error:?}") };
    reason
}

/// Far longer than a working proxy takes.
const QUICK: Duration = Duration::from_secs(30);

fn proxys(fault: ProxyFault) -> DisconnectReason {
    DisconnectReason::Network(IoFailure::Proxy(fault))
}

pub(crate) async fn proxies_that_reject_the_password<R: Runtime + Clone>(runtime: R) {
    let secret = Manner::Works(Some(("me", "secret")));
    for (proxy, scheme) in [(TestProxy::socks5(secret), "socks5"), (TestProxy::http(secret), "http")] {
        for (user, fault) in
            [("me:wrong@", ProxyFault::CredentialsRefused), ("", ProxyFault::CredentialsRequired)]
        {
            let before = proxy.connections();
            let reason = fails(runtime.clone(), &proxy.url(scheme, user), QUICK).await;
            assert_eq!(reason, proxys(fault), "{scheme} {user}");
            assert_eq!(proxy.connections(), before + 1, "only a person can mend it");
        }
    }
}

pub(crate) async fn proxies_that_refuse<R: Runtime + Clone>(runtime: R) {
    for (reply, fault) in [(2, ProxyFault::Socks5(2)), (4, ProxyFault::Socks5(4))] {
        let proxy = TestProxy::socks5(Manner::Refuses(reply));
        let reason = fails(runtime.clone(), &proxy.url("socks5", ""), QUICK).await;
        assert_eq!(reason, proxys(fault));
        assert_eq!(proxy.connections(), 3, "it is tried as often as the configuration says");
    }
    let proxy = TestProxy::http(Manner::Says(b"HTTP/1.1 403 Forbidden\r\n\r\n"));
    let reason = fails(runtime, &proxy.url("http", ""), QUICK).await;
    assert_eq!(reason, proxys(ProxyFault::Http(403)));
}

pub(crate) async fn servers_that_are_not_proxies<R: Runtime + Clone>(runtime: R) {
    for (says, faults) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], [ProxyFault::Protocol; 2]),
        (b"\x05\x07", [ProxyFault::NoCommonMethod, ProxyFault::Socks5Proxy]),
        (b"\0\x5b\0\0\0\0\0\0", [ProxyFault::Socks4Proxy, ProxyFault::Protocol]),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", [ProxyFault::HttpServer, ProxyFault::Protocol]),
        (b"\x15\x03\x03\0\x02\x02\x32", [ProxyFault::Tls; 2]),
    ] {
        for (scheme, fault) in ["socks5", "http"].into_iter().zip(faults) {
            let proxy = TestProxy::socks5(Manner::Says(says));
            let reason = fails(runtime.clone(), &proxy.url(scheme, ""), QUICK).await;
            assert_eq!(reason, proxys(fault), "{scheme} {}", says.escape_ascii());
        }
    }
    let proxy = TestProxy::socks5(Manner::Says(b"\x05\xff"));
    let reason = fails(runtime.clone(), &proxy.url("socks4", ""), QUICK).await;
    assert_eq!(reason, proxys(ProxyFault::Socks5Proxy));
    for (scheme, says) in
        [("socks5", &b""[..]), ("socks5", b"\x05\x00\x05"), ("http", b"HTTP/1.1 200 OK\r\n")]
    {
        let proxy = TestProxy::socks5(Manner::Says(says));
        let reason = fails(runtime.clone(), &proxy.url(scheme, ""), QUICK).await;
        assert_eq!(reason, proxys(ProxyFault::Closed), "{scheme} {}", says.escape_ascii());
    }
    let reason = fails(runtime, "http://127.0.0.1:1", QUICK).await;
    assert_eq!(reason, proxys(ProxyFault::Refused));
}

pub(crate) async fn a_silent_proxy<R: Runtime>(runtime: R) {
    let proxy = TestProxy::http(Manner::Silent);
    let reason = fails(runtime, &proxy.url("http", ""), Duration::from_secs(8)).await;
    assert_eq!(reason, proxys(ProxyFault::Silent), "whose time limit comes first does not matter");
}

pub(crate) async fn a_silent_proxy_is_named_before_any_limit<R: Runtime>(runtime: R) {
    let proxy = TestProxy::socks5(Manner::Silent);
    let served = sandbox();
    let options = through(&proxy.url("socks5", ""));
    let client = Client::start_with(runtime, config(&served), MemoryStore::new(), options).await.unwrap();
    // The caller gives up long before the proxy's limit.
    let mut connecting = pin!(client.connect());
    let begin = Instant::now();
    while client.last_disconnect().is_none() && begin.elapsed() < QUICK {
        assert!(poll_fn(|cx| Poll::Ready(connecting.as_mut().poll(cx))).await.is_pending());
        thread::sleep(Duration::from_millis(5));
        yield_now().await;
    }
    assert_eq!(client.last_disconnect(), Some((dc_id(2), proxys(ProxyFault::Silent))));
}

/// Lets the other tasks of the runtime run.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut has_yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Returns a table with two addresses of DC 2: one without a listener, then the right one.
fn second_address(served: &TestServer) -> Config {
    let mut dcs = DcTable::new();
    dcs.insert(dc_id(2), SocketAddr::from(([127, 0, 0, 1], 1)));
    dcs.insert(dc_id(2), address(served, 2));
    config(served).with_dcs(dcs).with_max_attempts(1)
}

pub(crate) async fn a_second_address_is_tried<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let config = second_address(&served);
    let client = Client::start(runtime.clone(), config.clone(), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();

    for (proxy, scheme) in
        [(TestProxy::socks5(Manner::Works(None)), "socks5"), (TestProxy::http(Manner::Works(None)), "http")]
    {
        let options = ClientOptions::new().proxy(proxy.url(scheme, "").parse::<Proxy>().unwrap());
        let client =
            Client::start_with(runtime.clone(), config.clone(), MemoryStore::new(), options).await.unwrap();
        client.bot_login("1:sandbox").await.unwrap();
        assert_eq!(proxy.targets(), ["127.0.0.1:1".to_string(), address(&served, 2).to_string()]);
    }
}
