//! A database that cannot be used: one sentence that says what to do, without the password.

use super::cluster::Cluster;
use super::support::run;
use super::{KEY, PASSWORD, Shared, checked, wait};

const LOGIN: &[&str] = &["login", "--bot-token", "1:sandbox"];
const LIST: &[&str] = &["sessions", "list"];

impl Shared {
    /// Asserts that the commands fail with these words if the database has this URL.
    #[track_caller]
    fn fails_at(&self, url: &str, commands: &[&[&str]], words: &[&str]) {
        for args in commands {
            let ran = checked(run(self.command(args).env("SANSGRAM_STORE", url)));
            ran.fails(words);
            assert!(ran.stderr.trim_end().lines().count() == 1 && !ran.stderr.ends_with(".\n"), "{ran:?}");
        }
    }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn wrong_passwords_and_databases() {
    let shared = super::shared();
    let cluster = Cluster::shared();
    let refused =
        ["refuses the user (password authentication failed", "check the user and the password in the URL"];
    shared.fails_at(&cluster.url("postgres", "only-for-tests2", "postgres"), &[LOGIN, LIST], &refused);
    let missing = cluster.url("postgres", PASSWORD, "missing");
    shared.fails_at(&missing, &[LOGIN, LIST], &["/missing does not exist; create it (CREATE DATABASE)"]);
    let with_tls = format!("{}?sslmode=require", shared.url);
    let no_tls = ["no TLS connection to the database", "turn it on there", "sslmode=disable"];
    shared.fails_at(&with_tls, &[LOGIN, LIST], &no_tls);
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_certificate_is_given_by_the_environment() {
    let shared = super::shared();
    let (cluster, certificate) = Cluster::start_with_tls();
    let url = format!("{}?sslmode=require", wait(cluster.database()));
    shared.fails_at(&url, &[LOGIN], &["no TLS connection to the database", "set SSL_CERT_FILE to a file"]);
    let mut command = shared.command(LOGIN);
    command.env("SANSGRAM_STORE", &url).env("SSL_CERT_FILE", certificate);
    assert!(checked(run(&mut command)).ok().starts_with("Logged in as"));
}

#[test]
#[ignore = "starts PostgreSQL"]
fn missing_rights_and_tables() {
    let shared = super::shared();
    let cluster = Cluster::shared();
    let name = super::database(&shared);
    let role = format!("{name}_user");
    wait(cluster.execute(name, &format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")));
    let of_user = cluster.url(&role, PASSWORD, name);
    let rights = [
        "cannot be used or created",
        "run \"sansgram sessions list\" once as the owner of the database",
        "grant SELECT, INSERT and UPDATE on sansgram_layout and sansgram_sessions to this user",
    ];
    shared.fails_at(&of_user, &[LOGIN, LIST], &rights);
    // As it says.
    shared.run(LIST).ok();
    let grant = format!("GRANT SELECT, INSERT, UPDATE ON sansgram_layout, sansgram_sessions TO {role}");
    wait(cluster.execute(name, &grant));
    let logged_in = checked(run(shared.command(LOGIN).env("SANSGRAM_STORE", &of_user)));
    assert!(logged_in.ok().starts_with("Logged in as"));

    wait(cluster.execute(name, "DROP TABLE sansgram_sessions"));
    let gone = [
        "the table sansgram_sessions in 127.0.0.1:",
        " is gone; restore it",
        "drop the table sansgram_layout",
    ];
    shared.fails_at(&shared.url, &[LOGIN, LIST, &["whoami"]], &gone);
    wait(cluster.execute(name, "DROP TABLE sansgram_layout"));
    shared.run(LIST).ok();
    wait(cluster.execute(name, "UPDATE sansgram_layout SET layout = 2"));
    shared.fails_at(
        &shared.url,
        &[LOGIN, LIST],
        &["have the layout 2, and this version knows 1; use a later version"],
    );
}

/// A replica refuses writes like this. What needs none works.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_read_only_database() {
    let shared = super::shared();
    shared.log_in("sansgram");
    let name = super::database(&shared);
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    wait(Cluster::shared().execute(name, &read_only));
    let sentence = ["is read-only; connect to the primary server, not to a replica"];
    shared.fails_at(&shared.url, &[LOGIN, &["whoami"], &["listen"], &["logout"]], &sentence);
    assert!(shared.run(LIST).ok().starts_with("sansgram: bot 1 on DC 2"));
    shared.run(&["sessions", "show"]).ok();
    shared.run(&["sessions", "export", "--to", "telethon"]).ok();
}

#[test]
#[ignore = "starts PostgreSQL"]
fn another_sealing_key() {
    let shared = super::shared();
    shared.log_in("sansgram");
    for args in [LOGIN, &["whoami"], &["sessions", "show"], &["sessions", "export", "--to", "telethon"]] {
        let mut command = shared.command(args);
        let ran = checked(run(command.env("SANSGRAM_STORE_KEY", KEY.replace('A', "B"))));
        ran.fails(&[
            "the session sansgram is left as it is: it is sealed under another key",
            "SANSGRAM_STORE_KEY",
        ]);
    }
    shared.run(&["whoami"]).ok();
}
