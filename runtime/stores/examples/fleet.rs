//! A fleet: any number of processes share the sessions of a database. Each takes free sessions up to its capacity, and
//! takes over those of a process that dies, once their leases have ended. A process that is told to stop (SIGTERM,
//! Ctrl-C) hands its sessions over at once, so that a rolling restart leaves none without an owner for longer than a
//! second.
//!
//! ```text
//! API_ID=12345 API_HASH=0123456789abcdef0123456789abcdef SESSIONS_KEY=... \
//!     cargo run -p sansgram-stores --example fleet -- postgres://sansgram:secret@db.example/sessions 100
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use sansgram_stores::{PostgresOptions, PostgresStore, SealingKey, SealingKeys};
use sansgram_tokio::core::client::{ApiCredentials, Config};
use sansgram_tokio::{Client, Error as ClientError, Runtime, StoreError, Tokio};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How often a process with room looks for free sessions.
const LOOK_AFTER: Duration = Duration::from_millis(250);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: fleet URL CAPACITY")?;
    let capacity = arguments.next().ok_or("usage: fleet URL CAPACITY")?.parse()?;
    let api = ApiCredentials {
        id: std::env::var("API_ID")?.parse()?,
        hash: std::env::var("API_HASH")?.as_str().into(),
    };
    let keys = SealingKeys::new(SealingKey::from_environment("SESSIONS_KEY")?);
    let store = PostgresStore::connect(&url, keys, PostgresOptions::default()).await?;
    let config = Config::telegram().with_api(Some(api));
    run(Tokio::current(), store, &config, capacity, told_to_stop(), |event| println!("{event}")).await?;
    Ok(())
}

/// Completes when the process is told to stop.
pub(crate) async fn told_to_stop() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Owns up to `capacity` sessions until `stop` completes, then hands all of them over. `report` is called with each
/// event: `ready`, `waiting ERROR` (the database is away), and with the name of a session `took`, `failed`, `ended` and
/// `gave`.
///
/// # Errors
/// Returns an error if the database cannot be used at the start. Later, it is tried again.
pub(crate) async fn run<R: Runtime + Clone>(
    runtime: R,
    store: PostgresStore,
    config: &Config,
    capacity: usize,
    stop: impl Future<Output = ()>,
    report: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Result<(), StoreError> {
    store.list().await?;
    report("ready".into());
    let mut stop = pin!(stop);
    let mut clients: HashMap<String, Client> = HashMap::new();
    let mut served = JoinSet::new();
    'running: while timeout(LOOK_AFTER, stop.as_mut()).await.is_err() {
        while let Some(Ok(name)) = served.try_join_next() {
            clients.remove(&name);
        }
        let listed = tokio::select! {
            () = &mut stop => break,
            listed = store.list() => listed,
        };
        let free = match listed {
            Ok(sessions) => sessions.into_iter().filter(|it| it.owner.is_none() && it.version > 0),
            Err(error) => {
                report(format!("waiting {error}"));
                continue;
            }
        };
        for name in free.map(|it| it.name) {
            if clients.len() >= capacity {
                break;
            }
            if clients.contains_key(&name) {
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
                    clients.insert(name.clone(), client.clone());
                    let report = report.clone();
                    served.spawn(async move {
                        let error = serve(&client).await;
                        report(format!("ended {name}: {error}"));
                        client.disconnect().await;
                        name
                    });
                }
                // Another process was faster.
                Err(ClientError::Store(error)) if matches!(*error, StoreError::Leased { .. }) => {}
                Err(error) => report(format!("failed {name}: {error}")),
            }
        }
    }
    while let Some(Ok(name)) = served.try_join_next() {
        clients.remove(&name);
    }
    served.shutdown().await;
    // All at once: each is free as soon as it is saved.
    let mut handed_over = JoinSet::new();
    for (name, client) in clients {
        handed_over.spawn(async move {
            client.disconnect().await;
            (name, client.save_error())
        });
    }
    while let Some(Ok((name, error))) = handed_over.join_next().await {
        report(match error {
            None => format!("gave {name}"),
            Some(error) => format!("gave {name}, whose last changes are lost: {error}"),
        });
    }
    Ok(())
}

async fn start<R: Runtime + Clone>(
    runtime: &R,
    config: &Config,
    store: &PostgresStore,
    name: &str,
) -> Result<Client, ClientError> {
    Client::start(runtime.clone(), config.clone(), store.session(name)?).await
}

/// What a client does with its account, until it ends. Updates would go to the application, or to a queue.
async fn serve(client: &Client) -> ClientError {
    loop {
        match client.next_update().await {
            Ok(_update) => {}
            Err(error) => return error,
        }
    }
}
