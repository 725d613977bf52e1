//! The file of `sansgram sandbox --script FILE`.

use std::path::Path;

use sansgram_testkit::script::{Script, ScriptError};

use super::accounts_file;
use crate::error::Failure;

/// Reads and checks a script.
pub(super) fn read(file: &Path) -> Result<Script, Failure> {
    let text = accounts_file::read(file).map_err(|reason| {
        Failure::new(format!("the file {} of --script cannot be read: {reason}", file.display()))
    })?;
    Script::parse(&text).map_err(|error| failure(file, &error))
}

/// Returns the failure for what is wrong with a script.
pub(super) fn failure(file: &Path, error: &ScriptError) -> Failure {
    Failure::new(format!("the script {} cannot be used: {error}", file.display()))
}
