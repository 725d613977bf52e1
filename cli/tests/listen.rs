//! `sansgram listen`: updates as lines of JSON, over lost connections, until a signal.
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sansgram_testkit::Answer;
use sansgram_testkit::accounts::Fault;
use sansgram_testkit::server::{ServerOptions, TestDcs};
use sansgram_tl_json::{Schema, Type};
use serde_json::{Value, json};
use support::{Server, sansgram};

/// The longest wait for a line.
const LIMIT: Duration = Duration::from_secs(30);

/// A command that listens.
struct Listener {
    child: Child,
    updates: Receiver<String>,
    notes: Receiver<String>,
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

impl Listener {
    /// Logs in a bot and listens, until the first line has arrived.
    fn start(server: &Server, args: &[&str]) -> (Self, ChildStdout) {
        server.run(&["login", "--bot-token", "1:sandbox"]).ok();
        let mut child = server.command(&[&["listen"], args].concat()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let notes = lines(child.stderr.take().unwrap());
        (Self { child, updates: mpsc::channel().1, notes }, stdout)
    }

    fn with_lines(server: &Server, args: &[&str]) -> Self {
        let (mut listener, stdout) = Self::start(server, args);
        listener.updates = lines(stdout);
        assert_eq!(listener.update()["_"], "updates.state");
        listener
    }

    #[track_caller]
    fn update(&self) -> Value {
        serde_json::from_str(&self.updates.recv_timeout(LIMIT).unwrap()).unwrap()
    }

    /// Waits until standard error has this text, and returns its line.
    #[track_caller]
    fn notes(&self, text: &str) -> String {
        let until = Instant::now() + LIMIT;
        loop {
            let line = self.notes.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("{text} is missing"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the end, and returns the exit code.
    #[track_caller]
    fn ends(mut self) -> Option<i32> {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > until {
                self.child.kill().unwrap();
                panic!("it hangs");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A test that fails leaves no process behind.
        let _ = self.child.kill();
    }
}

/// An update with the name of a user, as the schema encodes it.
fn named(first_name: &str) -> (Value, Vec<u8>) {
    let update = json!({ "_": "updateUserName", "user_id": "7", "first_name": first_name, "last_name": "", "usernames": [] });
    let updates =
        json!({ "_": "updates", "updates": [update], "users": [], "chats": [], "date": 1, "seq": 0 });
    let bytes = Schema::telegram().encode(&Type::Boxed("Updates"), &updates).unwrap();
    (updates, bytes)
}

#[test]
fn updates_are_printed_over_a_lost_connection_until_a_signal() {
    for (runtime, signal) in [("tokio", Signal::INT), ("smol", Signal::TERM)] {
        let server = Server::new(ServerOptions::default());
        let listener = Listener::with_lines(&server, &["--runtime", runtime]);
        listener.notes("Listening for updates");
        for name in ["Ada", "\u{1b}[2J\u{202e}Eve"] {
            let (updates, bytes) = named(name);
            assert_eq!(server.served.send_update_to(1, &bytes[..]), 1);
            let line = listener.updates.recv_timeout(LIMIT).unwrap();
            assert!(line.chars().all(|c| (' '..='~').contains(&c)), "{line}");
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), updates);
        }
        server.served.with_dcs(TestDcs::close_all);
        listener.notes("the connection to DC 2 was lost");
        listener.notes("connected to DC 2 again");
        server.served.send_update_to(1, &named("Bob").1[..]);
        let names = std::iter::repeat_with(|| listener.update());
        assert!(names.take(9).any(|line| line["updates"][0]["first_name"] == "Bob"));
        kill_process(Pid::from_child(&listener.child), signal).unwrap();
        assert_eq!(listener.ends(), Some(0));
        // The session is free, and the login still there.
        server.run(&["whoami"]).ok();
        assert!(server.served.take_refusals().is_empty());
    }
}

/// What the server did not send over the new connection is requested.
#[test]
fn what_was_missed_is_requested() {
    let server = Server::new(ServerOptions::default());
    let mut calls = 0;
    let handler = server.served.on_method("updates.getDifference", move |_, _| {
        calls += 1;
        let mut difference = json!({
            "new_messages": [],
            "new_encrypted_messages": [],
            "other_updates": [named("Carol").0["updates"][0]],
            "chats": [],
            "users": [],
        });
        let state =
            json!({ "_": "updates.state", "pts": calls, "qts": 0, "date": 1, "seq": 0, "unread_count": 0 });
        let (name, key) = match calls {
            1 => ("updates.differenceSlice", "intermediate_state"),
            _ => ("updates.difference", "state"),
        };
        difference["_"] = name.into();
        difference[key] = state;
        let difference = Schema::telegram().encode(&Type::Boxed("updates.Difference"), &difference);
        Answer::Result(difference.unwrap())
    });
    handler.unwrap().expect(2);
    let listener = Listener::with_lines(&server, &[]);
    server.served.with_dcs(TestDcs::close_all);
    for name in ["updates.differenceSlice", "updates.difference"] {
        let line = listener.update();
        assert_eq!((&line["_"], &line["other_updates"][0]["first_name"]), (&json!(name), &json!("Carol")));
    }
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

/// The difference is requested from the state before the gap, and from the state that it leads to afterwards.
#[test]
fn what_is_missing_before_an_update_is_requested() {
    let server = Server::new(ServerOptions::default());
    let (sender, requested) = mpsc::channel();
    let handler = server.served.on_method("updates.getDifference", move |_, bytes| {
        let call: Value = serde_json::from_str(&Schema::telegram().decode_object(bytes).unwrap()).unwrap();
        let pts = call["pts"].as_i64().unwrap();
        sender.send(pts).unwrap();
        let state =
            json!({ "_": "updates.state", "pts": pts + 2, "qts": 0, "date": 1, "seq": 0, "unread_count": 0 });
        let difference = json!({
            "_": "updates.difference",
            "new_messages": [],
            "new_encrypted_messages": [],
            "other_updates": [named("Carol").0["updates"][0]],
            "chats": [],
            "users": [],
            "state": state,
        });
        Answer::Result(Schema::telegram().encode(&Type::Boxed("updates.Difference"), &difference).unwrap())
    });
    handler.unwrap().expect(2);
    let (mut listener, stdout) = Listener::start(&server, &[]);
    listener.updates = lines(stdout);
    let pts = listener.update()["pts"].as_i64().unwrap();
    for first in [pts, pts + 2] {
        // One update before it is missing.
        let read =
            json!({ "_": "updateReadMessagesContents", "messages": [1], "pts": first + 2, "pts_count": 1 });
        let updates =
            json!({ "_": "updates", "updates": [read], "users": [], "chats": [], "date": 1, "seq": 0 });
        let bytes = Schema::telegram().encode(&Type::Boxed("Updates"), &updates).unwrap();
        server.served.send_update_to(1, &bytes[..]);
        assert_eq!(listener.update(), updates);
        assert_eq!(listener.update()["other_updates"][0]["first_name"], "Carol");
        assert_eq!(requested.try_recv(), Ok(first));
    }
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

#[test]
fn a_difference_that_leads_nowhere_is_not_requested_without_an_end() {
    let server = Server::new(ServerOptions::default());
    let handler = server.served.on_method("updates.getDifference", |_, _| {
        let too_long = json!({ "_": "updates.differenceTooLong", "pts": 30 });
        Answer::Result(Schema::telegram().encode(&Type::Boxed("updates.Difference"), &too_long).unwrap())
    });
    handler.unwrap().expect(2);
    let listener = Listener::with_lines(&server, &[]);
    server.served.with_dcs(TestDcs::close_all);
    for _ in 0..2 {
        assert_eq!(listener.update(), json!({ "_": "updates.differenceTooLong", "pts": 30 }));
    }
    server.served.send_update_to(1, &named("Ada").1[..]);
    assert_eq!(listener.update()["updates"][0]["first_name"], "Ada");
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

/// Neither a difference that the server refuses nor an update that cannot be read ends it.
#[test]
fn what_cannot_be_had_does_not_end_it() {
    let server = Server::new(ServerOptions::default());
    server.served.inject_fault(Fault::error("updates.getDifference", 500, "STRANGE")).unwrap();
    let listener = Listener::with_lines(&server, &[]);
    // `updateShort` with an unknown update.
    let odd = [0x78d4_dec1_u32.to_le_bytes(), [1, 2, 3, 4]].concat();
    server.served.send_update_to(1, &odd[..]);
    let unread = json!({ "undecodable": "wd7UeAECAwQ=", "message": "unexpected TL constructor 04030201" });
    assert_eq!(listener.update(), unread);
    server.served.with_dcs(TestDcs::close_all);
    listener.notes("updates may be missing: the server answered 500 STRANGE");
    server.served.send_update_to(1, &named("Bob").1[..]);
    let names = std::iter::repeat_with(|| listener.update());
    assert!(names.take(9).any(|line| line["updates"][0]["first_name"] == "Bob"));
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

/// The option of other commands is not named.
#[test]
fn a_wait_for_the_difference_is_reported() {
    let server = Server::new(ServerOptions::default());
    server.served.inject_fault(Fault::flood_wait("updates.getDifference", 300)).unwrap();
    let listener = Listener::with_lines(&server, &[]);
    server.served.with_dcs(TestDcs::close_all);
    let line = listener.notes("updates may be missing: the server answered 420 FLOOD_WAIT_300");
    assert!(line.contains("try again in 5 minutes") && !line.contains("--flood-wait"), "{line}");
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

/// From one sandbox account to another, also while the listener has no connection.
#[test]
fn a_message_reaches_the_listener() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996611111", "--code", "11111", "--session", "other"]).ok();
    let listener = Listener::with_lines(&server, &[]);
    for (text, is_cut) in [("first", false), ("second", true)] {
        if is_cut {
            server.served.with_dcs(TestDcs::close_all);
        }
        server.run(&["send", "@sandbox1_bot", text, "--session", "other"]).ok();
        let lines = std::iter::repeat_with(|| listener.update());
        let is_here = |line: &Value| {
            let pushed = &line["updates"][0]["message"]["message"];
            pushed == text || line["new_messages"][0]["message"] == text
        };
        assert!(lines.take(9).any(|line| is_here(&line)), "{text}");
    }
    kill_process(Pid::from_child(&listener.child), Signal::INT).unwrap();
    assert_eq!(listener.ends(), Some(0));
}

#[test]
fn it_ends_if_the_reader_does() {
    let server = Server::new(ServerOptions::default());
    let (listener, stdout) = Listener::start(&server, &[]);
    let mut first = String::new();
    let mut reader = BufReader::new(stdout);
    reader.read_line(&mut first).unwrap();
    assert!(first.contains("updates.state"), "{first}");
    drop(reader);
    server.served.send_update_to(1, &named("Ada").1[..]);
    assert_eq!(listener.ends(), Some(0));
}

#[test]
fn it_ends_with_the_login() {
    let server = Server::new(ServerOptions::default());
    let listener = Listener::with_lines(&server, &["--json"]);
    assert!(server.served.remove_account(1));
    server.served.with_dcs(TestDcs::close_all);
    let message = listener.update()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("deleted or banned"), "{message}");
    assert_eq!(listener.ends(), Some(1));
}

#[test]
fn it_needs_a_login_and_a_server() {
    sansgram(&["listen"]).fails(&["there is no session"]);
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996621234", "--code", "00000"]).fails(&[]);
    server.run(&["logout"]).ok();
    server.run(&["listen"]).fails(&["no user is logged in"]);
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let directory = &server.directory;
    let mut command = support::command(&directory.path);
    command.args(["listen", "--dc", &format!("2={}", support::NO_LISTENER), "--timeout", "20"]);
    support::run(&mut command).fails(&["check the network and the address"]);
}
