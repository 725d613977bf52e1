//! Values that wipe themselves and never show in logs.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use zeroize::{DefaultIsZeroes, Zeroize, optimization_barrier};

/// A value that is wiped when dropped and printed as `[redacted]`.
///
/// Reading it takes a word that stands out in review: [`expose`](Self::expose). Moving a `Secret` by value may leave
/// the compiler's copy behind: keep large ones in a `Box`.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`. The caller wipes the copies it still holds.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Do not copy it into anything that is not wiped.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, to fill or change it in place.
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

/// Bytes of any number that are wiped on drop, as [`wipe`] does.
pub(crate) struct Wiped(pub(crate) Vec<u8>);

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes as fast as memory can be filled: for those that come with every message, and may be megabytes.
/// `Zeroize` stores one at a time.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // Else the compiler may leave the zeros out where the memory is given back next.
    optimization_barrier(bytes);
}

/// Bytes for the path of every message: wiped by a few wide stores, while an array of bytes takes one store for each.
///
/// It has to be wiped by hand, since it can be copied.
#[derive(Clone, Copy)]
pub(super) struct Wide<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Default for Wide<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> DefaultIsZeroes for Wide<N> {}

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
