//! Stored sessions: the result of a login, on the disk and in the [formats] of other libraries. Nothing here is async,
//! and nothing depends on a runtime.
//!
//! [`StoredSession`] is the session itself, and [`StoredSession::to_text`] its text form. A [`SessionStore`] keeps it
//! between runs: [`FileStore`] in a file that one process uses at a time, encrypted if it is given a passphrase;
//! [`MemoryStore`] in memory.
//!
//! ```no_run
//! use sansgram_session::{FileStore, SessionStore, formats};
//!
//! let imported = formats::import_path("account.session".as_ref(), &formats::ImportOptions::default())?;
//! FileStore::new("me").save(&imported.session)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod formats;
mod policy;
#[cfg(test)]
mod scratch;
mod store;
pub mod text;

pub use sansgram_core::client::StoredSession;
pub use store::{
    Acquired, Exposure, FileStore, Lease, LeasedStore, LockOwner, MemoryStore, OwnedSession, OwnerLocation,
    SessionStore, StoreError, StoreFuture, encryption, open_file, read_file, replace_file,
};
