//! A way to the database whose connections fall silent or end.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::cluster::Cluster;

/// A forwarder to the server.
pub(crate) struct Way {
    port: u16,
    shared: Arc<WayState>,
}

#[derive(Default)]
struct WayState {
    /// The port of the server.
    server: AtomicU16,
    /// The number of accepted connections.
    connections: AtomicUsize,
    /// Connections with a number up to this one are silent.
    silent: AtomicUsize,
    /// The number of times that bytes were swallowed.
    swallowed: AtomicUsize,
    /// A connection ends when the server answers on it.
    cuts_answers: AtomicBool,
    /// Both ends of the connections.
    open: Mutex<Vec<Arc<TcpStream>>>,
}

impl Way {
    pub(crate) fn to(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(WayState::default());
        shared.server.store(cluster.port(), Ordering::Relaxed);
        let state = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let number = state.connections.fetch_add(1, Ordering::Relaxed) + 1;
                // It may have been killed.
                let server = SocketAddr::from(([127, 0, 0, 1], state.server.load(Ordering::Relaxed)));
                let Ok(server) = TcpStream::connect(server) else { continue };
                let (client, server) = (Arc::new(client.unwrap()), Arc::new(server));
                let mut open = state.open.lock().unwrap();
                open.retain(|it| Arc::strong_count(it) > 1);
                open.extend([client.clone(), server.clone()]);
                drop(open);
                for (from, to, answers) in [(client.clone(), server.clone(), false), (server, client, true)] {
                    let state = state.clone();
                    thread::spawn(move || {
                        forward(&from, &to, || {
                            if answers && state.cuts_answers.load(Ordering::Relaxed) {
                                return Fate::Cut;
                            }
                            let is_silent = number <= state.silent.load(Ordering::Relaxed);
                            if !is_silent {
                                return Fate::Forwarded;
                            }
                            state.swallowed.fetch_add(1, Ordering::Relaxed);
                            Fate::Swallowed
                        });
                    });
                }
            }
        });
        Self { port, shared }
    }

    /// Returns the URL of a database of the server by this way.
    pub(crate) fn of(&self, url: &str) -> String {
        let server = self.shared.server.load(Ordering::Relaxed);
        url.replace(&format!(":{server}/"), &format!(":{}/", self.port))
    }

    /// Ends all connections. The next ones lead to another server.
    pub(crate) fn lead_to(&self, cluster: &Cluster) {
        self.shared.server.store(cluster.port(), Ordering::Relaxed);
        self.cut();
    }

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        for connection in self.shared.open.lock().unwrap().drain(..) {
            // It may have ended.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn silence(&self) {
        self.shared.silent.store(self.connections(), Ordering::Relaxed);
    }

    pub(crate) fn silence_for_good(&self) {
        self.shared.silent.store(usize::MAX, Ordering::Relaxed);
    }

    /// Waits until someone waits in vain.
    pub(crate) async fn has_swallowed(&self) {
        while self.shared.swallowed.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn cut_answers(&self, cut: bool) {
        self.shared.cuts_answers.store(cut, Ordering::Relaxed);
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

/// What becomes of bytes.
enum Fate {
    Forwarded,
    Swallowed,
    /// The connection ends.
    Cut,
}

/// Forwards until the end of the stream.
fn forward(mut from: &TcpStream, mut to: &TcpStream, fate: impl Fn() -> Fate) {
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        match fate() {
            Fate::Forwarded if to.write_all(&buffer[..len]).is_ok() => {}
            Fate::Swallowed => {}
            _ => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
