//! The traits of types with a TL encoding.

use alloc::vec::Vec;

use super::{DecodeError, Reader};

/// A type that can be serialized as TL.
pub trait Serialize {
    /// Appends the encoded value to `out`.
    fn serialize(&self, out: &mut Vec<u8>);

    /// Returns the encoded value.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.serialize(&mut out);
        out
    }
}

/// A type that can be deserialized from TL.
pub trait Deserialize: Sized {
    /// Reads one value from the front of `reader`.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the bytes are not such a value. The reader's position is then unspecified.
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads a value that fills all of `bytes`. To accept bytes after it, use a [`Reader`].
    ///
    /// # Errors
    /// Returns the errors of [`deserialize`](Self::deserialize), or [`DecodeError::TrailingBytes`] if bytes are left.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::deserialize(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// One line of the schema: a constructor or a function.
pub trait Constructor {
    /// The constructor id: the CRC32 of the line.
    const ID: u32;
    /// The full name, e.g. `auth.sentCode`.
    const NAME: &'static str;
}

/// A remote procedure call. Its encoding starts with its id.
pub trait Function: Serialize {
    /// The type of the server's reply.
    type Reply: Deserialize;
}
