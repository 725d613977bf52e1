//! JSON to TL.

use base64ct::{Base64, Encoding};
use sansgram_tl::{MAX_DEPTH, write};
use serde_json::{Map, Value};

use crate::error::{EncodeError, EncodeReason, Expected};
use crate::nearest::{nearest, nearest_or_some};
use crate::schema::{Definition, Field, FieldKind, Schema, Type};

/// The key of the name of a constructor or function.
pub(crate) const NAME: &str = "_";

/// The id of `Vector`.
pub(crate) const VECTOR: u32 = 0x1cb5_c415;

/// The length in bytes from which a string cannot be sent.
const TOO_LONG: usize = 1 << 24;

/// The longest given value that an error shows, in characters.
const MAX_SHOWN: usize = 40;

/// An encoded call of a function.
#[derive(Clone, PartialEq, Eq)]
pub struct Request<'s> {
    /// The TL object that is sent.
    pub bytes: Vec<u8>,
    /// The type of the reply: for a wrapper such as `invokeWithLayer`, that of its query.
    pub reply: &'s Type<'s>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The arguments may be secret.
        f.debug_struct("Request")
            .field("length", &self.bytes.len())
            .field("reply", self.reply)
            .finish_non_exhaustive()
    }
}

impl Schema<'_> {
    /// Encodes a call of the function `name` with `arguments`, an object.
    ///
    /// # Errors
    /// Returns [`EncodeError`] if there is no such function or the arguments do not fit it.
    pub fn encode_call(&self, name: &str, arguments: &Value) -> Result<Request<'_>, EncodeError> {
        let function = self.find_function(name)?;
        let fields = object(arguments)?;
        match fields.get(NAME) {
            None => {}
            Some(Value::String(found)) if found == name => {}
            Some(found) => {
                let found = found.as_str().map_or_else(|| kind(found).to_owned(), short);
                let name = name.to_owned();
                return Err(EncodeError::new(EncodeReason::OtherFunction { found, name }));
            }
        }
        let mut encoder = Encoder { schema: self, out: Vec::new(), depth: 0, reply: &Type::Query };
        encoder.nested(|encoder| encoder.call(function, fields))?;
        Ok(Request { bytes: encoder.out, reply: encoder.reply })
    }

    /// Encodes a value of the type `ty`.
    ///
    /// # Errors
    /// Returns [`EncodeError`] if the value does not fit the type.
    pub fn encode(&self, ty: &Type<'_>, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let mut encoder = Encoder { schema: self, out: Vec::new(), depth: 0, reply: &Type::Query };
        encoder.value(ty, value)?;
        Ok(encoder.out)
    }

    /// Returns the function of this name, or else the constructor.
    ///
    /// # Errors
    /// Returns [`EncodeError`] with the nearest names if there is neither.
    pub fn definition(&self, name: &str) -> Result<&Definition<'_>, EncodeError> {
        self.function(name).or_else(|| self.constructor(name)).ok_or_else(|| {
            let nearest = nearest(name, self.functions.keys().chain(self.constructors.keys()).copied());
            EncodeError::new(EncodeReason::UnknownFunction { name: short(name), nearest })
        })
    }

    /// Returns the function of this name.
    ///
    /// # Errors
    /// Returns [`EncodeError`] with the nearest names if there is none.
    pub fn find_function(&self, name: &str) -> Result<&Definition<'_>, EncodeError> {
        self.function(name).ok_or_else(|| {
            let nearest = nearest(name, self.functions.keys().copied());
            EncodeError::new(EncodeReason::UnknownFunction { name: short(name), nearest })
        })
    }
}

struct Encoder<'s> {
    schema: &'s Schema<'s>,
    out: Vec<u8>,
    depth: u8,
    reply: &'s Type<'s>,
}

impl<'s> Encoder<'s> {
    fn call(&mut self, function: &'s Definition<'s>, fields: &Map<String, Value>) -> Result<(), EncodeError> {
        write::u32(&mut self.out, function.id);
        // The query of a wrapper sets its own.
        if function.result != Type::Query {
            self.reply = &function.result;
        }
        self.fields(function, fields)
    }

    fn value(&mut self, ty: &Type<'_>, value: &Value) -> Result<(), EncodeError> {
        let out = &mut self.out;
        match ty {
            Type::Int => {
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
                write::i32(out, number.ok_or_else(|| with_value(Expected::Int, value))?);
            }
            Type::Long => {
                let number = match value {
                    Value::String(digits) => digits.parse().ok(),
                    value => value.as_i64(),
                };
                write::i64(out, number.ok_or_else(|| with_value(Expected::Long, value))?);
            }
            Type::Double => {
                write::f64(out, double(value).ok_or_else(|| with_value(Expected::Double, value))?);
            }
            Type::Bool => {
                write::bool(out, value.as_bool().ok_or_else(|| with_value(Expected::Bool, value))?);
            }
            Type::String => {
                let text = value.as_str().ok_or_else(|| mismatch(Expected::String, value))?;
                write::string(out, limited(text)?);
            }
            Type::Bytes => write::bytes(out, limited(&base64(Expected::Bytes, value)?)?),
            Type::Int128 => self.fixed(16, value)?,
            Type::Int256 => self.fixed(32, value)?,
            Type::Vector(item) => {
                write::u32(out, VECTOR);
                self.items(item, value)?;
            }
            Type::BareVector(item) => self.items(item, value)?,
            Type::Boxed(name) => {
                let fields = object(value)?;
                let constructor = self.constructor(name, fields)?;
                write::u32(&mut self.out, constructor.id);
                self.nested(|encoder| encoder.fields(constructor, fields))?;
            }
            Type::Bare(name) => {
                let Some(constructor) = self.schema.constructor(name) else {
                    return Err(self.unknown(name, name));
                };
                let fields = object(value)?;
                match fields.get(NAME) {
                    None => {}
                    Some(Value::String(found)) if found == name => {}
                    Some(found) => return Err(self.unknown(found.as_str().unwrap_or_default(), name)),
                }
                self.nested(|encoder| encoder.fields(constructor, fields))?;
            }
            Type::Query => {
                let fields = object(value)?;
                let name = fields.get(NAME).and_then(Value::as_str);
                let function = self.schema.find_function(name.unwrap_or_default())?;
                self.nested(|encoder| encoder.call(function, fields))?;
            }
        }
        Ok(())
    }

    fn fields(&mut self, owner: &'s Definition<'s>, fields: &Map<String, Value>) -> Result<(), EncodeError> {
        let is_known = |name: &str| {
            name == NAME
                || owner
                    .fields
                    .iter()
                    .any(|field| field.name == name && !matches!(field.kind, FieldKind::Flags))
        };
        if let Some(unknown) = fields.keys().find(|name| !is_known(name)) {
            let names = owner
                .fields
                .iter()
                .filter(|field| !matches!(field.kind, FieldKind::Flags))
                .map(|field| field.name);
            let nearest = nearest_or_some(unknown, names);
            let reason = EncodeReason::UnknownField { owner: owner.name.to_owned(), nearest };
            return Err(EncodeError::new(reason).in_field(&short(unknown)));
        }
        for field in &owner.fields {
            self.field(owner, field, fields).map_err(|error| error.in_field(field.name))?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        owner: &'s Definition<'s>,
        field: &'s Field<'s>,
        fields: &Map<String, Value>,
    ) -> Result<(), EncodeError> {
        let given = fields.get(field.name).filter(|value| !value.is_null());
        match &field.kind {
            FieldKind::Flags => {
                let bits = (0..32).filter(|bit| setter(owner, field.name, *bit, fields).is_some());
                let word = bits.fold(0, |word, bit| word | 1 << bit);
                write::u32(&mut self.out, word);
                Ok(())
            }
            FieldKind::Mark { .. } => match given {
                None | Some(Value::Bool(_)) => Ok(()),
                Some(other) => Err(with_value(Expected::Bool, other)),
            },
            FieldKind::Required(ty) => match given {
                Some(value) => self.value(ty, value),
                None => Err(EncodeError::new(EncodeReason::Missing { ty: ty.to_string() })),
            },
            FieldKind::Optional { flags, bit, ty } => match (given, setter(owner, flags, *bit, fields)) {
                (Some(value), _) => self.value(ty, value),
                (None, None) => Ok(()),
                (None, Some(with)) => match ty.empty() {
                    Some(value) => self.value(ty, &value),
                    None => {
                        let with = with.name.to_owned();
                        Err(EncodeError::new(EncodeReason::MissingWith { ty: ty.to_string(), with }))
                    }
                },
            },
        }
    }

    fn items(&mut self, ty: &Type<'_>, value: &Value) -> Result<(), EncodeError> {
        let items = value.as_array().ok_or_else(|| mismatch(Expected::Array, value))?;
        let count = u32::try_from(items.len()).map_err(|_| EncodeError::new(EncodeReason::TooLong))?;
        write::u32(&mut self.out, count);
        let mut items = items.iter().enumerate();
        items.try_for_each(|(index, item)| self.value(ty, item).map_err(|error| error.in_item(index)))
    }

    fn fixed(&mut self, length: usize, value: &Value) -> Result<(), EncodeError> {
        let bytes = base64(Expected::Fixed(length), value)?;
        if bytes.len() != length {
            return Err(mismatch(Expected::Fixed(length), value));
        }
        self.out.extend_from_slice(&bytes);
        Ok(())
    }

    fn constructor(&self, ty: &str, fields: &Map<String, Value>) -> Result<&'s Definition<'s>, EncodeError> {
        let schema: &'s Schema<'s> = self.schema;
        let mut constructors = schema.constructors_of(ty);
        match (fields.get(NAME), constructors.next(), constructors.next()) {
            (None, Some(only), None) => Ok(only),
            (Some(Value::String(name)), ..) => match schema.constructor(name) {
                Some(constructor) if constructor.result == Type::Boxed(ty) => Ok(constructor),
                _ => Err(self.unknown(name, ty)),
            },
            _ => {
                let nearest = nearest_or_some(
                    "",
                    schema.constructors_of(ty).map(|it| it.name).collect::<Vec<_>>().into_iter(),
                );
                Err(EncodeError::new(EncodeReason::NoConstructor { ty: ty.to_owned(), nearest }))
            }
        }
    }

    fn unknown(&self, name: &str, ty: &str) -> EncodeError {
        let names: Vec<&str> = self.schema.constructors_of(ty).map(|it| it.name).collect();
        let nearest = nearest_or_some(name, names.into_iter());
        EncodeError::new(match self.schema.constructor(name) {
            Some(other) => EncodeReason::OtherType {
                name: short(name),
                ty: other.result.to_string(),
                expected: ty.to_owned(),
                nearest,
            },
            None => EncodeReason::UnknownConstructor { name: short(name), nearest },
        })
    }

    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if self.depth == MAX_DEPTH {
            return Err(EncodeError::new(EncodeReason::TooDeep));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
}

/// Returns the field that sets this bit of a flags word, if one was given.
fn setter<'s>(
    owner: &'s Definition<'s>,
    word: &'s str,
    bit: u8,
    fields: &Map<String, Value>,
) -> Option<&'s Field<'s>> {
    owner.group(word, bit).find(|field| match fields.get(field.name) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_set)) if matches!(field.kind, FieldKind::Mark { .. }) => *is_set,
        Some(_) => true,
    })
}

fn object(value: &Value) -> Result<&Map<String, Value>, EncodeError> {
    value.as_object().ok_or_else(|| mismatch(Expected::Object, value))
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        value => value.as_f64(),
    }
}

fn base64(expected: Expected, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let text = value.as_str().ok_or_else(|| mismatch(expected, value))?;
    Base64::decode_vec(text).map_err(|_| mismatch(expected, value))
}

fn limited<T: AsRef<[u8]> + ?Sized>(value: &T) -> Result<&T, EncodeError> {
    if value.as_ref().len() < TOO_LONG { Ok(value) } else { Err(EncodeError::new(EncodeReason::TooLong)) }
}

fn mismatch(expected: Expected, given: &Value) -> EncodeError {
    EncodeError::new(EncodeReason::Mismatch { expected, given: kind(given).to_owned() })
}

/// Like [`mismatch`], and shows a short value.
fn with_value(expected: Expected, given: &Value) -> EncodeError {
    let shown = match given {
        Value::Object(_) | Value::Array(_) => String::new(),
        given => given.to_string(),
    };
    match shown.chars().count() {
        1..=MAX_SHOWN => EncodeError::new(EncodeReason::Mismatch { expected, given: shown }),
        _ => mismatch(expected, given),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Boolean value",
        Value::Number(_) => "a number",
        Value::String(_) => "another string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Returns a name that was given, shortened.
fn short(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}
