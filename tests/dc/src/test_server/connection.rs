//! The threads of the connections.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::policy::{LINGER, WRITE_TIMEOUT};
use super::report::ReportKind;
use super::shared::{ConnectionHandle, Shared, WriterCommand};
use crate::server::ServerInput;

impl Shared {
    pub(super) fn accept(self: &Arc<Self>, dc: i32, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.lock().stopping {
                return;
            }
            match accepted {
                // A connection without resources is dropped, which its peer sees.
                Ok((socket, client)) => {
                    if let Err(error) = self.connected(dc, socket, client) {
                        self.no_resources(dc, Some(client), &error);
                    }
                }
                // Out of file descriptors, or the peer is gone: continue, but do not spin.
                Err(error) => {
                    self.no_resources(dc, None, &error);
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn no_resources(&self, dc: i32, client: Option<SocketAddr>, error: &io::Error) {
        // The peer was gone before it was accepted, which is no lack of resources.
        let gone =
            [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
        if !gone.contains(&error.kind()) {
            self.lock().report(Some(dc), client, ReportKind::OutOfResources(error.to_string()));
        }
    }

    fn connected(self: &Arc<Self>, dc: i32, socket: TcpStream, client: SocketAddr) -> io::Result<()> {
        // Both fail if the peer is gone already, which the reader will see.
        let _ = socket.set_nodelay(true);
        let _ = socket.set_write_timeout(Some(WRITE_TIMEOUT));
        let local_ip = socket.local_addr().ok().map(|address| address.ip().to_canonical());
        let client = SocketAddr::new(client.ip().to_canonical(), client.port());
        // One file descriptor for all three.
        let socket = Arc::new(socket);
        let (for_reader, for_writer) = (Arc::clone(&socket), Arc::clone(&socket));
        let (writer, commands) = mpsc::channel();
        let (reader_ended, queued) = (writer.clone(), Arc::new(AtomicUsize::new(0)));
        let written = Arc::clone(&queued);

        let mut state = self.lock();
        if state.stopping {
            return Ok(());
        }
        let most = state.max_connections;
        if state.connections.len() >= most {
            state.report(Some(dc), Some(client), ReportKind::TooManyConnections(most));
            return Ok(());
        }
        let conn = state.next_conn;
        state.next_conn += 1;
        let writer_thread =
            spawn(format!("test-dc-{dc}-write"), move || write_all(&for_writer, &commands, &written))?;
        let shared = Arc::clone(self);
        let reader_thread = spawn(format!("test-dc-{dc}-read"), move || {
            shared.read_all(conn, &for_reader);
            // Fails if the writer has ended before.
            let _ = reader_ended.send(WriterCommand::ReaderEnded);
        })?;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.extend([writer_thread, reader_thread]);
        state.connections.insert(conn, ConnectionHandle { dc, client, socket, writer, queued });
        self.input(&mut state, ServerInput::Accepted { conn, dc, client: Some(client.ip()) });
        if let Some(ip) = local_ip {
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
        state.connections.remove(&conn);
        state.closing.remove(&conn);
        self.input(&mut state, ServerInput::Lost { conn });
    }
}

fn write_all(mut socket: &TcpStream, commands: &Receiver<WriterCommand>, queued: &AtomicUsize) {
    while let Ok(command) = commands.recv() {
        match command {
            WriterCommand::Bytes(bytes) => {
                if socket.write_all(&bytes).is_err() {
                    break;
                }
                queued.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            WriterCommand::Close => {
                let _ = socket.shutdown(Shutdown::Write);
                linger(commands);
                break;
            }
            WriterCommand::ReaderEnded => break,
        }
    }
    // Wakes the reader, if it still waits.
    let _ = socket.shutdown(Shutdown::Both);
}

/// Waits until the reader has seen the peer's end of the stream, or long enough.
fn linger(commands: &Receiver<WriterCommand>) {
    let until = Instant::now() + LINGER;
    loop {
        match commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(WriterCommand::ReaderEnded)
            | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return;
            }
            Ok(_) => {}
        }
    }
}

pub(super) fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(body)
}
