//! Requests over a loopback socket, through tokio and smol: the client's processor time for each, and megabytes of results
//! per second of it. The server is in threads of its own, whose time is not counted.
//!
//! Both runtimes have one thread: tokio's current-thread runtime and smol's global executor, on which the calls run, too.
//! "tokio, worker" is the multi-thread runtime with one worker; "smol, block_on" calls from another thread, as a `main`
//! with `smol::block_on` does. "bare tokio" only writes packets of that length and reads answers. The runtimes take turns. The
//! arguments are those of [`measure`].

use sansgram_benches::socket_load::{BARE, Load, measure};
use sansgram_benches::socket_server::{BARE_PACKET_LEN, QUERY_LEN, SocketServer, query};
use sansgram_runtime::{Client, MemoryStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const LIBRARIES: [&str; 5] =
    [BARE, "sansgram-tokio", "sansgram-tokio, worker", "sansgram-smol", "sansgram-smol, block_on"];

fn main() {
    let server = SocketServer::start();
    let clients = Clients::new(&server);
    measure(&server, &LIBRARIES, usize::MAX, |library, load| clients.run(library, load));
}

/// The runtimes, with a client on each.
struct Clients {
    current_thread: Runtime,
    worker: Runtime,
    on_current_thread: Client,
    on_worker: Client,
    on_smol: Client,
    bare: std::net::SocketAddr,
}

impl Clients {
    fn new(server: &SocketServer) -> Self {
        let current_thread = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let worker = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let store = || MemoryStore::with_session(server.session());
        let on_tokio = |tokio: &Runtime| {
            tokio.block_on(sansgram_tokio::start(server.config(), store())).expect("a client")
        };
        let (on_current_thread, on_worker) = (on_tokio(&current_thread), on_tokio(&worker));
        let on_smol = smol::block_on(sansgram_smol::start(server.config(), store())).expect("a client");
        Self { current_thread, worker, on_current_thread, on_worker, on_smol, bare: server.bare_address() }
    }

    /// Makes the requests.
    fn run(&self, library: &str, load: &Load) {
        match library {
            BARE => on_tokio(&self.current_thread, vec![exchange_packets(self.bare, *load)]),
            "sansgram-tokio" => on_tokio(&self.current_thread, calls(&self.on_current_thread, load)),
            "sansgram-tokio, worker" => on_tokio(&self.worker, calls(&self.on_worker, load)),
            "sansgram-smol" => {
                let calls: Vec<_> = calls(&self.on_smol, load).into_iter().map(smol::spawn).collect();
                // This thread leaves the reactor to the executor's.
                smol::future::block_on(async {
                    for call in calls {
                        call.await;
                    }
                });
            }
            _ => {
                let executor = smol::LocalExecutor::new();
                let calls: Vec<_> =
                    calls(&self.on_smol, load).into_iter().map(|call| executor.spawn(call)).collect();
                smol::block_on(executor.run(async {
                    for call in calls {
                        call.await;
                    }
                }));
            }
        }
    }
}

/// Writes packets and reads their answers, one after the other. An answer has what surrounds a result, too.
async fn exchange_packets(address: std::net::SocketAddr, load: Load) {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP stream");
    let length = load.result_len + BARE_PACKET_LEN - QUERY_LEN;
    let mut packet = [0; BARE_PACKET_LEN];
    packet[..4].copy_from_slice(&u32::try_from(length).expect("a short result").to_le_bytes());
    let mut buffer = vec![0; 64 << 10];
    for _ in 0..load.requests {
        stream.write_all(&packet).await.expect("the server reads");
        let mut missing = length;
        while missing > 0 {
            missing -= stream.read(&mut buffer).await.expect("the server answers");
        }
    }
}

fn on_tokio(tokio: &Runtime, calls: Vec<impl Future<Output = ()> + Send + 'static>) {
    let calls: Vec<_> = calls.into_iter().map(|call| tokio.spawn(call)).collect();
    tokio.block_on(async {
        for call in calls {
            call.await.expect("no panic");
        }
    });
}

fn calls(client: &Client, load: &Load) -> Vec<impl Future<Output = ()> + Send + 'static> {
    let query = query(load.result_len);
    load.calls(client, move |client: Client| {
        let query = query.clone();
        async move { client.invoke_raw(query).await.expect("a result").len() }
    })
}
