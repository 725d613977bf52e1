//! The test DCs on real sockets: many clients at once, also slow and dead ones, and a clean shutdown.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sansgram_testkit::server::{FaultInjection, FramingError, Refusal, ServerOptions};
use sansgram_testkit::test_server::{Report, ReportKind, TestServer, TestServerError, TestServerOptions};

/// `req_pq_multi` in an abridged frame, behind the framing's tag.
fn request(nonce: u8) -> Vec<u8> {
    let mut bytes = vec![0xef, 10];
    bytes.extend([0; 8]);
    bytes.extend((u64::from(nonce) * 4 + 4).to_le_bytes());
    bytes.extend(20_u32.to_le_bytes());
    bytes.extend(0xbe7e_8ef1_u32.to_le_bytes());
    bytes.extend([nonce; 16]);
    bytes
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

fn asks_and_is_answered(address: SocketAddr, nonce: u8) {
    let mut socket = connect(address);
    socket.write_all(&request(nonce)).unwrap();
    let mut header = [0; 1];
    socket.read_exact(&mut header).unwrap();
    let mut reply = vec![0; usize::from(header[0]) * 4];
    socket.read_exact(&mut reply).unwrap();
    assert_eq!(reply[20..24], 0x0516_2463_u32.to_le_bytes());
    assert_eq!(reply[24..40], [nonce; 16]);
}

fn address(served: &TestServer, dc: i32) -> SocketAddr {
    served.address(dc).unwrap()
}

#[test]
fn every_dc_answers_on_its_own_port() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let ports: std::collections::BTreeSet<_> = served.addresses().iter().map(|(_, at)| at.port()).collect();
    assert_eq!((ports.len(), ports.contains(&0)), (3, false));
    for dc in 1..=3 {
        asks_and_is_answered(address(&served, dc), 1);
    }
    assert!(served.take_refusals().is_empty());
    assert_eq!(served.next_event(Duration::ZERO), None);
}

#[test]
fn slow_and_dead_peers_do_not_delay_others() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let at = address(&served, 2);
    // They send an incomplete packet.
    let mut others: Vec<_> = (0..20).map(|_| connect(at)).collect();
    for (n, socket) in others.iter_mut().enumerate() {
        socket.write_all(&request(9)[..n]).unwrap();
    }
    let clients: Vec<_> = (0..8).map(|n| std::thread::spawn(move || asks_and_is_answered(at, n))).collect();
    for client in clients {
        client.join().unwrap();
    }
    others.truncate(10);
    asks_and_is_answered(at, 77);
}

#[test]
fn a_transport_error_arrives_before_the_close() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let mut socket = connect(address(&served, 2));
    // A packet under an unknown key, and more that the server will not read.
    socket.write_all(&[0xef, 18]).unwrap();
    socket.write_all(&[7; 72]).unwrap();
    socket.write_all(&[0x20; 200]).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [&[1][..], &(-404_i32).to_le_bytes()].concat());
}

#[test]
fn a_stream_that_is_no_transport_is_closed() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let mut socket = connect(address(&served, 1));
    socket.write_all(&[b'G'; 64]).unwrap();
    assert_eq!(socket.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(served.take_refusals(), [Refusal::Framing(FramingError::UnknownFraming)]);
    // Bytes that no obfuscated stream begins with are refused before the 64th byte.
    for (bytes, name) in [(&b"GET / HTTP/1.1\r\n"[..], "HTTP"), (&[0x16, 3, 1, 2, 0, 1], "TLS")] {
        let mut socket = connect(address(&served, 1));
        socket.write_all(bytes).unwrap();
        assert_eq!(socket.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(served.take_refusals(), [Refusal::Framing(FramingError::OtherProtocol(name))]);
    }
}

#[test]
fn a2d_other_protocols_are_reported_even_after_a_disconnect() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let refused = |bytes: &[u8]| {
        let mut socket = connect(address(&served, 1));
        socket.write_all(bytes).unwrap();
        drop(socket);
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            match served.take_refusals().pop() {
                Some(refusal) => return refusal,
                None => assert!(Instant::now() < end, "nothing is told"),
            }
        }
    };
    let long_proxy = [&b"PROXY TCP4 203.0.113.7 203.0.113.8 40000 443\r\n"[..], &[0xee; 40]].concat();
    for (bytes, name) in [
        (&b"SSH-2.0-someone\r\n"[..], "SSH"),
        (b"PROXY TCP4 203.0.113.7 203.0.113.8 40000 443\r\n", "the PROXY protocol"),
        (&long_proxy, "the PROXY protocol"),
        (b"CONNECT sandbox.example:443 HTTP/1.1\r\n\r\n", "HTTP"),
        (&[5, 1, 0], "SOCKS5"),
        (&[0x16, 3, 3, 0, 0xa5, 1], "TLS"),
    ] {
        assert_eq!(refused(bytes), Refusal::Framing(FramingError::OtherProtocol(name)));
    }
    // Clients that send nothing, or the possible beginning of a stream, are not reported.
    for bytes in [&b""[..], &[7; 10]] {
        connect(address(&served, 1)).write_all(bytes).unwrap();
    }
    assert_eq!(refused(&[5, 1, 0]), Refusal::Framing(FramingError::OtherProtocol("SOCKS5")));
    assert!(served.take_refusals().is_empty());
}

#[test]
fn timers_run_by_themselves() {
    let slow_bytes = Some(Duration::from_millis(2));
    let fault_injection = FaultInjection::default().with_slow_bytes(slow_bytes);
    let server = ServerOptions::default().with_fault_injection(fault_injection).with_trailing_bytes(false);
    let served = TestServer::start(TestServerOptions::default().with_server(server)).unwrap();
    let begun = Instant::now();
    asks_and_is_answered(address(&served, 2), 1);
    assert!(begun.elapsed() >= Duration::from_millis(2 * 80));
}

#[test]
fn drop_closes_all_connections() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let at = address(&served, 2);
    let mut idle = connect(at);
    let mut asked = connect(at);
    asked.write_all(&request(1)).unwrap();
    asked.read_exact(&mut [0; 20]).unwrap();
    drop(served);
    for socket in [&mut idle, &mut asked] {
        // Closed normally or by a reset, but not by our own timeout.
        match socket.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    assert!(TcpStream::connect(at).is_err());
}

#[test]
fn with_dcs_sends_what_follows() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let mut socket = connect(address(&served, 2));
    socket.write_all(&request(1)).unwrap();
    socket.read_exact(&mut [0; 20]).unwrap();
    served.with_dcs(sansgram_testkit::server::TestDcs::close_all);
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    asks_and_is_answered(address(&served, 2), 2);
}

fn soon(served: &TestServer) -> Vec<Report> {
    let since = Instant::now();
    loop {
        let reports = served.take_reports();
        if !reports.is_empty() || since.elapsed() > Duration::from_secs(20) {
            return reports;
        }
        std::thread::yield_now();
    }
}

#[test]
fn f12_the_connection_limit_is_an_option_and_reported() {
    let served = TestServer::start(TestServerOptions::default().with_max_connections(3)).unwrap();
    let at = address(&served, 2);
    let mut open: Vec<_> = (0..3).map(|_| connect(at)).collect();
    for (nonce, socket) in (0..).zip(&mut open) {
        socket.write_all(&request(nonce)).unwrap();
        socket.read_exact(&mut [0; 1]).unwrap();
    }
    let mut fourth = connect(at);
    // Closed normally or by a reset.
    assert_eq!(fourth.read(&mut [0; 1]).unwrap_or(0), 0);
    let reports = soon(&served);
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].dc, reports[0].client), (Some(2), Some(fourth.local_addr().unwrap())));
    assert_eq!(reports[0].what, ReportKind::TooManyConnections(3));
    // A freed slot is given to the next client.
    drop(open);
    while served.open_connections() > 0 {
        std::thread::yield_now();
    }
    asks_and_is_answered(at, 9);
}

#[test]
fn a4_ports_follow_each_other_and_end_at_65535() {
    for (port, fits) in [(65533, true), (65534, false), (65535, false)] {
        match TestServer::start(TestServerOptions::default().with_port(port)) {
            Ok(served) => {
                let ports: Vec<_> = served.addresses().iter().map(|(_, at)| at.port()).collect();
                assert_eq!((ports, fits), (vec![65533, 65534, 65535], true));
            }
            // Another program may use the port.
            Err(TestServerError::Bind { .. }) => assert!(fits),
            Err(TestServerError::Ports { first, dcs }) => assert_eq!((first, dcs, fits), (port, 3, false)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a4_an_unspecified_address_is_advertised_as_loopback() {
    let listen = "0.0.0.0".parse().unwrap();
    let served = TestServer::start(TestServerOptions::default().with_listen(listen)).unwrap();
    assert_eq!(served.advertised().len(), 3);
    assert!(served.advertised().iter().all(|(_, at)| at.ip().to_string() == "127.0.0.1"));
    let advertise = vec!["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
    let served =
        TestServer::start(TestServerOptions::default().with_listen(listen).with_advertise(advertise))
            .unwrap();
    for ((_, told), (_, at)) in served.advertised().iter().zip(served.addresses()) {
        assert_eq!((told.ip().to_string(), told.port()), ("203.0.113.7".into(), at.port()));
    }
}
