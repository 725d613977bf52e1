//! How a session is taken.

use std::sync::Arc;

use sansgram_core::{OsRandom, SecureRandom};
use sansgram_session::{Acquired, Lease, StoreError};
use tokio::time::sleep;
use tokio_postgres::types::{ToSql, Type};

use super::error::column;
use super::owned::Owned;
use super::worker::{Ownership, Worker, seconds_of, shown_owner};
use crate::policy::{DEFAULT_LEASE, RENEWAL_RETRY};

/// Takes the session if it is free. If this very call has taken it before, and the answer was lost or is late, the
/// number of the ownership stays: the client may be using it.
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
/// Frees what a call may have taken whose answer was lost.
const GIVE_UP: &str = "\
UPDATE sansgram_sessions SET owner = NULL, expires_at = NULL WHERE name = $1 AND owner = $2";

/// Takes a session and loads it. If it cannot be opened, it is released again; if the answer of the database is lost,
/// too.
pub(super) async fn acquire(worker: Arc<Worker>, name: &str) -> Result<Acquired, StoreError> {
    let mut random = [0; 8];
    OsRandom::default().fill(&mut random);
    let owner = format!("{}#{:016x}", worker.owner, u64::from_le_bytes(random));
    let seconds = worker.lease.as_secs_f64();
    loop {
        // The lease counts from before the request, since it is not known when the database received it.
        let before = Lease::clock();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&name, Type::TEXT), (&owner, Type::TEXT), (&seconds, Type::FLOAT8)];
        let rows = match worker.connection.query(ACQUIRE, &parameters).await {
            Ok(rows) => rows,
            Err(error) => {
                if error.ends_connection() {
                    give_up(worker, name.into(), owner);
                }
                return Err(error.into());
            }
        };
        if let Some(row) = rows.first() {
            let (fence, version): (i64, i64) =
                (column(row, 0, worker.place())?, column(row, 1, worker.place())?);
            let lease = Lease::new(name, fence.cast_unsigned(), worker.usable_until(before));
            let ownership = Ownership { owner, lease };
            // From here on, dropping it releases the session.
            let owned = Owned::new(worker.clone(), worker.add(ownership.clone()), ownership, version);
            let session = match column::<Option<&[u8]>>(row, 2, worker.place())? {
                None => None,
                Some(sealed) => Some(worker.open(name, version, sealed)?),
            };
            return Ok(Acquired { session, owned: Box::new(owned) });
        }
        let rows = worker.connection.query(OWNER, &[(&name, Type::TEXT)]).await?;
        // If there is none, it was released since.
        if let Some(row) = rows.first() {
            let owner: String = column(row, 0, worker.place())?;
            let remaining = seconds_of(column(row, 1, worker.place())?);
            let owner = if worker.owns(&owner) {
                "another client of this process".into()
            } else {
                shown_owner(&owner)
            };
            return Err(StoreError::Leased { session: name.into(), owner, remaining });
        }
    }
}

/// Frees the session if this call has taken it all the same, without waiting. Otherwise no client could have it until
/// the lease ends.
fn give_up(worker: Arc<Worker>, name: String, owner: String) {
    let until = Lease::clock() + worker.lease.min(DEFAULT_LEASE);
    tokio::spawn(async move {
        let names: [(&(dyn ToSql + Sync), Type); 2] = [(&name, Type::TEXT), (&owner, Type::TEXT)];
        while worker.connection.query(GIVE_UP, &names).await.is_err() && Lease::clock() < until {
            sleep(RENEWAL_RETRY).await;
        }
    });
}
