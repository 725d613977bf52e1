//! How a session is taken.

use std::sync::Arc;

use sansgram_core::{OsRandom, SecureRandom};
use sansgram_session::{Acquired, Lease, StoreError};
use tokio_postgres::types::{ToSql, Type};

use super::owned::Owned;
use super::worker::{Ownership, Worker, seconds_of, shown_owner};

/// Takes the session if it is free, or if this very call has taken it before and the answer was lost.
const ACQUIRE: &str = "\
INSERT INTO sansgram_sessions AS it (name, owner, fence, expires_at, version)
VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3), 0)
ON CONFLICT (name) DO UPDATE
SET owner = $2, fence = it.fence + 1, expires_at = clock_timestamp() + make_interval(secs => $3)
WHERE it.owner IS NULL OR it.owner = $2 OR it.expires_at <= clock_timestamp()
RETURNING fence, version, data";
const OWNER: &str = "\
SELECT owner, extract(epoch FROM expires_at - clock_timestamp())::float8
FROM sansgram_sessions WHERE name = $1 AND owner IS NOT NULL";

/// Takes a session and loads it. If it cannot be opened, it is released again.
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
        let rows = worker.connection.query(ACQUIRE, &parameters).await?;
        if let Some(row) = rows.first() {
            let (fence, version): (i64, i64) = (row.get(0), row.get(1));
            let lease = Lease::new(name, fence.cast_unsigned(), worker.usable_until(before));
            let ownership = Ownership { name: name.into(), owner, fence, lease };
            // From here on, dropping it releases the session.
            let owned = Owned::new(worker.clone(), worker.add(ownership.clone()), ownership, version);
            let session = match row.get::<_, Option<&[u8]>>(2) {
                None => None,
                Some(sealed) => Some(worker.open(name, version, sealed)?),
            };
            return Ok(Acquired { session, owned: Box::new(owned) });
        }
        let rows = worker.connection.query(OWNER, &[(&name, Type::TEXT)]).await?;
        // If there is none, it was released since.
        if let Some(row) = rows.first() {
            let (owner, seconds): (String, Option<f64>) = (row.get(0), row.get(1));
            return Err(StoreError::Leased {
                session: name.into(),
                owner: shown_owner(owner),
                remaining: seconds_of(seconds),
            });
        }
    }
}
