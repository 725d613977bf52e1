//! The store has its own thread, so it works under every runtime, and many clients need no thread each.

use sansgram_stores::{PostgresOptions, PostgresStore};
use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{Client, Error, StoreError};

use super::cluster::Cluster;
use super::process::Bound;
use super::{keys, run, store};

#[test]
#[ignore = "starts PostgreSQL"]
fn a_client_over_smol_logs_in_and_gives_its_session_back() {
    let url = run(Cluster::shared().database());
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    smol::block_on(async {
        let store = PostgresStore::connect(&url, keys(), PostgresOptions::default()).await.unwrap();
        let session = store.session("me").unwrap();
        let client = sansgram_smol::start(server.config(), session.clone()).await.unwrap();
        client.bot_login("1:sandbox").await.unwrap();
        let error = sansgram_smol::start(server.config(), session.clone()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Store(error) if matches!(**error, StoreError::Leased { .. })),
            "{error}"
        );
        client.disconnect().await;
        let client = sansgram_smol::start(server.config(), session).await.unwrap();
        client.get_me().await.unwrap();
        client.disconnect().await;
        assert!(client.save_error().is_none());
    });
}

/// A client ends as soon as the database says that another one has its session.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_client_whose_session_is_taken_ends_with_a_typed_error() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let store = store(&url).await;
        let client = sansgram_tokio::start(server.config(), store.session("me").unwrap()).await.unwrap();
        client.bot_login("1:sandbox").await.unwrap();
        let taken = "UPDATE sansgram_sessions SET fence = fence + 1, owner = 'another'";
        cluster.execute(Cluster::name_of(&url), taken).await;
        let error = client.save().await.unwrap_err();
        let last_event = loop {
            if let Err(error) = client.next_event().await {
                break error;
            }
        };
        for error in [error, last_event, client.get_me().await.unwrap_err()] {
            let Error::Store(error) = error else { panic!("{error}") };
            assert!(matches!(&*error, StoreError::LeaseLost { session, .. } if session == "me"), "{error}");
        }
        assert!(!client.is_connected() && !client.has_stream());
        client.disconnect().await;
        let owner = cluster.query(Cluster::name_of(&url), "SELECT owner FROM sansgram_sessions").await;
        assert_eq!(owner, "another");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn many_clients_save_without_a_thread_each() {
    run(async {
        let url = Cluster::shared().database().await;
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let store = store(&url).await;
        let runtime = Bound::new([127, 0, 0, 1]);
        let mut clients = Vec::new();
        for number in 0..100 {
            let session = store.session(&format!("{number}")).unwrap();
            clients.push(Client::start(runtime.clone(), server.config(), session).await.unwrap());
        }
        let saves: Vec<_> =
            clients.iter().cloned().map(|client| tokio::spawn(async move { client.save().await })).collect();
        for save in saves {
            save.await.unwrap().unwrap();
        }
        assert_eq!(runtime.blocking(), 0, "nothing waits in a thread");
        for client in clients {
            client.disconnect().await;
        }
        assert!(store.list().await.unwrap().iter().all(|it| it.version == 1 && it.owner.is_none()));
    });
}
