//! The statements.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connection::PostgresServer;
use super::error::{PostgresError, column};
use crate::shared::StoreOptions;
use crate::shared::database::{Database, Listed, Ownership, Taking};
use crate::shared::link::Link;

const ACQUIRE: &str = "\
INSERT INTO sansgram_sessions AS it (name, owner, fence, expires_at, version)
VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3), 0)
ON CONFLICT (name) DO UPDATE
SET owner = $2, fence = CASE WHEN it.owner = $2 THEN it.fence ELSE it.fence + 1 END,
    expires_at = clock_timestamp() + make_interval(secs => $3)
WHERE it.owner IS NULL OR it.owner = $2 OR it.expires_at <= clock_timestamp()
RETURNING fence, version, data";
const OWNER: &str = "\
SELECT owner, extract(epoch FROM expires_at - clock_timestamp())::float8
FROM sansgram_sessions WHERE name = $1 AND owner IS NOT NULL";
const GIVE_UP: &str = "\
UPDATE sansgram_sessions SET owner = NULL, expires_at = NULL WHERE name = $1 AND owner = $2";
const RENEW: &str = "\
UPDATE sansgram_sessions AS it SET expires_at = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (name, owner, fence)
WHERE it.name = mine.name AND it.owner = mine.owner AND it.fence = mine.fence
RETURNING it.owner";
const SAVE: &str = "\
UPDATE sansgram_sessions SET version = $4, data = $5
WHERE name = $1 AND owner = $2 AND fence = $3 AND version <= $4 RETURNING name";
const RELEASE: &str = "\
UPDATE sansgram_sessions AS it SET owner = NULL, expires_at = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (name, owner, fence)
WHERE it.name = mine.name AND it.owner = mine.owner AND it.fence = mine.fence";
const LIST: &str = "\
SELECT name, owner, fence, version, extract(epoch FROM expires_at - clock_timestamp())::float8
FROM sansgram_sessions ORDER BY name";
const EXPORT: &str = "SELECT version, data FROM sansgram_sessions WHERE name = $1 AND data IS NOT NULL";

type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// PostgreSQL.
pub struct Postgres {
    link: Link<PostgresServer>,
}

impl Postgres {
    pub(super) fn new(
        url: &str,
        options: &StoreOptions,
        renewal_period: Duration,
    ) -> Result<Self, PostgresError> {
        let server = PostgresServer::new(url, options, renewal_period)?;
        Ok(Self { link: Link::new(server, renewal_period) })
    }

    async fn query(&self, statement: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, PostgresError> {
        self.link
            .run(|connection| async move {
                let rows = connection.client.query_typed(statement, parameters).await;
                rows.map_err(|error| PostgresError::of(&error, self.place()))
            })
            .await
    }

    /// Returns a column, which counts from 0.
    fn get<'a, T: tokio_postgres::types::FromSql<'a>>(
        &self,
        row: &'a Row,
        index: usize,
    ) -> Result<T, PostgresError> {
        column(row, index, self.place())
    }

    /// Returns a column with a number that rises.
    fn number(&self, row: &Row, index: usize) -> Result<u64, PostgresError> {
        Ok(self.get::<i64>(row, index)?.cast_unsigned())
    }
}

impl Database for Postgres {
    type Error = PostgresError;

    const NAME: &str = "postgres";

    fn place(&self) -> &str {
        &self.link.server.place
    }

    async fn check(&self) -> Result<(), PostgresError> {
        self.query("SELECT 1", &[]).await?;
        Ok(())
    }

    async fn acquire(&self, name: &str, owner: &str, lease: Duration) -> Result<Taking, PostgresError> {
        let seconds = lease.as_secs_f64();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&name, Type::TEXT), (&owner, Type::TEXT), (&seconds, Type::FLOAT8)];
        let rows = self.query(ACQUIRE, &parameters).await?;
        if let Some(row) = rows.first() {
            let sealed = self.get::<Option<Vec<u8>>>(row, 2)?;
            return Ok(Taking::Taken { fence: self.number(row, 0)?, version: self.number(row, 1)?, sealed });
        }
        let rows = self.query(OWNER, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(Taking::Released) };
        Ok(Taking::Leased { owner: self.get(row, 0)?, remaining: seconds_of(self.get(row, 1)?) })
    }

    async fn give_up(&self, name: &str, owner: &str) -> Result<(), PostgresError> {
        self.query(GIVE_UP, &[(&name, Type::TEXT), (&owner, Type::TEXT)]).await?;
        Ok(())
    }

    async fn renew(&self, all: &[Ownership], lease: Duration) -> Result<BTreeSet<String>, PostgresError> {
        let (names, owners, fences) = columns(all);
        let seconds = lease.as_secs_f64();
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&names, Type::TEXT_ARRAY),
            (&owners, Type::TEXT_ARRAY),
            (&fences, Type::INT8_ARRAY),
            (&seconds, Type::FLOAT8),
        ];
        let rows = self.query(RENEW, &parameters).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }

    async fn save(&self, of: &Ownership, version: u64, sealed: &[u8]) -> Result<bool, PostgresError> {
        let (fence, version) = (of.lease.fence().cast_signed(), version.cast_signed());
        let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
            (&of.lease.session(), Type::TEXT),
            (&of.owner, Type::TEXT),
            (&fence, Type::INT8),
            (&version, Type::INT8),
            (&sealed, Type::BYTEA),
        ];
        Ok(!self.query(SAVE, &parameters).await?.is_empty())
    }

    async fn release(&self, all: &[Ownership]) -> Result<(), PostgresError> {
        let (names, owners, fences) = columns(all);
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&names, Type::TEXT_ARRAY), (&owners, Type::TEXT_ARRAY), (&fences, Type::INT8_ARRAY)];
        self.query(RELEASE, &parameters).await?;
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Listed>, PostgresError> {
        let rows = self.query(LIST, &[]).await?;
        let listed = |row: &Row| {
            Ok(Listed {
                name: self.get(row, 0)?,
                owner: self.get(row, 1)?,
                fence: self.number(row, 2)?,
                version: self.number(row, 3)?,
                remaining: seconds_of(self.get(row, 4)?),
            })
        };
        rows.iter().map(listed).collect()
    }

    async fn export(&self, name: &str) -> Result<Option<(u64, Vec<u8>)>, PostgresError> {
        let rows = self.query(EXPORT, &[(&name, Type::TEXT)]).await?;
        rows.first().map(|row| Ok((self.number(row, 0)?, self.get(row, 1)?))).transpose()
    }
}

/// Returns the names, the owners and the numbers of ownerships.
fn columns(of: &[Ownership]) -> (Vec<&str>, Vec<&str>, Vec<i64>) {
    of.iter().map(|it| (it.lease.session(), it.owner.as_str(), it.lease.fence().cast_signed())).collect()
}

fn seconds_of(seconds: Option<f64>) -> Duration {
    Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default()
}
