//! What a kind of database does for a store. Each method is one statement, which may be executed twice.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::time::Duration;

use sansgram_session::{Lease, StoreError};

/// A kind of database.
pub trait Database: Send + Sync + Sized + 'static {
    /// Why it cannot be used.
    type Error: DatabaseError;

    /// Its name, for that of the thread.
    const NAME: &str;

    /// Host, port and name of the database.
    fn place(&self) -> &str;

    /// Connects, if that is not done yet.
    fn check(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the session `name` for `owner` if it is free, and `lease` long from when the database decides so. If
    /// `owner` has taken it before, and the answer was lost or is late, the number of the ownership stays: the client
    /// may be using it.
    fn acquire(
        &self,
        name: &str,
        owner: &str,
        lease: Duration,
    ) -> impl Future<Output = Result<Taking, Self::Error>> + Send;

    /// Frees the session if `owner` has it.
    fn give_up(&self, name: &str, owner: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Renews those that are still owned, all by one statement, and returns the names of their owners.
    fn renew(
        &self,
        all: &[Ownership],
        lease: Duration,
    ) -> impl Future<Output = Result<BTreeSet<String>, Self::Error>> + Send;

    /// Stores a content if the session is still owned, and no later version is stored. Returns whether it is: a
    /// statement of an earlier save that arrives late, over a connection that was given up, changes nothing.
    fn save(
        &self,
        of: &Ownership,
        version: u64,
        sealed: &[u8],
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Frees those that are still owned.
    fn release(&self, all: &[Ownership]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns all sessions, by their names.
    fn list(&self) -> impl Future<Output = Result<Vec<Listed>, Self::Error>> + Send;

    /// Returns a content and its version.
    fn export(&self, name: &str) -> impl Future<Output = Result<Option<(u64, Vec<u8>)>, Self::Error>> + Send;
}

/// An error of a database.
pub trait DatabaseError: Clone + Debug + Display + Into<StoreError> + Send + Sync {
    /// Returns whether the connection is of no use after this error. What was sent may have been executed.
    fn ends_connection(&self) -> bool;
}

/// What names an ownership in the database.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// The owner's name with a random number for each ownership.
    pub(crate) owner: String,
    /// It has the session's name and the number of the ownership.
    pub(crate) lease: Lease,
}

impl Ownership {
    pub(super) fn lost(&self) -> StoreError {
        const REASON: &str = "another client has taken it, or it was removed";
        self.lease.lose(REASON);
        let session = self.lease.session().into();
        self.lease.lost().unwrap_or(StoreError::LeaseLost { session, reason: REASON.into() })
    }
}

/// What became of an attempt to take a session.
#[derive(Debug)]
pub enum Taking {
    /// It is taken.
    Taken {
        /// The number of the ownership.
        fence: u64,
        /// The version of the content.
        version: u64,
        /// The sealed content, if there is one.
        sealed: Option<Vec<u8>>,
    },
    /// It has an owner.
    Leased {
        /// The owner, as the database has it.
        owner: String,
        /// How long the lease still lasts.
        remaining: Duration,
    },
    /// It was released since.
    Released,
}

/// What a database says about a session in a list. Another program may have written it.
#[derive(Debug)]
pub struct Listed {
    /// The name.
    pub(crate) name: String,
    /// The owner, whose lease may be over.
    pub(crate) owner: Option<String>,
    /// How long the lease still lasts.
    pub(crate) remaining: Duration,
    /// The number of the ownership.
    pub(crate) fence: u64,
    /// The version of the content.
    pub(crate) version: u64,
}
