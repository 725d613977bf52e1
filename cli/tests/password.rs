//! `sansgram password`: the reset of a forgotten password with a session that is logged in.

mod support;

use sansgram_testkit::server::ServerOptions;
use support::Server;

const RESET: [&str; 2] = ["password", "reset"];
const DECLINE: [&str; 2] = ["password", "decline-reset"];

#[test]
fn a_reset_is_requested_and_declined() {
    let server = Server::new(ServerOptions::default());
    server.run(&RESET).fails(&["sansgram login"]);
    server.run(&["login", "--phone", "9996620002", "--code", "22222", "--password", "sandbox"]).ok();
    server.run(&DECLINE).fails(&["no password reset is pending"]);
    let said = server.run(&RESET);
    assert!(said.ok().contains("Run this again in 7 days to remove the password"), "{said:?}");

    let json = |args: &[&str]| server.run(&[args, &["--json"]].concat()).json();
    let waiting = json(&RESET);
    assert_eq!(waiting["reset"], "waiting");
    assert_eq!(json(&RESET), waiting);
    assert_eq!(json(&DECLINE), serde_json::json!({"reset": "declined"}));
    server.run(&RESET).fails(&["declined recently", "in 1 day"]);
    let refused = server.run(&[&RESET[..], &["--json"]].concat());
    let line: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!((refused.code, &line["reset"]), (Some(1), &serde_json::json!("refused")));
    assert!(line["at"].as_i64() < waiting["at"].as_i64(), "{line} {waiting}");
    assert!(server.run(&["whoami"]).ok().contains("9996620002"));
}

#[test]
fn an_account_without_a_password_is_reported() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996620001", "--code", "22222"]).ok();
    server.run(&RESET).fails(&["this account has no password"]);
}
