//! A database or a key that cannot be used: one sentence that says what to do, and nothing is overwritten.

use std::error::Error;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use sansgram_stores::{PostgresOptions, PostgresStore, SealingKey, SealingKeys};
use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{LeasedStore, StoreError};

use super::cluster::Cluster;
use super::{keys, run, store};

async fn refusal(url: &str) -> String {
    let error = PostgresStore::connect(url, keys(), PostgresOptions::default()).await.unwrap_err();
    sentence(&error)
}

/// Returns the message, which is one sentence and says nothing about the password.
fn sentence(error: &StoreError) -> String {
    let said = error.to_string();
    assert!(!said.contains('\n') && !said.ends_with('.') && !said.contains("only-for-tests"), "{said}");
    assert!(error.source().is_none(), "the causes are in the sentence");
    said
}

#[test]
#[ignore = "starts PostgreSQL"]
fn urls_that_lead_nowhere() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let said = refusal("postgres://me:only-for-tests@host:port/db").await;
        assert!(said.starts_with("the URL of the database cannot be read"), "{said}");
        assert!(said.ends_with("write postgres://USER:PASSWORD@HOST/DATABASE"), "{said}");
        let said = refusal("mysql://me:only-for-tests@host/db").await;
        assert!(said.starts_with("the URL of the database cannot be read"), "{said}");
        let said = refusal(&cluster.url("postgres", "wrong", "postgres")).await;
        assert!(
            said.contains("refuses the user (password authentication failed for user \"postgres\")"),
            "{said}"
        );
        let said = refusal(&cluster.url("postgres", "only-for-tests", "missing")).await;
        let place = format!("127.0.0.1:{}/missing", cluster.port());
        assert!(said.starts_with(&format!("the database {place} does not exist; create it")), "{said}");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said = refusal(&format!("postgres://me@127.0.0.1:{closed}/db")).await;
        assert!(said.contains("cannot be reached (Connection refused"), "{said}");
        let said = refusal(&format!("{url}?sslmode=require")).await;
        assert!(said.starts_with("no TLS connection to the database"), "{said}");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_certificate_is_checked() {
    run(async {
        let (cluster, certificate) = Cluster::start_with_tls();
        let url = format!("{}?sslmode=require", cluster.database().await);
        let said = refusal(&url).await;
        assert!(
            said.starts_with("no TLS connection to the database") && said.contains("UnknownIssuer"),
            "{said}"
        );
        let with = |file: &Path| PostgresOptions::default().with_root_certificates(file);
        let store = PostgresStore::connect(&url, keys(), with(&certificate)).await.unwrap();
        assert_eq!(store.list().await.unwrap(), []);
        let elsewhere = url.replace("127.0.0.1", "localhost");
        let error = PostgresStore::connect(&elsewhere, keys(), with(&certificate)).await.unwrap_err();
        assert!(sentence(&error).contains("certificate not valid for name \"localhost\""), "{error}");
        let error = PostgresStore::connect(&url, keys(), with(&certificate.with_extension("no"))).await;
        assert!(sentence(&error.unwrap_err()).ends_with("give a file in PEM"));
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_lease_has_limits() {
    run(async {
        for lease in [Duration::ZERO, Duration::from_millis(1999), Duration::from_secs(3601)] {
            let options = PostgresOptions::default().with_lease(lease);
            let error =
                PostgresStore::connect("postgres://me@127.0.0.1/db", keys(), options).await.unwrap_err();
            assert!(sentence(&error).ends_with("choose 2 s to 1 h"), "{error}");
        }
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_user_without_rights_and_a_read_only_database() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let role = format!("{name}_user");
        cluster.execute(name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'only-for-tests'")).await;
        let of_user = cluster.url(&role, "only-for-tests", name);
        let said = refusal(&of_user).await;
        assert!(said.contains("(permission denied for schema public)"), "{said}");
        assert!(said.ends_with("grant SELECT, INSERT and UPDATE on them to this user"), "{said}");
        // That is enough.
        let grants = format!(
            "{} GRANT SELECT, INSERT, UPDATE ON sansgram_layout, sansgram_sessions TO {role}",
            sansgram_stores::postgres::SCHEMA
        );
        cluster.execute(name, &grants).await;
        let of_user = store(&of_user).await;
        of_user.import("me", &StoredSession::default()).await.unwrap();

        cluster.execute(name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
        let read_only = store(&url).await;
        let error = read_only.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).ends_with("is read-only; connect to the primary server, not to a replica"));
        assert_eq!(read_only.export("me").await.unwrap(), Some(StoredSession::default()));
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn tables_that_are_gone_or_of_a_later_version() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let store = store(&url).await;
        cluster.execute(name, "ALTER TABLE sansgram_sessions RENAME TO kept").await;
        let error = store.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).contains("(relation \"sansgram_sessions\" does not exist)"), "{error}");
        cluster.execute(name, "ALTER TABLE kept RENAME TO sansgram_sessions").await;
        cluster.execute(name, "UPDATE sansgram_layout SET layout = 2").await;
        let said = refusal(&url).await;
        assert!(said.ends_with("have the layout 2, and this version knows 1; use a later version"), "{said}");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_wrong_sealing_key_overwrites_nothing_and_an_old_one_opens() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let session = StoredSession { api_id: Some(7), ..StoredSession::default() };
        store(&url).await.import("me", &session).await.unwrap();
        let content = "SELECT version || encode(data, 'hex') FROM sansgram_sessions";
        let before = cluster.query(name, content).await;
        let other = || SealingKey::from_bytes(&[9; 32]);
        let with = async |keys| PostgresStore::connect(&url, keys, PostgresOptions::default()).await.unwrap();
        let wrong = with(SealingKeys::new(other())).await;
        for _ in 0..2 {
            // The second time, too: the first one has released the session.
            let error = loop {
                match wrong.session("me").unwrap().acquire().await.unwrap_err() {
                    StoreError::Leased { .. } => tokio::time::sleep(Duration::from_millis(10)).await,
                    error => break error,
                }
            };
            let said = sentence(&error);
            assert!(
                said.starts_with("the session me is left as it is: it is sealed under another key;"),
                "{said}"
            );
        }
        assert_eq!(cluster.query(name, content).await, before);

        let both = with(SealingKeys::new(other()).with_old(SealingKey::from_text(super::KEY).unwrap())).await;
        let acquired = both.session("me").unwrap().acquire().await.unwrap();
        assert_eq!(acquired.session.as_ref(), Some(&session));
        acquired.owned.save(&session).await.unwrap();
        acquired.owned.release().await.unwrap();
        assert_eq!(wrong.export("me").await.unwrap(), Some(session));

        // The content of an earlier version, or of another session.
        cluster.execute(name, "UPDATE sansgram_sessions SET version = version + 1").await;
        let said = sentence(&wrong.export("me").await.unwrap_err());
        assert!(said.contains("it is the content of another session or version"), "{said}");
    });
}
