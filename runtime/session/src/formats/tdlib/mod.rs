//! TDLib's database log: `td.binlog`, or `td_test.binlog` of the test DCs, in its database directory.
//!
//! It is a list of events ([`event`]), of which later ones rewrite or erase earlier ones ([`log`]). Those of the kind
//! [`KEY_VALUE`] hold the session as names and values, TL strings both:
//!
//! | name | value |
//! |---|---|
//! | `main_dc_id`, `my_id` | digits |
//! | `auth`, `auth_is_bot` | `ok`, `true` |
//! | `authN` of DC N | id of the key i64, flags i32 ([`IS_AUTHORIZED`] and others), the key as TL bytes, times |
//!
//! Sources: TDLib's `tddb/td/db/binlog/` and `td/mtproto/AuthKey.h`, and files that version 1.8.65 wrote.

mod event;
mod log;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::{read_file, read_folder};
pub(super) use write::write;

/// The kind of events with the session.
const KEY_VALUE: i32 = 0x4327;
/// The kind of events with the options, which say the user too: `my_id` with the value `I` and digits.
const OPTION: i32 = 0x1f18;
/// The flag of a key whose user is logged in.
const IS_AUTHORIZED: i32 = 1;
/// What is in the place of the database key if there is none.
const NO_DATABASE_KEY: &[u8] = b"cucumber";
/// The name of the file; in it the DCs are those of production.
const NAME: &str = "td.binlog";
/// The name of the file of the test DCs, which nothing in the file says.
const TEST_NAME: &str = "td_test.binlog";
