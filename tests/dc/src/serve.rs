//! The test DCs on real sockets: plain threads of the standard library, no async runtime.
//!
//! One thread per DC accepts, two per connection read and write, one keeps the timers. They share the machine behind
//! a lock that is never held while a socket is waited for, so a slow or dead peer is nobody else's trouble.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use sansgram_core::crypto::OsRandom;
use sansgram_core::time::{Now, Timestamp};

use crate::accounts::AccountEvent;
use crate::server::{Refusal, SavedError, ServerInput, ServerOptions, ServerOutput, TestDcs, Tolerance};
use crate::state_file::StateFile;
pub use crate::state_file::StateFileError;

/// Where to listen, and how to behave.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address of all DCs; default 127.0.0.1.
    pub listen: IpAddr,
    /// The port of the first DC; each further one takes the next port. Default 0: each takes a free port.
    pub port: u16,
    /// The addresses that `help.getConfig` names for each DC. Default none: the one of `listen` or, if that means all
    /// addresses of this machine, the one that the asking client is connected to.
    pub advertise: Vec<IpAddr>,
    /// How many connections may be open at once, on all DCs together; default 1000. Each takes two threads and a file
    /// descriptor.
    pub most_connections: usize,
    /// The file that keeps keys, accounts and logins from one process to the next; default none. It is replaced as a
    /// whole before the answer to a change leaves, belongs to one process at a time (a file with `.lock` behind its
    /// name says so), is readable by this user only, and holds secrets.
    pub state: Option<PathBuf>,
    /// The behaviour of the DCs. The addresses for `help.getConfig` are filled in where the accounts have none.
    pub server: ServerOptions,
}

impl Default for ServeOptions {
    /// Well-behaved DCs on 127.0.0.1.
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            advertise: Vec::new(),
            most_connections: 1000,
            state: None,
            server: ServerOptions::default(),
        }
    }
}

/// A peer that leaves more than this unread is disconnected, in bytes.
const MOST_QUEUED: usize = 64 << 20;
/// How long one write may make no progress at all.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a closed connection is still read from, so that the last answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
/// How many entries are kept for [`TestServer::take_refusals`], and as many for [`TestServer::take_reports`].
const MOST_REPORTS: usize = 1000;

/// Why the DCs cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There are fewer ports behind the first one than DCs.
    #[error("{dcs} DCs need as many ports, and the ports behind {first} end at 65535")]
    Ports {
        /// The port of the first DC.
        first: u16,
        /// The number of DCs.
        dcs: usize,
    },
    /// The operating system refuses an address.
    #[error("DC {dc} cannot listen at {address}: {source}")]
    Bind {
        /// The DC.
        dc: i32,
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The state file cannot be used.
    #[error("the state file {} cannot be used: {reason}", file.display())]
    StateFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: StateFileError,
    },
    /// What is in the state file cannot be taken in; it is left as it is.
    #[error("the state file {} cannot be read: {reason}", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: SavedError,
    },
    /// The operating system refuses a thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
}

/// What the DCs tell of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The DC whose port the client is connected to; `None` if it concerns all of them.
    pub dc: Option<i32>,
    /// The client's address; `None` if the connection could not be accepted.
    pub client: Option<SocketAddr>,
    /// What happened.
    pub what: Reported,
}

impl Report {
    /// A report, such as a test may need one.
    #[must_use]
    pub const fn new(dc: Option<i32>, client: Option<SocketAddr>, what: Reported) -> Self {
        Self { dc, client, what }
    }
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// The client did something that was not accepted.
    Refused(Refusal),
    /// The client did, as the first of all, something that only lenient options take.
    Tolerated(Tolerance),
    /// The connection was closed at once, since as many as [`ServeOptions::most_connections`] are open.
    TooMany(usize),
    /// The client left more than so many bytes unread, and was disconnected.
    Unread(usize),
    /// The operating system refuses what the connection needs, in its words: a file descriptor or a thread.
    NoResources(String),
    /// The state cannot be saved, in the operating system's words. It is tried again at the next change.
    NotSaved(String),
}

/// Running DCs. Dropping it closes every connection and ends every thread.
pub struct TestServer {
    shared: Arc<Shared>,
    addresses: Vec<(i32, SocketAddr)>,
    announced: Vec<(i32, SocketAddr)>,
    public_key_pem: &'static str,
    events: Mutex<Receiver<AccountEvent>>,
    threads: Vec<JoinHandle<()>>,
}

/// Binds a port for each DC and starts to serve.
///
/// # Errors
/// [`ServeError`] if the operating system refuses a port or a thread.
pub fn serve(options: ServeOptions) -> Result<TestServer, ServeError> {
    let ServeOptions { listen, port, advertise, most_connections, state, mut server } = options;
    let state = match state {
        None => None,
        Some(file) => match StateFile::open(&file) {
            Ok((open, saved)) => Some((file, open, saved)),
            Err(reason) => return Err(ServeError::StateFile { file, reason }),
        },
    };
    let dcs = server.dcs.len();
    let mut ports: Vec<u16> = vec![0; dcs];
    if port != 0 {
        ports = (port..=u16::MAX).take(dcs).collect();
        if ports.len() < dcs {
            return Err(ServeError::Ports { first: port, dcs });
        }
    }
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for (&dc, port) in server.dcs.iter().zip(ports) {
        let address = SocketAddr::new(listen, port);
        let refused = |source| ServeError::Bind { dc, address, source };
        let listener = TcpListener::bind(address).map_err(refused)?;
        addresses.push((dc, listener.local_addr().map_err(refused)?));
        listeners.push((dc, listener));
    }
    let at = |(dc, address): &(i32, SocketAddr), ip: IpAddr| (*dc, SocketAddr::new(ip, address.port()));
    if server.accounts.dcs.is_empty() {
        server.accounts.dcs = if advertise.is_empty() {
            addresses.clone()
        } else {
            addresses.iter().flat_map(|dc| advertise.iter().map(move |ip| at(dc, *ip))).collect()
        };
    }
    let announced = match advertise.first() {
        Some(ip) => addresses.iter().map(|dc| at(dc, *ip)).collect(),
        None => addresses.iter().map(|(dc, address)| (*dc, reachable(*address))).collect(),
    };
    let (dcs, state_file) = start(server, state)?;
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
        most_connections,
        state_file,
        unsaved: false,
        threads: Vec::new(),
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), timer: Condvar::new(), origin: Instant::now() });
    // From here on a failure drops `served`, which stops what was started.
    let mut served = TestServer {
        shared,
        addresses,
        announced,
        public_key_pem,
        events: Mutex::new(events),
        threads: Vec::new(),
    };
    let shared = Arc::clone(&served.shared);
    let timer = spawn("test-dc-timer".into(), move || shared.keep_time());
    served.threads.push(timer.map_err(ServeError::Thread)?);
    for (dc, listener) in listeners {
        let shared = Arc::clone(&served.shared);
        let acceptor = spawn(format!("test-dc-{dc}"), move || shared.accept(dc, &listener));
        served.threads.push(acceptor.map_err(ServeError::Thread)?);
    }
    Ok(served)
}

/// The DCs, as they were if there is a state, which is saved at once: a file that cannot be written is told now.
fn start(
    server: ServerOptions,
    state: Option<(PathBuf, StateFile, Vec<u8>)>,
) -> Result<(TestDcs, Option<StateFile>), ServeError> {
    let random = Box::new(OsRandom::new());
    let Some((file, open, saved)) = state else { return Ok((TestDcs::new(server, random), None)) };
    let dcs = match &saved[..] {
        [] => TestDcs::new(server, random),
        saved => match TestDcs::restore(server, random, saved) {
            Ok(dcs) => dcs,
            Err(reason) => return Err(ServeError::State { file, reason }),
        },
    };
    match open.save(&dcs.save()) {
        Ok(()) => Ok((dcs, Some(open))),
        Err(error) => Err(ServeError::StateFile { file, reason: error.into() }),
    }
}

impl TestServer {
    /// Where the DCs listen, by number, in the order of the options.
    #[must_use]
    pub fn addresses(&self) -> &[(i32, SocketAddr)] {
        &self.addresses
    }

    /// Where clients reach the DCs: the first advertised address or, if the DCs listen at all addresses of this machine,
    /// loopback.
    #[must_use]
    pub fn announced(&self) -> &[(i32, SocketAddr)] {
        &self.announced
    }

    /// Where one DC listens.
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

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.lock().links.len()
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

impl Drop for TestServer {
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
    closing: HashMap<u64, Arc<TcpStream>>,
    next_conn: u64,
    deadline: Option<Timestamp>,
    stopping: bool,
    events: Sender<AccountEvent>,
    refusals: Vec<Refusal>,
    reports: Vec<Report>,
    most_connections: usize,
    state_file: Option<StateFile>,
    /// Whether the last save failed.
    unsaved: bool,
    threads: Vec<JoinHandle<()>>,
}

/// How the machine reaches a connection's threads.
struct Link {
    dc: i32,
    client: SocketAddr,
    socket: Arc<TcpStream>,
    writer: Sender<ToWriter>,
    queued: Arc<AtomicUsize>,
}

enum ToWriter {
    Bytes(Vec<u8>),
    Close,
    ReaderEnded,
}

impl State {
    /// Saves the state if it may have changed; before anything that follows from the change is sent.
    fn save(&mut self) {
        let Some(file) = &self.state_file else { return };
        if !self.dcs.take_changed() && !self.unsaved {
            return;
        }
        let saved = file.save(&self.dcs.save());
        self.unsaved = saved.is_err();
        if let Err(error) = saved {
            self.report(None, None, Reported::NotSaved(error.to_string()));
        }
    }

    fn report(&mut self, dc: Option<i32>, client: Option<SocketAddr>, what: Reported) {
        if self.reports.len() < MOST_REPORTS {
            self.reports.push(Report { dc, client, what });
        }
    }

    fn report_on(&mut self, conn: u64, what: Reported) {
        if let Some((dc, client)) = self.links.get(&conn).map(|link| (link.dc, link.client)) {
            self.report(Some(dc), Some(client), what);
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
        state.save();
        loop {
            match state.dcs.poll_output() {
                ServerOutput::Transmit { conn, bytes } => {
                    let Some(link) = state.links.get(&conn) else { continue };
                    let queued = link.queued.fetch_add(bytes.len(), Ordering::Relaxed);
                    if queued + bytes.len() > MOST_QUEUED {
                        let _ = link.socket.shutdown(Shutdown::Both);
                        state.report_on(conn, Reported::Unread(MOST_QUEUED));
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
                    // The receiver lives as long as `TestServer`.
                    let _ = state.events.send(event);
                }
                ServerOutput::Refused { conn, refusal } => {
                    if state.refusals.len() < MOST_REPORTS {
                        state.refusals.push(refusal);
                    }
                    state.report_on(conn, Reported::Refused(refusal));
                }
                ServerOutput::Tolerated { conn, tolerance } => {
                    state.report_on(conn, Reported::Tolerated(tolerance));
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
                Ok((socket, client)) => {
                    if let Err(error) = self.connected(dc, socket, client) {
                        self.no_resources(dc, Some(client), &error);
                    }
                }
                // Out of file descriptors, or the peer was quicker: go on, but do not spin.
                Err(error) => {
                    self.no_resources(dc, None, &error);
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn no_resources(&self, dc: i32, client: Option<SocketAddr>, error: &io::Error) {
        // The peer was gone before it was accepted; that needs nothing of ours.
        let gone =
            [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
        if !gone.contains(&error.kind()) {
            self.lock().report(Some(dc), client, Reported::NoResources(error.to_string()));
        }
    }

    fn connected(self: &Arc<Self>, dc: i32, socket: TcpStream, client: SocketAddr) -> io::Result<()> {
        // Both fail if the peer is gone already, which the reader will see.
        let _ = socket.set_nodelay(true);
        let _ = socket.set_write_timeout(Some(WRITE_TIMEOUT));
        let reached_at = socket.local_addr().ok().map(|address| address.ip().to_canonical());
        let client = SocketAddr::new(client.ip().to_canonical(), client.port());
        // One descriptor for all three.
        let socket = Arc::new(socket);
        let (for_reader, for_writer) = (Arc::clone(&socket), Arc::clone(&socket));
        let (writer, commands) = mpsc::channel();
        let (reader_ended, queued) = (writer.clone(), Arc::new(AtomicUsize::new(0)));
        let written = Arc::clone(&queued);

        let mut state = self.lock();
        if state.stopping {
            return Ok(());
        }
        let most = state.most_connections;
        if state.links.len() >= most {
            state.report(Some(dc), Some(client), Reported::TooMany(most));
            return Ok(());
        }
        let conn = state.next_conn;
        state.next_conn += 1;
        let writer_thread =
            spawn(format!("test-dc-{dc}-write"), move || write_all(&for_writer, &commands, &written))?;
        let shared = Arc::clone(self);
        let reader_thread = spawn(format!("test-dc-{dc}-read"), move || {
            shared.read_all(conn, &for_reader);
            // Fails where the writer has ended before.
            let _ = reader_ended.send(ToWriter::ReaderEnded);
        })?;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.extend([writer_thread, reader_thread]);
        state.links.insert(conn, Link { dc, client, socket, writer, queued });
        self.input(&mut state, ServerInput::Accepted { conn, dc });
        if let Some(ip) = reached_at {
            state.dcs.set_reached_at(conn, ip);
        }
        Ok(())
    }

    fn read_all(&self, conn: u64, mut socket: &TcpStream) {
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

fn write_all(mut socket: &TcpStream, commands: &Receiver<ToWriter>, queued: &AtomicUsize) {
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
