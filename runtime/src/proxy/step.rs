//! The steps that a dialogue requests from its caller.

use std::fmt;

use zeroize::Zeroizing;

/// The next step of a dialogue with a proxy.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// Write all of these bytes. They may contain the password, so they are wiped on drop.
    Write(Zeroizing<Vec<u8>>),
    /// Read from the stream and pass the bytes to the dialogue. A caller that reads at most this many bytes at once
    /// leaves the bytes after the dialogue, which belong to the target, in the stream.
    Read(usize),
    /// The stream is connected to the target.
    Done,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write([{} bytes])", bytes.len()),
            Self::Read(wanted) => write!(f, "Read({wanted})"),
            Self::Done => f.write_str("Done"),
        }
    }
}
