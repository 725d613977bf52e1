//! Whether this process may open as many files as it needs: libraries below us panic if they may not.

use crate::error::Failure;

/// Fails if there are fewer descriptors left than `needed`.
#[cfg(unix)]
pub(crate) fn check(needed: usize) -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit};

    // Two at a time.
    let pipes: Result<Vec<_>, _> = (0..needed / 2).map(|_| std::io::pipe()).collect();
    let Err(error) = pipes else { return Ok(()) };
    Err(Failure::new(match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < 2 * needed as u64 => format!(
            "this process may open {limit} files at once, which is too few; allow {} (ulimit -n)",
            2 * needed
        ),
        _ => format!(
            "no more files can be opened: {error}; close some in this process's parent, or allow more"
        ),
    }))
}

/// Does nothing: other systems have no such limit.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) const fn check(_needed: usize) -> Result<(), Failure> {
    Ok(())
}
