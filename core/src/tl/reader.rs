//! The bounded reader.

use alloc::vec::Vec;

use super::ids;

/// How deep boxed values may lie in one another. Telegram's own values stay far below.
///
/// To read a value of this depth takes less than 64 KiB of stack, for any type; without any optimisation it may take
/// several times that.
pub const MAX_DEPTH: u8 = 32;

/// Why bytes are not the TL value that was asked for. The peer is to blame in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside a value.
    #[error("the TL value is cut off")]
    UnexpectedEnd,
    /// The type has no constructor of this id, or another one was expected.
    #[error("unexpected TL constructor {found:08x}")]
    UnexpectedConstructor {
        /// The id that was found.
        found: u32,
    },
    /// A string's length begins with the reserved byte 0xff.
    #[error("reserved TL string length")]
    ReservedLength,
    /// A `string` is not UTF-8.
    #[error("TL string that is not UTF-8")]
    InvalidUtf8,
    /// A vector claims more items than the rest of the input could hold.
    #[error("TL vector of {count} items is longer than its message")]
    VectorTooLong {
        /// The claimed number of items.
        count: u32,
    },
    /// Values lie deeper in one another than [`MAX_DEPTH`].
    #[error("TL value nested too deep")]
    NestedTooDeep,
    /// Bytes follow where the value should be all.
    #[error("{count} bytes behind the TL value")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}

/// Takes TL values from the front of a slice. Strings and bytes are borrowed from it.
///
/// ```
/// use sansgram_core::tl::Reader;
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
        // What is read may be secret.
        f.debug_struct("Reader")
            .field("position", &self.position())
            .field("remaining", &self.remaining())
            .finish()
    }
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len(), depth: 0 }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// How many bytes have been taken.
    pub fn position(&self) -> usize {
        self.total - self.rest.len()
    }

    /// Takes all bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`].
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }

    /// Takes `length` bytes as they are.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`], as every method that takes something.
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes an unsigned 32-bit number: a constructor id, a flags word or a count.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Takes an `int`.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// Takes an unsigned 64-bit number, such as a key id.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Takes a `long`.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// Takes a `double`.
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_le_bytes)
    }

    /// Takes a `Bool`, which is one of two constructors.
    ///
    /// # Errors
    /// Also [`DecodeError::UnexpectedConstructor`].
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u32()? {
            ids::BOOL_TRUE => Ok(true),
            ids::BOOL_FALSE => Ok(false),
            found => Err(DecodeError::UnexpectedConstructor { found }),
        }
    }

    /// Takes an `int128`, as its 16 bytes on the wire.
    pub fn int128(&mut self) -> Result<[u8; 16], DecodeError> {
        self.array()
    }

    /// Takes an `int256`, as its 32 bytes on the wire.
    pub fn int256(&mut self) -> Result<[u8; 32], DecodeError> {
        self.array()
    }

    /// Takes `bytes` and their padding, whose content is not looked at. A short value behind the long form's length
    /// is accepted, as it has only one meaning.
    ///
    /// # Errors
    /// Also [`DecodeError::ReservedLength`].
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.rest.first() {
            None => Err(DecodeError::UnexpectedEnd),
            Some(0xff) => Err(DecodeError::ReservedLength),
            Some(0xfe) => {
                // The length is the three bytes behind the mark.
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

    /// Takes a `string`.
    ///
    /// # Errors
    /// Also [`DecodeError::ReservedLength`] and [`DecodeError::InvalidUtf8`].
    pub fn string(&mut self) -> Result<&'a str, DecodeError> {
        core::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::InvalidUtf8)
    }

    /// Reads an unsigned 32-bit number, such as a constructor id, without taking it.
    pub fn peek_u32(&self) -> Result<u32, DecodeError> {
        self.clone().u32()
    }

    /// Takes a constructor id that can only be `id`.
    ///
    /// # Errors
    /// Also [`DecodeError::UnexpectedConstructor`].
    pub fn expect(&mut self, id: u32) -> Result<(), DecodeError> {
        match self.u32()? {
            found if found == id => Ok(()),
            found => Err(DecodeError::UnexpectedConstructor { found }),
        }
    }

    /// Takes a `Vector`: its id, the number of items, and each item by `item`.
    ///
    /// # Errors
    /// Also [`DecodeError::UnexpectedConstructor`], [`DecodeError::VectorTooLong`] and what `item` refuses.
    pub fn vector<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.expect(ids::VECTOR)?;
        self.bare_vector(item)
    }

    /// Takes a bare `vector`, which has no id of its own. An item must take at least four bytes, as every TL value
    /// does that is not empty.
    ///
    /// # Errors
    /// As [`vector`](Self::vector).
    pub fn bare_vector<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()?;
        let length = count as usize;
        if length > self.remaining() / 4 {
            return Err(DecodeError::VectorTooLong { count });
        }
        // The claimed length alone never reserves more memory than there is input.
        let mut items = Vec::with_capacity(length.min(self.remaining() / size_of::<T>().max(1)));
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Runs `inner` one level deeper. Every reader of a type that may hold itself goes through here.
    ///
    /// # Errors
    /// [`DecodeError::NestedTooDeep`], and what `inner` refuses.
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

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }
}
