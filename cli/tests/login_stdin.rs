//! Values from standard input, one per line in order, each read when it is needed; and closed standard input.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use sansgram_testkit::accounts::AccountEvent;
use sansgram_testkit::server::ServerOptions;
use support::{Run, Server, command, run};

/// Runs `login --sandbox ARGS` with `input` on standard input.
fn sandbox(input: &str, args: &[&str]) -> Run {
    let directory = support::Directory::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    // The input fits into the buffer of the pipe.
    writer.write_all(input.as_bytes()).unwrap();
    drop(writer);
    run(command(&directory.path).args(["login", "--sandbox"]).args(args).stdin(reader))
}

#[test]
fn lines_are_values_in_order() {
    let all = ["--phone-stdin", "--code-stdin", "--password-stdin"];
    assert!(sandbox("9996610002\n11111\nsandbox\n", &all).ok().contains("9996610002"));
    assert!(sandbox("9996610002\r\n11111\r\nsandbox", &all).ok().contains("9996610002"));
    // The password is not needed, so its line is not read.
    assert!(sandbox("9996610001\n11111\n", &all).ok().contains("9996610001"));
    assert!(sandbox("11111\n", &["--phone", "9996610001", "--code-stdin"]).ok().contains("9996610001"));
    assert!(sandbox("1:sandbox\n", &["--bot-token-stdin"]).ok().contains("bot 1"));
    let qr = ["--qr", "--phone", "9996620002", "--password-stdin"];
    assert!(sandbox("sandbox\n", &qr).ok().contains("9996620002"));
    sandbox("9996610002\n11111\n73519\n", &all).fails(&["the password is wrong"]);
}

#[test]
fn standard_input_that_ends_early_is_one_sentence() {
    let all = ["--phone-stdin", "--code-stdin", "--password-stdin"];
    sandbox("", &all).fails(&["standard input ended before the phone number"]);
    sandbox("9996610002\n", &all).fails(&["standard input ended before the login code"]);
    sandbox("9996610002\n11111\n", &all).fails(&["standard input ended before the password"]);
    sandbox("\n", &["--bot-token-stdin"]).fails(&["for the bot token is empty"]);
    sandbox("", &["--bot-token-stdin"]).fails(&["standard input ended before the bot token"]);
    sandbox("", &[]).fails(&["no terminal", "--phone"]);
    sandbox(&"9".repeat(5000), &all).fails(&["too long"]);
}

#[test]
fn conflicting_values_are_refused() {
    for args in [
        &["--phone-stdin", "--phone", "1"][..],
        &["--bot-token-stdin", "--code-stdin"],
        &["--bot-token-stdin", "--qr"],
        &["--qr", "--code", "1"],
        &["--except-id", "1"],
        &["--qr-file", "a.png"],
        &["--qr", "--qr-file", "a.jpg"],
        &["--qr", "--except-id", "0"],
    ] {
        sandbox("", args).misused(&["--"]);
    }
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--qr", "--phone", "1"]).misused(&["--sandbox"]);
}

/// The code is read after it was sent, so a script can fetch it in between.
#[test]
fn the_line_of_the_code_may_arrive_late() {
    let server = Server::new(ServerOptions::default());
    let mut login = server.command(&["login", "--phone", "9996631234", "--code-stdin"]);
    let mut child = login.stdin(Stdio::piped()).spawn().unwrap();
    let event = server.served.next_event(std::time::Duration::from_secs(30));
    let Some(AccountEvent::CodeSent { code, .. }) = event else { panic!("{event:?}") };
    writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("user 9996631234"), "{line}");
    assert!(child.wait().unwrap().success());
}

/// The second of two calls skips the lines that it does not need.
#[test]
fn unneeded_lines_are_skipped() {
    let server = Server::new(ServerOptions::default());
    server.run(&["login", "--phone", "9996620002", "--code", "22222"]).fails(&["--password PASSWORD"]);
    let mut login = server.command(&["login", "--code-stdin", "--password-stdin"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"22222\nsandbox\n").unwrap();
    drop(writer);
    run(login.stdin(reader)).ok();
}
