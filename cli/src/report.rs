//! The end of the command: prints a failure as one sentence on standard error, with `--json` also as an object on standard
//! output, and returns the exit code.

mod error_json;

use std::io::Write;
use std::process::ExitCode;

use sansgram_runtime::text::printable_unlimited;

use crate::error::{FAILED_CODE, Failure, USAGE_CODE};
use crate::output;
use crate::route::Route;

pub(crate) use error_json::ErrorJson;

/// Prints the failure, and returns the exit code of the process.
pub(crate) fn report(failure: Failure, json: bool) -> ExitCode {
    // Commands with a route to the servers have added their own advice.
    let failure = failure.with_advice(Route::default(), None);
    let code = match &failure {
        Failure::Clap(error) => return report_clap(error),
        Failure::Usage(_) | Failure::Arguments(_) => USAGE_CODE,
        Failure::Failed(_) | Failure::Incomplete(_) | Failure::Refused(..) | Failure::Library(_) => {
            FAILED_CODE
        }
    };
    if json && !matches!(failure, Failure::Incomplete(_)) {
        // If standard output is broken, standard error still has the sentence.
        let _ = output::result(&error_json::line(&failure));
    }
    // The sentence may contain text from a server or a file name.
    output::note(&format!("error: {}", printable_unlimited(&failure.to_string())));
    ExitCode::from(code)
}

fn report_clap(error: &clap::Error) -> ExitCode {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if error.use_stderr() {
        return ExitCode::from(USAGE_CODE);
    }
    match output::check_written(printed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(failure, false),
    }
}
