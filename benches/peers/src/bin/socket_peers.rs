//! grammers-client over a loopback socket, as `benches/src/bin/socket.rs` measures ours: the same server, queries and
//! results, the same times and arguments, on tokio's current-thread runtime. Its results are not parsed.

use std::net::{SocketAddr, SocketAddrV6};
use std::sync::Arc;

use grammers_client::session::SessionData;
use grammers_client::session::storages::MemorySession;
use grammers_client::tl::{Cursor, Deserializable, RemoteCall, Serializable, deserialize};
use grammers_client::{Client, SenderPool};
use sansgram_benches::auth_key;
use sansgram_benches::socket_load::measure;
use sansgram_benches::socket_server::{DC, SocketServer, query};

/// grammers-mtproto 0.11 panics at a message of 1,044,448 bytes or more, which a result of 1 MiB needs.
const MAX_RESULT_LEN: usize = 1_000_000;

/// A serialized query.
#[derive(Clone)]
struct Query(Vec<u8>);

impl Serializable for Query {
    fn serialize(&self, buffer: &mut impl Extend<u8>) {
        buffer.extend(self.0.iter().copied());
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

impl RemoteCall for Query {
    type Return = Answer;
}

/// A result that is not parsed: its length.
struct Answer(usize);

impl Deserializable for Answer {
    fn deserialize(_: &mut Cursor<'_>) -> deserialize::Result<Self> {
        unreachable!("it is made from bytes")
    }

    fn from_bytes(bytes: &[u8]) -> deserialize::Result<Self> {
        Ok(Self(bytes.len()))
    }
}

fn main() {
    let server = SocketServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pool = SenderPool::new(Arc::new(session(&server)), 1);
    let client = Client::new(pool.handle);
    runtime.spawn(pool.runner.run());
    measure(&server, &["grammers-client"], MAX_RESULT_LEN, |_, load| {
        let query = Query(query(load.result_len));
        let calls = load.calls(&client, move |client: Client| {
            let query = query.clone();
            async move { client.invoke(&query).await.expect("a result").0 }
        });
        let calls: Vec<_> = calls.into_iter().map(|call| runtime.spawn(call)).collect();
        runtime.block_on(async {
            for call in calls {
                call.await.expect("no panic");
            }
        });
    });
}

/// The session of a client that is logged in.
fn session(server: &SocketServer) -> MemorySession {
    let dc = i32::try_from(DC).expect("a small number");
    let SocketAddr::V4(address) = server.address() else { panic!("the server is on IPv4") };
    let mut data = SessionData { home_dc: dc, ..SessionData::default() };
    let option = data.dc_options.get_mut(&dc).expect("it knows this DC");
    option.ipv4 = address;
    option.ipv6 = SocketAddrV6::new(address.ip().to_ipv6_mapped(), address.port(), 0, 0);
    option.auth_key = Some(*auth_key().as_bytes());
    MemorySession::from(data)
}
