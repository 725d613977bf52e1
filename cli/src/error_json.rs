//! Failures as JSON, for the commands that print data.

use serde::Serialize;

use crate::error::Failure;
use crate::output;
use crate::route::Route;

#[derive(Serialize)]
struct Line<'a> {
    error: ErrorJson<'a>,
}

/// A failure, as `--json` prints it.
#[derive(Serialize)]
struct ErrorJson<'a> {
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

/// Runs `action`. With `json`, also prints its failure on standard output.
pub(crate) fn printing(json: bool, action: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let failure = match action() {
        Err(failure) if json => failure.with_advice(Route::default(), None),
        result => return result,
    };
    output::result(&output::json(&Line { error: ErrorJson::new(&failure) }))?;
    Err(failure)
}

impl<'a> ErrorJson<'a> {
    fn new(failure: &'a Failure) -> Self {
        let (code, name, value, path) = match failure {
            Failure::Refused(error, _) => (Some(error.code), Some(error.name.as_str()), error.value, None),
            Failure::Arguments(error) => (None, None, None, Some(error.path())),
            _ => (None, None, None, None),
        };
        let message = failure.to_string();
        Self { code, name, value, path, message }
    }
}
