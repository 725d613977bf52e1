//! The file of `sansgram sandbox --script FILE`.

use std::path::Path;

use sansgram_testkit::script::Script;

use super::accounts_file;
use crate::error::Failure;

/// Reads and checks a script.
pub(super) fn read(file: &Path) -> Result<Script, Failure> {
    let text = accounts_file::read(file).map_err(|reason| {
        Failure::new(format!("the file {} of --script cannot be read: {reason}", file.display()))
    })?;
    Script::parse(&text)
        .map_err(|error| Failure::new(format!("the script {} cannot be used: {error}", file.display())))
}
