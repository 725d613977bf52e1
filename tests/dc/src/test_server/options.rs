//! Where the DCs listen, and how they behave.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::builder::builder_methods;
use crate::server::ServerOptions;

/// Where to listen, and how to behave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestServerOptions {
    /// The address of all DCs; default 127.0.0.1.
    pub listen: IpAddr,
    /// The port of the first DC; each further one takes the next port. Default 0: each takes a free port.
    pub port: u16,
    /// The addresses that `help.getConfig` names for each DC. Default none: the one of `listen` or, if that means all
    /// addresses of this machine, the one that the asking client is connected to.
    pub advertise: Vec<IpAddr>,
    /// How many connections may be open at once, on all DCs together; default 1000. Each takes two threads and a file
    /// descriptor.
    pub max_connections: usize,
    /// The file that keeps keys, accounts and logins from one process to the next; default none. It is replaced as a
    /// whole before the answer to a change leaves, belongs to one process at a time (a file with `.lock` behind its
    /// name says so), is readable by this user only, and holds secrets.
    pub state: Option<PathBuf>,
    /// The behaviour of the DCs. The addresses for `help.getConfig` are filled in where the accounts have none.
    pub server: ServerOptions,
}

impl Default for TestServerOptions {
    /// Well-behaved DCs on 127.0.0.1.
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            advertise: Vec::new(),
            max_connections: 1000,
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
    with_state => state: Option<PathBuf>,
    with_server => server: ServerOptions,
});
