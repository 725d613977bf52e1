//! Functions that make text safe to print, and wrap it to the width of a terminal.

pub use sansgram_session::text::{printable, printable_unlimited, shell_word, shown_path};

#[cfg(feature = "terminal")]
pub use crate::terminal::{for_standard_error, wrapped};
