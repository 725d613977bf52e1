//! The read buffer that all clients of a thread share, so that an idle client has none.

use std::cell::Cell;

use crate::policy::READ_LEN;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The thread's buffer, for one poll of a driver. Frames are decrypted in place, so the used part is wiped on drop.
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// The length of the part that was used.
    used: usize,
}

impl ReadBuffer {
    pub(crate) fn take() -> Self {
        let mut bytes = BUFFER.take();
        bytes.resize(READ_LEN, 0);
        Self { bytes, used: 0 }
    }

    /// Returns the whole buffer to read into. The caller then calls [`filled`](Self::filled).
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Returns the first `len` bytes, which were read.
    pub(crate) fn filled(&mut self, len: usize) -> &mut [u8] {
        self.used = self.used.max(len);
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        // The compiler cannot remove this, since the buffer is used again.
        if let Some(used) = self.bytes.get_mut(..self.used) {
            used.fill(0);
        }
        BUFFER.set(std::mem::take(&mut self.bytes));
    }
}

/// Returns whether the buffer of this thread is all zeros.
#[cfg(test)]
pub(crate) fn is_wiped() -> bool {
    let bytes = BUFFER.take();
    let wiped = bytes.len() == READ_LEN && bytes.iter().all(|byte| *byte == 0);
    BUFFER.set(bytes);
    wiped
}
