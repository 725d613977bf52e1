//! `sansgram sessions`: shows, imports, exports and encrypts sessions. Network access only for a database, and to resolve
//! `--dc`.

mod export;
mod import;
mod named;
mod show;

use clap::{Args, Subcommand};
use sansgram_runtime::{Error, FileStore};
use serde_json::json;
use zeroize::Zeroizing;

use crate::environment::{self, STORE};
use crate::error::Failure;
use crate::{help, interrupt, output, session, store};

use export::{Export, export};
use import::{Import, import};
use named::SessionName;
use show::{List, Show, list, show};

#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(about = "Import a session of another library", long_about = help::IMPORT,
        after_help = help::EXIT_CODES)]
    Import(Import),
    #[command(about = "Export a session in the format of another library", long_about = help::EXPORT,
        after_help = help::EXIT_CODES)]
    Export(Export),
    /// Show the content of a session, without its key
    #[command(after_help = help::EXIT_CODES)]
    Show(Show),
    /// List the sessions in a directory or a database
    #[command(after_help = help::EXIT_CODES)]
    List(List),
    /// Encrypt a session with a passphrase, which later commands ask for
    #[command(after_help = help::EXIT_CODES)]
    Encrypt(Crypt),
    /// Decrypt a session
    #[command(after_help = help::EXIT_CODES)]
    Decrypt(Crypt),
    #[command(about = "Print a new key that seals the sessions of a database", long_about = help::NEW_KEY,
        after_help = help::EXIT_CODES)]
    NewKey(NewKey),
}

#[derive(Debug, Args)]
struct Crypt {
    #[command(flatten)]
    session: SessionName,

    /// Print one JSON object: encrypted
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct NewKey {
    /// Print one JSON object: key
    #[arg(long)]
    json: bool,
}

impl Crypt {
    /// Prints the result.
    fn print(&self, store: &FileStore, encrypted: bool) -> Result<(), Failure> {
        let done = if encrypted { "Encrypted" } else { "Decrypted" };
        output::result(&match self.json {
            true => output::json(&json!({ "encrypted": encrypted })),
            false => format!("{done} {}.", store.path().display()),
        })
    }
}

/// `sansgram sessions`.
pub(crate) fn run(args: SessionsArgs) -> Result<(), Failure> {
    match args.action.uses_network()? {
        true => interrupt::end_on_signal()?,
        false => interrupt::end_on_signal_offline()?,
    }
    match args.action {
        Action::Import(args) => import(args),
        Action::Export(args) => export(&args),
        Action::Show(args) => show(&args),
        Action::List(args) => list(&args),
        Action::Encrypt(args) => encrypt(&args),
        Action::Decrypt(args) => decrypt(&args),
        Action::NewKey(args) => new_key(&args),
    }
}

impl Action {
    fn uses_network(&self) -> Result<bool, Failure> {
        match self {
            Self::Import(args) => args.store.is_given(),
            Self::Export(args) => args.store.is_given(),
            Self::Show(args) => args.store.is_given(),
            Self::List(args) => args.store.is_given(),
            Self::Encrypt(_) | Self::Decrypt(_) | Self::NewKey(_) => Ok(false),
        }
    }
}

fn new_key(args: &NewKey) -> Result<(), Failure> {
    let key = store::new_key()?;
    let (begin, end) = if args.json { ("{\"key\":\"", "\"}\n") } else { ("", "\n") };
    output::text(Zeroizing::new([begin, &*key, end].concat()).as_bytes())
}

/// Errors if the environment says that sessions are in a database.
fn must_be_file(action: &str) -> Result<(), Failure> {
    match environment::or(None, STORE)? {
        Some(_) => Err(Failure::Usage(format!(
            "{STORE} is set, and sessions in a database are always sealed; unset it to {action} a file"
        ))),
        None => Ok(()),
    }
}

fn encrypt(args: &Crypt) -> Result<(), Failure> {
    must_be_file("encrypt")?;
    let name = &args.session.session;
    let store = FileStore::new(name);
    if store.is_encrypted().map_err(Error::from)? {
        return Err(Failure::new(format!("the session {} is already encrypted", store.path().display())));
    }
    session::existing(name, None)?;
    session::encrypt(&store, None)?;
    args.print(&store, true)
}

fn decrypt(args: &Crypt) -> Result<(), Failure> {
    must_be_file("decrypt")?;
    let (store, _) = session::existing(&args.session.session, None)?;
    if !store.is_encrypted().map_err(Error::from)? {
        return Err(Failure::new(format!("the session {} is not encrypted", store.path().display())));
    }
    store.change_passphrase(None).map_err(Error::from)?;
    args.print(&store, false)
}
