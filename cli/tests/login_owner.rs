//! The owner of a session decides what `login` does: it replaces no user and no valid session, and asks the server for
//! the user of a session that does not state one.

mod support;

use std::fs;

use sansgram_testkit::server::ServerOptions;
use support::{API_HASH, Run, Server, command, run};

const PHONE: [&str; 4] = ["--phone", "9996621234", "--code", "22222"];

fn server() -> Server {
    Server::new(ServerOptions::default())
}

/// Runs `login --session NAME ARGS` at the server.
#[track_caller]
fn login(server: &Server, session: &str, args: &[&str]) -> Run {
    server.run(&[&["login", "--session", session], args].concat())
}

#[track_caller]
fn sessions(server: &Server, args: &[&str]) -> Run {
    run(command(&server.directory.path).arg("sessions").args(args))
}

fn sandbox(server: &Server, session: &str, variables: &[(&str, &str)]) -> Run {
    let mut login = command(&server.directory.path);
    login.args(["login", "--sandbox", "--bot-token", "1:sandbox", "--session", session]);
    run(login.envs(variables.iter().copied()))
}

/// Creates the session `theirs` of user 9996621234 in Telethon's format, which states neither the user nor the api_id.
#[track_caller]
fn import(server: &Server) {
    login(server, "mine", &PHONE).ok();
    let string = sessions(server, &["export", "--session", "mine", "--to", "telethon"]);
    sessions(server, &["import", "--from", string.ok().trim(), "--session", "theirs"]).ok();
}

#[test]
fn a_sandbox_login_replaces_no_valid_session() {
    let server = server();
    import(&server);
    login(&server, "out", &PHONE).ok();
    server.run(&["logout", "--session", "out"]).ok();
    login(&server, "half", &PHONE[..2]).fails(&["--code CODE"]);
    for session in ["theirs", "half", "out", "mine"] {
        let file = server.directory.path.join(format!("{session}.session"));
        let before = fs::read(&file).unwrap();
        sandbox(&server, session, &[])
            .fails(&["does not belong to the sandbox and was not changed", "--session"]);
        assert_eq!(fs::read(&file).unwrap(), before, "{session}");
    }
    login(&server, "half", &PHONE[2..]).ok();
    // A session of a sandbox is replaced, even if its login failed, and in any environment.
    let wrong = ["login", "--sandbox", "--session", "box", "--bot-token", "7:unknown"];
    run(command(&server.directory.path).args(wrong)).fails(&["not valid"]);
    let application = [("SANSGRAM_API_ID", "5"), ("SANSGRAM_API_HASH", API_HASH)];
    for variables in [&application[..], &application[..1], &[("SANSGRAM_PROXY", "socks5://127.0.0.1:1")], &[]]
    {
        sandbox(&server, "box", variables).ok();
    }
}

/// A login to another server removes the mark of the sandbox.
#[test]
fn a_session_that_moved_from_the_sandbox_no_longer_belongs_to_it() {
    let server = server();
    sandbox(&server, "moved", &[]).ok();
    login(&server, "moved", &PHONE).ok();
    let file = server.directory.path.join("moved.session");
    let before = fs::read(&file).unwrap();
    sandbox(&server, "moved", &[]).fails(&["does not belong to the sandbox and was not changed"]);
    assert_eq!(fs::read(&file).unwrap(), before);
    server.run(&["whoami", "--session", "moved"]).ok();
}

#[test]
fn the_server_is_asked_for_the_user_of_an_imported_session() {
    for how in [&[][..], &["--phone", "9996621234"], &PHONE, &["--code", "22222"], &["--qr"]] {
        let server = server();
        import(&server);
        let run = login(&server, "theirs", how);
        assert_eq!(run.ok(), "Already logged in as Sandbox DC 2, user 9996621234 on DC 2.\n", "{how:?}");
    }
    // This server does not know the key, so the session is treated as new.
    let (before, server) = (server(), server());
    import(&before);
    let string = sessions(&before, &["export", "--session", "theirs", "--to", "telethon"]);
    let address = format!("2={}", server.served.address(2).unwrap());
    for (how, sentence) in
        [(&[][..], "no terminal"), (&["--code", "22222"], "saved login"), (&PHONE[..2], "--code CODE")]
    {
        let _ = fs::remove_file(server.directory.path.join("theirs.session"));
        let from = ["import", "--from", string.ok().trim(), "--session", "theirs", "--dc", &address];
        sessions(&server, &from).ok();
        let run = login(&server, "theirs", how);
        assert!(run.code != Some(0) && run.stderr.contains(sentence), "{run:?}");
    }
    login(&server, "theirs", &PHONE).ok();
}

#[test]
fn another_user_than_the_requested_one_is_an_error() {
    let server = server();
    import(&server);
    login(&server, "bot", &["--bot-token", "1:sandbox"]).ok();
    let other = "another user is already logged in with this session";
    for (session, theirs) in
        [("mine", "user 9996621234 on DC 2"), ("theirs", "user 9996621234"), ("bot", "bot 1")]
    {
        let words = [other, theirs, "--session", "sansgram logout"];
        let as_json = ["--phone", "9996611234", "--code", "11111", "--json"];
        login(&server, session, &as_json).fails_as_json(&words);
        login(&server, session, &["--bot-token", "2:elsewhere"]).fails(&words);
    }
    login(&server, "bot", &["--phone", "1"]).fails(&["digit"]);
    login(&server, "mine", &["--bot-token", "unknown"]).fails(&["not a bot token"]);
    // The same user is not a failure, in any notation of the number.
    let run = login(&server, "mine", &["--phone", "+999 66 2-1234", "--json"]);
    assert_eq!(run.json()["user_id"], 9_996_621_234_i64);
    login(&server, "bot", &["--bot-token", "1:sandbox"]).ok();
}

/// Telegram requires the api_id, which the session may lack; other servers may require it too.
#[test]
fn the_api_id_of_an_imported_session_can_be_given_later() {
    use sansgram_testkit::accounts::{AccountOptions, Fault};
    let fault = Fault::error("users.getUsers", 400, "CONNECTION_API_ID_INVALID").once();
    for command in ["whoami", "login", "logout"] {
        let accounts = AccountOptions::default().with_faults(vec![fault.clone()]);
        let server = Server::new(ServerOptions::default().with_accounts(accounts));
        import(&server);
        let theirs = |args: &[&str]| server.run(&[args, &["--session", "theirs"]].concat());
        let mut by_environment = server.command(&["whoami", "--session", "mine"]);
        theirs(&["whoami"]).fails(&["CONNECTION_API_ID_INVALID", "--api-id"]);
        run(by_environment.env("SANSGRAM_API_ID", "18")).ok();
        assert_eq!(sessions(&server, &["show", "--session", "mine", "--json"]).json()["api_id"], 18);
        theirs(&[command, "--api-id", "feed"]).misused(&["must be a number"]);
        theirs(&[command, "--api-id", "17"]).ok();
        let shown = sessions(&server, &["show", "--session", "theirs", "--json"]).json();
        assert!(command == "logout" || shown["api_id"] == 17, "{shown}");
    }
}

#[test]
fn a_login_requires_both_application_values() {
    let server = server();
    login(&server, "new", &["--bot-token", "1:sandbox", "--api-id", "5"])
        .misused(&["must be given together"]);
    login(&server, "new", &["--bot-token", "1:sandbox", "--api-hash", API_HASH])
        .misused(&["must be given together"]);
}

#[test]
fn a_saved_login_is_removed_at_a_logout() {
    for phone in ["9996620001", "9996610001"] {
        let server = server();
        login(&server, "half", &["--phone", phone]).fails(&["--code CODE"]);
        server.run(&["whoami", "--session", "half"]).fails(&["no user is logged in"]);
        let run = server.run(&["logout", "--session", "half"]);
        assert_eq!(run.ok(), "No user was logged in; the saved login was removed.\n");
        assert!(!server.directory.path.join("half.login").exists());
        assert_eq!(server.run(&["logout", "--session", "half"]).ok(), "No user was logged in.\n");
        let logout = server.run(&["logout", "--session", "half", "--json"]);
        assert_eq!(logout.ok(), "{\"logged_out\":false}\n");
    }
}

#[test]
fn logout_prints_json() {
    let server = server();
    login(&server, "out", &PHONE).ok();
    let logout = || server.run(&["logout", "--session", "out", "--json"]);
    assert_eq!(logout().ok(), "{\"logged_out\":true}\n");
    assert_eq!(logout().ok(), "{\"logged_out\":false}\n");
    login(&server, "half", &PHONE[..2]).fails(&["--code CODE"]);
    let half = server.run(&["logout", "--session", "half", "--json"]);
    assert_eq!(half.ok(), "{\"logged_out\":false}\n");
}

#[test]
fn a_missing_directory_is_reported_before_the_login() {
    let server = server();
    for how in [&["--bot-token", "1:sandbox"][..], &PHONE, &[]] {
        login(&server, "no/such/directory/mine", how).fails(&[
            "no/such/directory/mine.session",
            "the directory no/such/directory does not exist; create it",
        ]);
    }
    assert_eq!(server.served.next_event(std::time::Duration::ZERO), None);
}

#[test]
fn directories_are_refused_as_session_names() {
    let server = server();
    for name in [".", "..", "a/", "a/.."] {
        login(&server, name, &PHONE).misused(&["--session", "directory"]);
        for command in [&["show"][..], &["import", "--from", "x"]] {
            sessions(&server, &[command, &["--session", name]].concat()).misused(&["--session", "directory"]);
        }
    }
    let files: Vec<_> =
        fs::read_dir(&server.directory.path).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(files, ["key.pem"]);
}
