//! `sansgram login` on a terminal: questions, wrong answers, and a hidden password.
#![cfg(target_os = "linux")]

mod support;

use std::thread;
use std::time::Duration;

use rustix::termios::{LocalModes, tcgetattr};
use sansgram_testkit::accounts::{AccountOptions, Fault};
use sansgram_testkit::server::ServerOptions;
use support::terminal::Terminal;
use support::{Directory, Server};

#[test]
fn every_wrong_answer_repeats_the_question() {
    for runtime in ["tokio", "smol"] {
        let directory = Directory::new();
        let args = ["login", "--sandbox", "--runtime", runtime, "--session", "mine", "--timeout", "30"];
        let mut terminal = Terminal::start(&directory, &args);
        terminal.sees("bot token:");
        terminal.types("hello\n");
        terminal.sees("contains 'h'");
        terminal.sees("bot token:");
        terminal.types(b"+1 555\xff\n");
        terminal.sees("The input is not UTF-8; type it again");
        terminal.sees("bot token:");
        terminal.types("+1 555 123 4567\n");
        terminal.sees("Is \"+1 555 123 4567\" correct? (y/n)");
        terminal.types("y\n");
        terminal.sees("does not accept this phone number");
        terminal.sees("bot token:");
        terminal.types("+999 66 1 0002\n");
        terminal.sees("correct? (y/n)");
        terminal.types("y\n");
        terminal.sees("The code was sent");
        terminal.sees("Sandbox: the code 11111 arrived for +9996610002 (DC 1)");
        terminal.sees("Code:");
        terminal.types("12345\n");
        terminal.sees("The code is wrong");
        terminal.sees("Code:");
        terminal.types("11111\n");
        terminal.sees("Password (hint: the name of this place):");
        terminal.types(b"sandb\xff\n");
        terminal.sees("\r\nThe input is not UTF-8");
        terminal.sees("Password");
        terminal.types("not this\n");
        terminal.sees("The password is wrong");
        terminal.sees("Password");
        terminal.types("sandbox\n");
        terminal.sees("Logged in as Sandbox DC 1");
        terminal.sees("The session is stored in mine.session.");
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.contains("not this"), "the password shows: {shown}");
    }
}

#[test]
fn missing_values_are_prompted_for() {
    let directory = Directory::new();
    let mut terminal =
        Terminal::start(&directory, &["login", "--sandbox", "--phone", "9996632222", "--json"]);
    terminal.sees("the code 33333 arrived");
    terminal.sees("Code:");
    terminal.types("1\n");
    terminal.sees("The code has 5 digits, but this has 1");
    terminal.sees("Code:");
    terminal.types("12345\n");
    terminal.sees("The code is wrong");
    terminal.sees("Code:");
    terminal.types("33333\n");
    terminal.sees("Password (hint: the name of this place):");
    terminal.types("wrong\n");
    terminal.sees("The password is wrong");
    terminal.sees("Password");
    terminal.types("sandbox\n");
    terminal.sees(r#"{"user_id":9996632222,"first_name":"Sandbox","is_bot":false,"dc":3}"#);
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn the_time_to_answer_does_not_count() {
    let directory = Directory::new();
    let mut terminal = Terminal::start(&directory, &["login", "--sandbox", "--timeout", "5"]);
    terminal.sees("bot token:");
    // Real seconds. The limit must be long enough for the login itself on a busy machine.
    thread::sleep(Duration::from_millis(5500));
    terminal.types("1:sandbox\n");
    terminal.sees("Logged in as Sandbox bot");
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn ctrl_c_at_the_password_restores_the_terminal() {
    let directory = Directory::new();
    let args = ["login", "--sandbox", "--phone", "9996620002", "--code", "22222"];
    let mut terminal = Terminal::start(&directory, &args);
    let slave = terminal.slave.try_clone().unwrap();
    let modes = || tcgetattr(&slave).unwrap().local_modes;
    let before = modes();
    terminal.sees("Password");
    assert!(!modes().contains(LocalModes::ECHO));
    terminal.types("half\u{3}");
    let (code, shown) = terminal.ends();
    assert_ne!(code, Some(0));
    assert!(!shown.contains("half"), "the password shows: {shown}");
    assert!(before.contains(LocalModes::ECHO) && modes() == before);
}

#[test]
fn end_of_input_ends_the_login() {
    let directory = Directory::new();
    let mut terminal = Terminal::start(&directory, &["login", "--sandbox"]);
    terminal.sees("bot token:");
    terminal.types("\u{4}");
    terminal.sees("\nerror: the input ended before the login was complete");
    assert_eq!(terminal.ends().0, Some(1));
}

#[test]
fn a_wrong_code_then_another_one() {
    let accounts = AccountOptions::default().with_resend_timeout(0);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    let mut terminal = Terminal::on(&server.command(&["login"]));
    terminal.sees("bot token:");
    terminal.types("9996631234\n");
    terminal.sees("correct? (y/n)");
    terminal.types("y\n");
    terminal.sees("to your other Telegram applications");
    terminal.sees("Type \"resend\" for another code by text message");
    for _ in 0..12 {
        terminal.sees("Code:");
        terminal.types("\n");
    }
    terminal.sees("Code:");
    terminal.types("12345\n");
    terminal.sees("The code is wrong; check it and try again.");
    terminal.sees("Code:");
    terminal.types("resend\n");
    terminal.sees("The code was sent by text message");
    terminal.sees("Code:");
    terminal.types(" 3 33-33\n");
    terminal.sees("Logged in as Sandbox DC 3, user 9996631234 on DC 3.");
    assert_eq!(terminal.ends().0, Some(0));
    assert!(server.run(&["whoami"]).ok().contains("9996631234 on DC 3"));
}

#[test]
fn a_new_user_signs_up_and_sets_up_an_address() {
    let directory = Directory::new();
    let mut terminal = Terminal::start(&directory, &["login", "--sandbox", "--phone", "9996610009"]);
    terminal.sees("Code:");
    terminal.types("11111\n");
    terminal.sees("nothing here is real");
    terminal.sees("(y/n)");
    terminal.types("y\n");
    // An empty first name is not sent.
    terminal.sees("First name:");
    terminal.types("\n");
    terminal.sees("First name:");
    terminal.types("Ada\n");
    terminal.sees("Last name (may be empty):");
    terminal.types("Lovelace\n");
    terminal.sees("Logged in as Ada Lovelace, user 9996610009 on DC 1.");
    assert_eq!(terminal.ends().0, Some(0));

    let mut terminal = Terminal::start(&directory, &["login", "--sandbox", "--phone", "9996630006"]);
    terminal.sees("E-mail address:");
    terminal.types("ada@hmoe.example\n");
    terminal.sees("Type \"resend\" for another code, or \"cancel\" to use another address.");
    terminal.sees("Code from the e-mail:");
    terminal.types("Cancel\n");
    terminal.sees("E-mail address:");
    terminal.types("ada@home.example\n");
    for _ in 0..2 {
        terminal.sees("Sandbox: the code 333333 arrived at ada@home.example (DC 3)");
        terminal.sees("Code from the e-mail:");
        terminal.types("resend\n");
    }
    terminal.sees("Code from the e-mail:");
    terminal.types("333 333\n");
    terminal.sees("The address is confirmed; a separate login code was sent.");
    terminal.sees("The code was sent by e-mail to a***@home.example");
    terminal.sees("Code from the e-mail:");
    terminal.types("333333\n");
    terminal.sees("Logged in as Sandbox DC 3, user 9996630006 on DC 3.");
    assert_eq!(terminal.ends().0, Some(0));
}

#[test]
fn a_session_in_use_names_its_owner() {
    let server = Server::new(ServerOptions::default());
    let mut terminal = Terminal::on(&server.command(&["login", "--phone", "9996621234"]));
    terminal.sees("Code:");
    let owner = format!("in use by PID {}", terminal.child.id());
    for args in [&["login", "--bot-token", "1:sandbox"][..], &["whoami"], &["logout"]] {
        server.run(args).fails(&[&owner, "sansgram.session"]);
    }
    terminal.types("22222\n");
    terminal.sees("Logged in as");
    assert_eq!(terminal.ends().0, Some(0));
    server.run(&["whoami"]).ok();
}

#[test]
fn a_password_is_recovered_only_on_confirmation() {
    let directory = Directory::new();
    let args = ["login", "--sandbox", "--phone", "9996620008", "--code", "22222"];
    let mut terminal = Terminal::start(&directory, &args);
    terminal.sees("leave empty to recover it by e-mail):");
    terminal.types("\n");
    terminal.sees("Send a recovery code by e-mail? (y/n)");
    assert!(terminal.echoes());
    terminal.types("n\n");
    terminal.sees("leave empty to recover it by e-mail):");
    terminal.types("\n");
    terminal.sees("(y/n)");
    terminal.types("\n");
    terminal.sees("Please answer y for yes or n for no.");
    terminal.sees("(y/n)");
    terminal.types("y\n");
    terminal.sees("Sandbox: the code 222222 arrived at recovery@sandbox.example (DC 2)");
    terminal.sees("Recovery code (empty to go back):");
    terminal.types("222222\n");
    terminal.sees("New password (empty for none):");
    terminal.types("\n");
    terminal.sees("Remove the password? After that, the code alone is enough to log in. (y/n)");
    terminal.types("n\n");
    terminal.sees("New password (empty for none):");
    terminal.types("correct horse\n");
    terminal.sees("Repeat the new password:");
    terminal.types("correct horse\n");
    terminal.sees("Logged in as Sandbox DC 2");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches("arrived at recovery@").count(), 1, "{shown}");
}

#[test]
fn a_login_that_the_server_forgot_is_repeated() {
    let faults = vec![Fault::auth_restart("auth.checkPassword").once()];
    let accounts = AccountOptions::default().with_faults(faults);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    let mut terminal = Terminal::on(&server.command(&["login"]));
    for _ in 0..2 {
        terminal.sees("bot token:");
        terminal.types("9996620002\n");
        terminal.sees("correct? (y/n)");
        terminal.types("y\n");
        terminal.sees("Code:");
        terminal.types("22222\n");
        terminal.sees("Password");
        terminal.types("sandbox\n");
    }
    terminal.sees("Logged in as Sandbox DC 2");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("The server has discarded this login; starting over.\r\nPhone number"), "{shown}");
}

/// The code for a new e-mail address expires like a login code, and "resend" sends another one to the same address.
#[test]
fn an_expired_code_from_the_email_is_replaced() {
    let faults = vec![Fault::error("account.verifyEmail", 400, "EMAIL_VERIFY_EXPIRED").once()];
    let accounts = AccountOptions::default().with_faults(faults);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    let mut terminal = Terminal::on(&server.command(&["login", "--phone", "9996630006"]));
    terminal.sees("E-mail address:");
    terminal.types("ada@home.example\n");
    terminal.sees("Code from the e-mail:");
    terminal.types("333333\n");
    terminal.sees("The code from the e-mail has expired.");
    terminal.sees("Code from the e-mail:");
    terminal.types("resend\n");
    terminal.sees("The code was sent by e-mail to a***@home.example");
    terminal.sees("Code from the e-mail:");
    terminal.types("333333\n");
    terminal.sees("The address is confirmed");
    terminal.sees("Code from the e-mail:");
    terminal.types("333333\n");
    terminal.sees("Logged in as Sandbox DC 3");
    assert_eq!(terminal.ends().0, Some(0));
}

/// A short wait is shown once, then the same answer is sent again without another prompt.
#[test]
fn a_flood_wait_is_shown_and_waited_out() {
    let faults = ["auth.sendCode", "auth.signIn", "auth.checkPassword"];
    let faults = faults.map(|method| Fault::flood_wait(method, 1).once()).to_vec();
    let accounts = AccountOptions::default().with_faults(faults);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    let wait = "Telegram demands a wait of 1 second; the login then continues automatically. Ctrl-C ends it.";
    let mut terminal = Terminal::on(&server.command(&["login", "--phone", "9996620002"]));
    for (question, answer) in [("Code:", "22222\n"), ("Password", "sandbox\n")] {
        // The request before this question waits.
        terminal.sees(wait);
        terminal.sees(question);
        terminal.types(answer);
    }
    terminal.sees(wait);
    terminal.sees("Logged in as Sandbox DC 2");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches("demands a wait").count(), 3, "{shown}");
    assert_eq!((shown.matches("Code:").count(), shown.matches("Password").count()), (1, 1), "{shown}");
}

/// The first call has no api_id; it prompts for one and says how to get it.
#[test]
fn e_a_first_call_asks_for_the_application() {
    let directory = Directory::new();
    let mut terminal = Terminal::start(&directory, &["login"]);
    terminal.sees("my.telegram.org");
    terminal.sees("api_id:");
    terminal.types("hello\n");
    terminal.sees("This is not an api_id");
    terminal.sees("api_id:");
    terminal.types("۱۲۳۴۵\n");
    terminal.sees("api_hash");
    terminal.waits_for_echo(false);
    terminal.types("73519\n");
    terminal.sees("32 hexadecimal digits");
    terminal.sees("api_hash");
    terminal.waits_for_echo(false);
    terminal.types("0123456789abcdef0123456789abcdef\n");
    terminal.sees("Logging in to Telegram.");
    terminal.sees("bot token:");
    terminal.types("+1 234 567 8900\n");
    terminal.sees("correct? (y/n)");
    terminal.types("what\n");
    terminal.sees("Please answer y for yes or n for no.");
    terminal.sees("correct? (y/n)");
    // Nothing has been sent yet.
    terminal.types("\x03");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(130));
    assert!(!shown.contains("73519"), "{shown}");
}

/// Neither questions nor errors are broken inside a word.
#[test]
fn e_lines_are_broken_between_words() {
    for columns in [40, 80] {
        let directory = Directory::new();
        let mut terminal = Terminal::start_with(&directory, &["login", "--sandbox"], columns);
        terminal.sees("token:");
        terminal.types("+9996621234\n");
        terminal.sees("(y/n)");
        terminal.types("y\n");
        terminal.sees("Code:");
        terminal.types("33333\n");
        terminal.sees("wrong");
        terminal.sees("Code:");
        terminal.types("\x04");
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(1), "{shown}");
        for line in shown.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
        }
    }
}

/// A sandbox or a server of an option is not Telegram.
#[test]
fn e_another_server_is_not_called_telegram() {
    let server = Server::new(ServerOptions::default());
    let mut terminal = Terminal::on(&server.command(&["login"]));
    terminal.sees("not to Telegram");
    terminal.sees("bot token:");
    terminal.types("\x04");
    let (_, shown) = terminal.ends();
    assert!(!shown.contains("Logging in to Telegram"), "{shown}");
}
