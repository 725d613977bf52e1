//! Generates the enum of a type's constructors.

use crate::model::Model;
use crate::names;
use crate::schema::Definition;

/// Generates the enum, whose encoding starts with the constructor id.
pub fn boxed_type(model: &Model, name: &str, constructors: &[&Definition]) -> String {
    let rust_name = names::type_name(name);
    let all_empty = constructors.iter().all(|constructor| is_empty(constructor));
    let derives = if all_empty { "Clone, Copy, Debug, PartialEq, Eq" } else { "Clone, Debug, PartialEq" };
    let is_api = constructors.iter().all(|constructor| constructor.is_api);
    let mut out = format!("/// `{name}`\n{}", names::page(is_api, "type", name));
    out += &format!("#[derive({derives})]\npub enum {rust_name} {{\n");
    for constructor in constructors {
        out += &format!(
            "    /// `{}`\n    {}",
            constructor.name,
            names::variant_name(&rust_name, &constructor.name)
        );
        out += &match (is_empty(constructor), model.is_boxed_variant(constructor)) {
            (true, _) => ",\n".to_owned(),
            (false, true) => format!("(Box<{}>),\n", struct_path(constructor)),
            (false, false) => format!("({}),\n", struct_path(constructor)),
        };
    }
    out += "}\n";
    out += &serialize(&rust_name, constructors);
    out += &deserialize(model, &rust_name, constructors);
    for constructor in constructors {
        out += &from_impl(model, &rust_name, constructor);
    }
    out
}

fn serialize(rust_name: &str, constructors: &[&Definition]) -> String {
    let mut out = format!(
        "impl Serialize for {rust_name} {{\n    #[inline]\n    fn serialize(&self, out: &mut Vec<u8>) {{\n        match self {{\n"
    );
    for constructor in constructors {
        let variant = names::variant_name(rust_name, &constructor.name);
        let id = constructor.id;
        out += &match is_empty(constructor) {
            true => format!("            Self::{variant} => write::u32(out, {id:#010x}),\n"),
            false => format!(
                "            Self::{variant}(value) => {{\n                write::u32(out, {id:#010x});\n                \
                 value.serialize(out);\n            }}\n"
            ),
        };
    }
    out + "        }\n    }\n}\n"
}

fn deserialize(model: &Model, rust_name: &str, constructors: &[&Definition]) -> String {
    let mut out = format!(
        "impl Deserialize for {rust_name} {{\n    \
         #[inline]\n    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n        \
         reader.nested(|reader| match reader.u32()? {{\n"
    );
    for constructor in constructors {
        let variant = names::variant_name(rust_name, &constructor.name);
        let path = struct_path(constructor);
        let boxing = if model.is_boxed_variant(constructor) { ".map(Box::new)" } else { "" };
        out += &match is_empty(constructor) {
            true => format!("            {:#010x} => Ok(Self::{variant}),\n", constructor.id),
            false => format!(
                "            {:#010x} => {path}::deserialize(reader){boxing}.map(Self::{variant}),\n",
                constructor.id
            ),
        };
    }
    out + "            found => Err(DecodeError::UnexpectedConstructor { found }),\n        })\n    }\n}\n"
}

fn from_impl(model: &Model, rust_name: &str, constructor: &Definition) -> String {
    let variant = names::variant_name(rust_name, &constructor.name);
    let path = struct_path(constructor);
    let (argument, value) = match (is_empty(constructor), model.is_boxed_variant(constructor)) {
        (true, _) => ("_", format!("Self::{variant}")),
        (false, true) => ("value", format!("Self::{variant}(Box::new(value))")),
        (false, false) => ("value", format!("Self::{variant}(value)")),
    };
    format!(
        "impl From<{path}> for {rust_name} {{\n    #[inline]\n    fn from({argument}: {path}) -> Self {{ {value} }}\n}}\n"
    )
}

/// Returns whether the constructor's struct has no fields.
fn is_empty(constructor: &Definition) -> bool {
    constructor.fields.is_empty()
}

fn struct_path(constructor: &Definition) -> String {
    names::path("types", &constructor.name)
}
