//! What the database holds shows no key, phone number or name of a user.

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{SendCodeOutcome, SignInOutcome};

use super::cluster::Cluster;
use super::{run, store};

#[test]
#[ignore = "starts PostgreSQL"]
fn a_dump_and_the_log_show_no_secret() {
    run(async {
        let cluster = Cluster::start();
        let url = cluster.database().await;
        let store = store(&url).await;
        let server = TestServer::start(TestServerOptions::default()).unwrap();
        let client = sansgram_tokio::start(server.config(), store.session("me").unwrap()).await.unwrap();
        let SendCodeOutcome::CodeSent(sent) = client.send_code("9996620001").await.unwrap() else {
            panic!("a code is sent")
        };
        let SignInOutcome::LoggedIn(user) = client.sign_in(&sent, "22222").await.unwrap() else {
            panic!("no password is set")
        };
        client.disconnect().await;
        assert!(client.save_error().is_none());
        let session = store.export("me").await.unwrap().unwrap();
        assert_eq!(session.user.as_ref().unwrap().id, user.id);

        let (dump, log) = (cluster.dump(&url), cluster.log());
        assert!(dump.contains("sansgram_sessions") && dump.contains("\nme\t"), "{dump}");
        let secrets = server.with_dcs(|dcs| dcs.secrets().clone());
        let (mut keys, mut searched) = (0, 0);
        for text in [&dump, &log] {
            for key in session.keys.values() {
                let key = key.auth_key.as_bytes();
                // A part of a key would be enough, in any case.
                for part in key.chunks(8) {
                    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
                    assert!(!text.to_lowercase().contains(&hex));
                    keys += 1;
                }
            }
            for shown in ["9996620001", &user.first_name, &user.id.to_string(), "sansgram1:"] {
                assert!(!text.contains(shown), "{shown}");
            }
            secrets.for_each(|secret, kind| {
                // A code of five digits is in any long text.
                if secret.len() < 8 {
                    return;
                }
                let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
                let plain = String::from_utf8_lossy(secret);
                assert!(!text.contains(&*plain) && !text.contains(&hex), "{kind}");
                searched += 1;
            });
        }
        assert!(keys >= 64 && searched >= 4, "{keys} and {searched}");
    });
}
