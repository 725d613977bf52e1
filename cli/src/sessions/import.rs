//! `sansgram sessions import`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{CustomServers, DcOptions, DcTable, Servers, StoredSession};
use sansgram_runtime::encryption;
use sansgram_runtime::formats::{self, ImportError, ImportOptions, Imported, NotASession};
use sansgram_runtime::{Error, FileStore, SessionStore};
use zeroize::Zeroizing;

use super::show::{SessionJson, describe};
use crate::address::{DcAddress, Lookup};
use crate::application::Application;
use crate::environment::{self, API_HASH};
use crate::error::Failure;
use crate::passcode::Passcode;
use crate::policy::{MAX_ENCRYPTED_SESSION_LEN, MIN_SESSION_STRING_LEN};
use crate::server::PEM_BEGIN;
use crate::store::{Opens, StoreArgs};
use crate::values::{self, secret};
use crate::{help, output, session, store};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The session: a file or folder, the string itself, or - for a string on standard input
    #[arg(long, value_name = "PATH-OR-STRING", value_parser = secret(), allow_hyphen_values = true,
        value_hint = ValueHint::AnyPath)]
    from: Secret<String>,

    #[command(flatten)]
    passcode: Passcode,

    /// Which account to import from a program that contains several [default: the last used]
    #[arg(long, value_name = "NUMBER", value_parser = values::from_one())]
    account: Option<u32>,

    /// Mark its DCs as test DCs, if the format does not say
    #[arg(long)]
    test: bool,

    /// Address of a DC, if the session is not for Telegram's servers; can be repeated, and the session remembers it
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,

    /// The application's api_id, if the format does not contain it [env: SANSGRAM_API_ID]
    // Parsed later: users confuse it with the api_hash, and clap's error would show that.
    #[arg(long, value_name = "ID", value_parser = secret())]
    api_id: Option<Secret<String>>,

    /// The application's api_hash, if it encrypts the file (WTelegramClient) [env: SANSGRAM_API_HASH]
    #[arg(long, value_name = "HASH", value_parser = secret())]
    api_hash: Option<Secret<String>>,

    #[arg(long, help = help::ENCRYPT)]
    encrypt: bool,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    /// Replace the session of this name in the database, unless a process uses it
    #[arg(long, help_heading = store::HEADING)]
    replace: bool,

    /// Print the same JSON object as "show --json"
    #[arg(long)]
    json: bool,

    #[arg(long, value_name = "NAME", default_value = values::DEFAULT_SESSION, help = help::INTO,
        value_parser = values::session_name())]
    session: PathBuf,
}

pub(super) fn import(mut args: Import) -> Result<(), Failure> {
    let api_id = Application::of_a_session(args.api_id.take())?.id;
    check_place(&args)?;
    let (was_encrypted, imported) = read(&args)?;
    let Imported { format, mut session, endpoints, accounts, account, fixes, .. } = imported;
    session.test_dcs |= args.test;
    if !args.dc.is_empty() {
        set_servers(&mut session, &args.dc)?;
    }
    session.api_id = session.api_id.or(api_id);
    let (into, file) = match args.store.open(Opens::Always)? {
        Some(database) => {
            database.import(&args.session, &session, args.replace)?;
            (format!("{} in {}", args.session.display(), database.place()), None)
        }
        None => {
            let file = save(&args, &session)?;
            (file.path().display().to_string(), Some(file))
        }
    };
    note_differences(&session, &fixes);
    if let Some(taken) = account.filter(|_| accounts.len() > 1) {
        output::note(&format!(
            "note: there are {} accounts, and account {taken} was imported ({}); --account selects another",
            accounts.len(),
            formats::listed(&accounts)
        ));
    }
    if let Some(file) = file {
        session::note_if_unencrypted(&file, was_encrypted)?;
    }
    output::note("note: stop the other program first, or Telegram may revoke the key that both use");
    // The servers of a custom session are part of its description.
    let address = session.home_dc.and_then(|dc| endpoints.get(&dc));
    let address = address.filter(|_| !matches!(session.servers, Servers::Custom(_)));
    let at = address.map(|address| format!(" at {address}")).unwrap_or_default();
    output::result(&match args.json {
        true => output::json(&SessionJson::new(&session, None)),
        false => format!("Imported {} into {into}: {}{at}.", format.description(), describe(&session, None)),
    })
}

/// Errors if the options contradict the place of the session.
fn check_place(args: &Import) -> Result<(), Failure> {
    match args.store.is_given()? {
        true if args.encrypt => Err(Failure::Usage(store::SEALED.into())),
        false if args.replace => Err(Failure::Usage(
            "--replace is for sessions in a database; remove the file of the session to import another one"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// Writes the session to its file, which must not have one.
fn save(args: &Import, session: &StoredSession) -> Result<FileStore, Failure> {
    let file = session::open(&args.session, None)?;
    if file.load().map_err(Error::from)?.is_some_and(|there| !there.is_empty()) {
        return Err(Failure::new(format!(
            "the session {} already exists and was not changed; name another with --session",
            file.path().display()
        )));
    }
    if args.encrypt {
        session::encrypt(&file, None)?;
    }
    file.save(session).map_err(Error::from)?;
    Ok(file)
}

/// Sets the servers of `--dc`. Errors if the session says that it belongs to others.
fn set_servers(session: &mut StoredSession, addresses: &[DcAddress]) -> Result<(), Failure> {
    match session.servers {
        Servers::Telegram => {
            return Err(Failure::new("the session belongs to Telegram; omit --dc"));
        }
        Servers::EndedSandbox => {
            return Err(Failure::new(
                "the session belongs to a sandbox that has ended, so no server knows its key; omit --dc",
            ));
        }
        _ => {}
    }
    let mut dcs = DcTable::new();
    for address in addresses {
        for endpoint in address.resolve(&Lookup::default())? {
            if Servers::is_telegram_address(endpoint.ip()) {
                return Err(Failure::new(
                    "--dc specifies an address of Telegram, which is not needed; omit it",
                ));
            }
            dcs.insert(address.dc, endpoint);
        }
    }
    // The same servers at other addresses: their keys are still valid, but the addresses that they sent are not.
    let public_keys = match std::mem::take(&mut session.servers) {
        Servers::Custom(custom) => custom.public_keys,
        _ => Vec::new(),
    };
    let initial_dc = addresses.first().map(|address| address.dc);
    session.servers = Servers::Custom(CustomServers { dcs, public_keys, initial_dc });
    session.dc_options = DcOptions::default();
    Ok(())
}

/// Prints what the session lacks, and what was changed to read it.
fn note_differences(session: &StoredSession, fixes: &[&str]) {
    if matches!(session.servers, Servers::Custom(_)) {
        output::note(
            "note: the session belongs to a server other than Telegram's and is used with no other; specify that server's \
             RSA key with --public-key if needed",
        );
    }
    if session.api_id.is_none() {
        output::note(
            "note: servers require the api_id, which this format does not contain; pass --api-id to the next \"sansgram \
             whoami\"",
        );
    }
    if !fixes.is_empty() {
        output::note(&format!("note: ignored or corrected while reading: {}", fixes.join(", ")));
    }
}

/// Returns whether the session was encrypted by sansgram, and its content.
fn read(args: &Import) -> Result<(bool, Imported), Failure> {
    let from = args.from.expose().as_str();
    if from == "-" {
        args.passcode.refuse_with_session_on_stdin()?;
        let bytes = formats::read_stdin()
            .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
        let options = options(args)?;
        return finish(formats::import_bytes(&bytes, &options), || text_of(&bytes));
    }
    if from.is_empty() {
        return Err(Failure::Usage("--from is empty; give it a file, a session string, or -".into()));
    }
    if from.contains(PEM_BEGIN) {
        return Err(Failure::new(PEM));
    }
    let path = Path::new(from);
    if path.exists() {
        let named = |failure: Failure| match failure {
            Failure::Failed(text) => Failure::Failed(format!("{}: {text}", path.display())),
            other => other,
        };
        return match args.passcode.import(path, options(args)?)? {
            Err(error @ ImportError::Io { .. }) => Err(import_failure(&error)),
            result => finish(result, || {
                let bytes = sansgram_runtime::read_file(path, MAX_ENCRYPTED_SESSION_LEN);
                text_of(&bytes.map_err(|error| Failure::new(error.to_string()))?)
            })
            .map_err(named),
        };
    }
    if values::has_tilde(path) {
        return Err(Failure::Usage(format!("the value of --from cannot be used: {}", values::TILDE)));
    }
    match formats::import_text_with(from, &options(args)?) {
        Err(ImportError::Unrecognized) if from.len() < MIN_SESSION_STRING_LEN => Err(Failure::new(format!(
            "there is no file {}, and this is not a session string",
            path.display()
        ))),
        Err(ImportError::Unrecognized) => Err(Failure::new(
            "there is no file of this name, and this is not a session string that sansgram knows",
        )),
        result => finish(result, || Ok(Zeroizing::new(from.to_owned()))),
    }
}

/// Returns the import options of the command line and the environment.
fn options(args: &Import) -> Result<ImportOptions, Failure> {
    let mut options = ImportOptions::default();
    options.account = args.account;
    options.api_hash = environment::or(args.api_hash.clone(), API_HASH)?;
    Ok(options)
}

/// Returns whether the session was encrypted by sansgram, and its content. `text` returns the encrypted session.
fn finish(
    result: Result<Imported, ImportError>,
    text: impl FnOnce() -> Result<Zeroizing<String>, Failure>,
) -> Result<(bool, Imported), Failure> {
    match result {
        Err(ImportError::Encrypted) => read_encrypted(&text()?),
        Err(_) if text().is_ok_and(|text| text.contains(PEM_BEGIN)) => Err(Failure::new(PEM)),
        result => result.map(|imported| (false, imported)).map_err(|error| import_failure(&error)),
    }
}

/// Returns the error with advice.
fn import_failure(error: &ImportError) -> Failure {
    let advice = match error {
        ImportError::NotASession(NotASession::BotToken) => "; use \"sansgram login --bot-token-stdin\"",
        ImportError::NotASession(NotASession::PhoneNumber) => "; use \"sansgram login\"",
        ImportError::NotASession(NotASession::QrLink) => "; \"sansgram login --qr\" shows its own link",
        ImportError::ApiHashNeeded(_) => "; provide it with --api-hash or SANSGRAM_API_HASH",
        ImportError::NotASession(NotASession::ProxyLink) => {
            "; use \"sansgram login\" with --proxy or --mtproxy"
        }
        _ => "",
    };
    Failure::new(format!("{error}{advice}"))
}

/// A key of a server, such as that of the sandbox.
const PEM: &str =
    "this is a key in PEM, not a session; --public-key of login takes the public key of a server";

fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let text = String::from_utf8(bytes.to_vec()).map(Zeroizing::new);
    text.map_err(|_| import_failure(&ImportError::Unrecognized))
}

fn read_encrypted(text: &str) -> Result<(bool, Imported), Failure> {
    // It may have been copied with line breaks or surrounding text.
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    whole.extend(text.split_whitespace());
    let rest = whole.find("sansgram1e:").map_or(whole.as_str(), |at| &whole[at..]);
    let is_letter = |char: char| char.is_ascii_alphanumeric() || matches!(char, ':' | '-' | '_');
    let text = rest.split(|char| !is_letter(char)).next().unwrap_or_default();
    let failed = |error| Failure::new(format!("the session cannot be decrypted: {error}"));
    session::confirm_cost(encryption::cost(text).map_err(failed)?, "the session")?;
    let passphrase = session::passphrase("Passphrase:")?;
    let session = encryption::decrypt_at_any_cost(text, passphrase.expose()).map_err(failed)?;
    let imported = formats::import_text(&session.to_text());
    imported.map(|imported| (true, imported)).map_err(|error| Failure::new(error.to_string()))
}
