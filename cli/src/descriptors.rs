//! Checks that this process may open as many files as it needs: some libraries panic otherwise.

use crate::error::Failure;

/// Errors if fewer than `needed` file descriptors are available.
#[cfg(unix)]
pub(crate) fn check(needed: usize) -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit};

    // A pipe takes two descriptors.
    let pipes: Result<Vec<_>, _> = (0..needed / 2).map(|_| std::io::pipe()).collect();
    let Err(error) = pipes else { return Ok(()) };
    Err(Failure::new(match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < 2 * needed as u64 => {
            format!("this process may open only {limit} files at once; allow {} (ulimit -n)", 2 * needed)
        }
        _ => format!(
            "no more files can be opened: {error}; close some in the parent process, or raise the limit"
        ),
    }))
}

/// Does nothing: other systems have no such limit.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) const fn check(_needed: usize) -> Result<(), Failure> {
    Ok(())
}
