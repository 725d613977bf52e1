//! Whether this process may open as many files as it needs: libraries below us panic if they may not.

use crate::failure::Failure;

/// How many more files a command opens at most: 25 were counted for a sign-in in the sandbox.
#[cfg(unix)]
const NEEDED: usize = 40;

/// Fails if there are too few descriptors left.
#[cfg(unix)]
pub(crate) fn check() -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit};

    // Two at a time.
    let pipes: Result<Vec<_>, _> = (0..NEEDED / 2).map(|_| std::io::pipe()).collect();
    let Err(error) = pipes else { return Ok(()) };
    Err(Failure::new(match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < 2 * NEEDED as u64 => format!(
            "this process may open {limit} files at once, which is too few; allow {} (ulimit -n)",
            2 * NEEDED
        ),
        _ => format!(
            "no more files can be opened: {error}; close some in this process's parent, or allow more"
        ),
    }))
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) const fn check() -> Result<(), Failure> {
    Ok(())
}
