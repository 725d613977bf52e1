//! Logs in and makes a call with a blocking socket of the standard library: no async, no threads.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-core --features getrandom,pem,std --example blocking -- 127.0.0.1:PORT key.pem`.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, RequestId,
    RequestOptions, StoredSession,
};
use sansgram_core::login::{LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_core::time::Clock;
use sansgram_core::tl::{enums, functions};
use sansgram_core::{OsRandom, PublicKey};
use socket2::SockRef;

/// A single socket: only one DC is known here, and at most one connection to it is open at a time.
type Socket = Option<(ConnId, TcpStream)>;

// ANCHOR: drive
/// Runs the event loop until a login step or a request is complete.
fn drive(
    client: &mut Client,
    socket: &mut Socket,
    clock: Clock,
    id: RequestId,
) -> Result<(), Box<dyn Error>> {
    let mut received = vec![0; 4096];
    loop {
        let input = match (client.poll_output(), &mut *socket) {
            (Output::Open { conn, endpoints, .. }, _) => match TcpStream::connect(&endpoints[..]) {
                Ok(stream) => {
                    // Closed without what is not sent yet, as `Output::Close` wants it.
                    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
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
            (Output::Event(Event::Completed(done)), _) if done == id => return Ok(()),
            (Output::Timeout(until), open) => {
                let wait = clock.wait(until).unwrap_or(Duration::MAX);
                let wait = wait.clamp(Duration::from_millis(1), Duration::from_secs(60));
                let Some((conn, stream)) = open else {
                    std::thread::sleep(wait);
                    client.handle(clock.now(), Input::Tick);
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
        if matches!(input, Input::Lost { .. }) {
            *socket = None;
        }
        client.handle(clock.now(), input);
    }
}
// ANCHOR_END: drive

// ANCHOR: log_in
/// Logs in to the test DC at `address`, whose RSA key is `public_key` (PEM), and asks where the nearest DC is. Returns
/// the account's first name and the country.
pub(crate) fn log_in(
    address: SocketAddr,
    public_key: &str,
    phone: &str,
    code: &str,
) -> Result<(String, String), Box<dyn Error>> {
    let (clock, home, mut dcs) = (Clock::new(), DcId::new(2)?, DcTable::new());
    dcs.insert(home, address);
    let mut config = Config::new(dcs, home, [PublicKey::from_pem(public_key)?]);
    config.api = Some(ApiCredentials { id: 1, hash: "0".repeat(32) });
    let mut client = Client::new(config, StoredSession::default(), Box::new(OsRandom::default()))?;
    let mut socket = None;

    let step = client.start_step(clock.now(), LoginStep::send_code(phone))?;
    drive(&mut client, &mut socket, clock, step.id())?;
    let SendCodeOutcome::CodeSent(sent_code) = client.take_step(step).ok_or("not complete")?? else {
        return Err("no code was sent".into());
    };
    let step = client.start_step(clock.now(), LoginStep::sign_in(&sent_code, code))?;
    drive(&mut client, &mut socket, clock, step.id())?;
    let user = match client.take_step(step).ok_or("not complete")?? {
        SignInOutcome::LoggedIn(user) => user,
        other => return Err(format!("more is needed: {other:?}").into()),
    };
    let request = client.invoke(clock.now(), &functions::help::GetNearestDc {}, RequestOptions::default())?;
    drive(&mut client, &mut socket, clock, request.id())?;
    let enums::NearestDc::NearestDc(nearest) = client.take(&request).ok_or("not complete")??;
    Ok((user.first_name, nearest.country))
}
// ANCHOR_END: log_in

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key_file] = &arguments[..] else { return Err("usage: blocking ADDRESS KEY.pem".into()) };
    let key = std::fs::read_to_string(key_file)?;
    let (name, country) = log_in(address.parse()?, &key, "+999 66 2 0001", "22222")?;
    println!("logged in as {name}; the nearest DC is in {country}");
    Ok(())
}
