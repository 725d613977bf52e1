//! Who owns a session: acquire, renew, lose, take over, release; and that a stale owner changes nothing.

use std::time::{Duration, Instant};

use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{Acquired, LeasedStore, SessionStore, StoreError};

use super::cluster::Cluster;
use super::way::Way;
use super::{Options, Store, keys, run, store};

const LEASE: Duration = Duration::from_secs(3);

fn session(api_id: i32) -> StoredSession {
    StoredSession { api_id: Some(api_id), ..StoredSession::default() }
}

async fn acquire(store: &Store, name: &str) -> Result<Acquired, StoreError> {
    store.session(name).unwrap().acquire().await
}

async fn short(url: &str, owner: &str) -> Store {
    let options = Options::default().with_lease(LEASE).with_owner(owner);
    Store::connect(url, keys(), options).await.unwrap()
}

/// Tries again until the session is free.
async fn take_over(store: &Store, name: &str) -> Acquired {
    loop {
        match acquire(store, name).await {
            Ok(acquired) => return acquired,
            Err(StoreError::Leased { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until the lease is over. Returns the reason.
async fn lost(acquired: &Acquired) -> String {
    let begin = Instant::now();
    loop {
        if let Some(error) = acquired.owned.lease().lost() {
            return error.to_string();
        }
        assert!(begin.elapsed() < LEASE * 5, "the lease goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
#[ignore = "starts a database"]
fn a_session_has_one_owner_and_keeps_what_is_saved() {
    run(async {
        let url = Cluster::shared().database().await;
        let (first, second) = (short(&url, "first").await, short(&url, "second").await);
        let owned = acquire(&first, "me").await.unwrap();
        assert!(owned.session.is_none());
        assert_eq!(owned.owned.lease().fence(), 1);
        let left = owned.owned.lease().remaining();
        assert!(left > LEASE / 2 && left <= LEASE / 10 * 9, "a tenth early: {left:?}");
        owned.owned.save(&session(1)).await.unwrap();
        owned.owned.save(&session(2)).await.unwrap();
        let error = acquire(&second, "me").await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Leased { session, owner, remaining }
            if session == "me" && owner == "first" && *remaining <= LEASE),
            "{error:?}"
        );
        let said = error.to_string();
        assert!(
            said.starts_with("the session me is in use by first; disconnect that client, or end"),
            "{said}"
        );
        let error = acquire(&first, "me").await.unwrap_err().to_string();
        assert!(error.starts_with("the session me is in use by another client of this process; "), "{error}");
        // Others are free.
        acquire(&second, "other").await.unwrap();

        owned.owned.release().await.unwrap();
        let next = acquire(&second, "me").await.unwrap();
        assert_eq!((next.session.unwrap().api_id, next.owned.lease().fence()), (Some(2), 2));
        // A dropped ownership is released, too.
        drop(next.owned);
        assert_eq!(take_over(&first, "me").await.owned.lease().fence(), 3);
    });
}

#[test]
#[ignore = "starts a database"]
fn all_sessions_are_given_up_at_once() {
    run(async {
        let url = Cluster::shared().database().await;
        let (first, second) = (short(&url, "first").await, short(&url, "second").await);
        let owned = acquire(&first, "me").await.unwrap();
        let dropped = acquire(&first, "other").await.unwrap();
        drop(dropped);
        first.release_all().await.unwrap();
        assert_eq!(owned.owned.lease().remaining(), Duration::ZERO, "its client sends nothing more");
        // Also what was dropped just before, for which no answer was waited.
        for name in ["me", "other"] {
            assert_eq!(acquire(&second, name).await.unwrap().owned.lease().fence(), 2);
        }
        let late = owned.owned.save(&session(1)).await.unwrap_err();
        assert!(matches!(late, StoreError::LeaseLost { .. }), "{late}");
        first.release_all().await.unwrap();
    });
}

#[test]
#[ignore = "starts a database"]
fn a_lease_is_renewed_for_as_long_as_it_is_owned() {
    run(async {
        let url = Cluster::shared().database().await;
        let (first, second) = (short(&url, "first").await, short(&url, "second").await);
        let owned = acquire(&first, "me").await.unwrap();
        let begin = Instant::now();
        while begin.elapsed() < LEASE * 2 {
            assert!(matches!(acquire(&second, "me").await, Err(StoreError::Leased { .. })));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(owned.owned.lease().remaining() > Duration::ZERO);
        owned.owned.save(&session(1)).await.unwrap();
    });
}

/// The owner's clock may say what it likes: the row says who owns the session.
#[test]
#[ignore = "starts a database"]
fn a_stale_owner_changes_nothing_and_learns_of_it() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let (first, second) = (store(&url).await, store(&url).await);
        let stale = acquire(&first, "me").await.unwrap();
        stale.owned.save(&session(1)).await.unwrap();
        cluster.end_lease(&url, "me").await;
        let owned = acquire(&second, "me").await.unwrap();
        assert_eq!(owned.session.as_ref().unwrap().api_id, Some(1));
        assert!(stale.owned.lease().remaining() > Duration::ZERO, "it believes that it owns the session");
        let error = stale.owned.save(&session(7)).await.unwrap_err();
        assert!(matches!(&error, StoreError::LeaseLost { session, .. } if session == "me"), "{error:?}");
        assert_eq!(stale.owned.lease().remaining(), Duration::ZERO);
        assert!(matches!(stale.owned.save(&session(8)).await, Err(StoreError::LeaseLost { .. })));
        // Its release frees nothing.
        stale.owned.release().await.unwrap();
        owned.owned.save(&session(2)).await.unwrap();
        assert_eq!(second.export("me").await.unwrap().unwrap().api_id, Some(2));
    });
}

/// The owner's name alone would do, since it is another one for each ownership; the number does not depend on that.
#[test]
#[ignore = "starts a database"]
fn each_statement_names_the_number_of_the_ownership() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let store = store(&url).await;
        let (saves, releases) =
            (acquire(&store, "saves").await.unwrap(), acquire(&store, "releases").await.unwrap());
        for name in ["saves", "releases"] {
            cluster.raise_fence(&url, name).await;
        }
        let error = saves.owned.save(&session(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
        releases.owned.release().await.unwrap();
        for name in ["saves", "releases"] {
            assert!(cluster.has_owner(&url, name).await, "nothing is changed");
            assert!(store.export(name).await.unwrap().is_none(), "nothing is changed");
        }
    });
}

/// The database has taken the session for a call that returned an error.
#[test]
#[ignore = "starts a database"]
fn a_session_whose_answer_was_lost_is_free_again_before_its_lease_ends() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let way = Way::to(cluster);
        let through = store(&way.of(&url)).await;
        way.cut_answers(true);
        let error = acquire(&through, "me").await.unwrap_err();
        assert!(error.to_string().contains("cannot be reached"), "{error}");
        assert!(cluster.has_owner(&url, "me").await);
        way.cut_answers(false);
        let begin = Instant::now();
        take_over(&store(&url).await, "me").await;
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    });
}

/// They share one attempt to connect: an attempt for each would make the last one wait for all.
#[test]
#[ignore = "starts a database"]
fn callers_that_wait_for_a_silent_database_get_an_error_in_time() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let way = Way::to(cluster);
        let store = short(&way.of(&url), "first").await;
        way.silence_for_good();
        let begin = Instant::now();
        let calls: Vec<_> = (0..20).map(|_| store.clone()).collect();
        let calls: Vec<_> =
            calls.into_iter().map(|store| tokio::spawn(async move { store.list().await })).collect();
        for call in calls {
            let error = call.await.unwrap().unwrap_err().to_string();
            assert!(error.contains("cannot be reached (it does not answer)"), "{error}");
        }
        // A statement, then an attempt of 2 s that began before the call, and another one.
        assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    });
}

#[test]
#[ignore = "starts a database"]
fn a_renewal_finds_that_a_session_is_lost() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let store = short(&url, "first").await;
        let (lost_one, kept) = (acquire(&store, "me").await.unwrap(), acquire(&store, "you").await.unwrap());
        cluster.raise_fence(&url, "me").await;
        assert!(lost(&lost_one).await.contains("another client has taken it"));
        assert!(kept.owned.lease().remaining() > Duration::ZERO);
    });
}

#[test]
#[ignore = "starts a database"]
fn one_statement_renews_all_leases_of_a_process() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = short(&url, "first").await;
        let mut owned = Vec::new();
        for number in 0..100 {
            owned.push(acquire(&store, &format!("session {number}")).await.unwrap());
        }
        let count = cluster.count_renewals(LEASE * 2).await;
        assert!((4..=7).contains(&count), "{count} renewals in two leases");
        assert!(owned.iter().all(|it| it.owned.lease().remaining() > Duration::ZERO));
    });
}

#[test]
#[ignore = "starts a database"]
fn a_database_that_is_killed_and_restarted_costs_no_lease() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let options = Options::default().with_lease(Duration::from_secs(20));
        let store = Store::connect(&url, keys(), options).await.unwrap();
        let owned = acquire(&store, "me").await.unwrap();
        for api_id in 1..=3 {
            cluster.kill();
            while let Err(error) = owned.owned.save(&session(api_id)).await {
                assert!(matches!(error, StoreError::Other(_)), "{error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(owned.owned.lease().remaining() > Duration::ZERO);
        assert_eq!(store.export("me").await.unwrap().unwrap().api_id, Some(3));
    });
}

/// The way to the database falls silent without a word, as by a firewall that has forgotten a connection.
#[test]
#[ignore = "starts a database"]
fn a_silent_connection_is_replaced_before_the_lease_ends() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let way = Way::to(cluster);
        let through = way.of(&url);
        let store = short(&through, "first").await;
        let owned = acquire(&store, "me").await.unwrap();
        for api_id in 1..=3 {
            way.silence();
            tokio::time::sleep(LEASE).await;
            assert!(owned.owned.lease().remaining() > Duration::ZERO);
            owned.owned.save(&session(api_id)).await.unwrap();
        }
        assert!(way.connections() > 3, "{}", way.connections());
    });
}

#[test]
#[ignore = "starts a database"]
fn a_database_that_stays_away_ends_the_lease() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = short(&url, "first").await;
        let owned = acquire(&store, "me").await.unwrap();
        drop(cluster);
        assert!(lost(&owned).await.contains("not renewed in time"));
        let error = owned.owned.save(&session(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    });
}

#[test]
#[ignore = "starts a database"]
fn sessions_are_listed_exported_and_imported() {
    run(async {
        let url = Cluster::shared().database().await;
        let store = store(&url).await;
        assert_eq!(store.list().await.unwrap(), []);
        store.import("b", &session(1)).await.unwrap();
        store.import("a", &session(2)).await.unwrap();
        let error = store.import("a", &session(3)).await.unwrap_err();
        assert_eq!(error.to_string(), "there is a session a already; import under another name");
        let empty = StoredSession::default();
        for session in [&empty, &empty, &session(4)] {
            store.import("d", session).await.unwrap();
        }
        assert_eq!(store.export("a").await.unwrap().unwrap().api_id, Some(2));
        assert!(store.export("c").await.unwrap().is_none());
        let owned = acquire(&store, "b").await.unwrap();
        let list = store.list().await.unwrap();
        let names: Vec<_> =
            list.iter().map(|it| (it.name.as_str(), it.version, it.owner.is_some())).collect();
        assert_eq!(names, [("a", 1, false), ("b", 1, true), ("d", 3, false)]);
        assert!(list[1].owner.as_ref().unwrap().0.starts_with("process "), "{list:?}");
        assert!(matches!(store.import("b", &session(4)).await, Err(StoreError::Leased { .. })));
        drop(owned);
        for wrong in ["", "zero\0", "bell\u{7}", "mark\u{202e}", &"x".repeat(201)] {
            assert!(
                store.session(wrong).unwrap_err().to_string().contains("cannot be the name of a session")
            );
        }
    });
}

/// For programs that are not async.
#[test]
#[ignore = "starts a database"]
fn a_session_is_read_and_replaced_without_a_runtime() {
    let store = run(async { store(&Cluster::shared().database().await).await });
    let me = store.session("me").unwrap();
    assert!(me.load().unwrap().is_none());
    me.save(&session(5)).unwrap();
    me.save(&session(6)).unwrap();
    assert_eq!(me.load().unwrap().unwrap().api_id, Some(6));
    let owned = run(acquire(&store, "me")).unwrap();
    assert!(matches!(me.save(&session(7)), Err(StoreError::Leased { .. })));
    drop(owned);
}
