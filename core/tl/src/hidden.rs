//! Placeholders in the generated `Debug` output.

use core::fmt::{Debug, Formatter, Result};

/// A byte string: shows its length only.
pub(super) struct Bytes(pub(super) usize);

/// A vector of hidden items: shows their number only.
pub(super) struct Items(pub(super) usize);

/// A secret or personal value.
pub(super) struct Redacted;

impl Debug for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "[{} bytes]", self.0)
    }
}

impl Debug for Items {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "[{} items]", self.0)
    }
}

impl Debug for Redacted {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("[redacted]")
    }
}
