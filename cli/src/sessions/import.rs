//! `sansgram sessions import`.

use std::path::Path;

use clap::{Args, ValueHint};
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{CustomServers, DcOptions, DcTable, Servers};
use sansgram_runtime::encryption;
use sansgram_runtime::formats::{self, ImportError, ImportOptions, Imported, NotASession};
use sansgram_runtime::{Error, SessionStore};
use zeroize::Zeroizing;

use super::named::Named;
use super::shown::{json, words};
use crate::address::{DcAddress, Lookup};
use crate::application::Application;
use crate::environment::{self, API_HASH};
use crate::error::Failure;
use crate::passcode::Passcode;
use crate::policy::{MAX_ENCRYPTED_SESSION_LEN, MIN_SESSION_STRING_LEN};
use crate::values::{self, secret};
use crate::{help, output, session};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The session: a file or folder, the string itself, or - to read a string from standard input
    #[arg(long, value_name = "PATH-OR-STRING", value_parser = secret(), allow_hyphen_values = true,
        value_hint = ValueHint::AnyPath)]
    from: Secret<String>,

    #[command(flatten)]
    passcode: Passcode,

    /// Which account to take from a program that holds several [default: the one that was in use last]
    #[arg(long, value_name = "NUMBER", value_parser = values::from_one())]
    account: Option<u32>,

    /// State that its DCs are test DCs, if the format does not
    #[arg(long)]
    test: bool,

    /// Where a DC is, if the session is not of Telegram: may be repeated; the session remembers it
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,

    /// The application's api_id, if the format does not state it [env: SANSGRAM_API_ID]
    // Parsed later: people mix it up with the api_hash, and an error of clap's would show that.
    #[arg(long, value_name = "ID", value_parser = secret())]
    api_id: Option<Secret<String>>,

    /// The application's api_hash, for a file that is encrypted with it (WTelegramClient) [env: SANSGRAM_API_HASH]
    #[arg(long, value_name = "HASH", value_parser = secret())]
    api_hash: Option<Secret<String>>,

    #[arg(long, help = help::ENCRYPT)]
    encrypt: bool,

    /// Print what "show --json" prints
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    into: Named,
}

pub(super) fn import(mut args: Import) -> Result<(), Failure> {
    let api_id = Application::of_a_session(args.api_id.take())?.id;
    let (was_encrypted, imported) = read(&args)?;
    let Imported { format, mut session, endpoints, accounts, account, fixes, .. } = imported;
    session.test_dcs |= args.test;
    if let Some(first) = args.dc.first() {
        match session.servers {
            Servers::Telegram => {
                return Err(Failure::new("the session says that it belongs to Telegram; leave out --dc"));
            }
            Servers::EndedSandbox => {
                return Err(Failure::new(
                    "the session belongs to a sandbox that has ended: no server knows its key; leave out --dc",
                ));
            }
            _ => {}
        }
        let mut dcs = DcTable::new();
        for address in &args.dc {
            for endpoint in address.resolve(&Lookup::default())? {
                if Servers::is_telegram_address(endpoint.ip()) {
                    return Err(Failure::new(
                        "--dc names an address of Telegram and is not needed; leave it out",
                    ));
                }
                dcs.insert(address.dc, endpoint);
            }
        }
        // The same servers at other addresses: they have their keys, but what they said of addresses is out of date.
        let public_keys = match session.servers {
            Servers::Custom(custom) => custom.public_keys,
            _ => Vec::new(),
        };
        session.servers = Servers::Custom(CustomServers { dcs, public_keys, initial_dc: Some(first.dc) });
        session.dc_options = DcOptions::default();
    }
    session.api_id = session.api_id.or(api_id);
    let store = session::open(&args.into.session, None)?;
    if store.load().map_err(Error::from)?.is_some_and(|there| !there.is_empty()) {
        return Err(Failure::new(format!(
            "the session {} exists already and is left as it is; name another with --session",
            store.path().display()
        )));
    }
    if args.encrypt {
        session::encrypt(&store, None)?;
    }
    store.save(&session).map_err(Error::from)?;
    let address = session.home_dc.and_then(|dc| endpoints.get(&dc));
    let is_custom = matches!(session.servers, Servers::Custom(_));
    let at = address.filter(|_| !is_custom).map(|address| format!(" at {address}")).unwrap_or_default();
    if is_custom {
        output::note(
            "note: the session belongs to a server that is not Telegram's, and is used with no other; \
             --public-key tells that server's RSA key if one is needed",
        );
    }
    if session.api_id.is_none() {
        output::note(
            "note: servers want to know the api_id, which this format does not say: give it to the next \
             \"sansgram whoami\" with --api-id",
        );
    }
    if !fixes.is_empty() {
        output::note(&format!("note: left out or put right to read it: {}", fixes.join(", ")));
    }
    if let Some(taken) = account.filter(|_| accounts.len() > 1) {
        output::note(&format!(
            "note: it holds {} accounts, and this is account {taken} ({}); --account takes another",
            accounts.len(),
            formats::listed(&accounts)
        ));
    }
    session::tell_if_plain(&store, was_encrypted)?;
    output::note("note: end the other program first, or Telegram may revoke the key that both use");
    output::result(&match args.json {
        true => output::json(&json(&session, None)),
        false => format!(
            "Imported {} into {}: {}{at}.",
            format.description(),
            store.path().display(),
            words(&session, None)
        ),
    })
}

/// Returns whether sansgram encrypted the session, and its content.
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
    let path = Path::new(from);
    if path.exists() {
        let named = |failure: Failure| match failure {
            Failure::Failed(text) => Failure::Failed(format!("{}: {text}", path.display())),
            other => other,
        };
        return match args.passcode.import(path, options(args)?)? {
            Err(error @ ImportError::Io { .. }) => Err(refused(&error)),
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
        Err(ImportError::Unrecognised) if from.len() < MIN_SESSION_STRING_LEN => {
            Err(Failure::new(format!("there is no file {}, and it is no session string", path.display())))
        }
        Err(ImportError::Unrecognised) => Err(Failure::new(
            "there is no file of this name, and it is no session string that sansgram knows",
        )),
        result => finish(result, || Ok(Zeroizing::new(from.to_owned()))),
    }
}

/// Returns what was given besides the session.
fn options(args: &Import) -> Result<ImportOptions, Failure> {
    let mut options = ImportOptions::default();
    options.account = args.account;
    options.api_hash = environment::or(args.api_hash.clone(), API_HASH)?;
    Ok(options)
}

/// Returns whether sansgram encrypted the session, which then is `text`, and its content.
fn finish(
    result: Result<Imported, ImportError>,
    text: impl FnOnce() -> Result<Zeroizing<String>, Failure>,
) -> Result<(bool, Imported), Failure> {
    match result {
        Err(ImportError::Encrypted) => read_encrypted(&text()?),
        result => result.map(|imported| (false, imported)).map_err(|error| refused(&error)),
    }
}

/// Returns the error with advice.
fn refused(error: &ImportError) -> Failure {
    let advice = match error {
        ImportError::NotASession(NotASession::BotToken) => "; \"sansgram login --bot-token-stdin\" takes it",
        ImportError::NotASession(NotASession::PhoneNumber) => "; \"sansgram login\" takes it",
        ImportError::NotASession(NotASession::QrLink) => "; \"sansgram login --qr\" shows one of its own",
        ImportError::ApiHashNeeded(_) => "; give it with --api-hash or in SANSGRAM_API_HASH",
        ImportError::NotASession(NotASession::ProxyLink) => {
            "; --proxy and --mtproxy of \"sansgram login\" take it"
        }
        _ => "",
    };
    Failure::new(format!("{error}{advice}"))
}

fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let text = String::from_utf8(bytes.to_vec()).map(Zeroizing::new);
    text.map_err(|_| refused(&ImportError::Unrecognised))
}

fn read_encrypted(text: &str) -> Result<(bool, Imported), Failure> {
    // It may have been copied with line breaks, or with the text around it.
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    whole.extend(text.split_whitespace());
    let rest = whole.find("sansgram1e:").map_or(whole.as_str(), |at| &whole[at..]);
    let is_letter = |char: char| char.is_ascii_alphanumeric() || matches!(char, ':' | '-' | '_');
    let text = rest.split(|char| !is_letter(char)).next().unwrap_or_default();
    let failed = |error| Failure::new(format!("the session cannot be decrypted: {error}"));
    session::allow_cost(encryption::cost(text).map_err(failed)?, "the session")?;
    let passphrase = session::passphrase("Passphrase:")?;
    let session = encryption::decrypt_at_any_cost(text, passphrase.expose()).map_err(failed)?;
    let imported = formats::import_text(&session.to_text());
    imported.map(|imported| (true, imported)).map_err(|error| Failure::new(error.to_string()))
}
