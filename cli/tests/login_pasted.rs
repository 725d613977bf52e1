//! Answers to `sansgram login` that are pasted with surrounding text.
#![cfg(target_os = "linux")]

mod support;

use sansgram_testkit::accounts::{AccountOptions, TestBot};
use sansgram_testkit::server::ServerOptions;
use support::terminal::Terminal;
use support::{API_HASH, Directory, Server, sansgram};

#[test]
fn d6_application_values_may_be_pasted_with_labels() {
    for lines in [
        "App api_id:\n12345\nApp api_hash:\nHASH\n",
        "App api_id:\t12345\nApp api_hash:\tHASH\n",
        "api_id=12345 api_hash=HASH\n",
        "HASH\n12345\n",
    ] {
        let directory = Directory::new();
        let mut terminal = Terminal::start(&directory, &["login"]);
        terminal.sees("api_id:");
        terminal.types(lines.replace("HASH", API_HASH));
        terminal.sees("Logging in to Telegram.");
        terminal.sees("bot token:");
        terminal.types("\x03");
        assert_eq!(terminal.ends().0, Some(130), "{lines}");
    }
}

#[test]
fn d6_swapped_application_values_are_reported() {
    let api = ["--api-id", API_HASH, "--api-hash", "12345"];
    let run = sansgram(&[&["login", "--bot-token", "1:x"][..], &api].concat());
    run.misused(&["api_id and api_hash are swapped; exchange them"]);
    assert!(!run.stderr.contains(API_HASH), "{run:?}");
}

/// Nothing is sent to the server before it has the right form.
#[test]
fn d4_a_number_and_a_code_may_be_pasted_with_surrounding_text() {
    let server = Server::new(ServerOptions::default());
    let mut terminal = Terminal::on(&server.command(&["login"]));
    terminal.sees("bot token:");
    terminal.types("\u{1b}[200~tel:+999-66-(0)-1-0002\u{1b}[201~\n");
    terminal.sees("Is \"+999 661 0002\" correct?");
    terminal.types("y\n");
    for wrong in ["Telegram\n", "call me at +1 234 567 8900\n", &"x".repeat(1000)] {
        terminal.sees("Code:");
        terminal.types(wrong);
        if !wrong.ends_with('\n') {
            terminal.types("\n");
        }
    }
    terminal.sees("Code:");
    terminal.types("\u{a0}Telegram code: 11111. Do not give it to anyone, https://t.me/login/11111\r\n");
    terminal.sees("Password");
    terminal.waits_for_echo(false);
    terminal.types(" sandbox\n");
    terminal.sees("The password is wrong");
    terminal.sees("The password starts or ends with a space");
    terminal.sees("Password");
    terminal.types("\u{1b}[200~sandbox\u{1b}[201~\n");
    terminal.sees("Logged in as");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("The code is wrong"), "no try was spent: {shown}");
}

#[test]
fn d4_a_token_may_be_pasted_with_botfathers_message() {
    let token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
    let bot = TestBot::new(110_201_543, token);
    let accounts = AccountOptions::default().with_bots(vec![bot]);
    let server = Server::new(ServerOptions::default().with_accounts(accounts));
    for (index, text) in [
        "Done! Congratulations on your new bot. You will find it at t.me/some_bot.\n\nUse this token to access the HTTP \
         API:\nTOKEN\nKeep your token secure and store it safely.\n",
        "https://api.telegram.org/botTOKEN/getMe\n",
        "BOT_TOKEN=\"TOKEN\"\n",
    ]
    .iter()
    .enumerate()
    {
        let session = format!("bot{index}");
        let mut terminal = Terminal::on(&server.command(&["login", "--session", &session]));
        terminal.sees("bot token:");
        terminal.types(text.replace("TOKEN", token));
        terminal.sees("Logged in as");
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(0), "{shown}");
    }
    let link = format!("https://api.telegram.org/bot{token}/");
    assert!(
        server.run(&["login", "--session", "by-option", "--bot-token", &link]).ok().contains("Logged in")
    );
}

/// The lines after the code are not used as the password.
#[test]
fn d4_the_rest_of_a_message_is_not_used_as_password() {
    let server = Server::new(ServerOptions::default());
    let mut terminal = Terminal::on(&server.command(&["login", "--phone", "9996610002"]));
    terminal.sees("Code:");
    terminal.types(
        "Telegram code 11111\n\nYou can also tap on this link to log in:\nhttps://t.me/login/11111\n\noLeq9AcOZkT\n",
    );
    terminal.sees("Password");
    terminal.waits_for_echo(false);
    terminal.types("sandbox\n");
    terminal.sees("Logged in as");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("is wrong"), "{shown}");
}
