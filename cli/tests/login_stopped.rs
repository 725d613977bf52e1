//! `sansgram login` that is stopped and resumed (Ctrl-Z, `fg`), and without a controlling terminal (`su -c`).
#![cfg(target_os = "linux")]

mod support;

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use support::terminal::Terminal;
use support::{Directory, command};

const TO_THE_PASSWORD: [&str; 6] = ["login", "--sandbox", "--phone", "9996620002", "--code", "22222"];

#[test]
fn a_password_is_hidden_without_a_controlling_terminal() {
    let directory = Directory::new();
    let mut terminal =
        Terminal::behind(&["setsid", "--wait"], command(&directory.path).args(TO_THE_PASSWORD));
    terminal.sees("Password");
    assert!(!terminal.echoes());
    terminal.types("sandbox\n");
    terminal.sees("\r\nLogged in as Sandbox DC 2");
    terminal.waits_for_echo(true);
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("sandbox\r"), "the password shows: {shown}");
}

/// With `< /dev/tty`, a shell opens the terminal for reading only.
#[test]
fn a_password_is_hidden_if_standard_input_is_read_only() {
    let directory = Directory::new();
    let others = ["setsid", "--ctty", "--wait", "sh", "-c", r#"setsid --wait "$@" < "$(tty)""#, "sh"];
    let mut terminal = Terminal::behind(&others, command(&directory.path).args(TO_THE_PASSWORD));
    terminal.sees("Password");
    assert!(!terminal.echoes());
    terminal.types("sandbox\n");
    terminal.sees("\r\nLogged in as Sandbox DC 2");
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn ctrl_z_at_the_password_repeats_the_question() {
    let directory = Directory::new();
    let mut terminal = Terminal::of_a_shell(command(&directory.path).args(TO_THE_PASSWORD));
    terminal.sees("Password");
    assert!(!terminal.echoes());
    terminal.types("half\u{1a}");
    terminal.sees("It is stopped.");
    assert!(terminal.echoes());
    terminal.types("go\n");
    terminal.sees("Password");
    terminal.waits_for_echo(false);
    terminal.types("sandbox\n");
    terminal.sees("Logged in as Sandbox DC 2");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("half"), "the password shows: {shown}");
    assert_eq!(shown.matches("Password").count(), 2, "{shown}");
}

#[test]
fn a_stop_from_outside_does_not_show_the_password() {
    let directory = Directory::new();
    let mut terminal = Terminal::start(&directory, &TO_THE_PASSWORD);
    let slave = terminal.slave.try_clone().unwrap();
    let before = terminal.before.clone();
    terminal.sees("Password");
    terminal.types("half");
    // Wait until the command has read it, since unread input goes to the next reader.
    thread::sleep(Duration::from_millis(300));
    let pid = Pid::from_child(&terminal.child);
    kill_process(pid, Signal::STOP).unwrap();
    // A shell does the same when it takes its terminal back.
    tcsetattr(&slave, OptionalActions::Now, &before).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    terminal.sees("Password");
    terminal.waits_for_echo(false);
    terminal.types("sandbox\n");
    terminal.sees("Logged in as Sandbox DC 2");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("half"), "the password shows: {shown}");
}

#[test]
fn a_visible_question_is_shown_again_after_a_stop() {
    let directory = Directory::new();
    let mut terminal = Terminal::of_a_shell(command(&directory.path).args(["login", "--sandbox"]));
    terminal.sees("bot token:");
    terminal.types("999\u{1a}");
    terminal.sees("It is stopped.");
    terminal.types("go\n");
    terminal.sees("bot token:");
    terminal.types("1:sandbox\n");
    terminal.sees("Logged in as Sandbox bot");
    assert_eq!(terminal.ends().0, Some(0));
}

/// A question is remembered as soon as it is shown, so a stop right after it does not lose it.
#[test]
fn a_stop_right_after_a_question_shows_it_again() {
    for (args, question, answer) in [
        (&["login", "--sandbox"][..], "bot token:", "1:sandbox\n"),
        (&TO_THE_PASSWORD, "Password", "sandbox\n"),
    ] {
        let directory = Directory::new();
        let mut terminal = Terminal::start(&directory, args);
        terminal.sees(question);
        let pid = command_of(&terminal);
        kill_process(pid, Signal::STOP).unwrap();
        kill_process(pid, Signal::CONT).unwrap();
        terminal.sees(question);
        if question == "Password" {
            terminal.waits_for_echo(false);
        }
        terminal.types(answer);
        terminal.sees("Logged in as Sandbox");
        let (code, shown) = terminal.ends();
        assert_eq!((code, shown.matches(question).count()), (Some(0), 2), "{shown}");
    }
}

/// Returns the process of the command, whose parent may be setsid.
fn command_of(terminal: &Terminal) -> Pid {
    let parent = terminal.child.id();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let child = children.split_whitespace().next().and_then(|it| it.parse().ok());
    Pid::from_raw(child.unwrap_or(parent.cast_signed())).unwrap()
}

/// Ends the command at every question with every key and signal that can.
#[test]
fn e_the_terminal_is_restored_after_every_question() {
    const SANDBOX: [&str; 2] = ["login", "--sandbox"];
    /// The questions and answers that lead to a question.
    type Way<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let encrypt = [&SANDBOX[..], &["--session", "me", "--encrypt"]].concat();
    let ways: [Way<'_>; 7] = [
        (&["login"], &[], "api_id:"),
        (&["login"], &[("api_id:", "1\n")], "paste it):"),
        (&SANDBOX, &[], "bot token:"),
        (&SANDBOX, &[("bot token:", "9996620002\n"), ("(y/n)", "y\n")], "Code:"),
        (&TO_THE_PASSWORD, &[], "Password (hint: the name of this place):"),
        (&encrypt, &[], "New passphrase:"),
        (&encrypt, &[("New passphrase:", "x\n")], "Repeat the passphrase:"),
    ];
    let ends = |(args, answers, question): Way<'_>, end: Result<&str, Signal>, wanted: i32| {
        let directory = Directory::new();
        let mut terminal = Terminal::start(&directory, args);
        let slave = terminal.slave.try_clone().unwrap();
        let modes = || tcgetattr(&slave).unwrap().local_modes;
        let before = terminal.before.local_modes;
        for (question, answer) in answers {
            terminal.sees(question);
            terminal.types(answer);
        }
        terminal.sees(question);
        let is_hidden = ["pass", "Pass", "Repeat", "paste"].iter().any(|word| question.contains(word));
        if is_hidden {
            terminal.waits_for_echo(false);
        }
        // While input is hidden, the command reads this key itself, like Ctrl-C.
        let wanted = if is_hidden && end == Ok("\u{1c}") { 130 } else { wanted };
        match end {
            Ok(key) => terminal.types(key),
            Err(signal) => kill_process(command_of(&terminal), signal).unwrap(),
        }
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(wanted), "{question} {end:?}: {shown}");
        assert_eq!(modes(), before, "{question} {end:?}");
        // The message begins on a new line.
        let said = if wanted == 1 { "\nerror: " } else { "\nInterrupted" };
        assert!(shown.contains(said), "{question} {end:?}: {shown}");
        let left = std::fs::read_dir(&directory.path).unwrap().flatten();
        assert_eq!(left.count(), 0, "{question} {end:?}");
    };
    thread::scope(|scope| {
        for way in ways {
            scope.spawn(move || {
                ends(way, Ok("\u{3}"), 130);
                ends(way, Ok("\u{4}"), 1);
                ends(way, Ok("\u{1c}"), 131);
                ends(way, Err(Signal::TERM), 143);
                ends(way, Err(Signal::HUP), 129);
                ends(way, Err(Signal::QUIT), 131);
            });
        }
    });
}
