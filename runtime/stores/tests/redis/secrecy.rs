//! What the server holds shows no key, phone number or name of a user.

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{SendCodeOutcome, SignInOutcome};

use super::cluster::Cluster;
use super::{run, store};

/// Returns whether the bytes have this part.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
#[ignore = "starts a database"]
fn the_files_of_the_server_show_no_secret() {
    run(async {
        // Compressed texts could not be searched.
        let cluster = Cluster::start_with(&["--rdbcompression", "no"]);
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

        cluster.run::<String>(&url, "SAVE").await;
        // The snapshot, the append-only file with each command, and the log.
        let files = cluster.files();
        assert!(has(&files, b"{sansgram}:session:me") && has(&files, b"REDIS") && has(&files, b"HSET"));
        let secrets = server.with_dcs(|dcs| dcs.secrets().clone());
        let (mut keys, mut searched) = (0, 0);
        for key in session.keys.values() {
            // A part of a key would be enough.
            for part in key.auth_key.as_bytes().chunks(8) {
                assert!(!has(&files, part));
                keys += 1;
            }
        }
        for shown in ["9996620001", &user.first_name, &user.id.to_string(), "sansgram1:"] {
            assert!(!has(&files, shown.as_bytes()), "{shown}");
        }
        secrets.for_each(|secret, kind| {
            // A code of five digits is in any long text.
            if secret.len() >= 8 {
                assert!(!has(&files, secret), "{kind}");
                searched += 1;
            }
        });
        assert!(keys >= 32 && searched >= 2, "{keys} and {searched}");
    });
}
