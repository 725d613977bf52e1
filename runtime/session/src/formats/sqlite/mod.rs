//! The SQLite files of Telethon 1 and 2, of the Pyrogram family and of grammers. Only the tables that contain the session
//! are read. Columns are found by name, since the versions of the libraries have different columns in different order.

mod read;
mod snapshot;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::{read, read_bytes};
pub(super) use write::write;

/// The values of the column `subtype` of grammers for the logged-in user, and for a bot.
const GRAMMERS_SELF: i64 = 1;
const GRAMMERS_BOT: i64 = 2;
