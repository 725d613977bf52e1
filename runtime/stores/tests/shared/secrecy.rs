//! What the database keeps shows no key, phone number or name of a user.

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{SendCodeOutcome, SignInOutcome};

use super::cluster::Cluster;
use super::{run, store};

/// Returns whether a text has these bytes, as they are or in hexadecimal digits.
fn shows(text: &[u8], secret: &[u8]) -> bool {
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    has(secret) || has(digits.as_bytes()) || has(digits.to_uppercase().as_bytes())
}

#[test]
#[ignore = "starts a database"]
fn what_the_database_keeps_shows_no_secret() {
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

        let texts = cluster.kept(&url).await;
        assert!(!texts.is_empty());
        let secrets = server.with_dcs(|dcs| dcs.secrets().clone());
        for text in &texts {
            let (mut keys, mut searched) = (0, 0);
            for key in session.keys.values() {
                // A part of a key would be enough.
                for part in key.auth_key.as_bytes().chunks(8) {
                    assert!(!shows(text, part));
                    keys += 1;
                }
            }
            for shown in ["9996620001", &user.first_name, &user.id.to_string(), "sansgram1:"] {
                assert!(!shows(text, shown.as_bytes()), "{shown}");
            }
            secrets.for_each(|secret, kind| {
                // A code of five digits is in any long text.
                if secret.len() >= 8 {
                    assert!(!shows(text, secret), "{kind}");
                    searched += 1;
                }
            });
            assert!(keys >= 32 && searched >= 2, "{keys} and {searched}");
        }
    });
}
