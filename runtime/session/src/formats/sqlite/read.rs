//! Reading: the tables show which library wrote the file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use zeroize::Zeroizing;

use super::super::error::ImportError;
use super::super::format::Format;
use super::super::imported::Imported;
use super::super::raw_session::{HostPort, OtherDc, RawSession};
use super::{GRAMMERS_BOT, GRAMMERS_SELF, snapshot};
use crate::policy::{MAX_SQLITE_ROWS, MAX_SQLITE_VALUE_LEN};

const NO_SESSION: &str = "a SQLite database, but not one of a program whose sessions can be read";
const NO_ROWS: &str = "a SQLite database that contains no session: no user has logged in with it yet";
/// The columns that Telethon 1 and the Pyrogram family have in common.
const SESSION_COLUMNS: [&str; 9] =
    ["dc_id", "server_address", "port", "auth_key", "takeout_id", "api_id", "test_mode", "user_id", "is_bot"];
/// Reads a file. Nothing is written to it or beside it.
pub(in super::super) fn read(path: &Path) -> Result<Imported, ImportError> {
    sessions(&open(&snapshot::read(path)?)?)
}

/// Reads the content of a database without a journal or log.
pub(in super::super) fn read_bytes(bytes: &[u8]) -> Result<Imported, ImportError> {
    sessions(&open(&snapshot::without_journal(bytes)?)?)
}

fn sessions(database: &Connection) -> Result<Imported, ImportError> {
    if let Some(rows) = rows(database, "datacenter", &["id", "addr", "auth"])? {
        return telethon2(database, &rows);
    }
    if let Some(rows) = rows(database, "dc_option", &["dc_id", "ipv4", "ipv6", "auth_key"])? {
        return grammers(database, &rows);
    }
    let Some(rows) = rows(database, "sessions", &SESSION_COLUMNS)? else {
        return Err(ImportError::Unsupported(NO_SESSION));
    };
    let mut found = Vec::new();
    for row in &rows {
        if row.has("test_mode") {
            found.push(pyrogram(row)?);
        } else if row.has("takeout_id") || row.has("server_address") {
            found.push(telethon(row, database)?);
        }
    }
    if rows.is_empty() {
        return Err(ImportError::Unsupported(NO_ROWS));
    }
    // Both libraries write one row. The oldest versions of Telethon wrote one for each DC and used the first; a row
    // without a key is not a session.
    let at = found.iter().position(|found| found.key.iter().any(|byte| *byte != 0)).unwrap_or(0);
    if at >= found.len() {
        return Err(ImportError::Unsupported(NO_SESSION));
    }
    let first = found.swap_remove(at);
    first.into_imported()
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

fn open(image: &[u8]) -> Result<Connection, ImportError> {
    let mut database = Connection::open_in_memory()?;
    database.deserialize_read_exact("main", image, image.len(), true)?;
    // The file is not trusted: it must not execute code or exhaust the memory.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_SQLITE_VALUE_LEN)?;
    Ok(database)
}

/// The value of a column.
enum Value {
    Number(i64),
    Text(String),
    Blob(Zeroizing<Vec<u8>>),
}

/// The requested columns of a row, by name. NULL values are left out.
struct Row {
    columns: Vec<&'static str>,
    values: BTreeMap<&'static str, Value>,
}

impl Row {
    fn has(&self, column: &str) -> bool {
        self.columns.contains(&column)
    }

    fn number(&self, column: &str) -> Option<i64> {
        match self.values.get(column)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn text(&self, column: &str) -> Option<&str> {
        match self.values.get(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the address in the columns `server_address` and `port`.
    fn server(&self) -> HostPort {
        HostPort::numbered(self.text("server_address").unwrap_or_default(), self.number("port"))
    }

    /// Returns the key; all zeros if there is none.
    fn key(&self, column: &str, format: Format) -> Result<Zeroizing<[u8; 256]>, ImportError> {
        let damaged = ImportError::Damaged { format, reason: "its key does not have 256 bytes" };
        match self.values.get(column) {
            None => Ok(Zeroizing::new([0; 256])),
            Some(Value::Blob(blob)) if blob.is_empty() => Ok(Zeroizing::new([0; 256])),
            Some(Value::Blob(blob)) => blob.as_slice().try_into().map(Zeroizing::new).map_err(|_| damaged),
            Some(_) => Err(damaged),
        }
    }
}

/// Returns the first rows of a table, with the requested columns that it has. Returns `None` if there is no such table.
fn rows(
    database: &Connection,
    table: &str,
    columns: &[&'static str],
) -> Result<Option<Vec<Row>>, ImportError> {
    // The rows of a view may never end.
    let is_table: bool = database.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)",
        [table],
        |row| row.get(0),
    )?;
    if !is_table {
        return Ok(None);
    }
    let mut present = Vec::new();
    for column in columns {
        // `Statement::column_names` panics if a name is damaged.
        let select = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ? COLLATE NOCASE)";
        if database.query_row(select, [table, *column], |row| row.get(0))? {
            present.push(*column);
        }
    }
    if present.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut statement =
        database.prepare(&format!("SELECT {} FROM {table} LIMIT {MAX_SQLITE_ROWS}", present.join(", ")))?;
    let mut rows = Vec::new();
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let mut values = BTreeMap::new();
        for (index, column) in present.iter().enumerate() {
            let value = match row.get_ref(index)? {
                ValueRef::Integer(number) => Value::Number(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(blob) => Value::Blob(Zeroizing::new(blob.to_vec())),
                ValueRef::Null | ValueRef::Real(_) => continue,
            };
            values.insert(*column, value);
        }
        rows.push(Row { columns: present.clone(), values });
    }
    Ok(Some(rows))
}

fn telethon(row: &Row, database: &Connection) -> Result<RawSession, ImportError> {
    let format = Format::TelethonSqlite;
    let key = row.key("auth_key", format)?;
    let found = RawSession::new(format, row.number("dc_id").unwrap_or(0), key);
    let (user_id, is_bot) = telethon_user(database).unwrap_or((0, false));
    Ok(RawSession { server: row.server(), user_id, is_bot, ..found })
}

/// Returns the user. Telethon stores the user id as the access hash of the entity 0. It does not store whether the user
/// is a bot, but only people have a phone number, and the user names of bots end with `bot`.
fn telethon_user(database: &Connection) -> Option<(i64, bool)> {
    let id: i64 = database.query_row("SELECT hash FROM entities WHERE id = 0", [], |row| row.get(0)).ok()?;
    let (phone, name): (Option<i64>, Option<String>) = database
        .query_row("SELECT CAST(phone AS INTEGER), username FROM entities WHERE id = ?", [id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .ok()?;
    match (phone, name) {
        (Some(_), _) => Some((id, false)),
        (None, Some(name)) if name.to_ascii_lowercase().ends_with("bot") => Some((id, true)),
        _ => None,
    }
}

fn pyrogram(row: &Row) -> Result<RawSession, ImportError> {
    let is_kurigram = row.has("server_address");
    let format = if is_kurigram { Format::KurigramSqlite } else { Format::PyrogramSqlite };
    let key = row.key("auth_key", format)?;
    let found = RawSession::new(format, row.number("dc_id").unwrap_or(0), key);
    let api_id = row.number("api_id").unwrap_or(0);
    Ok(RawSession {
        server: row.server(),
        user_id: row.number("user_id").unwrap_or(0),
        is_bot: row.number("is_bot").unwrap_or(0) != 0,
        api_id: api_id.try_into().unwrap_or(u32::MAX),
        test_dcs: Some(row.number("test_mode").unwrap_or(0) != 0),
        ..found
    })
}

fn grammers(database: &Connection, dcs: &[Row]) -> Result<Imported, ImportError> {
    let format = Format::GrammersSqlite;
    let homes = rows(database, "dc_home", &["dc_id"])?.unwrap_or_default();
    // Without a row, grammers starts at DC 2.
    let home = homes.first().and_then(|row| row.number("dc_id")).unwrap_or(2);
    let mut found = Vec::new();
    for row in dcs {
        let Some(dc) = row.number("dc_id") else { continue };
        let server = row.text("ipv4").and_then(address).or_else(|| row.text("ipv6").and_then(address)).into();
        found.push(OtherDc { dc, server, key: row.key("auth_key", format)? });
    }
    let at = found.iter().position(|it| it.dc == home).ok_or(ImportError::NoKey(format))?;
    let OtherDc { server, key, .. } = found.swap_remove(at);
    let (user_id, is_bot) = grammers_user(database).unwrap_or((0, false));
    RawSession { server, user_id, is_bot, others: found, ..RawSession::new(format, home, key) }
        .into_imported()
}

/// Returns the logged-in user, which is one of the known peers.
fn grammers_user(database: &Connection) -> Option<(i64, bool)> {
    rows(database, "peer_info", &["peer_id", "subtype"]).ok()??;
    let select = "SELECT peer_id, subtype FROM peer_info WHERE subtype & ? LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (id, subtype): (i64, i64) = database.query_row(select, [GRAMMERS_SELF], row).ok()?;
    Some((id, subtype & GRAMMERS_BOT != 0))
}

fn telethon2(database: &Connection, dcs: &[Row]) -> Result<Imported, ImportError> {
    let format = Format::Telethon2Sqlite;
    let users = rows(database, "user", &["id", "dc", "bot"])?.unwrap_or_default();
    let user = users.first();
    let mut found = Vec::new();
    for row in dcs {
        let key = row.key("auth", format)?;
        if key.iter().any(|byte| *byte != 0) {
            let (dc, server) = (row.number("id").unwrap_or(0), row.text("addr").and_then(address).into());
            found.push(OtherDc { dc, server, key });
        }
    }
    // If no user is known, Telethon starts at DC 2.
    let home = user.and_then(|user| user.number("dc")).unwrap_or(2);
    let at = found.iter().position(|found| found.dc == home).unwrap_or(0);
    if found.is_empty() {
        return Err(ImportError::NoKey(format));
    }
    let OtherDc { dc, server, key } = found.swap_remove(at);
    RawSession {
        server,
        others: found,
        user_id: user.and_then(|user| user.number("id")).unwrap_or(0),
        is_bot: user.and_then(|user| user.number("bot")).unwrap_or(0) != 0,
        ..RawSession::new(format, dc, key)
    }
    .into_imported()
}

/// Parses `host:port`. Telethon 2 writes IPv6 addresses without brackets.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':')?;
    let host: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    Some(SocketAddr::new(host, port.parse().ok()?))
}
