//! TDLib's database log: `td.binlog`, or `td_test.binlog` of the test DCs, in its database directory.
//!
//! It is a list of events ([`event`]); later events may rewrite or erase earlier ones ([`log`]). Events of the kind
//! [`KEY_VALUE`] hold the session as names and values, both TL strings:
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

/// The cipher of an encrypted log; `iv` is the first counter block.
type AesCtr = ctr::Ctr128BE<aes::Aes256>;

/// The kind of events with the session.
const KEY_VALUE: i32 = 0x4327;
/// The kind of events with the options, which include the user: `my_id` with the value `I` and digits.
const OPTION: i32 = 0x1f18;
/// The flag of a key whose user is logged in.
const IS_AUTHORIZED: i32 = 1;
/// The database key of a log that has none.
const NO_DATABASE_KEY: &[u8] = b"cucumber";
/// The name of the file for the production DCs.
const NAME: &str = "td.binlog";
/// The name of the file for the test DCs. The content does not show them.
const TEST_NAME: &str = "td_test.binlog";
