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
    for word in ["\\-\\-qr\\-file", "99966XYYYY", "Exit codes"] {
        assert!(login.contains(word), "{word}: {login}");
    }
    run(command(&directory.path).args(["man", "--output", "no/such"])).fails(&["no/such"]);
}
