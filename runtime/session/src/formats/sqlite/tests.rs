//! Files with the tables of old and new versions of each library. `tests/interop/sessions.sh` checks that the libraries
//! themselves open what is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use sansgram_core::AuthKey;
use sansgram_core::client::{Config, DcAuth, DcId, DcTable, LoggedInUser, Servers, StoredSession};

use super::super::tests::key;
use super::super::*;
use crate::scratch::Directory;

const FILES: [Format; 4] =
    [Format::TelethonSqlite, Format::Telethon2Sqlite, Format::PyrogramSqlite, Format::KurigramSqlite];

impl Directory {
    /// Creates a database by these statements; `?1` is the key.
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

fn session() -> StoredSession {
    StoredSession {
        home_dc: Some(dc(4)),
        keys: BTreeMap::from([(dc(4), DcAuth { auth_key: key(), server_salt: 0 })]),
        user: Some(LoggedInUser { id: 7_654_321_098, is_bot: true }),
        api_id: Some(12_345),
        ..StoredSession::default()
    }
}

fn of_telegram() -> StoredSession {
    StoredSession { servers: Servers::Telegram, ..session() }
}

#[test]
fn written_sessions_are_read_again() {
    let directory = Directory::new("sqlite-round-trip");
    for format in FILES {
        let path = directory.0.join(format.name());
        export_file(&session(), format, &Config::telegram().dcs, &path).unwrap();
        let read = import_file(&path).unwrap();
        assert_eq!(read.format, format);
        let mut expected = session();
        // One of the formats does not store the address of the server.
        expected.servers =
            if format == Format::PyrogramSqlite { Servers::Unknown } else { Servers::Telegram };
        match format {
            // The format stores the user, but not whether it is a bot.
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
    // An upgrade adds columns at the end.
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
    assert_eq!(read.session, StoredSession { user: None, api_id: None, ..of_telegram() });
    let read = import_file(&first_pyrogram).unwrap();
    assert_eq!(
        (read.format, read.session),
        (Format::PyrogramSqlite, StoredSession { api_id: None, ..session() })
    );
    let read = import_file(&upgraded_kurigram).unwrap();
    assert_eq!((read.format, read.session), (Format::KurigramSqlite, of_telegram()));
    let read = import_file(&named_telethon2).unwrap();
    assert_eq!(read.session.home_dc, Some(dc(4)));
    assert_eq!(read.session.user, session().user);
    assert_eq!(read.session.keys.keys().copied().collect::<Vec<_>>(), [dc(1), dc(4)]);
    assert_eq!(read.endpoints[&dc(1)].to_string(), "[2001:b28:f23d:f001::a]:443");
}

#[test]
fn telethons_user_is_read_only_if_it_is_known_to_be_a_bot_or_not() {
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
        assert_eq!(read.session.user, is_bot.map(|is_bot| LoggedInUser { id: 42, is_bot }));
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
    assert!(matches!(import_file(&other), Err(ImportError::Unsupported(_))));
    let endless = directory.database(
        "endless",
        &["CREATE VIEW sessions AS WITH RECURSIVE n(test_mode) AS (SELECT 1 UNION ALL SELECT test_mode FROM n)
            SELECT * FROM n ORDER BY 1"],
    );
    assert!(matches!(import_file(&endless), Err(ImportError::Unsupported(_))));
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

/// No damage panics, and every truncation is refused. SQLite does not notice every changed byte.
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
fn keys_of_other_dcs_are_exported_if_the_format_holds_them() {
    let directory = Directory::new("sqlite-many");
    let mut session = session();
    session.keys.insert(dc(2), DcAuth { auth_key: AuthKey::new([7; 256]), server_salt: 5 });
    let path = directory.0.join("two");
    export_file(&session, Format::Telethon2Sqlite, &Config::telegram().dcs, &path).unwrap();
    let read = import_file(&path).unwrap().session;
    assert_eq!(read.home_dc, Some(dc(4)));
    assert_eq!(read.keys[&dc(2)].auth_key, AuthKey::new([7; 256]));
}

fn vector(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sessions")).join(name)
}

/// Returns the content of a session's file and of the journals beside it.
fn contents(directory: &Directory) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(directory.0.join(&name)).unwrap();
        (name, bytes)
    };
    directory.files().into_iter().map(read).collect()
}

/// Copies a session of Telethon whose program was killed during a commit.
#[test]
fn a_hot_journal_is_rolled_back_in_memory() {
    let directory = Directory::new("d3-sqlite-hot");
    for name in ["hot.session", "hot.session-journal"] {
        fs::copy(vector("hot-journal").join(name), directory.0.join(name)).unwrap();
    }
    let before = contents(&directory);
    let imported = import_file(&directory.0.join("hot.session")).unwrap();
    assert_eq!(contents(&directory), before, "the original is untouched, and nothing lies beside it");

    // SQLite itself recovers a copy: the first read rolls it back.
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

/// Creates a database with a write-ahead log, as a killed program leaves it: the user, 17, is only in the log.
fn with_log(directory: &Directory) -> PathBuf {
    let theirs = directory.0.join("theirs");
    export_file(&session(), Format::PyrogramSqlite, &DcTable::new(), &theirs).unwrap();
    let database = Connection::open(&theirs).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    database.execute("UPDATE sessions SET user_id = 16", []).unwrap();
    database.execute("UPDATE sessions SET user_id = 17", []).unwrap();
    let path = directory.0.join("me.session");
    fs::copy(&theirs, &path).unwrap();
    fs::copy(directory.0.join("theirs-wal"), directory.0.join("me.session-wal")).unwrap();
    drop(database);
    let _ = fs::remove_file(theirs);
    path
}

#[test]
fn a_write_ahead_log_is_replayed_and_nothing_written() {
    let directory = Directory::new("f8-sqlite-log");
    let path = with_log(&directory);
    let before = contents(&directory);
    assert_eq!(directory.files(), ["me.session", "me.session-wal"]);
    let user = || import_file(&path).unwrap().session.user.unwrap().id;
    assert_eq!(user(), 17);
    assert_eq!(contents(&directory), before, "nothing is written, neither -shm nor -wal");

    // Neither the database nor its directory is writable.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o500)).unwrap();
        assert_eq!(user(), 17);
        fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o700)).unwrap();
        // SQLite's journals are beside the database, not beside a link to it.
        let elsewhere = Directory::new("f8-sqlite-link");
        let link = elsewhere.0.join("link.session");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(import_file(&link).unwrap().session.user.unwrap().id, 17);
        assert_eq!(elsewhere.files(), ["link.session"]);
    }

    // The log is torn in its last transaction, then in the one before; then it is missing.
    let log = directory.0.join("me.session-wal");
    let whole = fs::read(&log).unwrap();
    let mut seen = Vec::new();
    for length in (0..=whole.len()).rev().step_by(97) {
        fs::write(&log, &whole[..length]).unwrap();
        seen.push(user());
    }
    seen.dedup();
    assert_eq!(seen, [17, 16, 7_654_321_098]);
    let mut damaged = whole.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(&log, damaged).unwrap();
    assert_eq!(user(), 16, "a frame that was not written to its end is left out");
    fs::remove_file(&log).unwrap();
    assert_eq!(user(), 7_654_321_098);
    assert_eq!(directory.files(), ["me.session"]);
}

#[test]
fn a_database_that_a_program_has_locked_is_read() {
    let directory = Directory::new("f8-sqlite-locked");
    let path = directory.0.join("me.session");
    export_file(&session(), Format::PyrogramSqlite, &DcTable::new(), &path).unwrap();
    let database = Connection::open(&path).unwrap();
    // The cache is so small that pages are written before the commit.
    database
        .execute_batch("PRAGMA cache_size = 1; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    database.execute("UPDATE sessions SET user_id = 17", []).unwrap();
    database
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO peers SELECT i, i, 'user', 'a name of some length', 'a phone number', 0 FROM n",
        )
        .unwrap();
    let journal = fs::metadata(directory.0.join("me.session-journal")).unwrap().len();
    assert!(journal > 512, "pages are being written");
    let before = contents(&directory);
    assert_eq!(
        import_file(&path).unwrap().session.user,
        session().user,
        "what is not committed is not there"
    );
    assert_eq!(contents(&directory), before);
    database.execute_batch("COMMIT").unwrap();
    assert_eq!(import_file(&path).unwrap().session.user.unwrap().id, 17);
}

/// For any journal that a crash leaves, the result equals that of SQLite.
#[test]
fn torn_journals_are_rolled_back_as_sqlite_does() {
    let directory = Directory::new("d3-sqlite-torn");
    let path = directory.0.join("hot.session");
    let journal = directory.0.join("hot.session-journal");
    let database = fs::read(vector("hot-journal/hot.session")).unwrap();
    let whole = fs::read(vector("hot-journal/hot.session-journal")).unwrap();
    let mut changed = whole.clone();
    changed[5000] ^= 1;
    let unsynced = [&whole[..8], &[0xff; 4], &whole[12..]].concat();
    let none = [&whole[..8], &[0; 4], &whole[12..]].concat();
    let mut journals = vec![changed, unsynced, none, vec![0; 512], whole.clone()];
    journals
        .extend([0, 20, 511, 512, 516, 4616, 4624, 9000, whole.len() - 1].map(|len| whole[..len].to_vec()));
    for (index, content) in journals.into_iter().enumerate() {
        fs::write(&path, &database).unwrap();
        fs::write(&journal, &content).unwrap();
        let ours = super::snapshot::read(&path).map(|image| image.to_vec());
        let mut theirs = Connection::open(&path).unwrap();
        let read: rusqlite::Result<i64> =
            theirs.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0));
        match ours {
            Ok(ours) => {
                assert!(read.is_ok(), "journal {index}: {read:?}");
                // SQLite omits the pages after the end that the header names.
                let theirs = theirs.serialize("main").unwrap().to_vec();
                assert!(ours.starts_with(&theirs), "journal {index}");
            }
            Err(error) => panic!("journal {index}: {error}, and SQLite has {read:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn journals_must_be_regular_files_and_not_too_large() {
    let directory = Directory::new("f8-sqlite-beside");
    let path = directory.0.join("me.session");
    export_file(&session(), Format::PyrogramSqlite, &DcTable::new(), &path).unwrap();
    for suffix in ["-wal", "-journal"] {
        let beside = directory.0.join(format!("me.session{suffix}"));
        assert!(std::process::Command::new("mkfifo").arg(&beside).status().unwrap().success());
        let error = import_file(&path).unwrap_err();
        assert!(error.to_string().contains("it is a pipe or a device"), "{error}");
        fs::remove_file(&beside).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &beside).unwrap();
        let error = import_file(&path).unwrap_err();
        assert!(error.to_string().contains("it is a symbolic link"), "{error}");
        fs::remove_file(&beside).unwrap();
    }
    // A sparse file, which takes almost no room on the disk.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len((256 << 20) + 1).unwrap();
    let error = import_file(&path).unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 256 MiB"), "{error}");
}

#[test]
fn a_database_without_a_session_is_named() {
    let directory = Directory::new("sqlite-none");
    let telethon =
        "CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, auth_key BLOB)";
    let said = |name: &str, statements: &[&str]| {
        import_file(&directory.database(name, statements)).unwrap_err().to_string()
    };
    assert_eq!(
        said("empty", &[telethon]),
        "this is a SQLite database that contains no session: no user has logged in with it yet"
    );
    for other in ["CREATE TABLE cookies (name TEXT)", "CREATE TABLE a (b); DROP TABLE a"] {
        assert_eq!(
            said(&format!("other-{}", other.len()), &[other]),
            "this is a SQLite database, but not one of a program whose sessions can be read"
        );
    }
    // A DC without a login, and the one with the login.
    let rows = [
        telethon,
        "INSERT INTO sessions VALUES (1, '149.154.175.50', 443, zeroblob(256)), (3, '149.154.175.100', 443, NULL)",
        "INSERT INTO sessions VALUES (4, '149.154.167.91', 443, ?1)",
    ];
    let imported = import_file(&directory.database("rows", &rows)).unwrap();
    assert_eq!((imported.session.home_dc, imported.session.servers), (Some(dc(4)), Servers::Telegram));
}
