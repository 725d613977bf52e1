//! Sessions of other libraries: strings, their packed content, and SQLite files with changed bytes.
//!
//! Input: the first byte chooses; the rest is the text, the packed content, or changes to a file: two bytes of place,
//! one of length, the new bytes.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding};
use sansgram_core::client::{Config, DcAuth, DcId, LoggedInUser, StoredSession};
use sansgram_core::crypto::{AuthKey, Secret};
use sansgram_session::formats::{
    Format, ImportError, ImportOptions, Imported, export_file, export_text, import_bytes, import_file,
    import_text,
};

use crate::Input;
use crate::memory::peak_of;

/// Memory in bytes per byte of text or file.
const RATIO: usize = 64;
/// The same for the smallest inputs.
const SLACK: usize = 32 << 10;

const STRINGS: [Format; 7] = [
    Format::Telethon,
    Format::Pyrogram,
    Format::GramJs,
    Format::Mtcute,
    Format::Ferogram,
    Format::Mtkruto,
    Format::Gotd,
];
const FILES: [Format; 5] = [
    Format::TelethonSqlite,
    Format::Telethon2Sqlite,
    Format::PyrogramSqlite,
    Format::KurigramSqlite,
    Format::GrammersSqlite,
];

/// Runs the target. Returns 1 if a session was read.
///
/// # Panics
/// Panics if a session changes when it is exported and imported again.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let read = match choice % 5 {
        0 => content(input.rest()),
        1 => text(&format!("1{}", Base64Url::encode_string(input.rest()))),
        2 => text(&format!("1{}", Base64::encode_string(input.rest()))),
        3 => text(&Base64UrlUnpadded::encode_string(input.rest())),
        _ => file(choice / 5, input),
    };
    let Some(imported) = read else { return 0 };
    check(&imported);
    1
}

fn text(text: &str) -> Option<Imported> {
    bounded(text.len(), || import_text(text))
}

/// A file of any kind; some need an application.
fn content(bytes: &[u8]) -> Option<Imported> {
    let mut options = ImportOptions::default();
    options.api_hash = Some(Secret::new("0123456789abcdef0123456789abcdef".into()));
    bounded(bytes.len(), || import_bytes(bytes, &options))
}

/// One of our own files, changed.
fn file(choice: u8, mut input: Input<'_>) -> Option<Imported> {
    let mut bytes = files()[usize::from(choice % 5)].clone();
    while !input.is_empty() {
        let place = usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % bytes.len();
        let length = input.byte().into();
        for (byte, new) in bytes[place..].iter_mut().zip(input.take(length)) {
            *byte = *new;
        }
    }
    let path = scratch("changed");
    fs::write(&path, &bytes).expect("the file can be written");
    let read = bounded(bytes.len(), || import_file(&path));
    assert_eq!(fs::read(&path).expect("the file is there"), bytes, "the file is left as it is");
    let _ = fs::remove_file(&path);
    read
}

fn bounded(length: usize, read: impl FnOnce() -> Result<Imported, ImportError>) -> Option<Imported> {
    let (read, peak) = peak_of(read);
    assert!(peak <= RATIO * length + SLACK, "{peak} bytes held for {length}");
    read.ok()
}

/// An imported session can be exported and stays the same, as far as the format can express it.
fn check(imported: &Imported) {
    let session = &imported.session;
    if imported.format != Format::Sansgram {
        assert!(session.home_dc.is_some_and(|dc| session.keys.contains_key(&dc)), "a home without a key");
        let logged_in = session.user.as_ref().is_none_or(|user| (1..1 << 52).contains(&user.id));
        assert!(logged_in && session.api_id.is_none_or(|id| id > 0));
    }
    assert_eq!(StoredSession::from_text(&session.to_text()).as_ref(), Ok(session));
    for format in STRINGS {
        // Not every session has all fields of a format.
        let Ok(text) = export_text(session, format, &Config::telegram().dcs) else { continue };
        let again = import_text(&text).expect("what we export can be imported");
        assert_eq!(again.format, format);
        let home = session.home_dc.expect("it was exported");
        assert_eq!(again.session.home_dc, Some(home));
        assert_eq!(again.session.keys[&home].auth_key, session.keys[&home].auth_key);
        if matches!(format, Format::Pyrogram | Format::Mtcute) {
            assert_eq!(again.session.user, session.user);
        }
    }
}

/// A file of each library, written by us.
fn files() -> &'static [Vec<u8>; 5] {
    static FILES_OF_OURS: OnceLock<[Vec<u8>; 5]> = OnceLock::new();
    FILES_OF_OURS.get_or_init(|| {
        let dc = DcId::new(4).expect("the number of a DC");
        let auth_key = AuthKey::new(std::array::from_fn(|at| at as u8));
        let session = StoredSession {
            home_dc: Some(dc),
            keys: [(dc, DcAuth { auth_key, server_salt: 0 })].into(),
            user: Some(LoggedInUser { id: 7_654_321_098, is_bot: true }),
            api_id: Some(12_345),
            ..StoredSession::default()
        };
        FILES.map(|format| {
            let path = scratch(format.name());
            let _ = fs::remove_file(&path);
            export_file(&session, format, &Config::telegram().dcs, &path).expect("it can be exported");
            let bytes = fs::read(&path).expect("the file is there");
            let _ = fs::remove_file(&path);
            bytes
        })
    })
}

/// The path of a file for this thread.
fn scratch(name: &str) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    std::env::temp_dir().join(format!("sansgram-fuzz-{}-{thread}-{name}", std::process::id()))
}
