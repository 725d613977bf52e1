//! Writing: the database is made in memory, with the tables that its library would make.

use std::net::SocketAddr;

use rusqlite::{Connection, params};
use sansgram_core::client::{DcTable, StoredSession};
use zeroize::Zeroizing;

use super::super::encoding::Bytes;
use super::super::error::ExportError;
use super::super::format::Format;
use super::super::raw_session::Exported;
use super::{GRAMMERS_BOT, GRAMMERS_SELF};

/// A file of Telethon 1, version 8.
const TELETHON: &str = "
    CREATE TABLE version (version INTEGER PRIMARY KEY);
    CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, auth_key BLOB,
        takeout_id INTEGER, tmp_auth_key BLOB);
    CREATE TABLE entities (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT, phone INTEGER, name TEXT,
        date INTEGER);
    CREATE TABLE sent_files (md5_digest BLOB, file_size INTEGER, type INTEGER, id INTEGER, hash INTEGER,
        PRIMARY KEY (md5_digest, file_size, type));
    CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);
    INSERT INTO version VALUES (8);
";

/// A file of Telethon 2, version 10. Its newest sources read a user name from the user's row but write none, so they
/// cannot read their own files; a generated column works for the older ones too, since it is read but never written.
const TELETHON2: &str = "
    CREATE TABLE version (version INTEGER PRIMARY KEY);
    CREATE TABLE datacenter (id INTEGER PRIMARY KEY, addr TEXT NOT NULL, auth BLOB);
    CREATE TABLE user (id INTEGER PRIMARY KEY, dc INTEGER NOT NULL, bot INTEGER NOT NULL,
        username TEXT GENERATED ALWAYS AS (NULL) VIRTUAL);
    CREATE TABLE state (pts INTEGER NOT NULL, qts INTEGER NOT NULL, date INTEGER NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE channelstate (id INTEGER PRIMARY KEY, pts INTEGER NOT NULL);
    INSERT INTO version VALUES (10);
";

/// The common part of the files of Pyrogram and Kurigram.
const PYROGRAM_COMMON: &str = "
    CREATE TABLE version (number INTEGER PRIMARY KEY);
    CREATE INDEX idx_peers_id ON peers (id);
    CREATE INDEX idx_peers_phone_number ON peers (phone_number);
    CREATE TRIGGER trg_peers_last_update_on AFTER UPDATE ON peers BEGIN
        UPDATE peers SET last_update_on = CAST(STRFTIME('%s', 'now') AS INTEGER) WHERE id = NEW.id;
    END;
";

/// A file of Pyrogram, version 3.
const PYROGRAM: &str = "
    CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, api_id INTEGER, test_mode INTEGER, auth_key BLOB,
        date INTEGER NOT NULL, user_id INTEGER, is_bot INTEGER);
    CREATE TABLE peers (id INTEGER PRIMARY KEY, access_hash INTEGER, type INTEGER NOT NULL, username TEXT,
        phone_number TEXT, last_update_on INTEGER NOT NULL DEFAULT (CAST(STRFTIME('%s', 'now') AS INTEGER)));
    CREATE INDEX idx_peers_username ON peers (username);
";

/// A file of Kurigram, version 7.
const KURIGRAM: &str = "
    CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, api_id INTEGER,
        test_mode INTEGER, auth_key BLOB, date INTEGER NOT NULL, user_id INTEGER, is_bot INTEGER);
    CREATE TABLE peers (id INTEGER PRIMARY KEY, access_hash INTEGER, type INTEGER NOT NULL, phone_number TEXT,
        last_update_on INTEGER NOT NULL DEFAULT (CAST(STRFTIME('%s', 'now') AS INTEGER)));
    CREATE TABLE usernames (id INTEGER, username TEXT, FOREIGN KEY (id) REFERENCES peers (id));
    CREATE INDEX idx_usernames_id ON usernames (id);
    CREATE INDEX idx_usernames_username ON usernames (username);
    CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);
";

/// A file of `grammers-session` 0.11, whose queries use the order of the columns.
const GRAMMERS: &str = "
    CREATE TABLE dc_home (dc_id INTEGER NOT NULL, PRIMARY KEY (dc_id));
    CREATE TABLE dc_option (dc_id INTEGER NOT NULL, ipv4 TEXT NOT NULL, ipv6 TEXT NOT NULL, auth_key BLOB,
        PRIMARY KEY (dc_id));
    CREATE TABLE peer_info (peer_id INTEGER NOT NULL, hash INTEGER, subtype INTEGER, PRIMARY KEY (peer_id));
    CREATE TABLE update_state (pts INTEGER NOT NULL, qts INTEGER NOT NULL, date INTEGER NOT NULL,
        seq INTEGER NOT NULL);
    CREATE TABLE channel_state (peer_id INTEGER NOT NULL, pts INTEGER NOT NULL, PRIMARY KEY (peer_id));
    PRAGMA user_version = 1;
";

/// Returns the content of a SQLite file with the session.
pub(in super::super) fn write(
    session: &StoredSession,
    format: Format,
    dcs: &DcTable,
) -> Result<Bytes, ExportError> {
    let exported = Exported::of(session)?;
    let mut database = Connection::open_in_memory()?;
    match format {
        Format::Telethon2Sqlite => telethon2(&database, session, dcs)?,
        Format::PyrogramSqlite => pyrogram(&database, &exported)?,
        Format::KurigramSqlite => kurigram(&database, &exported, dcs)?,
        Format::GrammersSqlite => grammers(&database, session, dcs)?,
        _ => telethon(&database, &exported, dcs)?,
    }
    Ok(Zeroizing::new(database.serialize("main")?.to_vec()))
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

fn telethon(database: &Connection, session: &Exported<'_>, dcs: &DcTable) -> Result<(), ExportError> {
    let address = session.address(dcs)?;
    database.execute_batch(TELETHON)?;
    let row = params![session.dc.number(), address.ip().to_string(), address.port(), session.key.as_slice()];
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, NULL, x'')", row)?;
    if let Some(user) = session.user {
        // Telethon stores its own user as the hash of entity 0.
        database.execute("INSERT INTO entities (id, hash, name) VALUES (0, ?, '')", [user.id])?;
    }
    Ok(())
}

fn telethon2(database: &Connection, session: &StoredSession, dcs: &DcTable) -> Result<(), ExportError> {
    let home = Exported::of(session)?;
    // The home DC must have an address; another DC without one gets no row.
    home.address(dcs)?;
    database.execute_batch(TELETHON2)?;
    for (dc, key) in &session.keys {
        if let Some(address) = dcs.endpoints(*dc).first() {
            let row = params![dc.number(), address.to_string(), key.auth_key.as_bytes().as_slice()];
            database.execute("INSERT INTO datacenter VALUES (?, ?, ?)", row)?;
        }
    }
    if let Some(user) = home.user {
        let row = params![user.id, home.dc.number(), user.is_bot];
        database.execute("INSERT INTO user VALUES (?, ?, ?)", row)?;
    }
    Ok(())
}

fn pyrogram(database: &Connection, session: &Exported<'_>) -> Result<(), ExportError> {
    let user = session.user.ok_or(ExportError::NoUser(Format::PyrogramSqlite))?;
    database.execute_batch(PYROGRAM)?;
    database.execute_batch(PYROGRAM_COMMON)?;
    database.execute("INSERT INTO version VALUES (3)", [])?;
    let (dc, key) = (session.dc.number(), session.key.as_slice());
    let row = params![dc, session.api_id, session.test_dcs, key, user.id, user.is_bot];
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, 0, ?, ?)", row)?;
    Ok(())
}

fn kurigram(database: &Connection, session: &Exported<'_>, dcs: &DcTable) -> Result<(), ExportError> {
    let user = session.user.ok_or(ExportError::NoUser(Format::KurigramSqlite))?;
    let address = session.address(dcs)?;
    database.execute_batch(KURIGRAM)?;
    database.execute_batch(PYROGRAM_COMMON)?;
    database.execute("INSERT INTO version VALUES (7)", [])?;
    let (dc, key) = (session.dc.number(), session.key.as_slice());
    let (ip, port) = (address.ip().to_string(), address.port());
    let row = params![dc, ip, port, session.api_id, session.test_dcs, key, user.id, user.is_bot];
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)", row)?;
    Ok(())
}

fn grammers(database: &Connection, session: &StoredSession, dcs: &DcTable) -> Result<(), ExportError> {
    let home = Exported::of(session)?;
    // grammers connects by IPv4 by default, and both columns must have an address.
    if !dcs.endpoints(home.dc).iter().any(SocketAddr::is_ipv4) {
        return Err(ExportError::UnknownAddress(home.dc));
    }
    database.execute_batch(GRAMMERS)?;
    database.execute("INSERT INTO dc_home VALUES (?)", [home.dc.number()])?;
    for dc in dcs.ids() {
        let find = |predicate: fn(&SocketAddr) -> bool| dcs.endpoints(dc).iter().copied().find(predicate);
        let Some(SocketAddr::V4(ipv4)) = find(SocketAddr::is_ipv4) else { continue };
        let mapped = SocketAddr::new(ipv4.ip().to_ipv6_mapped().into(), ipv4.port());
        let ipv6 = find(SocketAddr::is_ipv6).unwrap_or(mapped);
        let key = session.keys.get(&dc).map(|key| key.auth_key.as_bytes().as_slice());
        let row = params![dc.number(), ipv4.to_string(), ipv6.to_string(), key];
        database.execute("INSERT INTO dc_option VALUES (?, ?, ?, ?)", row)?;
    }
    if let Some(user) = home.user {
        let subtype = GRAMMERS_SELF | if user.is_bot { GRAMMERS_BOT } else { 0 };
        // The user's own access hash is not known; grammers accepts 0.
        database.execute("INSERT INTO peer_info VALUES (?, 0, ?)", params![user.id, subtype])?;
    }
    Ok(())
}
