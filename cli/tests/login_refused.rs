//! Refusals of the server: `--json` prints the error, and `pending` only if a login is saved; no advice leads in a circle.

mod support;

use sansgram_testkit::accounts::{AccountOptions, Fault};
use sansgram_testkit::server::ServerOptions;
use support::{Run, Server};

fn refusing(faults: Vec<Fault>) -> Server {
    let accounts = AccountOptions::default().with_faults(faults);
    Server::new(ServerOptions::default().with_accounts(accounts))
}

/// Runs the command, and checks that its advice, the saved login and `pending` agree.
#[track_caller]
fn ends(server: &Server, args: &[&str], pending: Option<&str>) -> Run {
    let run = server.run(&[args, &["--json"]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    let object = run.fails_as_json(&[]);
    assert_eq!(object.get("pending").and_then(|it| it.as_str()), pending, "{run:?}");
    assert_eq!(server.directory.path.join("sansgram.login").exists(), pending.is_some(), "{run:?}");
    // The advice does not name the command that just failed.
    assert!(!run.stderr.contains("log in with \"sansgram login\""), "{run:?}");
    if pending.is_none() {
        assert!(!run.stderr.contains("continue with"), "{run:?}");
    }
    run
}

/// Runs the command, which is refused nothing.
#[track_caller]
fn waits_for_the_password(server: &Server, args: &[&str]) {
    let run = server.run(&[args, &["--json"]].concat());
    assert_eq!((run.code, &*run.stdout), (Some(1), "{\"pending\":\"password\"}\n"), "{run:?}");
}

const CODE: [&str; 5] = ["login", "--phone", "9996620002", "--code", "22222"];
const PASSWORD: [&str; 7] = ["login", "--phone", "9996620002", "--code", "22222", "--password", "sandbox"];
const REFUSALS: &[(i32, &str, bool, &str)] = &[
    (400, "SOMETHING_NEW", true, "400 SOMETHING_NEW"),
    (401, "USER_DEACTIVATED_BAN", false, "deleted or banned"),
    (401, "USER_DEACTIVATED", false, "deleted or banned"),
    (401, "AUTH_KEY_UNREGISTERED", false, "the server has discarded this login; start over"),
    (
        401,
        "AUTH_KEY_DUPLICATED",
        false,
        "used in two places at the same time, so Telegram ended it; log in again",
    ),
    (401, "SESSION_REVOKED", false, "another device of the account ended this session; log in again"),
    (401, "SOMETHING_NEW", false, "401 SOMETHING_NEW"),
    (
        403,
        "RECAPTCHA_CHECK_signup__KEY",
        false,
        "only its official applications can provide; try your own api_id",
    ),
    (406, "UPDATE_APP_TO_LOGIN", false, "this version is too old for Telegram; update it"),
    (406, "SOMETHING_NEW", false, "406 SOMETHING_NEW"),
    (420, "FLOOD_WAIT_86400", true, "wait 1 day"),
    (420, "FROZEN_METHOD_INVALID", false, "has frozen this account"),
];

#[test]
fn b3_final_code_errors_leave_no_saved_login() {
    for (code, name, keeps, words) in REFUSALS {
        let server = refusing(vec![Fault::error("auth.signIn", *code, name)]);
        let run = ends(&server, &CODE, keeps.then_some("code"));
        assert!(run.stderr.contains(words), "{name}: {run:?}");
    }
}

#[test]
fn b3_final_password_errors_leave_no_saved_login() {
    for (code, name, keeps, words) in REFUSALS {
        let server = refusing(vec![Fault::error("auth.checkPassword", *code, name)]);
        let run = ends(&server, &PASSWORD, keeps.then_some("password"));
        assert!(run.stderr.contains(words), "{name}: {run:?}");
    }
}

#[test]
fn b1_refused_code_requests_leave_no_saved_login() {
    for (code, name, _, words) in REFUSALS {
        let server = refusing(vec![Fault::error("auth.sendCode", *code, name)]);
        let run = ends(&server, &CODE, None);
        assert!(run.stderr.contains(words), "{name}: {run:?}");
        let bot = refusing(vec![Fault::error("auth.importBotAuthorization", *code, name)]);
        let run = ends(&bot, &["login", "--bot-token", "1:sandbox"], None);
        assert!(run.stderr.contains(words), "{name}: {run:?}");
    }
}

#[test]
fn b6_an_expired_code_is_explained() {
    let server = refusing(vec![Fault::error("auth.signIn", 400, "PHONE_CODE_EXPIRED")]);
    let run = ends(&server, &CODE, None);
    assert!(run.stderr.contains("do not forward it within Telegram"), "{run:?}");
}

#[test]
fn b7_a_frozen_account_is_named() {
    let fault = Fault::error("users.getUsers", 420, "FROZEN_METHOD_INVALID");
    let server = refusing(vec![fault]);
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    server.run(&["whoami"]).fails(&["Telegram has frozen this account", "appeal in an official application"]);
}

#[test]
fn b7_a_session_without_its_password_says_how_to_continue() {
    let server = Server::new(ServerOptions::default());
    waits_for_the_password(&server, &CODE);
    let told =
        ["its login as +999 662 0002 waits for the password", "continue with \"sansgram login --password"];
    server.run(&["whoami"]).fails(&told);
    server.run(&["login", "--password", "sandbox"]).ok();
    server.run(&["whoami"]).ok();
}

/// Only the server knows that the password is missing.
#[test]
fn b7_an_imported_session_without_its_password_is_continued() {
    let owes = || Fault::error("users.getUsers", 401, "SESSION_PASSWORD_NEEDED").once();
    let server = refusing(vec![owes(), owes()]);
    waits_for_the_password(&server, &CODE);
    std::fs::remove_file(server.directory.path.join("sansgram.login")).unwrap();
    server.run(&["whoami"]).fails(&[
        "its login waits for the password of the account",
        "continue with \"sansgram login --password PASSWORD\"",
    ]);
    let run = server.run(&["login", "--password", "sandbox"]);
    assert!(run.ok().contains("user 9996620002"), "{run:?}");
    server.run(&["whoami"]).ok();
}

/// The advice is one command, and it names the session.
#[test]
fn a_missing_password_is_requested_with_one_command() {
    let owes = |method: &str| Fault::error(method, 401, "SESSION_PASSWORD_NEEDED");
    let server = refusing(vec![owes("auth.checkPassword"), owes("users.getUsers")]);
    let login = [&PASSWORD[..], &["--session", "work"]].concat();
    let run = server.run(&login);
    assert_eq!(run.stderr.matches("continue with").count(), 1, "{run:?}");
    run.fails(&["continue with \"sansgram login --session work --password PASSWORD\""]);
    std::fs::remove_file(server.directory.path.join("work.login")).unwrap();
    let whoami = server.run(&["whoami", "--session", "work"]);
    whoami.fails(&["\"sansgram login --session work --password PASSWORD\""]);
}

/// A bot's login needs no user input, so the command restarts it once. The library does not repeat `AUTH_RESTART`
/// without a number.
#[test]
fn a_bot_login_restarts_once() {
    const BOT: [&str; 3] = ["login", "--bot-token", "1:sandbox"];
    let restart = || Fault::auth_restart("auth.importBotAuthorization").once();
    refusing(vec![restart()]).run(&BOT).ok();
    ends(&refusing(vec![restart(), restart()]), &BOT, None);
}

/// A server that keeps refusing ends the login, even if there is no time for all attempts.
#[test]
fn a_persistent_refusal_has_the_same_result_under_any_time_limit() {
    for seconds in ["3", "60"] {
        let server = refusing(vec![Fault::error("auth.signIn", 401, "AUTH_KEY_UNREGISTERED")]);
        let login = ["login", "--phone", "9996610001", "--code", "11111", "--timeout", seconds];
        let run = ends(&server, &login, None);
        assert!(run.stderr.contains("the server has discarded this login"), "{seconds}: {run:?}");
    }
}
