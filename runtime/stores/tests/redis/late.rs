//! Commands that arrive late: they went over a connection that hung, and were given up or repeated over another one.

use sansgram_tokio::LeasedStore;
use sansgram_tokio::core::client::StoredSession;

use super::cluster::Cluster;
use super::{run, store};

/// Whether the session was taken, the number of the ownership, the version and the content.
type Answer = (u32, u64, u64, Option<Vec<u8>>);

/// Returns the command again, with other words at these places.
fn again(words: &[Vec<u8>], others: &[(usize, &[u8])]) -> redis::Cmd {
    let mut words = words.to_vec();
    for (place, word) in others {
        words[*place] = word.to_vec();
    }
    let mut command = redis::Cmd::new();
    command.arg(words);
    command
}

#[test]
#[ignore = "starts a database"]
fn a_second_copy_of_the_command_that_took_a_session_disturbs_no_one() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = store(&url).await;
        let mut monitor = cluster.monitor();
        let session = store.session("me").unwrap();
        let owned = session.acquire().await.unwrap();
        let copy = again(&monitor.next("SADD"), &[]);
        let (taken, fence, version, content): Answer = cluster.command(&url, &copy).await;
        assert_eq!((taken, fence, version, content), (1, 1, 0, None), "the number of the ownership stays");
        owned.owned.save(&StoredSession::default()).await.unwrap();
        // Of a later owner, it takes nothing.
        owned.owned.release().await.unwrap();
        let next = session.acquire().await.unwrap();
        let (taken, ..): (u32, Vec<u8>, u64) = cluster.command(&url, &copy).await;
        assert_eq!(taken, 0);
        next.owned.save(&StoredSession::default()).await.unwrap();
        assert_eq!(next.owned.lease().fence(), 2);
    });
}

#[test]
#[ignore = "starts a database"]
fn an_earlier_save_that_arrives_late_changes_nothing() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = store(&url).await;
        let owned = store.session("me").unwrap().acquire().await.unwrap();
        let mut monitor = cluster.monitor();
        for api_id in 1..=3 {
            let session = StoredSession { api_id: Some(api_id), ..StoredSession::default() };
            owned.owned.save(&session).await.unwrap();
        }
        let first = monitor.next("ARGV[4])");
        assert_eq!(first[6], b"1", "its version");
        assert_eq!(cluster.command::<u32>(&url, &again(&first, &[])).await, 0);
        assert_eq!(store.export("me").await.unwrap().unwrap().api_id, Some(3));
        assert_eq!(cluster.command::<u32>(&url, &again(&first, &[(6, b"4")])).await, 1);
        assert!(store.export("me").await.is_err(), "that is the command");
    });
}
