//! Reads the text of a schema.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::error::SchemaError;
use crate::schema::{Definition, Field, FieldKind, Schema, Type};

/// Lines for which JSON has forms of its own.
const BUILT_IN: [&str; 4] = ["boolFalse", "boolTrue", "true", "vector"];

impl<'t> Schema<'t> {
    /// Reads a schema: a first line `// LAYER n`, one constructor per line, `---functions---`, one function per line.
    ///
    /// # Errors
    /// Returns [`SchemaError`] with the number of the line if it cannot be read, if it names a type that the schema does
    /// not have, if it has a vector of values without bytes, or if a name or an id is used twice.
    pub fn parse(text: &'t str) -> Result<Self, SchemaError> {
        let layer = text.lines().next().and_then(|line| line.strip_prefix("// LAYER ")?.trim().parse().ok());
        let layer = layer.ok_or_else(|| SchemaError::new(1, "it must be `// LAYER n`"))?;
        let mut schema = Self {
            layer,
            definitions: Vec::new(),
            constructors: BTreeMap::new(),
            functions: BTreeMap::new(),
            by_id: BTreeMap::new(),
            types: BTreeMap::new(),
            depths: OnceLock::new(),
        };
        let mut numbers = Vec::new();
        let mut is_function = false;
        for (index, line) in text.lines().enumerate() {
            match line.trim() {
                "---functions---" => is_function = true,
                "---types---" => is_function = false,
                line if line.is_empty() || line.starts_with("//") => {}
                line => {
                    let at = |reason| SchemaError::new(index + 1, reason);
                    let Some(definition) = definition(line, is_function).map_err(at)? else { continue };
                    schema.add(definition).map_err(at)?;
                    numbers.push(index + 1);
                }
            }
        }
        for (definition, number) in schema.definitions.iter().zip(numbers) {
            schema.check(definition).map_err(|reason| SchemaError::new(number, reason))?;
        }
        Ok(schema)
    }

    fn add(&mut self, definition: Definition<'t>) -> Result<(), &'static str> {
        let index = self.definitions.len();
        let names = if definition.is_function { &mut self.functions } else { &mut self.constructors };
        if names.insert(definition.name, index).is_some() {
            return Err("the name is used twice");
        }
        if self.by_id.insert(definition.id, index).is_some() {
            return Err("the id is used twice");
        }
        match (&definition.result, definition.is_function) {
            (Type::Boxed(ty), false) => self.types.entry(ty).or_default().push(index),
            (_, false) => return Err("a constructor has a type of its own"),
            (_, true) => {}
        }
        self.definitions.push(definition);
        Ok(())
    }

    fn check(&self, definition: &Definition<'t>) -> Result<(), &'static str> {
        for (index, field) in definition.fields.iter().enumerate() {
            match &field.kind {
                FieldKind::Flags => {}
                FieldKind::Required(ty) => self.check_type(ty)?,
                FieldKind::Optional { flags, .. } | FieldKind::Mark { flags, .. } => {
                    let before = &definition.fields[..index];
                    let is_word =
                        |field: &Field<'_>| field.name == *flags && matches!(field.kind, FieldKind::Flags);
                    if !before.iter().any(is_word) {
                        return Err("the flags word of a field does not stand before it");
                    }
                    if let FieldKind::Optional { ty, .. } = &field.kind {
                        self.check_type(ty)?;
                    }
                }
            }
        }
        self.check_type(&definition.result)
    }

    fn check_type(&self, ty: &Type<'t>) -> Result<(), &'static str> {
        match ty {
            Type::Boxed(name) if !self.types.contains_key(name) => Err("it names an unknown type"),
            Type::Bare(name) if !self.constructors.contains_key(name) => {
                Err("it names an unknown constructor")
            }
            Type::Vector(item) | Type::BareVector(item) => match &**item {
                // The decoder requires at least four bytes per item of a vector.
                Type::Bare(name) if self.constructor(name).is_some_and(|it| it.fields.is_empty()) => {
                    Err("a vector of an empty constructor has no bound")
                }
                item => self.check_type(item),
            },
            _ => Ok(()),
        }
    }
}

/// Reads a line. Returns `None` for the built-in ones.
fn definition(line: &str, is_function: bool) -> Result<Option<Definition<'_>>, &'static str> {
    let body = line.strip_suffix(';').ok_or("it must end with `;`")?;
    let (left, result) = body.split_once(" = ").ok_or("it has no ` = `")?;
    let mut words = left.split_whitespace();
    let (name, id) = words.next().and_then(|head| head.split_once('#')).ok_or("it has no id")?;
    let id = u32::from_str_radix(id, 16).map_err(|_| "its id is not a hexadecimal number")?;
    if BUILT_IN.contains(&name) {
        return Ok(None);
    }
    let fields = words.filter(|word| !word.starts_with('{')).map(field).collect::<Result<_, _>>()?;
    let result = type_of(result.trim())?;
    Ok(Some(Definition { name, id, fields, result, is_function, line }))
}

fn field(word: &str) -> Result<Field<'_>, &'static str> {
    let (name, text) = word.split_once(':').ok_or("a field is not `name:type`")?;
    let kind = match text.split_once('?') {
        None if text == "#" => FieldKind::Flags,
        None => FieldKind::Required(type_of(text)?),
        Some((condition, ty)) => {
            let (flags, bit) = condition.split_once('.').ok_or("a condition is not `flags.bit`")?;
            let bit = bit.parse().ok().filter(|bit| *bit < 32).ok_or("a flag is not from 0 to 31")?;
            match ty {
                "true" => FieldKind::Mark { flags, bit },
                _ => FieldKind::Optional { flags, bit, ty: type_of(ty)? },
            }
        }
    };
    Ok(Field { name, kind })
}

fn type_of(text: &str) -> Result<Type<'_>, &'static str> {
    let inner = |before: &str| text.strip_prefix(before).and_then(|rest| rest.strip_suffix('>'));
    if let Some(item) = inner("Vector<") {
        return Ok(Type::Vector(Box::new(type_of(item)?)));
    }
    if let Some(item) = inner("vector<") {
        return Ok(Type::BareVector(Box::new(type_of(item)?)));
    }
    let name = text.strip_prefix('%').unwrap_or(text);
    if name.is_empty()
        || !name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '!'))
    {
        return Err("it has something that is not a type");
    }
    let is_capital = name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with(|first: char| first.is_ascii_uppercase()));
    Ok(match text {
        "int" => Type::Int,
        "long" => Type::Long,
        "double" => Type::Double,
        "Bool" => Type::Bool,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "int128" => Type::Int128,
        "int256" => Type::Int256,
        "!X" | "X" => Type::Query,
        _ if is_capital && name == text => Type::Boxed(name),
        _ => Type::Bare(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line() {
        for (line, reason) in [
            ("a#1 = A", "`;`"),
            ("a#1;", "` = `"),
            ("a = A;", "no id"),
            ("a#g = A;", "hexadecimal"),
            ("a#1 b = A;", "name:type"),
            ("a#1 b:c?int = A;", "flags.bit"),
            ("a#1 flags:# b:flags.32?int = A;", "from 0 to 31"),
            ("a#1 b:flags.1?int flags:# = A;", "before it"),
            ("a#1 b:Other = A;", "unknown type"),
            ("a#1 b:Vector<Other> = A;", "unknown type"),
            ("a#1 b:other = A;", "unknown constructor"),
            ("a#1 b:<int = A;", "not a type"),
            ("a#1 = int;", "type of its own"),
        ] {
            let text = format!("// LAYER 1\n\n{line}");
            let error = Schema::parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("line 3 of the schema: ") && error.contains(reason), "{line}: {error}");
        }
        assert!(Schema::parse("a#1 = A;").unwrap_err().to_string().contains("LAYER"));
        for (second, reason) in [
            ("a#2 = A;", "name is used twice"),
            ("b#1 = A;", "id is used twice"),
            ("b#2 x:vector<%a> = B;", "no bound"),
        ] {
            let text = format!("// LAYER 1\na#1 = A;\n{second}");
            assert!(Schema::parse(&text).unwrap_err().to_string().contains(reason));
        }
    }

    /// A percent sign and a name without a capital letter mean the same.
    #[test]
    fn bare_types_are_read() {
        let text = "// LAYER 1\na#1 n:int = A;\nb#2 x:a y:%a z:vector<a> = B;";
        let schema = Schema::parse(text).unwrap();
        let fields = &schema.constructor("b").unwrap().fields;
        assert!(fields[..2].iter().all(|field| matches!(field.kind, FieldKind::Required(Type::Bare("a")))));
        assert_eq!(schema.layer(), 1);
    }
}
