//! A server that cannot be used: one sentence that says what to do, without the password.

use super::cluster::{Cluster, PASSWORD};
use super::support::run;
use super::{Shared, checked, wait};

const LOGIN: &[&str] = &["login", "--bot-token", "1:sandbox"];
const LIST: &[&str] = &["sessions", "list"];

impl Shared {
    /// Asserts that the commands fail with these words if the database has this URL.
    #[track_caller]
    fn fails_at(&self, url: &str, words: &[&str]) {
        for args in [LOGIN, LIST] {
            let ran = checked(run(self.command(args).env("SANSGRAM_STORE", url)));
            ran.fails(words);
            assert!(ran.stderr.trim_end().lines().count() == 1 && !ran.stderr.ends_with(".\n"), "{ran:?}");
        }
    }
}

#[test]
#[ignore = "starts a database"]
fn wrong_urls_and_passwords() {
    let cluster = Cluster::shared();
    let shared = Shared::new(cluster);
    let refused =
        ["/0 refuses the user (a wrong name or password", "; check the user and the password in the URL"];
    shared.fails_at(&cluster.url("", "only-for-tests2", 0), &refused);
    shared.fails_at(&cluster.url("", PASSWORD, 5000), &["/5000 does not exist; name another number"]);
    let with_at = format!("redis://:{PASSWORD}@{PASSWORD}@127.0.0.1/0");
    shared.fails_at(&with_at, &["the URL of the server cannot be read (an @, /, ? or # in a name or"]);
    shared.fails_at("redis://127.0.0.1:1", &["127.0.0.1:1/0 cannot be reached (Connection refused"]);
}

#[test]
#[ignore = "starts a database"]
fn a_certificate_is_given_by_the_environment() {
    let (cluster, certificate) = Cluster::start_with_tls();
    let shared = Shared::new(&cluster);
    let url = shared.url.replace("redis://", "rediss://");
    shared.fails_at(&url, &["no TLS connection to the server", "set SSL_CERT_FILE to a file"]);
    let mut command = shared.command(LOGIN);
    command.env("SANSGRAM_STORE", &url).env("SSL_CERT_FILE", certificate);
    assert!(checked(run(&mut command)).ok().starts_with("Logged in as"));
}

#[test]
#[ignore = "starts a database"]
fn servers_and_users_that_are_of_no_use() {
    let cluster = Cluster::start();
    let shared = Shared::new(&cluster);
    let set = |words: &str| wait(cluster.run::<String>(&shared.url, words));
    set(&format!("ACL SETUSER sansgram on >{PASSWORD} +info"));
    let of_user = cluster.url("sansgram", PASSWORD, 0);
    let rights =
        ["the user may not do what is needed in", "let the server's owner run ACL SETUSER with its name"];
    shared.fails_at(&of_user, &rights);
    set(&format!("ACL SETUSER sansgram {}", sansgram_stores::redis::RIGHTS));
    assert_eq!(checked(run(shared.command(LIST).env("SANSGRAM_STORE", &of_user))).ok(), "");
    set("CONFIG SET maxmemory 1gb");
    set("CONFIG SET maxmemory-policy allkeys-lru");
    shared.fails_at(&shared.url, &["(maxmemory-policy allkeys-lru); set it to noeviction"]);
    set("CONFIG SET maxmemory 0");
    set("REPLICAOF 127.0.0.1 1");
    shared.fails_at(&shared.url, &["is a replica; connect to the primary server"]);
}
