//! A failure as JSON.

use serde::Serialize;

use crate::error::Failure;
use crate::output;

#[derive(Serialize)]
struct Line<'a> {
    error: ErrorJson<'a>,
}

/// A failure, as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct ErrorJson<'a> {
    /// The code of the server's error, such as 420.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    /// Its name without the number, such as `FLOOD_WAIT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// The number in its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<i64>,
    /// The path of the argument that does not fit the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    /// What standard error says.
    message: String,
}

/// Returns the failure as a line of JSON.
pub(super) fn line(failure: &Failure) -> String {
    output::json(&Line { error: ErrorJson::new(failure, failure.to_string()) })
}

impl<'a> ErrorJson<'a> {
    /// A failure, with the message that standard error has.
    pub(crate) fn new(failure: &'a Failure, message: String) -> Self {
        let (code, name, value, path) = match failure {
            Failure::Refused(error, _) => (Some(error.code), Some(error.name.as_str()), error.value, None),
            Failure::Arguments(error) => (None, None, None, Some(error.path())),
            _ => (None, None, None, None),
        };
        Self { code, name, value, path, message }
    }
}
