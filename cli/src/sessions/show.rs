//! `sansgram sessions show` and `list`: the content of sessions without their keys.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sansgram_runtime::core::client::{DcId, ServersName, SessionFormatError, StoredSession};
use sansgram_runtime::formats::{self, Imported};
use sansgram_runtime::text::printable;
use sansgram_runtime::{FileStore, StoreError};
use serde_json::{Value, json};

use super::named::{SessionName, load_unlocked};
use crate::error::Failure;
use crate::output;
use crate::saved_login::{LoadedLogin, SavedLoginFile, messages};
use crate::session::SessionOwner;

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    session: SessionName,

    /// Print one JSON object: dc, user_id, is_bot, api_id, test, server, auth_key_id; pending if a login is incomplete
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The directory
    #[arg(value_name = "DIRECTORY", default_value = ".", value_hint = ValueHint::DirPath)]
    directory: PathBuf,

    /// Print one JSON object per line: session, kind, and for a session of sansgram the fields of "show --json". The
    /// kind is sansgram, the format of another library, or encrypted, foreign, damaged, newer, unreadable or missing
    #[arg(long)]
    json: bool,
}

pub(super) fn show(args: &Show) -> Result<(), Failure> {
    let (store, session) = load_unlocked(&args.session)?;
    let saved = saved_login(&store, &session);
    output::result(&if args.json {
        output::json(&json(&session, saved.as_ref()))
    } else {
        describe(&session, saved.as_ref())
    })
}

/// Returns the saved login of a session, if there is one.
fn saved_login(store: &FileStore, session: &StoredSession) -> Option<LoadedLogin> {
    match SessionOwner::of(session, &SavedLoginFile::beside(store)) {
        SessionOwner::SavedLogin(saved) => Some(*saved),
        SessionOwner::NoUser | SessionOwner::Unknown | SessionOwner::Known => None,
    }
}

/// Returns the content of the session without its keys, and what a saved login waits for.
pub(super) fn json(session: &StoredSession, saved: Option<&LoadedLogin>) -> Value {
    // An incomplete login has no home DC, but the DC on which it began is known.
    let dc = session.home_dc.or(saved.and_then(|saved| saved.dc));
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
    if let Some(saved) = saved {
        object["pending"] = messages::pending_name(&saved.pending).into();
    }
    object
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

/// Returns the servers of a session: `telegram`, `telegram-test`, `sandbox`, or else the address of its home DC;
/// null if they are unknown.
fn server(session: &StoredSession) -> Value {
    match session.servers_name() {
        ServersName::Telegram => "telegram".into(),
        ServersName::TelegramTest => "telegram-test".into(),
        ServersName::Ended => "sandbox".into(),
        ServersName::Custom(Some(address)) => address.to_string().into(),
        _ => Value::Null,
    }
}

pub(super) fn list(args: &List) -> Result<(), Failure> {
    let unreadable =
        |error| Failure::new(format!("the directory {} cannot be read: {error}", args.directory.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&args.directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("session")) {
            files.push(path);
        }
    }
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (kind, what, fields) = describe_file(&path);
        if args.json {
            let mut object = json!({ "session": name, "kind": kind });
            if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
                object.extend(fields);
            }
            output::result(&output::json(&object))?;
        } else {
            output::result(&printable(&format!("{name}: {what}")))?;
        }
    }
    Ok(())
}

/// Returns the kind of a file, its description, and the JSON fields if it is a session of sansgram.
fn describe_file(path: &Path) -> (&'static str, String, Value) {
    let store = FileStore::new(path);
    let (kind, what) = match store.load_unlocked() {
        Ok(Some(session)) => {
            let saved = saved_login(&store, &session);
            return ("sansgram", describe(&session, saved.as_ref()), json(&session, saved.as_ref()));
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
    (kind, what, Value::Null)
}
