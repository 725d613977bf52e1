//! The updates of the example: another program takes them, in order; what was received is published before a session is
//! given back; and a queue that is away costs neither the lease nor memory.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use sansgram_stores::{PostgresOptions, PostgresStore};
use sansgram_testkit::TestServer;
use sansgram_tokio::Update;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::cluster::Cluster;
use super::fleet_example::{self, Queue};
use super::process::{Bound, SESSION};
use super::processes::logged_in;
use super::way::Way;
use super::{keys, run};

const LEASE: Duration = Duration::from_secs(3);
const SOON: Duration = Duration::from_secs(20);
/// A user and a bot of the test DC.
const USER: i64 = 9_996_621_234;
const BOT: i64 = 1;
/// As in the README.
const TAKE: &str = "\
WITH it AS (
    DELETE FROM fleet_updates WHERE id IN (
        SELECT id FROM fleet_updates ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
    ) RETURNING id, session, kind, data
) SELECT session, kind, data FROM it ORDER BY id";

/// The example in this process, as a process with an address of its own.
struct Fleet {
    stop: oneshot::Sender<()>,
    events: mpsc::UnboundedReceiver<String>,
    running: JoinHandle<()>,
}

impl Fleet {
    async fn start(server: &TestServer, url: &str, url_of_queue: &str, address: [u8; 4]) -> Self {
        let options = PostgresOptions::default().with_lease(LEASE);
        let store = PostgresStore::connect(url, keys(), options).await.unwrap();
        let queue = Queue::connect(url_of_queue).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (sender, events) = mpsc::unbounded_channel();
        let (config, runtime) = (server.config(), Bound::new(address));
        let running = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            // The test may be over.
            let report = move |event| drop(sender.send(event));
            fleet_example::run(runtime, store, &config, 1, queue, stopped, report).await.unwrap();
        });
        Self { stop, events, running }
    }

    /// Tells it to stop. Returns what it has reported.
    async fn stop(mut self) -> Vec<String> {
        self.stop.send(()).unwrap();
        timeout(SOON, self.running).await.unwrap().unwrap();
        let mut events = Vec::new();
        while let Some(event) = self.events.recv().await {
            events.push(event);
        }
        events
    }
}

/// Another program, which takes updates.
struct Reader {
    client: Client,
    notified: mpsc::UnboundedReceiver<()>,
}

impl Reader {
    async fn connect(url: &str) -> Self {
        let (client, mut connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let (sender, notified) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    let _ = sender.send(());
                }
            }
        });
        client.batch_execute("LISTEN fleet_updates").await.unwrap();
        Self { client, notified }
    }

    /// Takes updates until the message with this number is there. Returns the kind of each, and its number.
    async fn takes_up_to(&mut self, last: usize) -> Vec<(String, Option<usize>)> {
        let mut taken = Vec::new();
        loop {
            let rows = self.client.query(TAKE, &[]).await.unwrap();
            for row in &rows {
                assert_eq!(row.get::<_, &str>(0), SESSION);
                taken.push((row.get(1), number_in(row.get(2))));
            }
            if taken.last().is_some_and(|(_, number)| *number == Some(last)) {
                return taken;
            }
            if rows.is_empty() {
                timeout(SOON, self.notified.recv()).await.expect("an update is published").unwrap();
            }
        }
    }

    /// Waits for the state of the updates, the first one of each owner.
    async fn takes_state(&mut self) {
        loop {
            let rows = self.client.query(TAKE, &[]).await.unwrap();
            if let Some(row) = rows.first() {
                assert_eq!((rows.len(), row.get(1)), (1, "state"));
                let state = String::from_utf8(row.get(2)).unwrap();
                assert!(
                    state.starts_with("pts=") && state.contains(" qts=") && state.contains(" seq="),
                    "{state}"
                );
                return;
            }
            timeout(SOON, self.notified.recv()).await.expect("the state is published").unwrap();
        }
    }
}

fn send(server: &TestServer, numbers: std::ops::RangeInclusive<usize>) {
    for number in numbers {
        server.send_message(USER, BOT, &format!("number {number};")).expect("both accounts exist");
    }
}

/// Returns the number in the text of a message.
fn number_in(update: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(update);
    let (_, number) = text.split_once("number ")?;
    number.split_once(';')?.0.parse().ok()
}

fn objects(numbers: std::ops::RangeInclusive<usize>) -> Vec<(String, Option<usize>)> {
    numbers.map(|number| ("object".into(), Some(number))).collect()
}

/// Starts a fleet whose queue is behind this way, and takes the state that it publishes first.
async fn start_behind(way: &Way, server: &TestServer, url: &str) -> (Reader, Fleet) {
    let mut reader = Reader::connect(url).await;
    let fleet = Fleet::start(server, url, &way.of(url), [127, 0, 0, 2]).await;
    reader.takes_state().await;
    (reader, fleet)
}

#[test]
#[ignore = "starts PostgreSQL"]
fn what_was_received_is_published_before_a_session_is_given_back() {
    let cluster = Cluster::start();
    let (server, url) = logged_in(&cluster);
    let way = Way::to(&cluster);
    run(async {
        let mut reader = Reader::connect(&url).await;
        let first = Fleet::start(&server, &url, &way.of(&url), [127, 0, 0, 2]).await;
        reader.takes_state().await;
        send(&server, 1..=20);
        assert_eq!(reader.takes_up_to(20).await, objects(1..=20));

        // The queue does not answer when the process is told to stop.
        way.silence();
        send(&server, 21..=40);
        way.has_swallowed().await;
        let events = first.stop().await;
        assert_eq!(
            events,
            ["ready", "took shared", "late shared: it does not answer", "gave shared"],
            "nothing is lost"
        );
        let log = cluster.log();
        let (last, given) = (log.rfind("INSERT INTO fleet_updates"), log.rfind("SET owner = NULL"));
        assert!(last.unwrap() < given.unwrap(), "the session is given back last");
        assert_eq!(reader.takes_up_to(40).await, objects(21..=40));

        let _second = Fleet::start(&server, &url, &url, [127, 0, 0, 3]).await;
        reader.takes_state().await;
        send(&server, 41..=60);
        assert_eq!(reader.takes_up_to(60).await, objects(41..=60));
        assert_eq!(server.shared_key_uses(), 0);
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_queue_that_is_away_costs_neither_the_lease_nor_memory() {
    let cluster = Cluster::shared();
    let (server, url) = logged_in(cluster);
    let way = Way::to(cluster);
    run(async {
        let (mut reader, fleet) = start_behind(&way, &server, &url).await;
        way.silence_for_good();
        let begin = Instant::now();
        send(&server, 1..=3000);
        while begin.elapsed() < LEASE * 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        way.silence();
        let taken = reader.takes_up_to(3000).await;
        let numbers: Vec<_> = taken.iter().filter_map(|(_, number)| *number).collect();
        // One waited for the queue, and the client keeps the newest 1024.
        assert!((1024..=1025).contains(&numbers.len()), "{}", numbers.len());
        assert!(numbers.is_sorted());
        assert!(taken.iter().any(|(kind, _)| kind == "lost"), "the reader learns that some are missing");
        let fence = "SELECT fence::text FROM sansgram_sessions";
        assert_eq!(cluster.query(Cluster::name_of(&url), fence).await, "2", "it has had the session since");
        assert_eq!(fleet.stop().await.last().unwrap(), "gave shared");
    });
}

/// An update is published twice if it is not known that it was.
#[test]
#[ignore = "starts PostgreSQL"]
fn an_update_whose_answer_is_lost_is_published_again() {
    let cluster = Cluster::shared();
    let (server, url) = logged_in(cluster);
    let way = Way::to(cluster);
    run(async {
        let (mut reader, mut fleet) = start_behind(&way, &server, &url).await;
        way.cut_answers(true);
        send(&server, 1..=1);
        while !fleet.events.recv().await.unwrap().starts_with("late shared: ") {}
        way.cut_answers(false);
        send(&server, 2..=2);
        let taken = reader.takes_up_to(2).await;
        // The state twice, if its answer was still on the way; otherwise the first message.
        assert_eq!((taken.len(), &taken[1..]), (3, &*objects(1..=2)), "{taken:?}");
        fleet.stop().await;
    });
}

/// It does not wait for ever, and says that updates are lost.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_process_that_stops_gives_its_sessions_although_the_queue_is_away() {
    let cluster = Cluster::shared();
    let (server, url) = logged_in(cluster);
    let way = Way::to(cluster);
    run(async {
        let (_reader, fleet) = start_behind(&way, &server, &url).await;
        way.silence_for_good();
        send(&server, 1..=2);
        way.has_swallowed().await;
        let events = fleet.stop().await;
        let lost = "unpublished shared: the queue is away, and updates are lost";
        assert_eq!(events[2..], ["late shared: it does not answer", lost, "gave shared"]);
        let free = "SELECT (owner IS NULL)::text FROM sansgram_sessions";
        assert_eq!(cluster.query(Cluster::name_of(&url), free).await, "true");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_queue_that_cannot_be_used_is_said_at_the_start() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let role = format!("{name}_queue");
        cluster.execute(name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'only-for-tests'")).await;
        let of_user = cluster.url(&role, "only-for-tests", name);
        let error = Queue::connect(&of_user).await.err().unwrap().to_string();
        assert_eq!(error, "the queue cannot be used: permission denied for schema public");
        // The table is there, and a process needs no more rights than to insert.
        Queue::connect(&url).await.unwrap();
        cluster.execute(name, &format!("GRANT INSERT, SELECT (id) ON fleet_updates TO {role}")).await;
        let queue = Queue::connect(&of_user).await.unwrap();
        queue.publish("me", &Update::Lost, |reason| panic!("{reason}")).await;
        assert_eq!(cluster.query(name, "SELECT kind FROM fleet_updates").await, "lost");
        for (url, expected) in [
            ("nats://127.0.0.1", "the URL of the queue cannot be read"),
            (
                &*cluster.url("postgres", "wrong", "postgres"),
                "the queue cannot be used: password authentication failed for user \"postgres\"",
            ),
        ] {
            let error = Queue::connect(url).await.err().unwrap().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    });
}

/// Otherwise each attempt would be executed once the lock is gone, and keep a connection until then.
#[test]
#[ignore = "starts PostgreSQL"]
fn an_update_that_waits_for_a_lock_is_not_published_by_each_attempt() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let queue = Queue::connect(&url).await.unwrap();
        let (locker, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let locker_runs = tokio::spawn(connection);
        locker.batch_execute("BEGIN; LOCK TABLE fleet_updates").await.unwrap();
        let sessions = ["one", "two", "three"];
        let publish = async |session| queue.publish(session, &Update::Lost, drop).await;
        let published =
            async { tokio::join!(publish(sessions[0]), publish(sessions[1]), publish(sessions[2])) };
        let released = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            let open = format!("SELECT count(*)::text FROM pg_stat_activity WHERE datname = '{name}'");
            let open = cluster.query("postgres", &open).await;
            drop(locker);
            locker_runs.await.unwrap().unwrap();
            open
        };
        let (_, open) = tokio::join!(published, released);
        // The one with the lock, and the last attempt.
        assert!(open.parse::<usize>().unwrap() <= 3, "{open}");
        let rows = "SELECT string_agg(session, ' ' ORDER BY id) FROM fleet_updates";
        let rows = cluster.query(name, rows).await;
        // One whose attempt ended at that moment may be there twice.
        assert!((sessions.len()..=2 * sessions.len()).contains(&rows.split(' ').count()), "{rows}");
    });
}
