//! The tables, and how they are brought to the layout of this version.

use tokio_postgres::Client;

use super::error::{PostgresError, column};

/// The layout of the tables that this version uses.
const LAYOUT: i32 = 1;
/// The number of the advisory lock under which the tables are changed: "sansgram" as a number.
const LOCK: i64 = 0x7361_6e73_6772_616d;

/// The statements that create the tables, for the owner of a database whose user may not. Running them twice is
/// harmless.
pub const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS sansgram_layout (layout integer NOT NULL);
CREATE TABLE IF NOT EXISTS sansgram_sessions (
    name text PRIMARY KEY,
    owner text,
    fence bigint NOT NULL,
    expires_at timestamptz,
    version bigint NOT NULL,
    data bytea
);
INSERT INTO sansgram_layout SELECT 1 WHERE NOT EXISTS (SELECT FROM sansgram_layout);
";

/// Checks the layout of the tables, and creates them if they are missing.
pub(super) async fn prepare(client: &Client, place: &str) -> Result<(), PostgresError> {
    let failed = |error| PostgresError::of(&error, place);
    let exist = "SELECT to_regclass('sansgram_layout') IS NOT NULL";
    let exist = client.query_typed(exist, &[]).await.map_err(failed)?;
    let exist = exist.first().map(|row| column(row, 0, place)).transpose()?;
    if exist != Some(true) {
        // One process creates them, the others wait for it.
        let create = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK}); {SCHEMA} COMMIT");
        if let Err(error) = client.batch_execute(&create).await {
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(failed(error));
        }
    }
    let layout = client.query_typed("SELECT max(layout) FROM sansgram_layout", &[]).await.map_err(failed)?;
    let found: Option<i32> = layout.first().map(|row| column(row, 0, place)).transpose()?.flatten();
    // An earlier layout, once there is one, is migrated here, under the same lock.
    match found {
        Some(LAYOUT) => Ok(()),
        Some(found) => Err(PostgresError::Later { place: place.into(), found, known: LAYOUT }),
        None => Err(PostgresError::Tables { place: place.into(), reason: "they are incomplete".into() }),
    }
}
