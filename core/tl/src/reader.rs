//! The bounded reader.

use alloc::vec::Vec;

use super::ids;

/// Maximum nesting depth of boxed values. Telegram's own values stay far below.
///
/// Reading a value of this depth takes less than 64 KiB of stack for any type, and several times that without
/// optimisation.
pub const MAX_DEPTH: u8 = 32;

/// Why bytes are not the expected TL value. The fault is always the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside a value.
    #[error("the TL value is truncated")]
    UnexpectedEnd,
    /// The type has no constructor with this id, or another one was expected.
    #[error("unexpected TL constructor {found:08x}")]
    UnexpectedConstructor {
        /// The id in the input.
        found: u32,
    },
    /// The length of a string starts with the reserved byte 0xff.
    #[error("reserved TL string length")]
    ReservedLength,
    /// A `string` is not UTF-8.
    #[error("TL string that is not UTF-8")]
    InvalidUtf8,
    /// A vector claims more items than the remaining input can contain.
    #[error("TL vector of {count} items is longer than its message")]
    VectorTooLong {
        /// The claimed number of items.
        count: u32,
    },
    /// Values are nested deeper than [`MAX_DEPTH`].
    #[error("TL value nested too deep")]
    NestedTooDeep,
    /// Bytes follow a value that should fill the input.
    #[error("{count} bytes after the TL value")]
    TrailingBytes {
        /// Number of bytes after the value.
        count: usize,
    },
}

/// Reads TL values from the front of a slice. Strings and byte strings are borrowed from it.
///
/// ```
/// use sansgram_tl::Reader;
///
/// let mut reader = Reader::new(&[5, 0, 0, 0, 2, b'o', b'k', 0]);
/// assert_eq!(reader.i32(), Ok(5));
/// assert_eq!(reader.string(), Ok("ok"));
/// assert_eq!(reader.remaining(), 0);
/// ```
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
    depth: u8,
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The input may be secret.
        f.debug_struct("Reader")
            .field("position", &self.position())
            .field("remaining", &self.remaining())
            .finish()
    }
}

impl<'a> Reader<'a> {
    /// Creates a reader over all of `bytes`.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len(), depth: 0 }
    }

    /// Returns the number of bytes left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Returns the number of bytes consumed.
    #[inline]
    pub fn position(&self) -> usize {
        self.total - self.rest.len()
    }

    /// Consumes all remaining bytes.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Checks that no bytes are left.
    ///
    /// # Errors
    /// Returns [`DecodeError::TrailingBytes`] if bytes are left.
    #[inline]
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }

    /// Reads `length` bytes without decoding them.
    ///
    /// # Errors
    /// Returns [`DecodeError::UnexpectedEnd`] if the input is too short, like every method that reads.
    #[inline]
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads an unsigned 32-bit integer: a constructor id, a flags word or a count.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads an `int`.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// Reads an unsigned 64-bit integer, such as a key id.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a `long`.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// Reads a `double`.
    #[inline]
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_le_bytes)
    }

    /// Reads a `Bool`, which is one of two constructors.
    ///
    /// # Errors
    /// Also returns [`DecodeError::UnexpectedConstructor`] for any other constructor.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u32()? {
            ids::BOOL_TRUE => Ok(true),
            ids::BOOL_FALSE => Ok(false),
            found => Err(DecodeError::UnexpectedConstructor { found }),
        }
    }

    /// Reads an `int128` as its 16 bytes on the wire.
    #[inline]
    pub fn int128(&mut self) -> Result<[u8; 16], DecodeError> {
        self.array()
    }

    /// Reads an `int256` as its 32 bytes on the wire.
    #[inline]
    pub fn int256(&mut self) -> Result<[u8; 32], DecodeError> {
        self.array()
    }

    /// Reads `bytes` and skips the padding, whose content is ignored. A short value with the long form of the length is
    /// accepted, since it is unambiguous.
    ///
    /// # Errors
    /// Also returns [`DecodeError::ReservedLength`] if the length starts with 0xff.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.rest.first() {
            None => Err(DecodeError::UnexpectedEnd),
            Some(0xff) => Err(DecodeError::ReservedLength),
            Some(0xfe) => {
                // The length is the three bytes after the marker.
                let length = (self.u32()? >> 8) as usize;
                let bytes = self.raw(length)?;
                self.raw(length.next_multiple_of(4) - length)?;
                Ok(bytes)
            }
            Some(short) => {
                let length = usize::from(*short);
                let whole = self.raw((1 + length).next_multiple_of(4))?;
                whole.get(1..=length).ok_or(DecodeError::UnexpectedEnd)
            }
        }
    }

    /// Reads a `string`.
    ///
    /// # Errors
    /// Also returns [`DecodeError::ReservedLength`] and [`DecodeError::InvalidUtf8`].
    #[inline]
    pub fn string(&mut self) -> Result<&'a str, DecodeError> {
        core::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::InvalidUtf8)
    }

    /// Returns an unsigned 32-bit integer, such as a constructor id, without consuming it.
    #[inline]
    pub fn peek_u32(&self) -> Result<u32, DecodeError> {
        self.clone().u32()
    }

    /// Reads a constructor id that must be `id`.
    ///
    /// # Errors
    /// Also returns [`DecodeError::UnexpectedConstructor`] for any other id.
    #[inline]
    pub fn expect(&mut self, id: u32) -> Result<(), DecodeError> {
        match self.u32()? {
            found if found == id => Ok(()),
            found => Err(DecodeError::UnexpectedConstructor { found }),
        }
    }

    /// Reads a `Vector`: its id, the number of items, and each item with `item`.
    ///
    /// # Errors
    /// Also returns [`DecodeError::UnexpectedConstructor`], [`DecodeError::VectorTooLong`] and the errors of `item`.
    #[inline]
    pub fn vector<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.expect(ids::VECTOR)?;
        self.bare_vector(item)
    }

    /// Reads a bare `vector`, which has no id of its own. An item must have at least four bytes, like every TL value
    /// that is not empty.
    ///
    /// # Errors
    /// Returns the same errors as [`vector`](Self::vector).
    #[inline]
    pub fn bare_vector<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()?;
        let length = count as usize;
        if length > self.remaining() / 4 {
            return Err(DecodeError::VectorTooLong { count });
        }
        // A claimed length never allocates more memory than there is input.
        let mut items = Vec::with_capacity(length.min(self.remaining() / size_of::<T>().max(1)));
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Runs `inner` one level deeper. Every reader of a recursive type must use it.
    ///
    /// # Errors
    /// Returns [`DecodeError::NestedTooDeep`], and the errors of `inner`.
    #[inline]
    pub fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.depth == MAX_DEPTH {
            return Err(DecodeError::NestedTooDeep);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }
}
