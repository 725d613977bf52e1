//! One process has a session; the others are told who, and have it as soon as that one ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sansgram_testkit::Answer;
use sansgram_testkit::accounts::IncomingCall;

use super::cluster::Cluster;
use super::{Shared, wait};

/// The longest wait for a call to arrive.
const LIMIT: Duration = Duration::from_secs(30);

/// A command that runs until it gets a signal.
struct Running {
    child: Child,
    /// It ends once nothing reads it.
    _stdout: Option<ChildStdout>,
}

impl Running {
    /// Starts `listen` on the session `me`, and waits for its first line.
    fn listening(shared: &Shared) -> Self {
        let mut child = shared.command(&["listen", "--session", "me"]).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("updates.state"), "{line}");
        Self { child, _stdout: Some(stdout.into_inner()) }
    }

    /// Starts a call that the server does not answer, and waits until the server has it.
    fn calling(shared: &Shared, args: &[&str]) -> Self {
        let (sender, arrived) = mpsc::channel();
        let silent = move |_: &mut IncomingCall, _: &[u8]| {
            let _ = sender.send(());
            Answer::Silence
        };
        let handler = shared.server.served.on_method("help.getConfig", silent).unwrap();
        let call = ["call", "help.getConfig", "--session", "me"];
        let child = shared.command(&[&call, args].concat()).spawn().unwrap();
        arrived.recv_timeout(LIMIT).unwrap();
        handler.remove();
        Self { child, _stdout: None }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end. Returns the exit code and standard error.
    fn ends(self) -> (Option<i32>, String) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn the_owner_is_named_and_its_session_can_still_be_read() {
    let shared = super::shared();
    shared.log_in("me");
    let file = shared.run(&["sessions", "export", "--session", "me", "--to", "sansgram"]);
    let listener = Running::listening(&shared);
    let owner = format!("in use by process {} on ", listener.child.id());
    let in_use = ["the session me is ", &owner, "; stop it, or try again in "];
    for command in [
        &["whoami", "--session", "me"][..],
        &["call", "help.getConfig", "--session", "me"],
        &["logout", "--session", "me"],
        &["login", "--session", "me"],
        &["sessions", "import", "--from", file.ok().trim(), "--session", "me", "--replace"],
    ] {
        shared.run(command).fails(&in_use);
    }
    let listed = shared.run(&["sessions", "list"]);
    assert!(listed.ok().starts_with("me: bot 1 on DC 2 of the server at 127.0.0.1:"), "{listed:?}");
    assert!(listed.stdout.contains(&format!("; {owner}")), "{listed:?}");
    let line = shared.run(&["sessions", "list", "--json"]).json();
    assert!(line["owner"].as_str().unwrap().starts_with(&owner["in use by ".len()..]), "{line}");
    assert!((1..=30).contains(&line["lease_seconds"].as_u64().unwrap()), "{line}");
    assert!(shared.run(&["sessions", "show", "--session", "me"]).ok().starts_with("bot 1 on DC 2"));
    let exported = shared.run(&["sessions", "export", "--session", "me", "--to", "telethon"]);
    exported.ok();
    assert!(
        exported.stderr.contains("note: do not use the session in two programs at the same time"),
        "{exported:?}"
    );

    // It gives the session back as it ends.
    listener.signal(Signal::TERM);
    let (code, notes) = listener.ends();
    assert_eq!((code, notes.lines().next()), (Some(0), Some("Listening for updates; Ctrl-C ends.")));
    shared.run(&["whoami", "--session", "me"]).ok();
}

/// However a command ends, the next one has the session at once. Only a killed one keeps it until its lease ends.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_command_that_is_cut_short_gives_the_session_back() {
    let shared = super::shared();
    shared.log_in("me");
    let is_free = |what: &str| {
        let line = shared.run(&["sessions", "list", "--json"]).json();
        assert!(line["owner"].is_null(), "{what}: {line}");
        shared.run(&["whoami", "--session", "me"]).ok();
    };
    for runtime in ["tokio", "smol"] {
        for signal in [Signal::INT, Signal::TERM] {
            let call = Running::calling(&shared, &["--runtime", runtime]);
            call.signal(signal);
            assert_eq!(call.ends(), (Some(128 + signal.as_raw()), "Interrupted.\n".into()));
            is_free("interrupted");
        }
        let (code, said) = Running::calling(&shared, &["--timeout", "1", "--runtime", runtime]).ends();
        assert!(
            code == Some(1) && said.starts_with("error: timed out after 1 second while waiting"),
            "{said}"
        );
        is_free("timed out");
    }
    // It fails after it has taken the session, and before there is a client.
    shared
        .run(&["whoami", "--session", "me", "--public-key", "missing.pem"])
        .fails(&["missing.pem cannot be read"]);
    is_free("failed");

    let call = Running::calling(&shared, &[]);
    let id = call.child.id();
    call.signal(Signal::KILL);
    call.ends();
    shared.run(&["whoami", "--session", "me"]).fails(&[&format!("is in use by process {id} on ")]);
}

#[test]
#[ignore = "starts PostgreSQL"]
fn an_owner_that_loses_the_session_says_so_and_ends() {
    let shared = super::shared();
    shared.log_in("me");
    let listener = Running::listening(&shared);
    let taken =
        "UPDATE sansgram_sessions SET owner = 'another#1', fence = fence + 1, expires_at = now() + '1 hour'";
    wait(Cluster::shared().execute(super::database(&shared), taken));
    // At its next renewal.
    let (code, said) = listener.ends();
    let lost = "error: the session me is no longer owned: another client has taken it, or it was removed; run the command \
                again to take it back\n";
    assert!(code == Some(1) && said.ends_with(lost), "{said}");
    shared.run(&["whoami", "--session", "me"]).fails(&["the session me is in use by another;"]);
}
