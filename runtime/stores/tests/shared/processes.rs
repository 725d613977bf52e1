//! Two processes share a session: whatever happens to them, the test DC never sees two owners at once, and the session
//! is taken over in time.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::MemoryStore;

use super::clock::Clock;
use super::cluster::Cluster;
use super::process::{Process, SESSION};
use super::{run, store};

/// Short, so that the tests are, and long enough for a busy machine to renew it.
const LEASE: Duration = Duration::from_secs(3);
/// How long the next owner may take, from the death of the one before.
const TAKEOVER: Duration = Duration::from_secs(5);
/// How long a process may take for what needs no lease to end, on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// How long one of several processes is listened to.
const MOMENT: Duration = Duration::from_millis(20);

/// A session with a bot in it, and the server that it belongs to.
pub(crate) fn logged_in(cluster: &Cluster) -> (TestServer, String) {
    run(async {
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let client = sansgram_tokio::start(server.config(), MemoryStore::new()).await.unwrap();
        client.bot_login("1:sandbox").await.unwrap();
        client.disconnect().await;
        let url = cluster.database().await;
        store(&url).await.import(SESSION, &client.stored_session()).await.unwrap();
        (server, url)
    })
}

/// The owner dies, and the other one takes over.
#[test]
#[ignore = "starts a database"]
fn a_killed_owner_is_replaced_within_its_lease_and_two_seconds() {
    let (server, url) = logged_in(Cluster::shared());
    let mut owner = Process::start(&server, &url, [127, 0, 0, 2], LEASE);
    owner.says("served", SOON);
    for host in [3, 4] {
        let next = Process::start(&server, &url, [127, 0, 0, host], LEASE);
        next.says("ready", SOON);
        assert!((0..20).all(|_| next.try_says_nothing()), "there is an owner");
        let killed = Instant::now();
        owner.signal(Signal::KILL);
        let (_, at) = next.says("owner", SOON);
        assert!(at - killed <= TAKEOVER, "{:?}", at - killed);
        next.says("served", SOON);
        owner = next;
    }
    assert_eq!(server.shared_key_uses(), 0);
}

/// The process does not run while its lease ends (SIGSTOP): once it runs again, it sends nothing under the key.
#[test]
#[ignore = "starts a database"]
fn a_stopped_owner_sends_nothing_when_it_continues() {
    let (server, url) = logged_in(Cluster::shared());
    let mut processes = [2, 3].map(|host| Process::start(&server, &url, [127, 0, 0, host], LEASE));
    for process in &processes {
        process.says("ready", SOON);
    }
    // Whichever is first.
    while !processes[0].is_served_within(MOMENT) {
        processes.swap(0, 1);
    }
    for _ in 0..3 {
        let [owner, next] = &processes;
        next.forget();
        let stopped = Instant::now();
        owner.signal(Signal::STOP);
        let (_, at) = next.says("owner", SOON);
        assert!(at - stopped <= TAKEOVER, "{:?}", at - stopped);
        next.says("served", SOON);
        std::thread::sleep((LEASE * 2).saturating_sub(stopped.elapsed()));
        owner.signal(Signal::CONT);
        let (why, _) = owner.says("lost", SOON);
        assert!(
            why.starts_with("the session shared is no longer owned: its lease was not renewed in time"),
            "{why}"
        );
        assert_eq!(server.shared_key_uses(), 0);
        processes.swap(0, 1);
    }
}

/// All timers of the owner are due at once, and its date is wrong by an hour. The clock that leases are measured by
/// does not follow.
#[test]
#[ignore = "starts a database"]
fn a_monotonic_clock_that_jumps_ahead_makes_no_second_owner() {
    let (server, url) = logged_in(Cluster::shared());
    let owner = Process::start_with_clock(&server, &url, [127, 0, 0, 2], LEASE, Clock::All);
    owner.says("served", SOON);
    let next = Process::start(&server, &url, [127, 0, 0, 3], LEASE);
    next.says("ready", SOON);
    owner.step_clock();
    owner.says("stepped", TAKEOVER);
    // It goes on to renew its lease.
    assert!((0..300).all(|_| next.try_says_nothing()), "there is an owner");
    assert!(owner.is_served());
    assert_eq!(server.shared_key_uses(), 0);
}

/// A rolling restart: the session is handed over without waiting for the lease.
#[test]
#[ignore = "starts a database"]
fn a_session_is_handed_over_within_a_second() {
    let (server, url) = logged_in(Cluster::shared());
    let lease = Duration::from_secs(60);
    let mut owner = Process::start(&server, &url, [127, 0, 0, 2], lease);
    owner.says("served", SOON);
    for host in [3, 4, 5] {
        let next = Process::start(&server, &url, [127, 0, 0, host], lease);
        next.says("ready", SOON);
        assert!((0..20).all(|_| next.try_says_nothing()), "there is an owner");
        owner.stop();
        let (_, released) = owner.says("released", SOON);
        let (_, taken) = next.says("owner", SOON);
        assert!(taken.saturating_duration_since(released) < Duration::from_secs(1));
        next.says("served", SOON);
        owner = next;
    }
    assert_eq!(server.shared_key_uses(), 0);
}

/// Without the leases, two processes do end the key: the tests above would notice.
#[test]
#[ignore = "starts a database"]
fn two_owners_would_be_noticed() {
    let (server, url) = logged_in(Cluster::shared());
    let first = Process::start(&server, &url, [127, 0, 0, 2], Duration::from_secs(60));
    first.says("served", SOON);
    // It stores what it has learned when it connected: a later save would tell it that it is no longer the owner.
    let begin = Instant::now();
    while run(Cluster::shared().numbers(&url)).1 == 1 {
        assert!(begin.elapsed() < SOON, "it has saved nothing");
    }
    run(Cluster::shared().forget_owners(&url));
    let second = Process::start(&server, &url, [127, 0, 0, 3], Duration::from_secs(60));
    second.says("owner", SOON);
    // The server ends the key.
    first.says("lost", SOON);
    assert!(server.shared_key_uses() > 0, "both use the key");
}
