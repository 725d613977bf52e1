//! The reasons why the database cannot be used, each with what to do.

use std::path::PathBuf;

use sansgram_session::StoreError;
use sansgram_session::text::printable;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::FromSql;

use crate::shared::database::DatabaseError;
use crate::shared::error::last_cause;

/// Why a session in PostgreSQL cannot be loaded, saved or owned: [`StoreError::Other`] contains it. Nothing is
/// overwritten.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The URL cannot be read.
    #[error("the URL of the database cannot be read ({0}); write postgres://USER:PASSWORD@HOST/DATABASE")]
    Url(String),
    /// The database does not answer.
    #[error(
        "the database {place} cannot be reached ({reason}); check that it runs, and its host and port in the URL"
    )]
    Unreachable {
        /// Host, port and name of the database.
        place: String,
        /// The reason.
        reason: String,
    },
    /// TLS failed.
    #[error(
        "no TLS connection to the database {place} is possible ({reason}); give the certificate that signed the \
         database's as a root certificate, or say sslmode=disable in the URL if the network is trusted"
    )]
    Tls {
        /// Host, port and name of the database.
        place: String,
        /// The reason.
        reason: String,
    },
    /// The certificates of the options cannot be read.
    #[error("the certificates in {} cannot be read ({reason}); give a file in PEM", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The user or the password is wrong.
    #[error("the database {place} refuses the user ({reason}); check the user and the password in the URL")]
    Login {
        /// Host, port and name of the database.
        place: String,
        /// The server's message.
        reason: String,
    },
    /// There is no such database.
    #[error("the database {0} does not exist; create it (CREATE DATABASE), or name another one in the URL")]
    NoDatabase(String),
    /// The tables are missing or belong to another user.
    #[error(
        "the tables of the sessions cannot be used or created in {place} ({reason}); let the owner of the database \
         run `sansgram_stores::postgres::SCHEMA` and grant SELECT, INSERT and UPDATE on them to this user"
    )]
    Tables {
        /// Host, port and name of the database.
        place: String,
        /// The server's message.
        reason: String,
    },
    /// Tables of these names have other columns.
    #[error(
        "the tables of the sessions in {place} are not those of sansgram ({reason}); use another database"
    )]
    ForeignTables {
        /// Host, port and name of the database.
        place: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The tables are those of a later version.
    #[error(
        "the tables in {place} have the layout {found}, and this version knows {known}; use a later version"
    )]
    Later {
        /// Host, port and name of the database.
        place: String,
        /// The layout of the tables.
        found: i32,
        /// The layout of this version.
        known: i32,
    },
    /// The server is a replica, or the database is read-only.
    #[error("the database {0} is read-only; connect to the primary server, not to a replica")]
    ReadOnly(String),
    /// The disk of the server is full.
    #[error("the disk of the database {0} is full; make room on it")]
    Full(String),
    /// Any other refusal of the server.
    #[error("the database {place} refuses a statement ({reason}); see the log of its server")]
    Refused {
        /// Host, port and name of the database.
        place: String,
        /// The server's message, and its code.
        reason: String,
    },
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        Self::Other(Box::new(error))
    }
}

impl PostgresError {
    /// Sorts an error of the driver.
    pub(super) fn of(error: &tokio_postgres::Error, place: &str) -> Self {
        let place = String::from(place);
        let Some(refusal) = error.as_db_error() else {
            let reason = last_cause(error);
            let text = error.to_string();
            return if text.contains("TLS") || text.contains("tls") {
                Self::Tls { place, reason }
            } else {
                Self::Unreachable { place, reason }
            };
        };
        // The server may be anyone's.
        let reason = printable(refusal.message());
        let code = refusal.code();
        if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) {
            Self::Login { place, reason }
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            Self::NoDatabase(place)
        } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            Self::ReadOnly(place)
        } else if *code == SqlState::DISK_FULL {
            Self::Full(place)
        } else if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME]
            .contains(code)
        {
            Self::Tables { place, reason }
        } else if *code == SqlState::UNDEFINED_COLUMN {
            Self::ForeignTables { place, reason }
        } else if [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
        ]
        .contains(code)
        {
            Self::Unreachable { place, reason }
        } else {
            Self::Refused { place, reason: format!("{reason}, {}", printable(code.code())) }
        }
    }
}

impl DatabaseError for PostgresError {
    fn ends_connection(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Tls { .. } | Self::ReadOnly(_))
    }
}

/// Returns a column of a row, which has another type if the table is not ours.
pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    place: &str,
) -> Result<T, PostgresError> {
    row.try_get(index).map_err(|error| {
        let name = row.columns().get(index).map(|column| printable(column.name())).unwrap_or_default();
        let reason = format!("the column {name}: {}", last_cause(&error));
        PostgresError::ForeignTables { place: place.into(), reason }
    })
}
