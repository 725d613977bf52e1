//! How a session is taken.

use std::sync::Arc;

use sansgram_core::{OsRandom, SecureRandom};
use sansgram_session::{Acquired, Lease, StoreError};
use tokio::time::sleep;

use super::database::{Database, DatabaseError, Ownership, Taking};
use super::owned::Owned;
use super::worker::{Worker, shown_owner};
use crate::policy::{DEFAULT_LEASE, RENEWAL_RETRY};

/// Takes a session and loads it. If it cannot be opened, it is released again; if the answer of the database is lost,
/// too.
pub(super) async fn acquire<D: Database>(worker: Arc<Worker<D>>, name: &str) -> Result<Acquired, StoreError> {
    let mut random = [0; 8];
    OsRandom::default().fill(&mut random);
    let owner = format!("{}#{:016x}", worker.owner, u64::from_le_bytes(random));
    loop {
        // The lease counts from before the request, since it is not known when the database received it.
        let before = Lease::clock();
        match worker.database.acquire(name, &owner, worker.lease).await {
            Ok(Taking::Taken { fence, version, sealed }) => {
                let lease = Lease::new(name, fence, worker.usable_until(before));
                let ownership = Ownership { owner, lease };
                // From here on, dropping it releases the session.
                let owned = Owned::new(worker.clone(), worker.add(ownership.clone()), ownership, version);
                let session = match sealed {
                    None => None,
                    Some(sealed) => Some(worker.open(name, version, &sealed)?),
                };
                return Ok(Acquired { session, owned: Box::new(owned) });
            }
            Ok(Taking::Leased { owner, remaining }) => {
                let owner = if worker.owns(&owner) {
                    "another client of this process".into()
                } else {
                    shown_owner(&owner)
                };
                return Err(StoreError::Leased { session: name.into(), owner, remaining });
            }
            Ok(Taking::Released) => {}
            Err(error) => {
                if error.ends_connection() {
                    give_up(worker, name.into(), owner);
                }
                return Err(error.into());
            }
        }
    }
}

/// Frees the session if this call has taken it all the same, without waiting. Otherwise no client could have it until
/// the lease ends.
fn give_up<D: Database>(worker: Arc<Worker<D>>, name: String, owner: String) {
    let until = Lease::clock() + worker.lease.min(DEFAULT_LEASE);
    tokio::spawn(async move {
        while worker.database.give_up(&name, &owner).await.is_err() && Lease::clock() < until {
            sleep(RENEWAL_RETRY).await;
        }
    });
}
