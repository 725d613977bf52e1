//! `sansgram login --sandbox` with values, right and wrong.

mod support;

use serde_json::json;
use support::{Directory, command, run, sansgram};

const SANDBOX: [&str; 2] = ["login", "--sandbox"];

fn login(args: &[&str]) -> support::Run {
    sansgram(&[&SANDBOX, args].concat())
}

#[test]
fn by_phone() {
    let run = login(&["--phone", "+999 66 2 1234", "--code", "22222", "--json"]);
    assert_eq!(
        run.json(),
        json!({"user_id": 9_996_621_234_i64, "first_name": "Sandbox", "is_bot": false, "dc": 2})
    );
    assert!(run.stderr.contains("the code 22222 arrived for +9996621234 (DC 2)"), "{run:?}");
}

#[test]
fn by_phone_on_another_dc_with_a_password() {
    for (dc, runtime) in [("1", "tokio"), ("3", "smol")] {
        let (phone, code) = (format!("99966{dc}0002"), dc.repeat(5));
        let values =
            ["--phone", &phone, "--code", &code, "--password", "sandbox", "--runtime", runtime, "--json"];
        assert_eq!(login(&values).json()["dc"].to_string(), dc);
    }
}

#[test]
fn by_bot_token() {
    let run = login(&["--bot-token", "1:sandbox", "--json"]);
    assert_eq!(run.json(), json!({"user_id": 1, "first_name": "Sandbox bot", "is_bot": true, "dc": 2}));
    let run = login(&["--bot-token", "2:elsewhere"]);
    assert_eq!(run.ok(), "Logged in as Sandbox bot (@sandbox2_bot), bot 2 on DC 1.\n");
}

#[test]
fn the_session_is_kept_in_memory_unless_it_has_a_name() {
    let directory = Directory::new();
    let files = || {
        let entries = std::fs::read_dir(&directory.path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let mut command = command(&directory.path);
    run(command.args(["login", "--sandbox", "--bot-token", "1:sandbox"])).ok();
    assert!(files().is_empty());
    run(command.args(["--session", "mine"])).ok();
    assert_eq!(files(), ["mine.session"]);
    // The next sandbox does not know this session, and the login works.
    let again = run(&mut command);
    assert!(again.ok().starts_with("Logged in as"), "{again:?}");
    // If a passphrase is set, a note says that the session is not encrypted.
    let plain = run(command.arg("--json").env("SANSGRAM_PASSPHRASE", "horse"));
    assert!(plain.stderr.contains("mine.session is not encrypted"), "{plain:?}");
    let encrypted = run(command.arg("--encrypt"));
    encrypted.ok();
    assert!(!encrypted.stderr.contains("is not encrypted"), "{encrypted:?}");
    assert!(std::fs::read_to_string(directory.path.join("mine.session")).unwrap().starts_with("sansgram1e:"));
    login(&["--bot-token", "1:sandbox", "--encrypt"]).misused(&["--session"]);
}

#[test]
fn a_session_of_other_servers_is_not_changed() {
    let server = support::Server::new(sansgram_testkit::server::ServerOptions::default());
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let file = server.directory.path.join("sansgram.session");
    let session = std::fs::read(&file).unwrap();
    let mut command = command(&server.directory.path);
    command.args(["login", "--sandbox", "--bot-token", "1:sandbox", "--session", "sansgram"]);
    run(&mut command).fails(&["does not belong to the sandbox", "--session"]);
    assert_eq!(std::fs::read(file).unwrap(), session);
}

#[test]
fn each_wrong_value_ends_in_one_sentence() {
    login(&["--phone", "9996621234", "--code", "11111"]).fails(&["the code is wrong"]);
    login(&["--phone", "9996621232", "--code", "22222", "--password", "hunter2"])
        .fails(&["password is wrong"]);
    login(&["--phone", "9996621232", "--code", "22222"]).fails(&["--password", "SANSGRAM_PASSWORD"]);
    login(&["--phone", "9996621239", "--code", "22222"]).fails(&["this number has no account", "sign up"]);
    login(&["--phone", "15551234567", "--code", "1"]).fails(&["does not accept this phone number"]);
    login(&["--phone", "12", "--code", "1"]).fails(&["has 2 digits"]);
    login(&["--bot-token", "7:unknown"]).fails(&["bot token is not valid"]);
    login(&["--bot-token", "unknown"]).fails(&["not a bot token"]);
}

#[test]
fn secrets_are_in_no_error() {
    for args in [
        ["--phone", "9996621234", "--code", "73519"],
        ["--bot-token", "73519:unknown", "--timeout", "60"],
        ["--bot-token", "73519", "--timeout", "60"],
        ["--phone", "9996621239", "--password", "73519"],
    ] {
        let run = login(&args);
        run.fails(&[]);
        assert!(!run.stderr.contains("73519"), "{run:?}");
    }
}

#[test]
fn without_a_terminal_the_options_are_named() {
    login(&[]).fails(&["no terminal", "--phone", "--code", "--bot-token"]);
    login(&["--phone", "9996621234"]).fails(&["--code", "SANSGRAM_CODE"]);
    // A wrong number is reported before missing values.
    login(&["--phone", "hello"]).fails(&["the phone number contains 'h'"]);
    login(&["--phone", "1234567890123456"]).fails(&["the phone number has 16 digits"]);
}

#[test]
fn values_are_read_from_the_environment() {
    let directory = Directory::new();
    let from = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = command(&directory.path);
        run(command.args(SANDBOX).args(args).envs(variables.iter().copied()))
    };
    let phone = ("SANSGRAM_PHONE", "9996610002");
    let code = ("SANSGRAM_CODE", "11111");
    let password = ("SANSGRAM_PASSWORD", "sandbox");
    let bot = ("SANSGRAM_BOT_TOKEN", "1:sandbox");
    assert!(from(&[phone, code, password], &[]).ok().contains("9996610002"));
    assert!(from(&[bot], &[]).ok().contains("bot 1"));
    // An option overrides the environment, and an empty variable counts as unset.
    assert!(from(&[bot, code], &["--phone", "9996611111"]).ok().contains("9996611111"));
    assert!(from(&[phone, code, password], &["--bot-token", "2:elsewhere"]).ok().contains("bot 2"));
    assert!(from(&[bot, ("SANSGRAM_PHONE", "")], &[]).ok().contains("bot 1"));
    from(&[phone, bot], &[]).misused(&["SANSGRAM_PHONE", "SANSGRAM_BOT_TOKEN"]);
}

#[test]
fn all_framings() {
    for framing in ["abridged", "intermediate", "padded", "full"] {
        let values = ["--phone", "9996632222", "--code", "33333", "--password", "sandbox"];
        login(&[&values[..], &["--framing", framing]].concat()).ok();
    }
}

/// There is no server to log out from, so only the keys are removed, with a note.
#[test]
fn a_session_of_an_ended_sandbox_is_logged_out_without_a_server() {
    let directory = Directory::new();
    let sansgram = |args: &[&str]| run(command(&directory.path).args(args));
    let key = || sansgram(&["sessions", "show", "--session", "box", "--json"]).json()["auth_key_id"].clone();
    sansgram(&["login", "--sandbox", "--bot-token", "1:sandbox", "--session", "box"]).ok();
    assert!(key().is_string());
    let logout = sansgram(&["logout", "--session", "box"]);
    assert_eq!(logout.ok(), "The keys of the session were removed.\n");
    let note = "note: the session was from a sandbox that has ended, so there is no server to log out from\n";
    assert_eq!(logout.stderr, note);
    assert!(key().is_null());
    let again = sansgram(&["logout", "--session", "box", "--json"]);
    assert_eq!((again.ok(), again.stderr.as_str()), ("{\"logged_out\":false}\n", ""));
}

/// The login failed, so the session has keys but no user.
#[test]
fn a_session_of_an_ended_sandbox_without_a_user_loses_its_keys() {
    let directory = Directory::new();
    let sansgram = |args: &[&str]| run(command(&directory.path).args(args));
    let key = || sansgram(&["sessions", "show", "--session", "box", "--json"]).json()["auth_key_id"].clone();
    let login = ["login", "--sandbox", "--phone", "9996610001", "--code", "00000", "--session", "box"];
    sansgram(&login).fails(&["the code is wrong"]);
    assert!(key().is_string());
    let logout = sansgram(&["logout", "--session", "box", "--json"]);
    assert_eq!(logout.ok(), "{\"logged_out\":false}\n");
    assert!(logout.stderr.contains("from a sandbox that has ended"), "{logout:?}");
    assert!(key().is_null());
}
