//! A saved login, left by Ctrl-C, a kill or a missing terminal. The next call continues it under the same key.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use sansgram_testkit::server::{FaultInjection, ServerOptions};
use serde_json::{Value, json};
use support::terminal::Terminal;
use support::{API_HASH, Server, run};

fn server() -> Server {
    Server::new(ServerOptions::default())
}

fn saved_login(server: &Server) -> PathBuf {
    server.directory.path.join("sansgram.login")
}

/// Returns the identifier of the session's key.
fn key(server: &Server) -> String {
    let mut show = support::command(&server.directory.path);
    run(show.args(["sessions", "show", "--json"])).json()["auth_key_id"].as_str().unwrap().into()
}

/// Returns the number of codes sent since the last call.
fn codes_sent(server: &Server) -> usize {
    let events = std::iter::from_fn(|| server.served.next_event(std::time::Duration::ZERO));
    events.filter(|event| matches!(event, sansgram_testkit::accounts::AccountEvent::CodeSent { .. })).count()
}

#[test]
fn ctrl_c_at_the_code_then_another_call() {
    for runtime in ["tokio", "smol"] {
        let server = server();
        let login = ["login", "--runtime", runtime];
        let mut terminal = Terminal::on(&server.command(&login));
        terminal.sees("bot token:");
        terminal.types("9996610002\n");
        terminal.sees("(y/n)");
        terminal.types("y\n");
        terminal.sees("Code:");
        terminal.types("\u{3}");
        terminal.sees("\r\nInterrupted; run \"sansgram login\" with the same session to continue.");
        assert!(terminal.echoes());
        assert_eq!(terminal.ends().0, Some(130));
        assert!(!server.directory.path.join(".sansgram.session.lock").exists());
        let key_before = key(&server);
        assert_eq!(fs::metadata(saved_login(&server)).unwrap().permissions().mode() & 0o777, 0o600);

        let mut terminal = Terminal::on(&server.command(&login));
        terminal.sees("A login as +999 661 0002 waits for its code (just now). Continue this login? (y/n)");
        terminal.types("\u{3}");
        terminal.sees("Interrupted; run \"sansgram login\" with the same session to continue");
        assert_eq!(terminal.ends().0, Some(130));

        let mut terminal = Terminal::on(&server.command(&login));
        terminal.sees("Continue this login? (y/n)");
        terminal.types("y\n");
        terminal.sees("Code:");
        terminal.types("11111\n");
        terminal.sees("Password");
        terminal.types("half\u{3}");
        terminal.sees("Interrupted");
        assert!(terminal.echoes());
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(130));
        assert!(!shown.contains("half\u{3}") && !shown.contains("half^C"), "{shown}");

        let mut terminal = Terminal::on(&server.command(&login));
        terminal.sees("waits for the password");
        terminal.types("y\n");
        terminal.sees("Password");
        terminal.types("sandbox\n");
        terminal.sees("Logged in as Sandbox DC 1, user 9996610002 on DC 1.");
        assert_eq!(terminal.ends().0, Some(0));
        assert!(!saved_login(&server).exists());
        assert_eq!((key(&server), codes_sent(&server)), (key_before, 1));
    }
}

#[test]
fn a_login_killed_at_any_question_can_be_continued() {
    let server = server();
    for (signal, code) in [(Signal::TERM, Some(143)), (Signal::HUP, Some(129)), (Signal::KILL, None)] {
        let mut terminal = Terminal::on(&server.command(&["login", "--phone", "9996620002"]));
        if signal == Signal::TERM {
            terminal.sees("Code:");
            terminal.types("22222\n");
        } else {
            terminal.sees("A login as +999 662 0002 waits for the password");
            terminal.types("y\n");
        }
        terminal.sees("Password");
        assert!(!terminal.echoes());
        kill_process(Pid::from_child(&terminal.child), signal).unwrap();
        let slave = terminal.slave.try_clone().unwrap();
        assert_eq!(terminal.ends().0, code, "{signal:?}");
        if signal != Signal::KILL {
            let modes = rustix::termios::tcgetattr(&slave).unwrap().local_modes;
            assert!(modes.contains(rustix::termios::LocalModes::ECHO), "{signal:?}");
        }
    }
    let run = server.run(&["login", "--password", "sandbox", "--json"]);
    assert_eq!(run.json()["user_id"], 9_996_620_002_i64);
    assert!(!saved_login(&server).exists());
}

/// Asserts that the run failed and that its JSON says what the login waits for.
#[track_caller]
fn pending(run: &support::Run, what: &str) {
    let object: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, object["pending"].as_str()), (Some(1), Some(what)), "{run:?}");
}

/// An incomplete login says both what it waits for and how to continue.
#[test]
fn standard_input_that_ends_too_early() {
    let server = server();
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"9996610002\n").unwrap();
    drop(writer);
    let mut login = server.command(&["login", "--phone-stdin", "--code-stdin", "--session", "q", "--json"]);
    let run = run(login.stdin(reader));
    pending(&run, "code");
    for words in ["standard input ended before the login code; continue with", "--session q --code CODE"] {
        assert!(run.stderr.contains(words), "{run:?}");
    }
}

#[test]
fn scripts_log_in_with_several_calls() {
    let server = server();
    server
        .run(&["login", "--phone", "9996610002", "--session", "mine"])
        .fails(&["The code was sent", "continue with \"sansgram login --session mine --code CODE\""]);
    server.run(&["login", "--phone", "9996620006", "--session", "no code"]).fails(&[
        "an e-mail address",
        "\"sansgram login --session 'no code'\"",
        "on a terminal",
    ]);
    let run = server.run(&["login", "--session", "no code", "--json"]);
    assert_eq!(run.stdout, "{\"pending\":\"email\"}\n");
    assert!(!run.stderr.contains("was sent"), "{run:?}");
    let mine = |args: &[&str]| server.run(&[&["login", "--session", "mine"], args].concat());
    // Without a value, it repeats what it waits for.
    mine(&[]).fails(&["waits for its code", "--code CODE"]);
    // A wrong code can be corrected.
    mine(&["--code", "00000"])
        .fails(&["the code is wrong", "continue with \"sansgram login --session mine --code CODE\""]);
    pending(&mine(&["--code", "00000", "--json"]), "code");
    // Another code.
    mine(&["--code", "resend"]).fails(&["sent by text message", "--code CODE"]);
    pending(&mine(&["--code", "1-11 11", "--json"]), "password");
    pending(&mine(&["--password", "hunter2", "--json"]), "password");
    mine(&["--password", "hunter2"]).fails(&["the password is wrong", "--password PASSWORD"]);
    assert_eq!(
        mine(&["--password", "sandbox", "--json"]).json(),
        json!({"user_id": 9_996_610_002_i64, "first_name": "Sandbox", "is_bot": false, "dc": 1})
    );
    assert!(!server.directory.path.join("mine.login").exists());
    assert_eq!(codes_sent(&server), 2);
}

#[test]
fn the_number_may_be_given_again_or_be_another_one() {
    let server = server();
    let login = |args: &[&str]| server.run(&[&["login"], args].concat());
    login(&["--phone", "9996621234"]).fails(&["--code CODE"]);
    // The same number with the code: the code that was already sent is used.
    login(&["--phone", "+999 66 2 1234", "--code", "22222"]).ok();
    assert_eq!(codes_sent(&server), 1);
    server.run(&["logout"]).ok();
    // Another number or a bot starts a new login.
    login(&["--phone", "9996620001"]).fails(&["--code CODE"]);
    login(&["--phone", "9996621111", "--code", "22222"]).ok();
    assert_eq!(codes_sent(&server), 2);
    server.run(&["logout"]).ok();
    login(&["--phone", "9996620003"]).fails(&["--code CODE"]);
    login(&["--bot-token", "1:sandbox"]).ok();
    assert!(!saved_login(&server).exists());
    server.run(&["logout"]).ok();
    login(&["--code", "22222"]).misused(&["--phone", "saved login"]);
    // Also for Telegram's own servers, without advice to get an api_id first.
    support::sansgram(&["login", "--code", "22222"]).misused(&["--phone", "saved login"]);
}

#[test]
fn a_saved_login_of_another_key_is_not_continued() {
    let server = server();
    server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    let text = fs::read_to_string(saved_login(&server)).unwrap();
    let write = |text: &str| fs::write(saved_login(&server), text).unwrap();
    let code = ["login", "--code", "22222"];
    for damaged in ["", "sansgram-login1:AAAA\n", &text.replace("key 2 ", "key 1 "), &text[..text.len() / 2]]
    {
        write(damaged);
        server.run(&code).misused(&["sansgram.login", "damaged or belongs to another session"]);
    }
    write(&text);
    server.run(&code).ok();
}

#[test]
fn answering_no_starts_a_new_login() {
    let server = server();
    server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    let mut terminal = Terminal::on(&server.command(&["login"]));
    terminal.sees("Continue this login? (y/n)");
    terminal.types("what\n");
    terminal.sees("Continue this login? (y/n)");
    terminal.types("n\n");
    terminal.sees("bot token:");
    terminal.types("1:sandbox\n");
    terminal.sees("Logged in as Sandbox bot");
    assert_eq!(terminal.ends().0, Some(0));
    assert!(!saved_login(&server).exists());
}

/// A new key is exchanged, and the code is invalid under it.
#[test]
fn a_server_that_does_not_know_the_login() {
    let (server, other) = (server(), server());
    server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    for name in ["sansgram.session", "sansgram.login"] {
        fs::copy(server.directory.path.join(name), other.directory.path.join(name)).unwrap();
    }
    other.run(&["login", "--code", "22222"]).fails(&["the code has expired; log in again to get a new one"]);
    assert!(!saved_login(&other).exists());
    other.run(&["login", "--phone", "9996621234", "--code", "22222"]).ok();
}

/// Earlier versions called the file NAME.signin.
#[test]
fn a_saved_login_of_an_earlier_version_is_read_and_replaced() {
    let server = server();
    let old = server.directory.path.join("sansgram.signin");
    server.run(&["login", "--phone", "9996620002"]).fails(&["--code CODE"]);
    fs::rename(saved_login(&server), &old).unwrap();
    // The password follows, and the login is saved under the new name.
    server.run(&["login", "--code", "22222"]).fails(&["--password PASSWORD"]);
    assert!(!old.exists() && saved_login(&server).exists());
    fs::rename(saved_login(&server), &old).unwrap();
    server.run(&["login", "--password", "sandbox"]).ok();
    assert!(!old.exists() && !saved_login(&server).exists());
    // A logout removes it too.
    let other = self::server();
    other.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    let old = other.directory.path.join("sansgram.signin");
    fs::rename(saved_login(&other), &old).unwrap();
    assert!(other.run(&["logout"]).ok().contains("the saved login was removed"));
    assert!(!old.exists());
}

#[test]
fn a_saved_login_is_shown() {
    let server = server();
    for (phone, name) in [("9996610001", "one"), ("9996620001", "two")] {
        server.run(&["login", "--phone", phone, "--session", name]).fails(&["--code CODE"]);
        let show = |args: &[&str]| {
            let mut show = support::command(&server.directory.path);
            run(show.args(["sessions", "show", "--session", name]).args(args))
        };
        let grouped = format!("{} {} {}", &phone[..3], &phone[3..6], &phone[6..]);
        let expected =
            format!("no user is logged in yet: a login as +{grouped} waits for its code (just now)");
        let said = show(&[]);
        // The servers follow.
        assert!(
            said.ok().starts_with(&format!("{expected}; the session belongs to the server at 127.0.0.1:")),
            "{said:?}"
        );
        let shown = show(&["--json"]).json();
        assert_eq!(
            (&shown["pending"], &shown["dc"]),
            (&json!("code"), &json!(if name == "one" { 1 } else { 2 }))
        );
        assert_eq!(shown["auth_key_id"].as_str().map(str::len), Some(16), "{shown}");
        // A logout removes the saved login.
        let logout = server.run(&["logout", "--session", name]);
        assert!(logout.ok().starts_with("No user was logged in; the saved login"), "{logout:?}");
        assert!(!server.directory.path.join(format!("{name}.login")).exists());
        let shown = show(&["--json"]).json();
        assert_eq!((&shown["pending"], &shown["auth_key_id"]), (&json!(null), &json!(null)));
    }
}

#[test]
fn ctrl_d_at_a_passphrase() {
    let server = encrypted();
    let mut terminal = Terminal::start(&server.directory, &["sessions", "show"]);
    terminal.sees("Passphrase of sansgram.session: ");
    terminal.types("\u{4}");
    assert_eq!(terminal.rest_of_line(), "");
    terminal.sees("error: no passphrase was given, and nothing was changed");
    assert_eq!(terminal.ends().0, Some(1));
}

/// The session is never written unencrypted, not even while its login is incomplete.
#[test]
fn a_login_that_is_encrypted_from_the_start() {
    let server = server();
    let code = ["login", "--encrypt", "--phone", "9996621234"];
    let mut terminal = Terminal::on(&server.command(&code));
    for (question, answer) in [("New passphrase:", "horse\n"), ("Repeat the passphrase:", "hores\n")] {
        terminal.sees(question);
        terminal.types(answer);
    }
    let (status, shown) = terminal.ends();
    assert_eq!(status, Some(1), "{shown}");
    assert!(shown.contains("the two passphrases differ"), "{shown}");
    assert!(!server.directory.path.join("sansgram.session").exists());

    let run = run(server.command(&code).env("SANSGRAM_PASSPHRASE", "horse"));
    run.fails(&["--code"]);
    let kept = fs::read_to_string(server.directory.path.join("sansgram.session")).unwrap();
    assert!(kept.starts_with("sansgram1e:"));
    let mut terminal = Terminal::on(&server.command(&["login", "--code", "22222"]));
    terminal.sees("Passphrase of sansgram.session:");
    terminal.types("horse\n");
    let (status, shown) = terminal.ends();
    assert_eq!(status, Some(0), "{shown}");
    let kept = fs::read_to_string(server.directory.path.join("sansgram.session")).unwrap();
    assert!(kept.starts_with("sansgram1e:"));
}

fn encrypted() -> Server {
    let server = server();
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let mut encrypt = support::command(&server.directory.path);
    run(encrypt.args(["sessions", "encrypt"]).env("SANSGRAM_PASSPHRASE", "horse")).ok();
    server
}

/// Typing a passphrase may take longer than the time limit.
#[test]
fn the_time_at_a_passphrase_does_not_count() {
    let server = encrypted();
    for command in ["login", "whoami"] {
        let mut terminal = Terminal::on(&server.command(&[command, "--timeout", "5"]));
        terminal.sees("Passphrase of sansgram.session:");
        // Real seconds, since this is a real process.
        std::thread::sleep(std::time::Duration::from_millis(5500));
        terminal.types("horse\n");
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(0), "{shown}");
    }
}

#[test]
fn a_wrong_passphrase_may_be_typed_again() {
    let server = encrypted();
    let mut terminal = Terminal::on(&server.command(&["whoami"]));
    for answer in ["hores\n", "\n", "horse\n"] {
        terminal.sees("Passphrase of sansgram.session:");
        terminal.types(answer);
    }
    let (code, shown) = terminal.ends();
    assert_eq!((code, shown.matches("The passphrase is wrong.").count()), (Some(0), 2), "{shown}");
    // The command ends after three wrong passphrases.
    let mut terminal = Terminal::start(&server.directory, &["sessions", "show"]);
    for _ in 0..3 {
        terminal.sees("Passphrase of sansgram.session:");
        terminal.types("hores\n");
    }
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error: the session file sansgram.session cannot be decrypted"), "{shown}");
    // A wrong passphrase of the environment is not followed by a prompt.
    let mut whoami = server.command(&["whoami"]);
    let run = run(whoami.env("SANSGRAM_PASSPHRASE", "hores"));
    run.fails(&["cannot be decrypted: the passphrase is wrong"]);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}

#[test]
fn a_signal_at_a_passphrase() {
    let server = encrypted();
    for command in [&["login"][..], &["whoami"], &["logout"]] {
        let terminal = Terminal::on(&server.command(command));
        ended_at_a_passphrase(terminal);
    }
    for action in ["show", "export", "decrypt"] {
        let mut sessions = support::command(&server.directory.path);
        sessions.args(["sessions", action]);
        if action == "export" {
            sessions.args(["--to", "telethon"]);
        }
        ended_at_a_passphrase(Terminal::on(&sessions));
    }
    // The lock file is removed when the process ends.
    let entries = fs::read_dir(&server.directory.path).unwrap();
    let mut files: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["key.pem", "sansgram.session"]);
}

#[track_caller]
fn ended_at_a_passphrase(mut terminal: Terminal) {
    terminal.sees("Passphrase of sansgram.session:");
    assert!(!terminal.echoes());
    kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
    let slave = terminal.slave.try_clone().unwrap();
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(143), "{shown}");
    let modes = rustix::termios::tcgetattr(&slave).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ECHO), "{shown}");
}

#[test]
fn ctrl_c_at_a_passphrase() {
    let server = encrypted();
    for command in ["login", "whoami"] {
        let mut terminal = Terminal::on(&server.command(&[command]));
        terminal.sees("Passphrase of sansgram.session:");
        assert!(!terminal.echoes());
        terminal.types("half\u{3}");
        let slave = terminal.slave.try_clone().unwrap();
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(130), "{shown}");
        assert!(!shown.contains("half") && !shown.contains("error"), "{shown}");
        let modes = rustix::termios::tcgetattr(&slave).unwrap().local_modes;
        assert!(modes.contains(rustix::termios::LocalModes::ECHO));
    }
}

/// Runs the command without options for the server, which the session remembers.
#[track_caller]
fn at_remembered(server: &Server, args: &[&str]) -> support::Run {
    run(support::command(&server.directory.path).args(args))
}

/// A login that cannot start without an application does not change the saved one.
#[test]
fn another_login_without_an_application_loses_no_code() {
    let server = server();
    let application = ["--api-id", "77", "--api-hash", API_HASH];
    server.run(&[&["login", "--phone", "9996621234"], &application[..]].concat()).fails(&["--code CODE"]);
    let kept = fs::read(saved_login(&server)).unwrap();
    let half = ["login", "--bot-token", "1:sandbox", "--api-id", "77"];
    at_remembered(&server, &half).misused(&["must be given together"]);
    assert_eq!(fs::read(saved_login(&server)).unwrap(), kept);
    server.run(&["login", "--bot-token", "1:sandbox", "--api-id", "77"]).misused(&["must be given together"]);
    at_remembered(&server, &["login", "--bot-token", "12"]).fails(&["not a bot token"]);
    // An unreachable server does not remove it either.
    let closed = format!("2={}", support::NO_LISTENER);
    at_remembered(&server, &["login", "--qr", "--dc", &closed]).fails(&["cannot be reached"]);
    assert_eq!(fs::read(saved_login(&server)).unwrap(), kept);
    server.run(&["login", "--code", "22222"]).ok();
}

/// A new link needs the application again.
#[test]
fn a_new_link_requires_the_application() {
    let server = server();
    let mut terminal =
        Terminal::on(&server.command(&["login", "--qr", "--api-id", "77", "--api-hash", API_HASH]));
    terminal.sees("tg://login?token=");
    terminal.types("\u{3}");
    assert_eq!(terminal.ends().0, Some(130));
    assert!(saved_login(&server).exists());
    // The session remembers its server, which does not check applications.
    let mut again = Terminal::on(support::command(&server.directory.path).args(["login", "--qr"]));
    again.sees("tg://login?token=");
    again.types("\u{3}");
    assert_eq!(again.ends().0, Some(130));
    at_remembered(&server, &["login", "--qr", "--api-id", "77"]).misused(&["must be given together"]);
}

/// The code stays valid, as the JSON says.
#[test]
fn an_unreachable_or_silent_server_uses_up_no_code() {
    let fault_injection = FaultInjection::default().with_silent_after_accept(true);
    let silent = Server::new(ServerOptions::default().with_fault_injection(fault_injection));
    let server = server();
    let login = ["login", "--phone", "9996610002"];
    pending(&server.run(&[&login[..], &["--json"]].concat()), "code");
    for (address, words) in
        [(support::NO_LISTENER, "cannot be reached"), (silent.served.address(2).unwrap(), "timed out")]
    {
        let at = |args: &[&str]| {
            let away = format!("1={address}");
            let options = ["--timeout", "3", "--public-key", "key.pem", "--dc", &away];
            at_remembered(&server, &[&["login"], args, &options].concat())
        };
        let run = at(&["--code", "11111", "--json"]);
        pending(&run, "code");
        let object: Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(
            object["error"]["message"].as_str().is_some_and(|message| message.contains(words)),
            "{run:?}"
        );
        let how = "; the code was not used; continue with \"sansgram login --code CODE\"";
        assert!(run.stderr.contains(words) && run.stderr.contains(how), "{run:?}");
        at(&["--phone", "9996610002", "--code", "11111"]).fails(&[words, how]);
        // A login of another number gives no such advice.
        let other = at(&["--phone", "9996610001", "--code", "11111", "--json"]);
        other.fails_as_json(&[words]);
        assert!(!other.stderr.contains("continue with"), "{other:?}");
    }
    // As advised, without --dc: the address of the failed call has not replaced the remembered one.
    pending(&at_remembered(&server, &["login", "--code", "11111", "--json"]), "password");
    let closed = format!("1={}", support::NO_LISTENER);
    let away = at_remembered(&server, &["login", "--password", "sandbox", "--json", "--dc", &closed]);
    pending(&away, "password");
    assert!(away.stderr.contains("the password was not used; continue with"), "{away:?}");
    at_remembered(&server, &["login", "--password", "sandbox"]).ok();
}

#[test]
fn a_code_that_is_cancelled() {
    let server = server();
    for how in [&["--phone", "9996621234"][..], &[]] {
        server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
        let run = server.run(&[&["login", "--code", "Cancel"], how].concat());
        run.fails(&["the login was cancelled"]);
        assert!(!run.stderr.contains("terminal") && !saved_login(&server).exists(), "{run:?}");
    }
    // On a terminal, it does not ask for another number either.
    server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    let terminal = Terminal::on(&server.command(&["login", "--code", "cancel"]));
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error: the login was cancelled"), "{shown}");
}

/// The temporary files are as secret as the saved login itself.
#[test]
fn temporary_files_of_a_killed_process_are_removed_by_the_next_owner() {
    let server = server();
    let left = server.directory.path.join(".sansgram.login.4194304-7.tmp");
    server.run(&["login", "--phone", "9996621234"]).fails(&["--code CODE"]);
    fs::write(&left, "secret").unwrap();
    // "show" does not lock the session, so the file may still be written.
    let mut show = support::command(&server.directory.path);
    run(show.args(["sessions", "show"])).ok();
    assert!(left.exists());
    for command in [&["login", "--code", "22222"][..], &["whoami"], &["logout"]] {
        fs::write(&left, "secret").unwrap();
        server.run(command).ok();
        assert!(!left.exists(), "{command:?}");
    }
}
