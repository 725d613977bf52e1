//! A database or a key that cannot be used: one sentence that says what to do, and nothing is overwritten.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use sansgram_stores::{PostgresOptions, PostgresStore};
use sansgram_tokio::LeasedStore;
use sansgram_tokio::core::client::StoredSession;
use tokio::net::TcpSocket;

use super::cluster::Cluster;
use super::sentences::{refusal, sentence};
use super::{keys, run, store};

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

/// What follows the first `@` would be taken for the host, and what follows a blank for an option.
#[test]
fn no_part_of_a_password_is_shown() {
    run(async {
        for url in [
            "postgres://me:only@for-tests@127.0.0.1:1/db",
            "postgres://me:only@for-tests@127.0.0.1:for-tests/db",
            "postgres://me:only@for-tests/db@127.0.0.1:1/db",
            "postgresql://me:only?for-tests@127.0.0.1:1?for-tests=1",
            "postgres://me:only:for-tests/db",
            "host=127.0.0.1 port=1 user=me password=only for-tests=1",
            "host=127.0.0.1 port=1 user=me password=only for-tests",
        ] {
            let said = refusal(url).await;
            assert!(said.starts_with("the URL of the database cannot be read"), "{said}");
            assert!(!said.contains("only") && !said.contains("for-tests"), "{said}");
        }
        let said = refusal("postgres://me:only@for-tests@127.0.0.1:1/db").await;
        assert!(said.contains("(an @ in a name or password must be written %40)"), "{said}");
        // Written so, it is read.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said = refusal(&format!("postgres://me:only%40for-tests@127.0.0.1:{closed}/db")).await;
        assert!(said.starts_with(&format!("the database 127.0.0.1:{closed}/db cannot be reached")), "{said}");
    });
}

/// Other programs may write to the database, and a server may be anyone's.
#[test]
#[ignore = "starts PostgreSQL"]
fn texts_of_the_database_are_printable() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let store = store(&url).await;
        let rows = "INSERT INTO sansgram_sessions VALUES \
            ('me', E'\x1b[2Jhost\n#1', 1, now() + interval '1 hour', 1, ''), (E'\x1b[2J', 'host', 1, NULL, 1, '')";
        cluster.execute(name, rows).await;
        let error = store.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).starts_with("the session me is in use by [2Jhost; disconnect"), "{error}");
        let list = store.list().await.unwrap();
        assert_eq!(list.len(), 1, "a name that no session can have is left out: {list:?}");
        assert_eq!(list[0].owner.as_ref().unwrap().0, "[2Jhost");
        let raises = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
            $$ BEGIN RAISE EXCEPTION E'no\x1b[2J'; END $$; \
            CREATE TRIGGER refuse BEFORE INSERT ON sansgram_sessions FOR EACH ROW EXECUTE FUNCTION refuse()";
        cluster.execute(name, raises).await;
        let error = store.session("new").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).contains("refuses a statement (no[2J, P0001); see the log"), "{error}");
    });
}

#[test]
#[ignore = "starts PostgreSQL"]
fn tables_of_another_program_are_refused() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let name = Cluster::name_of(&url);
        let store = store(&url).await;
        store.import("me", &StoredSession::default()).await.unwrap();
        cluster.execute(name, "ALTER TABLE sansgram_sessions ALTER COLUMN fence TYPE integer").await;
        let said = "the tables of the sessions in 127.0.0.1:";
        for error in
            [store.session("me").unwrap().acquire().await.unwrap_err(), store.list().await.unwrap_err()]
        {
            let error = sentence(&error);
            assert!(
                error.starts_with(said) && error.contains("are not those of sansgram (the column fence: ")
            );
        }
        cluster.execute(name, "ALTER TABLE sansgram_sessions ALTER COLUMN data TYPE text").await;
        assert!(sentence(&store.export("me").await.unwrap_err()).contains("(the column data: "));
        cluster.execute(name, "ALTER TABLE sansgram_layout ALTER COLUMN layout TYPE bigint").await;
        assert!(refusal(&url).await.contains("(the column max: "));
    });
}

/// The second host is asked although the first never answers.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_silent_host_leaves_time_for_the_next() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        // Connections beyond its queue are not even refused.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = silent.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
        }
        let both = url.replace("127.0.0.1:", &format!("127.0.0.1:{},127.0.0.1:", address.port()));
        store(&both).await;
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
