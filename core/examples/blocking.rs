//! Logs in with a blocking socket of the standard library: no async, no threads.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-core --features getrandom --example blocking -- 127.0.0.1:PORT key.pem`.
#![allow(clippy::disallowed_methods, reason = "an event loop reads the clocks that the machine does not")]

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, StepHandle,
    StoredSession,
};
use sansgram_core::login::{LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::{OsRandom, PublicKey};

/// A single socket: only one DC is known here, and at most one connection to it is open at a time.
type Socket = Option<(ConnId, TcpStream)>;

fn now(start: Instant) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now::new(Timestamp::from_origin(start.elapsed()), unix)
}

// ANCHOR: drive
/// Runs the event loop until a login step is complete.
fn drive<T: 'static>(
    client: &mut Client,
    socket: &mut Socket,
    start: Instant,
    step: StepHandle<T>,
) -> Result<T, Box<dyn Error>> {
    let mut received = vec![0; 4096];
    loop {
        let input = match (client.poll_output(), &mut *socket) {
            (Output::Open { conn, endpoints, .. }, _) => match TcpStream::connect(&endpoints[..]) {
                Ok(stream) => {
                    *socket = Some((conn, stream));
                    Input::Opened { conn }
                }
                Err(_) => Input::Lost { conn, cause: IoFailure::Refused },
            },
            (Output::Transmit { conn, bytes }, Some((_, stream))) => match stream.write_all(&bytes) {
                Ok(()) => Input::Transmitted { conn, buffer: bytes },
                Err(_) => Input::Lost { conn, cause: IoFailure::Reset },
            },
            (Output::Close { .. }, _) => {
                *socket = None;
                continue;
            }
            (Output::Compute(task), _) => Input::Computed(task.run()),
            (Output::Event(Event::Completed(id)), _) if id == step.id() => {
                return Ok(client.take_step(step).ok_or("the result was taken")??);
            }
            (Output::Timeout(until), open) => {
                let wait = until.map_or(Duration::MAX, |until| until - now(start).monotonic);
                let wait = wait.clamp(Duration::from_millis(1), Duration::from_secs(60));
                let Some((conn, stream)) = open else {
                    std::thread::sleep(wait);
                    client.handle(now(start), Input::Tick);
                    continue;
                };
                stream.set_read_timeout(Some(wait))?;
                match stream.read(&mut received) {
                    Ok(0) => Input::Lost { conn: *conn, cause: IoFailure::Closed },
                    Ok(count) => Input::Received { conn: *conn, bytes: &mut received[..count] },
                    Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                        Input::Tick
                    }
                    Err(_) => Input::Lost { conn: *conn, cause: IoFailure::Reset },
                }
            }
            (event, _) => {
                println!("{event:?}");
                continue;
            }
        };
        client.handle(now(start), input);
    }
}
// ANCHOR_END: drive

// ANCHOR: log_in
/// Logs in to the test DC at `address`, whose RSA key is `public_key` (PEM). Returns the account's first name.
pub(crate) fn log_in(
    address: SocketAddr,
    public_key: &str,
    phone: &str,
    code: &str,
) -> Result<String, Box<dyn Error>> {
    let (start, home, mut dcs) = (Instant::now(), DcId::new(2)?, DcTable::new());
    dcs.insert(home, address);
    let mut config = Config::new(dcs, home, [PublicKey::from_pem(public_key)?]);
    config.api = Some(ApiCredentials { id: 1, hash: "0".repeat(32) });
    let mut client = Client::new(config, StoredSession::default(), Box::new(OsRandom::default()))?;
    let mut socket = None;
    let step = client.start_step(now(start), LoginStep::send_code(phone))?;
    let SendCodeOutcome::CodeSent(sent_code) = drive(&mut client, &mut socket, start, step)? else {
        return Err("no code was sent".into());
    };
    let step = client.start_step(now(start), LoginStep::sign_in(&sent_code, code))?;
    match drive(&mut client, &mut socket, start, step)? {
        SignInOutcome::LoggedIn(user) => Ok(user.first_name),
        other => Err(format!("more is needed: {other:?}").into()),
    }
}
// ANCHOR_END: log_in

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key_file] = &arguments[..] else { return Err("usage: blocking ADDRESS KEY.pem".into()) };
    let key = std::fs::read_to_string(key_file)?;
    println!("logged in as {}", log_in(address.parse()?, &key, "+999 66 2 0001", "22222")?);
    Ok(())
}
