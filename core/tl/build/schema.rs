//! Parses TL schema text into definitions and checks their ids.

/// One line of the schema.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The line in the file, without the `;`.
    pub line: String,
    /// The full name, e.g. `auth.sentCode`.
    pub name: String,
    /// The constructor id.
    pub id: u32,
    /// The arguments in wire order.
    pub fields: Vec<Field>,
    /// The type of the constructor, or the result type of the function.
    pub result: Type,
    /// Whether the line is after `---functions---`.
    pub is_function: bool,
    /// Whether it belongs to Telegram's API, whose definitions have pages, and not to MTProto.
    pub is_api: bool,
}

/// One argument.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name in the schema.
    pub name: String,
    /// The text after the colon in the schema.
    pub text: String,
    /// The encoding of the argument.
    pub kind: FieldKind,
}

/// The encoding of an argument.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// `flags:#`
    Flags,
    /// `id:long`
    Required(Type),
    /// `timeout:flags.2?int`
    Optional { flags: String, bit: u8, ty: Type },
    /// `popup:flags.0?true`: only its bit.
    Mark { flags: String, bit: u8 },
}

/// A type expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Int,
    Long,
    Double,
    Bool,
    String,
    Bytes,
    Int128,
    Int256,
    /// A boxed type (capital letter): starts with its constructor id.
    Boxed(String),
    /// A bare type (the name of a constructor): has no id.
    Bare(String),
    /// `Vector<T>`
    Vector(Box<Type>),
    /// `vector<T>`: count and items, without the id of `Vector`.
    BareVector(Box<Type>),
    /// `!X`, and `X` as a result.
    Query,
}

/// Lines that are implemented by hand in `src/tl`. Their ids are checked, and no code is generated.
pub const BUILT_IN: [&str; 4] = ["boolFalse", "boolTrue", "true", "vector"];

/// Lines whose published id is not the CRC32 of the line.
const ODD_IDS: [&str; 3] = ["ipPortSecret", "accessPointRule", "help.configSimple"];

/// Parses the text of a schema. Errors contain the line.
pub fn parse(text: &str) -> Result<Vec<Definition>, String> {
    let mut definitions = Vec::new();
    let mut is_function = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        match line {
            "---functions---" => is_function = true,
            "---types---" => is_function = false,
            _ if line.is_empty() || line.starts_with("//") => {}
            _ => definitions.push(
                parse_line(line, is_function)
                    .map_err(|reason| format!("line {}: {reason}: {line}", number + 1))?,
            ),
        }
    }
    Ok(definitions)
}

/// Returns the layer in the first line, `// LAYER 230`.
pub fn layer(text: &str) -> Result<i32, String> {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("// LAYER ")
        .and_then(|layer| layer.trim().parse().ok())
        .ok_or_else(|| format!("the first line must be `// LAYER n`, not `{first}`"))
}

/// Returns the text whose CRC32 is the line's id: without id, `;`, angle and curly brackets and `true` fields, and with
/// `bytes` replaced by `string`.
pub fn normalise(line: &str) -> String {
    let mut words = Vec::new();
    for (index, word) in line.trim().trim_end_matches(';').split_whitespace().enumerate() {
        let word = if index == 0 { word.split('#').next().unwrap_or_default() } else { word };
        let is_mark = word.split_once(':').is_some_and(|(_, ty)| ty.contains('?') && ty.ends_with("?true"));
        if is_mark {
            continue;
        }
        let word = match word.strip_suffix(":bytes") {
            Some(name) => format!("{name}:string"),
            None => word.to_owned(),
        };
        let word = match word.strip_suffix("?bytes") {
            Some(name) => format!("{name}?string"),
            None => word,
        };
        words.push(word.replace('<', " ").replace(['>', '{', '}'], ""));
    }
    words.join(" ")
}

/// Returns the id that a line must have.
pub fn computed_id(line: &str) -> u32 {
    crc32fast::hash(normalise(line).as_bytes())
}

/// Checks the id of one definition.
pub fn check_id(definition: &Definition) -> Result<(), String> {
    let computed = computed_id(&definition.line);
    let is_odd = ODD_IDS.contains(&definition.name.as_str());
    if definition.id == computed || is_odd {
        return Ok(());
    }
    Err(format!(
        "`{}` has the id {:08x}, but the CRC32 of its line is {computed:08x}: the line was changed or mistyped",
        definition.name, definition.id
    ))
}

fn parse_line(line: &str, is_function: bool) -> Result<Definition, String> {
    let body = line.strip_suffix(';').ok_or("no `;` at the end")?.trim();
    let (left, result) = body.split_once(" = ").ok_or("no ` = `")?;
    let mut words = left.split_whitespace();
    let head = words.next().ok_or("no name")?;
    let (name, id) = head.split_once('#').ok_or("no id")?;
    let id = u32::from_str_radix(id, 16).map_err(|_| "the id is not a hexadecimal number")?;
    if BUILT_IN.contains(&name) {
        let result = Type::Boxed(result.to_owned());
        return Ok(Definition {
            line: body.to_owned(),
            name: name.to_owned(),
            id,
            fields: vec![],
            result,
            is_function,
            is_api: false,
        });
    }
    let mut fields = Vec::new();
    for word in words.filter(|word| !word.starts_with('{')) {
        fields.push(parse_field(word)?);
    }
    let result = parse_type(result.trim())?;
    Ok(Definition {
        line: body.to_owned(),
        name: name.to_owned(),
        id,
        fields,
        result,
        is_function,
        is_api: false,
    })
}

fn parse_field(word: &str) -> Result<Field, String> {
    let (name, text) = word.split_once(':').ok_or_else(|| format!("`{word}` is not `name:type`"))?;
    let kind = if text == "#" {
        FieldKind::Flags
    } else if let Some((condition, ty)) = text.split_once('?') {
        let (flags, bit) =
            condition.split_once('.').ok_or_else(|| format!("`{condition}` is not `flags.bit`"))?;
        let bit: u8 = bit.parse().ok().filter(|bit| *bit < 32).ok_or_else(|| format!("no bit `{bit}`"))?;
        let flags = flags.to_owned();
        match ty {
            "true" => FieldKind::Mark { flags, bit },
            _ => FieldKind::Optional { flags, bit, ty: parse_type(ty)? },
        }
    } else {
        FieldKind::Required(parse_type(text)?)
    };
    Ok(Field { name: name.to_owned(), text: text.to_owned(), kind })
}

fn parse_type(text: &str) -> Result<Type, String> {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(item) = inner("Vector<") {
        return Ok(Type::Vector(Box::new(parse_type(item)?)));
    }
    if let Some(item) = inner("vector<") {
        return Ok(Type::BareVector(Box::new(parse_type(item)?)));
    }
    Ok(match text {
        "int" => Type::Int,
        "long" => Type::Long,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "int128" => Type::Int128,
        "int256" => Type::Int256,
        "Bool" => Type::Bool,
        "!X" | "X" => Type::Query,
        _ if !text.chars().all(|c| c.is_ascii_alphanumeric() || "._%".contains(c)) => {
            return Err(format!("`{text}` is not a type"));
        }
        _ => {
            let short = text.rsplit('.').next().unwrap_or(text);
            match text.strip_prefix('%') {
                Some(bare) => Type::Bare(bare.to_owned()),
                None if short.starts_with(|c: char| c.is_ascii_uppercase()) => Type::Boxed(text.to_owned()),
                None => Type::Bare(text.to_owned()),
            }
        }
    })
}
