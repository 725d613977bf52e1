//! The ways in which other users can reach a session's file.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text::shown_path;

/// A way in which other users of this computer can reach a session. It deserves a warning, not an error: volumes of
/// containers are often open to all, and have no other users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exposure {
    /// Other users can read the file and so use the session. The next save restricts the file to its owner again.
    FileReadable(PathBuf),
    /// The file belongs to another user, who can read and change it.
    FileOwner(PathBuf),
    /// Other users can put another file in its place: the directory is writable for all, without the sticky bit.
    DirectoryWritable(PathBuf),
    /// The directory belongs to another user, who can put another file in its place.
    DirectoryOwner(PathBuf),
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileReadable(path) => write!(
                f,
                "other users can read the session file {}; make it readable for you only (chmod 600), and, if it \
                 was readable for a while, terminate the session in Telegram's settings",
                shown_path(path)
            ),
            Self::FileOwner(path) => {
                write!(
                    f,
                    "the session file {} belongs to another user, who can read and change it",
                    shown_path(path)
                )
            }
            Self::DirectoryWritable(path) => write!(
                f,
                "all users can replace files in the directory {}, including a session; keep sessions in a \
                 directory that only you can write to",
                shown_path(path)
            ),
            Self::DirectoryOwner(path) => write!(
                f,
                "the directory {} belongs to another user, who can replace a session in it; keep sessions in a \
                 directory of your own",
                shown_path(path)
            ),
        }
    }
}

/// Returns how other users can reach the session at `target`. Root may work for other users, so files of other users
/// are no warning for root; files that belong to root are safe from all others.
#[cfg(unix)]
pub(super) fn of(target: &Path) -> Vec<Exposure> {
    use std::os::unix::fs::MetadataExt;

    let own = rustix::process::geteuid();
    let is_another = |user: u32| !own.is_root() && user != own.as_raw() && user != 0;
    let mut found = Vec::new();
    // Anything but a regular file is refused, so its mode does not matter.
    if let Ok(file) = std::fs::metadata(target)
        && file.is_file()
    {
        if is_another(file.uid()) {
            found.push(Exposure::FileOwner(target.to_owned()));
        } else if file.mode() & 0o077 != 0 {
            found.push(Exposure::FileReadable(target.to_owned()));
        }
    }
    let directory = super::replace::directory_of(target);
    if let Ok(there) = std::fs::metadata(directory) {
        const STICKY: u32 = 0o1000;
        if there.mode() & 0o002 != 0 && there.mode() & STICKY == 0 {
            found.push(Exposure::DirectoryWritable(directory.to_owned()));
        } else if is_another(there.uid()) {
            found.push(Exposure::DirectoryOwner(directory.to_owned()));
        }
    }
    found
}

/// Other systems have no such owners and modes.
#[cfg(not(unix))]
pub(super) const fn of(_: &Path) -> Vec<Exposure> {
    Vec::new()
}
