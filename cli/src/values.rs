//! Parsers for the values of options that several commands have.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;
use sansgram_runtime::core::Secret;

/// The name of the session if `--session` names none.
pub(crate) const DEFAULT_SESSION: &str = "sansgram";

pub(crate) fn secret() -> impl TypedValueParser<Value = Secret<String>> {
    clap::builder::StringValueParser::new().map(Secret::new)
}

/// Parses a positive whole number.
pub(crate) fn from_one() -> impl TypedValueParser<Value = u32> {
    clap::builder::StringValueParser::new().try_map(|text| match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("it must be a whole number from 1 to 4294967295"),
    })
}

/// Parses a whole number that may be 0.
pub(crate) fn from_zero() -> impl TypedValueParser<Value = u32> {
    clap::builder::StringValueParser::new()
        .try_map(|text| text.parse::<u32>().map_err(|_| "it must be a whole number from 0 to 4294967295"))
}

/// The message for `--output=~/me`, which bash does not expand.
pub(crate) const TILDE: &str = "the shell expands ~ only at the beginning of a word: use a space instead of \"=\", or \
                                ./~ for a directory of that name";

/// Returns whether a path begins with a directory called `~`, which is most likely a mistake.
pub(crate) fn has_tilde(path: &Path) -> bool {
    path.iter().next() == Some(OsStr::new("~"))
}

/// Parses the name of a file or a directory.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    clap::builder::PathBufValueParser::new()
        .try_map(|path| if has_tilde(&path) { Err(TILDE) } else { Ok(path) })
}

/// Parses the name of a session, whose file is `NAME.session`.
pub(crate) fn session_name() -> impl TypedValueParser<Value = PathBuf> {
    clap::builder::PathBufValueParser::new().try_map(|path| {
        let name = path.to_string_lossy();
        if has_tilde(&path) {
            return Err(TILDE);
        }
        match name.rsplit(std::path::is_separator).next() {
            Some("" | "." | "..") => Err("this is a directory; add the name of a session"),
            _ => Ok(path),
        }
    })
}
