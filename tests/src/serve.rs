//! The test DCs on real sockets: plain threads of the standard library, no async runtime.
//!
//! One thread per DC accepts, two per connection read and write, one keeps the timers. They share the machine behind
//! a lock that is never held while a socket is waited for, so a slow or dead peer is nobody else's trouble.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use sansgram_core::crypto::OsRandom;
use sansgram_core::time::{Now, Timestamp};

use crate::accounts::AccountEvent;
use crate::server::{Refusal, ServerInput, ServerOptions, ServerOutput, TestDcs, Tolerance};

/// Where to listen, and how to behave.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address of all DCs; each takes a free port.
    pub listen: IpAddr,
    /// The behaviour of the DCs. The addresses for `help.getConfig` are filled in where the accounts have none.
    pub server: ServerOptions,
}

impl Default for ServeOptions {
    /// Well-behaved DCs on 127.0.0.1.
    fn default() -> Self {
        Self { listen: Ipv4Addr::LOCALHOST.into(), server: ServerOptions::default() }
    }
}

/// A peer that leaves more than this unread is disconnected, in bytes.
const MOST_QUEUED: usize = 64 << 20;
/// How long one write may make no progress at all.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a closed connection is still read from, so that the last answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
/// How many entries are kept for [`Served::take_refusals`], and as many for [`Served::take_reports`].
const MOST_REPORTS: usize = 1000;
/// How many connections may be open at once.
const MOST_CONNECTIONS: usize = 1000;

/// What the DCs tell of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The DC whose port the client is connected to.
    pub dc: i32,
    /// The client's address.
    pub client: SocketAddr,
    /// What happened.
    pub what: Reported,
}

/// What happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// The client did something that was not accepted.
    Refused(Refusal),
    /// The client did, as the first of all, something that only lenient options take.
    Tolerated(Tolerance),
}

/// Running DCs. Dropping it closes every connection and ends every thread.
pub struct Served {
    shared: Arc<Shared>,
    addresses: Vec<(i32, SocketAddr)>,
    public_key_pem: &'static str,
    events: Mutex<Receiver<AccountEvent>>,
    threads: Vec<JoinHandle<()>>,
}

/// Binds a port for each DC and starts to serve.
///
/// # Errors
/// What the operating system says when it refuses a port or a thread.
pub fn serve(options: ServeOptions) -> io::Result<Served> {
    let ServeOptions { listen, mut server } = options;
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for &dc in &server.dcs {
        let listener = TcpListener::bind((listen, 0))?;
        addresses.push((dc, listener.local_addr()?));
        listeners.push((dc, listener));
    }
    if server.accounts.dcs.is_empty() {
        server.accounts.dcs.clone_from(&addresses);
    }
    let dcs = TestDcs::new(server, Box::new(OsRandom::new()));
    let public_key_pem = dcs.public_key_pem();
    let (event_sender, events) = mpsc::channel();
    let state = State {
        dcs,
        links: HashMap::new(),
        closing: HashMap::new(),
        next_conn: 0,
        deadline: None,
        stopping: false,
        events: event_sender,
        refusals: Vec::new(),
        reports: Vec::new(),
        threads: Vec::new(),
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), timer: Condvar::new(), origin: Instant::now() });
    // From here on a failure drops `served`, which stops what was started.
    let mut served =
        Served { shared, addresses, public_key_pem, events: Mutex::new(events), threads: Vec::new() };
    let shared = Arc::clone(&served.shared);
    served.threads.push(spawn("test-dc-timer".into(), move || shared.keep_time())?);
    for (dc, listener) in listeners {
        let shared = Arc::clone(&served.shared);
        served.threads.push(spawn(format!("test-dc-{dc}"), move || shared.accept(dc, &listener))?);
    }
    Ok(served)
}

impl Served {
    /// The DCs by number, in the order of the options.
    #[must_use]
    pub fn addresses(&self) -> &[(i32, SocketAddr)] {
        &self.addresses
    }

    /// The address of one DC.
    #[must_use]
    pub fn address(&self, dc: i32) -> Option<SocketAddr> {
        self.addresses.iter().find(|(number, _)| *number == dc).map(|(_, address)| *address)
    }

    /// The RSA key of all the DCs, PKCS#1 in PEM.
    #[must_use]
    pub const fn public_key_pem(&self) -> &'static str {
        self.public_key_pem
    }

    /// The next thing that happened to an account; waits for it up to `timeout`.
    #[must_use]
    pub fn next_event(&self, timeout: Duration) -> Option<AccountEvent> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.recv_timeout(timeout).ok()
    }

    /// What was not accepted from clients since the last call, at most the first 1000.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut self.shared.lock().refusals)
    }

    /// What is to be told of connections since the last call, oldest first, at most the first 1000. It has the refusals
    /// of [`take_refusals`](Self::take_refusals) too; each list is taken on its own.
    #[must_use]
    pub fn take_reports(&self) -> Vec<Report> {
        std::mem::take(&mut self.shared.lock().reports)
    }

    /// Calls the machine itself, such as [`TestDcs::forget_key`] or [`TestDcs::close_all`], and sends what follows.
    pub fn with_dcs<T>(&self, action: impl FnOnce(&mut TestDcs) -> T) -> T {
        let mut state = self.shared.lock();
        let result = action(&mut state.dcs);
        self.shared.drain(&mut state);
        result
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let connections = {
            let mut state = self.shared.lock();
            state.stopping = true;
            let links = std::mem::take(&mut state.links).into_values().map(|link| link.socket);
            for socket in links.chain(std::mem::take(&mut state.closing).into_values()) {
                // Fails where the peer is gone already.
                let _ = socket.shutdown(Shutdown::Both);
            }
            self.shared.timer.notify_all();
            std::mem::take(&mut state.threads)
        };
        for (_, address) in &self.addresses {
            // An acceptor looks up only when somebody connects.
            let _ = TcpStream::connect_timeout(&reachable(*address), Duration::from_secs(1));
        }
        for thread in self.threads.drain(..).chain(connections) {
            // A panic of a server's thread has been printed; it must not become a second one here.
            let _ = thread.join();
        }
    }
}

struct Shared {
    state: Mutex<State>,
    timer: Condvar,
    origin: Instant,
}

struct State {
    dcs: TestDcs,
    links: HashMap<u64, Link>,
    /// Closed by the machine, but still read from.
    closing: HashMap<u64, TcpStream>,
    next_conn: u64,
    deadline: Option<Timestamp>,
    stopping: bool,
    events: Sender<AccountEvent>,
    refusals: Vec<Refusal>,
    reports: Vec<Report>,
    threads: Vec<JoinHandle<()>>,
}

/// How the machine reaches a connection's threads.
struct Link {
    dc: i32,
    client: SocketAddr,
    socket: TcpStream,
    writer: Sender<ToWriter>,
    queued: Arc<AtomicUsize>,
}

enum ToWriter {
    Bytes(Vec<u8>),
    Close,
    ReaderEnded,
}

impl State {
    fn report(&mut self, conn: u64, what: Reported) {
        if let Some(link) = self.links.get(&conn).filter(|_| self.reports.len() < MOST_REPORTS) {
            self.reports.push(Report { dc: link.dc, client: link.client, what });
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now::new(Timestamp::from_origin(self.origin.elapsed()), unix)
    }

    fn input(&self, state: &mut State, input: ServerInput<'_>) {
        state.dcs.handle(self.now(), input);
        self.drain(state);
    }

    /// Hands the machine's outputs to the threads that they concern; none of it waits.
    fn drain(&self, state: &mut State) {
        loop {
            match state.dcs.poll_output() {
                ServerOutput::Transmit { conn, bytes } => {
                    let Some(link) = state.links.get(&conn) else { continue };
                    let queued = link.queued.fetch_add(bytes.len(), Ordering::Relaxed);
                    if queued + bytes.len() > MOST_QUEUED {
                        let _ = link.socket.shutdown(Shutdown::Both);
                        state.links.remove(&conn);
                    } else {
                        // Fails where the writer has ended; the reader ends then, too, and reports the loss.
                        let _ = link.writer.send(ToWriter::Bytes(bytes));
                    }
                }
                ServerOutput::Close { conn } => {
                    if let Some(link) = state.links.remove(&conn) {
                        let _ = link.writer.send(ToWriter::Close);
                        state.closing.insert(conn, link.socket);
                    }
                }
                ServerOutput::Account(event) => {
                    // The receiver lives as long as `Served`.
                    let _ = state.events.send(event);
                }
                ServerOutput::Refused { conn, refusal } => {
                    if state.refusals.len() < MOST_REPORTS {
                        state.refusals.push(refusal);
                    }
                    state.report(conn, Reported::Refused(refusal));
                }
                ServerOutput::Tolerated { conn, tolerance } => {
                    state.report(conn, Reported::Tolerated(tolerance));
                }
                ServerOutput::Timeout(deadline) => {
                    if state.deadline != deadline {
                        state.deadline = deadline;
                        self.timer.notify_all();
                    }
                    return;
                }
            }
        }
    }

    fn keep_time(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let now = self.now().monotonic;
            match state.deadline {
                None => state = self.timer.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(at) if at <= now => self.input(&mut state, ServerInput::Tick),
                Some(at) => {
                    let waited = self.timer.wait_timeout(state, at - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    fn accept(self: &Arc<Self>, dc: i32, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.lock().stopping {
                return;
            }
            match accepted {
                // A connection that cannot be served is dropped, which its peer sees.
                Ok((socket, client)) => drop(self.connected(dc, socket, client)),
                // Out of file descriptors, or the peer was quicker: go on, but do not spin.
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn connected(self: &Arc<Self>, dc: i32, socket: TcpStream, client: SocketAddr) -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let (for_reader, for_writer) = (socket.try_clone()?, socket.try_clone()?);
        let (writer, commands) = mpsc::channel();
        let (reader_ended, queued) = (writer.clone(), Arc::new(AtomicUsize::new(0)));
        let written = Arc::clone(&queued);

        let mut state = self.lock();
        if state.stopping || state.links.len() >= MOST_CONNECTIONS {
            return Ok(());
        }
        let conn = state.next_conn;
        state.next_conn += 1;
        let writer_thread =
            spawn(format!("test-dc-{dc}-write"), move || write_all(for_writer, &commands, &written))?;
        let shared = Arc::clone(self);
        let reader_thread = spawn(format!("test-dc-{dc}-read"), move || {
            shared.read_all(conn, for_reader);
            // Fails where the writer has ended before.
            let _ = reader_ended.send(ToWriter::ReaderEnded);
        })?;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.extend([writer_thread, reader_thread]);
        state.links.insert(conn, Link { dc, client, socket, writer, queued });
        self.input(&mut state, ServerInput::Accepted { conn, dc });
        Ok(())
    }

    fn read_all(&self, conn: u64, mut socket: TcpStream) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match socket.read(&mut buffer) {
                Ok(count @ 1..) => {
                    let mut state = self.lock();
                    self.input(&mut state, ServerInput::Received { conn, bytes: &buffer[..count] });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
        }
        let mut state = self.lock();
        state.links.remove(&conn);
        state.closing.remove(&conn);
        self.input(&mut state, ServerInput::Lost { conn });
    }
}

fn write_all(mut socket: TcpStream, commands: &Receiver<ToWriter>, queued: &AtomicUsize) {
    while let Ok(command) = commands.recv() {
        match command {
            ToWriter::Bytes(bytes) => {
                if socket.write_all(&bytes).is_err() {
                    break;
                }
                queued.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            ToWriter::Close => {
                let _ = socket.shutdown(Shutdown::Write);
                linger(commands);
                break;
            }
            ToWriter::ReaderEnded => break,
        }
    }
    // Wakes the reader, if it still waits.
    let _ = socket.shutdown(Shutdown::Both);
}

/// Waits until the reader has seen the peer's end of the stream, or long enough.
fn linger(commands: &Receiver<ToWriter>) {
    let until = Instant::now() + LINGER;
    loop {
        match commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(ToWriter::ReaderEnded) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return;
            }
            Ok(_) => {}
        }
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(body)
}

/// The address under which this machine reaches a listener, also one that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
