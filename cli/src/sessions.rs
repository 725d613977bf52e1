//! `sansgram sessions`: sessions of other libraries, both ways, and a look at one's own. Nothing here uses the
//! network.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueHint};
use sansgram_runtime::core::client::{
    Config, CustomServers, DcId, DcOptions, DcTable, Servers, ServersName, SessionData, SessionFormatError,
};
use sansgram_runtime::core::crypto::Secret;
use sansgram_runtime::encryption;
use sansgram_runtime::formats::{
    self, ExportError, ExportOptions, Format, ImportError, ImportOptions, Imported, NoSession,
};
use sansgram_runtime::text::printable;
use sansgram_runtime::{Error, FileStore, SessionStore, StoreError};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::address::DcAddress;
use crate::environment::{self, API_HASH};
use crate::failure::Failure;
use crate::login::half_done::{HalfDone, Kept};
use crate::login::words as sign_in;
use crate::passcode::Passcode;
use crate::session::{self, Holder};
use crate::who::Application;
use crate::{args, interrupt, output, texts};

/// The longest encrypted session that is read, in bytes.
const MAX_TEXT_LEN: u64 = 1 << 20;
/// From this length on, in characters, a value is a session string rather than the name of a file. It is not shown.
const STRING_LEN: usize = 128;

#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(about = "Take over a session of another library", long_about = texts::IMPORT,
        after_help = texts::EXIT_CODES)]
    Import(Import),
    #[command(about = "Write a session as another library keeps it", long_about = texts::EXPORT,
        after_help = texts::EXIT_CODES)]
    Export(Export),
    /// Say what is in a session; never its key
    #[command(after_help = texts::EXIT_CODES)]
    Show(Show),
    /// Say which sessions there are
    #[command(after_help = texts::EXIT_CODES)]
    List(List),
    /// Encrypt a session with a passphrase, which every command asks for from then on
    #[command(after_help = texts::EXIT_CODES)]
    Encrypt(Crypt),
    /// Take a session's encryption off
    #[command(after_help = texts::EXIT_CODES)]
    Decrypt(Crypt),
}

#[derive(Debug, Args)]
struct Import {
    /// The session: a file or folder, the string itself, or - to read a string from standard input
    #[arg(long, value_name = "PATH-OR-STRING", value_parser = secret(), allow_hyphen_values = true,
        value_hint = ValueHint::AnyPath)]
    from: Secret<String>,

    #[command(flatten)]
    passcode: Passcode,

    /// Which account to take from a program that holds several [default: the one that was in use last]
    #[arg(long, value_name = "NUMBER", value_parser = args::from_one())]
    account: Option<u32>,

    /// Say that its DCs are test DCs, where the format does not
    #[arg(long)]
    test: bool,

    /// Where a DC is, if the session is not of Telegram: may be repeated; the session remembers it
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,

    /// The application's api_id, where the format does not say it [env: SANSGRAM_API_ID]
    // Parsed later: people mix it up with the api_hash, and an error of clap's would show that.
    #[arg(long, value_name = "ID", value_parser = secret())]
    api_id: Option<Secret<String>>,

    /// The application's api_hash, for a file that is encrypted with it (WTelegramClient) [env: SANSGRAM_API_HASH]
    #[arg(long, value_name = "HASH", value_parser = secret())]
    api_hash: Option<Secret<String>>,

    #[arg(long, help = texts::ENCRYPT)]
    encrypt: bool,

    /// Print what "show --json" prints
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    into: Named,
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    from: Named,

    /// What to write
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    to: Format,

    /// Write to this new file, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    passcode: Passcode,

    /// Where a DC is, for the formats that say so: may be repeated; instead of Telegram's own
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    session: Named,

    /// Print one JSON object: dc, user_id, is_bot, api_id, test, server, auth_key_id; while a sign-in waits, what for:
    /// pending
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// Where to look
    #[arg(value_name = "DIRECTORY", default_value = ".", value_hint = ValueHint::DirPath)]
    directory: PathBuf,

    /// Print one JSON object a line: session, kind, and for a session of sansgram what "show" prints. The kind is
    /// sansgram, the format of another library, or encrypted, foreign, damaged, newer, unreadable or missing
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Crypt {
    #[command(flatten)]
    session: Named,

    /// Print one JSON object: encrypted
    #[arg(long)]
    json: bool,
}

impl Crypt {
    /// Tells that it is done.
    fn tell(&self, store: &FileStore, encrypted: bool) -> Result<(), Failure> {
        let done = if encrypted { "Encrypted" } else { "Decrypted" };
        output::result(&match self.json {
            true => json!({ "encrypted": encrypted }).to_string(),
            false => format!("{done} {}.", store.path().display()),
        })
    }
}

#[derive(Debug, Args)]
struct Named {
    #[arg(long, value_name = "NAME", default_value = session::DEFAULT, help = texts::SESSION,
        value_parser = args::session_name())]
    session: PathBuf,
}

/// `sansgram sessions`.
pub(crate) fn run(args: SessionsArgs) -> Result<(), Failure> {
    interrupt::watch_offline()?;
    match args.action {
        Action::Import(args) => import(args),
        Action::Export(args) => export(&args),
        Action::Show(args) => show(&args),
        Action::List(args) => list(&args),
        Action::Encrypt(args) => encrypt(&args),
        Action::Decrypt(args) => decrypt(&args),
    }
}

fn import(mut args: Import) -> Result<(), Failure> {
    let api_id = Application::of_a_session(args.api_id.take())?.id;
    let (was_encrypted, imported) = read(&args)?;
    let Imported { format, mut session, endpoints, accounts, account, mended, .. } = imported;
    session.test_dcs |= args.test;
    if let Some(first) = args.dc.first() {
        match session.servers {
            Servers::Telegram => {
                return Err(Failure::new("the session says that it belongs to Telegram; leave out --dc"));
            }
            Servers::Ended => {
                return Err(Failure::new(
                    "the session belongs to a sandbox that has ended: no server knows its key; leave out --dc",
                ));
            }
            _ => {}
        }
        let mut dcs = DcTable::new();
        for address in &args.dc {
            for endpoint in address.resolve()? {
                if Servers::is_telegram_address(endpoint.ip()) {
                    return Err(Failure::new(
                        "--dc names an address of Telegram, where it is not needed; leave it out",
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
    if !mended.is_empty() {
        output::note(&format!("note: left out or put right to read it: {}", mended.join(", ")));
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
        true => json(&session, None).to_string(),
        false => format!(
            "Imported {} into {}: {}{at}.",
            format.description(),
            store.path().display(),
            words(&session, None)
        ),
    })
}

/// Whether it was encrypted by us, and what it is.
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
                let bytes = sansgram_runtime::read_file(path, MAX_TEXT_LEN);
                text_of(&bytes.map_err(|error| Failure::new(error.to_string()))?)
            })
            .map_err(named),
        };
    }
    match formats::import_text_with(from, &options(args)?) {
        Err(ImportError::Unrecognised) if from.len() < STRING_LEN => {
            Err(Failure::new(format!("there is no file {}, and it is no session string", path.display())))
        }
        Err(ImportError::Unrecognised) => Err(Failure::new(
            "there is no file of this name, and it is no session string that sansgram knows",
        )),
        result => finish(result, || Ok(Zeroizing::new(from.to_owned()))),
    }
}

/// What was given beside the session.
fn options(args: &Import) -> Result<ImportOptions, Failure> {
    let mut options = ImportOptions::default();
    options.account = args.account;
    options.api_hash = environment::or(args.api_hash.clone(), API_HASH)?;
    Ok(options)
}

/// Whether it was encrypted by us, and what it is; `text` is the session then.
fn finish(
    result: Result<Imported, ImportError>,
    text: impl FnOnce() -> Result<Zeroizing<String>, Failure>,
) -> Result<(bool, Imported), Failure> {
    match result {
        Err(ImportError::Encrypted) => read_encrypted(&text()?),
        result => result.map(|imported| (false, imported)).map_err(|error| refused(&error)),
    }
}

/// The error with what helps.
fn refused(error: &ImportError) -> Failure {
    let advice = match error {
        ImportError::NoSession(NoSession::BotToken) => "; \"sansgram login --bot-token-stdin\" takes it",
        ImportError::NoSession(NoSession::PhoneNumber) => "; \"sansgram login\" takes it",
        ImportError::NoSession(NoSession::LoginLink) => "; \"sansgram login --qr\" shows one of its own",
        ImportError::ApiHashNeeded(_) => "; give it with --api-hash or in SANSGRAM_API_HASH",
        ImportError::NoSession(NoSession::ProxyLink) => {
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
    // It may have been copied in lines, or with what stands around it.
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

fn export(args: &Export) -> Result<(), Failure> {
    if !args.to.is_text() && args.output.is_none() {
        return Err(Failure::Usage(format!(
            "{} is written as {}; name it with --output",
            args.to,
            args.to.description()
        )));
    }
    let mut options = ExportOptions::default();
    if args.to.has_passcode() {
        options.passcode = args.passcode.to_set()?;
    } else if args.passcode.is_named() {
        return Err(Failure::Usage(format!("{} has no passcode", args.to.description())));
    }
    let (_, session) = peek(&args.from)?;
    let dcs = table(&args.dc, &session)?;
    tell_what_is_lost(&session, args.to);
    let failure = |error: ExportError| {
        let advice = match &error {
            ExportError::NoKey => "; \"sansgram login\" does that",
            ExportError::NoUser(_) => "; \"sansgram whoami\" finds out",
            ExportError::UnknownAddress(_) => "; give it with --dc",
            ExportError::Exists(_) => "; give another name",
            _ => "",
        };
        Failure::new(format!("{error}{advice}"))
    };
    let warning = "note: do not use the session in two programs at once, or Telegram may revoke its key";
    if let Some(path) = &args.output {
        formats::export_path(&session, args.to, &dcs, &options, path).map_err(failure)?;
        output::note(warning);
        return output::result(&format!("Wrote {} to {}.", args.to.description(), path.display()));
    }
    let text = formats::export_text(&session, args.to, &dcs).map_err(failure)?;
    output::note(warning);
    // Other libraries refuse a string with an end of line, and a program that reads it may be one of them.
    match args.to == Format::Sansgram || io::stdout().is_terminal() {
        true => output::result(&text),
        false => output::text(text.as_bytes()),
    }
}

/// Where the DCs are: as given, and where Telegram's own are behind that.
fn table(given: &[DcAddress], session: &SessionData) -> Result<DcTable, Failure> {
    let mut dcs = DcTable::new();
    for address in given {
        for endpoint in address.resolve()? {
            dcs.insert(address.dc, endpoint);
        }
    }
    let telegram = if session.test_dcs { Config::telegram_test() } else { Config::telegram() }.dcs;
    telegram.iter().for_each(|(dc, endpoint)| dcs.insert(dc, endpoint));
    // Of a session of other servers, what it says itself.
    Ok(session.servers.table(&dcs))
}

fn show(args: &Show) -> Result<(), Failure> {
    let (store, session) = peek(&args.session)?;
    let kept = half_done(&store, &session);
    output::result(&if args.json {
        json(&session, kept.as_ref()).to_string()
    } else {
        words(&session, kept.as_ref())
    })
}

/// The sign-in that was begun with a session, where it is not done.
fn half_done(store: &FileStore, session: &SessionData) -> Option<Kept> {
    match Holder::of(session, &HalfDone::beside(store)) {
        Holder::HalfDone(kept) => Some(*kept),
        Holder::Nobody | Holder::Unknown | Holder::Known => None,
    }
}

/// What is in the session: all but its keys; and what is pending, where a sign-in is.
fn json(session: &SessionData, kept: Option<&Kept>) -> Value {
    // Before a sign-in is done no DC is the home, but where it was begun is known.
    let dc = session.home_dc.or(kept.and_then(|kept| kept.dc));
    let key = dc.and_then(|dc| session.keys.get(&dc));
    let mut object = json!({
        "dc": dc.map(DcId::number),
        "user_id": session.user.as_ref().map(|user| user.id),
        "is_bot": session.user.as_ref().map(|user| user.is_bot),
        "api_id": session.api_id,
        "test": session.test_dcs,
        "server": server(session),
        "auth_key_id": key.map(|key| key.auth_key.id().to_string()),
    });
    if let Some(kept) = kept {
        object["pending"] = sign_in::name(&kept.pending).into();
    }
    object
}

fn words(session: &SessionData, kept: Option<&Kept>) -> String {
    if let Some(kept) = kept {
        return format!("nobody has signed in yet: a {}", sign_in::half_done(kept));
    }
    let who = match &session.user {
        None => "user not known yet".to_owned(),
        Some(user) if user.is_bot => format!("bot {}", user.id),
        Some(user) => format!("user {}", user.id),
    };
    let of = match (session.servers_name(), session.test_dcs) {
        (ServersName::Unknown, false) => String::new(),
        (ServersName::Unknown, true) => " (test)".into(),
        (name @ (ServersName::Telegram | ServersName::TelegramTest | ServersName::Ended), _) => {
            format!(" of {name}")
        }
        (name, false) => format!(" of {name}"),
        (name, true) => format!(" of {name} (test)"),
    };
    match session.home_dc.filter(|dc| session.keys.contains_key(dc)) {
        None => "nobody has signed in".into(),
        Some(dc) => format!("{who} on {dc}{of}"),
    }
}

/// The servers that a session belongs to: `telegram`, `telegram-test`, `sandbox`, or else the address of its home DC;
/// null where nothing is known.
fn server(session: &SessionData) -> Value {
    match session.servers_name() {
        ServersName::Telegram => "telegram".into(),
        ServersName::TelegramTest => "telegram-test".into(),
        ServersName::Ended => "sandbox".into(),
        ServersName::Custom(Some(address)) => address.to_string().into(),
        _ => Value::Null,
    }
}

/// Whether a format says where the server is.
const fn keeps_address(format: Format) -> bool {
    matches!(
        format,
        Format::Telethon
            | Format::TelethonSqlite
            | Format::Telethon2Sqlite
            | Format::KurigramSqlite
            | Format::GramJs
            | Format::Mtcute
            | Format::GrammersSqlite
            | Format::Gotd
            | Format::Ferogram
            | Format::GramJsStore
    )
}

/// What the other program will not know of a session of servers that are not Telegram's.
fn tell_what_is_lost(session: &SessionData, to: Format) {
    match &session.servers {
        Servers::Ended => {
            output::note(
                "note: the session is of a sandbox that has ended; no server knows its key any more",
            );
        }
        Servers::Custom(_) if keeps_address(to) => output::note(
            "note: this format keeps the server's address, but not its RSA key; give that to the other program",
        ),
        Servers::Custom(_) if to != Format::Sansgram => output::note(
            "note: this format does not say where the server is: the other program would take it for Telegram, so \
             give it the address and the RSA key",
        ),
        _ => {}
    }
}

fn list(args: &List) -> Result<(), Failure> {
    let unreadable =
        |error| Failure::new(format!("the directory {} cannot be read: {error}", args.directory.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&args.directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("session")) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (kind, what, fields) = describe(&path);
        if args.json {
            let mut object = json!({ "session": name, "kind": kind });
            if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
                object.extend(fields);
            }
            output::result(&output::escaped(&object.to_string()))?;
        } else {
            output::result(&printable(&format!("{name}: {what}")))?;
        }
    }
    Ok(())
}

/// The kind of a file, what to say about it, and what is in it where it is a session of ours.
fn describe(path: &Path) -> (&'static str, String, Value) {
    let store = FileStore::new(path);
    let (kind, what) = match store.peek() {
        Ok(Some(session)) => {
            let kept = half_done(&store, &session);
            return ("sansgram", words(&session, kept.as_ref()), json(&session, kept.as_ref()));
        }
        Ok(None) => ("missing", "gone by now".into()),
        Err(StoreError::Encrypted { .. }) => ("encrypted", "encrypted".into()),
        Err(StoreError::Foreign { .. }) => match formats::import_file(path) {
            Ok(Imported { format, session, .. }) => {
                (format.name(), format!("{}: {}", format.description(), words(&session, None)))
            }
            Err(error) => ("foreign", error.to_string()),
        },
        Err(StoreError::Format {
            error: error @ (SessionFormatError::Foreign | SessionFormatError::Empty),
            ..
        }) => ("foreign", error.to_string()),
        Err(StoreError::Format { error: error @ SessionFormatError::Newer(_), .. }) => {
            ("newer", error.to_string())
        }
        Err(StoreError::Format { error, .. }) => ("damaged", error.to_string()),
        Err(error) => ("unreadable", error.to_string()),
    };
    (kind, what, Value::Null)
}

fn encrypt(args: &Crypt) -> Result<(), Failure> {
    let name = &args.session.session;
    let store = FileStore::new(name);
    if store.is_encrypted().map_err(Error::from)? {
        return Err(Failure::new(format!("the session {} is encrypted already", store.path().display())));
    }
    session::existing(name, None)?;
    session::encrypt(&store, None)?;
    args.tell(&store, true)
}

fn decrypt(args: &Crypt) -> Result<(), Failure> {
    let (store, _) = session::existing(&args.session.session, None)?;
    if !store.is_encrypted().map_err(Error::from)? {
        return Err(Failure::new(format!("the session {} is not encrypted", store.path().display())));
    }
    store.change_passphrase(None).map_err(Error::from)?;
    args.tell(&store, false)
}

/// What is in a session, whether or not somebody works with it.
fn peek(args: &Named) -> Result<(FileStore, SessionData), Failure> {
    let store = session::open(&args.session, None)?;
    match store.peek().map_err(Error::from)? {
        Some(session) => Ok((store, session)),
        None => Err(session::missing(&store)),
    }
}

fn secret() -> impl TypedValueParser<Value = Secret<String>> {
    clap::builder::StringValueParser::new().map(Secret::new)
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().filter(|it| it.is_writable()).map(|it| it.name()))
        .try_map(|name| name.parse::<Format>())
}
