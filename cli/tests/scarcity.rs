//! The command with scarce resources: file descriptors, memory, time and disk space.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Directory, command, run};

/// The command with a limit of open files.
fn limited(directory: &Directory, limit: u32, args: &[&str]) -> Command {
    under(directory, &format!("ulimit -n {limit}"), args)
}

/// The command with a limit that the shell's `ulimit` sets, without inherited file descriptors: `make`, `flock` and other
/// parents leave some open, and they count.
fn under(directory: &Directory, limit: &str, args: &[&str]) -> Command {
    let command = command(&directory.path);
    let program = command.get_program().to_owned();
    let mut shell = Command::new("sh");
    let script = format!(r#"exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; {limit}; exec "$@""#);
    shell.args(["-c", &script, "sh"]).arg(program).args(args);
    shell.current_dir(&directory.path);
    for (name, value) in command.get_envs() {
        if value.is_none() {
            shell.env_remove(name);
        }
    }
    shell.stdin(std::process::Stdio::null());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    drop(command);
    shell
}

#[test]
fn f10_too_few_descriptors_are_one_sentence() {
    let directory = Directory::new();
    let login = ["login", "--sandbox", "--phone", "+9996621234", "--code", "22222"];
    for limit in [5, 6, 7, 8, 9, 12, 16, 20, 24] {
        for runtime in ["tokio", "smol"] {
            let args = [&login[..], &["--runtime", runtime]].concat();
            run(&mut limited(&directory, limit, &args)).fails(&["files at once; allow 80 (ulimit -n)"]);
        }
    }
    run(&mut limited(&directory, 7, &["sandbox"])).fails(&["allow 80"]);
    run(&mut limited(&directory, 7, &["whoami"])).fails(&["allow 80"]);
    assert!(run(&mut limited(&directory, 80, &login)).ok().contains("Logged in as"));
}

/// Commands without network access need few descriptors, and say so if there are fewer.
#[test]
fn f10_offline_commands_need_few_descriptors() {
    let directory = Directory::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = file["strings"].as_array().unwrap();
    let pyrogram = strings.iter().find(|it| it["format"] == "pyrogram").unwrap()["string"].as_str().unwrap();
    fs::write(directory.path.join("theirs.txt"), pyrogram).unwrap();
    run(command(&directory.path).args(["sessions", "import", "--from", "theirs.txt", "--session", "me"]))
        .ok();
    let mut enough = 0;
    for limit in [5, 8, 12, 16, 20, 22, 24, 26, 30, 40] {
        for (args, output) in [
            (&["show"][..], None),
            (&["list"], None),
            (&["export", "--to", "telethon"], None),
            (&["export", "--to", "pyrogram-sqlite"], Some("out.session")),
            (&["export", "--to", "tdata"], Some("tdata")),
            (&["import", "--from", "out.session"], None),
        ] {
            let named = format!("{limit}-{}", output.unwrap_or("new"));
            let mut args = [&["sessions"], args].concat();
            args.extend(output.iter().flat_map(|_| ["--output", &named]));
            if args[1] == "import" {
                args = vec!["sessions", "import", "--from", "40-out.session", "--session", &named];
                fs::copy(directory.path.join("me.session"), directory.path.join("40-out.session")).unwrap();
            } else if args[1] != "list" {
                args.extend(["--session", "me"]);
            }
            let run = run(&mut limited(&directory, limit, &args));
            match run.code {
                Some(0) => enough += 1,
                _ => run.fails(&["files at once; allow 40 (ulimit -n)"]),
            }
            assert!(run.code == Some(0) || limit < 40, "{run:?}");
        }
        let _ = fs::remove_file(directory.path.join("40-out.session"));
    }
    // All six commands under each limit from 24 on.
    assert_eq!(enough, 24);
}

/// Like Ctrl-Z, and `fg` later.
#[test]
fn f10_stopped_time_does_not_count() {
    // Accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = Directory::new();
    let address = format!("2={}", silent.local_addr().unwrap());
    let mut command = command(&directory.path);
    command.args(["login", "--dc", &address, "--api-id", "1", "--timeout", "3"]);
    command.args(["--api-hash", "00112233445566778899aabbccddeeff", "--phone", "+9996621234"]);
    let mut child = command.spawn().unwrap();
    let _connection = silent.accept().unwrap();
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::STOP).unwrap();
    thread::sleep(Duration::from_secs(5));
    let resumed = Instant::now();
    kill_process(pid, Signal::CONT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    let after = resumed.elapsed();
    assert!(after >= Duration::from_millis(800), "it gave up {after:?} after it was resumed");
    assert!(after < Duration::from_secs(20), "{after:?}");
}

/// Base64url without padding.
fn base64url(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter =
        |six: &[u8]| letters[(0..6).fold(0, |sum, at| sum * 2 + usize::from(*six.get(at).unwrap_or(&0)))];
    bits.chunks(6).map(letter).collect()
}

/// An encrypted session that requires 1 GiB of memory and 100 passes, and is valid as far as can be checked without a
/// passphrase.
#[test]
fn f10_an_expensive_passphrase_is_confirmed_first() {
    use sansgram_runtime::core::crypto::hash::sha256;

    let directory = Directory::new();
    let mut bytes = vec![1];
    bytes.extend((1_u32 << 20).to_le_bytes());
    bytes.extend(100_u32.to_le_bytes());
    bytes.extend([4; 1 + 16 + 24 + 400]);
    let checksum = sha256(&[&bytes]);
    bytes.extend(&checksum[..8]);
    fs::write(directory.path.join("me.session"), format!("sansgram1e:{}\n", base64url(&bytes))).unwrap();

    let words = ["1024 MiB of memory and 534 times as long as usual", "no terminal", "SANSGRAM_ANY_COST=1"];
    let begin = Instant::now();
    for args in
        [&["sessions", "show", "--session", "me"][..], &["sessions", "import", "--from", "me.session"]]
    {
        run(command(&directory.path).args(args).env("SANSGRAM_PASSPHRASE", "horse")).fails(&words);
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());

    let mut terminal =
        support::terminal::Terminal::start(&directory, &["sessions", "show", "--session", "me"]);
    terminal.sees("534 times as long as usual");
    terminal.sees("(y/n)");
    terminal.types("what\n");
    terminal.sees("Please answer y for yes or n for no.");
    terminal.sees("(y/n)");
    terminal.types("n\n");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
}

/// The disk is full: the command says what it did, and that the session is not saved.
#[test]
fn f5_a_session_that_cannot_be_saved_is_a_failure() {
    use sansgram_testkit::server::ServerOptions;
    use support::Server;

    let server = Server::new(ServerOptions::default());
    let login = ["login", "--phone", "9996610002", "--code", "11111", "--password", "sandbox"];
    server.run(&login).ok();
    let file = server.directory.path.join("sansgram.session");
    let before = fs::read(&file).unwrap();
    let full = |args: &[&str]| {
        let command = server.command(args);
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$@""#, "sh"]);
        shell.arg(command.get_program()).args(command.get_args()).current_dir(&server.directory.path);
        shell.stdin(std::process::Stdio::null());
        run(shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()))
    };
    let out = full(&["logout"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    assert!(out.stderr.contains("sansgram.session cannot be written: File too large"), "{out:?}");
    assert_eq!(fs::read(&file).unwrap(), before, "it is whole");
    // This is checked before a code is used up.
    full(&["login", "--session", "other", "--phone", "9996610002"])
        .fails(&["other.session cannot be written"]);
}

/// The kernel kills a process that exceeds the limit without handling the signal.
#[test]
fn f10_a_limit_of_file_sizes_is_one_sentence_and_loses_nothing() {
    let directory = Directory::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = file["strings"].as_array().unwrap();
    let pyrogram = strings.iter().find(|it| it["format"] == "pyrogram").unwrap()["string"].as_str().unwrap();
    fs::write(directory.path.join("theirs.txt"), pyrogram).unwrap();
    let files = || {
        let mut names: Vec<_> = fs::read_dir(&directory.path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    };
    let import = ["sessions", "import", "--from", "theirs.txt", "--session", "me"];
    run(&mut under(&directory, "ulimit -f 0", &import)).fails(&["File too large"]);
    assert_eq!(files(), ["theirs.txt"]);
    run(command(&directory.path).args(import)).ok();
    let before = fs::read(directory.path.join("me.session")).unwrap();
    for format in ["sansgram", "telethon", "telethon-sqlite", "gramjs-store", "tdata", "tdlib"] {
        let export = ["sessions", "export", "--session", "me", "--to", format, "--output", "out"];
        run(&mut under(&directory, "ulimit -f 0", &export))
            .fails(&["out cannot be written", "File too large"]);
        assert_eq!(files(), ["me.session", "theirs.txt"], "{format}");
    }
    let login = ["login", "--sandbox", "--bot-token", "1:sandbox", "--session", "new"];
    let refused = run(&mut under(&directory, "ulimit -f 0", &login));
    refused.fails(&["new.session", "File too large"]);
    assert_eq!(fs::read(directory.path.join("me.session")).unwrap(), before);
    assert_eq!(files(), ["me.session", "theirs.txt"]);
}

/// The next export or import removes the temporary files of a killed one.
#[test]
fn f10_files_of_dead_processes_are_removed_by_the_next_write() {
    let directory = Directory::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let strings = file["strings"].as_array().unwrap();
    let pyrogram = strings.iter().find(|it| it["format"] == "pyrogram").unwrap()["string"].as_str().unwrap();
    let mut ended = Command::new("true").spawn().unwrap();
    let dead = ended.id();
    ended.wait().unwrap();
    let at = |name: &str| directory.path.join(name);
    let living = format!(".out.{}-0.export", std::process::id());
    let stale = [format!(".out.{dead}-0.export"), format!(".me.session.{dead}-7.tmp")];
    for name in stale.iter().chain([&living]) {
        fs::write(at(name), "half a key").unwrap();
    }
    let folder = format!(".out.{dead}-1.export");
    fs::create_dir(at(&folder)).unwrap();
    fs::write(at(&folder).join("key_datas"), "half a key").unwrap();
    let sessions = |args: &[&str]| run(command(&directory.path).arg("sessions").args(args));
    sessions(&["import", "--from", pyrogram, "--session", "me"]).ok();
    sessions(&["export", "--session", "me", "--to", "tdata", "--output", "out"]).ok();
    for name in stale.iter().chain([&folder]) {
        assert!(!at(name).exists(), "{name}");
    }
    assert!(at(&living).exists(), "another process may be writing it");
}
