//! The options of `sansgram login`.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, ValueHint};
use sansgram_runtime::core::Secret;

use super::qr::PictureFile;
use crate::help;
use crate::server::ServerArgs;
use crate::stdin_values::{Line, Lines};
use crate::store::StoreArgs;
use crate::values::{secret, session_name};

const WHO: &str = "Identity (prompted for if omitted)";
const STDIN: &str = "Values from standard input, in this order";
const QR: &str = "QR code";
const APPLICATION: &str = "Application";

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Log in to embedded test DCs, without account, network and api_id (see the end of --help)
    #[arg(long, conflicts_with_all = ["test", "dc", "public_key", "proxy", "mtproxy", "store", "store_key_file"])]
    pub(crate) sandbox: bool,

    /// Phone number with country code [env: SANSGRAM_PHONE]
    #[arg(long, value_name = "NUMBER", value_parser = secret(), help_heading = WHO)]
    pub(crate) phone: Option<Secret<String>>,

    /// The login code, or resend to request another, or cancel [env: SANSGRAM_CODE]
    #[arg(long, value_name = "CODE", value_parser = secret(), help_heading = WHO)]
    pub(crate) code: Option<Secret<String>>,

    /// The password of the account, if it has one [env: SANSGRAM_PASSWORD]
    #[arg(long, value_name = "PASSWORD", value_parser = secret(), help_heading = WHO, allow_hyphen_values = true)]
    pub(crate) password: Option<Secret<String>>,

    /// Token of a bot, instead of phone, code and password [env: SANSGRAM_BOT_TOKEN]
    #[arg(long, value_name = "TOKEN", value_parser = secret(), help_heading = WHO,
        conflicts_with_all = ["phone", "code", "password", "qr", "phone_stdin", "code_stdin", "password_stdin"])]
    pub(crate) bot_token: Option<Secret<String>>,

    /// Read the phone number from standard input, one line; on a terminal, prompt for it
    #[arg(long, help_heading = STDIN, conflicts_with = "phone")]
    pub(crate) phone_stdin: bool,

    /// Read the login code from standard input when it is needed
    #[arg(long, help_heading = STDIN, conflicts_with = "code")]
    pub(crate) code_stdin: bool,

    /// Read the password from standard input when it is needed
    #[arg(long, help_heading = STDIN, conflicts_with = "password")]
    pub(crate) password_stdin: bool,

    /// Read the bot token from standard input
    #[arg(long, help_heading = STDIN,
        conflicts_with_all = ["bot_token", "phone", "code", "password", "qr", "phone_stdin", "code_stdin",
            "password_stdin"])]
    pub(crate) bot_token_stdin: bool,

    /// Show a QR code for a phone that is logged in; with --sandbox, the account of --phone scans it
    #[arg(long, help_heading = QR, conflicts_with_all = ["code", "phone_stdin", "code_stdin"])]
    pub(crate) qr: bool,

    /// User id that may not scan the code; can be repeated
    #[arg(long, value_name = "ID", help_heading = QR, requires = "qr", value_parser = user_id())]
    pub(crate) except_id: Vec<i64>,

    /// Also write each QR code to this new file, which is removed at the end
    #[arg(long, value_name = "FILE.png|.svg", help_heading = QR, requires = "qr", value_hint = ValueHint::FilePath)]
    pub(crate) qr_file: Option<PictureFile>,

    /// The application's api_id, from my.telegram.org [env: SANSGRAM_API_ID]
    // Parsed later: users confuse the two, and clap's error would show the hash.
    #[arg(long, value_name = "ID", value_parser = secret(), help_heading = APPLICATION)]
    pub(crate) api_id: Option<Secret<String>>,

    /// The application's api_hash, from my.telegram.org [env: SANSGRAM_API_HASH]
    #[arg(long, value_name = "HASH", value_parser = secret(), help_heading = APPLICATION)]
    pub(crate) api_hash: Option<Secret<String>>,

    /// Keep the session in NAME.session, or as NAME in --store [default: sansgram; with --sandbox, only in memory]
    #[arg(long, value_name = "NAME", value_parser = session_name())]
    pub(crate) session: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[arg(long, help = help::ENCRYPT)]
    pub(crate) encrypt: bool,

    /// Print the result as one JSON object: user_id, first_name, is_bot, dc; or pending, if the login is saved
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl LoginArgs {
    /// Returns the values that standard input contains.
    pub(super) fn stdin_lines(&self) -> Lines {
        Lines::named([
            (Line::Phone, self.phone_stdin),
            (Line::Code, self.code_stdin),
            (Line::Password, self.password_stdin),
            (Line::BotToken, self.bot_token_stdin),
        ])
    }
}

fn user_id() -> impl TypedValueParser<Value = i64> {
    clap::builder::StringValueParser::new().try_map(|text| match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("expected a user id of at least 1; \"sansgram whoami\" shows that of a session"),
    })
}
