//! Sessions of other programs, in both directions: [`import_text`] and [`import_path`] recognize the format of their
//! input, [`export_text`] and [`export_path`] write what those programs open. SQLite files need the feature `sqlite`.
//!
//! A session consists of its auth keys: a program that has them is logged in as that account. Two programs must not use
//! the same key at once, or Telegram revokes it (`AUTH_KEY_DUPLICATED`): log in again, or stop the other program
//! first.
//!
//! ```
//! use sansgram_core::client::Config;
//! use sansgram_session::formats::{Format, export_text, import_text};
//!
//! # let string = format!("1ApWapygG7{}=", "g".repeat(342));
//! let imported = import_text(&string)?;
//! assert_eq!(imported.format, Format::Telethon);
//! let for_gramjs = export_text(&imported.session, Format::GramJs, &Config::telegram().dcs)?;
//! # assert!(for_gramjs.starts_with('1'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod document;
mod encoding;
mod error;
mod export;
mod ferogram;
mod files;
mod format;
mod gotd;
mod gramjs;
mod gramjs_store;
mod import;
mod imported;
mod incomplete;
mod json;
mod mtcute;
mod mtkruto;
mod not_a_session;
mod pasted;
mod pyrogram;
mod raw_session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod string_start;
mod tdata;
mod tdlib;
mod telethon;
mod tgnet;
mod unsupported;
mod web;
mod write_export;
mod wtelegram;

pub use error::{ExportError, ImportError};
pub use export::{export_file, export_path, export_text};
pub(crate) use files::is_sqlite;
pub use format::{Format, UnknownFormat};
pub use import::{import_bytes, import_file, import_path, import_text, import_text_with, read_stdin};
pub use imported::{Account, ExportOptions, ImportOptions, Imported, listed};
pub use not_a_session::NotASession;

#[cfg(test)]
mod other_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
