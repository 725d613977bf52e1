//! Special files and files of others where the command reads and writes: each is refused in one sentence without waiting,
//! and nothing is changed.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sansgram_testkit::server::ServerOptions;
use support::{Directory, Run, Server, command, run};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn is_pipe(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_fifo())
}

fn sansgram(directory: &Directory, args: &[&str]) -> Run {
    run(command(&directory.path).args(args))
}

/// Returns a session of another library that does not contain a user.
fn string() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = file["strings"].as_array().unwrap();
    let telethon = strings.iter().find(|it| it["format"] == "telethon").unwrap();
    telethon["string"].as_str().unwrap().into()
}

#[test]
fn f6_a_pipe_is_refused_wherever_a_file_is_read() {
    let directory = Directory::new();
    for name in ["pipe.session", "me.login", "pipe.pem", "pipe"] {
        pipe(&directory.path.join(name));
    }
    let words = ["it is a pipe or a device, not a file"];
    for action in ["show", "export", "encrypt", "decrypt"] {
        let to: &[&str] = if action == "export" { &["--to", "telethon"] } else { &[] };
        sansgram(&directory, &[&["sessions", action, "--session", "pipe"], to].concat()).fails(&words);
    }
    sansgram(&directory, &["whoami", "--session", "pipe"]).fails(&words);
    // The message does not blame its permissions.
    assert!(
        Command::new("chmod").arg("666").arg(directory.path.join("pipe.session")).status().unwrap().success()
    );
    let open = sansgram(&directory, &["whoami", "--session", "pipe"]);
    open.fails(&words);
    assert!(!open.stderr.contains("warning"), "{open:?}");
    sansgram(&directory, &["sessions", "import", "--from", "pipe"]).fails(&["pipe"]);
    sansgram(&directory, &["sandbox", "--public-key", "pipe.pem"]).fails(&words);
    let server = ["--dc", "2=127.0.0.1:1", "--public-key", "pipe.pem"];
    let login = ["login", "--phone", "+9996621234", "--api-id", "1"];
    let hash = ["--api-hash", "00112233445566778899aabbccddeeff"];
    sansgram(&directory, &[&login[..], &hash, &server].concat()).fails(&words);

    // The session beside it can be shown.
    sansgram(&directory, &["sessions", "import", "--from", &string(), "--session", "me"]).ok();
    let shown = sansgram(&directory, &["sessions", "show", "--session", "me"]);
    assert!(shown.ok().contains("unknown user"), "{shown:?}");
    assert!(shown.stderr.contains("me.login cannot be read: it is a pipe"), "{shown:?}");
    for name in ["pipe.session", "me.login", "pipe.pem", "pipe"] {
        assert!(is_pipe(&directory.path.join(name)), "{name}");
    }
}

#[test]
fn f6_pipes_that_options_name_are_read() {
    let directory = Directory::new();
    fs::write(directory.path.join("theirs.txt"), string()).unwrap();
    for (name, from) in [("stdin", "/dev/stdin"), ("descriptor", "/dev/fd/5")] {
        let script = format!(r#"cat theirs.txt | "$@" 5<&0 --from {from}"#);
        let mut command = command(&directory.path);
        let program = command.get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(program).args(["sessions", "import", "--session", name]);
        shell.current_dir(&directory.path).stdout(std::process::Stdio::piped());
        command.stdin(std::process::Stdio::null());
        run(&mut shell).ok();
    }
}

#[test]
fn f1_links_under_our_names_are_not_followed() {
    let server = Server::new(ServerOptions::default());
    let path = |name: &str| server.directory.path.join(name);
    for name in ["lock", "full", "signin", "empty"] {
        fs::write(path(name), "important").unwrap();
    }
    fs::write(path("empty"), "").unwrap();
    symlink("lock", path(".sansgram.session.lock")).unwrap();
    let login = ["login", "--phone", "9996610002", "--code", "11111", "--password", "sandbox"];
    server.run(&login).fails(&[".sansgram.session.lock is a symbolic link and is left as it is; remove it"]);
    assert_eq!(fs::read_to_string(path("lock")).unwrap(), "important");
    fs::remove_file(path(".sansgram.session.lock")).unwrap();

    // The saved login replaces the link, and does not follow it.
    symlink("signin", path("sansgram.login")).unwrap();
    server.run(&["login", "--phone", "9996610002", "--code", "11111"]).fails(&["password"]);
    assert_eq!(fs::read_to_string(path("signin")).unwrap(), "important");
    assert!(fs::symlink_metadata(path("sansgram.login")).unwrap().is_file());

    for target in ["full", "empty"] {
        let link = format!("{target}.pem");
        symlink(target, path(&link)).unwrap();
        let before = fs::read(path(target)).unwrap();
        let mut sandbox =
            command(&server.directory.path).args(["sandbox", "--public-key", &link]).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(sandbox.stdout.as_mut().unwrap()),
            &mut line,
        )
        .unwrap();
        sandbox.kill().unwrap();
        sandbox.wait().unwrap();
        assert_eq!(fs::read(path(target)).unwrap(), before, "{target}");
        assert_eq!(line.is_empty(), target == "full", "{line}");
    }
    // An existing file is not replaced by the picture of a QR code, not even a link.
    symlink("full", path("code.png")).unwrap();
    let qr = server.run(&["login", "--qr", "--qr-file", "code.png", "--session", "other"]);
    qr.fails(&["code.png already exists"]);
}

#[test]
fn f1_names_are_shown_without_control_characters() {
    let directory = Directory::new();
    let name = "a\u{1b}[2J\nerror: b";
    for args in [
        &["sessions", "show", "--session", name][..],
        &["whoami", "--session", name],
        &["sessions", "import", "--from", "/dev/null", "--session", name],
    ] {
        let shown = sansgram(&directory, args);
        assert_eq!(shown.code, Some(1), "{shown:?}");
        assert!(!shown.stderr.contains('\u{1b}'), "{shown:?}");
        assert_eq!(shown.stderr.matches("\nerror: ").count(), 0, "{shown:?}");
    }
    sansgram(&directory, &["sessions", "import", "--from", &string(), "--session", name]).ok();
    let listed = sansgram(&directory, &["sessions", "list"]);
    assert!(!listed.ok().contains('\u{1b}') && listed.stdout.lines().count() == 1, "{listed:?}");
}

/// The login could not be saved, so no code is requested.
#[test]
fn f6_no_code_is_requested_if_the_login_cannot_be_saved() {
    let server = Server::new(ServerOptions::default());
    let place = server.directory.path.join("sansgram.login");
    let login = |words: &[&str]| {
        server.run(&["login", "--phone", "9996610001"]).fails(words);
        assert_eq!(server.served.next_event(Duration::ZERO), None);
    };
    pipe(&place);
    let refused =
        ["error: the saved login sansgram.login cannot be read: it is a pipe", "; remove it, or select"];
    login(&refused);
    assert!(is_pipe(&place));
    fs::remove_file(&place).unwrap();
    symlink("/dev/zero", &place).unwrap();
    login(&refused);
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    login(&["it is a directory, not a file; remove it"]);
    fs::remove_dir(&place).unwrap();
    // A dangling link is replaced, and the login is saved.
    symlink("nowhere", &place).unwrap();
    server.run(&["login", "--phone", "9996610001"]).fails(&["continue with \"sansgram login --code CODE\""]);
    assert!(server.run(&["login", "--code", "11111"]).ok().contains("Logged in"));
}

/// Another call cannot continue a login that is not saved, so there is no such advice.
#[cfg(target_os = "linux")]
#[test]
fn f6_no_advice_to_continue_a_login_that_is_not_saved() {
    let server = Server::new(ServerOptions::default());
    let mut terminal = support::terminal::Terminal::on(&server.command(&["login", "--json"]));
    terminal.sees("bot token:");
    fs::create_dir(server.directory.path.join("sansgram.login")).unwrap();
    terminal.types("9996610001\n");
    terminal.sees("(y/n)");
    terminal.types("y\n");
    terminal.sees("note: the login cannot be saved: it is a directory");
    terminal.sees("Code:");
    terminal.types("\u{4}");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        !shown.contains("pending") && !shown.contains("continue with") && !shown.contains("--code"),
        "{shown}"
    );
}

#[test]
fn f1_advised_commands_quote_the_session() {
    let server = Server::new(ServerOptions::default());
    let name = "a\nb 'c'";
    let begun = server.run(&["login", "--phone", "9996621234", "--session", name]);
    begun.fails(&[r"continue with "]);
    let word = begun.stderr.split("--session ").nth(1).and_then(|rest| rest.split(" --code").next()).unwrap();
    assert_eq!(word, r"$'a\012b \'c\''");
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("printf %s {word}")]).stdin(std::process::Stdio::null());
    bash.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    assert_eq!(run(&mut bash).ok(), name);
    let done = server.run(&["login", "--code", "22222", "--session", name]);
    done.ok();
    assert!(done.stderr.contains(r"The session is stored in a\nb 'c'.session."), "{done:?}");
}

#[test]
fn f5_impossible_file_names_are_reported_with_advice() {
    let directory = Directory::new();
    symlink("loop.session", directory.path.join("loop.session")).unwrap();
    let login = |name: &str| {
        sansgram(&directory, &["login", "--dc", "2=127.0.0.1:1", "--phone", "1", "--session", name])
    };
    for length in [225, 240, 250] {
        login(&"n".repeat(length)).fails(&["File name too long", "; choose a shorter name"]);
    }
    login("loop").fails(&["; it is a symbolic link that leads back to itself: remove it"]);
    assert_eq!(fs::read_dir(&directory.path).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn the_list_includes_special_files() {
    let directory = Directory::new();
    let status = Command::new("mkfifo").arg(directory.path.join("pipe.session")).status().unwrap();
    assert!(status.success());
    fs::create_dir(directory.path.join("folder.session")).unwrap();
    let listed = run(command(&directory.path).args(["sessions", "list"]));
    for name in ["pipe: ", "folder: "] {
        assert!(listed.ok().contains(name), "{listed:?}");
    }
    let listed = run(command(&directory.path).args(["sessions", "list", "--json"]));
    assert_eq!(listed.ok().matches("\"kind\":\"unreadable\"").count(), 2, "{listed:?}");
}
