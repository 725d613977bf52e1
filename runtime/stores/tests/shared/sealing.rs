//! Sealing keys: a wrong one, an old one, and a content of another version.

use std::time::Duration;

use sansgram_stores::{SealingKey, SealingKeys};
use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{LeasedStore, StoreError};

use super::cluster::Cluster;
use super::sentences::sentence;
use super::{KEY, Options, Store, run, store};

#[test]
#[ignore = "starts a database"]
fn a_wrong_sealing_key_overwrites_nothing_and_an_old_one_opens() {
    run(async {
        let cluster = Cluster::shared();
        let url = cluster.database().await;
        let session = StoredSession { api_id: Some(7), ..StoredSession::default() };
        store(&url).await.import("me", &session).await.unwrap();
        let before = cluster.content(&url).await;
        let other = || SealingKey::from_bytes(&[9; 32]);
        let with = async |keys| Store::connect(&url, keys, Options::default()).await.unwrap();
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
        assert_eq!(cluster.content(&url).await, before);

        let both = with(SealingKeys::new(other()).with_old(SealingKey::from_text(KEY).unwrap())).await;
        let acquired = both.session("me").unwrap().acquire().await.unwrap();
        assert_eq!(acquired.session.as_ref(), Some(&session));
        acquired.owned.save(&session).await.unwrap();
        acquired.owned.release().await.unwrap();
        assert_eq!(wrong.export("me").await.unwrap(), Some(session));

        // The content of an earlier version, or of another session.
        cluster.raise_version(&url).await;
        let said = sentence(&wrong.export("me").await.unwrap_err());
        assert!(said.contains("it is the content of another session or version"), "{said}");
    });
}
