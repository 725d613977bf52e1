//! `--store`, as far as it needs no database: what is refused before one is reached, also by a build that cannot use one.

mod support;

use support::{Directory, NO_LISTENER, Run, command, run};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// The password of all URLs, which no output has.
const PASSWORD: &str = "hunter2";

/// Runs the command with variables, and checks that it says nothing about their secrets and leaves nothing behind.
#[track_caller]
fn sansgram(variables: &[(&str, &str)], args: &[&str]) -> Run {
    let directory = Directory::new();
    let ran = run(command(&directory.path).envs(variables.iter().copied()).args(args));
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains(PASSWORD) && !said.contains(KEY), "{said}");
    assert_eq!(
        std::fs::read_dir(&directory.path).unwrap().count(),
        0,
        "no file takes the place of the database"
    );
    ran
}

/// A command of each kind that uses sessions.
const COMMANDS: [&[&str]; 11] = [
    &["login", "--bot-token", "1:sandbox"],
    &["whoami"],
    &["logout"],
    &["call", "help.getConfig"],
    &["listen"],
    &["send", "me", "text"],
    &["password", "reset"],
    &["sessions", "list"],
    &["sessions", "show"],
    &["sessions", "import", "--from", "no-session"],
    &["sessions", "export", "--to", "telethon"],
];

fn url() -> String {
    format!("postgres://me:{PASSWORD}@{NO_LISTENER}/db")
}

#[test]
fn every_command_goes_to_the_database_or_says_why_not() {
    let url = url();
    let words: &[&str] = match cfg!(feature = "postgres") {
        true => {
            &["the database 127.0.0.1:1/db cannot be reached (Connection refused", "; check that it runs"]
        }
        false => &["this build of sansgram cannot use ", "--features postgres"],
    };
    for command in COMMANDS.iter().filter(|command| command.get(1) != Some(&"import")) {
        sansgram(&[("SANSGRAM_STORE", &url), ("SANSGRAM_STORE_KEY", KEY)], command).fails(words);
        let with_option = [*command, &["--store", &url]].concat();
        sansgram(&[("SANSGRAM_STORE_KEY", KEY)], &with_option).fails(words);
    }
    let as_json =
        sansgram(&[("SANSGRAM_STORE", &url), ("SANSGRAM_STORE_KEY", KEY)], &["sessions", "list", "--json"]);
    as_json.fails_as_json(words);
}

#[test]
fn a_redis_server_is_used_or_the_build_says_why_not() {
    let url = format!("redis://:{PASSWORD}@{NO_LISTENER}/3");
    let words: &[&str] = match (cfg!(feature = "redis"), cfg!(feature = "postgres")) {
        (true, _) => {
            &["the server 127.0.0.1:1/3 cannot be reached (Connection refused", "; check that it runs"]
        }
        (false, true) => &["this build of sansgram cannot use Redis", "--features redis"],
        (false, false) => &["this build of sansgram cannot use a database", "(or redis)"],
    };
    sansgram(&[("SANSGRAM_STORE", &url), ("SANSGRAM_STORE_KEY", KEY)], &["sessions", "list"]).fails(words);
}

#[test]
fn options_that_contradict_each_other() {
    let url = url();
    let store = [("SANSGRAM_STORE", url.as_str())];
    for (variables, args, words) in [
        (&[][..], &["login", "--sandbox", "--store", &url][..], ["--sandbox", "--store"]),
        (&[], &["sessions", "list", ".", "--store", &url], ["DIRECTORY", "--store"]),
        (
            &[],
            &["sessions", "show", "--store-key-file", "key"],
            ["--store-key-file is for --store", "SANSGRAM_STORE"],
        ),
        (&[], &["login", "--store-key-file", "key"], ["--store-key-file is for --store", "SANSGRAM_STORE"]),
        (&store, &["login", "--encrypt"], ["--encrypt is for files", "leave it out"]),
        (
            &store,
            &["sessions", "import", "--from", "me", "--encrypt"],
            ["--encrypt is for files", "leave it out"],
        ),
        (&store, &["sessions", "encrypt"], ["SANSGRAM_STORE is set", "unset it to encrypt a file"]),
        (&store, &["sessions", "decrypt"], ["SANSGRAM_STORE is set", "unset it to decrypt a file"]),
        (
            &[],
            &["sessions", "import", "--from", "me", "--replace"],
            ["--replace is for sessions in a database", "remove"],
        ),
    ] {
        sansgram(variables, args).misused(&words);
    }
    // A sandbox and a directory that is named need no database.
    sansgram(&store, &["login", "--sandbox", "--bot-token", "1:sandbox"]).ok();
    assert_eq!(sansgram(&store, &["sessions", "list", "."]).ok(), "");
}

#[cfg(all(feature = "postgres", feature = "redis"))]
#[test]
fn an_error_says_how_the_url_of_each_database_is_written() {
    let refused = |url: &str, words: &[&str]| {
        sansgram(&[("SANSGRAM_STORE", url), ("SANSGRAM_STORE_KEY", KEY)], &["sessions", "list"]).fails(words);
    };
    for url in [format!("Redis://:{PASSWORD}@host"), format!("redis:/:{PASSWORD}@host")] {
        refused(
            &url,
            &["the URL of the server cannot be read (", "; write redis://USER:PASSWORD@HOST:PORT/"],
        );
    }
    let both = "; write postgres://USER:PASSWORD@HOST/DATABASE, or redis://USER:PASSWORD@HOST:PORT/NUMBER";
    refused(&format!("valkey://:{PASSWORD}@host"), &["the URL of the database cannot be read (", both]);
}

#[cfg(feature = "postgres")]
#[test]
fn urls_and_keys_that_are_none() {
    let good = url();
    for url in [
        format!("mysql://me:{PASSWORD}@host/db?ssl=on"),
        format!("postgres://me:word@{PASSWORD}@host/db"),
        format!("postgres://me:{PASSWORD}@host:port/db"),
        PASSWORD.into(),
    ] {
        sansgram(&[("SANSGRAM_STORE", &url), ("SANSGRAM_STORE_KEY", KEY)], &["sessions", "list"]).fails(&[
            "the URL of the database cannot be read (",
            "write postgres://USER:PASSWORD@HOST/DATABASE",
        ]);
    }
    sansgram(&[("SANSGRAM_STORE", &good)], &["sessions", "show"]).misused(&[
        "sealed; give the key in SANSGRAM_STORE_KEY or by --store-key-file",
        "\"sansgram sessions new-key\"",
    ]);
    sansgram(&[("SANSGRAM_STORE", &good), ("SANSGRAM_STORE_KEY", &KEY[1..])], &["sessions", "show"])
        .fails(&["SANSGRAM_STORE_KEY has no sealing key: a key has 43 characters"]);
    let with_file = |file| ["sessions", "show", "--store", &good, "--store-key-file", file];
    sansgram(&[], &with_file("missing.key"))
        .fails(&["the sealing key missing.key cannot be read: No such file"]);
    let directory = Directory::new();
    let wrong = directory.path.join("wrong.key");
    std::fs::write(&wrong, format!("{KEY}{KEY}")).unwrap();
    sansgram(&[], &with_file(wrong.to_str().unwrap()))
        .fails(&["wrong.key has no sealing key: a key has 43 characters"]);
}

#[cfg(any(feature = "postgres", feature = "redis"))]
#[test]
fn new_keys_differ() {
    let key = || sansgram(&[], &["sessions", "new-key"]).ok().to_owned();
    let (first, second) = (key(), key());
    assert!(first != second && first.trim().len() == 43, "{first}");
    let as_json = sansgram(&[], &["sessions", "new-key", "--json"]).json();
    assert_eq!(as_json["key"].as_str().unwrap().len(), 43);
}
