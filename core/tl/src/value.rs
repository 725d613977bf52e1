//! TL encodings of the built-in types as whole values, for replies such as `Bool` and `Vector<User>`.
//!
//! There is none for `Vec<u8>`: it would be ambiguous between `bytes` and a vector.

use alloc::string::String;
use alloc::vec::Vec;

use super::{DecodeError, Deserialize, Function, Reader, Serialize, write};

impl Serialize for bool {
    fn serialize(&self, out: &mut Vec<u8>) {
        write::bool(out, *self);
    }
}

impl Deserialize for bool {
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.bool()
    }
}

impl Serialize for i32 {
    fn serialize(&self, out: &mut Vec<u8>) {
        write::i32(out, *self);
    }
}

impl Deserialize for i32 {
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.i32()
    }
}

impl Serialize for i64 {
    fn serialize(&self, out: &mut Vec<u8>) {
        write::i64(out, *self);
    }
}

impl Deserialize for i64 {
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.i64()
    }
}

impl Serialize for String {
    fn serialize(&self, out: &mut Vec<u8>) {
        write::string(out, self);
    }
}

impl Deserialize for String {
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.string().map(Self::from)
    }
}

impl<T: Serialize> Serialize for Vec<T> {
    fn serialize(&self, out: &mut Vec<u8>) {
        write::vector(out, self, |out, item| item.serialize(out));
    }
}

impl<T: Deserialize> Deserialize for Vec<T> {
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // Nested vectors count towards the nesting depth like any other value.
        reader.nested(|reader| reader.vector(T::deserialize))
    }
}

impl<T: Serialize + ?Sized> Serialize for &T {
    fn serialize(&self, out: &mut Vec<u8>) {
        (**self).serialize(out);
    }
}

impl<T: Function> Function for &T {
    type Reply = T::Reply;
}
