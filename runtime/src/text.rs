//! Text made fit for a terminal: safe to print, and in lines that fit.

pub use sansgram_session::text::{harmless, printable, shell_word, shown_path};

#[cfg(feature = "terminal")]
pub use crate::terminal::{for_standard_error, wrapped};
