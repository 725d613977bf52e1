//! What is wrong with JSON or with the text of a schema.

use std::fmt;

/// The text of a schema cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the schema: {reason}")]
pub struct SchemaError {
    line: usize,
    reason: &'static str,
}

impl SchemaError {
    pub(crate) const fn new(line: usize, reason: &'static str) -> Self {
        Self { line, reason }
    }
}

/// JSON does not fit the schema. `Display` is one sentence that begins with the path of the field, such as
/// `peer.user_id: a whole number is expected, "abc" was given`. A value that was given is shown only if a number or a
/// Boolean value is expected, since others may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    path: String,
    reason: EncodeReason,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeReason {
    /// The value is not of the field's type.
    #[error("{expected} is expected, {given} was given")]
    Mismatch {
        /// What the schema has.
        expected: Expected,
        /// The kind of the value, or a short value itself.
        given: String,
    },
    /// A field without a flag is missing.
    #[error("{ty} is missing")]
    Missing {
        /// Its type in the schema.
        ty: String,
    },
    /// An object is missing whose flag another field has set.
    #[error("{ty} is missing, which is sent together with {with}")]
    MissingWith {
        /// Its type in the schema.
        ty: String,
        /// The field that was given.
        with: String,
    },
    /// The constructor or function has no such field.
    #[error("{owner} has no such field{}", suggestion("; it has", .nearest))]
    UnknownField {
        /// The constructor or function.
        owner: String,
        /// The nearest names of fields, or all if there are few.
        nearest: Vec<String>,
    },
    /// The type has several constructors, and `"_"` names none.
    #[error("\"_\" must name a constructor of {ty}{}", suggestion(", such as", .nearest))]
    NoConstructor {
        /// The type.
        ty: String,
        /// Constructors of the type.
        nearest: Vec<String>,
    },
    /// The schema has no such constructor.
    #[error("there is no constructor {name}{}", question(.nearest))]
    UnknownConstructor {
        /// The name that was given.
        name: String,
        /// The nearest names of constructors of the type.
        nearest: Vec<String>,
    },
    /// The constructor belongs to another type.
    #[error("{name} is of the type {ty}; {expected} is expected{}", suggestion(", such as", .nearest))]
    OtherType {
        /// The name that was given.
        name: String,
        /// Its type.
        ty: String,
        /// The type of the field.
        expected: String,
        /// Constructors of that type.
        nearest: Vec<String>,
    },
    /// The schema has no such function.
    #[error("there is no method {name}{}", question(.nearest))]
    UnknownFunction {
        /// The name that was given.
        name: String,
        /// The nearest names of functions.
        nearest: Vec<String>,
    },
    /// The arguments of a function name another function.
    #[error("\"_\" names {found}, but the method is {name}")]
    OtherFunction {
        /// The name in the arguments.
        found: String,
        /// The function that is called.
        name: String,
    },
    /// Values are nested deeper than [`MAX_DEPTH`](sansgram_tl::MAX_DEPTH).
    #[error("the values are nested too deep")]
    TooDeep,
    /// A string or byte string has 16 MiB or more, or a vector more items than TL can count.
    #[error("the value is too long")]
    TooLong,
}

/// What the schema has in place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Expected {
    /// A `long`.
    #[error("a whole number")]
    Long,
    /// An `int`.
    #[error("a whole number from -2147483648 to 2147483647")]
    Int,
    /// A `double`.
    #[error("a number")]
    Double,
    /// A `Bool`, or a flag without a value.
    #[error("true or false")]
    Bool,
    /// A `string`.
    #[error("a string")]
    String,
    /// `bytes`.
    #[error("a string in base64")]
    Bytes,
    /// `int128` or `int256`.
    #[error("a string in base64 of {0} bytes")]
    Fixed(usize),
    /// A vector.
    #[error("an array")]
    Array,
    /// Any other type.
    #[error("an object")]
    Object,
}

impl EncodeError {
    pub(crate) const fn new(reason: EncodeReason) -> Self {
        Self { path: String::new(), reason }
    }

    /// Returns the path of the field, such as `id[0].user_id`; empty if the error is about the whole value.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn reason(&self) -> &EncodeReason {
        &self.reason
    }

    /// Puts the name of a field before the path.
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }

    /// Puts the index of an item before the path.
    pub(crate) fn in_item(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => self.reason.fmt(f),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

impl std::error::Error for EncodeError {}

fn suggestion(words: &str, names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("{words} {}", names.join(", ")),
    }
}

fn question(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}
