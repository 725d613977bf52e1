//! Which values the generated types hide in `Debug` output, and which they wipe.

use crate::schema::{Definition, Field, FieldKind, Type};

/// Words in the name of a field that mark a string or a number as secret or as contact data.
const SENSITIVE_WORDS: [&str; 13] = [
    "phone",
    "email",
    "token",
    "secret",
    "password",
    "hash",
    "salt",
    "hint",
    "nonce",
    "credential",
    "payload",
    "receipt",
    "handle",
];

/// Whole names of the same kind, whose words are harmless in other names (`lang_code`, `me_url_prefix`).
const SENSITIVE_NAMES: [&str; 9] =
    ["code", "data", "pattern", "prefix", "beginning", "url", "raw_id", "location", "ip"];

/// Names of strings or byte strings that can log a user in.
const WIPED_NAMES: [&str; 10] = [
    "A",
    "M1",
    "api_hash",
    "bot_auth_token",
    "code",
    "new_password_hash",
    "phone_code",
    "phone_code_hash",
    "token",
    "web_auth_token",
];

/// Types that only clients send, besides functions.
const ONLY_SENT: [&str; 4] =
    ["EmailVerification", "EmailVerifyPurpose", "InputCheckPasswordSRP", "account.PasswordInputSettings"];

/// Returns the fields that a value wipes on drop. Fields cannot be moved out of such a value, so it is limited to
/// values that clients send, which no code takes apart.
pub fn wiped(definition: &Definition) -> impl Iterator<Item = &Field> {
    let is_only_sent = definition.is_function
        || matches!(&definition.result, Type::Boxed(name) if ONLY_SENT.contains(&name.as_str()));
    let is_import = definition.name == "auth.importAuthorization";
    definition.fields.iter().filter(move |field| {
        let is_secret = WIPED_NAMES.contains(&field.name.as_str()) || is_import && field.name == "bytes";
        is_only_sent
            && is_secret
            && matches!(
                &field.kind,
                FieldKind::Required(Type::String | Type::Bytes)
                    | FieldKind::Optional { ty: Type::String | Type::Bytes, .. }
            )
    })
}

/// Returns the expression that `Debug` shows in place of `value`, or `None` if the value itself may be shown.
pub fn shown(name: &str, ty: &Type, value: &str) -> Option<String> {
    match ty {
        Type::Bytes | Type::Int128 | Type::Int256 => Some(format!("hidden::Bytes({value}.len())")),
        Type::String | Type::Long if is_sensitive(name) => Some("hidden::Redacted".to_owned()),
        Type::Vector(item) | Type::BareVector(item) => {
            shown(name, item, "item").map(|_| format!("hidden::Items({value}.len())"))
        }
        _ => None,
    }
}

fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SENSITIVE_NAMES.contains(&name.as_str()) || name.split('_').any(|word| SENSITIVE_WORDS.contains(&word))
}
