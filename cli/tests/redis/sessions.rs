//! A login, a list, an import and an owner, as with PostgreSQL; and a server that was started again.

use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::Cluster;
use super::support::run;
use super::{KEY, Shared, checked, wait};

#[test]
#[ignore = "starts a database"]
fn from_login_to_logout() {
    let shared = Shared::new(Cluster::shared());
    for runtime in ["tokio", "smol"] {
        let run = |args: &[&str]| shared.run(&[args, &["--runtime", runtime]].concat());
        let logged_in = run(&["login", "--bot-token", "1:sandbox"]);
        assert!(logged_in.ok().starts_with("Logged in as"), "{logged_in:?}");
        assert_eq!(logged_in.stderr, format!("The session is stored as sansgram in {}.\n", shared.place()));
        assert!(run(&["whoami"]).ok().contains("bot 1 on DC 2"));
        assert!(shared.run(&["sessions", "list"]).ok().starts_with("sansgram: bot 1 on DC 2"));
        assert_eq!(run(&["logout"]).ok(), "Logged out.\n");
        run(&["whoami"]).fails(&["no user is logged in", "log in with \"sansgram login\","]);
    }
}

#[test]
#[ignore = "starts a database"]
fn a_session_is_copied_once() {
    let shared = Shared::new(Cluster::shared());
    shared.log_in("me");
    let exported = shared.run(&["sessions", "export", "--session", "me", "--to", "sansgram"]);
    let text = exported.ok().trim().to_owned();
    let import = ["sessions", "import", "--from", &text, "--session", "copy"];
    shared.run(&import).ok();
    let exists = format!("the session copy in {} already exists and was not changed", shared.place());
    shared.run(&import).fails(&[&exists, "replace it with --replace"]);
    shared.run(&[&import[..], &["--replace"]].concat()).ok();
    assert_eq!(shared.run(&["sessions", "list"]).ok().lines().count(), 2);
    let other =
        |args: &[&str]| checked(run(shared.command(args).env("SANSGRAM_STORE_KEY", KEY.replace('A', "B"))));
    assert!(other(&["sessions", "list"]).ok().contains("copy: sealed under another key\n"));
    other(&["whoami", "--session", "me"]).fails(&[
        "the session me is left as it is: it is sealed under another key",
        "SANSGRAM_STORE_KEY or by --store-key-file",
    ]);
}

#[test]
#[ignore = "starts a database"]
fn the_owner_is_named_and_gives_its_session_back() {
    let shared = Shared::new(Cluster::shared());
    shared.log_in("me");
    let mut listener = shared.command(&["listen", "--session", "me"]).spawn().unwrap();
    let mut stdout = BufReader::new(listener.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("updates.state"), "{line}");
    let owner = format!("the session me is in use by process {} on ", listener.id());
    shared.run(&["whoami", "--session", "me"]).fails(&[&owner, "; stop it, or try again in "]);
    kill_process(Pid::from_child(&listener), Signal::TERM).unwrap();
    assert!(listener.wait().unwrap().success());
    shared.run(&["whoami", "--session", "me"]).ok();
}

#[test]
#[ignore = "starts a database"]
fn a_server_that_was_started_again_is_waited_for() {
    let cluster = Cluster::start();
    let shared = Shared::new(&cluster);
    shared.log_in("me");
    cluster.kill();
    wait(cluster.run::<String>(&shared.url, "PING"));
    shared.run(&["whoami", "--session", "me"]).fails(&[
        "the session me is in use by an owner that the server may have forgotten when it was started again",
        "try again in ",
    ]);
    assert!(shared.run(&["sessions", "list"]).ok().starts_with("me: bot 1 on DC 2"));
}
