//! Generates the struct and the codec of one constructor or function.
//!
//! Every generated function is `#[inline]`, so that it is compiled in the crates that use it and not here: a program uses
//! a few of some 2,500 definitions.

use std::collections::BTreeMap;

use crate::model::{self, Model};
use crate::schema::{Definition, Field, FieldKind, Type};
use crate::{codec, names, secrets};

/// Generates the struct of a constructor, with a bare encoding.
pub fn constructor(model: &Model, definition: &Definition) -> String {
    let name = names::type_name(&definition.name);
    let result = codec::rust_type(&definition.result);
    let mut out = declaration(model, definition, None);
    out += &setters(model, definition);
    out += &drop_impl(definition);
    out += &codec_impls(model, definition);
    out += &format!(
        "impl {name} {{\n    /// Wraps the value in its boxed type, whose encoding starts with the constructor id.\n    \
         #[inline]\n    pub fn to_boxed(self) -> {result} {{ {result}::from(self) }}\n}}\n"
    );
    out
}

/// Generates the struct of a function, whose encoding starts with its id. `errors` is a sentence for its documentation.
pub fn function(model: &Model, definition: &Definition, errors: Option<&str>) -> String {
    let name = names::type_name(&definition.name);
    let mut out = declaration(model, definition, errors);
    out += &setters(model, definition);
    out += &drop_impl(definition);
    out += &codec_impls(model, definition);
    out += &match &definition.result {
        Type::Query => {
            format!("impl<Q: Function> Function for {name}<Q> {{\n    type Reply = Q::Reply;\n}}\n")
        }
        result => {
            format!("impl Function for {name} {{\n    type Reply = {};\n}}\n", codec::rust_type(result))
        }
    };
    out
}

fn is_generic(definition: &Definition) -> bool {
    definition.fields.iter().any(|field| matches!(field.kind, FieldKind::Required(Type::Query)))
}

fn declaration(model: &Model, definition: &Definition, errors: Option<&str>) -> String {
    let name = names::type_name(&definition.name);
    let generics = if is_generic(definition) { "<Q>" } else { "" };
    let mut out = format!("/// `{}`\n", definition.line);
    let kind = if definition.is_function { "method" } else { "constructor" };
    out += &names::page(definition.is_api, kind, &definition.name);
    out += &errors.map(|errors| format!("///\n/// {errors}\n")).unwrap_or_default();
    let fields: Vec<_> =
        definition.fields.iter().filter_map(|f| Some((f, member_type(model, definition, f)?))).collect();
    if fields.is_empty() {
        out += "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\n";
        out += &format!("pub struct {name};\n");
    } else {
        let default = if Model::has_default(definition) { ", Default" } else { "" };
        out += &format!("#[derive(Clone{default}, PartialEq)]\npub struct {name}{generics} {{\n");
        for (field, ty) in &fields {
            out += &format!("    /// `{}:{}`\n", field.name, field.text);
            out += &format!("    pub {}: {ty},\n", names::field_name(&field.name));
        }
        out += "}\n";
        out += &debug_impl(definition, &fields.iter().map(|(field, _)| *field).collect::<Vec<_>>());
    }
    out += &format!(
        "impl{generics} Constructor for {name}{generics} {{\n    const ID: u32 = {:#010x};\n    \
         const NAME: &'static str = {:?};\n}}\n",
        definition.id, definition.name
    );
    out
}

/// Returns the type of the struct's field, or `None` for a flags word.
fn member_type(model: &Model, definition: &Definition, field: &Field) -> Option<String> {
    let value = |ty: &Type| match codec::rust_type(ty) {
        text if model.is_recursive(definition, ty) => format!("Box<{text}>"),
        text => text,
    };
    match &field.kind {
        FieldKind::Flags => None,
        FieldKind::Mark { .. } => Some("bool".to_owned()),
        FieldKind::Required(ty) => Some(value(ty)),
        FieldKind::Optional { ty, .. } => Some(format!("Option<{}>", value(ty))),
    }
}

/// Generates `new`, which takes the required fields in the order of the schema, and a `with_…` for each other one.
fn setters(model: &Model, definition: &Definition) -> String {
    let name = names::type_name(&definition.name);
    let generics = if is_generic(definition) { "<Q>" } else { "" };
    let mut arguments = Vec::new();
    let mut members = Vec::new();
    let mut setters = String::new();
    for field in &definition.fields {
        let member = names::field_name(&field.name);
        match &field.kind {
            FieldKind::Flags => {}
            FieldKind::Mark { .. } => {
                members.push(format!("{member}: false"));
                setters += &setter(field, &member, "bool", &member, &member);
            }
            FieldKind::Required(ty) => {
                let (argument, value) = argument(model, definition, ty, &member);
                arguments.push(format!("{member}: {argument}"));
                members.push(format!("{member}: {value}"));
            }
            FieldKind::Optional { ty, .. } => {
                let (argument, value) = argument(model, definition, ty, &member);
                members.push(format!("{member}: None"));
                setters += &setter(field, &member, &argument, &member, &format!("Some({value})"));
            }
        }
    }
    let (arguments, value) = match members.is_empty() {
        true => (String::new(), "Self".to_owned()),
        false => (arguments.join(", "), format!("Self {{ {} }}", members.join(", "))),
    };
    let doc = match (members.is_empty(), arguments.is_empty()) {
        (true, _) => "Returns the value: it has no fields.",
        (false, true) => "Leaves out all optional fields.",
        (false, false) => "Takes the required fields, and leaves out the optional ones.",
    };
    format!(
        "impl{generics} {name}{generics} {{\n    /// {doc}\n    #[inline]\n    \
         pub fn new({arguments}) -> Self {{ {value} }}\n{setters}}}\n"
    )
}

fn setter(field: &Field, argument: &str, ty: &str, member: &str, value: &str) -> String {
    let plain = names::plain_field_name(&field.name);
    format!(
        "    /// Sets `{}:{}`.\n    #[inline]\n    #[must_use]\n    \
         pub fn with_{plain}(mut self, {argument}: {ty}) -> Self {{ self.{member} = {value}; self }}\n",
        field.name, field.text
    )
}

/// Returns the type of an argument for a value, and the expression that converts it to the field's type.
fn argument(model: &Model, definition: &Definition, ty: &Type, name: &str) -> (String, String) {
    let rust = codec::rust_type(ty);
    match ty {
        Type::Boxed(_) if model.is_recursive(definition, ty) => {
            (format!("impl Into<{rust}>"), format!("Box::new({name}.into())"))
        }
        Type::Bare(_) if model.is_recursive(definition, ty) => (rust, format!("Box::new({name})")),
        Type::Boxed(_) | Type::String => (format!("impl Into<{rust}>"), format!("{name}.into()")),
        _ => (rust, name.to_owned()),
    }
}

fn debug_impl(definition: &Definition, fields: &[&Field]) -> String {
    let name = names::type_name(&definition.name);
    let (generics, bound) = if is_generic(definition) { ("<Q>", "<Q: Debug>") } else { ("", "") };
    let mut out = format!(
        "impl{bound} Debug for {name}{generics} {{\n    \
         #[inline]\n    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {{\n        f.debug_struct({name:?})"
    );
    for field in fields {
        let member = names::field_name(&field.name);
        let plain = names::plain_field_name(&field.name);
        let shown = match &field.kind {
            FieldKind::Required(ty) => match secrets::shown(&field.name, ty, &format!("self.{member}")) {
                Some(hidden) => format!("&{hidden}"),
                None => format!("&self.{member}"),
            },
            FieldKind::Optional { ty, .. } => match secrets::shown(&field.name, ty, "value") {
                Some(hidden) => format!("&self.{member}.as_ref().map(|value| {hidden})"),
                None => format!("&self.{member}"),
            },
            FieldKind::Mark { .. } | FieldKind::Flags => format!("&self.{member}"),
        };
        out += &format!("\n            .field({plain:?}, {shown})");
    }
    out += "\n            .finish()\n    }\n}\n";
    out
}

fn drop_impl(definition: &Definition) -> String {
    let wiped: String = secrets::wiped(definition)
        .map(|field| format!("        self.{}.zeroize();\n", names::field_name(&field.name)))
        .collect();
    // `Drop` of a generic type would require its query to outlive it.
    if wiped.is_empty() || is_generic(definition) {
        return String::new();
    }
    let name = names::type_name(&definition.name);
    format!("impl Drop for {name} {{\n    #[inline]\n    fn drop(&mut self) {{\n{wiped}    }}\n}}\n")
}

fn codec_impls(model: &Model, definition: &Definition) -> String {
    let name = names::type_name(&definition.name);
    let (generics, writes, reads) =
        if is_generic(definition) { ("<Q>", "<Q: Serialize>", "<Q: Deserialize>") } else { ("", "", "") };
    let mut out = format!(
        "impl{writes} Serialize for {name}{generics} {{\n    #[inline]\n    fn serialize(&self, out: &mut Vec<u8>) {{\n"
    );
    if definition.is_function {
        out += "        write::u32(out, Self::ID);\n";
    }
    out += &write_body(definition);
    out += "    }\n}\n";
    out += &format!(
        "impl{reads} Deserialize for {name}{generics} {{\n    \
         #[inline]\n    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n"
    );
    if definition.is_function {
        out += "        reader.expect(Self::ID)?;\n";
    }
    out += &read_body(model, definition);
    out += "    }\n}\n";
    out
}

/// The fields that share one bit of one flags word.
#[derive(Default)]
struct Group<'a> {
    marks: Vec<&'a Field>,
    plain: Vec<&'a Field>,
    objects: Vec<&'a Field>,
}

impl Group<'_> {
    fn is_shared(&self) -> bool {
        self.marks.len() + self.plain.len() + self.objects.len() > 1
    }

    /// Returns the condition for the bit. Objects have no empty value, so all of them must be present; otherwise any
    /// field of the group sets the bit.
    fn condition(&self) -> String {
        let is_some = |field: &&Field| format!("self.{}.is_some()", names::field_name(&field.name));
        if !self.objects.is_empty() {
            return self.objects.iter().map(is_some).collect::<Vec<_>>().join(" && ");
        }
        let marks = self.marks.iter().map(|field| format!("self.{}", names::field_name(&field.name)));
        marks.chain(self.plain.iter().map(is_some)).collect::<Vec<_>>().join(" || ")
    }
}

fn groups(definition: &Definition) -> BTreeMap<(&str, u8), Group<'_>> {
    let mut groups: BTreeMap<(&str, u8), Group<'_>> = BTreeMap::new();
    for field in &definition.fields {
        match &field.kind {
            FieldKind::Mark { flags, bit } => groups.entry((flags, *bit)).or_default().marks.push(field),
            FieldKind::Optional { flags, bit, ty } => {
                let group = groups.entry((flags, *bit)).or_default();
                if model::is_plain(ty) { group.plain.push(field) } else { group.objects.push(field) }
            }
            FieldKind::Flags | FieldKind::Required(_) => {}
        }
    }
    groups
}

fn write_body(definition: &Definition) -> String {
    let groups = groups(definition);
    let mut out = String::new();
    for field in &definition.fields {
        let member = names::field_name(&field.name);
        match &field.kind {
            FieldKind::Flags => {
                let word = &member;
                let known = || groups.iter().filter(|((flags, _), _)| flags == &field.name.as_str());
                let keyword = if known().next().is_some() { "let mut" } else { "let" };
                out += &format!("        {keyword} {word} = 0u32;\n");
                for ((_, bit), group) in known() {
                    out += &format!("        if {} {{ {word} |= 1 << {bit}; }}\n", group.condition());
                }
                out += &format!("        write::u32(out, {word});\n");
            }
            FieldKind::Mark { .. } => {}
            FieldKind::Required(ty) => {
                let borrow = if codec::is_copy(ty) { "" } else { "&" };
                out += &format!("        {}\n", codec::write(ty, &format!("{borrow}self.{member}")));
            }
            FieldKind::Optional { flags, bit, ty } => {
                let group = &groups[&(flags.as_str(), *bit)];
                let borrow = if codec::is_copy(ty) { "" } else { "&" };
                let present =
                    format!("if let Some(value) = {borrow}self.{member} {{ {} }}", codec::write(ty, "value"));
                out += &if !group.is_shared() {
                    format!("        {present}\n")
                } else if model::is_plain(ty) {
                    // Several fields share the bit: a missing one is written as its empty value.
                    let value = match ty {
                        Type::String | Type::Bytes | Type::Vector(_) | Type::BareVector(_) => {
                            format!("self.{member}.as_deref().unwrap_or_default()")
                        }
                        Type::Int128 | Type::Int256 => format!("&self.{member}.unwrap_or_default()"),
                        _ => format!("self.{member}.unwrap_or_default()"),
                    };
                    format!("        if {flags} & 1 << {bit} != 0 {{ {} }}\n", codec::write(ty, &value))
                } else {
                    format!("        if {flags} & 1 << {bit} != 0 {{ {present} }}\n")
                };
            }
        }
    }
    out
}

fn read_body(model: &Model, definition: &Definition) -> String {
    let mut out = String::new();
    let mut members = Vec::new();
    for field in &definition.fields {
        let member = names::field_name(&field.name);
        let read = |ty: &Type| match codec::read(ty) {
            text if model.is_recursive(definition, ty) => format!("{text}.map(Box::new)?"),
            text => format!("{text}?"),
        };
        out += &match &field.kind {
            FieldKind::Flags => format!("        let {member} = reader.u32()?;\n"),
            FieldKind::Mark { flags, bit } => format!("        let {member} = {flags} & 1 << {bit} != 0;\n"),
            FieldKind::Required(ty) => format!("        let {member} = {};\n", read(ty)),
            FieldKind::Optional { flags, bit, ty } => {
                format!(
                    "        let {member} = if {flags} & 1 << {bit} != 0 {{ Some({}) }} else {{ None }};\n",
                    read(ty)
                )
            }
        };
        if !matches!(field.kind, FieldKind::Flags) {
            members.push(member);
        }
    }
    out += &match members.is_empty() {
        true => "        Ok(Self)\n".to_owned(),
        false => format!("        Ok(Self {{ {} }})\n", members.join(", ")),
    };
    out
}
