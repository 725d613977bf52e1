//! A session remembers the server that it belongs to, and its keys are sent to no other.

mod support;

use std::fs;
use std::time::{Duration, Instant};

use sansgram_testkit::server::ServerOptions;
use support::{Directory, Run, Server};

/// A string of Telethon with an address of Telegram's DC 2 and an unused key.
const OF_TELEGRAM: &str = concat!(
    "1ApWapzMBuwEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
);

/// Runs the command in the server's directory without options for the server.
#[track_caller]
fn plain(server: &Server, args: &[&str]) -> Run {
    support::run(support::command(&server.directory.path).args(args))
}

#[test]
fn a5_a_server_is_named_once() {
    let server = Server::new(ServerOptions::default());
    let address = server.served.address(2).unwrap().to_string();
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    assert!(plain(&server, &["whoami"]).ok().contains("bot 1 on DC 2"));
    let shown = plain(&server, &["sessions", "show"]);
    assert_eq!(shown.ok(), format!("bot 1 on DC 2 of the server at {address}\n"));
    assert_eq!(plain(&server, &["sessions", "show", "--json"]).json()["server"], address.as_str());
    assert!(plain(&server, &["sessions", "list"]).ok().contains(&address));
    assert_eq!(plain(&server, &["logout"]).ok(), "Logged out.\n");
    // Also for the next login, and for an account on another DC.
    let again = plain(&server, &["login", "--bot-token", "2:elsewhere"]);
    assert!(again.ok().contains("bot 2 on DC 1") && again.stderr.contains(&address), "{again:?}");
    assert!(plain(&server, &["whoami"]).ok().contains("bot 2 on DC 1"));
    assert!(server.served.take_refusals().is_empty());
}

/// By the first step only, unless an option may mean another server.
#[test]
fn a_login_says_once_that_it_goes_to_the_server_of_the_session() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    plain(&server, &["logout"]).ok();
    let said =
        |args: &[&str]| plain(&server, &[&["login"], args].concat()).stderr.contains("so does this login");
    assert!(said(&["--phone", "9996610002", "--json"]));
    assert!(said(&["--phone", "9996610003"]), "another login");
    assert!(said(&["--phone", "9996610002"]));
    assert!(!said(&["--code", "99999"]) && !said(&["--code", "resend", "--json"]));
    assert!(said(&["--code", "99999", "--test"]));
    assert!(!said(&["--code", "11111"]) && !said(&["--password", "sandbox"]));
    assert!(plain(&server, &["whoami"]).ok().contains("user 9996610002"));
}

#[test]
fn a5_an_option_names_another_address_of_the_same_server() {
    let server = Server::new(ServerOptions::default());
    let port = server.served.address(2).unwrap().port();
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let by_name = format!("2=[::ffff:127.0.0.1]:{port}");
    plain(&server, &["whoami", "--dc", &by_name]).ok();
    // The key and the other DCs are still remembered.
    plain(&server, &["logout", "--dc", &by_name]).ok();
    assert!(plain(&server, &["login", "--bot-token", "2:elsewhere"]).ok().contains("on DC 1"));
}

#[test]
fn a5_a_session_of_telegram_goes_to_no_other_server() {
    let server = Server::new(ServerOptions::default());
    plain(&server, &["sessions", "import", "--from", OF_TELEGRAM, "--api-id", "5"]).ok();
    assert!(plain(&server, &["sessions", "show"]).ok().ends_with("on DC 2 of Telegram\n"));
    for command in ["whoami", "logout"] {
        server.run(&[command]).fails(&[
            "the session belongs to Telegram",
            "127.0.0.1",
            "leave out the options",
        ]);
        plain(&server, &[command, "--test"]).fails(&["belongs to Telegram", "Telegram's test DCs"]);
    }
    server.run(&["login", "--bot-token", "1:sandbox"]).fails(&["the session belongs to Telegram"]);
    assert!(plain(&server, &["sessions", "show"]).ok().contains("Telegram"), "nothing was changed");
}

#[test]
fn a5_a_sandbox_session_is_marked_and_used_nowhere_else() {
    let directory = Directory::new();
    let run = |args: &[&str]| support::run(support::command(&directory.path).args(args));
    let login = ["login", "--sandbox", "--bot-token", "1:sandbox", "--session", "mine"];
    run(&login).ok();
    assert_eq!(
        run(&["sessions", "show", "--session", "mine"]).ok(),
        "bot 1 on DC 2 of a sandbox that has ended\n"
    );
    assert_eq!(run(&["sessions", "show", "--session", "mine", "--json"]).json()["server"], "sandbox");
    let begun = Instant::now();
    for args in [&["whoami"][..], &["whoami", "--dc", "2=127.0.0.1:1"], &["password", "reset"]] {
        run(&[args, &["--session", "mine"]].concat()).fails(&["a sandbox that has ended"]);
    }
    let exported = run(&["sessions", "export", "--session", "mine", "--to", "pyrogram"]);
    assert!(exported.stderr.contains("a sandbox that has ended"), "{exported:?}");
    run(&["sessions", "export", "--session", "mine", "--to", "telethon"])
        .fails(&["address of DC 2 is not known"]);
    assert_eq!(run(&["logout", "--session", "mine"]).ok(), "The keys of the session were removed.\n");
    assert!(begun.elapsed() < Duration::from_secs(30), "no connection is waited for");
    run(&["whoami", "--session", "mine"]).fails(&["logged in with this session"]);
    run(&login).ok();
}

#[test]
fn a5_an_imported_session_uses_its_own_address() {
    let server = Server::new(ServerOptions::default());
    let address = server.served.address(2).unwrap();
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    for format in ["telethon", "gramjs", "telethon-sqlite", "telethon2-sqlite", "kurigram-sqlite", "mtcute"] {
        let exported =
            plain(&server, &["sessions", "export", "--to", format, "--output", &format!("{format}.out")]);
        exported.ok();
        assert!(exported.stderr.contains("not its RSA key"), "{exported:?}");
        let into = ["--session", format];
        let from = format!("{format}.out");
        let imported = plain(&server, &[&["sessions", "import", "--from", &from], &into[..]].concat());
        assert!(imported.ok().contains(&format!("of the server at {address}.")), "{imported:?}");
        assert!(imported.stderr.contains("other than Telegram's"), "{imported:?}");
        assert!(plain(&server, &[&["whoami"], &into[..]].concat()).ok().contains("bot 1"), "{format}");
    }
}

#[test]
fn a5_facts_that_a_format_lacks_are_reported_and_can_be_provided() {
    let server = Server::new(ServerOptions::default());
    let address = server.served.address(2).unwrap();
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let exported = plain(&server, &["sessions", "export", "--to", "pyrogram", "--output", "string"]);
    assert!(exported.stderr.contains("does not contain the server's address"), "{exported:?}");
    let dc = format!("2={address}");
    plain(&server, &["sessions", "import", "--from", "string", "--session", "theirs", "--dc", &dc]).ok();
    assert!(plain(&server, &["whoami", "--session", "theirs"]).ok().contains("bot 1"));
    let text = fs::read_to_string(server.directory.path.join("theirs.session")).unwrap();
    let copied = ["sessions", "import", "--from", text.trim(), "--session", "copied"];
    assert!(plain(&server, &copied).ok().contains(&address.to_string()), "a session that moves says it, too");
}
