//! The reasons why the server cannot be used, each with what to do.

use std::path::PathBuf;

use sansgram_session::StoreError;
use sansgram_session::text::printable;

use crate::shared::database::DatabaseError;
use crate::shared::error::last_cause;

/// Why a session in Redis cannot be loaded, saved or owned: [`StoreError::Other`] contains it. Nothing is overwritten.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The URL cannot be read.
    #[error(
        "the URL of the server cannot be read ({0}); write redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS"
    )]
    Url(String),
    /// The server does not answer.
    #[error(
        "the server {place} cannot be reached ({reason}); check that it runs, its host and port in the URL, and whether \
         it wants TLS (rediss://)"
    )]
    Unreachable {
        /// Host, port and number of the database.
        place: String,
        /// The reason.
        reason: String,
    },
    /// TLS failed.
    #[error(
        "no TLS connection to the server {place} is possible ({reason}); give the certificate that signed the server's \
         as a root certificate, or write redis:// in the URL if the network is trusted"
    )]
    Tls {
        /// Host, port and number of the database.
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
    /// The user or the password is wrong or missing, or the server has none.
    #[error("the server {place} refuses the user ({reason}); check the user and the password in the URL")]
    Login {
        /// Host, port and number of the database.
        place: String,
        /// The reason.
        reason: String,
    },
    /// The server has no password, and so takes connections of its own machine alone.
    #[error(
        "the server {0} takes connections of its own machine alone, since it has no password (protected-mode); set one \
         there (requirepass), and in the URL"
    )]
    Protected(String),
    /// The user may not run a command that is needed.
    #[error(
        "the user may not do what is needed in {place} ({reason}); allow it what \
         `sansgram_stores::redis::RIGHTS` says by ACL SETUSER"
    )]
    Rights {
        /// Host, port and number of the database.
        place: String,
        /// The server's message.
        reason: String,
    },
    /// There is no database of this number.
    #[error("the database {0} does not exist; name another number in the URL, or none")]
    NoDatabase(String),
    /// The server is a replica.
    #[error("the server {0} is a replica; connect to the primary server")]
    ReadOnly(String),
    /// The memory of the server is full.
    #[error("the memory of the server {0} is full; raise its maxmemory, or make room in it")]
    Full(String),
    /// The server cannot write to its disk, and refuses writes.
    #[error("the server {0} cannot write to its disk and refuses writes; make room there, and see its log")]
    NotStored(String),
    /// The server has too few replicas, and refuses writes.
    #[error(
        "the server {0} has fewer replicas than its min-replicas-to-write and refuses writes; start them, or connect to \
         the server that has replaced it"
    )]
    NoReplicas(String),
    /// The server removes sessions when its memory is full.
    #[error(
        "the server {place} removes sessions when its memory is full (maxmemory-policy {policy}); set it to noeviction, \
         or use another server"
    )]
    Evicts {
        /// Host, port and number of the database.
        place: String,
        /// The policy.
        policy: String,
    },
    /// The server is too old.
    #[error("the server {place} has version {found}, which cannot run the scripts; use 7.0 or later")]
    Version {
        /// Host, port and number of the database.
        place: String,
        /// The version of the server.
        found: String,
    },
    /// The server does not say its replication ID, so a restart would not be noticed.
    #[error(
        "the server {0} does not say its replication ID (INFO replication), so that a restart would not be noticed; use \
         Redis 7.0 or later"
    )]
    NoReplicationId(String),
    /// Keys of these names belong to another program.
    #[error(
        "a key that begins with {{sansgram}}: in {place} is not one of sansgram ({reason}); use another database"
    )]
    ForeignKeys {
        /// Host, port and number of the database.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The keys are those of a later version.
    #[error(
        "the keys in {place} have the layout {found}, and this version knows {known}; use a later version"
    )]
    Later {
        /// Host, port and number of the database.
        place: String,
        /// The layout of the keys.
        found: String,
        /// The layout of this version.
        known: u32,
    },
    /// The server is a node of a cluster, and another one has the sessions.
    #[error(
        "the sessions are in another node of the cluster than {place} ({reason}); name that one in the URL"
    )]
    Elsewhere {
        /// Host, port and number of the database.
        place: String,
        /// The slot and the node, as the server has said.
        reason: String,
    },
    /// Any other refusal of the server.
    #[error("the server {place} refuses a command ({reason})")]
    Refused {
        /// Host, port and number of the database.
        place: String,
        /// The server's message, and its code.
        reason: String,
    },
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        Self::Other(Box::new(error))
    }
}

impl RedisError {
    /// Sorts an error of the driver. `hide` removes secrets from a text of the server.
    pub(super) fn of(error: &::redis::RedisError, place: &str, hide: impl Fn(&str) -> String) -> Self {
        let place = String::from(place);
        let Some(code) = error.code() else {
            return Self::Unreachable { place, reason: hide(&last_cause(error)) };
        };
        // The server may be anyone's.
        let reason = printable(&hide(error.detail().unwrap_or_default()));
        // What a script may not do has a code of its own in later versions only.
        if reason.starts_with("The user executing the script can't") {
            return Self::Rights { place, reason };
        }
        match code {
            "NOAUTH" => Self::Login { place, reason: "it wants a password".into() },
            "WRONGPASS" => {
                Self::Login { place, reason: "a wrong name or password, or a user that is off".into() }
            }
            "NOPERM" => Self::Rights { place, reason },
            "READONLY" => Self::ReadOnly(place),
            "OOM" => Self::Full(place),
            "MISCONF" => Self::NotStored(place),
            "NOREPLICAS" => Self::NoReplicas(place),
            "WRONGTYPE" | "FOREIGN" => Self::ForeignKeys { place, reason },
            "MOVED" | "ASK" => Self::Elsewhere { place, reason },
            "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" => Self::Unreachable { place, reason },
            "ERR" if reason.contains("max number of clients") => Self::Unreachable { place, reason },
            "DENIED" => Self::Protected(place),
            code if reason.is_empty() => Self::Refused { place, reason: printable(&hide(code)) },
            code => Self::Refused { place, reason: format!("{reason}, {}", printable(&hide(code))) },
        }
    }

    /// Returns the error of a login. The server's words may have what it was sent, or a part of it, so they are left out.
    pub(super) fn of_login(self) -> Self {
        match self {
            Self::Refused { place, reason } if reason.contains("without any password configured") => {
                Self::Login { place, reason: "it has no password for the default user".into() }
            }
            Self::Refused { place, .. } => Self::Login { place, reason: "it takes no password".into() },
            error => error,
        }
    }

    /// Returns the error of the choice of a database.
    pub(super) fn of_select(self) -> Self {
        match self {
            Self::Refused { place, .. } => Self::NoDatabase(place),
            error => error,
        }
    }
}

impl DatabaseError for RedisError {
    fn ends_connection(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Tls { .. } | Self::ReadOnly(_) | Self::NoReplicas(_))
    }
}
