//! What is wrong with a script.

use toml::Spanned;

/// What is wrong with a script, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    line: usize,
    reason: String,
}

impl ScriptError {
    /// Returns the number of the line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(text.len(), |span| span.start);
        let reason = error.message().lines().collect::<Vec<_>>().join(", ");
        let advice = "; a script has the tables [[answer]], [[fault]], [[update]] and [[message]]";
        Located::at(at, format!("{}{advice}", reason.trim_end_matches('.'))).in_text(text)
    }
}

/// What is wrong, and at which byte of the text.
pub(super) struct Located {
    at: usize,
    reason: String,
}

impl Located {
    pub(super) fn new<T>(value: &Spanned<T>, reason: impl Into<String>) -> Self {
        Self::at(value.span().start, reason)
    }

    pub(super) fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    pub(super) fn in_text(self, text: &str) -> ScriptError {
        let before = text.as_bytes().get(..self.at).unwrap_or(text.as_bytes());
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        ScriptError { line, reason: self.reason }
    }
}
