//! Our side of the interop tests with foreign servers (`tests/interop/run.sh`).
//!
//! `through frames ADDRESS FRAMING MODE`, with the mode `plain`, `obfuscated` or `websocket`: sends packets that the
//! other end knows, expects each back, then a quick ack (not on full) and a transport error.
//!
//! `through login LINK KEY.pem`: logs in to the sandbox through the MTProxy of this link, first on DC 2 and then,
//! by a migration, on DC 1.
//!
//! `through serve SECRET KEY.pem`: the test DCs behind an MTProxy with this secret, for foreign clients; prints their
//! addresses on its first line, as `sansgram sandbox --json` does, and runs until it is killed.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, StepHandle,
    StoredSession,
};
use sansgram_core::crypto::OsRandom;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::login::{LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_core::time::Clock;
use sansgram_core::transport::{
    Frame, Framing, ProxyLink, ProxyMode, ProxySecret, StackOptions, StreamMode, TransportStack,
    WebSocketTarget,
};
use sansgram_testkit::server::{Frontend, HelloWindow, MtProxyMode, ServerOptions};
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long the other end may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// The quick ack that the other end sends before its transport error.
const QUICK_ACK: u32 = 0x8102_0304;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match *arguments {
        ["frames", address, framing, mode] => frames(address, framing, mode),
        ["login", link, key_file] => log_in(link, key_file),
        ["serve", secret, key_file] => serve_behind(secret, key_file),
        _ => {
            Err("usage: through frames ADDRESS FRAMING MODE | login LINK KEY.pem | serve SECRET KEY.pem"
                .into())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("through: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The packets by their lengths: those of a batch are sent together. All forms of lengths occur; modulo 256 they stay
/// below 128 if the foreign intermediate framing would take the bit for a flag.
fn batches(kind: Framing) -> Vec<Vec<usize>> {
    let mut batches = vec![vec![24, 40, 100], vec![260, 1028], vec![65_552], vec![262_160]];
    if kind != Framing::Intermediate {
        batches.push(vec![504, 508, 512]);
    }
    batches
}

/// Every other packet is unencrypted, and nothing in it is random.
fn packet(number: usize, length: usize) -> Vec<u8> {
    let mut packet = Vec::with_capacity(length);
    if number.is_multiple_of(2) {
        packet.extend([0; 8]);
        packet.extend((0x5e0b_7000_0000_0000 + 4 * number as u64).to_le_bytes());
        packet.extend((length as u32 - 20).to_le_bytes());
    }
    packet.extend((packet.len()..length).map(|at| ((number + at) % 251) as u8 | 1));
    packet
}

fn frames(address: &str, framing: &str, mode: &str) -> Result<()> {
    let mode = match mode {
        "plain" => StreamMode::Plain,
        "obfuscated" => StreamMode::Obfuscated,
        "websocket" => StreamMode::WebSocket(WebSocketTarget::new(address, "/apiws")?),
        _ => return Err("unknown stream mode".into()),
    };
    let framing: Framing = framing.parse()?;
    let options = StackOptions::new(framing, &mode, 2, Clock::new().now().unix);
    let random = &mut OsRandom::new();
    let layers = TransportStack::new(&options, random);
    let mut peer = Peer { socket: TcpStream::connect(address)?, layers, seen: VecDeque::new() };
    peer.socket.set_read_timeout(Some(PATIENCE))?;

    peer.control(random)?;
    while !peer.layers.is_open() {
        peer.read(random)?;
        if let Some(early) = peer.seen.front() {
            return Err(format!("{early:?} came before the connection was open").into());
        }
    }
    let mut number = 0;
    for batch in batches(framing) {
        let mut out = Vec::new();
        let begun = peer.layers.begin(&mut out).ok_or("the connection is open, and is not")?;
        let mut expected = Vec::new();
        for length in batch {
            let packet = packet(number, length);
            let frame = peer.layers.encoder().begin(length, &mut out, false)?;
            out.extend_from_slice(&packet);
            peer.layers.encoder().finish(frame, &mut out, random)?;
            expected.push(packet);
            number += 1;
        }
        peer.layers.finish(begun, &mut out, random);
        peer.socket.write_all(&out)?;
        for expected in expected {
            // Padding may come back with the packet, and grow by that of the other end.
            let padding = if framing == Framing::PaddedIntermediate { 30 } else { 0 };
            match peer.next(random)? {
                Seen::Packet(packet)
                    if packet.starts_with(&expected) && packet.len() <= expected.len() + padding => {}
                other => {
                    return Err(format!("a packet of {} bytes came back as {other:?}", expected.len()).into());
                }
            }
        }
    }
    let quick_ack = (framing != Framing::Full).then_some(Seen::QuickAck(QUICK_ACK));
    for expected in quick_ack.into_iter().chain([Seen::Error(-404)]) {
        let seen = peer.next(random)?;
        if seen != expected {
            return Err(format!("{seen:?} came, not {expected:?}").into());
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Packet(Vec<u8>),
    Error(i32),
    QuickAck(u32),
}

struct Peer {
    socket: TcpStream,
    layers: TransportStack,
    /// Received bytes that are not processed yet.
    seen: VecDeque<Seen>,
}

impl Peer {
    fn control(&mut self, random: &mut OsRandom) -> Result<()> {
        let mut out = Vec::new();
        if self.layers.write_control(&mut out, random) {
            self.socket.write_all(&out)?;
        }
        Ok(())
    }

    fn next(&mut self, random: &mut OsRandom) -> Result<Seen> {
        loop {
            match self.seen.pop_front() {
                Some(seen) => return Ok(seen),
                None => self.read(random)?,
            }
        }
    }

    fn read(&mut self, random: &mut OsRandom) -> Result<()> {
        let mut buffer = [0; 5000];
        let count = self.socket.read(&mut buffer)?;
        if count == 0 {
            return Err("the other end closed".into());
        }
        let mut incoming = self.layers.read(&mut buffer[..count]);
        while let Some(frame) = incoming.next()? {
            self.seen.push_back(match frame {
                Frame::Payload(packet) => Seen::Packet(packet.to_vec()),
                Frame::Error(code) => Seen::Error(code),
                Frame::QuickAck(token) => Seen::QuickAck(token),
            });
        }
        self.control(random)
    }
}

fn log_in(link: &str, key_file: &str) -> Result<()> {
    let ProxyLink { server, port, secret } = link.parse()?;
    let addresses: Vec<_> = (&*server, port).to_socket_addrs()?.collect();
    let key = PublicKey::from_pem(&std::fs::read_to_string(key_file)?)?;
    for dc in [2, 1] {
        let mut config = Config::new(DcTable::new(), DcId::new(2)?, [key.clone()]);
        config.set_mtproxy(addresses.clone(), secret.clone());
        config.api = Some(ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() });
        let clock = Clock::new();
        let random = Box::new(OsRandom::new());
        let mut client = Client::new(config, StoredSession::default(), random)?;
        let mut socket = None;
        let step = client.start_step(clock.now(), LoginStep::send_code(&format!("+99966{dc}0001")))?;
        let SendCodeOutcome::CodeSent(sent_code) = drive(&mut client, &mut socket, clock, step)? else {
            return Err("no code was sent".into());
        };
        let step =
            client.start_step(clock.now(), LoginStep::sign_in(&sent_code, &dc.to_string().repeat(5)))?;
        let SignInOutcome::LoggedIn(user) = drive(&mut client, &mut socket, clock, step)? else {
            return Err("the code was not taken".into());
        };
        if i64::from(client.home().number()) != dc {
            return Err(format!("user {} lives on {}", user.id, client.home()).into());
        }
    }
    Ok(())
}

/// Drives the client over one socket until this step completes.
fn drive<T: 'static>(
    client: &mut Client,
    socket: &mut Option<(ConnId, TcpStream)>,
    clock: Clock,
    step: StepHandle<T>,
) -> Result<T> {
    let mut buffer = vec![0; 4096];
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let input = match (client.poll_output(), &mut *socket) {
            (Output::Open { conn, endpoints, .. }, _) => match TcpStream::connect(&endpoints[..]) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
                    *socket = Some((conn, stream));
                    Input::Opened { conn }
                }
                Err(_) => Input::Lost { conn, cause: IoFailure::Refused },
            },
            (Output::Transmit { conn, bytes }, Some((open, stream))) if conn == *open => {
                match stream.write_all(&bytes) {
                    Ok(()) => Input::Transmitted { conn, buffer: bytes },
                    Err(_) => Input::Lost { conn, cause: IoFailure::Reset },
                }
            }
            (Output::Close { conn }, Some((open, _))) if conn == *open => {
                *socket = None;
                continue;
            }
            (Output::Compute(task), _) => Input::Computed(task.run()),
            (Output::Event(Event::Completed(id)), _) if id == step.id() => {
                return Ok(client.take_step(step).ok_or("the result was taken")??);
            }
            (Output::Timeout(_), Some((conn, stream))) => match stream.read(&mut buffer) {
                Ok(0) => Input::Lost { conn: *conn, cause: IoFailure::Closed },
                Ok(count) => Input::Received { conn: *conn, bytes: &mut buffer[..count] },
                Err(_) => Input::Tick,
            },
            (Output::Timeout(_), None) => {
                std::thread::sleep(Duration::from_millis(20));
                Input::Tick
            }
            (Output::Event(Event::Disconnected { reason, .. }), _) => {
                eprintln!("through: {reason}");
                continue;
            }
            _ => continue,
        };
        client.handle(clock.now(), input);
    }
    Err("no end in sight".into())
}

fn serve_behind(secret: &str, key_file: &str) -> Result<()> {
    let secret: ProxySecret = secret.parse()?;
    let mode = match secret.mode() {
        ProxyMode::Plain => MtProxyMode::Plain,
        ProxyMode::Padded => MtProxyMode::Padded,
        ProxyMode::FakeTls { domain } => {
            MtProxyMode::FakeTls { domain: domain.clone(), window: HelloWindow::default() }
        }
    };
    let frontend = Frontend::MtProxy { key: *secret.key(), mode };
    let server = ServerOptions::lenient().with_frontend(frontend);
    let served = TestServer::start(TestServerOptions::default().with_server(server))?;
    std::fs::write(key_file, served.public_key_pem())?;
    let dcs =
        served.addresses().iter().map(|(dc, address)| format!(r#"{{"id":{dc},"address":"{address}"}}"#));
    let dcs: Vec<String> = dcs.collect();
    println!(r#"{{"dcs":[{}],"public_key":"{key_file}"}}"#, dcs.join(","));
    loop {
        for refusal in served.take_refusals() {
            eprintln!("through: {refusal}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
