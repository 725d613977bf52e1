//! The command line: the tree of commands, and how it is read.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::account::{LogoutArgs, WhoamiArgs};
use crate::call::CallArgs;
use crate::doctor::DoctorArgs;
use crate::error::Failure;
use crate::generate::{CompletionsArgs, ManArgs};
use crate::listen::ListenArgs;
use crate::login::args::LoginArgs;
use crate::password::PasswordArgs;
use crate::sandbox::SandboxArgs;
use crate::send::SendArgs;
use crate::sessions::SessionsArgs;
use crate::{help, usage};

/// Log in to Telegram from a terminal, call its API, and run test DCs without an account.
#[derive(Debug, Parser)]
#[command(name = "sansgram", version, max_term_width = 110, after_help = help::EXIT_CODES)]
pub(crate) struct Cli {
    /// Keep all memory of this process out of swap; needs Linux, and a limit of locked memory (ulimit -l) of at least
    /// 1 GiB [env: SANSGRAM_LOCK_MEMORY=1]
    #[arg(long, global = true)]
    pub(crate) lock_memory: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(about = "Log in, and keep the session", long_about = help::LOGIN, after_help = help::EXIT_CODES,
        after_long_help = help::after_login())]
    Login(Box<LoginArgs>),
    #[command(about = "Show which user is logged in", long_about = help::WHOAMI, after_help = help::EXIT_CODES)]
    Whoami(WhoamiArgs),
    #[command(about = "Log out, and remove the session's keys", long_about = help::LOGOUT,
        after_help = help::EXIT_CODES)]
    Logout(LogoutArgs),
    #[command(about = "Call a method of Telegram's API, with JSON in and out", long_about = help::CALL,
        after_help = help::EXIT_CODES)]
    Call(Box<CallArgs>),
    #[command(about = "Print updates as lines of JSON until Ctrl-C", long_about = help::LISTEN,
        after_help = help::EXIT_CODES)]
    Listen(Box<ListenArgs>),
    #[command(about = "Send a text message", long_about = help::SEND, after_help = help::EXIT_CODES)]
    Send(Box<SendArgs>),
    #[command(about = "Remove a forgotten password of the account, with a session that is logged in",
        after_help = help::EXIT_CODES)]
    Password(Box<PasswordArgs>),
    #[command(about = "Show, import, export and encrypt sessions", after_help = help::EXIT_CODES)]
    Sessions(SessionsArgs),
    #[command(about = "Run test DCs on this machine for any client", long_about = help::SANDBOX,
        after_help = help::EXIT_CODES, after_long_help = help::after_sandbox())]
    Sandbox(SandboxArgs),
    #[command(about = "Check whether the servers can be reached, and print a report", long_about = help::DOCTOR,
        after_help = help::EXIT_CODES)]
    Doctor(Box<DoctorArgs>),
    #[command(about = "Print a shell completion script", long_about = help::COMPLETIONS,
        after_help = help::EXIT_CODES)]
    Completions(CompletionsArgs),
    #[command(about = "Print the manual as a man page", long_about = help::MAN, after_help = help::EXIT_CODES)]
    Man(ManArgs),
}

/// The whole tree of commands.
pub(crate) fn tree() -> clap::Command {
    Cli::command()
}

/// Reads the command line of this process.
pub(crate) fn parse() -> Result<Cli, Failure> {
    parse_from(std::env::args_os())
}

pub(crate) fn parse_from(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Failure> {
    let args: Vec<OsString> = args.into_iter().collect();
    Cli::try_parse_from(&args).map_err(|error| usage::failure(error, &args, &tree()))
}

/// Returns whether failures are printed as JSON too. Also right if the command line cannot be read; a value that happens to
/// be this word is taken for the option.
pub(crate) fn wants_json() -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each example of a man page is a valid command line, once the shell has replaced `~`.
    #[test]
    fn e_examples_are_valid_command_lines() {
        fn walk(command: &clap::Command, name: &str, seen: &mut usize) {
            for line in help::examples(name).unwrap_or_default().lines().flat_map(|line| line.split(';')) {
                let words = shlex::Shlex::new(line).take_while(|word| !matches!(word.as_str(), "|" | ">"));
                let parsed = parse_from(words.map(|word| OsString::from(word.replace("~/", "/home/me/"))));
                assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
                *seen += 1;
            }
            command
                .get_subcommands()
                .for_each(|below| walk(below, &format!("{name}-{}", below.get_name()), seen));
        }
        let mut seen = 0;
        walk(&tree(), "sansgram", &mut seen);
        assert!(seen > 15, "{seen}");
    }

    /// The same for the lines of the book, which a published crate does not have.
    #[test]
    fn the_lines_of_the_book_are_valid_command_lines() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        if !root.join("ARCHITECTURE.md").exists() {
            return;
        }
        let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
        let mut seen = 0;
        for page in pages.filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
            let text = std::fs::read_to_string(&page).unwrap();
            let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
            for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("sansgram ")) {
                let words =
                    shlex::Shlex::new(line).take_while(|word| !matches!(word.as_str(), "|" | ">" | "&"));
                let parsed = parse_from(words.map(OsString::from));
                assert!(parsed.is_ok(), "{}: {line}: {:?}", page.display(), parsed.err());
                seen += 1;
            }
        }
        assert!(seen > 12, "{seen}");
    }

    fn parse(args: &[&str]) -> Result<Cli, Failure> {
        parse_from(["sansgram"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The heading of flattened options also applies to the options after them.
    #[test]
    fn json_is_under_no_heading_of_flattened_options() {
        fn walk(command: &clap::Command, seen: &mut usize) {
            for json in command.get_arguments().filter(|argument| argument.get_id() == "json") {
                assert_eq!(json.get_help_heading(), None, "{}", command.get_name());
                *seen += 1;
            }
            command.get_subcommands().for_each(|below| walk(below, seen));
        }
        let mut seen = 0;
        walk(&tree(), &mut seen);
        assert!(seen > 6, "{seen}");
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let args =
            ["login", "--phone", "+1555", "--code", "12345", "--password", "-hunter2", "--api-hash", "feed"];
        let shown = format!("{:?}", parse(&args).unwrap());
        for secret in ["1555", "12345", "hunter2", "feed"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        for args in [
            ["call", "auth.importBotAuthorization", "{\"bot_auth_token\": \"feed\"}"],
            ["send", "+12025550123", "feed"],
            ["sessions", "list", "--store=postgres://me:feed@host/db"],
        ] {
            let shown = format!("{:?}", parse(&args).unwrap());
            assert!(!shown.contains("feed") && !shown.contains("0123"), "{shown}");
        }
    }

    #[test]
    fn the_rest_of_an_unquoted_secret_is_not_printed() {
        match parse(&["login", "--phone", "1", "--password", "correct", "horse"]).unwrap_err() {
            Failure::Usage(sentence) => assert!(!sentence.contains("horse"), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
}
