//! `sansgram sessions`: import, export, show and encrypt, without network access.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Directory, Run, command, run};

/// A string of Pyrogram: bot 987654321 on DC 2, api_id 12345.
fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file["strings"].as_array().unwrap().clone()
}

fn string(format: &str) -> String {
    let vectors = vectors();
    let found = vectors.iter().find(|it| it["format"] == format).unwrap();
    found["string"].as_str().unwrap().to_owned()
}

#[track_caller]
fn sessions(directory: &Directory, args: &[&str]) -> Run {
    run(command(&directory.path).arg("sessions").args(args))
}

fn show(directory: &Directory, session: &str) -> Value {
    sessions(directory, &["show", "--session", session, "--json"]).json()
}

#[test]
fn every_string_is_imported_and_shown() {
    let directory = Directory::new();
    for (index, vector) in vectors().iter().enumerate() {
        let name = format!("s{index}");
        let string = vector["string"].as_str().unwrap();
        sessions(&directory, &["import", "--from", string, "--session", &name]).ok();
        let shown = show(&directory, &name);
        assert_eq!(shown["dc"], vector["dc"], "{vector}");
        assert_eq!(shown["user_id"], *vector.get("user_id").unwrap_or(&Value::Null));
        assert_eq!(shown["is_bot"], *vector.get("is_bot").unwrap_or(&Value::Null));
        assert_eq!(shown["test"], vector["test"]);
        assert_eq!(shown["auth_key_id"], AUTH_KEY_ID, "of the key of all vectors");
        let server = match (vector["address"].as_str(), vector["test"].as_bool()) {
            (None, _) => Value::Null,
            // Addresses that are not Telegram's.
            (Some(address @ "64:ff9b::9a95:a733"), _) => format!("[{address}]:{}", vector["port"]).into(),
            (Some(address @ "1.1.1.1"), _) => format!("{address}:{}", vector["port"]).into(),
            (_, Some(true)) => "telegram-test".into(),
            _ => "telegram".into(),
        };
        assert_eq!(shown["server"], server, "{vector}");
        assert_eq!(shown.as_object().unwrap().len(), 7);
    }
}

/// SHA-1 of the vectors' key, bytes 12 to 19: `hashlib.sha1(bytes((7 * i + 3) % 256 for i in range(256)))`.
const AUTH_KEY_ID: &str = "9ed6e6ef196cc931";

#[test]
fn files_and_standard_input_are_read_too() {
    let directory = Directory::new();
    let text = string("pyrogram");
    fs::write(directory.path.join("theirs.txt"), format!("{text}\n")).unwrap();
    sessions(&directory, &["import", "--from", "theirs.txt", "--session", "file"]).ok();
    let piped = run(command(&directory.path)
        .args(["sessions", "import", "--from", "-", "--session", "piped"])
        .stdin(fs::File::open(directory.path.join("theirs.txt")).unwrap()));
    piped.ok();
    assert_eq!(show(&directory, "file"), show(&directory, "piped"));
}

#[test]
fn every_format_is_written_and_read_again() {
    let directory = Directory::new();
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    let mine = show(&directory, "me");
    assert_eq!(mine["server"], Value::Null, "a string of Pyrogram has no address");
    for format in ["sansgram", "telethon", "pyrogram", "gramjs", "mtcute"] {
        let text = sessions(&directory, &["export", "--session", "me", "--to", format]);
        assert_eq!(text.ok().lines().count(), 1);
        sessions(&directory, &["import", "--from", text.ok().trim(), "--session", format]).ok();
    }
    for format in ["telethon-sqlite", "telethon2-sqlite", "pyrogram-sqlite", "kurigram-sqlite"] {
        let file = format!("{format}.db");
        sessions(&directory, &["export", "--session", "me", "--to", format]).misused(&["SQLite", "--output"]);
        let export = ["export", "--session", "me", "--to", format, "--output", &file];
        let wrote = sessions(&directory, &export);
        assert!(wrote.ok().starts_with("Wrote ") && wrote.stdout.contains(&file), "{wrote:?}");
        sessions(&directory, &export).fails(&["exists already", &file]);
        sessions(&directory, &["import", "--from", &file, "--session", format]).ok();
    }
    let as_json = |args: &[&str]| {
        sessions(&directory, &[&["export", "--session", "me", "--json"], args].concat()).json()
    };
    let text = sessions(&directory, &["export", "--session", "me", "--to", "telethon"]);
    let expected = json!({ "format": "telethon", "session": text.ok().trim() });
    assert_eq!(as_json(&["--to", "telethon"]), expected);
    let expected = json!({ "format": "pyrogram-sqlite", "path": "other.db" });
    assert_eq!(as_json(&["--to", "pyrogram-sqlite", "--output", "other.db"]), expected);
    for format in
        ["telethon", "gramjs", "telethon-sqlite", "mtcute", "pyrogram", "kurigram-sqlite", "sansgram"]
    {
        let shown = show(&directory, format);
        assert_eq!([&shown["dc"], &shown["auth_key_id"]], [&mine["dc"], &mine["auth_key_id"]]);
    }
    for format in ["pyrogram", "pyrogram-sqlite", "sansgram"] {
        assert_eq!(show(&directory, format), mine);
    }
    let mut with_address = mine;
    with_address["server"] = "telegram".into();
    assert_eq!(show(&directory, "kurigram-sqlite"), with_address);
}

#[test]
fn errors_do_not_show_the_string() {
    let directory = Directory::new();
    let text = string("telethon");
    let cut = &text[..300];
    for (from, words) in [
        (cut, ["session string", "only 300 of its 353 characters"]),
        ("missing.session", ["there is no file", "missing.session"]),
        ("sansgram1:AAAA", ["damaged", "no version"]),
    ] {
        let refused = sessions(&directory, &["import", "--from", from, "--session", "me"]);
        refused.fails(&words);
        assert!(!refused.stderr.contains(&text[50..100]), "{refused:?}");
    }
    assert!(!directory.path.join("me.session").exists());
    sessions(&directory, &["show", "--session", "me"]).fails(&["there is no session me.session"]);
    for (content, words) in [
        ("", ["it is empty", "; move it away, or use another session"]),
        ("sansgram1:AAA?", ["damaged: it contains invalid characters", "; move it away"]),
    ] {
        fs::write(directory.path.join("damaged.session"), content).unwrap();
        sessions(&directory, &["show", "--session", "damaged"]).fails(&words);
    }
    let empty = sansgram_runtime::core::client::StoredSession::default();
    fs::write(directory.path.join("empty.session"), &**empty.to_text()).unwrap();
    let nothing = sessions(&directory, &["export", "--session", "empty", "--to", "telethon"]);
    nothing.fails(&["no user has logged in", "\"sansgram login\""]);
    assert!(!nothing.stderr.contains("note:"), "{nothing:?}");
    sessions(&directory, &["export", "--session", "me", "--to", "tdata"]).misused(&["tdata", "--output"]);
    sessions(&directory, &["import", "--from", &text, "--session", "me"]).ok();
    let before = fs::read(directory.path.join("me.session")).unwrap();
    sessions(&directory, &["import", "--from", &text, "--session", "me"]).fails(&["already exists"]);
    assert_eq!(fs::read(directory.path.join("me.session")).unwrap(), before);
    sessions(&directory, &["export", "--session", "me", "--to", "pyrogram"])
        .fails(&["does not contain its user", "run \"sansgram whoami\" first"]);
}

#[test]
fn a_foreign_session_file_is_named_with_advice() {
    let directory = Directory::new();
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    let file = ["--output", "theirs.session"];
    sessions(&directory, &[&["export", "--session", "me", "--to", "pyrogram-sqlite"], &file[..]].concat())
        .ok();
    let before = fs::read(directory.path.join("theirs.session")).unwrap();
    let run = run(command(&directory.path).args(["whoami", "--session", "theirs"]));
    run.fails(&["SQLite", "sansgram sessions import --from theirs.session --session NAME"]);
    assert_eq!(fs::read(directory.path.join("theirs.session")).unwrap(), before);
    sessions(&directory, &["import", "--from", "theirs.session", "--session", "mine"]).ok();
    assert_eq!(show(&directory, "mine"), show(&directory, "me"));
}

#[test]
fn sessions_are_listed() {
    let directory = Directory::new();
    assert_eq!(sessions(&directory, &["list"]).ok(), "");
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    let file = ["--output", "theirs.session"];
    sessions(&directory, &[&["export", "--session", "me", "--to", "kurigram-sqlite"], &file[..]].concat())
        .ok();
    fs::write(directory.path.join("bad\u{1b}[2J.session"), "?").unwrap();
    fs::write(directory.path.join("notes.txt"), "?").unwrap();
    let list = sessions(&directory, &["list"]);
    assert_eq!(list.ok().lines().count(), 3, "{list:?}");
    assert!(!list.stdout.contains('\u{1b}'));
    for words in ["me: user 987654321 on DC 2", "theirs: a session file of Kurigram (SQLite): user 987654321"]
    {
        assert!(list.stdout.contains(words), "{list:?}");
    }
    let list = sessions(&directory, &["list", "--json"]);
    let lines: Vec<Value> = list.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["kind"], "foreign");
    assert_eq!(lines[0]["session"], "bad\u{1b}[2J");
    assert_eq!((&lines[1]["kind"], &lines[1]["user_id"]), (&"sansgram".into(), &987_654_321.into()));
    assert_eq!(lines[2]["kind"], "kurigram-sqlite");
    fs::write(directory.path.join("a.session"), "").unwrap();
    let list = sessions(&directory, &["list", "--json"]);
    let first: Value = serde_json::from_str(list.ok().lines().next().unwrap()).unwrap();
    assert_eq!((&first["session"], &first["kind"]), (&"a".into(), &"foreign".into()));
}

#[test]
fn sessions_are_encrypted_and_decrypted() {
    let directory = Directory::new();
    let with = |passphrase: &str, args: &[&str]| {
        run(command(&directory.path).arg("sessions").args(args).env("SANSGRAM_PASSPHRASE", passphrase))
    };
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    let plain = show(&directory, "me");
    sessions(&directory, &["encrypt", "--session", "me"]).fails(&["no terminal", "SANSGRAM_PASSPHRASE"]);
    with("x", &["decrypt", "--session", "me"]).fails(&["is not encrypted"]);
    with("horse", &["encrypt", "--session", "me"]).ok();
    assert!(fs::read_to_string(directory.path.join("me.session")).unwrap().starts_with("sansgram1e:"));
    with("horse", &["encrypt", "--session", "me"]).fails(&["already encrypted"]);

    sessions(&directory, &["show", "--session", "me"]).fails(&["no terminal", "SANSGRAM_PASSPHRASE"]);
    with("wrong", &["show", "--session", "me"]).fails(&["the passphrase is wrong"]);
    assert_eq!(with("horse", &["show", "--session", "me", "--json"]).json(), plain);
    assert!(sessions(&directory, &["list"]).ok().contains("me: encrypted"));
    let copied = with("horse", &["import", "--from", "me.session", "--session", "copy"]);
    copied.ok();
    let note = "note: copy.session is not encrypted; \"sansgram sessions encrypt --session copy.session\" encrypts it";
    assert!(copied.stderr.contains(note), "{copied:?}");
    assert_eq!(show(&directory, "copy"), plain);
    let damaged = fs::read_to_string(directory.path.join("me.session")).unwrap().replace("A", "B");
    fs::write(directory.path.join("damaged.session"), damaged).unwrap();
    with("horse", &["show", "--session", "damaged"]).fails(&["damaged"]);

    let copied = with("horse", &["import", "--encrypt", "--from", "me.session", "--session", "safe"]);
    copied.ok();
    assert!(!copied.stderr.contains("is not encrypted"), "{copied:?}");
    assert!(fs::read_to_string(directory.path.join("safe.session")).unwrap().starts_with("sansgram1e:"));
    assert_eq!(with("horse", &["show", "--session", "safe", "--json"]).json(), plain);

    with("horse", &["decrypt", "--session", "me"]).ok();
    assert_eq!(show(&directory, "me"), plain);
    with("horse", &["encrypt", "--session", "none"]).fails(&["there is no session none.session"]);
    assert!(!Path::new(&directory.path).join("none.session").exists());
}

/// Each line of standard output is JSON, and notes are on standard error.
#[test]
fn results_are_printed_as_json() {
    let directory = Directory::new();
    let with = |args: &[&str]| {
        let mut sessions = command(&directory.path);
        run(sessions.arg("sessions").args(args).arg("--json").env("SANSGRAM_PASSPHRASE", "horse"))
    };
    let imported = with(&["import", "--from", &string("telethon"), "--session", "me"]).json();
    assert_eq!(imported, show(&directory, "me"));
    assert_eq!(with(&["encrypt", "--session", "me"]).json(), serde_json::json!({ "encrypted": true }));
    with(&["encrypt", "--session", "me"]).fails_as_json(&["is already encrypted"]);
    assert_eq!(with(&["decrypt", "--session", "me"]).json(), serde_json::json!({ "encrypted": false }));
    assert_eq!(show(&directory, "me"), imported);
}

#[test]
fn a_wrapped_string_is_read() {
    let directory = Directory::new();
    for format in ["telethon", "pyrogram", "gramjs", "mtcute"] {
        let string = string(format);
        let lines: Vec<&str> =
            string.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
        let wrapped = format!("  {}\r\n", lines.join("\r\n    "));
        fs::write(directory.path.join("wrapped.txt"), &wrapped).unwrap();
        let file = format!("{format}-file");
        sessions(&directory, &["import", "--from", "wrapped.txt", "--session", &file]).ok();
        sessions(&directory, &["import", "--from", wrapped.trim(), "--session", format]).ok();
        assert_eq!(show(&directory, format), show(&directory, &file));
    }
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "whole"]).ok();
    assert_eq!(show(&directory, "pyrogram"), show(&directory, "whole"));
    let mut encrypt = command(&directory.path);
    let encrypt =
        encrypt.args(["sessions", "encrypt", "--session", "whole"]).env("SANSGRAM_PASSPHRASE", "horse");
    run(encrypt).ok();
    let text = fs::read_to_string(directory.path.join("whole.session")).unwrap();
    let (first, second) = text.split_at(100);
    fs::write(directory.path.join("wrapped.txt"), format!("{first}\n{second}")).unwrap();
    let mut import = command(&directory.path);
    import.args(["sessions", "import", "--from", "wrapped.txt", "--session", "opened"]);
    run(import.env("SANSGRAM_PASSPHRASE", "horse")).ok();
    assert_eq!(show(&directory, "opened"), show(&directory, "pyrogram"));
}

#[test]
fn import_takes_one_source() {
    let directory = Directory::new();
    let import = |from: &str| sessions(&directory, &["import", "--from", from, "--session", "me"]);
    let run = import(".");
    run.fails(&["error: .: this folder contains no session"]);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    import("").misused(&["--from is empty"]);
}

/// The session exists then and cannot be imported again.
#[test]
fn a_missing_api_id_is_reported() {
    let directory = Directory::new();
    let run = sessions(&directory, &["import", "--from", &string("telethon"), "--session", "me"]);
    run.ok();
    assert!(run.stderr.contains("pass --api-id to the next \"sansgram whoami\""), "{run:?}");
}

#[test]
fn a_session_of_a_later_version_is_not_called_damaged() {
    let directory = Directory::new();
    fs::write(directory.path.join("later.session"), "sansgram1:_wAA\n").unwrap();
    fs::write(directory.path.join("torn.session"), "sansgram1:AQAA\n").unwrap();
    let list = sessions(&directory, &["list", "--json"]);
    let lines: Vec<Value> = list.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["kind"], &lines[1]["kind"]), (&"newer".into(), &"damaged".into()));
    assert!(
        sessions(&directory, &["list"]).ok().contains("later: this session was written by a newer sansgram")
    );
}
