//! The handle to running DCs.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansgram_core::PublicKey;
use sansgram_core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_core::crypto::OsRandom;
use sansgram_core::time::Clock;

use super::connection::spawn;
use super::error::TestServerError;
use super::options::TestServerOptions;
use super::report::Report;
use super::shared::{Shared, State};
use super::state_file::StateFile;
use crate::accounts::{AccountEvent, is_in_handler};
use crate::server::{Refusal, ServerOptions, TestDcs};

/// The DC that a client connects to first, if it is there.
const HOME_DC: i32 = 2;
/// The accounts accept any hash that is not empty; this one has the form of Telegram's.
const ANY_HASH: &str = "0123456789abcdef0123456789abcdef";

/// Running DCs. Dropping it closes all connections, stops all threads, and panics if a handler was not called as often as
/// expected, see [`verify`](Self::verify).
pub struct TestServer {
    pub(super) shared: Arc<Shared>,
    addresses: Vec<(i32, SocketAddr)>,
    advertised: Vec<(i32, SocketAddr)>,
    public_key_pem: &'static str,
    events: Mutex<Receiver<AccountEvent>>,
    threads: Vec<JoinHandle<()>>,
}

impl TestServer {
    /// Binds a port for each DC and starts them.
    ///
    /// # Errors
    /// Returns [`TestServerError`] if a port, a thread or the state file is not available.
    pub fn start(options: TestServerOptions) -> Result<Self, TestServerError> {
        let TestServerOptions { listen, port, advertise, max_connections, recorded_calls, state, mut server } =
            options;
        server.accounts.check()?;
        let state = match state {
            None => None,
            Some(file) => match StateFile::open(&file) {
                Ok((open, saved)) => Some((file, open, saved)),
                Err(reason) => return Err(TestServerError::StateFile { file, reason }),
            },
        };
        let dcs = server.dcs.len();
        let mut ports: Vec<u16> = vec![0; dcs];
        if port != 0 {
            ports = (port..=u16::MAX).take(dcs).collect();
            if ports.len() < dcs {
                return Err(TestServerError::Ports { first: port, dcs });
            }
        }
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for (&dc, port) in server.dcs.iter().zip(ports) {
            let address = SocketAddr::new(listen, port);
            let refused = |source| TestServerError::Bind { dc, address, source };
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
        let advertised = match advertise.first() {
            Some(ip) => addresses.iter().map(|dc| at(dc, *ip)).collect(),
            None => addresses.iter().map(|(dc, address)| (*dc, reachable(*address))).collect(),
        };
        let (mut dcs, state_file) = restore_or_new(server, state)?;
        dcs.handlers().record(recorded_calls);
        let public_key_pem = dcs.public_key_pem();
        let (event_sender, events) = mpsc::channel();
        let state = State {
            dcs,
            connections: HashMap::new(),
            closing: HashMap::new(),
            next_conn: 0,
            deadline: None,
            stopping: false,
            events: event_sender,
            refusals: Vec::new(),
            reports: Vec::new(),
            max_connections,
            state_file,
            unsaved: false,
            threads: Vec::new(),
            waiting: BTreeMap::new(),
            next_waiting: 0,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), timer: Condvar::new(), clock: Clock::new() });
        // From this point on, a failure drops `this`, which stops what was started.
        let mut this = Self {
            shared,
            addresses,
            advertised,
            public_key_pem,
            events: Mutex::new(events),
            threads: Vec::new(),
        };
        let shared = Arc::clone(&this.shared);
        let timer = spawn("test-dc-timer".into(), move || shared.keep_time());
        this.threads.push(timer.map_err(TestServerError::Thread)?);
        for (dc, listener) in listeners {
            let shared = Arc::clone(&this.shared);
            let acceptor = spawn(format!("test-dc-{dc}"), move || shared.accept(dc, &listener));
            this.threads.push(acceptor.map_err(TestServerError::Thread)?);
        }
        Ok(this)
    }

    /// Returns the addresses of the DCs, by number, in the order of the options.
    #[must_use]
    pub fn addresses(&self) -> &[(i32, SocketAddr)] {
        &self.addresses
    }

    /// Where clients reach the DCs: the first advertised address or, if the DCs listen on all addresses of this machine,
    /// loopback.
    #[must_use]
    pub fn advertised(&self) -> &[(i32, SocketAddr)] {
        &self.advertised
    }

    /// Returns the address of one DC.
    #[must_use]
    pub fn address(&self, dc: i32) -> Option<SocketAddr> {
        self.addresses.iter().find(|(number, _)| *number == dc).map(|(_, address)| *address)
    }

    /// The RSA key of all the DCs, PKCS#1 in PEM.
    #[must_use]
    pub const fn public_key_pem(&self) -> &'static str {
        self.public_key_pem
    }

    /// Returns the configuration of a client that reaches the DCs: their addresses and key, and an application that they
    /// accept.
    ///
    /// # Panics
    /// Panics if a DC of the options has a number that core refuses.
    #[must_use]
    pub fn config(&self) -> Config {
        let id = |dc: i32| DcId::new(dc.into()).expect("the numbers of the DCs are valid");
        let mut dcs = DcTable::new();
        for (dc, address) in &self.advertised {
            dcs.insert(id(*dc), *address);
        }
        let has_home = self.advertised.iter().any(|(dc, _)| *dc == HOME_DC);
        let initial = self.advertised.first().filter(|_| !has_home).map_or(HOME_DC, |(dc, _)| *dc);
        let key = PublicKey::from_pem(self.public_key_pem).expect("the key of the DCs is valid");
        let api = ApiCredentials { id: 1, hash: ANY_HASH.into() };
        Config::new(dcs, id(initial), [key]).with_api(Some(api))
    }

    /// Returns the next event of an account; waits for it up to `timeout`.
    #[must_use]
    pub fn next_event(&self, timeout: Duration) -> Option<AccountEvent> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.recv_timeout(timeout).ok()
    }

    /// Returns the number of open connections.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.lock().connections.len()
    }

    /// Returns how often a key was used by two addresses at once, see
    /// [`ServerOptions::end_shared_keys`]: 0 if each session had one owner at any time.
    #[must_use]
    pub fn shared_key_uses(&self) -> u64 {
        self.lock().dcs.shared_key_uses()
    }

    /// Takes the refusals since the last call, at most the first 1000.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut self.lock().refusals)
    }

    /// Takes the reports since the last call, oldest first, at most the first 1000. They include the refusals of
    /// [`take_refusals`](Self::take_refusals), which is a list of its own.
    #[must_use]
    pub fn take_reports(&self) -> Vec<Report> {
        std::mem::take(&mut self.lock().reports)
    }

    /// Calls the state machine, such as [`TestDcs::forget_key`] or [`TestDcs::close_all`], and processes its outputs.
    pub fn with_dcs<T>(&self, action: impl FnOnce(&mut TestDcs) -> T) -> T {
        let mut state = self.lock();
        let result = action(&mut state.dcs);
        self.shared.drain(&mut state);
        result
    }

    /// Panics in a handler, which holds the lock already.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        assert!(
            !is_in_handler(),
            "a handler must not call methods of TestServer; its argument `call` has what it needs"
        );
        self.shared.lock()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let connections = {
            let mut state = self.shared.lock();
            state.stopping = true;
            let handles = std::mem::take(&mut state.connections).into_values().map(|handle| handle.socket);
            for socket in handles.chain(std::mem::take(&mut state.closing).into_values()) {
                // Fails if the peer is gone already.
                let _ = socket.shutdown(Shutdown::Both);
            }
            self.shared.timer.notify_all();
            std::mem::take(&mut state.threads)
        };
        for (_, address) in &self.addresses {
            // An acceptor checks `stopping` only after a connect.
            let _ = TcpStream::connect_timeout(&reachable(*address), Duration::from_secs(1));
        }
        for thread in self.threads.drain(..).chain(connections) {
            // A panic of a thread has been printed already.
            let _ = thread.join();
        }
        let unmet = self.shared.lock().dcs.handlers().check_expectations();
        if let (Err(unmet), false) = (unmet, thread::panicking()) {
            panic!("{unmet}");
        }
    }
}

/// Restores the DCs if there is a state, and saves them at once, so that an unwritable file is an error now.
fn restore_or_new(
    server: ServerOptions,
    state: Option<(PathBuf, StateFile, Vec<u8>)>,
) -> Result<(TestDcs, Option<StateFile>), TestServerError> {
    let random = Box::new(OsRandom::new());
    let Some((file, open, saved)) = state else { return Ok((TestDcs::new(server, random), None)) };
    let dcs = match &saved[..] {
        [] => TestDcs::new(server, random),
        saved => match TestDcs::restore(server, random, saved) {
            Ok(dcs) => dcs,
            Err(reason) => return Err(TestServerError::State { file, reason }),
        },
    };
    match open.save(&dcs.save()) {
        Ok(()) => Ok((dcs, Some(open))),
        Err(error) => Err(TestServerError::StateFile { file, reason: error.into() }),
    }
}

/// An address at which this machine reaches a listener: loopback for an unspecified address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
