//! Session strings that are pasted or redirected, and strings as other libraries read them.

mod support;

use std::fs;

use serde_json::Value;
use support::{Directory, Run, command, run};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sessions");

fn string(format: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let found = file["strings"].as_array().unwrap().iter().find(|it| it["format"] == format).unwrap();
    found["string"].as_str().unwrap().to_owned()
}

#[track_caller]
fn sessions(directory: &Directory, args: &[&str]) -> Run {
    run(command(&directory.path).arg("sessions").args(args))
}

#[test]
fn a_key_is_no_session() {
    let server = support::Server::new(sansgram_testkit::server::ServerOptions::default());
    for from in ["key.pem", server.served.public_key_pem()] {
        sessions(&server.directory, &["import", "--from", from, "--session", "me"])
            .fails(&["this is a key in PEM, not a session; --public-key"]);
    }
}

#[test]
fn d1_dropped_text_is_reported() {
    let directory = Directory::new();
    for (file, words) in
        [("nopad.txt", "the missing = at its end"), ("bom.txt", "a byte order mark"), ("dq.txt", "quotes")]
    {
        let from = format!("{SAMPLES}/{file}");
        let imported = sessions(&directory, &["import", "--from", &from, "--session", file]);
        assert!(imported.ok().contains("Telethon"), "{imported:?}");
        assert!(imported.stderr.contains(&format!("note: ignored or corrected while reading: {words}\n")));
        let text = fs::read_to_string(&from).unwrap();
        let session = format!("{file}-argument");
        sessions(&directory, &["import", "--from", &text, "--session", &session]).ok();
        let mut piped = command(&directory.path);
        piped.args(["sessions", "import", "--from", "-", "--session", &format!("{file}-stdin")]);
        run(piped.stdin(fs::File::open(&from).unwrap())).ok();
    }
    let whole = string("telethon");
    let imported = sessions(&directory, &["import", "--from", &whole, "--session", "whole"]);
    imported.ok();
    assert!(!imported.stderr.contains("left out"), "{imported:?}");
}

#[test]
fn d2_the_diagnosis_is_right_and_shows_nothing() {
    let directory = Directory::new();
    let import = |from: &str| sessions(&directory, &["import", "--from", from, "--session", "me"]);
    import(&format!("{SAMPLES}/noone.txt"))
        .fails(&["a session string of Telethon without its first character; add a 1 before it"]);
    let token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX";
    let refused = import(token);
    refused.fails(&["a bot token, not a session", "\"sansgram login --bot-token-stdin\""]);
    assert!(!refused.stderr.contains("AAH"), "{refused:?}");
    import("+15551234567").fails(&["a phone number, not a session", "\"sansgram login\""]);
    let refused = import("0123456789abcdef0123456789abcdef");
    refused.fails(&["an api_hash, not a session"]);
    assert!(!refused.stderr.contains("0123"), "{refused:?}");
    import("tg://login?token=AQIDBAUGBwgJCgsMDQ4PEA").fails(&["the link of a login QR code", "login --qr"]);
    import(&format!("{}\n{}", string("telethon"), string("pyrogram"))).fails(&["2 session strings"]);
    assert!(!directory.path.join("me.session").exists());
}

#[test]
fn d5_a_foreign_string_has_no_trailing_newline() {
    let directory = Directory::new();
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    for format in ["telethon", "pyrogram", "gramjs", "mtcute"] {
        let file = format!("{format}.txt");
        sessions(&directory, &["export", "--session", "me", "--to", format, "--output", &file]).ok();
        let text = fs::read_to_string(directory.path.join(&file)).unwrap();
        assert!(text.len() > 300 && !text.contains(char::is_whitespace), "{format}");
        let piped = sessions(&directory, &["export", "--session", "me", "--to", format]);
        assert_eq!(piped.ok(), text, "{format}");
    }
    sessions(&directory, &["export", "--session", "me", "--to", "sansgram", "--output", "mine"]).ok();
    let text = fs::read_to_string(directory.path.join("mine")).unwrap();
    assert!(text.starts_with("sansgram1:") && text.ends_with('\n'));
}

/// The temporary file of a killed export does not block the next export, which removes it.
#[cfg(unix)]
#[test]
fn f10_a_killed_export_does_not_block_the_next() {
    let directory = Directory::new();
    sessions(&directory, &["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    let dead = {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    };
    fs::write(directory.path.join(format!(".F.{dead}-0.export")), "half").unwrap();
    let export = ["export", "--session", "me", "--to", "telethon", "--output", "F"];
    sessions(&directory, &export).ok();
    let names: Vec<_> = fs::read_dir(&directory.path)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".export")), "{names:?}");
    sessions(&directory, &export).fails(&["exists already"]);
    std::os::unix::fs::symlink("elsewhere", directory.path.join("link")).unwrap();
    sessions(&directory, &["export", "--session", "me", "--to", "telethon", "--output", "link"])
        .fails(&["exists already"]);
    assert!(!directory.path.join("elsewhere").exists());
}

#[test]
fn formats_of_other_programs_are_imported_and_exported() {
    let directory = Directory::new();
    let hash = ["--api-hash", "0123456789abcdef0123456789abcdef"];
    for (name, what, user) in [
        ("gotd.json", "gotd", None),
        ("gstore", "StoreSession", None),
        ("mtkruto.txt", "MTKruto", None),
        ("grammers.session", "grammers", Some(987_654_321)),
        ("telegram-web-a.json", "Telegram Web", Some(987_654_321)),
        ("wtelegram.session", "WTelegramClient", Some(987_654_321)),
    ] {
        let from = format!("{SAMPLES}/other/{name}");
        let import = ["import", "--from", &from, "--session", name];
        if name.starts_with("wtelegram") {
            sessions(&directory, &import).fails(&["api_hash", "no terminal", "SANSGRAM_API_HASH"]);
        }
        let extra = if name.starts_with("wtelegram") { &hash[..] } else { &[] };
        let imported = sessions(&directory, &[&import[..], extra].concat());
        assert!(imported.ok().contains(what), "{imported:?}");
        let shown = sessions(&directory, &["show", "--session", name, "--json"]).json();
        assert_eq!(shown["dc"], 2, "{name}");
        // SHA-1 of key256.bin, bytes 12 to 19.
        assert_eq!(shown["auth_key_id"], "d0c73653a0652cee", "{name}");
        assert_eq!(shown["user_id"].as_i64(), user, "{name}");
    }
    for format in ["grammers-sqlite", "gramjs-store"] {
        sessions(&directory, &["export", "--session", "grammers.session", "--to", format])
            .misused(&["--output"]);
    }
    for format in ["grammers-sqlite", "gramjs-store", "gotd", "mtkruto", "ferogram"] {
        let export = ["export", "--session", "grammers.session", "--to", format, "--output", format];
        sessions(&directory, &export).ok();
        sessions(&directory, &export).fails(&["exists already"]);
        let name = format!("{format}-again");
        sessions(&directory, &["import", "--from", format, "--session", &name]).ok();
        let shown = sessions(&directory, &["show", "--session", &name, "--json"]).json();
        assert_eq!(shown["auth_key_id"], "d0c73653a0652cee", "{format}");
    }
    sessions(&directory, &["export", "--session", "gotd.json", "--to", "wtelegram"])
        .misused(&["--to takes one of these values: sansgram, telethon"]);
}

#[test]
fn d1_an_encrypted_session_may_be_quoted_too() {
    let directory = Directory::new();
    let with = |args: &[&str]| {
        run(command(&directory.path).arg("sessions").args(args).env("SANSGRAM_PASSPHRASE", "horse"))
    };
    with(&["import", "--from", &string("pyrogram"), "--session", "me"]).ok();
    with(&["encrypt", "--session", "me"]).ok();
    let text = fs::read_to_string(directory.path.join("me.session")).unwrap();
    let quoted = format!("\u{feff}SESSION=\"{}\"\r\n", text.trim());
    fs::write(directory.path.join("quoted.txt"), quoted).unwrap();
    with(&["import", "--from", "quoted.txt", "--session", "again"]).ok();
    assert_eq!(with(&["show", "--session", "again"]).ok(), with(&["show", "--session", "me"]).ok());
}
