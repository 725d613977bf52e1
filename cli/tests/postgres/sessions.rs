//! `sansgram sessions` and a login with a database do what they do with files.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::run;
use super::{KEY, checked};

/// A string of Pyrogram: user 987654321 on DC 2, api_id 12345.
fn string() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = file["strings"].as_array().unwrap();
    strings.iter().find(|it| it["format"] == "pyrogram").unwrap()["string"].as_str().unwrap().into()
}

#[test]
#[ignore = "starts PostgreSQL"]
fn import_show_list_and_export() {
    let shared = super::shared();
    let place = shared.place();
    assert_eq!(shared.run(&["sessions", "list"]).ok(), "");
    let string = string();
    let import = ["sessions", "import", "--from", &string, "--session", "shop/bot"];
    let imported = shared.run(&import);
    let expected =
        format!("Imported a session string of Pyrogram into shop/bot in {place}: user 987654321 on DC 2.\n");
    assert_eq!(imported.ok(), expected);
    assert_eq!(
        imported.stderr,
        "note: stop the other program first, or Telegram may revoke the key that both use\n"
    );

    // The same in a file.
    let directory = &shared.server.directory.path;
    let in_file = |args: &[&str]| run(super::support::command(directory).arg("sessions").args(args));
    in_file(&["import", "--from", &string, "--session", "me"]).ok();
    for args in
        [&["show"][..], &["show", "--json"], &["export", "--to", "telethon"], &["export", "--to", "sansgram"]]
    {
        let file = in_file(&[args, &["--session", "me"]].concat());
        let database = shared.run(&[&["sessions"], args, &["--session", "shop/bot"]].concat());
        assert_eq!((database.ok(), &database.stderr), (file.ok(), &file.stderr), "{args:?}");
    }
    assert_eq!(fs::read_dir(directory).unwrap().count(), 2, "me.session and the key of the server");

    let listed = "shop/bot: user 987654321 on DC 2\n";
    assert_eq!(shared.run(&["sessions", "list"]).ok(), listed);
    let mut line = shared.run(&["sessions", "show", "--session", "shop/bot", "--json"]).json();
    let fields = json!({ "session": "shop/bot", "kind": "sansgram", "owner": null, "lease_seconds": null });
    line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    assert_eq!(shared.run(&["sessions", "list", "--json"]).json(), line);

    let exists = format!("the session shop/bot in {place} already exists and was not changed");
    shared.run(&import).fails(&[&exists, "replace it with --replace"]);
    let other = [
        "sessions",
        "import",
        "--from",
        &string,
        "--session",
        "shop/bot",
        "--api-id",
        "7",
        "--test",
        "--replace",
    ];
    shared.run(&other).ok();
    assert_eq!(shared.run(&["sessions", "show", "--session", "shop/bot", "--json"]).json()["test"], true);

    for args in [&["show"][..], &["export", "--to", "telethon"]] {
        let missing = shared.run(&[&["sessions"], args, &["--session", "missing"]].concat());
        missing.fails(&[&format!("there is no session missing in {place}; \"sansgram login\" creates one")]);
    }
    shared.run(&["whoami", "--session", "missing"]).fails(&["there is no session missing in"]);
    assert_eq!(
        shared.run(&["sessions", "list"]).ok(),
        listed.replace("DC 2", "DC 2 (test)"),
        "the name that is missing gets no row"
    );
}

/// More than are requested together.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_long_list_is_sorted_and_complete() {
    let shared = super::shared();
    shared.run(&["sessions", "import", "--from", &string(), "--session", "a"]).ok();
    let copies = "INSERT INTO sansgram_sessions (name, fence, version, data)
        SELECT 'b' || lpad(n::text, 3, '0'), 1, version, data FROM sansgram_sessions, generate_series(1, 150) AS n;
        INSERT INTO sansgram_sessions (name, owner, expires_at, fence, version)
        VALUES ('c', 'another#1', now() + '1 hour', 1, 0), ('d', NULL, NULL, 1, 0)";
    super::wait(super::Cluster::shared().execute(super::database(&shared), copies));
    let listed = shared.run(&["sessions", "list"]);
    let lines: Vec<&str> = listed.ok().lines().collect();
    assert_eq!(lines.len(), 152);
    assert_eq!(lines[0], "a: user 987654321 on DC 2");
    // Sealed for another name.
    assert!(
        lines[150].starts_with("b150: it was changed, or it is the content of another session"),
        "{lines:?}"
    );
    assert_eq!(lines[151], "c: no session is stored yet; in use by another");
    let kinds: Vec<Value> = shared
        .run(&["sessions", "list", "--json"])
        .ok()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone())
        .collect();
    assert_eq!([&kinds[0], &kinds[1], &kinds[151]], ["sansgram", "damaged", "empty"]);
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_list_needs_no_key() {
    let shared = super::shared();
    shared.run(&["sessions", "import", "--from", &string(), "--session", "me"]).ok();
    let list = |key: &str| {
        let mut command = shared.command(&["sessions", "list"]);
        checked(run(command.env("SANSGRAM_STORE_KEY", key))).ok().to_owned()
    };
    assert_eq!(list(""), "me: sealed; SANSGRAM_STORE_KEY opens it\n");
    assert_eq!(list(&KEY.replace('A', "B")), "me: sealed under another key\n");
    // A newer key with the old one behind it.
    for keys in [format!("{KEY}\n"), format!("{}\n{KEY}\n", KEY.replace('A', "B"))] {
        fs::write(shared.server.directory.path.join("key"), keys).unwrap();
        let mut command = shared.command(&["sessions", "show", "--session", "me", "--store-key-file", "key"]);
        checked(run(command.env_remove("SANSGRAM_STORE_KEY"))).ok();
    }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn from_login_to_logout() {
    let shared = super::shared();
    for runtime in ["tokio", "smol"] {
        let run = |args: &[&str]| shared.run(&[args, &["--runtime", runtime]].concat());
        let phone = ["login", "--phone", "9996610002", "--code", "11111", "--password", "sandbox"];
        let logged_in = run(&phone);
        assert_eq!(logged_in.ok(), "Logged in as Sandbox DC 1, user 9996610002 on DC 1.\n");
        assert_eq!(logged_in.stderr, format!("The session is stored as sansgram in {}.\n", shared.place()));
        assert_eq!(run(&["whoami"]).ok(), "Sandbox DC 1, user 9996610002 on DC 1\n");
        assert!(run(&["login"]).ok().starts_with("Already logged in as Sandbox DC 1"));
        assert!(run(&["send", "me", "Hello"]).ok().starts_with("Sent"));
        let called = run(&["call", "users.getUsers", r#"{"id": [{"_": "inputUserSelf"}]}"#, "--json"]).json();
        assert_eq!(called[0]["id"], "9996610002");
        assert_eq!(run(&["logout"]).ok(), "Logged out.\n");
        run(&["whoami"]).fails(&["no user is logged in", "log in with \"sansgram login\","]);
        run(&["whoami", "--store", &shared.url]).fails(&["log in with \"sansgram login --store URL\","]);
        assert_eq!(run(&["logout"]).ok(), "No user was logged in.\n");
        run(&["login"]).fails(&["no terminal"]);
    }
    assert_eq!(fs::read_dir(&shared.server.directory.path).unwrap().count(), 1, "the key of the server");
}

/// A second call could not know what the first one waits for.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_login_is_one_call() {
    let shared = super::shared();
    let login = ["login", "--phone", "9996610002"];
    shared.run(&login).fails(&[
        "cannot be continued by a second call",
        "--code-stdin",
        "\"sansgram sessions import\"",
    ]);
    assert_eq!(shared.run(&["sessions", "list"]).ok(), "", "it leaves nothing behind that a list shows");
    let mut child = shared
        .command(&[&login[..], &["--code-stdin", "--json"]].concat())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"11111\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("password of this account; provide it with --password"), "{said}");
    let login = [&login[..], &["--code", "11111", "--password", "sandbox"]].concat();
    assert!(shared.run(&login).ok().starts_with("Logged in as Sandbox DC 1"));
}

/// Imported as it is; a login replaces it, and a logout empties it.
#[test]
#[ignore = "starts PostgreSQL"]
fn a_session_of_a_sandbox_that_has_ended() {
    let shared = super::shared();
    let directory = &shared.server.directory.path;
    let file = ["login", "--sandbox", "--bot-token", "1:sandbox", "--session", "old"];
    run(super::support::command(directory).args(file)).ok();
    for _ in 0..2 {
        shared.run(&["sessions", "import", "--from", "old.session", "--session", "me"]).ok();
        let ended = run(super::support::command(directory)
            .args(["logout", "--session", "me"])
            .env("SANSGRAM_STORE", &shared.url)
            .env("SANSGRAM_STORE_KEY", KEY));
        assert_eq!(ended.ok(), "The keys of the session were removed.\n");
    }
    shared.run(&["sessions", "import", "--from", "old.session", "--session", "me"]).ok();
    let again = shared.run(&["login", "--bot-token", "1:sandbox", "--session", "me"]);
    assert!(again.ok().starts_with("Logged in as") && again.stderr.contains("it starts empty"), "{again:?}");
    assert!(shared.run(&["whoami", "--session", "me"]).ok().contains("bot 1 on DC 2"));
}
