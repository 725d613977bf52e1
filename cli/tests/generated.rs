//! `sansgram completions` and `sansgram man`: they know the whole tree of commands.

mod support;

use support::{Directory, command, run, sansgram};

const COMMANDS: [&str; 8] =
    ["login", "whoami", "logout", "password", "sessions", "sandbox", "completions", "man"];

#[test]
fn completions_know_all_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sansgram(&["completions", shell]);
        for word in COMMANDS.iter().chain(&["qr-file", "mtproxy", "decrypt"]) {
            assert!(script.ok().contains(word), "{shell}: {word}");
        }
    }
    sansgram(&["completions", "dos"]).misused(&["bash", "zsh"]);
    sansgram(&["completions"]).misused(&["SHELL"]);
}

/// A real bash reads it and completes by it.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes_with_it() {
    let directory = Directory::new();
    std::fs::write(directory.path.join("script"), sansgram(&["completions", "bash"]).ok()).unwrap();
    let ask = "source ./script; COMP_WORDS=(sansgram sess); COMP_CWORD=1; _sansgram sansgram sess sansgram; \
               echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", ask]).current_dir(&directory.path);
    bash.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    assert_eq!(run(&mut bash).ok(), "sessions\n");
}

/// `--session` is completed by names of sessions, and a value that is no path by nothing.
#[cfg(target_os = "linux")]
#[test]
fn e_bash_completes_sessions() {
    let directory = Directory::new();
    std::fs::write(directory.path.join("script"), sansgram(&["completions", "bash"]).ok()).unwrap();
    for name in ["me.session", "my work.session", "me.txt", "dir/other.session"] {
        let path = directory.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let completes = |option: &str, typed: &str| {
        let ask = format!(
            "source ./script; COMP_WORDS=(sansgram whoami {option} {typed}); COMP_CWORD=3; \
             _sansgram sansgram '{typed}' {option}; printf '%s|' \"${{COMPREPLY[@]}}\""
        );
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", &ask]).current_dir(&directory.path);
        bash.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        run(&mut bash).ok().to_owned()
    };
    assert_eq!(completes("--session", "m"), "me|my work|");
    assert_eq!(completes("--session", "d"), "dir/|");
    assert_eq!(completes("--session", "dir/"), "dir/other|");
    assert_eq!(completes("--api-id", "m"), "m|");
}

/// Every variable that an option names is listed.
#[test]
fn e_man_pages_name_every_variable() {
    let page = sansgram(&["man"]);
    let help = ["login", "whoami", "sessions import"].map(|command| {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        sansgram(&words).ok().to_owned()
    });
    let mut seen = 0;
    for rest in help.iter().flat_map(|help| help.split("[env: ").skip(1)) {
        let name = rest.split(']').next().unwrap();
        assert!(page.ok().contains(name), "{name}");
        seen += 1;
    }
    assert!(seen > 9, "{seen}");
}

#[test]
fn man_pages_of_all_commands() {
    let page = sansgram(&["man"]);
    assert!(page.ok().starts_with(".ie"), "{page:?}");
    for word in COMMANDS {
        assert!(page.ok().contains(word), "{word}");
    }
    let directory = Directory::new();
    run(command(&directory.path).args(["man", "--output", "."])).ok();
    for name in
        ["sansgram", "sansgram-login", "sansgram-sessions", "sansgram-sessions-import", "sansgram-sandbox"]
    {
        let page = std::fs::read_to_string(directory.path.join(name).with_extension("1")).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let login = std::fs::read_to_string(directory.path.join("sansgram-login.1")).unwrap();
    for word in
        ["\\-\\-qr\\-file", "99966XYYYY", "SH \"EXIT STATUS\"", "SH ENVIRONMENT", "SH FILES", "SH EXAMPLES"]
    {
        assert!(login.contains(word), "{word}: {login}");
    }
    run(command(&directory.path).args(["man", "--output", "no/such"])).fails(&["no/such"]);
}
