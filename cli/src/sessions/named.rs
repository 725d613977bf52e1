//! The session that a command of `sansgram sessions` works on.

use std::path::PathBuf;

use clap::Args;
use sansgram_runtime::core::client::StoredSession;
use sansgram_runtime::{Error, FileStore};

use crate::error::Failure;
use crate::{help, session, values};

#[derive(Debug, Args)]
pub(super) struct Named {
    #[arg(long, value_name = "NAME", default_value = values::DEFAULT_SESSION, help = help::SESSION,
        value_parser = values::session_name())]
    pub(super) session: PathBuf,
}

/// Returns the content of a session, whether or not another process uses it.
pub(super) fn peek(args: &Named) -> Result<(FileStore, StoredSession), Failure> {
    let store = session::open(&args.session, None)?;
    match store.load_unlocked().map_err(Error::from)? {
        Some(session) => Ok((store, session)),
        None => Err(session::missing(&store)),
    }
}
