//! `login`, `whoami` and `logout` at a server given by its address and key.

mod support;

use std::fs;
use std::io;
use std::process::Stdio;

use sansgram_testkit::accounts::{AccountEvent, AccountOptions, Fault, TestBot, TestUser};
use sansgram_testkit::server::ServerOptions;
use serde_json::json;
use support::{Directory, Server};

/// The longest wait for an event.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

#[test]
fn a_session_from_login_to_logout() {
    for runtime in ["tokio", "smol"] {
        let server = Server::new(ServerOptions::default());
        let run = |args: &[&str]| server.run(&[args, &["--runtime", runtime]].concat());
        let phone = ["login", "--phone", "9996610002", "--code", "11111", "--password", "sandbox"];
        let logged_in = run(&phone);
        assert_eq!(logged_in.ok(), "Logged in as Sandbox DC 1, user 9996610002 on DC 1.\n");
        assert_eq!(logged_in.stderr, "The session is stored in sansgram.session.\n");

        let me = json!({"user_id": 9_996_610_002_i64, "first_name": "Sandbox", "is_bot": false, "dc": 1});
        assert_eq!(run(&["whoami", "--json"]).json(), me);
        assert_eq!(run(&["whoami"]).ok(), "Sandbox DC 1, user 9996610002 on DC 1\n");

        // If a user is logged in, no values are needed and there is no prompt.
        for values in [&phone[..], &["login"], &["login", "--phone", "9996610002"]] {
            let again = run(values);
            assert_eq!(again.ok(), "Already logged in as Sandbox DC 1, user 9996610002 on DC 1.\n");
        }
        assert_eq!(run(&["login", "--json"]).json(), me);

        assert_eq!(run(&["logout"]).ok(), "Logged out.\n");
        run(&["whoami"]).fails(&["no user is logged in", "sansgram login"]);
        assert_eq!(run(&["logout"]).ok(), "No user was logged in.\n");
        run(&["login"]).fails(&["no terminal"]);
        assert_eq!(run(&["login", "--bot-token", "2:elsewhere", "--json"]).json()["user_id"], 2);
        assert!(server.served.take_refusals().is_empty());
    }
}

#[test]
fn all_framings_and_runtimes() {
    let server = Server::new(ServerOptions::default());
    for framing in ["abridged", "intermediate", "padded", "full"] {
        for runtime in ["tokio", "smol"] {
            let session = format!("{framing}-{runtime}");
            let how = ["--framing", framing, "--runtime", runtime, "--session", &session];
            server.run(&[&["login", "--phone", "9996631234", "--code", "33333"], &how[..]].concat()).ok();
            assert!(server.run(&[&["whoami"], &how[..]].concat()).ok().contains("on DC 3"));
        }
    }
}

#[test]
fn server_text_is_printed_without_control_characters() {
    let name = "\u{1b}]0;owned\u{7}Eve\u{202e}\u{9b}2J\r\n";
    let bot = TestBot::new(5, "5:eve").with_first_name(name.into());
    let accounts = AccountOptions::default().with_bots(vec![bot]);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    let logged_in = server.run(&["login", "--bot-token", "5:eve"]);
    let is_clean = |text: &str| text.chars().all(|c| c == '\n' || (' '..='~').contains(&c));
    assert!(is_clean(logged_in.ok()) && logged_in.stdout.contains("Eve"), "{logged_in:?}");
    let json = server.run(&["whoami", "--json"]);
    assert!(is_clean(&json.stdout), "{json:?}");
    assert_eq!(json.json()["first_name"], name);
}

#[test]
fn a_session_ends_if_the_server_denies_its_key() {
    let server = Server::new(ServerOptions::default());
    let login = ["login", "--phone", "9996621234", "--code", "22222"];
    server.run(&login).ok();
    let session = fs::read(server.directory.path.join("sansgram.session")).unwrap();
    // A server with the same RSA key that does not know the session's key. An unauthenticated -404 changes nothing, but
    // this server also denies the key in a handshake that only the owner of the RSA key can complete.
    let other = Server::new(ServerOptions::default());
    let copy = other.directory.path.join("sansgram.session");
    let with_session = |args: &[&str]| {
        fs::write(&copy, &session).unwrap();
        other.run(args)
    };
    with_session(&["whoami"]).fails(&["no longer knows the session's key: log in again"]);
    with_session(&["login"]).fails(&["no longer knows the session's key", "no terminal"]);
    with_session(&["logout"]).ok();
    with_session(&login).ok();
}

#[test]
fn the_reason_for_an_ended_session_is_reported() {
    for (code, name, words) in [
        (401, "SESSION_REVOKED", "the session was ended from another device: log in again"),
        (401, "USER_DEACTIVATED", "the account was deleted or banned"),
        (406, "AUTH_KEY_DUPLICATED", "used from two places at once"),
        (401, "AUTH_KEY_UNREGISTERED", "the session is no longer logged in: log in again"),
    ] {
        let fault = Fault::error("users.getUsers", code, name);
        let accounts = AccountOptions::default().with_faults(vec![fault]);
        let server = Server::new(ServerOptions::default().with_accounts(accounts));
        server.run(&["login", "--bot-token", "1:sandbox"]).ok();
        server.run(&["whoami"]).fails(&[words]);
    }
}

#[test]
fn a_session_without_a_user_is_replaced() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996621234", "--code", "00000"]).fails(&["code is wrong"]);
    let other = Server::new(ServerOptions::default());
    let [from, to] = [&server, &other].map(|server| server.directory.path.join("sansgram.session"));
    fs::copy(from, to).unwrap();
    other.run(&["login", "--phone", "9996621234", "--code", "22222"]).ok();
}

#[test]
fn a_custom_user_with_a_random_code() {
    let user = TestUser::new(77, "15550001")
        .with_first_name("Ada".into())
        .with_last_name("Lovelace".into())
        .with_dc(3);
    let accounts = AccountOptions::default().with_users(vec![user]);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    // Without a terminal, the first call requests the code, and the second one provides it.
    server
        .run(&["login", "--phone", "15550001"])
        .fails(&["The code was sent", "continue with \"sansgram login --code CODE\""]);
    let Some(AccountEvent::CodeSent { code, .. }) = server.served.next_event(LIMIT) else {
        panic!("no code")
    };
    assert!(server.run(&["login", "--code", &code]).ok().contains("Ada Lovelace"));
}

#[test]
fn names_and_ipv6_addresses_are_resolved() {
    let server = Server::new(ServerOptions::default());
    let port = |dc: i32| server.served.address(dc).unwrap().port();
    let at = |host: &str| {
        let dcs = [2, 1].map(|dc| format!("{dc}={host}:{}", port(dc)));
        let mut command = support::command(&server.directory.path);
        command.args(["login", "--public-key", "key.pem", "--dc", &dcs[0], "--dc", &dcs[1]]);
        support::run(command.args(["--bot-token", "2:elsewhere", "--session", "by-name"]))
    };
    at("localhost").ok();
    at("[::ffff:127.0.0.1]").ok();
    at("no-such-host.invalid")
        .fails(&["the host no-such-host.invalid of DC 2 cannot be found", "; check its spelling"]);
}

#[test]
fn a_file_that_is_not_a_session_is_not_changed() {
    let server = Server::new(ServerOptions::default());
    let file = server.directory.path.join("mine.session");
    for content in ["SQLite format 3\0", "sansgram1:AAAA"] {
        fs::write(&file, content).unwrap();
        for args in [&["login", "--bot-token", "1:sandbox"][..], &["whoami"], &["logout"]] {
            server.run(&[args, &["--session", "mine"]].concat()).fails(&["mine.session", "left as it is"]);
        }
        assert_eq!(fs::read(&file).unwrap(), content.as_bytes());
    }
}

#[test]
fn commands_without_a_session_say_how_to_get_one() {
    let directory = Directory::new();
    for command in ["whoami", "logout"] {
        support::run(support::command(&directory.path).arg(command))
            .fails(&["there is no session sansgram.session", "sansgram login"]);
    }
}

#[test]
fn a_closed_standard_output_is_not_a_failure() {
    let server = Server::new(ServerOptions::default());
    for args in [&["login", "--bot-token", "1:sandbox", "--json"][..], &["whoami"], &["logout"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let run = support::run(server.command(args).stdout(writer.try_clone().unwrap()).stderr(writer));
        assert_eq!(run.code, Some(0), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let server = Server::new(ServerOptions::default());
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let run = support::run(server.command(&["login", "--bot-token", "1:sandbox", "--json"]).stdout(full()));
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("cannot be written to standard output"), "{run:?}");
    // There is no output, but the exit code is right.
    let run = support::run(server.command(&["whoami"]).stdout(full()).stderr(full()));
    assert_eq!(run.code, Some(1));
}

/// Telethon's string does not contain the user, who is learned from the server, and not the api_id, which the server
/// requires.
#[test]
fn an_imported_session_learns_its_user() {
    let server = Server::new(ServerOptions::default());
    let sessions =
        |args: &[&str]| support::run(support::command(&server.directory.path).arg("sessions").args(args));
    server.run(&["login", "--phone", "9996631234", "--code", "33333", "--session", "mine"]).ok();
    let string = sessions(&["export", "--session", "mine", "--to", "telethon"]);
    let import = ["import", "--from", string.ok().trim(), "--session", "theirs"];
    sessions(&[&import[..], &["--api-id", "hash"]].concat()).misused(&["must be a number"]);
    sessions(&[&import[..], &["--api-id", "1"]].concat()).ok();
    assert_eq!(sessions(&["show", "--session", "theirs", "--json"]).json()["user_id"], json!(null));
    assert!(server.run(&["whoami", "--session", "theirs"]).ok().contains("user 9996631234 on DC 3"));
    let shown = sessions(&["show", "--session", "theirs", "--json"]).json();
    assert_eq!((&shown["user_id"], &shown["dc"]), (&json!(9_996_631_234_i64), &json!(3)));
    sessions(&["export", "--session", "theirs", "--to", "pyrogram"]).ok();
}
