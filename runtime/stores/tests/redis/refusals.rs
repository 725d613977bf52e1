//! A server or a key that cannot be used: one sentence that says what to do, and nothing is overwritten.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{LeasedStore, StoreError};

use super::cluster::{Cluster, PASSWORD};
use super::sentences::{refusal, sentence};
use super::{Options, Store, keys, run, store};

#[test]
#[ignore = "starts a database"]
fn urls_that_lead_nowhere() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let place = format!("127.0.0.1:{}", cluster.port());
        let said = refusal("mysql://me:only-for-tests@host/0").await;
        assert!(said.starts_with("the URL of the server cannot be read (it does not begin with redis://"));
        assert!(
            said.ends_with("write redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS"),
            "{said}"
        );
        let wrong = "a wrong name or password, or a user that is off";
        for (url, reason) in [
            (cluster.url("", "wrong", 0), wrong),
            (cluster.url("nobody", PASSWORD, 0), wrong),
            (format!("redis://{place}"), "it wants a password"),
        ] {
            let login = format!(
                "the server {place}/0 refuses the user ({reason}); check the user and the password in the URL"
            );
            assert_eq!(refusal(&url).await, login);
        }
        let said = refusal(&cluster.url("", PASSWORD, 5000)).await;
        assert_eq!(
            said,
            format!("the database {place}/5000 does not exist; name another number in the URL, or none")
        );
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said = refusal(&format!("redis://:only-for-tests@127.0.0.1:{closed}")).await;
        assert!(said.contains("/0 cannot be reached (Connection refused"), "{said}");
        let said = refusal(&url.replace("redis://", "rediss://")).await;
        assert!(said.starts_with(&format!("no TLS connection to the server {place}/")), "{said}");
    });
}

/// What follows one of these characters would be taken for the host, the port or an option.
#[test]
fn no_part_of_a_password_is_shown() {
    run(async {
        for url in [
            "redis://me:only@for-tests@127.0.0.1:1/0",
            "redis://me:only/for-tests@127.0.0.1:1/0",
            "redis://me:1/for-tests@127.0.0.1:1/0",
            "redis://me:1?for-tests@127.0.0.1:1/0",
            "redis://me:1#for-tests@127.0.0.1:1/0",
            "redis://me:only:for-tests/0",
            "redis://me:only@127.0.0.1:for-tests/0",
            "redis://me:only@127.0.0.1:1/for-tests",
        ] {
            let said = refusal(url).await;
            assert!(said.starts_with("the URL of the server cannot be read"), "{said}");
            assert!(!said.contains("only") && !said.contains("for-tests"), "{said}");
        }
        let said = refusal("redis://me:only@for-tests@127.0.0.1:1/0").await;
        assert!(said.contains("(an @, /, ? or # in a name or password must be written %40, "), "{said}");
        // Written so, it is read.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("redis://me:only%40%2Ffor-tests@127.0.0.1:{closed}/1");
        let said = refusal(&url).await;
        assert!(said.starts_with(&format!("the server 127.0.0.1:{closed}/1 cannot be reached")), "{said}");
    });
}

/// A server that answers all commands with this line.
fn answering(line: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = format!("{line}\r\n").repeat(4);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            // All that the client sends at first, and nothing later.
            if stream.read(&mut buffer).is_ok_and(|len| len > 0) {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    port
}

/// A refused login has many reasons, and only some are the user's or the password's. A proxy, or a server whose commands
/// have other names, repeats what it was sent.
#[test]
fn each_refusal_of_a_login_is_said_and_none_has_the_password() {
    run(async {
        let url = |port: u16| format!("redis://me:{PASSWORD}@127.0.0.1:{port}/3");
        for (answer, words) in [
            (
                format!("-ERR unknown command 'AUTH', with args beginning with: 'me' '{PASSWORD}'"),
                "refuses the user (it takes no password); check the user and the password",
            ),
            (format!("-{PASSWORD} no"), "refuses the user (it takes no password)"),
            (
                "-ERR AUTH <password> called without any password configured for the default user.".into(),
                "refuses the user (it has no password for the default user); check",
            ),
            (
                "-ERR max number of clients reached".into(),
                "/3 cannot be reached (max number of clients reached); check",
            ),
            (
                "-LOADING Redis is loading the dataset in memory".into(),
                "/3 cannot be reached (Redis is loading the dataset in memory); check",
            ),
            (
                "-DENIED Redis is running in protected mode because it is. 1) Do this. 2) Do that.".into(),
                "has no password (protected-mode); set one there (requirepass), and in the URL",
            ),
            (format!("-LOADING {PASSWORD}"), "/3 cannot be reached (…); check"),
            (format!("-NOPERM {PASSWORD}"), "may not do what is needed in 127.0.0.1:"),
            (format!("+{PASSWORD}"), "127.0.0.1:"),
        ] {
            let said = refusal(&url(answering(&answer))).await;
            assert!(said.contains(words), "{answer}: {said}");
        }
        // Without a password, the first refusal is that of the database.
        let port = answering("-ERR max number of clients reached");
        let said = refusal(&format!("redis://127.0.0.1:{port}/3")).await;
        assert!(said.contains("/3 cannot be reached (max number of clients reached)"), "{said}");
    });
}

#[test]
fn a_lease_has_limits() {
    run(async {
        for lease in [Duration::ZERO, Duration::from_millis(1999), Duration::from_secs(3601)] {
            let options = Options::default().with_lease(lease);
            let error = Store::connect("redis://127.0.0.1:1", keys(), options).await.unwrap_err();
            assert!(sentence(&error).ends_with("choose 2 s to 1 h"), "{error}");
        }
    });
}

#[test]
#[ignore = "starts a database"]
fn a_server_that_removes_sessions_when_its_memory_is_full() {
    run(async {
        let cluster = Cluster::start_with(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
        let url = cluster.database().await;
        let said = refusal(&url).await;
        assert!(
            said.contains("(maxmemory-policy allkeys-lru); set it to noeviction, or use another"),
            "{said}"
        );
        cluster.run::<String>(&url, "CONFIG SET maxmemory-policy volatile-lru").await;
        store(&url).await;
    });
}

#[test]
#[ignore = "starts a database"]
fn a_full_memory_overwrites_nothing_and_costs_no_lease() {
    run(async {
        const LEASE: Duration = Duration::from_secs(3);
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = Store::connect(&url, keys(), Options::default().with_lease(LEASE)).await.unwrap();
        let owned = store.session("me").unwrap().acquire().await.unwrap();
        let session = StoredSession { api_id: Some(7), ..StoredSession::default() };
        owned.owned.save(&session).await.unwrap();
        cluster.run::<String>(&url, "CONFIG SET maxmemory 1").await;
        for error in [
            owned.owned.save(&StoredSession::default()).await.unwrap_err(),
            store.session("new").unwrap().acquire().await.unwrap_err(),
        ] {
            assert!(
                sentence(&error).ends_with("is full; raise its maxmemory, or make room in it"),
                "{error}"
            );
        }
        assert_eq!(store.export("me").await.unwrap(), Some(session));
        assert_eq!(store.list().await.unwrap().len(), 1);
        // A process that connects now can still renew, and give back.
        tokio::time::sleep(LEASE * 2).await;
        assert!(owned.owned.lease().remaining() > Duration::ZERO);
        owned.owned.release().await.unwrap();
        Store::connect(&url, keys(), Options::default()).await.unwrap();
        cluster.run::<String>(&url, "CONFIG SET maxmemory 0").await;
        assert_eq!(store.session("me").unwrap().acquire().await.unwrap().owned.lease().fence(), 2);
    });
}

#[test]
#[ignore = "starts a database"]
fn keys_of_another_program_are_left_as_they_are() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let store = Store::connect(&url, keys(), Options::default().with_lease(Duration::from_secs(2)));
        let store = store.await.unwrap();
        let kept = store.session("kept").unwrap().acquire().await.unwrap();
        let replaced = store.session("me").unwrap().acquire().await.unwrap();
        cluster.run::<String>(&url, "SET {sansgram}:session:me another").await;
        let refused = |error: &StoreError| {
            let said = sentence(error);
            assert!(said.starts_with("a key that begins with {sansgram}: in 127.0.0.1:"), "{said}");
            assert!(said.ends_with("; use another database"), "{said}");
        };
        refused(&store.session("me").unwrap().acquire().await.unwrap_err());
        refused(&replaced.owned.save(&StoredSession::default()).await.unwrap_err());
        refused(&store.list().await.unwrap_err());
        refused(&store.export("me").await.unwrap_err());
        // Other sessions are renewed all the same.
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(kept.owned.lease().remaining() > Duration::ZERO);
        assert!(replaced.owned.lease().lost().is_some());
        replaced.owned.release().await.unwrap();
        assert_eq!(cluster.run::<String>(&url, "GET {sansgram}:session:me").await, "another");

        for field in ["fence", "version", "expires_at", "lease"] {
            // Some are numbers for Lua. It counts to 2^53.
            for wrong in ["x", "-1", "0.5", "nan", "inf", "1e300", "9007199254740993"] {
                cluster
                    .run::<u32>(&url, &format!("HSET {{sansgram}}:session:odd owner a {field} {wrong}"))
                    .await;
                let error = store.session("odd").unwrap().acquire().await.err();
                refused(&error.unwrap_or_else(|| panic!("{field} {wrong}")));
                let fields: Vec<String> = cluster.run(&url, "HGETALL {sansgram}:session:odd").await;
                assert_eq!(fields, ["owner", "a", field, wrong]);
                cluster.run::<u32>(&url, "DEL {sansgram}:session:odd").await;
            }
        }
        cluster.run::<u32>(&url, "HSET {sansgram}:server layout 2").await;
        let said = refusal(&url).await;
        assert!(said.ends_with("have the layout 2, and this version knows 1; use a later version"), "{said}");
        cluster.run::<u32>(&url, "DEL {sansgram}:server").await;
        cluster.run::<String>(&url, "SET {sansgram}:server another").await;
        assert!(refusal(&url).await.starts_with("a key that begins with {sansgram}: in 127.0.0.1:"));
    });
}

/// Other programs may write to the database, and a server may be anyone's.
#[test]
#[ignore = "starts a database"]
fn texts_of_the_database_are_printable() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let store = store(&url).await;
        let owner = "HSET {sansgram}:session:me owner \x1b[2Jhost\n#1 fence 1 expires_at 9999999999999";
        cluster.run::<u32>(&url, owner).await;
        cluster.run::<u32>(&url, "HSET {sansgram}:session:\x1b[2J fence 1").await;
        let mut add = redis::cmd("SADD");
        add.arg("{sansgram}:sessions").arg("me").arg("\x1b[2J").arg("gone").arg(&[0xff_u8][..]);
        cluster.command::<u32>(&url, &add).await;
        let error = store.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).starts_with("the session me is in use by [2Jhost; disconnect"), "{error}");
        let list = store.list().await.unwrap();
        assert_eq!(list.len(), 1, "a name that no session can have is left out: {list:?}");
        assert_eq!(list[0].owner.as_ref().unwrap().0, "[2Jhost");
    });
}

#[test]
#[ignore = "starts a database"]
fn a_user_needs_few_rights() {
    run(async {
        let cluster = Cluster::start();
        let admin = cluster.database().await;
        let allow = |rights: &str| format!("ACL SETUSER sansgram reset on >{PASSWORD} {rights}");
        let url = cluster.url("sansgram", PASSWORD, 0);
        for right in sansgram_stores::redis::RIGHTS.split(' ').skip(1) {
            let others: Vec<_> =
                sansgram_stores::redis::RIGHTS.split(' ').filter(|it| *it != right).collect();
            cluster.run::<String>(&admin, &allow(&others.join(" "))).await;
            let refused = async {
                let store = Store::connect(&url, keys(), Options::default()).await?;
                let owned = store.session(right)?.acquire().await?.owned;
                owned.save(&StoredSession::default()).await?;
                owned.release().await?;
                store.list().await?;
                store.export(right).await
            };
            let said = sentence(&refused.await.unwrap_err());
            assert!(said.starts_with("the user may not do what is needed in 127.0.0.1:"), "{right}: {said}");
        }
        cluster.run::<String>(&admin, &allow(sansgram_stores::redis::RIGHTS)).await;
        let store = store(&url).await;
        store.import("me", &StoredSession::default()).await.unwrap();
        assert_eq!(store.export("me").await.unwrap(), Some(StoredSession::default()));
        // A renewal that is refused is no loss: another one follows.
        let owned = store.session("me").unwrap().acquire().await.unwrap().owned;
        let options = Options::default().with_lease(Duration::from_secs(3));
        let short = Store::connect(&url, keys(), options).await.unwrap();
        let renewed = short.session("short").unwrap().acquire().await.unwrap().owned;
        cluster.run::<String>(&admin, "ACL SETUSER sansgram -hmget").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(renewed.lease().lost().is_none(), "{:?}", renewed.lease().lost());
        let error = renewed.release().await.unwrap_err();
        assert!(sentence(&error).starts_with("the user may not do what is needed"), "{error}");
        cluster.run::<String>(&admin, "ACL SETUSER sansgram +hmget").await;
        owned.release().await.unwrap();
        // Without the last of its commands, the script that takes a session takes nothing.
        let list = store.list().await.unwrap();
        assert!(list.iter().all(|it| !["+sadd", "+hset"].contains(&it.name.as_str())), "{list:?}");
    });
}

#[test]
#[ignore = "starts a database"]
fn a_server_that_becomes_a_replica_is_left() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = store(&url).await;
        store.import("me", &StoredSession::default()).await.unwrap();
        cluster.run::<String>(&url, "REPLICAOF 127.0.0.1 1").await;
        let error = store.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).ends_with("is a replica; connect to the primary server"), "{error}");
        cluster.run::<String>(&url, "REPLICAOF NO ONE").await;
        cluster.run::<String>(&url, "CONFIG SET min-replicas-to-write 1").await;
        let error = store.session("me").unwrap().acquire().await.unwrap_err();
        assert!(sentence(&error).contains("has fewer replicas than its min-replicas-to-write"), "{error}");
    });
}

#[test]
#[ignore = "starts a database"]
fn a_certificate_is_checked() {
    run(async {
        let (cluster, certificate) = Cluster::start_with_tls();
        let url = cluster.database().await.replace("redis://", "rediss://");
        let said = refusal(&url).await;
        assert!(
            said.starts_with("no TLS connection to the server") && said.contains("UnknownIssuer"),
            "{said}"
        );
        let with = |file: &Path| Options::default().with_root_certificates(file);
        let store = Store::connect(&url, keys(), with(&certificate)).await.unwrap();
        assert_eq!(store.list().await.unwrap(), []);
        let elsewhere = url.replace("127.0.0.1", "localhost");
        let error = Store::connect(&elsewhere, keys(), with(&certificate)).await.unwrap_err();
        assert!(sentence(&error).contains("certificate not valid for name \"localhost\""), "{error}");
        let error = Store::connect(&url, keys(), with(&certificate.with_extension("no"))).await;
        assert!(sentence(&error.unwrap_err()).ends_with("give a file in PEM"));
        let said = refusal(&url.replace("rediss://", "redis://")).await;
        assert!(said.contains("cannot be reached (") && said.ends_with("wants TLS (rediss://)"), "{said}");
    });
}
