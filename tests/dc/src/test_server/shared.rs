//! What the threads share: the state machine, its connections, and the processing of its outputs.

use std::collections::{BTreeMap, HashMap};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::JoinHandle;

use sansgram_core::time::{Clock, Now, Timestamp};

use super::policy::{MAX_REPORTS, MAX_UNREAD_BYTES};
use super::report::{Report, ReportKind};
use super::state_file::StateFile;
use crate::accounts::AccountEvent;
use crate::server::{Refusal, ServerInput, ServerOutput, TestDcs};

pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) timer: Condvar,
    pub(super) clock: Clock,
}

pub(super) struct State {
    pub(super) dcs: TestDcs,
    pub(super) connections: HashMap<u64, ConnectionHandle>,
    /// Closed by the machine, but still read from.
    pub(super) closing: HashMap<u64, Arc<TcpStream>>,
    pub(super) next_conn: u64,
    pub(super) deadline: Option<Timestamp>,
    pub(super) stopping: bool,
    pub(super) events: Sender<AccountEvent>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) reports: Vec<Report>,
    pub(super) max_connections: usize,
    pub(super) state_file: Option<StateFile>,
    /// Whether the last save failed.
    pub(super) unsaved: bool,
    pub(super) threads: Vec<JoinHandle<()>>,
    /// The futures that wait for calls, by their numbers. They are woken after each input, and at their deadlines.
    pub(super) waiting: BTreeMap<u64, Waiting>,
    pub(super) next_waiting: u64,
}

/// A future that waits for calls.
pub(super) struct Waiting {
    pub(super) until: Timestamp,
    pub(super) waker: Waker,
}

/// The handle to a connection's threads.
pub(super) struct ConnectionHandle {
    pub(super) dc: i32,
    pub(super) client: SocketAddr,
    pub(super) socket: Arc<TcpStream>,
    pub(super) writer: Sender<WriterCommand>,
    pub(super) queued: Arc<AtomicUsize>,
}

pub(super) enum WriterCommand {
    Bytes(Vec<u8>),
    Close,
    ReaderEnded,
}

impl State {
    /// Saves the state if it may have changed, before anything that follows from the change is sent.
    pub(super) fn save(&mut self) {
        let Some(file) = &self.state_file else { return };
        if !self.dcs.take_changed() && !self.unsaved {
            return;
        }
        let saved = file.save(&self.dcs.save());
        self.unsaved = saved.is_err();
        if let Err(error) = saved {
            self.report(None, None, ReportKind::SaveFailed(error.to_string()));
        }
    }

    pub(super) fn report(&mut self, dc: Option<i32>, client: Option<SocketAddr>, what: ReportKind) {
        if self.reports.len() < MAX_REPORTS {
            self.reports.push(Report { dc, client, what });
        }
    }

    /// Wakes the futures whose time is over, which then complete.
    fn wake_late(&mut self, now: Timestamp) {
        self.waiting.retain(|_, waiting| {
            let is_late = waiting.until <= now;
            if is_late {
                waiting.waker.wake_by_ref();
            }
            !is_late
        });
    }

    /// Returns when the timer has something to do next.
    fn next_deadline(&self) -> Option<Timestamp> {
        self.waiting.values().map(|waiting| waiting.until).chain(self.deadline).min()
    }

    pub(super) fn report_on(&mut self, conn: u64, what: ReportKind) {
        if let Some((dc, client)) = self.connections.get(&conn).map(|handle| (handle.dc, handle.client)) {
            self.report(Some(dc), Some(client), what);
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn input(&self, state: &mut State, input: ServerInput<'_>) {
        state.dcs.handle(self.now(), input);
        self.drain(state);
        for waiting in state.waiting.values() {
            waiting.waker.wake_by_ref();
        }
    }

    /// Processes the state machine's outputs, without waiting.
    pub(super) fn drain(&self, state: &mut State) {
        state.save();
        loop {
            match state.dcs.poll_output() {
                ServerOutput::Transmit { conn, bytes } => {
                    let Some(handle) = state.connections.get(&conn) else { continue };
                    let queued = handle.queued.fetch_add(bytes.len(), Ordering::Relaxed);
                    if queued + bytes.len() > MAX_UNREAD_BYTES {
                        let _ = handle.socket.shutdown(Shutdown::Both);
                        state.report_on(conn, ReportKind::TooMuchUnread(MAX_UNREAD_BYTES));
                        state.connections.remove(&conn);
                    } else {
                        // Fails if the writer has ended; then the reader ends too and reports the loss.
                        let _ = handle.writer.send(WriterCommand::Bytes(bytes));
                    }
                }
                ServerOutput::Close { conn } => {
                    if let Some(handle) = state.connections.remove(&conn) {
                        let _ = handle.writer.send(WriterCommand::Close);
                        state.closing.insert(conn, handle.socket);
                    }
                }
                ServerOutput::Account(event) => {
                    // The receiver lives as long as `TestServer`.
                    let _ = state.events.send(event);
                }
                ServerOutput::Refused { conn, refusal } => {
                    if state.refusals.len() < MAX_REPORTS {
                        state.refusals.push(refusal);
                    }
                    state.report_on(conn, ReportKind::Refused(refusal));
                }
                ServerOutput::Tolerated { conn, tolerance } => {
                    state.report_on(conn, ReportKind::Tolerated(tolerance));
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

    pub(super) fn keep_time(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let now = self.now().monotonic;
            if state.deadline.is_some_and(|at| at <= now) {
                self.input(&mut state, ServerInput::Tick);
                continue;
            }
            state.wake_late(now);
            match state.next_deadline() {
                None => state = self.timer.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let waited = self.timer.wait_timeout(state, at - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }
}
