//! Options of the network.

use std::net::SocketAddr;
use std::time::Duration;

/// Options of the network. The default is fast and reliable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkOptions {
    /// The minimum latency in one direction; default 20 ms.
    pub latency: Duration,
    /// The maximum random addition to the latency of a piece; default 0.
    pub jitter: Duration,
    /// How writes are cut into reads.
    pub chunks: Chunks,
    /// After how many bytes, both directions of all connections counted together, the connection that carries the
    /// next byte is cut, once; default never.
    pub cut_at_byte: Option<u64>,
    /// After how many bytes, counted in the same way, the connection that carries the next byte becomes half-open,
    /// once; default never.
    pub stall_at_byte: Option<(u64, Stall)>,
    /// Cuts the connection at random, before about one in this many pieces; default never.
    pub cut_one_in: Option<u64>,
    /// Whether the client's writes never finish, as if the other end had stopped reading; default no.
    pub blocks_writes: bool,
    /// How many connects are refused before the first succeeds; default 0.
    pub refuse_connects: u32,
    /// How often each write of a server is delivered; default 1.
    pub copies: u32,
    /// Whether the writes of the servers are stored for [`Network::take_server_writes`](super::Network::take_server_writes); default no.
    pub keep: bool,
    /// The client's upload rate; default unlimited.
    pub bytes_per_second: Option<u64>,
    /// The rate at which the client receives, in bytes per second and connection; default unlimited.
    pub download_rate: Option<u64>,
    /// Whether the client's host has no IPv4 address: connects over it fail at once; default no.
    pub no_ipv4: bool,
    /// The same for IPv6.
    pub no_ipv6: bool,
    /// Addresses that refuse connections.
    pub refusing: Vec<SocketAddr>,
    /// Addresses that never answer. The client's host tries the next one 250 ms later.
    pub silent: Vec<SocketAddr>,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(20),
            jitter: Duration::ZERO,
            chunks: Chunks::Whole,
            cut_at_byte: None,
            stall_at_byte: None,
            cut_one_in: None,
            blocks_writes: false,
            refuse_connects: 0,
            copies: 1,
            keep: false,
            bytes_per_second: None,
            download_rate: None,
            no_ipv4: false,
            no_ipv6: false,
            refusing: Vec::new(),
            silent: Vec::new(),
        }
    }
}

/// How writes are cut into reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunks {
    /// Each write arrives as one read.
    #[default]
    Whole,
    /// One byte per read.
    SingleBytes,
    /// Reads of 1 to this many bytes, at random.
    UpTo(usize),
}

/// The directions in which a half-open connection loses everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
    /// Both.
    Both,
}
