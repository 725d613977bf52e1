//! The option `--session` of the commands of `sansgram sessions`.

use std::path::PathBuf;

use clap::Args;
use sansgram_runtime::core::client::StoredSession;
use sansgram_runtime::{Error, FileStore};

use crate::error::Failure;
use crate::store::{Opens, StoreArgs};
use crate::{help, session, values};

#[derive(Debug, Args)]
pub(super) struct SessionName {
    #[arg(long, value_name = "NAME", default_value = values::DEFAULT_SESSION, help = help::SESSION,
        value_parser = values::session_name())]
    pub(super) session: PathBuf,
}

/// Returns the content of a session without locking it or taking its lease, so that another process may be using it; and its
/// file, unless it is in a database.
pub(super) fn load_unlocked(
    args: &SessionName,
    store: &StoreArgs,
) -> Result<(Option<FileStore>, StoredSession), Failure> {
    if let Some(database) = store.open(Opens::Always)? {
        return Ok((None, database.read(&args.session)?));
    }
    let store = session::open(&args.session, None)?;
    match store.load_unlocked().map_err(Error::from)? {
        Some(session) => Ok((Some(store), session)),
        None => Err(session::not_found(&store)),
    }
}
