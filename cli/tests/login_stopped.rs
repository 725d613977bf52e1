//! `sansgram login` on terminals that are taken away and given back (Ctrl-Z, `fg`), or that control nothing (`su -c`).
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
fn a_password_is_hidden_where_no_terminal_is_the_controlling_one() {
    let directory = Directory::new();
    let mut terminal =
        Terminal::behind(&["setsid", "--wait"], command(&directory.path).args(TO_THE_PASSWORD));
    terminal.sees("Password");
    assert!(!terminal.echoes());
    terminal.types("sandbox\n");
    terminal.sees("\r\nSigned in as Sandbox DC 2");
    terminal.waits_for_echo(true);
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("sandbox\r"), "the password shows: {shown}");
}

/// `< /dev/tty` of a shell opens it for reading only.
#[test]
fn a_password_is_hidden_where_standard_input_can_only_be_read() {
    let directory = Directory::new();
    let others = ["setsid", "--ctty", "--wait", "sh", "-c", r#"setsid --wait "$@" < "$(tty)""#, "sh"];
    let mut terminal = Terminal::behind(&others, command(&directory.path).args(TO_THE_PASSWORD));
    terminal.sees("Password");
    assert!(!terminal.echoes());
    terminal.types("sandbox\n");
    terminal.sees("\r\nSigned in as Sandbox DC 2");
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn ctrl_z_at_the_password_stops_it_and_begins_the_question_anew() {
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
    terminal.sees("Signed in as Sandbox DC 2");
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
    let before = tcgetattr(&slave).unwrap();
    terminal.sees("Password");
    terminal.types("half");
    // Until it has been read: what has not belongs to whoever reads next.
    thread::sleep(Duration::from_millis(300));
    let pid = Pid::from_child(&terminal.child);
    kill_process(pid, Signal::STOP).unwrap();
    // As a shell does that takes its terminal back.
    tcsetattr(&slave, OptionalActions::Now, &before).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    terminal.sees("Password");
    terminal.waits_for_echo(false);
    terminal.types("sandbox\n");
    terminal.sees("Signed in as Sandbox DC 2");
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
    terminal.sees("Signed in as Sandbox bot");
    assert_eq!(terminal.ends().0, Some(0));
}
