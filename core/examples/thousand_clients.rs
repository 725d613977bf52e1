//! A thousand clients in one thread, over the sockets and the poller of `mio`: each logs in and makes a call. The first
//! makes the auth key, which the others take from its stored session: the test DC needs some milliseconds for each key.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-core --features getrandom,pem,std --example thousand_clients -- 127.0.0.1:PORT key.pem 900`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, RequestHandle,
    RequestOptions, StepHandle, StoredSession,
};
use sansgram_core::login::{LoginStep, UserInfo};
use sansgram_core::time::{Clock, Timestamp};
use sansgram_core::tl::functions::help::GetNearestDc;
use sansgram_core::{OsRandom, PublicKey};
use socket2::SockRef;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A client with its socket: one DC is known, so at most one connection is open at a time.
struct Account {
    client: Client,
    login: Option<StepHandle<UserInfo>>,
    call: Option<RequestHandle<GetNearestDc>>,
    socket: Option<(ConnId, TcpStream)>,
    is_open: bool,
    /// What is not yet written of the transmit in flight.
    outgoing: Vec<u8>,
    deadline: Option<Timestamp>,
}

impl Account {
    /// Returns the next input that the socket has, or the error `WouldBlock`.
    fn next_input<'a>(&mut self, buffer: &'a mut [u8]) -> io::Result<Input<'a>> {
        let &mut (conn, ref mut stream) = self.socket.as_mut().ok_or(ErrorKind::WouldBlock)?;
        if !self.is_open {
            stream.take_error()?.map_or(Ok(()), Err)?;
            self.is_open = stream.peer_addr().is_ok();
            return if self.is_open { Ok(Input::Opened { conn }) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        while !self.outgoing.is_empty() {
            // If the stream is broken, reading says so.
            let Ok(count) = stream.write(&self.outgoing) else { break };
            self.outgoing.drain(..count);
            if self.outgoing.is_empty() {
                return Ok(Input::Transmitted { conn, buffer: std::mem::take(&mut self.outgoing) });
            }
        }
        match stream.read(buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(Input::Received { conn, bytes: &mut buffer[..count] }),
        }
    }

    /// Does what the client says until its socket would block: `mio` reports only changes.
    fn drive(&mut self, poll: &Poll, token: Token, clock: Clock, buffer: &mut [u8]) -> Result<()> {
        loop {
            match self.client.poll_output() {
                Output::Open { conn, endpoints, .. } => {
                    let mut stream = TcpStream::connect(endpoints[0])?;
                    // Closed without what is not sent yet, as `Output::Close` wants it.
                    SockRef::from(&stream).set_linger(Some(Default::default()))?;
                    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                    (self.socket, self.is_open, self.outgoing) = (Some((conn, stream)), false, Vec::new());
                }
                Output::Transmit { bytes, .. } => self.outgoing = bytes,
                Output::Close { .. } => self.socket = None,
                Output::Compute(task) => self.client.handle(clock.now(), Input::Computed(task.run())),
                Output::Event(Event::Completed(_)) => {
                    if let Some(login) = self.login.take() {
                        self.client.take_step(login).ok_or("no result")??;
                        let options = RequestOptions::default();
                        self.call = Some(self.client.invoke(clock.now(), &GetNearestDc {}, options)?);
                    } else if let Some(call) = self.call.take() {
                        self.client.take(&call).ok_or("no result")??;
                    }
                }
                Output::Timeout(until) => {
                    self.deadline = until;
                    match (self.next_input(buffer), &self.socket) {
                        (Ok(input), _) => self.client.handle(clock.now(), input),
                        (Err(error), Some((conn, _))) if error.kind() != ErrorKind::WouldBlock => {
                            let input = Input::Lost { conn: *conn, cause: IoFailure::Reset };
                            self.socket = None;
                            self.client.handle(clock.now(), input);
                        }
                        _ => return Ok(()),
                    }
                }
                _ => {}
            }
        }
    }
}

/// Runs `count` clients of the test DC at `address` with this key (PEM), until each has the answer to its call.
pub(crate) fn run(address: SocketAddr, public_key: &str, count: usize) -> Result<()> {
    let (clock, home, mut dcs) = (Clock::new(), DcId::new(2)?, DcTable::new());
    dcs.insert(home, address);
    let config = Config::new(dcs, home, [PublicKey::from_pem(public_key)?])
        .with_api(ApiCredentials { id: 1, hash: "0".repeat(32) });
    let (mut poll, mut events, mut buffer) = (Poll::new()?, Events::with_capacity(1024), vec![0; 65_536]);
    let mut accounts: Vec<Account> = Vec::with_capacity(count);
    loop {
        let is_busy = accounts.iter().any(|one| one.login.is_some() || one.call.is_some());
        if accounts.len() < count && (accounts.len() != 1 || !is_busy) {
            let session = accounts.first().map(|first| first.client.stored_session().clone());
            let session = StoredSession { user: None, ..session.unwrap_or_default() };
            let mut client = Client::new(config.clone(), session, Box::<OsRandom>::default())?;
            let login = Some(client.start_step(clock.now(), LoginStep::bot_login("1:sandbox"))?);
            let (call, socket, is_open, outgoing, deadline) = (None, None, false, Vec::new(), None);
            let mut account = Account { client, login, call, socket, is_open, outgoing, deadline };
            account.drive(&poll, Token(accounts.len()), clock, &mut buffer)?;
            accounts.push(account);
            continue;
        }
        if !is_busy {
            return Ok(());
        }
        poll.poll(&mut events, clock.wait(accounts.iter().filter_map(|account| account.deadline).min()))?;
        for event in &events {
            accounts[event.token().0].drive(&poll, event.token(), clock, &mut buffer)?;
        }
        for (index, account) in accounts.iter_mut().enumerate() {
            if account.deadline.is_some_and(|at| at <= clock.now().monotonic) {
                account.client.handle(clock.now(), Input::Tick);
                account.drive(&poll, Token(index), clock, &mut buffer)?;
            }
        }
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key_file, count] = &arguments[..] else { return Err("ADDRESS KEY.pem COUNT".into()) };
    run(address.parse()?, &std::fs::read_to_string(key_file)?, count.parse()?)
}
