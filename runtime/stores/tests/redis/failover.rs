//! Servers that have forgotten the last writes: one that was killed, and a replica that has replaced its primary. Who
//! owns a session is forgotten with them, and still no session has two owners.

use std::time::{Duration, Instant};

use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{Acquired, LeasedStore, StoreError};

use super::cluster::Cluster;
use super::way::Way;
use super::{Options, Store, keys, run};

const LEASE: Duration = Duration::from_secs(3);

async fn short(url: &str, owner: &str) -> Store {
    let options = Options::default().with_lease(LEASE).with_owner(owner);
    Store::connect(url, keys(), options).await.unwrap()
}

fn session(api_id: i32) -> StoredSession {
    StoredSession { api_id: Some(api_id), ..StoredSession::default() }
}

/// Asks for the session until it is free, and looks at the owner who was forgotten each time. Returns what was taken.
async fn take_over(store: &Store, forgotten: &Acquired) -> Acquired {
    let begin = Instant::now();
    loop {
        match store.session("me").unwrap().acquire().await {
            Ok(acquired) => {
                assert!(forgotten.owned.lease().lost().is_some(), "two owners");
                return acquired;
            }
            Err(StoreError::Leased { owner, remaining, .. }) => {
                assert!(owner.starts_with("an owner that the server may have forgotten"), "{owner}");
                assert!(remaining <= LEASE, "{remaining:?}");
            }
            Err(error) => panic!("{error}"),
        }
        assert!(begin.elapsed() < LEASE + Duration::from_secs(2), "too late");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
#[ignore = "starts a database"]
fn a_killed_server_that_has_forgotten_an_owner_makes_no_second_one() {
    run(async {
        let cluster = Cluster::start_with(&["--appendonly", "no"]);
        let url = cluster.database().await;
        let first = short(&url, "first").await;
        first.import("me", &session(1)).await.unwrap();
        cluster.run::<String>(&url, "SAVE").await;
        let forgotten = first.session("me").unwrap().acquire().await.unwrap();
        forgotten.owned.save(&session(2)).await.unwrap();
        cluster.kill();
        // It answers again, with what it had when it wrote its snapshot.
        let owner: Option<String> = cluster.run(&url, "HGET {sansgram}:session:me owner").await;
        assert_eq!(owner, None);
        let second = short(&url, "second").await;
        let taken = take_over(&second, &forgotten).await;
        assert!(matches!(forgotten.owned.save(&session(3)).await, Err(StoreError::LeaseLost { .. })));
        taken.owned.save(&session(4)).await.unwrap();
        assert_eq!(second.export("me").await.unwrap(), Some(session(4)));
    });
}

/// The replica had not received the last writes.
#[test]
#[ignore = "starts a database"]
fn a_replica_that_replaces_its_primary_makes_no_second_owner() {
    run(async {
        let primary = Cluster::start();
        let url = primary.database().await;
        let first = short(&url, "first").await;
        first.import("me", &session(1)).await.unwrap();
        let (replica, of_replica) = replica_of(&primary).await;
        let error = Store::connect(&of_replica, keys(), Options::default()).await.unwrap_err().to_string();
        assert!(error.ends_with("is a replica; connect to the primary server"), "{error}");

        // The replica is cut off, and then promoted.
        replica.run::<String>(&of_replica, "REPLICAOF 127.0.0.1 1").await;
        // A replica that has come for the first time has changed the replication ID of the primary.
        let forgotten = taken(&first).await;
        replica.run::<String>(&of_replica, "REPLICAOF NO ONE").await;
        drop(primary);
        let second = short(&of_replica, "second").await;
        let taken = take_over(&second, &forgotten).await;
        assert_eq!(taken.session, Some(session(1)));
    });
}

/// Its replication ID is the one that it knows, so it does not notice by itself that another server has had its place.
#[test]
#[ignore = "starts a database"]
fn an_old_primary_that_returns_gives_no_session_to_a_second_owner() {
    run(async {
        let old = Cluster::start();
        let url = old.database().await;
        let way = Way::to(&old);
        let first = short(&way.of(&url), "first").await;
        first.import("me", &session(1)).await.unwrap();
        let (new, of_new) = replica_of(&old).await;
        // The ID of the old one has changed for its replica. Once that is noticed and over, it gives sessions at once.
        taken(&first).await.owned.release().await.unwrap();
        new.run::<String>(&of_new, "REPLICAOF NO ONE").await;
        way.lead_to(&new);
        let owned = taken(&first).await;
        way.lead_to(&old);
        drop(new);
        let second = short(&url, "second").await;
        first.list().await.unwrap();
        let refused = second.session("me").unwrap().acquire().await.err();
        assert!(
            matches!(refused, Some(StoreError::Leased { .. })) || owned.owned.lease().remaining().is_zero(),
            "{refused:?} while the first may send for {:?}",
            owned.owned.lease().remaining()
        );
        let next = taken(&second).await;
        assert!(owned.owned.lease().remaining().is_zero());
        next.owned.save(&session(2)).await.unwrap();
        assert!(owned.owned.save(&session(3)).await.is_err());
        // To come back to the one that it has replaced is no news.
        let begin = Instant::now();
        next.owned.release().await.unwrap();
        way.cut();
        first.list().await.unwrap();
        first.session("me").unwrap().acquire().await.unwrap();
        assert!(begin.elapsed() < LEASE);
    });
}

/// Starts a replica. Returns it and its URL once it has the session.
async fn replica_of(primary: &Cluster) -> (Cluster, String) {
    let replica = Cluster::start_with(&["--replicaof", &format!("127.0.0.1 {}", primary.port())]);
    let url = replica.database().await;
    while !replica.run::<bool>(&url, "EXISTS {sansgram}:session:me").await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (replica, url)
}

/// Takes the session once that is possible.
async fn taken(store: &Store) -> Acquired {
    loop {
        match store.session("me").unwrap().acquire().await {
            Ok(acquired) => return acquired,
            Err(StoreError::Leased { .. } | StoreError::Other(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Once the lease is over, all is as before; and an owner that is known has its session all the time.
#[test]
#[ignore = "starts a database"]
fn a_restart_delays_new_owners_by_one_lease() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = short(&url, "first").await;
        store.import("free", &session(1)).await.unwrap();
        let owned = store.session("me").unwrap().acquire().await.unwrap();
        cluster.kill();
        let begin = Instant::now();
        while let Err(error) = owned.owned.save(&session(1)).await {
            assert!(matches!(error, StoreError::Other(_)), "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(matches!(store.session("free").unwrap().acquire().await, Err(StoreError::Leased { .. })));
        while let Err(StoreError::Leased { .. }) = store.session("free").unwrap().acquire().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(begin.elapsed() > LEASE - Duration::from_millis(100), "{:?}", begin.elapsed());
        assert!(owned.owned.lease().remaining() > Duration::ZERO);
        // From now on, at once.
        owned.owned.release().await.unwrap();
        store.session("me").unwrap().acquire().await.unwrap();
        let list = store.list().await.unwrap();
        assert_eq!(list.iter().map(|it| it.fence).collect::<Vec<_>>(), [2, 2], "{list:?}");
    });
}
