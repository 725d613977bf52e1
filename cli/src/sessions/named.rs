//! The option `--session` of the commands of `sansgram sessions`.

use std::path::PathBuf;

use clap::Args;
use sansgram_runtime::core::client::StoredSession;
use sansgram_runtime::{Error, FileStore};

use crate::error::Failure;
use crate::{help, session, values};

#[derive(Debug, Args)]
pub(super) struct SessionName {
    #[arg(long, value_name = "NAME", default_value = values::DEFAULT_SESSION, help = help::SESSION,
        value_parser = values::session_name())]
    pub(super) session: PathBuf,
}

/// Returns the file and the content of a session without locking it, so that another process may be using it.
pub(super) fn load_unlocked(args: &SessionName) -> Result<(FileStore, StoredSession), Failure> {
    let store = session::open(&args.session, None)?;
    match store.load_unlocked().map_err(Error::from)? {
        Some(session) => Ok((store, session)),
        None => Err(session::not_found(&store)),
    }
}
