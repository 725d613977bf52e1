//! `sansgram sessions show` and `list`: the content of sessions without their keys.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sansgram_runtime::core::client::{DcId, ServersName, SessionFormatError, StoredSession};
use sansgram_runtime::formats::{self, Imported};
use sansgram_runtime::text::printable;
use sansgram_runtime::{FileStore, StoreError};
use serde::Serialize;

use super::named::{SessionName, load_unlocked};
use crate::error::Failure;
use crate::output;
use crate::saved_login::{LoadedLogin, SavedLoginFile, messages};
use crate::session::SessionOwner;
use crate::store::{Content, Database, Listed, Opens, StoreArgs};

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    session: SessionName,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    /// Print one JSON object: dc, user_id, is_bot, api_id, test, server, auth_key_id; pending if a login is incomplete
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The directory [default: .]
    #[arg(value_name = "DIRECTORY", value_hint = ValueHint::DirPath, conflicts_with_all = ["store", "store_key_file"])]
    directory: Option<PathBuf>,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    /// Print one JSON object per line: session, kind, and for a session of sansgram the fields of "show --json". The
    /// kind is sansgram, the format of another library, or encrypted, foreign, damaged, newer, unreadable or missing; in a
    /// database also sealed or empty, and there are owner and lease_seconds, null if no process uses the session
    #[arg(long)]
    json: bool,
}

pub(super) fn show(args: &Show) -> Result<(), Failure> {
    let (store, session) = load_unlocked(&args.session, &args.store)?;
    let saved = store.and_then(|store| saved_login(&store, &session));
    output::result(&if args.json {
        output::json(&SessionJson::new(&session, saved.as_ref()))
    } else {
        describe(&session, saved.as_ref())
    })
}

/// Returns the saved login of a session, if there is one.
fn saved_login(store: &FileStore, session: &StoredSession) -> Option<LoadedLogin> {
    match SessionOwner::of(session, Some(&SavedLoginFile::beside(store))) {
        SessionOwner::SavedLogin(saved) => Some(*saved),
        SessionOwner::NoUser | SessionOwner::Unknown | SessionOwner::Known => None,
    }
}

/// The content of a session without its keys, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct SessionJson {
    dc: Option<u16>,
    user_id: Option<i64>,
    is_bot: Option<bool>,
    api_id: Option<i32>,
    test: bool,
    /// `telegram`, `telegram-test`, `sandbox`, or else the address of the home DC; null if the servers are unknown.
    server: Option<String>,
    auth_key_id: Option<String>,
    /// What a saved login waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<&'static str>,
}

impl SessionJson {
    pub(super) fn new(session: &StoredSession, saved: Option<&LoadedLogin>) -> Self {
        // An incomplete login has no home DC, but the DC on which it began is known.
        let dc = session.home_dc.or(saved.and_then(|saved| saved.dc));
        let key = dc.and_then(|dc| session.keys.get(&dc));
        Self {
            dc: dc.map(DcId::number),
            user_id: session.user.as_ref().map(|user| user.id),
            is_bot: session.user.as_ref().map(|user| user.is_bot),
            api_id: session.api_id,
            test: session.test_dcs,
            server: match session.servers_name() {
                ServersName::Telegram => Some("telegram".into()),
                ServersName::TelegramTest => Some("telegram-test".into()),
                ServersName::Ended => Some("sandbox".into()),
                ServersName::Custom(address) => address.map(|address| address.to_string()),
                _ => None,
            },
            auth_key_id: key.map(|key| key.auth_key.id().to_string()),
            pending: saved.map(|saved| messages::pending_name(&saved.pending)),
        }
    }
}

/// A line of `list --json`.
#[derive(Serialize)]
struct ListJson {
    session: String,
    kind: &'static str,
    #[serde(flatten)]
    content: Option<SessionJson>,
}

pub(super) fn describe(session: &StoredSession, saved: Option<&LoadedLogin>) -> String {
    let of = match (session.servers_name(), session.test_dcs) {
        (ServersName::Unknown, false) => String::new(),
        (ServersName::Unknown, true) => " (test)".into(),
        (name @ (ServersName::Telegram | ServersName::TelegramTest | ServersName::Ended), _) => {
            format!(" of {name}")
        }
        (name, false) => format!(" of {name}"),
        (name, true) => format!(" of {name} (test)"),
    };
    if let Some(saved) = saved {
        return format!("no user is logged in yet: a {}{}", messages::describe(saved), servers_of(&of));
    }
    let who = match &session.user {
        None => "unknown user".to_owned(),
        Some(user) if user.is_bot => format!("bot {}", user.id),
        Some(user) => format!("user {}", user.id),
    };
    match session.home_dc.filter(|dc| session.keys.contains_key(dc)) {
        // A session without a key does not belong to a server yet.
        None if session.keys.is_empty() => "no user is logged in".into(),
        None => format!("no user is logged in{}", servers_of(&of)),
        Some(dc) => format!("{who} on {dc}{of}"),
    }
}

/// Returns the servers as the end of a description without a DC.
fn servers_of(of: &str) -> String {
    of.strip_prefix(" of ").map(|name| format!("; the session belongs to {name}")).unwrap_or_default()
}

pub(super) fn list(args: &List) -> Result<(), Failure> {
    match &args.directory {
        Some(directory) => list_files(directory, args.json),
        None => match args.store.open(Opens::IfPossible)? {
            Some(database) => list_database(&database, args.json),
            None => list_files(Path::new("."), args.json),
        },
    }
}

fn list_files(directory: &Path, json: bool) -> Result<(), Failure> {
    let unreadable =
        |error| Failure::new(format!("the directory {} cannot be read: {error}", directory.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("session")) {
            files.push(path);
        }
    }
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (kind, what, content) = describe_file(&path);
        output::result(&match json {
            true => output::json(&ListJson { session: name, kind, content }),
            false => printable(&format!("{name}: {what}")),
        })?;
    }
    Ok(())
}

/// A line of `list --json` about a session in a database.
#[derive(Serialize)]
struct DatabaseJson<'a> {
    session: &'a str,
    kind: &'static str,
    owner: Option<&'a str>,
    /// How long the owner has the session without renewing its lease.
    lease_seconds: Option<u64>,
    #[serde(flatten)]
    content: Option<SessionJson>,
}

fn list_database(database: &Database, json: bool) -> Result<(), Failure> {
    for Listed { name, owner, content } in database.list()? {
        let (kind, what, content) = match content {
            Content::Session(session) => {
                ("sansgram", describe(&session, None), Some(SessionJson::new(&session, None)))
            }
            Content::Empty => ("empty", "no session is stored yet".into(), None),
            Content::Closed(kind, why) => (kind, why, None),
        };
        output::result(&match json {
            true => output::json(&DatabaseJson {
                session: &name,
                kind,
                owner: owner.as_ref().map(|(owner, _)| owner.as_str()),
                lease_seconds: owner.as_ref().map(|(_, left)| left.as_secs()),
                content,
            }),
            false => {
                let owner = owner.map(|(owner, _)| format!("; in use by {owner}")).unwrap_or_default();
                printable(&format!("{name}: {what}{owner}"))
            }
        })?;
    }
    Ok(())
}

/// Returns the kind of a file, its description, and its content if it is a session of sansgram.
fn describe_file(path: &Path) -> (&'static str, String, Option<SessionJson>) {
    let store = FileStore::new(path);
    let (kind, what) = match store.load_unlocked() {
        Ok(Some(session)) => {
            let saved = saved_login(&store, &session);
            let content = SessionJson::new(&session, saved.as_ref());
            return ("sansgram", describe(&session, saved.as_ref()), Some(content));
        }
        Ok(None) => ("missing", "no longer exists".into()),
        Err(StoreError::Encrypted { .. }) => ("encrypted", "encrypted".into()),
        Err(StoreError::Foreign { .. }) => match formats::import_file(path) {
            Ok(Imported { format, session, .. }) => {
                (format.name(), format!("{}: {}", format.description(), describe(&session, None)))
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
    (kind, what, None)
}
