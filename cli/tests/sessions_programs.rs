//! `sansgram sessions` with the folders and files of Telegram Desktop and TDLib.

mod support;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
#[cfg(target_os = "linux")]
use support::terminal::Terminal;
use support::{Directory, Run, command, run};

/// SHA-1 of `key256.bin`, bytes 12 to 19.
const AUTH_KEY_ID: &str = "d0c73653a0652cee";

fn sample(name: &str) -> String {
    format!("{}/vectors/sessions/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn sessions(directory: &Directory, passcode: Option<&str>, args: &[&str]) -> Run {
    let mut sessions = command(&directory.path);
    sessions.arg("sessions").args(args);
    if let Some(passcode) = passcode {
        sessions.env("SANSGRAM_PASSCODE", passcode);
    }
    run(&mut sessions)
}

#[track_caller]
fn check(shown: &Value, user: i64, test: bool) {
    assert_eq!((&shown["dc"], &shown["auth_key_id"]), (&Value::from(2), &Value::from(AUTH_KEY_ID)));
    assert_eq!((&shown["user_id"], &shown["test"]), (&Value::from(user), &Value::from(test)));
}

#[test]
fn d4_every_folder_and_file_of_the_programs_is_imported() {
    let directory = Directory::new();
    for (at, name) in [
        "tdata/mtcute-convert-0.29.7",
        "tdata/mtcute-convert-0.29.7/key_datas",
        "tdata/mtcute-convert-0.29.7-passcode",
        "tdata/own-with-config",
        "tdata/opentele2-2.0.0",
        "tdata/opentele2-2.0.0-passcode",
        "tdlib/own-logged-in-after-tdlib-opened-it.binlog",
    ]
    .into_iter()
    .enumerate()
    {
        let session = format!("s{at}");
        let import = ["import", "--from", &sample(name), "--session", &session, "--json"];
        check(&sessions(&directory, Some("secret"), &import).json(), 987_654_321, false);
    }
}

#[test]
fn d4_a_passcode_comes_from_an_option_the_environment_or_standard_input() {
    let directory = Directory::new();
    let from = sample("tdata/mtcute-convert-0.29.7-passcode");
    let import = ["import", "--from", &from, "--session", "me", "--json"];
    let with = |more: &[&'static str]| import.iter().chain(more).copied().collect::<Vec<_>>();
    let path = from.as_str();
    sessions(&directory, None, &import).fails_as_json(&[
        "a passcode for ",
        path,
        "is needed",
        "SANSGRAM_PASSCODE",
        "--passcode-stdin",
    ]);
    for wrong in [
        sessions(&directory, Some("hunter2"), &import),
        sessions(&directory, None, &with(&["--passcode", "hunter2"])),
    ] {
        wrong.fails_as_json(&[path, "the passcode is wrong"]);
        assert!(!wrong.stderr.contains("hunter2"), "{wrong:?}");
    }
    assert!(!directory.path.join("me.session").exists());
    check(&sessions(&directory, None, &with(&["--passcode", "secret"])).json(), 987_654_321, false);
    fs::remove_file(directory.path.join("me.session")).unwrap();

    fs::write(directory.path.join("passcode.txt"), "secret\n").unwrap();
    let piped = run(command(&directory.path)
        .arg("sessions")
        .args(with(&["--passcode-stdin"]))
        .stdin(fs::File::open(directory.path.join("passcode.txt")).unwrap()));
    check(&piped.json(), 987_654_321, false);
    let both = ["import", "--from", "-", "--passcode-stdin", "--session", "both"];
    sessions(&directory, None, &both).misused(&["standard input"]);
}

#[cfg(target_os = "linux")]
#[test]
fn d4_a_passcode_is_asked_for_without_showing_it() {
    let directory = Directory::new();
    let from = sample("tdata/mtcute-convert-0.29.7-passcode");
    let mut terminal =
        Terminal::start(&directory, &["sessions", "import", "--from", &from, "--session", "me"]);
    terminal.sees("The passcode of");
    terminal.waits_for_echo(false);
    terminal.types("hunter2\n");
    terminal.sees("The passcode is wrong.");
    terminal.waits_for_echo(false);
    terminal.types("secret\n");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("user 987654321 on DC 2") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn d4_one_of_several_accounts_is_chosen() {
    let directory = Directory::new();
    let from = sample("tdata/mtcute-convert-0.29.7-passcode");
    let import = |account: &str, session: &str| {
        let import = ["import", "--from", &from, "--account", account, "--session", session];
        sessions(&directory, Some("secret"), &import)
    };
    let second = import("2", "second");
    assert!(second.ok().contains("user 111 on DC 2"), "{second:?}");
    for words in ["2 accounts", "1: user 987654321 on DC 2; 2: user 111 on DC 2", "--account"] {
        assert!(second.stderr.contains(words), "{second:?}");
    }
    import("3", "third").fails(&["no account 3", "1: user 987654321 on DC 2; 2: user 111 on DC 2"]);
    import("0", "none").misused(&["--account"]);
}

#[test]
fn d4_folders_and_logs_are_written_and_read_again() {
    let directory = Directory::new();
    let from = sample("tdlib/own-logged-in-after-tdlib-opened-it.binlog");
    sessions(&directory, None, &["import", "--from", &from, "--session", "me"]).ok();
    sessions(&directory, None, &["import", "--from", &from, "--test", "--session", "test"]).ok();
    for (format, place) in [("tdata", "Telegram Desktop"), ("tdlib", "td_test.binlog")] {
        sessions(&directory, None, &["export", "--session", "me", "--to", format])
            .misused(&[format, "--output"]);
        let export = ["export", "--session", "test", "--to", format, "--output", place];
        assert!(sessions(&directory, Some("hunter2"), &export).ok().contains(place));
        sessions(&directory, None, &export).fails(&[place, "exists already"]);
        let again = ["import", "--from", place, "--session", format, "--json"];
        sessions(&directory, None, &again).fails_as_json(&["is needed"]);
        check(&sessions(&directory, Some("hunter2"), &again).json(), 987_654_321, true);
    }
    sessions(&directory, None, &["export", "--session", "me", "--to", "telethon", "--passcode", "x"])
        .misused(&["Telethon", "no passcode"]);
    // The parent folder is accepted too, and no temporary file is left.
    let mut names: Vec<_> =
        fs::read_dir(&directory.path).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.retain(|name| !name.to_string_lossy().contains(".session"));
    names.sort();
    assert_eq!(names, ["Telegram Desktop", "td_test.binlog"]);
}

#[test]
fn d4_unreadable_files_are_named() {
    let directory = Directory::new();
    let import = |from: &str| sessions(&directory, None, &["import", "--from", from, "--session", "me"]);
    import(&sample("tdlib/fresh-empty-key.binlog")).fails(&["TDLib", "no user is logged in"]);
    import(&sample("tdlib")).fails(&["this folder contains no session"]);
    let tdata = directory.path.join("tdata");
    fs::create_dir(&tdata).unwrap();
    let mut key = fs::read(sample("tdata/own-with-config/key_datas")).unwrap();
    key[100] ^= 1;
    fs::write(tdata.join("key_datas"), &key).unwrap();
    import(".").fails(&["Telegram Desktop", "its file key_datas is damaged", "MD5"]);
    fs::write(directory.path.join("td.binlog"), "no log").unwrap();
    import("td.binlog").fails(&["TDLib", "its first event is incomplete"]);
    assert!(!directory.path.join("me.session").exists());
    // A string on standard input still works.
    let mut child = command(&directory.path)
        .args(["sessions", "import", "--from", "-", "--session", "me"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"TDF$").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}
