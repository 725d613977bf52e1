//! Rust names for TL names.

/// Splits `auth.sentCode` into (`auth`, `sentCode`). Without a namespace, the first part is empty.
pub fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// Returns the name of a Rust type: `server_DH_params_ok` -> `ServerDhParamsOk`, `JSONObjectValue` ->
/// `JsonObjectValue`.
pub fn type_name(name: &str) -> String {
    let mut out = String::new();
    for part in split(name).1.split('_') {
        let chars: Vec<char> = part.chars().collect();
        for (i, &c) in chars.iter().enumerate() {
            let after_capital = i > 0 && chars[i - 1].is_ascii_uppercase();
            let before_small = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
            if i == 0 {
                out.push(c.to_ascii_uppercase());
            } else if after_capital && !before_small {
                out.push(c.to_ascii_lowercase());
            } else {
                out.push(c);
            }
        }
    }
    out
}

/// Returns the name of a type's variant: that of its constructor without the type's name before it. (`InputPeer`,
/// `inputPeerUser`) -> `User`, (`SentCode`, `auth.sentCode`) -> `SentCode`. `Self` is no name in Rust: (`InputPeer`,
/// `inputPeerSelf`) -> `PeerSelf`.
pub fn variant_name(type_name: &str, constructor: &str) -> String {
    let name = self::type_name(constructor);
    match name.strip_prefix(type_name) {
        Some("Self") => {
            let word = type_name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
            format!("{}Self", &type_name[word..])
        }
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest.to_owned(),
        _ => name,
    }
}

/// Returns a paragraph of a doc comment that links the definition's page, if it has one.
pub fn page(is_api: bool, kind: &str, name: &str) -> String {
    if is_api { format!("///\n/// <https://core.telegram.org/{kind}/{name}>\n") } else { String::new() }
}

/// Returns the name of a Rust field without a raw prefix: `srp_B` -> `srp_b`.
pub fn plain_field_name(name: &str) -> String {
    match name {
        // `self` cannot be a raw identifier.
        "self" => "is_self".to_owned(),
        _ => name.to_ascii_lowercase(),
    }
}

/// Returns the name of a Rust field: `type` -> `r#type`.
pub fn field_name(name: &str) -> String {
    const KEYWORDS: [&str; 21] = [
        "as", "box", "const", "do", "enum", "final", "fn", "for", "if", "in", "loop", "match", "mod", "move",
        "override", "ref", "static", "try", "type", "use", "where",
    ];
    let plain = plain_field_name(name);
    if KEYWORDS.contains(&plain.as_str()) { format!("r#{plain}") } else { plain }
}

/// Returns the path of an item in a generated module: (`types`, `auth.sentCode`) -> `crate::types::auth::SentCode`.
pub fn path(module: &str, name: &str) -> String {
    match split(name) {
        ("", _) => format!("crate::{module}::{}", type_name(name)),
        (space, _) => format!("crate::{module}::{space}::{}", type_name(name)),
    }
}
