//! Files with the tables of each library, as old and new versions have them. What the libraries themselves make of
//! them is checked in `tests/interop/sessions.sh`.

use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use sansgram_core::client::{Config, DcId, DcKey, SessionData, SignedInUser};
use sansgram_core::crypto::AuthKey;

use super::super::tests::key;
use super::super::*;
use crate::scratch::Directory;

const FILES: [Format; 4] =
    [Format::TelethonSqlite, Format::Telethon2Sqlite, Format::PyrogramSqlite, Format::KurigramSqlite];

impl Directory {
    /// A database of these statements; `?1` is the key.
    fn database(&self, name: &str, statements: &[&str]) -> PathBuf {
        let path = self.0.join(name);
        let database = Connection::open(&path).unwrap();
        for statement in statements {
            let bytes = *key().as_bytes();
            if statement.contains("?1") {
                database.execute(statement, params![bytes.as_slice()]).unwrap();
            } else {
                database.execute_batch(statement).unwrap();
            }
        }
        path
    }
}

fn dc(number: i64) -> DcId {
    DcId::new(number).unwrap()
}

fn session() -> SessionData {
    SessionData {
        home_dc: Some(dc(4)),
        keys: BTreeMap::from([(dc(4), DcKey { auth_key: key(), server_salt: 0 })]),
        user: Some(SignedInUser { id: 7_654_321_098, is_bot: true }),
        api_id: Some(12_345),
        ..SessionData::default()
    }
}

#[test]
fn what_is_written_is_read_again() {
    let directory = Directory::new("sqlite-round-trip");
    for format in FILES {
        let path = directory.0.join(format.name());
        export_file(&session(), format, &Config::telegram().dcs, &path).unwrap();
        let read = import_file(&path).unwrap();
        assert_eq!(read.format, format);
        let mut expected = session();
        match format {
            // It keeps the user, but not whether it is a bot.
            Format::TelethonSqlite => (expected.user, expected.api_id) = (None, None),
            Format::Telethon2Sqlite => expected.api_id = None,
            _ => {}
        }
        assert_eq!(read.session, expected, "{format}");
        let address = Config::telegram().dcs.endpoints(dc(4))[0];
        let known = if format == Format::PyrogramSqlite { None } else { Some(&address) };
        assert_eq!(read.endpoints.get(&dc(4)), known, "{format}");
    }
    assert_eq!(directory.files().len(), FILES.len(), "nothing is left beside them");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_them_and_nothing_is_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("sqlite-mode");
    for format in [Format::Telethon, Format::TelethonSqlite] {
        let path = directory.0.join(format.name());
        export_file(&session(), format, &Config::telegram().dcs, &path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let before = fs::read(&path).unwrap();
        let error = export_file(&session(), format, &Config::telegram().dcs, &path).unwrap_err();
        assert!(matches!(error, ExportError::Exists(_)), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn columns_are_found_by_name_in_every_version() {
    let directory = Directory::new("sqlite-versions");
    let oldest_telethon = directory.database(
        "telethon-4",
        &[
            "CREATE TABLE sessions (dc_id integer primary key, server_address text, port integer, auth_key blob)",
            "INSERT INTO sessions VALUES (4, '149.154.167.91', 443, ?1)",
        ],
    );
    let first_pyrogram = directory.database(
        "pyrogram-1",
        &[
            "CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, test_mode INTEGER, auth_key BLOB, date INTEGER NOT NULL,
                user_id INTEGER, is_bot INTEGER)",
            "INSERT INTO sessions VALUES (4, 0, ?1, 0, 7654321098, 1)",
        ],
    );
    // Those that an upgrade adds stand at the end.
    let upgraded_kurigram = directory.database(
        "kurigram-7",
        &[
            "CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, test_mode INTEGER, auth_key BLOB, date INTEGER NOT NULL,
                user_id INTEGER, is_bot INTEGER, api_id INTEGER, server_address TEXT, port INTEGER)",
            "INSERT INTO sessions VALUES (4, 0, ?1, 0, 7654321098, 1, 12345, '149.154.167.91', 443)",
        ],
    );
    let named_telethon2 = directory.database(
        "telethon2-10",
        &[
            "CREATE TABLE datacenter (id integer primary key, addr text not null, auth blob)",
            "CREATE TABLE user (id integer primary key, dc integer not null, bot integer not null, username text)",
            "INSERT INTO datacenter VALUES (2, '149.154.167.51:443', NULL)",
            "INSERT INTO datacenter VALUES (1, '2001:b28:f23d:f001::a:443', ?1)",
            "INSERT INTO datacenter VALUES (4, '149.154.167.91:443', ?1)",
            "INSERT INTO user VALUES (7654321098, 4, 1, 'somebot')",
        ],
    );

    let read = import_file(&oldest_telethon).unwrap();
    assert_eq!(read.session, SessionData { user: None, api_id: None, ..session() });
    let read = import_file(&first_pyrogram).unwrap();
    assert_eq!(
        (read.format, read.session),
        (Format::PyrogramSqlite, SessionData { api_id: None, ..session() })
    );
    let read = import_file(&upgraded_kurigram).unwrap();
    assert_eq!((read.format, read.session), (Format::KurigramSqlite, session()));
    let read = import_file(&named_telethon2).unwrap();
    assert_eq!(read.session.home_dc, Some(dc(4)));
    assert_eq!(read.session.user, session().user);
    assert_eq!(read.session.keys.keys().copied().collect::<Vec<_>>(), [dc(1), dc(4)]);
    assert_eq!(read.endpoints[&dc(1)].to_string(), "[2001:b28:f23d:f001::a]:443");
}

#[test]
fn telethons_user_is_known_where_its_kind_is() {
    let directory = Directory::new("sqlite-user");
    let cases = [
        ("15551234567", "'ada'", Some(false)),
        ("NULL", "'SomeBot'", Some(true)),
        ("NULL", "'ada'", None),
        ("NULL", "NULL", None),
    ];
    for (index, (phone, name, is_bot)) in cases.into_iter().enumerate() {
        let file = directory.database(
            &index.to_string(),
            &[
                "CREATE TABLE sessions (dc_id integer, server_address text, port integer, auth_key blob,
                    takeout_id integer, tmp_auth_key blob)",
                "CREATE TABLE entities (id integer primary key, hash integer, username text, phone integer)",
                "INSERT INTO sessions VALUES (2, '149.154.167.40', 80, ?1, NULL, NULL)",
                "INSERT INTO entities VALUES (0, 42, NULL, NULL)",
                &format!("INSERT INTO entities VALUES (42, -7, {name}, {phone})"),
            ],
        );
        let read = import_file(&file).unwrap();
        assert_eq!(read.session.user, is_bot.map(|is_bot| SignedInUser { id: 42, is_bot }));
        assert!(read.session.test_dcs, "the address is a test DC's");
    }
}

#[test]
fn a_write_ahead_log_is_read_and_none_is_made() {
    let directory = Directory::new("sqlite-wal");
    let path = directory.0.join("me.session");
    export_file(&session(), Format::PyrogramSqlite, &DcTable::new(), &path).unwrap();
    let database = Connection::open(&path).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.execute("UPDATE sessions SET user_id = 17", []).unwrap();
    assert_eq!(directory.files(), ["me.session", "me.session-shm", "me.session-wal"]);
    assert_eq!(import_file(&path).unwrap().session.user.unwrap().id, 17);
    database.close().unwrap();

    assert_eq!(directory.files(), ["me.session"]);
    let before = fs::read(&path).unwrap();
    assert_eq!(import_file(&path).unwrap().session.user.unwrap().id, 17);
    assert_eq!(directory.files(), ["me.session"]);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn files_without_a_session_are_named() {
    let directory = Directory::new("sqlite-without");
    let other = directory.database("other", &["CREATE TABLE notes (text TEXT)"]);
    assert!(matches!(import_file(&other), Err(ImportError::Unrecognised)));
    let endless = directory.database(
        "endless",
        &["CREATE VIEW sessions AS WITH RECURSIVE n(test_mode) AS (SELECT 1 UNION ALL SELECT test_mode FROM n)
            SELECT * FROM n ORDER BY 1"],
    );
    assert!(matches!(import_file(&endless), Err(ImportError::Unrecognised)));
    let create = "CREATE TABLE sessions (dc_id INTEGER, test_mode INTEGER, auth_key)";
    for (name, row) in [("null", "NULL"), ("empty", "x''")] {
        let row = format!("INSERT INTO sessions VALUES (2, 0, {row})");
        let file = directory.database(name, &[create, &row]);
        assert!(matches!(import_file(&file), Err(ImportError::NoKey(Format::PyrogramSqlite))));
    }
    for (name, row) in [("short", "zeroblob(255)"), ("text", "'key'"), ("huge", "zeroblob(2000000)")] {
        let row = format!("INSERT INTO sessions VALUES (2, 0, {row})");
        let file = directory.database(name, &[create, &row]);
        let error = import_file(&file).unwrap_err();
        assert!(matches!(error, ImportError::Damaged { .. } | ImportError::Sqlite(_)), "{error}");
    }
    let missing = directory.0.join("missing");
    assert!(matches!(import_file(&missing), Err(ImportError::Io { .. })));
}

/// What SQLite cannot notice, it does not: but no damage panics, and no cut goes unnoticed.
#[test]
fn damaged_files_are_refused_without_a_panic() {
    let directory = Directory::new("sqlite-damaged");
    let path = directory.0.join("me.session");
    for format in FILES {
        let _ = fs::remove_file(&path);
        export_file(&session(), format, &Config::telegram().dcs, &path).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(331) {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(import_file(&path).is_err(), "{format} cut to {length}");
        }
        for at in (16..whole.len()).step_by(157) {
            let mut changed = whole.clone();
            changed[at] ^= 0xa5;
            fs::write(&path, &changed).unwrap();
            let _ = import_file(&path);
        }
    }
}

#[test]
fn a_key_of_another_dc_travels_where_it_can() {
    let directory = Directory::new("sqlite-many");
    let mut session = session();
    session.keys.insert(dc(2), DcKey { auth_key: AuthKey::new([7; 256]), server_salt: 5 });
    let path = directory.0.join("two");
    export_file(&session, Format::Telethon2Sqlite, &Config::telegram().dcs, &path).unwrap();
    let read = import_file(&path).unwrap().session;
    assert_eq!(read.home_dc, Some(dc(4)));
    assert_eq!(read.keys[&dc(2)].auth_key, AuthKey::new([7; 256]));
}

fn vector(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/sessions")).join(name)
}

/// What a session's file and those beside it contain.
fn contents(directory: &Directory) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(directory.0.join(&name)).unwrap();
        (name, bytes)
    };
    directory.files().into_iter().map(read).collect()
}

/// A session of Telethon whose program was killed in the midst of a commit.
#[test]
fn d3_a_hot_journal_is_rolled_back_in_memory() {
    let directory = Directory::new("d3-sqlite-hot");
    for name in ["hot.session", "hot.session-journal"] {
        fs::copy(vector("hot-journal").join(name), directory.0.join(name)).unwrap();
    }
    let before = contents(&directory);
    let imported = import_file(&directory.0.join("hot.session")).unwrap();
    assert_eq!(contents(&directory), before, "the original is untouched, and nothing lies beside it");

    // SQLite itself recovers a copy: the first look at it rolls back.
    let theirs = Directory::new("d3-sqlite-hot-theirs");
    for (name, bytes) in &before {
        fs::write(theirs.0.join(name), bytes).unwrap();
    }
    let mut database = Connection::open(theirs.0.join("hot.session")).unwrap();
    let select = "SELECT dc_id, auth_key FROM sessions";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let (number, key) = database.query_row(select, [], row).unwrap();
    assert_eq!(imported.format, Format::TelethonSqlite);
    assert_eq!(imported.session.home_dc, Some(dc(number)));
    assert_eq!(imported.session.keys[&dc(number)].auth_key.as_bytes().as_slice(), key);
    let recovered = database.serialize("main").unwrap().to_vec();
    let ours = super::snapshot::read(&directory.0.join("hot.session")).unwrap();
    assert!(*ours == recovered, "all pages are those that SQLite has");
}
