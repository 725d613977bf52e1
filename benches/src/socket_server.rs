//! A server on a loopback socket, in threads of its own: it answers each query with as many bytes as the query asks for.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansgram_core::client::{ApiCredentials, Config, DcAuth, DcId, DcTable, LoggedInUser, StoredSession};
use sansgram_core::tl::{Constructor, Reader, Serialize, functions, types};

use crate::server::{Body, Server, rpc_result};
use crate::{CpuTime, auth_key};

/// The length of a query.
pub const QUERY_LEN: usize = 100;
/// The length of a packet with one query: key, msg_key, header, query and padding.
pub const BARE_PACKET_LEN: usize = 8 + 16 + 32 + QUERY_LEN + 28;
/// The constructor of a query; no layer has it.
const QUERY: u32 = 0x5a4e_5347;
/// The constructor of a result.
const RESULT: u32 = 0x5a4e_5348;
/// The DC that the server is.
pub const DC: i64 = 2;

/// A running server. It runs until the process ends.
#[derive(Debug)]
pub struct SocketServer {
    address: SocketAddr,
    bare_address: SocketAddr,
    worked: Arc<AtomicU64>,
}

impl SocketServer {
    /// Starts a server for clients with the key [`auth_key`].
    ///
    /// # Panics
    /// Panics if there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let worked = Arc::new(AtomicU64::new(0));
        Self { address: listen(&worked, serve), bare_address: listen(&worked, answer_bare), worked }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers each packet of [`BARE_PACKET_LEN`] bytes with as many bytes as the first four say.
    #[must_use]
    pub const fn bare_address(&self) -> SocketAddr {
        self.bare_address
    }

    /// The processor time of its threads, up to the last moment when they had nothing to do.
    #[must_use]
    pub fn worked(&self) -> Duration {
        Duration::from_nanos(self.worked.load(Ordering::Relaxed))
    }

    /// The configuration of a client.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn config(&self) -> Config {
        let dc = DcId::new(DC).expect("a DC");
        let mut dcs = DcTable::new();
        dcs.insert(dc, self.address);
        let mut config = Config::new(dcs, dc, []);
        config.api = Some(ApiCredentials { id: 1, hash: "0".repeat(32) });
        config.learn_addresses = false;
        config
    }

    /// The session of a client that is logged in.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn session(&self) -> StoredSession {
        let dc = DcId::new(DC).expect("a DC");
        StoredSession {
            home_dc: Some(dc),
            keys: [(dc, DcAuth { auth_key: auth_key(), server_salt: 1 })].into(),
            user: Some(LoggedInUser { id: 1, is_bot: false }),
            api_id: Some(1),
            ..StoredSession::default()
        }
    }
}

/// A query of [`QUERY_LEN`] bytes, whose result has `result_len` bytes.
///
/// # Panics
/// Panics if the length is no multiple of 4, or too long.
#[must_use]
pub fn query(result_len: usize) -> Vec<u8> {
    assert!(result_len.is_multiple_of(4) && result_len >= 4, "a TL object");
    let length = u32::try_from(result_len).expect("a short result");
    let mut query = crate::bytes(QUERY_LEN);
    query[..4].copy_from_slice(&QUERY.to_le_bytes());
    query[4..8].copy_from_slice(&length.to_le_bytes());
    query
}

/// Serves each connection in a thread of its own. Returns the address.
fn listen(worked: &Arc<AtomicU64>, serve: fn(TcpStream, Worked)) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let of_all = worked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            stream.set_nodelay(true).expect("a TCP stream");
            let worked = Worked { of_all: of_all.clone(), published: Duration::ZERO };
            thread::spawn(move || serve(stream, worked));
        }
    });
    address
}

/// The processor time of the server.
struct Worked {
    of_all: Arc<AtomicU64>,
    /// That of this thread, as far as it is part of it.
    published: Duration,
}

impl Worked {
    /// Publishes the time of this thread, which is about to wait.
    fn publish(&mut self) {
        let now = CpuTime::now();
        self.of_all.fetch_add((now - self.published).as_nanos() as u64, Ordering::Relaxed);
        self.published = now;
    }
}

fn answer_bare(mut stream: TcpStream, mut worked: Worked) {
    let (mut packet, answer) = ([0; BARE_PACKET_LEN], vec![0x5a; 2 << 20]);
    loop {
        worked.publish();
        if stream.read_exact(&mut packet).is_err() {
            return;
        }
        let length = packet.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        if stream.write_all(&answer[..length as usize]).is_err() {
            return;
        }
    }
}

fn serve(mut stream: TcpStream, mut worked: Worked) {
    let mut server = Server::new(auth_key());
    let mut buffer = vec![0; 256 << 10];
    let (mut bodies, mut out) = (Vec::new(), Vec::new());
    loop {
        worked.publish();
        let Ok(read @ 1..) = stream.read(&mut buffer) else { return };
        server.read_messages(&mut buffer[..read], |id, seq_no, body| {
            bodies.extend(answer(id, seq_no, body));
        });
        if bodies.is_empty() {
            continue;
        }
        server.send(&bodies, &mut out);
        bodies.clear();
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}

/// The answer to a message, if it needs one.
fn answer(id: u64, seq_no: u32, body: &[u8]) -> Option<Body> {
    // A query may be wrapped, such as in `initConnection`.
    if let Some((_, query)) = body.split_last_chunk::<QUERY_LEN>()
        && query.starts_with(&QUERY.to_le_bytes())
    {
        let mut reader = Reader::new(&query[4..]);
        let length = reader.u32().expect("a length") as usize;
        let mut result = vec![0x5a; length];
        result[..4].copy_from_slice(&RESULT.to_le_bytes());
        return Some(rpc_result(id, &result));
    }
    let mut reader = Reader::new(body);
    match reader.u32().expect("a constructor") {
        functions::Ping::ID | functions::PingDelayDisconnect::ID => {
            let ping_id = reader.i64().expect("a ping");
            Some(boxed(&types::Pong { msg_id: id.cast_signed(), ping_id }))
        }
        functions::GetFutureSalts::ID => {
            let now = unix_time();
            let salt = types::FutureSalt { valid_since: now - 3600, valid_until: now + 86_400, salt: 1 };
            Some(boxed(&types::FutureSalts { req_msg_id: id.cast_signed(), now, salts: vec![salt] }))
        }
        _ if body.ends_with(&functions::help::GetConfig::ID.to_le_bytes()) => {
            let now = unix_time();
            let dc = i32::try_from(DC).expect("a small number");
            // The client needs none of the limits.
            #[rustfmt::skip]
            let config = types::Config::new(
                now, now + 86_400, false, dc, Vec::new(), "",
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, 0, 0,
            );
            Some(rpc_result(id, &boxed(&config)))
        }
        _ if seq_no % 2 == 1 => {
            let error = types::RpcError { error_code: 400, error_message: "METHOD_INVALID".into() };
            Some(rpc_result(id, &boxed(&error)))
        }
        _ => None,
    }
}

fn unix_time() -> i32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i32::try_from(now).expect("before 2038")
}

fn boxed<T: Constructor + Serialize>(object: &T) -> Vec<u8> {
    let mut bytes = T::ID.to_le_bytes().to_vec();
    object.serialize(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use sansgram_core::tl::enums;
    use sansgram_tokio::MemoryStore;

    #[test]
    fn queries_and_the_configuration_are_answered() {
        let server = SocketServer::start();
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio.block_on(async {
            let store = MemoryStore::with_session(server.session());
            let client = sansgram_tokio::start(server.config(), store).await.expect("a client");
            for length in [4, 100, 1 << 20] {
                let result = client.invoke_raw(query(length)).await.expect("a result");
                assert_eq!(result.len(), length);
                assert!(result.starts_with(&RESULT.to_le_bytes()));
            }
            // Other libraries ask for it before anything else.
            let enums::Config::Config(config) =
                client.invoke(&functions::help::GetConfig {}).await.expect("a configuration");
            assert_eq!(i64::from(config.this_dc), DC);
        });
    }
}
