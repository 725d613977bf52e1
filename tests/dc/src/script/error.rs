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

    pub(super) fn of_user(line: usize, id: i64) -> Self {
        let advice = "users are named by the identifiers of accounts, or by the digits of sandbox numbers";
        Self { line, reason: format!("no account can have the identifier {id}; {advice}") }
    }

    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(text.len(), |span| span.start);
        let reason = error.message().lines().collect::<Vec<_>>().join(", ");
        if let Some(reason) = of_type(text, at, &reason) {
            return Located::at(at, reason).in_text(text);
        }
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
        ScriptError { line: line_at(text, self.at), reason: self.reason }
    }
}

/// Returns what is wrong with a value of another type than the field at this byte of the text has, without Rust's names of
/// types; `None` if something else is wrong.
fn of_type(text: &str, at: usize, reason: &str) -> Option<String> {
    let (_, expected) = reason.strip_prefix("invalid ")?.split_once(", expected ")?;
    let expected = match expected {
        "f64" => "a number",
        "i64" | "i32" => "a whole number",
        "u32" => "a whole number from 0 to 4294967295",
        "a string" => "a string",
        "a boolean" => "true or false",
        _ => return None,
    };
    let before = text.get(..at)?.trim_end().strip_suffix('=')?.trim_end();
    let is_of_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let field = before.rsplit(|char| !is_of_name(char)).next().filter(|field| !field.is_empty())?;
    Some(format!("{field}: {expected} is expected"))
}

/// Returns the number of the line of a value, from 1.
pub(super) fn line_of<T>(text: &str, value: &Spanned<T>) -> usize {
    line_at(text, value.span().start)
}

fn line_at(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
