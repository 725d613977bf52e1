//! Servers that only read, and servers whose disk is full: one sentence that says what to do, nothing is overwritten,
//! and it works again once that is done.

use std::time::Duration;

use sansgram_stores::PostgresStore;
use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{LeasedStore, StoreError};
use tokio_postgres::NoTls;

use super::cluster::Cluster;
use super::sentences::{refusal, sentence};
use super::way::Way;
use super::{run, store};

fn session(api_id: i32) -> StoredSession {
    StoredSession { api_id: Some(api_id), ..StoredSession::default() }
}

/// Tries again for as long as the server cannot be reached.
async fn until_reached<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> T {
    for _ in 0..1000 {
        match call().await {
            Ok(done) => return done,
            Err(error) => {
                assert!(sentence(&error).contains(" cannot be reached ("), "{error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    panic!("the server is away");
}

async fn stored(store: &PostgresStore, name: &str) -> Option<i32> {
    until_reached(async || store.export(name).await).await.and_then(|it| it.api_id)
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_replica_is_refused_and_changes_nothing() {
    run(async {
        let primary = Cluster::start();
        let (url, empty) = (primary.database().await, primary.database().await);
        let way = Way::to(&primary);
        let owner = store(&way.of(&url)).await;
        owner.import("me", &session(1)).await.unwrap();
        let replica = primary.start_replica();
        let at_replica = |url: &str| url.replace(&primary.port().to_string(), &replica.port().to_string());
        let says = "is read-only; connect to the primary server, not to a replica";

        // It is read there.
        replica.query(Cluster::name_of(&url), "SELECT 'it has started'").await;
        let reader = store(&at_replica(&url)).await;
        assert_eq!(stored(&reader, "me").await, Some(1));
        let error = reader.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).ends_with(says), "{error}");
        let error = reader.import("new", &session(2)).await.unwrap_err();
        assert!(sentence(&error).ends_with(says), "{error}");
        // The tables cannot be created.
        assert!(refusal(&at_replica(&empty)).await.ends_with(says));

        // The way of an owner leads to the replica, as after a failover that went wrong.
        let owned = owner.session("me").unwrap().acquire().await.unwrap().owned;
        owned.save(&session(2)).await.unwrap();
        way.lead_to(&replica);
        let error = owned.save(&session(3)).await.unwrap_err();
        assert!(sentence(&error).ends_with(says), "{error}");
        way.lead_to(&primary);
        assert_eq!(stored(&owner, "me").await, Some(2), "nothing is changed");
        owned.save(&session(4)).await.unwrap();
        owned.release().await.unwrap();

        // A URL with both finds the primary.
        let hosts = format!("127.0.0.1:{},127.0.0.1:{}", replica.port(), primary.port());
        let both = url.replace(&format!("127.0.0.1:{}", primary.port()), &hosts);
        let both = store(&format!("{both}?target_session_attrs=read-write")).await;
        both.import("other", &session(5)).await.unwrap();

        // The replica becomes a primary: the same store works.
        let written = "SELECT pg_current_wal_lsn()::text";
        let written = primary.query("postgres", written).await;
        let received = format!("SELECT (pg_last_wal_replay_lsn() >= '{written}')::text");
        while replica.query("postgres", &received).await != "true" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(primary);
        replica.execute("postgres", "SELECT pg_promote()").await;
        let owned = reader.session("me").unwrap().acquire().await.unwrap();
        assert_eq!(owned.session.unwrap().api_id, Some(4));
        owned.owned.save(&session(6)).await.unwrap();
        assert_eq!(stored(&reader, "other").await, Some(5));
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_full_disk_is_said_and_loses_nothing() {
    let Some(cluster) = Cluster::start_on_small_disk() else {
        println!("this process may not mount a disk, so nothing is tested");
        return;
    };
    run(async {
        let (url, empty) = (cluster.database().await, cluster.database().await);
        let never_used = cluster.database().await;
        let store = store(&url).await;
        cluster.query(Cluster::name_of(&empty), "SELECT 'it is used'").await;
        let says = "is full; make room on it";
        let owned = store.session("me").unwrap().acquire().await.unwrap().owned;
        owned.save(&session(1)).await.unwrap();

        cluster.fill_disk();
        // The tables cannot be created.
        let said = refusal(&empty).await;
        assert!(said.ends_with(says), "{said}");
        // Nor can the server's own files for a database.
        let said = refusal(&never_used).await;
        assert!(
            said.ends_with(says)
                || said.ends_with("(could not write init file, XX000); see the log of its server"),
            "{said}"
        );
        // There is some room left inside the files.
        let mut imported = Vec::new();
        let error = loop {
            match store.import(&format!("new {}", imported.len()), &session(7)).await {
                Ok(()) => imported.push(format!("new {}", imported.len())),
                Err(error) => break error,
            }
            assert!(imported.len() < 10_000, "the disk is not full");
        };
        assert!(sentence(&error).ends_with(says), "{error}");
        assert_eq!(stored(&store, "me").await, Some(1));

        // The server cannot even write its log of transactions, and ends.
        let next_file = "SELECT pg_logical_emit_message(true, 'it', 'is used'); SELECT pg_switch_wal()";
        while let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
            tokio::spawn(connection);
            if client.batch_execute(next_file).await.is_err() {
                break;
            }
        }
        let error = owned.save(&session(2)).await.unwrap_err();
        assert!(sentence(&error).contains(" cannot be reached ("), "{error}");

        cluster.make_room();
        until_reached(async || owned.save(&session(3)).await).await;
        assert_eq!(stored(&store, "me").await, Some(3));
        for name in imported {
            assert_eq!(stored(&store, &name).await, Some(7), "{name}");
        }
        store.import("new", &session(8)).await.unwrap();
        super::store(&empty).await.import("me", &session(9)).await.unwrap();
    });
}
