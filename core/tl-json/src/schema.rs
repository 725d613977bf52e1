//! The definitions of a schema and how they are found.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use base64ct::{Base64, Encoding};
use serde_json::Value;

/// A TL schema: its constructors and functions by name, by id and by type.
#[derive(Debug)]
pub struct Schema<'t> {
    pub(crate) layer: i32,
    pub(crate) definitions: Vec<Definition<'t>>,
    /// Indices by name; a constructor and a function may have the same name.
    pub(crate) constructors: BTreeMap<&'t str, usize>,
    pub(crate) functions: BTreeMap<&'t str, usize>,
    pub(crate) by_id: BTreeMap<u32, usize>,
    pub(crate) types: BTreeMap<&'t str, Vec<usize>>,
    /// How deep the shallowest value of each constructor nests, by its id; computed when it is first needed.
    pub(crate) depths: OnceLock<BTreeMap<u32, usize>>,
}

/// A constructor or a function.
#[derive(Debug)]
pub struct Definition<'t> {
    /// The name in the schema, such as `messages.sendMessage`.
    pub name: &'t str,
    /// The id with which the encoding starts.
    pub id: u32,
    /// The fields in the order of the encoding.
    pub fields: Vec<Field<'t>>,
    /// The type of the constructor, or of the function's result.
    pub result: Type<'t>,
    /// Whether it is a function.
    pub is_function: bool,
    /// The line in the schema.
    pub line: &'t str,
}

/// A field of a constructor, or an argument of a function.
#[derive(Debug)]
pub struct Field<'t> {
    /// The name in the schema.
    pub name: &'t str,
    /// When and how it is encoded.
    pub kind: FieldKind<'t>,
}

/// When and how a field is encoded.
#[derive(Debug)]
pub enum FieldKind<'t> {
    /// `flags:#`: a word of flags, which JSON does not contain.
    Flags,
    /// `id:long`: always there.
    Required(Type<'t>),
    /// `reply_to:flags.0?InputReplyTo`: there if the bit of the word is set.
    Optional {
        /// The name of the flags word.
        flags: &'t str,
        /// The number of the bit, from 0 to 31.
        bit: u8,
        /// The type of the value.
        ty: Type<'t>,
    },
    /// `silent:flags.5?true`: the bit alone.
    Mark {
        /// The name of the flags word.
        flags: &'t str,
        /// The number of the bit, from 0 to 31.
        bit: u8,
    },
}

/// A type expression. `Display` writes it as the schema does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type<'t> {
    /// `int`: 32 bits.
    Int,
    /// `long`: 64 bits.
    Long,
    /// `double`: 64 bits.
    Double,
    /// `Bool`
    Bool,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `int128`: 16 bytes.
    Int128,
    /// `int256`: 32 bytes.
    Int256,
    /// A type by its name; the encoding starts with the id of a constructor.
    Boxed(&'t str),
    /// The constructor of this name without its id.
    Bare(&'t str),
    /// `Vector<T>`
    Vector(Box<Self>),
    /// `vector<T>`: a vector without an id.
    BareVector(Box<Self>),
    /// `!X`: a function; as a result `X`, the result of that function.
    Query,
}

impl Schema<'static> {
    /// Returns the schema of Telegram's API, layer 230.
    ///
    /// It is read when it is first used, which takes a few milliseconds.
    #[must_use]
    pub fn telegram() -> &'static Self {
        static TELEGRAM: LazyLock<Schema<'static>> = LazyLock::new(|| {
            Schema::parse(sansgram_tl::API_SCHEMA).unwrap_or_else(|error| unreachable!("{error}"))
        });
        &TELEGRAM
    }
}

impl<'t> Schema<'t> {
    /// Returns the number in the first line, `// LAYER 230`.
    #[must_use]
    pub const fn layer(&self) -> i32 {
        self.layer
    }

    /// Returns all constructors and functions in the order of the schema.
    #[must_use]
    pub fn definitions(&self) -> &[Definition<'t>] {
        &self.definitions
    }

    /// Returns the function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Definition<'t>> {
        self.functions.get(name).map(|index| &self.definitions[*index])
    }

    /// Returns the constructor of this name.
    #[must_use]
    pub fn constructor(&self, name: &str) -> Option<&Definition<'t>> {
        self.constructors.get(name).map(|index| &self.definitions[*index])
    }

    /// Returns the constructor or function with this id.
    #[must_use]
    pub fn by_id(&self, id: u32) -> Option<&Definition<'t>> {
        self.by_id.get(&id).map(|index| &self.definitions[*index])
    }

    /// Returns the constructors of a type, in the order of the schema. There are none if the schema has no such type.
    pub fn constructors_of(&self, ty: &str) -> impl Iterator<Item = &Definition<'t>> {
        self.types.get(ty).into_iter().flatten().map(|index| &self.definitions[*index])
    }
}

impl<'t> Definition<'t> {
    /// Returns the fields that share a bit of a flags word.
    pub(crate) fn group<'a>(&'a self, word: &'a str, of: u8) -> impl Iterator<Item = &'a Field<'t>> {
        self.fields.iter().filter(move |field| match &field.kind {
            FieldKind::Optional { flags, bit, .. } | FieldKind::Mark { flags, bit } => {
                *flags == word && *bit == of
            }
            FieldKind::Flags | FieldKind::Required(_) => false,
        })
    }
}

impl Type<'_> {
    /// Returns the JSON of the value that is zero or empty, if the type has one.
    pub(crate) fn empty(&self) -> Option<Value> {
        Some(match self {
            Self::Int => 0.into(),
            Self::Long => "0".into(),
            Self::Double => 0.0.into(),
            Self::Bool => false.into(),
            Self::String | Self::Bytes => "".into(),
            Self::Int128 => Base64::encode_string(&[0; 16]).into(),
            Self::Int256 => Base64::encode_string(&[0; 32]).into(),
            Self::Vector(_) | Self::BareVector(_) => Value::Array(Vec::new()),
            Self::Boxed(_) | Self::Bare(_) | Self::Query => return None,
        })
    }
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int => f.write_str("int"),
            Self::Long => f.write_str("long"),
            Self::Double => f.write_str("double"),
            Self::Bool => f.write_str("Bool"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Int128 => f.write_str("int128"),
            Self::Int256 => f.write_str("int256"),
            Self::Boxed(name) | Self::Bare(name) => f.write_str(name),
            Self::Vector(item) => write!(f, "Vector<{item}>"),
            Self::BareVector(item) => write!(f, "vector<{item}>"),
            Self::Query => f.write_str("X"),
        }
    }
}
