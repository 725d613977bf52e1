//! Statements that arrive late: they went over a connection that hung, and were given up or repeated over another one.

use std::time::{Duration, Instant};

use sansgram_stores::{PostgresOptions, PostgresStore};
use sansgram_tokio::LeasedStore;
use sansgram_tokio::core::client::StoredSession;
use tokio_postgres::NoTls;

use super::cluster::Cluster;
use super::{keys, run, store};

fn session(api_id: i32) -> StoredSession {
    StoredSession { api_id: Some(api_id), ..StoredSession::default() }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_second_copy_of_the_statement_that_took_a_session_disturbs_no_one() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let store = store(&url).await;
        let owned = store.session("me").unwrap().acquire().await.unwrap();
        let log = cluster.log();
        let statement =
            log.split("execute <unnamed>: ").find(|it| it.starts_with("INSERT INTO sansgram_sessions"));
        let lines: Vec<_> = statement
            .unwrap()
            .lines()
            .take_while(|line| !line.trim_start().starts_with("RETURNING"))
            .collect();
        let owner = cluster.query(name, "SELECT owner FROM sansgram_sessions").await;
        let copy =
            lines.join(" ").replace("$1", "'me'").replace("$2", &format!("'{owner}'")).replace("$3", "30");
        cluster.execute(name, &copy).await;
        owned.owned.save(&session(1)).await.unwrap();
        // Of a later owner, it takes nothing.
        owned.owned.release().await.unwrap();
        let next = store.session("me").unwrap().acquire().await.unwrap();
        cluster.execute(name, &copy).await;
        next.owned.save(&session(2)).await.unwrap();
        assert_eq!(next.owned.lease().fence(), 2);
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn an_earlier_save_that_arrives_late_changes_nothing() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let store = store(&url).await;
        let owned = store.session("me").unwrap().acquire().await.unwrap();
        for api_id in 1..=3 {
            owned.owned.save(&session(api_id)).await.unwrap();
        }
        // The statement of a save as the server has logged it, with the version of an earlier one.
        let log = cluster.log();
        let statement = log
            .split("execute <unnamed>: ")
            .find(|it| it.starts_with("UPDATE sansgram_sessions SET version"));
        let statement = statement.unwrap().lines().take(2).collect::<Vec<_>>().join(" ");
        let statement = statement.replace("$1", "'me'").replace("$2", "owner").replace("$3", "fence");
        let late = |version: &str| statement.replace("$4", version).replace("$5", "''");
        cluster.execute(Cluster::name_of(&url), &late("2")).await;
        assert_eq!(store.export("me").await.unwrap().unwrap().api_id, Some(3));
        cluster.execute(Cluster::name_of(&url), &late("4")).await;
        assert!(store.export("me").await.is_err(), "that is the statement");
    });
}

/// A lock that is held for long, such as that of `VACUUM FULL`, costs a process no more than a connection or two.
#[test]
#[ignore = "starts PostgreSQL"]
fn statements_that_wait_for_a_lock_are_cancelled() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let options = PostgresOptions::default().with_lease(Duration::from_secs(2));
        let store = PostgresStore::connect(&url, keys(), options).await.unwrap();
        let (locker, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let locker_runs = tokio::spawn(connection);
        locker.batch_execute("BEGIN; LOCK TABLE sansgram_sessions").await.unwrap();
        for _ in 0..5 {
            // Several wait together.
            let [one, other] = [store.list(), store.list()];
            let (one, other) = tokio::join!(one, other);
            for said in [one, other].map(|it| it.unwrap_err().to_string()) {
                assert!(
                    said.contains("cannot be reached (it does not answer)") || said.contains("cancel"),
                    "{said}"
                );
            }
        }
        let count = format!(
            "SELECT count(*)::text FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'sansgram'"
        );
        let begin = Instant::now();
        while cluster.query("postgres", &count).await.parse::<usize>().unwrap() > 2 {
            assert!(begin.elapsed() < Duration::from_secs(5), "{}", cluster.query("postgres", &count).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(locker);
        locker_runs.await.unwrap().unwrap();
        assert_eq!(store.list().await.unwrap(), []);
    });
}
