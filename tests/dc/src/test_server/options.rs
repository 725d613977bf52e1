//! The addresses and the behaviour of the DCs.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::builder::builder_methods;
use crate::server::ServerOptions;

/// Options of a [`TestServer`](super::TestServer).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestServerOptions {
    /// The address of all DCs; default 127.0.0.1.
    pub listen: IpAddr,
    /// The port of the first DC; each further one takes the next port. Default 0: each takes a free port.
    pub port: u16,
    /// The addresses that `help.getConfig` lists for each DC. Default none: that of `listen` or, if it is unspecified,
    /// the one that the client is connected to.
    pub advertise: Vec<IpAddr>,
    /// How many connections may be open at once, on all DCs together; default 1000. Each takes two threads and a file
    /// descriptor.
    pub max_connections: usize,
    /// How many calls of API methods are recorded, the newest ones, at most 16 MiB; default 1000.
    pub recorded_calls: usize,
    /// The file that keeps keys, accounts and logins from one process to the next; default none. It is replaced
    /// atomically before the answer to a change is sent, is locked by one process at a time (by a lock file with `.lock`
    /// after its name), is readable by this user only, and holds secrets.
    pub state: Option<PathBuf>,
    /// The behaviour of the DCs. If the accounts have no addresses for `help.getConfig`, they are set.
    pub server: ServerOptions,
}

impl Default for TestServerOptions {
    /// DCs on 127.0.0.1, without faults and without a state file.
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            advertise: Vec::new(),
            max_connections: 1000,
            recorded_calls: 1000,
            state: None,
            server: ServerOptions::default(),
        }
    }
}

builder_methods!(TestServerOptions {
    with_listen => listen: IpAddr,
    with_port => port: u16,
    with_advertise => advertise: Vec<IpAddr>,
    with_max_connections => max_connections: usize,
    with_recorded_calls => recorded_calls: usize,
    with_state => state: Option<PathBuf>,
    with_server => server: ServerOptions,
});
