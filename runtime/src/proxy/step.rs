//! What a dialogue asks of its caller.

use std::fmt;

use zeroize::Zeroizing;

/// What a dialogue with a proxy needs next.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// Write all of this. It may hold the password, so it wipes itself.
    Write(Zeroizing<Vec<u8>>),
    /// Read, and hand in what came. A caller that reads at most this many bytes at once leaves the bytes behind the
    /// dialogue, which are the target's, in the stream.
    Read(usize),
    /// The stream leads to the target now.
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
