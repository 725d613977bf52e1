//! `sansgram sessions`: shows, imports, exports and encrypts sessions. No network access, except to resolve `--dc`.

mod export;
mod import;
mod named;
mod show;

use clap::{Args, Subcommand};
use sansgram_runtime::{Error, FileStore};
use serde_json::json;

use crate::error::Failure;
use crate::{help, interrupt, output, session};

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
    /// List the sessions in a directory
    #[command(after_help = help::EXIT_CODES)]
    List(List),
    /// Encrypt a session with a passphrase, which later commands ask for
    #[command(after_help = help::EXIT_CODES)]
    Encrypt(Crypt),
    /// Decrypt a session
    #[command(after_help = help::EXIT_CODES)]
    Decrypt(Crypt),
}

#[derive(Debug, Args)]
struct Crypt {
    #[command(flatten)]
    session: SessionName,

    /// Print one JSON object: encrypted
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
    interrupt::end_on_signal_offline()?;
    match args.action {
        Action::Import(args) => import(args),
        Action::Export(args) => export(&args),
        Action::Show(args) => show(&args),
        Action::List(args) => list(&args),
        Action::Encrypt(args) => encrypt(&args),
        Action::Decrypt(args) => decrypt(&args),
    }
}

fn encrypt(args: &Crypt) -> Result<(), Failure> {
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
    let (store, _) = session::existing(&args.session.session, None)?;
    if !store.is_encrypted().map_err(Error::from)? {
        return Err(Failure::new(format!("the session {} is not encrypted", store.path().display())));
    }
    store.change_passphrase(None).map_err(Error::from)?;
    args.print(&store, false)
}
