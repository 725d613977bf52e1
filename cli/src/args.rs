//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::TransportKind;

use crate::address::DcAddress;
use crate::executor::Executor;
use crate::failure::Failure;
use crate::login::qr::PictureFile;
use crate::password::PasswordArgs;
use crate::sessions::SessionsArgs;
use crate::{help, usage};

/// Log in to Telegram from a terminal, or to embedded test DCs without an account.
#[derive(Debug, Parser)]
#[command(name = "sansgram", version, max_term_width = 110, after_help = help::EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(about = "Log in, and keep the session", long_about = help::LOGIN, after_help = help::EXIT_CODES,
        after_long_help = help::after_login())]
    Login(Box<LoginArgs>),
    #[command(about = "Say who is logged in", long_about = help::WHOAMI, after_help = help::EXIT_CODES)]
    Whoami(WhoamiArgs),
    #[command(about = "Log out, and forget the session's keys", long_about = help::LOGOUT,
        after_help = help::EXIT_CODES)]
    Logout(LogoutArgs),
    #[command(about = "Do without the account's forgotten password, where somebody is logged in",
        after_help = help::EXIT_CODES)]
    Password(Box<PasswordArgs>),
    #[command(about = "Look at sessions, and exchange them with other libraries", after_help = help::EXIT_CODES)]
    Sessions(SessionsArgs),
    #[command(about = "Run test DCs on this machine, for any client", long_about = help::SANDBOX,
        after_help = help::EXIT_CODES, after_long_help = help::after_sandbox())]
    Sandbox(SandboxArgs),
    #[command(about = "Print what completes this command in a shell", long_about = help::COMPLETIONS,
        after_help = help::EXIT_CODES)]
    Completions(CompletionsArgs),
    #[command(about = "Print the manual as a man page", long_about = help::MAN, after_help = help::EXIT_CODES)]
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Log in to embedded test DCs: no account, no network, no api_id (see the end of --help)
    #[arg(long, conflicts_with_all = ["test", "dc", "public_key", "proxy", "mtproxy"])]
    pub(crate) sandbox: bool,

    /// Phone number with its country code [env: SANSGRAM_PHONE]
    #[arg(long, value_name = "NUMBER", value_parser = secret(), help_heading = WHO)]
    pub(crate) phone: Option<Secret<String>>,

    /// The login code; resend asks for another one, cancel gives the login up [env: SANSGRAM_CODE]
    #[arg(long, value_name = "CODE", value_parser = secret(), help_heading = WHO)]
    pub(crate) code: Option<Secret<String>>,

    /// The password of the account, if it has one [env: SANSGRAM_PASSWORD]
    #[arg(long, value_name = "PASSWORD", value_parser = secret(), help_heading = WHO, allow_hyphen_values = true)]
    pub(crate) password: Option<Secret<String>>,

    /// A bot's token, instead of phone, code and password [env: SANSGRAM_BOT_TOKEN]
    #[arg(long, value_name = "TOKEN", value_parser = secret(), help_heading = WHO,
        conflicts_with_all = ["phone", "code", "password", "qr", "phone_stdin", "code_stdin", "password_stdin"])]
    pub(crate) bot_token: Option<Secret<String>>,

    /// Read the phone number from standard input, a line
    #[arg(long, help_heading = STDIN, conflicts_with = "phone")]
    pub(crate) phone_stdin: bool,

    /// Read the login code from there, once it is asked for
    #[arg(long, help_heading = STDIN, conflicts_with = "code")]
    pub(crate) code_stdin: bool,

    /// Read the password from there, once it is asked for
    #[arg(long, help_heading = STDIN, conflicts_with = "password")]
    pub(crate) password_stdin: bool,

    /// Read the bot's token from there
    #[arg(long, help_heading = STDIN,
        conflicts_with_all = ["bot_token", "phone", "code", "password", "qr", "phone_stdin", "code_stdin",
            "password_stdin"])]
    pub(crate) bot_token_stdin: bool,

    /// Show a QR code, to be scanned by a phone that is logged in; with --sandbox, the account of --phone scans it
    #[arg(long, help_heading = QR, conflicts_with_all = ["code", "phone_stdin", "code_stdin"])]
    pub(crate) qr: bool,

    /// A user who is logged in elsewhere and cannot scan it: may be repeated
    #[arg(long, value_name = "ID", help_heading = QR, requires = "qr", value_parser = user_id())]
    pub(crate) except_id: Vec<i64>,

    /// Also write the picture to this new file, for each new code again; it is removed at the end
    #[arg(long, value_name = "FILE.png|.svg", help_heading = QR, requires = "qr", value_hint = ValueHint::FilePath)]
    pub(crate) qr_file: Option<PictureFile>,

    /// The application's api_id, from my.telegram.org [env: SANSGRAM_API_ID]
    // Parsed later: people mix the two up, and an error of clap's would show the hash.
    #[arg(long, value_name = "ID", value_parser = secret(), help_heading = APPLICATION)]
    pub(crate) api_id: Option<Secret<String>>,

    /// The application's api_hash, from my.telegram.org [env: SANSGRAM_API_HASH]
    #[arg(long, value_name = "HASH", value_parser = secret(), help_heading = APPLICATION)]
    pub(crate) api_hash: Option<Secret<String>>,

    /// Keep the session in NAME.session [default: sansgram; with --sandbox: only in memory]
    #[arg(long, value_name = "NAME", value_parser = session_name())]
    pub(crate) session: Option<PathBuf>,

    #[arg(long, help = help::ENCRYPT)]
    pub(crate) encrypt: bool,

    /// Print the result as one JSON object: user_id, first_name, is_bot, dc; half done: pending
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WhoamiArgs {
    #[arg(long, value_name = "NAME", default_value = crate::session::DEFAULT, help = help::SESSION,
        value_parser = session_name())]
    pub(crate) session: PathBuf,

    /// Print the result as one JSON object: user_id, first_name, is_bot, dc
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) application: ApplicationArgs,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[arg(long, value_name = "NAME", default_value = crate::session::DEFAULT, help = help::SESSION,
        value_parser = session_name())]
    pub(crate) session: PathBuf,

    /// Print the result as one JSON object: signed_out
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) application: ApplicationArgs,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// What a session that was imported may not say.
#[derive(Debug, Args)]
pub(crate) struct ApplicationArgs {
    /// The application's api_id, where the session does not say it; kept once the server took it [env: SANSGRAM_API_ID]
    // Parsed later, as that of LoginArgs.
    #[arg(long, value_name = "ID", value_parser = secret())]
    pub(crate) api_id: Option<Secret<String>>,
}

/// Which server, and how to talk to it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Use Telegram's test DCs, or tell the DCs of --dc that they are test DCs
    #[arg(long)]
    pub(crate) test: bool,

    /// Where a DC is: may be repeated, the first is the home DC; instead of Telegram's own
    #[arg(long, value_name = "ID=HOST:PORT")]
    pub(crate) dc: Vec<DcAddress>,

    /// The server's RSA key, PEM (PKCS#1 or SPKI): may be repeated; instead of Telegram's own
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(crate) public_key: Vec<PathBuf>,

    /// How messages are framed
    #[arg(long, value_name = "KIND", default_value = "intermediate", value_parser = transport())]
    pub(crate) transport: TransportKind,

    /// Which async runtime drives the client
    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value = "tokio",
        hide_possible_values = true,
        help = "Which async runtime drives the client: tokio or smol"
    )]
    pub(crate) runtime: Executor,

    /// How long the server may keep us waiting in all; the time to answer questions or scan a QR code does not
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = from_one())]
    pub(crate) timeout: u32,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// The way to the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Go through this proxy: socks5://USER:PASSWORD@HOST:PORT, socks4://..., http://..., or a link such as tg://socks?...
    /// [env: SANSGRAM_PROXY]
    #[arg(long, value_name = "URL|LINK", value_parser = secret())]
    pub(crate) proxy: Option<Secret<String>>,

    /// Go through this MTProxy: its link, such as tg://proxy?..., or its secret in hex or base64 with its address
    /// [env: SANSGRAM_MTPROXY]
    #[arg(long, value_name = "LINK|SECRET@HOST:PORT", value_parser = secret())]
    pub(crate) mtproxy: Option<Secret<String>>,

    /// Make the connection look like random bytes
    #[arg(long)]
    pub(crate) obfuscated: bool,

    /// Encrypt under temporary keys that are thrown away (perfect forward secrecy)
    #[arg(long)]
    pub(crate) pfs: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this directory, instead of the first one to standard output
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath, value_parser = path())]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The address to listen at; 0.0.0.0 for all of this machine's IPv4 addresses, :: for all
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = WHERE)]
    pub(crate) listen: String,

    /// The port of DC 1; DC 2 and 3 take the next ones [default: free ports]
    #[arg(long, value_name = "N", value_parser = crate::sandbox::addresses::first_port, help_heading = WHERE)]
    pub(crate) port: Option<u16>,

    /// The host that help.getConfig and the first line name, if clients know this machine by another than --listen
    #[arg(long, value_name = "HOST", help_heading = WHERE)]
    pub(crate) advertise: Option<String>,

    /// How many connections may be open at once, on all DCs together
    #[arg(long, value_name = "N", default_value = "1000", value_parser = from_one(),
        help_heading = WHERE)]
    pub(crate) connections: u32,

    /// Where to write the DCs' RSA key, in PEM
    #[arg(long, value_name = "FILE", default_value = "sandbox.pem", value_parser = path())]
    pub(crate) public_key: PathBuf,

    /// Print everything as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep keys, accounts and logins in FILE, for the next run; it holds secrets
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) state: Option<PathBuf>,

    /// Add the users and bots of a JSON file (see the end of --help)
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) accounts: Option<PathBuf>,

    /// Refuse clients that use the RSA padding from before RSA_PAD, such as Telethon 1 and Pyrogram
    #[arg(long, help_heading = STRICT)]
    pub(crate) strict_rsa: bool,

    /// Refuse all that the documentation forbids and Telegram's servers take: the old RSA padding, a msg_id before the
    /// key that is 0 or does not rise, acknowledgements with an odd seq_no
    #[arg(long, help_heading = STRICT)]
    pub(crate) strict: bool,

    /// Has no effect: the old padding is taken unless --strict-rsa is given.
    #[arg(long, hide = true)]
    pub(crate) legacy_rsa: bool,
}

const WHO: &str = "Who logs in (asked for where nothing is given)";
const WHERE: &str = "Where";
const ACCOUNTS: &str = "Accounts";
const STRICT: &str = "How strict";
const STDIN: &str = "Values from standard input, a line each in this order (on a terminal: asked for)";
const QR: &str = "QR code";
const APPLICATION: &str = "Application";

/// The whole tree of commands.
pub(crate) fn tree() -> clap::Command {
    Cli::command()
}

/// Reads the command line of this process.
pub(crate) fn parse() -> Result<Command, Failure> {
    parse_from(std::env::args_os())
}

fn parse_from(args: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    Cli::try_parse_from(args).map(|cli| cli.command).map_err(|error| usage::failure(error, &tree()))
}

pub(crate) fn secret() -> impl TypedValueParser<Value = Secret<String>> {
    clap::builder::StringValueParser::new().map(Secret::new)
}

/// A whole number from 1 on.
pub(crate) fn from_one() -> impl TypedValueParser<Value = u32> {
    clap::builder::StringValueParser::new().try_map(|text| match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("it takes a whole number from 1 to 4294967295"),
    })
}

fn user_id() -> impl TypedValueParser<Value = i64> {
    clap::builder::StringValueParser::new().try_map(|text| match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("it takes the number of a user, from 1 on; \"sansgram whoami\" tells it of a session"),
    })
}

/// What bash makes of `--output=~/me`.
pub(crate) const TILDE: &str = "the shell replaces ~ only at the beginning of a word: write a space before it instead of \
                                \"=\", or ./~ for a directory of that name";

/// Whether a path begins in a directory that is called `~`, which hardly anyone has.
pub(crate) fn has_tilde(path: &Path) -> bool {
    path.iter().next() == Some(OsStr::new("~"))
}

/// The name of a file or a directory.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    clap::builder::PathBufValueParser::new()
        .try_map(|path| if has_tilde(&path) { Err(TILDE) } else { Ok(path) })
}

/// The name of a session: the file beside it is `NAME.session`.
pub(crate) fn session_name() -> impl TypedValueParser<Value = PathBuf> {
    clap::builder::PathBufValueParser::new().try_map(|path| {
        let name = path.to_string_lossy();
        if has_tilde(&path) {
            return Err(TILDE);
        }
        match name.rsplit(std::path::is_separator).next() {
            Some("" | "." | "..") => Err("this names a directory; put the name of a session behind it"),
            _ => Ok(path),
        }
    })
}

fn transport() -> impl TypedValueParser<Value = TransportKind> {
    clap::builder::PossibleValuesParser::new(TransportKind::ALL.map(TransportKind::name))
        .try_map(|name| name.parse::<TransportKind>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a man page shows as an example can be called, once the shell has replaced `~`.
    #[test]
    fn e_examples_are_commands() {
        fn walk(command: &clap::Command, name: &str, seen: &mut usize) {
            for line in help::examples(name).unwrap_or_default().lines().flat_map(|line| line.split(';')) {
                let words = line.split_whitespace().take_while(|word| !matches!(*word, "|" | ">"));
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

    fn parse(args: &[&str]) -> Result<Command, Failure> {
        parse_from(["sansgram"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn the_definitions_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn secrets_do_not_show() {
        let args =
            ["login", "--phone", "+1555", "--code", "12345", "--password", "-hunter2", "--api-hash", "feed"];
        let shown = format!("{:?}", parse(&args).unwrap());
        for secret in ["1555", "12345", "hunter2", "feed"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn the_rest_of_an_unquoted_secret_does_not_show() {
        match parse(&["login", "--phone", "1", "--password", "correct", "horse"]).unwrap_err() {
            Failure::Usage(sentence) => assert!(!sentence.contains("horse"), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
}
