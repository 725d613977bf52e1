//! Logs in and makes a call from a loop that draws frames, as a game does: once per frame, the client gets what has come
//! since the last one, up to a limit. Nothing in a frame blocks.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-core --features getrandom,pem,std --example frame_loop -- 127.0.0.1:PORT key.pem`.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, RequestId,
    RequestOptions, StoredSession,
};
use sansgram_core::login::LoginStep;
use sansgram_core::time::Clock;
use sansgram_core::tl::functions::help::GetNearestDc;
use sansgram_core::{OsRandom, PublicKey};
use socket2::SockRef;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Socket = (ConnId, TcpStream);
/// What a thread has done that may take longer than a frame: a new socket, and the input for the client.
type Done = (Option<Socket>, Input<'static>);

const BYTES_PER_FRAME: usize = 16_384;

struct Network {
    client: Client,
    clock: Clock,
    /// The connection that the client opened last. A socket for an earlier one comes too late.
    wanted: Option<ConnId>,
    socket: Option<Socket>,
    /// What is not yet written of the transmit in flight.
    outgoing: Vec<u8>,
    threads: (Sender<Done>, Receiver<Done>),
    completed: Option<RequestId>,
}

impl Network {
    /// Lets the client work for one frame.
    fn frame(&mut self) {
        self.handle(Input::Tick);
        if let Ok((socket, input)) = self.threads.1.try_recv() {
            let is_late = socket.as_ref().is_some_and(|(conn, _)| self.wanted != Some(*conn));
            if !is_late {
                self.socket = socket.or(self.socket.take());
                self.handle(input);
            }
        }
        let mut buffer = [0; BYTES_PER_FRAME];
        let Some((conn, stream)) = &mut self.socket else { return };
        let conn = *conn;
        // If the stream is broken, reading says so.
        let count = stream.write(&self.outgoing[..self.outgoing.len().min(BYTES_PER_FRAME)]).unwrap_or(0);
        self.outgoing.drain(..count);
        let received = stream.read(&mut buffer);
        if count > 0 && self.outgoing.is_empty() {
            let buffer = std::mem::take(&mut self.outgoing);
            self.handle(Input::Transmitted { conn, buffer });
        }
        match received {
            Ok(count) if count > 0 => self.handle(Input::Received { conn, bytes: &mut buffer[..count] }),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => {
                self.socket = None;
                self.handle(Input::Lost { conn, cause: IoFailure::Closed });
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.client.handle(self.clock.now(), input);
        loop {
            let done = self.threads.0.clone();
            match self.client.poll_output() {
                Output::Open { conn, endpoints, .. } => {
                    self.wanted = Some(conn);
                    // The rest for an earlier connection is not for this one.
                    self.outgoing.clear();
                    drop(thread::spawn(move || match connect(&endpoints) {
                        Ok(stream) => done.send((Some((conn, stream)), Input::Opened { conn })),
                        Err(_) => done.send((None, Input::Lost { conn, cause: IoFailure::Refused })),
                    }));
                }
                Output::Compute(task) => {
                    drop(thread::spawn(move || done.send((None, Input::Computed(task.run())))));
                }
                Output::Transmit { bytes, .. } => self.outgoing = bytes,
                Output::Close { .. } => (self.wanted, self.socket) = (None, None),
                Output::Event(Event::Completed(id)) => self.completed = Some(id),
                Output::Timeout(_) => return,
                _ => {}
            }
        }
    }
}

fn connect(endpoints: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(endpoints)?;
    // Closed without what is not sent yet, as `Output::Close` wants it.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    stream.set_nonblocking(true).map(|()| stream)
}

/// Logs a bot in to the test DC at `address` with this key (PEM), and makes a call. Returns how many frames that took.
pub(crate) fn play(address: SocketAddr, public_key: &str) -> Result<u32> {
    let (clock, home, mut dcs) = (Clock::new(), DcId::new(2)?, DcTable::new());
    dcs.insert(home, address);
    let config = Config::new(dcs, home, [PublicKey::from_pem(public_key)?])
        .with_api(ApiCredentials { id: 1, hash: "0".repeat(32) })
        .with_offload_key_exchange(true);
    let mut client = Client::new(config, StoredSession::default(), Box::new(OsRandom::default()))?;
    let mut login = Some(client.start_step(clock.now(), LoginStep::bot_login("1:sandbox"))?);
    let (outgoing, threads, mut call, mut frames) = (Vec::new(), channel(), None, 0);
    let (wanted, socket, completed) = (None, None, None);
    let mut network = Network { client, clock, wanted, socket, outgoing, threads, completed };
    loop {
        frames += 1;
        network.frame();
        if network.completed.take().is_some() {
            if let Some(step) = login.take() {
                network.client.take_step(step).ok_or("no result")??;
                let options = RequestOptions::default();
                call = Some(network.client.invoke(clock.now(), &GetNearestDc {}, options)?);
            } else if let Some(call) = call.take() {
                network.client.take(&call).ok_or("no result")??;
                return Ok(frames);
            }
        }
        // Here, a game moves its figures and draws them.
        thread::sleep(Duration::from_millis(16));
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key_file] = &arguments[..] else {
        return Err("usage: frame_loop ADDRESS KEY.pem".into());
    };
    play(address.parse()?, &std::fs::read_to_string(key_file)?).map(|frames| println!("{frames} frames"))
}
