//! Clients with their drivers, over a runtime of our own: tasks polled in one thread, streams in memory.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_benches::crowd::{LoggedIn, config, log_in};
use sansgram_core::time::{Now, Timestamp};
use sansgram_runtime::{Client, MemoryStore, Runtime, SessionStore, Timer};
use sansgram_testkit::server::{ServerInput, ServerOutput, TestDcs};

use crate::allocator::{blocks_freed_by, freed_by, print_blocks};
use crate::rows;

/// The limit with handle and driver, in bytes.
pub(crate) const DRIVEN_LIMIT: usize = 16 << 10;
/// How many clients share the DCs.
const PER_DCS: usize = 100;

/// Prints the table. Returns whether no client is above its limit.
pub(crate) fn print(lists_blocks: bool, with_rows: bool) -> bool {
    let mut is_within_limit = true;
    println!("| clients | bytes each |");
    println!("|--:|--:|");
    for count in [1, 100, 1000, 10_000].into_iter().filter(|count| !with_rows || *count <= 1000) {
        let world = Arc::new(World::default());
        let clients = start(&world, count);
        let tasks = std::mem::take(&mut *world.tasks.lock().expect("no thread panicked"));
        let drop_all = || {
            // The tasks first: a handle that goes wakes its driver, whose queue entry is the world's.
            drop(tasks);
            drop(clients);
        };
        if lists_blocks && count == 1 {
            let blocks = blocks_freed_by(drop_all);
            println!("| 1 | {} |", blocks.iter().map(|(size, count)| size * *count as usize).sum::<usize>());
            print_blocks(&blocks);
        } else {
            let each = freed_by(drop_all) / count;
            is_within_limit &= each <= DRIVEN_LIMIT;
            println!("| {count} | {each} |");
            if with_rows {
                rows::print(count, "with handle and driver", each);
            }
        }
    }
    is_within_limit
}

/// Clients that are connected, and have asked who they are.
fn start(world: &Arc<World>, count: usize) -> Vec<Client> {
    let config = config();
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count.div_ceil(PER_DCS) {
        let LoggedIn { dcs, session, .. } = log_in(1);
        world.state.lock().expect("no thread panicked").dcs.push(dcs);
        for _ in 0..PER_DCS.min(count - clients.len()) {
            let store = MemoryStore::new();
            store.save(&session).expect("memory takes it");
            let client = world.block_on(Client::start(Simulated(world.clone()), config.clone(), store));
            clients.push(client.expect("it starts"));
        }
    }
    for client in &clients {
        world.block_on(client.connect()).expect("it connects");
        world.block_on(client.get_me()).expect("it is logged in");
    }
    world.run();
    clients
}

/// The tasks, the streams and the DCs.
#[derive(Default)]
struct World {
    tasks: Mutex<Vec<Option<Task>>>,
    woken: Arc<Mutex<VecDeque<usize>>>,
    state: Mutex<State>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct State {
    dcs: Vec<TestDcs>,
    pipes: Vec<Pipe>,
}

/// What the server sent and the client has not read.
#[derive(Default)]
struct Pipe {
    dcs: usize,
    incoming: VecDeque<u8>,
    reader: Option<Waker>,
}

struct TaskWaker {
    index: usize,
    woken: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.lock().expect("no thread panicked").push_back(self.index);
    }
}

impl World {
    /// Polls all woken tasks, until there is none.
    fn run(&self) {
        loop {
            let Some(index) = self.woken.lock().expect("no thread panicked").pop_front() else { return };
            let task = self.tasks.lock().expect("no thread panicked").get_mut(index).and_then(Option::take);
            let Some(mut task) = task else { continue };
            let waker = Waker::from(Arc::new(TaskWaker { index, woken: self.woken.clone() }));
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                self.tasks.lock().expect("no thread panicked")[index] = Some(task);
            }
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        loop {
            if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return answer;
            }
            self.run();
        }
    }
}

impl State {
    /// Gives an input to the DCs, and their answers to the streams.
    fn serve(&mut self, index: usize, input: ServerInput<'_>, wake: &mut Vec<Waker>) {
        let dcs = &mut self.dcs[index];
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // The login took place on virtual time, years ago.
        dcs.handle(Now::new(Timestamp::from_origin(Duration::from_secs(1000)), unix), input);
        loop {
            match dcs.poll_output() {
                ServerOutput::Timeout(_) => return,
                ServerOutput::Transmit { conn, bytes } => {
                    if let Some(pipe) = self.pipes.get_mut(usize::try_from(conn).unwrap_or(usize::MAX)) {
                        pipe.incoming.extend(bytes);
                        wake.extend(pipe.reader.take());
                    }
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone)]
struct Simulated(Arc<World>);

struct SimulatedStream {
    world: Arc<World>,
    index: usize,
}

/// The run is over before any timer of the client is due.
struct Never;

impl Timer for Never {
    fn reset(&mut self, _deadline: Instant) {}

    fn poll_expired(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Runtime for Simulated {
    type Stream = SimulatedStream;
    type Timer = Never;

    async fn connect(&self, _address: SocketAddr) -> io::Result<SimulatedStream> {
        let mut state = self.0.state.lock().expect("no thread panicked");
        let index = state.pipes.len();
        let dcs = state.dcs.len().min(index / PER_DCS + 1) - 1;
        state.pipes.push(Pipe { dcs, ..Pipe::default() });
        state.serve(dcs, ServerInput::Accepted { conn: index as u64, dc: 2, client: None }, &mut Vec::new());
        Ok(SimulatedStream { world: self.0.clone(), index })
    }

    fn reset(&self, _stream: SimulatedStream) {}

    fn timer(&self, _deadline: Instant) -> Never {
        Never
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.tasks.lock().expect("no thread panicked");
        self.0.woken.lock().expect("no thread panicked").push_back(tasks.len());
        tasks.push(Some(Box::pin(task)));
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        work();
    }
}

impl AsyncRead for SimulatedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.world.state.lock().expect("no thread panicked");
        let pipe = &mut state.pipes[self.index];
        if pipe.incoming.is_empty() {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let len = pipe.incoming.len().min(bytes.len());
        for (place, byte) in bytes.iter_mut().zip(pipe.incoming.drain(..len)) {
            *place = byte;
        }
        Poll::Ready(Ok(len))
    }
}

impl AsyncWrite for SimulatedStream {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut wake = Vec::new();
        {
            let mut state = self.world.state.lock().expect("no thread panicked");
            let dcs = state.pipes[self.index].dcs;
            state.serve(dcs, ServerInput::Received { conn: self.index as u64, bytes }, &mut wake);
        }
        wake.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
