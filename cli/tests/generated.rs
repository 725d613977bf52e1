//! `sansgram completions` and `sansgram man` contain the whole tree of commands.

mod support;

use support::{COMMANDS, Directory, command, run, sansgram};

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

/// A real bash loads the script and completes with it.
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

/// A directory with sessions and the completion script of a shell.
#[cfg(target_os = "linux")]
fn with_sessions(shell: &str) -> Directory {
    let directory = Directory::new();
    std::fs::write(directory.path.join("script"), sansgram(&["completions", shell]).ok()).unwrap();
    for name in ["me.session", "my work.session", "me.txt", "dir/other.session", "home/far.session"] {
        let path = directory.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    directory
}

#[cfg(target_os = "linux")]
fn shell(directory: &Directory, program: &str, args: &[&str]) -> std::process::Command {
    let mut shell = std::process::Command::new(program);
    shell.args(args).current_dir(&directory.path).env("HOME", directory.path.join("home"));
    shell.stdin(std::process::Stdio::null());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    shell
}

#[cfg(target_os = "linux")]
fn is_installed(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("{program} is not installed, so nothing was tried with it");
    }
    found
}

/// `--session` is completed with names of sessions, and a value that is not a path is not completed.
#[cfg(target_os = "linux")]
#[test]
fn e_bash_completes_sessions() {
    let directory = with_sessions("bash");
    // Bash calls the function like this, and splits words at "=".
    let completes = |words: &[&str]| {
        let ask = "source ./script; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                   _sansgram sansgram \"${COMP_WORDS[-1]}\" \"${COMP_WORDS[-2]}\"; printf '%s|' \"${COMPREPLY[@]}\"";
        let words = [&["sansgram"], words].concat();
        let mut bash = shell(&directory, "bash", &[&["--norc", "-c", ask, "bash"], &words[..]].concat());
        run(&mut bash).ok().to_owned()
    };
    for before in [&["whoami", "--session"][..], &["whoami", "--session", "="]] {
        let completes = |typed| completes(&[before, &[typed]].concat());
        assert_eq!(completes("m"), "me|my work|");
        assert_eq!(completes("d"), "dir|");
        assert_eq!(completes("dir/"), "dir/other|");
        assert_eq!(completes("my\\ w"), "my work|");
        assert_eq!(completes("~/f"), "~/far|");
    }
    let mut all: Vec<String> =
        completes(&["whoami", "--session", "="]).split("|").map(String::from).collect();
    all.sort();
    assert_eq!(all, ["", "dir", "home", "me", "my work"]);
    assert_eq!(completes(&["login", "--framing", "=", "p"]), "padded|");
    assert_eq!(completes(&["whoami", "--api-id", "m"]), "m|");
    // Bash completes file names itself if the function returns nothing.
    assert_eq!(completes(&["sessions", "import", "--from", "m"]), "|");
    assert_eq!(completes(&["sessions", "import", "--from", "=", "m"]), "|");
}

#[cfg(target_os = "linux")]
#[test]
fn e_fish_completes_sessions() {
    if !is_installed("fish") {
        return;
    }
    let directory = with_sessions("fish");
    let completes = |line: &str| {
        let ask = format!("source ./script; complete -C 'sansgram {line}'");
        let found = run(&mut shell(&directory, "fish", &["--private", "--no-config", "-c", &ask]));
        let names = found.ok().lines().map(|line| line.split('\t').next().unwrap());
        let mut names: Vec<String> = names.map(String::from).collect();
        names.sort();
        names.join("|")
    };
    assert_eq!(completes("whoami --session m"), "me|my work");
    assert_eq!(completes("whoami --session=m"), "--session=me|--session=my work");
    assert_eq!(completes("whoami --session dir/"), "dir/other");
    assert_eq!(completes("whoami --session ~/f"), "~/far");
    assert_eq!(completes("sessions import --from me"), "me.session|me.txt");
}

/// On a terminal, since zsh completes only there.
#[cfg(target_os = "linux")]
#[test]
fn e_zsh_completes_sessions() {
    if !is_installed("zsh") {
        return;
    }
    let directory = with_sessions("zsh");
    std::fs::rename(directory.path.join("script"), directory.path.join("_sansgram")).unwrap();
    let mut zsh = shell(&directory, "zsh", &["-f"]);
    zsh.env("PS1", "> ");
    let mut terminal = support::terminal::Terminal::on(&zsh);
    terminal.types("unsetopt beep; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D\n");
    terminal.types("sansgram() { print -r -- \"called:$(print -rl -- $@ | tail -n 1)\"; }; print rea''dy\n");
    terminal.sees("ready");
    for (typed, called) in [
        ("whoami --session my", "my work"),
        ("whoami --session=my", "--session=my work"),
        ("whoami --session ./my", "./my work"),
        ("whoami --session dir/", "dir/other"),
        ("whoami --session=~/f", "far"),
        ("sessions import --from me.t", "me.txt"),
        ("sessions import --from=me.t", "--from=me.txt"),
    ] {
        terminal.types(format!("sansgram {typed}\t"));
        terminal.types("\n");
        terminal.sees("called:");
        let rest = terminal.rest_of_line();
        assert!(rest.ends_with(called) && !rest.contains(".session"), "{typed}: {rest}");
    }
    terminal.types("exit\n");
    terminal.ends();
}

/// The page lists every variable that an option names.
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

/// Every page has every option of its command, and all usual sections.
#[test]
fn e_man_pages_are_whole() {
    let directory = Directory::new();
    run(command(&directory.path).args(["man", "--output", "."])).ok();
    let mut seen = 0;
    for entry in std::fs::read_dir(&directory.path).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(&path).unwrap();
        for heading in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"]
        {
            assert!(page.contains(&format!("\n.SH {heading}\n")), "{}: {heading}", path.display());
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let words = name.replace("decline-reset", "decline=reset").replace("new-key", "new=key");
        let words: Vec<String> = words.split('-').skip(1).map(|word| word.replace('=', "-")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = sansgram(&words);
        for option in help.ok().lines().filter_map(|line| line.strip_prefix("      --")) {
            let option = option.split([' ', '.']).next().unwrap().replace('-', "\\-");
            assert!(page.contains(&format!("\\-\\-{option}\\fR")), "{}: {option}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
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
    let sandbox = std::fs::read_to_string(directory.path.join("sansgram-sandbox.1")).unwrap();
    assert!(sandbox.contains("SH \"ACCOUNTS FILE\"") && sandbox.contains("sandbox_accounts"), "{sandbox}");
    run(command(&directory.path).args(["man", "--output", "no/such"])).fails(&["no/such"]);
}
