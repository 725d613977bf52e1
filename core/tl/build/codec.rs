//! Generates the Rust code that reads, writes and names one TL type.

use crate::names;
use crate::schema::Type;

/// Returns the Rust type of a value.
pub fn rust_type(ty: &Type) -> String {
    match ty {
        Type::Int => "i32".to_owned(),
        Type::Long => "i64".to_owned(),
        Type::Double => "f64".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::String => "String".to_owned(),
        Type::Bytes => "Vec<u8>".to_owned(),
        Type::Int128 => "[u8; 16]".to_owned(),
        Type::Int256 => "[u8; 32]".to_owned(),
        Type::Boxed(name) => names::path("enums", name),
        Type::Bare(name) => names::path("types", name),
        Type::Vector(item) | Type::BareVector(item) => format!("Vec<{}>", rust_type(item)),
        Type::Query => "Q".to_owned(),
    }
}

/// Returns whether values are passed by copy.
pub fn is_copy(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Long | Type::Double | Type::Bool)
}

/// Returns an expression of type `Result<T, DecodeError>` that reads the value from `reader`.
pub fn read(ty: &Type) -> String {
    match ty {
        Type::Int => "reader.i32()".to_owned(),
        Type::Long => "reader.i64()".to_owned(),
        Type::Double => "reader.f64()".to_owned(),
        Type::Bool => "reader.bool()".to_owned(),
        Type::String => "reader.string().map(String::from)".to_owned(),
        Type::Bytes => "reader.bytes().map(Vec::from)".to_owned(),
        Type::Int128 => "reader.int128()".to_owned(),
        Type::Int256 => "reader.int256()".to_owned(),
        Type::Boxed(_) | Type::Bare(_) | Type::Query => format!("{}::deserialize(reader)", rust_type(ty)),
        Type::Vector(item) => format!("reader.vector(|reader| {})", read(item)),
        Type::BareVector(item) => format!("reader.bare_vector(|reader| {})", read(item)),
    }
}

/// Returns a statement that appends `value` to `out`. `value` is a copy if [`is_copy`], otherwise a reference.
pub fn write(ty: &Type, value: &str) -> String {
    match ty {
        Type::Int => format!("write::i32(out, {value});"),
        Type::Long => format!("write::i64(out, {value});"),
        Type::Double => format!("write::f64(out, {value});"),
        Type::Bool => format!("write::bool(out, {value});"),
        Type::String => format!("write::string(out, {value});"),
        Type::Bytes => format!("write::bytes(out, {value});"),
        Type::Int128 | Type::Int256 => format!("out.extend_from_slice({value});"),
        Type::Boxed(_) | Type::Bare(_) | Type::Query => {
            format!("{}.serialize(out);", value.trim_start_matches('&'))
        }
        Type::Vector(item) => format!("write::vector(out, {value}, |out, item| {{ {} }});", write_item(item)),
        Type::BareVector(item) => {
            format!("write::bare_vector(out, {value}, |out, item| {{ {} }});", write_item(item))
        }
    }
}

fn write_item(item: &Type) -> String {
    write(item, if is_copy(item) { "*item" } else { "item" })
}
