//! The buffer that all clients of a thread read into, so that an idle one keeps none.

use crate::policy::READ_LEN;
use std::cell::Cell;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The thread's buffer for one round of a driver. Frames are decrypted where they lie, so when it is given back what
/// was read is wiped.
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// How many bytes were read at most.
    used: usize,
}

impl ReadBuffer {
    pub(crate) fn take() -> Self {
        let mut bytes = BUFFER.take();
        bytes.resize(READ_LEN, 0);
        Self { bytes, used: 0 }
    }

    /// All of it, to read into. What of it was read is to be told by [`read`](Self::read).
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The first `len` bytes, which were read.
    pub(crate) fn read(&mut self, len: usize) -> &mut [u8] {
        self.used = self.used.max(len);
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        // The buffer lives on, so the compiler keeps this, and in one piece it costs as little as can be.
        if let Some(used) = self.bytes.get_mut(..self.used) {
            used.fill(0);
        }
        BUFFER.set(std::mem::take(&mut self.bytes));
    }
}

/// Whether the buffer of this thread holds nothing.
#[cfg(test)]
pub(crate) fn is_wiped() -> bool {
    let bytes = BUFFER.take();
    let wiped = bytes.len() == READ_LEN && bytes.iter().all(|byte| *byte == 0);
    BUFFER.set(bytes);
    wiped
}
