//! Randomness as an argument: the caller provides a [`SecureRandom`], from which the core draws every random byte.

use alloc::boxed::Box;

use zeroize::Zeroizing;

use super::aes_ctr::AesCtr;

/// A cryptographically secure source of random bytes.
///
/// It cannot fail: a source that has no more entropy must block or abort, never return weaker bytes. It must not repeat
/// itself: key agreement draws again while a value is out of range (once in 2^63 draws).
///
/// A seeded generator makes a run reproducible; use one in tests only.
pub trait SecureRandom {
    /// Fills the whole `buffer` with fresh random bytes.
    fn fill(&mut self, buffer: &mut [u8]);
}

impl<R: SecureRandom + ?Sized> SecureRandom for &mut R {
    fn fill(&mut self, buffer: &mut [u8]) {
        (**self).fill(buffer);
    }
}

impl<R: SecureRandom + ?Sized> SecureRandom for Box<R> {
    fn fill(&mut self, buffer: &mut [u8]) {
        (**self).fill(buffer);
    }
}

/// Returns `N` fresh random bytes.
pub fn array<const N: usize>(random: &mut (impl SecureRandom + ?Sized)) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// Randomness for a task on another thread: the keystream of AES-256 in counter mode, under a key that is drawn from the
/// source of the client. It is wiped on drop.
pub(crate) struct SeededRandom(AesCtr);

impl SeededRandom {
    pub(crate) fn new(source: &mut dyn SecureRandom) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        source.fill(&mut *key);
        Self(AesCtr::new(&key, &[0; 16]))
    }
}

impl SecureRandom for SeededRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
        self.0.apply(buffer);
    }
}

#[cfg(feature = "getrandom")]
pub use os::OsRandom;

#[cfg(feature = "getrandom")]
mod os {
    use core::fmt;

    use zeroize::Zeroize;

    use super::SecureRandom;

    /// Number of bytes per call of the operating system. A call costs about 350 ns for any size.
    const POOL_LEN: usize = 256;

    /// The randomness of the operating system, drawn 256 bytes at a time.
    ///
    /// # Panics
    /// [`fill`](SecureRandom::fill) panics if the operating system provides no randomness: no secure key could be
    /// generated.
    ///
    /// # Forks
    /// Returned bytes are wiped from the pool. A process that forks must create a new `OsRandom` in the child:
    /// otherwise both processes would return the rest of the same pool.
    pub struct OsRandom {
        pool: [u8; POOL_LEN],
        used: usize,
    }

    impl OsRandom {
        /// Creates an empty pool. The first call of the operating system is made on first use.
        #[must_use]
        pub const fn new() -> Self {
            Self { pool: [0; POOL_LEN], used: POOL_LEN }
        }
    }

    impl Default for OsRandom {
        fn default() -> Self {
            Self::new()
        }
    }

    impl SecureRandom for OsRandom {
        /// # Panics
        /// Panics if the operating system provides no randomness: no secure key could be generated.
        fn fill(&mut self, buffer: &mut [u8]) {
            if buffer.len() >= POOL_LEN {
                return draw(buffer);
            }
            let mut rest = buffer;
            while !rest.is_empty() {
                if self.used == POOL_LEN {
                    draw(&mut self.pool);
                    self.used = 0;
                }
                let taken = rest.len().min(POOL_LEN - self.used);
                let (now, later) = rest.split_at_mut(taken);
                let source = &mut self.pool[self.used..self.used + taken];
                now.copy_from_slice(source);
                source.zeroize();
                self.used += taken;
                rest = later;
            }
        }
    }

    impl Drop for OsRandom {
        fn drop(&mut self) {
            self.pool.zeroize();
        }
    }

    impl fmt::Debug for OsRandom {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("OsRandom")
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn draw(buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // No peer can cause this: it is a broken system, such as a sandbox without the system call. Ending is the
            // only safe answer, since keys and nonces of predictable bytes would look right to both sides, and
            // `SecureRandom::fill` has no error that a caller could overlook.
            panic!("the operating system gives no randomness: {error}");
        }
    }

    #[cfg(test)]
    mod tests {
        use std::collections::BTreeSet;

        use super::*;

        #[test]
        fn requests_of_every_size_are_filled_and_never_repeat() {
            let mut random = OsRandom::new();
            let mut seen = BTreeSet::new();
            for len in (16..600).step_by(7) {
                let mut bytes = alloc::vec![0; len];
                random.fill(&mut bytes);
                for window in bytes.chunks_exact(16) {
                    assert!(seen.insert(window.to_vec()), "sixteen random bytes came twice");
                }
            }
        }

        #[test]
        fn returned_bytes_are_wiped_from_the_pool() {
            let mut random = OsRandom::new();
            random.fill(&mut [0; 40]);
            assert_eq!(random.pool[..40], [0; 40]);
            assert_ne!(random.pool[40..], [0; 216]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key bytes count up.
    struct Counting(u8);

    impl SecureRandom for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    #[test]
    fn a_seeded_source_does_not_repeat_and_is_another_for_each_seed() {
        let mut source = Counting(0);
        let (mut first, mut second) = (SeededRandom::new(&mut source), SeededRandom::new(&mut source));
        assert_eq!(source.0, 64, "32 bytes each");
        let whole: [u8; 48] = array(&mut first);
        let pieces: ([u8; 5], [u8; 43]) = {
            let mut again = SeededRandom::new(&mut Counting(0));
            // What was in the buffer does not count.
            let mut buffer = [7; 5];
            again.fill(&mut buffer);
            (buffer, array(&mut again))
        };
        assert_eq!(whole[..], [&pieces.0[..], &pieces.1].concat());
        assert_ne!(whole, array::<48>(&mut first));
        assert_ne!(whole, array::<48>(&mut second));
    }
}
