//! The command line: help and invalid usage.

mod support;

use support::{COMMANDS, Directory, sansgram};

#[test]
fn long_names_cut_no_sentence() {
    let name = format!("{}name", "a-directory/".repeat(50));
    sansgram(&["login", "--sandbox", "--bot-token", "1:sandbox", "--session", &name])
        .fails(&[&format!("{name}.session"), "does not exist; create it, or use another session"]);
}

#[test]
fn help_lists_commands_and_options() {
    let help = sansgram(&["--help"]);
    for word in COMMANDS.iter().chain(&["Exit codes"]) {
        assert!(help.ok().contains(word), "{help:?}");
    }
    let help = sansgram(&["login", "--help"]);
    for word in [
        "--phone",
        "--code",
        "--password",
        "--bot-token",
        "--code-stdin",
        "--qr-file",
        "--except-id",
        "--proxy",
        "--mtproxy",
        "--obfuscated",
        "NAME.login",
        "--session",
        "--json",
        "--api-id",
        "--api-hash",
        "--test",
        "--dc",
        "--public-key",
        "--framing",
        "abridged",
        "intermediate",
        "padded",
        "full",
        "--runtime",
        "smol",
        "--timeout",
        "--sandbox",
        "SANSGRAM_PASSWORD",
        "SANSGRAM_PASSPHRASE",
        "20 minutes",
        "99966XYYYY",
        "1:sandbox",
        "2:elsewhere",
    ] {
        assert!(help.ok().contains(word), "{word} is missing: {help:?}");
    }
    for command in [&["whoami"][..], &["logout"], &["sessions", "show"], &["sessions", "encrypt"]] {
        let help = sansgram(&[command, &["--help"]].concat());
        assert!(help.ok().contains("SANSGRAM_PASSPHRASE"), "{help:?}");
    }
    let help = sansgram(&["sandbox", "--help"]);
    for word in [
        "--listen",
        "--public-key",
        "--json",
        "--strict-rsa",
        "--port",
        "--advertise",
        "--connections",
        "--state",
        "--accounts",
        "--strict",
        "99966XYYYY",
        "2:elsewhere",
        "username sandbox1_bot",
        "32 hexadecimal digits",
        "--until-eof",
        "not registered",
        "tg://login",
        "by e-mail",
        "Exit codes",
    ] {
        assert!(help.ok().contains(word), "{word} is missing: {help:?}");
    }
    sansgram(&["--version"]).ok();
}

#[test]
fn invalid_usage_ends_with_2_and_a_reason() {
    for (args, word) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["login", "--frobnicate"], "--frobnicate"),
        (&["login", "--phone"], "--phone"),
        (&["login", "--phone", "1", "--bot-token", "2:x"], "--bot-token"),
        (&["login", "--code", "1", "--sandbox"], "--phone"),
        (&["login", "--sandbox", "--test"], "--test"),
        (&["login", "--sandbox", "--dc", "1=a:1"], "--dc"),
        (&["login", "--timeout", "0"], "--timeout"),
        (&["sandbox", "--port", "65534"], "1 to 65533"),
        (&["sandbox", "--port", "x"], "1 to 65533"),
        (&["sandbox", "--connections", "0"], "--connections"),
        (&["login", "--timeout", "soon"], "--timeout"),
        (&["login", "--framing", "pigeon"], "abridged"),
        (&["login", "--runtime", "async-std"], "tokio"),
        (&["login", "--dc", "2=::1:80"], "brackets"),
        (&["login", "--dc", "0=a:80"], "1 to 1000"),
        (&["login", "--api-id", "1"], "api_hash"),
        (&["login", "--api-hash", support::API_HASH], "api_id"),
        (&["login", "--api-id", "1", "--api-hash", "1"], "32 hexadecimal digits"),
        (&["login"], "my.telegram.org"),
        (&["login", "--test"], "my.telegram.org"),
        (&["login", "--bot-token", "1:x"], "--sandbox"),
        (&["whoami", "--bot-token", "1:x"], "--bot-token"),
        (&["sandbox", "--timeout", "1"], "--timeout"),
    ] {
        sansgram(args).misused(&[word]);
    }
    let nothing = sansgram(&[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
}

#[test]
fn invalid_usage_shows_no_secret() {
    for args in [
        &["login", "--phone", "1", "--password", "two", "words73519"][..],
        &["login", "--bot-token", "1", "73519"],
        &["login", "--api-id", "73519feed", "--api-hash", "17"],
        &["login", "--api-hash", "73519"],
        &["login", "--pasword", "73519"],
        &["login", "--password", "-73519"],
        &["login", "--bot-token", "1:73519", "--phone", "73519"],
        &["login", "--password73519"],
        &["login", "--pasword=73519"],
        &["login", "--password-stdin=73519"],
        &["login", "--phone", "1", "--json=73519"],
        &["login", "--passphrase-73519"],
        &["login", "-p73519"],
        &["login", "--timeout", "73519x"],
        &["login", "--except-id", "73519x", "--qr"],
        &["login", "--framing", "73519"],
        &["sessions", "import", "--from", "x", "--account", "73519x"],
        &["73519:token"],
        &["login", "\u{2014}password=73519"],
        &["whoami", "73519"],
    ] {
        let run = sansgram(args);
        run.misused(&[]);
        assert!(!run.stderr.contains("73519"), "{run:?}");
    }
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let directory = Directory::new();
    let mut command = support::command(&directory.path);
    for name in ["API_ID", "API_HASH", "PHONE", "CODE", "PASSWORD", "BOT_TOKEN"] {
        command.env(format!("SANSGRAM_{name}"), "73519");
    }
    let help = support::run(command.args(["login", "--help"]));
    assert!(!help.ok().contains("73519"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    use std::os::unix::ffi::OsStrExt;

    let directory = Directory::new();
    let mut command = support::command(&directory.path);
    command.args(["login", "--sandbox"]).env("SANSGRAM_PHONE", std::ffi::OsStr::from_bytes(b"\xff"));
    support::run(&mut command).misused(&["SANSGRAM_PHONE", "UTF-8"]);
}

#[test]
fn key_files_are_read_with_care() {
    let directory = Directory::new();
    let login = |file: &str| {
        let mut command = support::command(&directory.path);
        support::run(command.args([
            "login",
            "--bot-token",
            "1:x",
            "--dc",
            "2=127.0.0.1:1",
            "--public-key",
            file,
        ]))
    };
    let write = |name: &str, content: &[u8]| std::fs::write(directory.path.join(name), content).unwrap();
    login("missing.pem").fails(&["missing.pem", "cannot be read"]);
    write("not.pem", b"\xff\xfe\x1b[2J");
    login("not.pem").fails(&["not.pem", "no PEM block"]);
    write("private.pem", b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    login("private.pem").fails(&["private.pem", "not a public key"]);
}

#[test]
fn a_file_with_two_keys_is_refused() {
    let server = support::Server::new(sansgram_testkit::server::ServerOptions::default());
    let key = server.directory.path.join("key.pem");
    let pem = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, format!("{pem}{pem}")).unwrap();
    server
        .run(&["login", "--bot-token", "1:sandbox"])
        .fails(&["key.pem contains several public keys", "repeat --public-key"]);
}

/// Bash does not expand the tilde of `--session=~/me`.
#[test]
fn an_unexpanded_tilde_is_reported() {
    for args in [&["login", "--sandbox", "--session=~/me"][..], &["whoami", "--session=~/me"]] {
        sansgram(args).misused(&["--session", "the shell expands ~ only at the beginning of a word"]);
    }
    for args in [
        &["sessions", "import", "--from=~/old.session"][..],
        &["sessions", "export", "--to", "telethon", "--output=~/me.txt"],
        &["login", "--public-key=~/key.pem"],
        &["login", "--qr", "--qr-file=~/code.png"],
        &["sandbox", "--public-key=~/key.pem"],
        &["sandbox", "--state=~/state"],
        &["sandbox", "--accounts=~/accounts.json"],
        &["man", "--output=~/man"],
    ] {
        let option = args.last().unwrap().split('=').next().unwrap();
        sansgram(args).misused(&[&format!("the value of {option} cannot be used: the shell expands ~ only")]);
    }
    sansgram(&["whoami", "--session", "./~/me"]).fails(&["there is no session ./~/me.session"]);
    sansgram(&["whoami", "--session", "~me"]).fails(&["there is no session ~me.session"]);
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let directory = Directory::new();
    for args in [&["login", "--help"][..], &["--version"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = support::run(support::command(&directory.path).args(args).stdout(full));
        run.fails(&["cannot be written to standard output"]);
    }
}

#[test]
fn help_into_a_closed_pipe_is_not_a_failure() {
    let directory = Directory::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = support::run(support::command(&directory.path).args(["login", "--help"]).stdout(writer));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

/// One sentence with advice, like all other errors.
#[test]
fn e_invalid_usage_is_one_sentence() {
    for (args, sentence) in [
        (
            &["login", "--timeout", "0"][..],
            "the value of --timeout cannot be used: it must be a whole number from 1 to 4294967295",
        ),
        (
            &["sessions", "import", "--from", "x", "--account", "0"],
            "the value of --account cannot be used: it must be a whole number from 1 to 4294967295",
        ),
        (
            &["login", "--dc", "x"],
            "the value of --dc cannot be used: expected ID=HOST:PORT, such as 2=127.0.0.1:443",
        ),
        (&["login", "--phone"], "--phone <NUMBER> requires a value"),
        (&["login", "--session="], "--session <NAME> requires a value"),
        (&["--session", "feed", "whoami"], "options come after the command: sansgram whoami --session NAME"),
        (&["--silent", "send", "me", "x"], "options come after the command: sansgram send --silent"),
        (&["--phone=+1555"], "options come after the command: sansgram COMMAND --phone NUMBER"),
        (&["--frob", "login"], "unknown option --frob; see --help for the options"),
        (&["login", "--frob"], "unknown option --frob; see --help for the options"),
        (
            &["login", "--phonee", "1"],
            "unknown option --phonee; did you mean --phone? See --help for the options",
        ),
        (
            &["login", "--password1"],
            "unknown option (not shown, as it may be a secret); did you mean --password? See --help for the options",
        ),
        (&["login", "--passwordhorse"], "put a space or \"=\" between --password and its value"),
        (
            &["login", "\u{2013}\u{2013}phone", "1"],
            "this option begins with a typographic dash instead of two hyphens (--); retype it",
        ),
        (&["login", "--phone", "1", "--phone", "2"], "--phone is given more than once; give it only once"),
        (&["login", "--sandbox", "--test"], "--sandbox cannot be used with --test; leave one of them out"),
        (&["login", "--json=yes"], "--json takes no value; remove the \"=\" and what follows"),
        (&["login", "--qr-file", "a.png"], "--qr-file and --except-id require --qr"),
        (&["sessions", "export"], "--to <FORMAT> is missing; see --help"),
        (&["login", "--runtime", "x"], "--runtime takes one of these values: tokio, smol"),
        (&["logi"], "unknown command \"logi\"; did you mean logout or login? See --help for the commands"),
        (&["frob"], "unknown command \"frob\"; see --help for the commands"),
    ] {
        let run = sansgram(args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert_eq!(run.stderr, format!("error: {sentence}\n"));
    }
}

/// The help of every command lists the exit codes.
#[test]
fn e_every_help_says_the_exit_codes() {
    let mut seen = 0;
    let mut pages = vec![Vec::new()];
    while let Some(page) = pages.pop() {
        let words: Vec<&str> = page.iter().map(String::as_str).collect();
        for option in ["-h", "--help"] {
            let help = sansgram(&[&words[..], &[option]].concat());
            assert!(help.ok().contains("Exit codes: 0 success; 1 refused"), "{page:?} {option}: {help:?}");
            seen += 1;
        }
        let help = sansgram(&[&words[..], &["--help"]].concat());
        let Some(commands) = help.ok().split("\nCommands:\n").nth(1) else { continue };
        for line in commands.lines().take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap_or_default();
            if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
                pages.push([&page[..], &[String::from(name)]].concat());
            }
        }
    }
    assert!(seen >= 34, "{seen}");
}
