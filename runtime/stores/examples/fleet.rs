//! A fleet: any number of processes share the sessions of a database. Each takes free sessions up to its capacity, and
//! takes over those of a process that dies, once their leases have ended. A process that is told to stop (SIGTERM,
//! Ctrl-C) hands its sessions over at once, so that a rolling restart leaves none without an owner for longer than a
//! second. The updates of all sessions go to a table of that database, or of another one, for other programs (the
//! README of the crate says how they are read). URLs with passwords are in the environment, since all users of a machine
//! can see the arguments of a process.
//!
//! ```text
//! API_ID=12345 API_HASH=0123456789abcdef0123456789abcdef SESSIONS_KEY=... \
//!     SESSIONS_URL=postgres://sansgram:secret@db.example/sessions \
//!     cargo run -p sansgram-stores --example fleet -- 100
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sansgram_stores::{PostgresOptions, PostgresStore, SealingKeys, SharedStoreError};
use sansgram_tokio::core::client::{ApiCredentials, Config};
use sansgram_tokio::{Client, Error as ClientError, Runtime, StoreError, Tokio};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

#[path = "fleet/queue.rs"]
mod queue;
#[path = "fleet/retries.rs"]
mod retries;
pub(crate) use queue::Queue;
use retries::Retries;

/// How often a process with room looks for free sessions.
const LOOK_AFTER: Duration = Duration::from_millis(250);
/// How long a session that is handed over waits until its updates are published, and then those that have arrived at
/// the last moment.
const PUBLISH_WITHIN: Duration = Duration::from_secs(5);
const USAGE: &str =
    "usage: fleet CAPACITY, with SESSIONS_URL in the environment, and UPDATES_URL if updates go elsewhere";

#[tokio::main]
async fn main() -> ExitCode {
    match start_up().await {
        Ok(()) => ExitCode::SUCCESS,
        // The sentence says what to do; the debug form, which an error of `main` gets, does not.
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start_up() -> Result<(), Box<dyn Error>> {
    let capacity = std::env::args().nth(1).and_then(|it| it.parse().ok()).ok_or(USAGE)?;
    let url = std::env::var("SESSIONS_URL").map_err(|_| USAGE)?;
    let url_of_queue = std::env::var("UPDATES_URL").unwrap_or_else(|_| url.clone());
    let variable = |name| std::env::var(name).map_err(|_| format!("set {name}, which my.telegram.org shows"));
    let id = variable("API_ID")?.parse().map_err(|_| "API_ID must be a number")?;
    let api = ApiCredentials { id, hash: variable("API_HASH")?.as_str().into() };
    let keys = SealingKeys::from_environment("SESSIONS_KEY")?;
    let store = PostgresStore::connect(&url, keys, PostgresOptions::default()).await?;
    let queue = Queue::connect(&url_of_queue).await?;
    let config = Config::telegram().with_api(Some(api));
    // The program that reads it may have ended. That is no reason to drop the sessions.
    let report = |event| drop(writeln!(io::stdout(), "{event}"));
    run(Tokio::current(), store, &config, capacity, queue, told_to_stop(), report).await?;
    Ok(())
}

/// Completes when the process is told to stop. If signals cannot be received, they end it as they do by default.
pub(crate) async fn told_to_stop() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Owns up to `capacity` sessions until `stop` completes, then hands all of them over. Their updates go to `queue`.
/// `report` is called with each event: `ready`, `waiting ERROR` (the database is away or takes no writes; once until that
/// is over), and with the name of a session `took`, `failed`, `late` (an update waits for the queue), `unpublished`,
/// `ended` and `gave`. One that failed or ended is tried again after a pause.
///
/// # Errors
/// Returns an error if the database cannot be used at the start. Later, it is tried again.
pub(crate) async fn run<R: Runtime + Clone>(
    runtime: R,
    store: PostgresStore,
    config: &Config,
    capacity: usize,
    queue: Queue,
    stop: impl Future<Output = ()>,
    report: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Result<(), StoreError> {
    store.list().await?;
    report("ready".into());
    let queue = Arc::new(queue);
    let (tell, told) = watch::channel(false);
    let mut stop = pin!(stop);
    let mut owned: HashMap<_, String> = HashMap::new();
    let mut served = JoinSet::new();
    let mut retries = Retries::default();
    let mut is_waiting = false;
    'running: while timeout(LOOK_AFTER, stop.as_mut()).await.is_err() {
        while let Some(ended) = served.try_join_next_with_id() {
            // One that panicked is over, too.
            let id = ended.map_or_else(|panic| panic.id(), |(id, ())| id);
            if let Some(name) = owned.remove(&id) {
                retries.failed(&name);
            }
        }
        let listed = tokio::select! {
            () = &mut stop => break,
            listed = store.list() => listed,
        };
        let (listed, mut problem) = match listed {
            Ok(listed) => (listed, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let free = listed.into_iter().filter(|it| it.owner.is_none() && it.version > 0);
        for name in free.map(|it| it.name) {
            if owned.len() >= capacity {
                break;
            }
            if !retries.may_try(&name) || owned.values().any(|it| *it == name) {
                continue;
            }
            // A start that is dropped gives its session back.
            let started = tokio::select! {
                () = &mut stop => break 'running,
                started = start(&runtime, config, &store, &name) => started,
            };
            match started {
                Ok(client) => {
                    report(format!("took {name}"));
                    let (queue, told, report) = (queue.clone(), told.clone(), report.clone());
                    let session = name.clone();
                    let serving = served.spawn(async move {
                        serve(&client, &session, &queue, told, report).await;
                    });
                    owned.insert(serving.id(), name);
                }
                // Another process was faster.
                Err(ClientError::Store(error)) if matches!(*error, StoreError::Leased { .. }) => {}
                Err(ClientError::Store(error)) if !is_about_content(&error) => {
                    problem = Some(error.to_string());
                    break;
                }
                Err(error) => {
                    report(format!("failed {name}: {error}"));
                    retries.failed(&name);
                }
            }
        }
        if let Some(error) = problem.as_ref().filter(|_| !is_waiting) {
            report(format!("waiting {error}"));
        }
        is_waiting = problem.is_some();
    }
    // All at once: each is free as soon as it is saved.
    tell.send_replace(true);
    while served.join_next().await.is_some() {}
    Ok(())
}

/// Returns whether the error says that this session cannot be opened, and not that the database is away.
fn is_about_content(error: &StoreError) -> bool {
    matches!(error, StoreError::Other(error) if error.downcast_ref::<SharedStoreError>().is_some())
}

async fn start<R: Runtime + Clone>(
    runtime: &R,
    config: &Config,
    store: &PostgresStore,
    name: &str,
) -> Result<Client, ClientError> {
    Client::start(runtime.clone(), config.clone(), store.session(name)?).await
}

/// Publishes the updates of a client until it ends, or until `told` to stop. What it has received by then is published
/// before its session is given back, unless the queue is away for too long.
async fn serve(
    client: &Client,
    name: &str,
    queue: &Queue,
    told: watch::Receiver<bool>,
    report: impl Fn(String) + Clone,
) {
    let publish = async |update| {
        let failed = |reason| report(format!("late {name}: {reason}"));
        queue.publish(name, &update, failed).await;
    };
    let received = async {
        loop {
            // One update at a time, so that they stay in order. While it waits for the queue, the client keeps the
            // newest others, and says so if it drops older ones.
            let update = tokio::select! {
                biased;
                update = client.next_update() => update,
                () = stopping(told.clone()) => return None,
            };
            match update {
                Ok(update) => publish(update).await,
                Err(error) => return Some(error),
            }
        }
    };
    let too_late = async {
        stopping(told.clone()).await;
        sleep(PUBLISH_WITHIN).await;
    };
    let (ended, mut is_published) = tokio::select! {
        ended = received => (ended, true),
        () = too_late => (None, false),
    };
    client.disconnect().await;
    // What it has received meanwhile.
    let rest = async {
        while let Ok(update) = client.next_update().await {
            publish(update).await;
        }
    };
    is_published = is_published && timeout(PUBLISH_WITHIN, rest).await.is_ok();
    if !is_published {
        report(format!("unpublished {name}: the queue is away, and updates are lost"));
    }
    report(match (ended, client.save_error()) {
        (Some(error), _) => format!("ended {name}: {error}"),
        (None, None) => format!("gave {name}"),
        (None, Some(error)) => format!("gave {name}, whose last changes are lost: {error}"),
    });
}

/// Completes when the sessions are to be handed over.
async fn stopping(mut told: watch::Receiver<bool>) {
    // It is an error if the one who tells is gone.
    let _ = told.wait_for(|told| *told).await;
}
