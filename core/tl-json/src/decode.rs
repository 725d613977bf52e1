//! TL to JSON.

use base64ct::{Base64, Encoding};
use sansgram_tl::{DecodeError, MAX_DEPTH, Reader};

use crate::encode::{NAME, VECTOR};
use crate::schema::{Definition, FieldKind, Schema, Type};

impl Schema<'_> {
    /// Decodes a value of the type `ty` that fills all of `bytes`, as one line of JSON.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the bytes are not such a value.
    pub fn decode(&self, ty: &Type<'_>, bytes: &[u8]) -> Result<String, DecodeError> {
        self.decode_with(bytes, |decoder| decoder.value(ty))
    }

    /// Decodes an object of any type, or a call of any function, by the id at its beginning.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the bytes are no object of the schema.
    pub fn decode_object(&self, bytes: &[u8]) -> Result<String, DecodeError> {
        self.decode_with(bytes, |decoder| decoder.object(|_| true))
    }

    fn decode_with(
        &self,
        bytes: &[u8],
        read: impl FnOnce(&mut Decoder<'_, '_>) -> Result<(), DecodeError>,
    ) -> Result<String, DecodeError> {
        let mut decoder = Decoder { schema: self, reader: Reader::new(bytes), out: String::new(), depth: 0 };
        read(&mut decoder)?;
        decoder.reader.finish()?;
        Ok(decoder.out)
    }
}

struct Decoder<'s, 'b> {
    schema: &'s Schema<'s>,
    reader: Reader<'b>,
    out: String,
    depth: u8,
}

impl<'s> Decoder<'s, '_> {
    fn value(&mut self, ty: &Type<'_>) -> Result<(), DecodeError> {
        match ty {
            Type::Int => self.out += &self.reader.i32()?.to_string(),
            Type::Long => {
                self.out.push('"');
                self.out += &self.reader.i64()?.to_string();
                self.out.push('"');
            }
            Type::Double => {
                let number = self.reader.f64()?;
                self.out += &match number {
                    number if number.is_nan() => "\"NaN\"".to_owned(),
                    f64::INFINITY => "\"Infinity\"".to_owned(),
                    f64::NEG_INFINITY => "\"-Infinity\"".to_owned(),
                    // The shortest text that is read as the same number.
                    number => format!("{number:?}"),
                };
            }
            Type::Bool => self.out += if self.reader.bool()? { "true" } else { "false" },
            Type::String => {
                let text = self.reader.string()?;
                self.string(text);
            }
            Type::Bytes => {
                let bytes = self.reader.bytes()?;
                self.base64(bytes);
            }
            Type::Int128 => {
                let bytes = self.reader.int128()?;
                self.base64(&bytes);
            }
            Type::Int256 => {
                let bytes = self.reader.int256()?;
                self.base64(&bytes);
            }
            Type::Vector(item) => {
                self.reader.expect(VECTOR)?;
                self.items(item)?;
            }
            Type::BareVector(item) => self.items(item)?,
            Type::Boxed(name) => {
                self.object(|found| !found.is_function && found.result == Type::Boxed(name))?;
            }
            Type::Bare(name) => match self.schema.constructor(name) {
                Some(constructor) => self.fields(constructor)?,
                // The schema that the type belongs to was checked when it was read.
                None => return Err(DecodeError::UnexpectedConstructor { found: 0 }),
            },
            Type::Query => self.object(|found| found.is_function)?,
        }
        Ok(())
    }

    /// Reads an id, and the fields of its constructor or function if `is_expected`.
    fn object(&mut self, is_expected: impl FnOnce(&Definition<'_>) -> bool) -> Result<(), DecodeError> {
        let found = self.reader.u32()?;
        match self.schema.by_id(found) {
            Some(definition) if is_expected(definition) => self.fields(definition),
            _ => Err(DecodeError::UnexpectedConstructor { found }),
        }
    }

    fn fields(&mut self, definition: &'s Definition<'s>) -> Result<(), DecodeError> {
        if self.depth == MAX_DEPTH {
            return Err(DecodeError::NestedTooDeep);
        }
        self.depth += 1;
        self.out += "{\"";
        self.out += NAME;
        self.out += "\":\"";
        self.out += definition.name;
        self.out.push('"');
        // At most two words in any definition.
        let mut words: Vec<(&str, u32)> = Vec::new();
        for field in &definition.fields {
            let is_set =
                |word: &str, bit: u8| words.iter().any(|(name, bits)| *name == word && bits & 1 << bit != 0);
            match &field.kind {
                FieldKind::Flags => words.push((field.name, self.reader.u32()?)),
                FieldKind::Mark { flags, bit } if is_set(flags, *bit) => {
                    self.key(field.name);
                    self.out += "true";
                }
                FieldKind::Optional { flags, bit, ty } if is_set(flags, *bit) => {
                    self.key(field.name);
                    self.value(ty)?;
                }
                FieldKind::Mark { .. } | FieldKind::Optional { .. } => {}
                FieldKind::Required(ty) => {
                    self.key(field.name);
                    self.value(ty)?;
                }
            }
        }
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }

    fn items(&mut self, ty: &Type<'_>) -> Result<(), DecodeError> {
        let count = self.reader.u32()?;
        // An item has at least four bytes, as in `Reader::bare_vector`.
        if count as usize > self.reader.remaining() / 4 {
            return Err(DecodeError::VectorTooLong { count });
        }
        self.out.push('[');
        for index in 0..count {
            if index > 0 {
                self.out.push(',');
            }
            self.value(ty)?;
        }
        self.out.push(']');
        Ok(())
    }

    fn key(&mut self, name: &str) {
        self.out += ",\"";
        self.out += name;
        self.out += "\":";
    }

    fn string(&mut self, text: &str) {
        // The `Display` of a value is compact JSON, which cannot fail.
        self.out += &serde_json::Value::from(text).to_string();
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.out.push('"');
        self.out += &Base64::encode_string(bytes);
        self.out.push('"');
    }
}
