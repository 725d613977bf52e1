//! Values that are wiped on drop and never shown in logs.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use zeroize::{Zeroize, optimization_barrier};

/// A value that is wiped on drop and printed as `[redacted]`.
///
/// Access is explicit and easy to find in review: [`expose`](Self::expose). A move of a `Secret` may leave a copy on
/// the stack: keep large ones in a `Box`.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`. The caller wipes any copies it still holds.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Do not copy it into anything that is not wiped.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Returns the value for changes in place.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// A byte vector whose bytes are overwritten on drop, at the speed of `memset`: for the messages themselves.
pub struct Wiped(pub(crate) Vec<u8>);

impl Wiped {
    /// Takes the bytes out, which are then no longer wiped.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for Wiped {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes at the speed of `memset`, for buffers of every message, which may have megabytes. `Zeroize` stores
/// one byte at a time.
pub(crate) fn wipe(bytes: &mut [u8]) {
    // An empty vector points to no memory, and a masked store of no bytes to such an address can be slow.
    if bytes.is_empty() {
        return;
    }
    bytes.fill(0);
    // Otherwise the compiler may omit the stores if the memory is freed next.
    optimization_barrier(bytes);
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::cell::Cell;

    use super::*;

    struct Watched<'a>(&'a Cell<u32>);

    impl Zeroize for Watched<'_> {
        fn zeroize(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn wiped_exactly_once_when_dropped() {
        let wiped = Cell::new(0);
        let secret = Secret::new(Watched(&wiped));
        assert_eq!(secret.expose().0.get(), 0);
        drop(secret);
        assert_eq!(wiped.get(), 1);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new([7_u8; 4])), "[redacted]");
    }
}
