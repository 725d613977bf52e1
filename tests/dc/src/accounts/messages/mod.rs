//! Messages of users to themselves and to each other, with their updates (`core.telegram.org/api/updates`).
//!
//! Each user has a mailbox of their own: a message from one user to another is two messages with different identifiers.
//! Mailboxes and files end with the process, except the counters.

mod ids;
mod lists;
mod mailbox;
mod objects;
mod send;
mod updates;

pub(super) use self::ids::method;
pub(super) use self::mailbox::Mailbox;
pub(super) use self::objects::all_messages;
