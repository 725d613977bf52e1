//! What can be written and read as TL.

use alloc::vec::Vec;

use super::{DecodeError, Reader};

/// Something that can be written as TL.
pub trait Serialize {
    /// Appends the value to `out`.
    fn serialize(&self, out: &mut Vec<u8>);

    /// The value's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.serialize(&mut out);
        out
    }
}

/// Something that can be read from TL.
pub trait Deserialize: Sized {
    /// Takes one value from the front of `reader`.
    ///
    /// # Errors
    /// The bytes are not such a value, see [`DecodeError`]; the reader's position is then unspecified.
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads a value that is all of `bytes`. To accept bytes behind it, use a [`Reader`].
    ///
    /// # Errors
    /// As [`deserialize`](Self::deserialize), and [`DecodeError::TrailingBytes`].
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

/// A remote call. Its serialisation begins with its id.
pub trait Function: Serialize {
    /// What the server answers.
    type Reply: Deserialize;
}
