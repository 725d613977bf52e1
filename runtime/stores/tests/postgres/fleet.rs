//! The example: processes share sessions, hand them over, and take over those of a dead one.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sansgram_stores::{PostgresOptions, PostgresStore};
use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::MemoryStore;
use sansgram_tokio::core::client::StoredSession;
use tokio::sync::oneshot;

use super::cluster::Cluster;
use super::fleet_example::{self, Queue};
use super::process::{Bound, Process, config, in_child, say};
use super::{keys, run, store};

const SESSIONS: usize = 6;
const CAPACITY: usize = 4;
const LEASE: Duration = Duration::from_secs(3);
const SOON: Duration = Duration::from_secs(20);

/// Waits until all sessions have an owner, and none of `gone`. Returns how long that took.
async fn all_owned(store: &PostgresStore, gone: &str) -> Duration {
    let begin = Instant::now();
    loop {
        let list = store.list().await.unwrap();
        let owned = list.iter().filter(|it| it.owner.as_ref().is_some_and(|(owner, _)| owner != gone));
        if owned.count() == SESSIONS {
            return begin.elapsed();
        }
        assert!(begin.elapsed() < SOON, "{list:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_process_that_is_told_to_stop_takes_no_more() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    run(async {
        let url = Cluster::shared().database().await;
        let (store, queue) = (store(&url).await, Queue::connect(&url).await.unwrap());
        for number in 1..=SESSIONS {
            store.import(&format!("bot {number}"), &StoredSession::default()).await.unwrap();
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let stop = Mutex::new(Some(stop));
        let said = Arc::new(Mutex::new(Vec::new()));
        let report = said.clone();
        let report = Arc::new(move |event: String| {
            if event.starts_with("took") {
                drop(stop.lock().unwrap().take());
            }
            report.lock().unwrap().push(event);
        });
        let report = move |event| report(event);
        let stopped = async { stopped.await.unwrap_or_default() };
        let config = server.config();
        let runtime = Bound::new([127, 0, 0, 1]);
        let fleet = fleet_example::run(runtime, store.clone(), &config, CAPACITY, queue, stopped, report);
        fleet.await.unwrap();
        assert_eq!(*said.lock().unwrap(), ["ready", "took bot 1", "gave bot 1"]);
        assert!(store.list().await.unwrap().iter().all(|it| it.owner.is_none()));
    });
}

/// Neither one that cannot be opened nor the end of the task that serves one costs more than a line now and then.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_session_that_fails_is_tried_again_after_a_pause() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let options = PostgresOptions::default().with_lease(LEASE);
        let store = PostgresStore::connect(&url, keys(), options).await.unwrap();
        let queue = Queue::connect(&url).await.unwrap();
        for session in ["damaged", "taken"] {
            store.import(session, &StoredSession::default()).await.unwrap();
        }
        cluster.execute(name, "UPDATE sansgram_sessions SET data = '' WHERE name = 'damaged'").await;
        let said = Arc::new(Mutex::new(Vec::new()));
        let report = said.clone();
        let report = move |event: String| {
            report.lock().unwrap().push(event.clone());
            assert!(!event.starts_with("ended"), "the task that serves the session panics here");
        };
        let stop = async {
            let times = |words: &str| said.lock().unwrap().iter().filter(|it| it.starts_with(words)).count();
            let until = async |words: &str, count| {
                let begin = Instant::now();
                while times(words) < count {
                    assert!(begin.elapsed() < SOON, "{:?}", said.lock().unwrap());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            until("took taken", 1).await;
            cluster.execute(name, "UPDATE sansgram_sessions SET owner = NULL WHERE name = 'taken'").await;
            until("took taken", 2).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            // At 0 s, 1 s, 3 s, 7 s and 15 s, not four times a second.
            let failed = times("failed damaged: the session damaged is left as it is");
            assert!((2..=5).contains(&failed), "{:?}", said.lock().unwrap());
        };
        let config = server.config();
        let runtime = Bound::new([127, 0, 0, 1]);
        fleet_example::run(runtime, store.clone(), &config, CAPACITY, queue, stop, report).await.unwrap();
        assert_eq!(said.lock().unwrap().last().unwrap(), "gave taken");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_database_that_takes_no_writes_is_reported_once() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let (store, queue) = (store(&url).await, Queue::connect(&url).await.unwrap());
        store.import("me", &StoredSession::default()).await.unwrap();
        let refuses = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
            $$ BEGIN RAISE EXCEPTION 'no writes'; END $$; \
            CREATE TRIGGER refuse BEFORE INSERT ON sansgram_sessions FOR EACH ROW EXECUTE FUNCTION refuse()";
        cluster.execute(Cluster::name_of(&url), refuses).await;
        let said = Arc::new(Mutex::new(Vec::new()));
        let report = said.clone();
        let report = move |event: String| report.lock().unwrap().push(event);
        let stop = tokio::time::sleep(Duration::from_secs(2));
        let config = server.config();
        let runtime = Bound::new([127, 0, 0, 1]);
        fleet_example::run(runtime, store, &config, CAPACITY, queue, stop, report).await.unwrap();
        let said = said.lock().unwrap();
        assert!(
            said.len() == 2 && said[1].starts_with("waiting ") && said[1].contains("no writes"),
            "{said:?}"
        );
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn sessions_are_shared_handed_over_and_taken_over() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let url = run(Cluster::shared().database());
    let watcher = run(async {
        let store = store(&url).await;
        for number in 1..=SESSIONS {
            let client = sansgram_tokio::start(server.config(), MemoryStore::new()).await.unwrap();
            client.bot_login("1:sandbox").await.unwrap();
            client.disconnect().await;
            store.import(&format!("bot {number}"), &client.stored_session()).await.unwrap();
        }
        store
    });
    let fleet = |host| Process::start_with("fleet::child", &server, &url, [127, 0, 0, host], LEASE, None);
    let first = fleet(2);
    for _ in 0..CAPACITY {
        first.says("took", SOON);
    }
    let _second = fleet(3);
    run(all_owned(&watcher, ""));
    assert!((0..20).all(|_| first.try_says_nothing()), "its capacity is used up");
    let third = fleet(4);

    // It waits for a free session only once it has connected.
    third.says("ready", SOON);
    first.signal(Signal::TERM);
    for _ in 0..CAPACITY {
        first.says("gave", SOON);
    }
    let gap = run(all_owned(&watcher, "127.0.0.2"));
    assert!(gap < Duration::from_secs(1), "{gap:?}");

    let _fourth = fleet(5);
    third.signal(Signal::KILL);
    let gap = run(all_owned(&watcher, "127.0.0.4"));
    assert!(gap < LEASE + Duration::from_secs(2), "{gap:?}");
    assert_eq!(server.shared_key_uses(), 0);
}

/// What a child does, or nothing in the tests themselves.
#[test]
fn child() {
    in_child(join_fleet);
}

/// Runs the example until SIGTERM.
async fn join_fleet(url: &str, address: IpAddr, dc: SocketAddr, lease: Duration) {
    let options = PostgresOptions::default().with_lease(lease).with_owner(address.to_string());
    let store = PostgresStore::connect(url, keys(), options).await.unwrap();
    let report = |event: String| {
        let (what, about) = event.split_once(' ').unwrap_or((&event, ""));
        say(what, &about);
    };
    let queue = Queue::connect(url).await.unwrap();
    let stop = fleet_example::told_to_stop();
    let runtime = Bound::new(address);
    fleet_example::run(runtime, store, &config(dc), CAPACITY, queue, stop, report).await.unwrap();
}
