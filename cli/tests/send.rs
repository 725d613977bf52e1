//! `sansgram send`: a text message to each kind of recipient.

mod support;

use std::io::Write;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};

use sansgram_testkit::Answer;
use sansgram_testkit::accounts::Fault;
use sansgram_testkit::server::ServerOptions;
use sansgram_tl_json::{Schema, Type};
use serde_json::{Value, json};
use support::{Server, run, sansgram};

fn answer(ty: &'static str, value: &Value) -> Answer {
    Answer::Result(Schema::telegram().encode(&Type::Boxed(ty), value).unwrap())
}

/// Answers `messages.sendMessage` as message 5, and returns its calls.
fn messages(server: &Server) -> Receiver<Value> {
    let (sender, calls) = mpsc::channel();
    let handler = server.served.on_method("messages.sendMessage", move |_, bytes| {
        sender.send(call(bytes)).unwrap();
        let sent = json!({ "_": "updateShortSentMessage", "out": true, "id": 5, "pts": 1, "pts_count": 1, "date": 7 });
        answer("Updates", &sent)
    });
    handler.unwrap();
    calls
}

fn call(bytes: &[u8]) -> Value {
    serde_json::from_str(&Schema::telegram().decode_object(bytes).unwrap()).unwrap()
}

fn user(id: &str, access_hash: &str) -> Value {
    json!({ "_": "user", "id": id, "access_hash": access_hash, "first_name": "Ada" })
}

#[test]
fn a_user_sends_to_every_kind_of_recipient() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996621234", "--code", "22222"]).ok();
    let calls = messages(&server);
    for (method, key, value) in
        [("contacts.resolveUsername", "username", "ada_l"), ("contacts.resolvePhone", "phone", "12025550123")]
    {
        let handler = server.served.on_method(method, move |_, bytes| {
            assert_eq!(call(bytes)[key], value);
            let peer = json!({ "_": "peerUser", "user_id": "7" });
            let found = json!({ "_": "contacts.resolvedPeer", "peer": peer, "chats": [], "users": [user("7", "-9")] });
            answer("contacts.ResolvedPeer", &found)
        });
        handler.unwrap().expect(1);
    }
    let handler = server.served.on_method("messages.getDialogs", |_, _| {
        let channel = json!({ "_": "channel", "id": "7", "access_hash": "8", "title": "x", "photo": { "_": "chatPhotoEmpty" }, "date": 1 });
        let dialogs = json!({ "_": "messages.dialogs", "dialogs": [], "messages": [], "chats": [channel], "users": [user("7", "-9")] });
        answer("messages.Dialogs", &dialogs)
    });
    handler.unwrap().expect(4);
    let ada = json!({ "_": "inputPeerUser", "user_id": "7", "access_hash": "-9" });
    let channel = json!({ "_": "inputPeerChannel", "channel_id": "7", "access_hash": "8" });
    for (to, peer) in [
        ("me", &json!({ "_": "inputPeerSelf" })),
        ("9996621234", &json!({ "_": "inputPeerSelf" })),
        ("@ada_l", &ada),
        ("+1 202 555 0123", &ada),
        ("7", &ada),
        ("-1000000000007", &channel),
        ("-7", &json!({ "_": "inputPeerChat", "chat_id": "7" })),
    ] {
        assert_eq!(server.run(&["send", to, "Hello"]).ok(), "Sent as message 5.\n", "{to}");
        let call = calls.try_recv().unwrap();
        assert_eq!((&call["peer"], &call["message"]), (peer, &json!("Hello")), "{to}");
    }
    server.run(&["send", "8", "Hello"]).fails(&["not among the last 100 chats"]);
    server.run(&["send", "-1000000000008", "Hello"]).fails(&["not among the last 100 chats"]);
    assert!(server.served.take_refusals().is_empty());
}

#[test]
fn a_bot_needs_no_access_hash() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let calls = messages(&server);
    let sent = server.run(&["send", "7", "Hello", "--silent", "--json", "--runtime", "smol"]).json();
    assert_eq!(sent, json!({ "message_id": 5, "date": 7 }));
    let call = calls.try_recv().unwrap();
    assert_eq!(call["peer"], json!({ "_": "inputPeerUser", "user_id": "7", "access_hash": "0" }));
    assert_eq!(call["silent"], true);
    server.run(&["send", "-1000000000007", "Hello"]).ok();
    assert_eq!(calls.try_recv().unwrap()["peer"]["channel_id"], "7");
}

#[test]
fn the_text_comes_from_standard_input_too() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let calls = messages(&server);
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all("two\nlines Ü\n".as_bytes()).unwrap();
    drop(writer);
    run(server.command(&["send", "me", "-"]).stdin(Stdio::from(reader))).ok();
    assert_eq!(calls.try_recv().unwrap()["message"], "two\nlines Ü");
    server.run(&["send", "me", "-"]).misused(&["the text is empty"]);
}

#[test]
fn what_cannot_be_sent_is_one_sentence() {
    sansgram(&["send", "ada", "Hello"]).misused(&["it must be me, @name, +phone, or an id"]);
    sansgram(&["send", "me"]).misused(&["TEXT"]);
    sansgram(&["send", "me", " "]).misused(&["the text is empty"]);
    sansgram(&["send", "me", "Hello"]).fails(&["there is no session"]);
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    server
        .served
        .inject_fault(Fault::error("contacts.resolveUsername", 400, "USERNAME_NOT_OCCUPIED"))
        .unwrap();
    server.run(&["send", "@ada", "Hello"]).fails(&["no account has the name @ada; check it"]);
    server.served.inject_fault(Fault::flood_wait("messages.sendMessage", 300)).unwrap();
    let run = server.run(&["send", "me", "Hello", "--json"]);
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &error["error"]["value"]), (Some(1), &json!(300)));
    server.run(&["logout"]).ok();
    server.run(&["send", "me", "Hello"]).fails(&["no user is logged in"]);
}

#[test]
fn a_name_without_an_account_is_said_in_a_sentence() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996621234", "--code", "22222"]).ok();
    let refused = server.run(&["send", "@no_such_name", "hi", "--json"]);
    let object = refused.fails_as_json(&["error: no account has the name @no_such_name; check it\n"]);
    assert_eq!(object["error"]["name"], "USERNAME_NOT_OCCUPIED", "{object}");
}
