//! With `--json`, each command also prints its failure as one object, or its own object that says what is missing.

mod support;

use sansgram_testkit::accounts::{AccountOptions, Fault};
use sansgram_testkit::server::ServerOptions;
use serde_json::{Value, json};
use support::{NO_LISTENER, Server, sansgram};

#[test]
fn every_command_without_a_session_fails_as_json() {
    for args in [
        &["whoami"][..],
        &["logout"],
        &["call", "help.getConfig"],
        &["listen"],
        &["send", "me", "hello"],
        &["password", "reset"],
        &["password", "decline-reset"],
        &["sessions", "show"],
        &["sessions", "encrypt"],
        &["sessions", "decrypt"],
        &["sessions", "import", "--from", "none", "--session", "me"],
        &["sessions", "list", "none"],
        &["login", "--sandbox", "--bot-token", "not a token"],
        &["sandbox", "--accounts", "none.json"],
    ] {
        let run = sansgram(&[args, &["--json"]].concat());
        let error = run.fails_as_json(&[]);
        assert_eq!(error["error"].as_object().unwrap().len(), 1, "{args:?}: {error}");
        // Without the option, standard output stays empty.
        sansgram(args).fails(&[]);
    }
}

#[test]
fn a_refusal_of_the_server_has_its_code_and_name() {
    let fault = Fault::error("users.getUsers", 400, "STRANGE_7_THING");
    let server = Server::new(
        ServerOptions::default().with_accounts(AccountOptions::default().with_faults(vec![fault])),
    );
    server.run(&["login", "--bot-token", "1:sandbox"]).ok();
    let error = server.run(&["whoami", "--json"]).fails_as_json(&["400 STRANGE_7_THING"]);
    let refusal = &error["error"];
    assert_eq!(
        (&refusal["code"], &refusal["name"], &refusal["value"]),
        (&json!(400), &json!("STRANGE_X_THING"), &json!(7))
    );
}

#[test]
fn invalid_usage_is_json_too() {
    for args in [&["whoami", "--json", "--frobnicate"][..], &["--json"], &["login", "--json", "--phone"]] {
        let run = sansgram(args);
        let object: Value = serde_json::from_str(&run.stdout).unwrap();
        let message = object["error"]["message"].as_str().unwrap();
        assert_eq!((run.code, &*run.stderr), (Some(2), &*format!("error: {message}\n")));
    }
    // After --, it is a value.
    sansgram(&["send", "--frobnicate", "--", "me", "--json"]).misused(&["--frobnicate"]);
}

/// A second object would say the same.
#[test]
fn a_result_that_says_what_is_missing_is_the_only_object() {
    let closed = format!("2={NO_LISTENER}");
    let report = sansgram(&["doctor", "--dc", &closed, "--json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["checks"][0]["outcome"], "failed");
    let server = Server::new(ServerOptions::default());
    let login = server.run(&["login", "--phone", "9996621234", "--json"]);
    assert_eq!((login.code, &*login.stdout), (Some(1), "{\"pending\":\"code\"}\n"));
}
