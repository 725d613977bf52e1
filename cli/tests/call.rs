//! `sansgram call`: methods by name, with JSON in and out.

mod support;

use std::io::Write;
use std::process::Stdio;

use sansgram_testkit::Answer;
use sansgram_testkit::accounts::{AccountOptions, Fault};
use sansgram_testkit::server::ServerOptions;
use sansgram_tl_json::{Schema, Type};
use serde_json::{Value, json};
use support::{Server, run, sansgram};

const SELF: &str = r#"{"id": [{"_": "inputUserSelf"}]}"#;

/// A server with these faults, and a session of a bot.
fn with_bot(faults: Vec<Fault>) -> Server {
    let accounts = AccountOptions::default().with_faults(faults);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    server
}

#[test]
fn a_bot_and_a_user_call_methods() {
    let server = with_bot(Vec::new());
    server.run(&["login", "--phone", "9996621234", "--code", "22222", "--session", "me"]).ok();
    for (session, id, runtime) in [("sansgram", "1", "tokio"), ("me", "9996621234", "smol")] {
        let how = ["--session", session, "--runtime", runtime, "--json"];
        let users = server.run(&[&["call", "users.getUsers", SELF], &how[..]].concat()).json();
        assert_eq!((&users[0]["_"], &users[0]["id"]), (&json!("user"), &json!(id)), "{users}");
    }
    // On several lines without --json, in the order of the schema.
    let config = server.run(&["call", "help.getConfig"]);
    assert!(config.ok().starts_with("{\n  \"_\": \"config\",\n"), "{config:?}");
    assert_eq!(serde_json::from_str::<Value>(config.ok()).unwrap()["this_dc"], 2);
    // A wrapper has the answer of its query.
    let wrapped = r#"{"query": {"_": "help.getNearestDc"}}"#;
    let dc = server.run(&["call", "invokeWithoutUpdates", wrapped, "--json"]).json();
    assert_eq!(dc["_"], "nearestDc");
    assert!(server.served.take_refusals().is_empty());
}

#[test]
fn arguments_come_from_a_file_or_standard_input() {
    let server = with_bot(Vec::new());
    std::fs::write(server.directory.path.join("self.json"), SELF).unwrap();
    assert_eq!(server.run(&["call", "users.getUsers", "@self.json", "--json"]).json()[0]["id"], "1");
    let mut command = server.command(&["call", "users.getUsers", "-", "--json"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(SELF.as_bytes()).unwrap();
    drop(writer);
    assert_eq!(run(command.stdin(Stdio::from(reader))).json()[0]["id"], "1");
    server.run(&["call", "users.getUsers", "@none.json"]).fails(&["none.json cannot be read"]);
    server.run(&["call", "users.getUsers", "{"]).misused(&["the argument is not JSON", "line 1 column 1"]);
}

/// Neither a session nor a server is needed for that.
#[test]
fn what_does_not_fit_the_schema_is_reported_with_its_path() {
    let wrong = r#"{"id": [{"_": "inputUser", "user_id": "abc", "access_hash": 0}]}"#;
    let message = "id[0].user_id: a whole number is expected, \"abc\" was given";
    sansgram(&["call", "users.getUsers", wrong]).misused(&[message]);
    let run = sansgram(&["call", "users.getUsers", wrong, "--json"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(error, json!({ "error": { "path": "id[0].user_id", "message": message } }));
    assert!(run.stderr.contains(message), "{run:?}");
    sansgram(&["call", "user.getUsers"]).misused(&["there is no method user.getUsers", "users.getUsers?"]);
    sansgram(&["call"]).misused(&["METHOD"]);
    sansgram(&["call", "help.getConfig"]).fails(&["there is no session sansgram.session"]);
}

#[test]
fn a_refusal_is_one_sentence_and_one_object() {
    let server = with_bot(vec![Fault::error("help.getNearestDc", 400, "STRANGE_7_THING")]);
    let call = ["call", "help.getNearestDc"];
    server.run(&call).fails(&["400 STRANGE_7_THING"]);
    let run = server.run(&[&call[..], &["--json"]].concat());
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = json!({ "code": 400, "name": "STRANGE_X_THING", "value": 7, "message": "the server answered 400 STRANGE_7_THING" });
    assert_eq!((run.code, &error["error"]), (Some(1), &expected));
    // A failure that is not the server's.
    let run = sansgram(&[&call[..], &["--json"]].concat());
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(error["error"].as_object().unwrap().keys().collect::<Vec<_>>(), ["message"]);
}

#[test]
fn a_flood_wait_is_waited_for_up_to_the_limit() {
    let method = "users.getUsers";
    let server = with_bot(vec![Fault::flood_wait(method, 1).once(), Fault::flood_wait(method, 300)]);
    // The second wait is longer than what is left.
    let run = server.run(&["call", method, SELF]);
    run.fails(&["420 FLOOD_WAIT_300", "5 minutes", "--flood-wait 300"]);
    assert!(run.stderr.contains("note: the server demands a wait of 1 second; waiting\n"), "{run:?}");

    let server = with_bot(vec![Fault::flood_wait(method, 2).once()]);
    // The time limit of the server does not count the wait.
    let run = server.run(&["call", method, SELF, "--json", "--timeout", "2"]);
    assert_eq!(run.json()[0]["id"], "1");

    let server = with_bot(vec![Fault::flood_wait(method, 1)]);
    server.run(&["call", method, SELF, "--flood-wait", "0"]).fails(&["420 FLOOD_WAIT_1", "1 second"]);
}

#[test]
fn other_waits_and_internal_errors_are_waited_for_too() {
    let method = "users.getUsers";
    for (code, name) in [(420, "SLOWMODE_WAIT_1"), (500, "STRANGE")] {
        let server = with_bot(vec![Fault::error(method, code, name).once()]);
        assert_eq!(server.run(&["call", method, SELF, "--json"]).json()[0]["id"], "1", "{name}");
        let server = with_bot(vec![Fault::error(method, code, name).once()]);
        server.run(&["call", method, SELF, "--flood-wait", "0"]).fails(&[name]);
    }
}

#[test]
fn a_session_without_a_user_is_told_to_log_in() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996621234", "--code", "00000"]).fails(&[]);
    let call = server.run(&["call", "users.getUsers", SELF]);
    call.fails(&["401 AUTH_KEY_UNREGISTERED", "no user is logged in", "sansgram login"]);
    // What needs no user is answered.
    assert_eq!(server.run(&["call", "help.getNearestDc", "--json"]).json()["_"], "nearestDc");
}

/// What to do about common refusals; what the sandbox does not serve is named as that.
#[test]
fn refusals_have_advice() {
    let server = with_bot(Vec::new());
    let call = |method: &str, arguments: &str| server.run(&["call", method, arguments]);
    let empty = r#"{"peer": {"_": "inputPeerSelf"}, "message": ""}"#;
    call("messages.sendMessage", empty).fails(&["400 MESSAGE_EMPTY; add a text"]);
    let no_peer = r#"{"peer": {"_": "inputPeerEmpty"}, "message": "hi"}"#;
    call("messages.sendMessage", no_peer).fails(&["400 PEER_ID_INVALID; check the peer: inputPeerSelf, or"]);
    let channel = r#"{"channel": {"_": "inputChannelEmpty"}}"#;
    call("channels.getFullChannel", channel).fails(&[
        "400 INPUT_METHOD_INVALID; the test DCs do not serve this method",
        "a script can answer it",
    ]);
    sansgram(&["call", "help.getConfig", "--flood-wait", "x"])
        .misused(&["the value of --flood-wait cannot be used: it must be a whole number from 0"]);
}

#[test]
fn a_method_is_described() {
    let run = sansgram(&["call", "users.getUsers", "--describe"]);
    for word in ["users.getUsers#d91a548 id:Vector<InputUser>", "inputUserSelf#f7c1b13f", "\"id\": []"] {
        assert!(run.ok().contains(word), "{run:?}");
    }
    let filled = sansgram(&["call", "inputUser", "--describe", "--json"]).json();
    assert_eq!(filled, json!({ "_": "inputUser", "user_id": "0", "access_hash": "0" }));
    let line = sansgram(&["call", "upload.getFile", "--describe", "--json"]);
    assert!(line.ok().starts_with("{\"_\":\"upload.getFile\",\"location\":{"), "{line:?}");
    // A namespace, with or without its dot.
    let methods = sansgram(&["call", "users", "--describe"]);
    assert!(methods.ok().starts_with("users.getUsers\nusers.getFullUser\n"), "{methods:?}");
    assert!(sansgram(&["call", "users.", "--describe", "--json"]).json().as_array().unwrap().len() > 3);
    sansgram(&["call", "inputUsr", "--describe"])
        .misused(&["there is no method inputUsr; did you mean inputUser?"]);
    for arguments in [&["call", "zzzzzzz"][..], &["call", "zzzzzzz", "--describe"]] {
        sansgram(arguments)
            .misused(&["there is no method zzzzzzz; it needs a name", "call users --describe"]);
    }
    sansgram(&["call", "a", "{}", "--describe"]).misused(&["--describe"]);
}

/// As it is printed, with only the text added; twice, since its random_id is not part of it.
#[test]
fn a_described_message_is_sent_twice() {
    let server = with_bot(Vec::new());
    server.run(&["login", "--phone", "9996621234", "--code", "22222", "--session", "me"]).ok();
    let mut message = sansgram(&["call", "messages.sendMessage", "--describe", "--json"]).json();
    message["message"] = "hi".into();
    for _ in 0..2 {
        let sent = server.run(&["call", "messages.sendMessage", &message.to_string(), "--session", "me"]);
        assert!(sent.ok().contains("updateMessageID"), "{sent:?}");
    }
}

/// The request is sent again to the DC that has the file.
#[test]
fn files_of_another_dc_are_fetched_from_there() {
    let server = with_bot(Vec::new());
    let method = "upload.getFile";
    let elsewhere = server.served.on_method(method, |_, _| Answer::error(303, "FILE_MIGRATE_1")).unwrap();
    elsewhere.on_dc(2).expect(1);
    let here = server.served.on_method(method, |_, _| {
        let file =
            json!({ "_": "upload.file", "type": { "_": "storage.fileJpeg" }, "mtime": 0, "bytes": "AQID" });
        Answer::Result(Schema::telegram().encode(&Type::Boxed("upload.File"), &file).unwrap())
    });
    here.unwrap().on_dc(1).expect(1);
    let file = r#"{"location": {"_": "inputTakeoutFileLocation"}, "offset": 0, "limit": 4096}"#;
    assert_eq!(server.run(&["call", method, file, "--json"]).json()["bytes"], "AQID");
}

/// The answer may contain anything that another user wrote.
#[test]
fn text_of_the_server_is_printed_without_control_characters() {
    let accounts = AccountOptions::default().with_bots(vec![
        sansgram_testkit::accounts::TestBot::new(5, "5:eve").with_first_name("\u{1b}[2J\u{202e}Eve".into()),
    ]);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    server.run(&["login", "--bot-token", "5:eve"]).ok();
    for form in [&["--json"][..], &[]] {
        let run = server.run(&[&["call", "users.getUsers", SELF], form].concat());
        assert!(run.ok().chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{run:?}");
        assert_eq!(serde_json::from_str::<Value>(run.ok()).unwrap()[0]["first_name"], "\u{1b}[2J\u{202e}Eve");
    }
}
