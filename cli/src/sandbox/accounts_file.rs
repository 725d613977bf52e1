//! The file of `sansgram sandbox --accounts FILE`.

use std::fs;
use std::path::Path;

use sansgram_testkit::accounts::{AccountOptions, LoginEmail, TestBot, TestPassword, TestUser};
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::policy::{MAX_ACCOUNTS_LEN, SANDBOX_HOME_DC};

const FILE_FIELDS: [&str; 3] = ["users", "bots", "sandbox_accounts"];
const USER_FIELDS: [&str; 11] = [
    "phone",
    "first_name",
    "last_name",
    "username",
    "id",
    "dc",
    "code",
    "password",
    "hint",
    "recovery",
    "login_email",
];
const BOT_FIELDS: [&str; 5] = ["token", "first_name", "username", "dc", "revoked"];

/// Adds the accounts of a file to the options.
pub(super) fn add(file: &Path, options: &mut AccountOptions) -> Result<(), Failure> {
    let fails =
        |reason: String| Failure::new(format!("the accounts in {} cannot be used: {reason}", file.display()));
    let text = read(file).map_err(|reason| {
        Failure::new(format!("the file {} of --accounts cannot be read: {reason}", file.display()))
    })?;
    parse(&text, options).map_err(fails)
}

/// Reads a text file. Errors with the reason, without the name.
pub(super) fn read(file: &Path) -> Result<String, String> {
    let metadata = fs::metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    if metadata.len() > MAX_ACCOUNTS_LEN {
        return Err("it is larger than 64 MiB".into());
    }
    String::from_utf8(fs::read(file).map_err(|error| error.to_string())?)
        .map_err(|_| "it is not UTF-8; save it as UTF-8".into())
}

fn parse(text: &str, options: &mut AccountOptions) -> Result<(), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Value = serde_json::from_str(text).map_err(|error| {
        format!("{error}; it must be JSON such as {{\"users\":[{{\"phone\":\"12025550123\"}}]}}")
    })?;
    let all = Fields::new("the file", &json, &FILE_FIELDS)?;
    if let Some(there) = all.boolean("sandbox_accounts")? {
        options.sandbox = there;
    }
    for (number, user) in all.list("users")?.iter().enumerate() {
        options.users.push(user_of(&Fields::new(&format!("users[{number}]"), user, &USER_FIELDS)?)?);
    }
    for (number, bot) in all.list("bots")?.iter().enumerate() {
        options.bots.push(bot_of(&Fields::new(&format!("bots[{number}]"), bot, &BOT_FIELDS)?)?);
    }
    check_unique(options)
}

fn user_of(fields: &Fields<'_>) -> Result<TestUser, String> {
    let phone = phone(fields)?;
    let email = match fields.text("login_email")? {
        None => LoginEmail::None,
        Some("required") => LoginEmail::Required,
        Some(address) if is_address(address) => LoginEmail::At(address.into()),
        Some(_) => {
            return fields
                .invalid("login_email", "an e-mail address, or \"required\" if the account must set one up");
        }
    };
    let password = match fields.text("password")? {
        None => {
            for name in ["hint", "recovery"] {
                if fields.map.contains_key(name) {
                    return Err(format!("{}.{name} needs a \"password\" in the same object", fields.path));
                }
            }
            None
        }
        Some("") => return fields.invalid("password", "a string that is not empty"),
        Some(text) => Some(
            TestPassword::new(text)
                .with_hint(fields.text("hint")?.map(Into::into))
                .with_has_recovery(fields.boolean("recovery")?.unwrap_or_default()),
        ),
    };
    let code = fields.text("code")?;
    if code.is_some_and(|code| !(3..=10).contains(&code.len()) || !is_digits(code)) {
        return fields.invalid("code", "3 to 10 digits in quotes");
    }
    let id = match fields.map.get("id") {
        None => phone.parse().unwrap_or(i64::MAX),
        Some(id) => match id.as_i64() {
            Some(id @ 1..) => id,
            _ => return fields.invalid("id", "a number above 0"),
        },
    };
    Ok(TestUser::new(id, phone)
        .with_first_name(first_name(fields, "Test")?)
        .with_last_name(fields.short_text("last_name")?.unwrap_or_default().into())
        .with_username(username(fields)?)
        .with_dc(dc(fields)?)
        .with_code(code.map(Into::into))
        .with_password(password)
        .with_login_email(email))
}

fn bot_of(fields: &Fields<'_>) -> Result<TestBot, String> {
    let token = fields
        .text("token")?
        .ok_or_else(|| format!("{} needs a \"token\", such as \"123456:secret\"", fields.path))?;
    let id = token.split_once(':').filter(|(id, secret)| is_digits(id) && !secret.is_empty());
    let Some(id @ 1..) = id.and_then(|(id, _)| id.parse().ok()) else {
        return fields
            .invalid("token", "the number of the bot, a colon and a secret, such as \"123456:secret\"");
    };
    Ok(TestBot::new(id, token)
        .with_first_name(first_name(fields, "Test bot")?)
        .with_username(username(fields)?)
        .with_dc(dc(fields)?)
        .with_revoked(fields.boolean("revoked")?.unwrap_or_default()))
}

/// Errors if two accounts have the same identifier, phone number or user name.
fn check_unique(options: &AccountOptions) -> Result<(), String> {
    let users = options.users.iter().enumerate().map(|(at, user)| {
        let name = user.username.to_lowercase();
        (format!("users[{at}]"), [user.id.to_string(), user.phone.clone(), name])
    });
    let bots = options.bots.iter().enumerate().map(|(at, bot)| {
        (format!("bots[{at}]"), [bot.id.to_string(), String::new(), bot.username.to_lowercase()])
    });
    let mut seen: [std::collections::BTreeMap<String, String>; 3] = Default::default();
    for (path, values) in users.chain(bots) {
        for ((seen, value), what) in seen.iter_mut().zip(values).zip(["id", "phone number", "user name"]) {
            if value.is_empty() {
                continue;
            }
            if let Some(other) = seen.insert(value, path.clone()) {
                return Err(format!("{path} has the same {what} as {other}; change one of them"));
            }
        }
    }
    Ok(())
}

fn phone(fields: &Fields<'_>) -> Result<String, String> {
    const FORM: &str =
        "a phone number in quotes, with its country code: 5 to 15 digits, such as \"12025550123\"";
    let Some(typed) = fields.text("phone")? else {
        return Err(format!("{} needs a \"phone\": {FORM}", fields.path));
    };
    let digits: String = typed.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')')).collect();
    if (5..=15).contains(&digits.len()) && is_digits(&digits) {
        Ok(digits)
    } else {
        fields.invalid("phone", FORM)
    }
}

fn first_name(fields: &Fields<'_>, default: &str) -> Result<String, String> {
    match fields.short_text("first_name")? {
        Some("") => fields.invalid("first_name", "1 to 64 characters"),
        name => Ok(name.unwrap_or(default).into()),
    }
}

fn username(fields: &Fields<'_>) -> Result<String, String> {
    let Some(name) = fields.text("username")? else { return Ok(String::new()) };
    let name = name.strip_prefix('@').unwrap_or(name);
    let fits = (4..=32).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if fits {
        Ok(name.into())
    } else {
        fields.invalid("username", "4 to 32 letters, digits and _, beginning with a letter")
    }
}

fn dc(fields: &Fields<'_>) -> Result<i32, String> {
    match fields.map.get("dc").map(Value::as_i64) {
        None => Ok(SANDBOX_HOME_DC),
        Some(Some(dc @ 1..=3)) => Ok(i32::try_from(dc).unwrap_or(SANDBOX_HOME_DC)),
        Some(_) => fields.invalid("dc", "the number 1, 2 or 3"),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        && !text.contains(char::is_whitespace)
}

/// An object of the file, and where it is.
struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn new(path: &str, value: &'a Value, known: &[&str]) -> Result<Self, String> {
        let Value::Object(map) = value else {
            return Err(format!("{path} must be an object with the fields {}", known.join(", ")));
        };
        match map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                Err(format!("{path} has an unknown field {name:?}; its fields are {}", known.join(", ")))
            }
            None => Ok(Self { path: path.into(), map }),
        }
    }

    /// Errors without the value, which may be a password.
    fn invalid<T>(&self, name: &str, right: &str) -> Result<T, String> {
        Err(format!("{}.{name} must be {right}", self.path))
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => self.invalid(name, "a string in quotes"),
        }
    }

    fn short_text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.text(name)? {
            Some(text) if text.chars().count() > 64 => self.invalid(name, "at most 64 characters"),
            text => Ok(text),
        }
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, String> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => self.invalid(name, "true or false"),
        }
    }

    fn list(&self, name: &str) -> Result<&'a [Value], String> {
        match self.map.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(format!("{name} must be a list in [ ]")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<AccountOptions, String> {
        let mut options = AccountOptions::default();
        parse(text, &mut options).map(|()| options)
    }

    #[test]
    fn a4_all_fields_of_the_accounts_are_read() {
        let options = parsed(
            r#"{"sandbox_accounts": false,
                "users": [{"phone": "+1 (202) 555-0123", "first_name": "Ada", "last_name": "Lovelace",
                           "username": "@ada_l", "id": 7, "dc": 3, "code": "12345", "password": "engine",
                           "hint": "a machine", "recovery": true, "login_email": "ada@mail.example"},
                          {"phone": "12025550124", "login_email": "required"}],
                "bots": [{"token": "42:x", "first_name": "Bot", "username": "some_bot", "dc": 1, "revoked": true}]}"#,
        )
        .unwrap();
        let [ada, other] = &options.users[..] else { panic!("{options:?}") };
        assert_eq!(
            (ada.id, ada.dc, ada.phone.as_str(), ada.username.as_str()),
            (7, 3, "12025550123", "ada_l")
        );
        assert_eq!(
            (ada.code.as_deref(), &ada.login_email),
            (Some("12345"), &LoginEmail::At("ada@mail.example".into()))
        );
        let password = ada.password.as_ref().unwrap();
        assert_eq!((password.text.as_str(), password.hint.as_deref()), ("engine", Some("a machine")));
        assert!(password.has_recovery && !options.sandbox);
        assert_eq!((other.id, other.dc, &other.login_email), (12_025_550_124, 2, &LoginEmail::Required));
        let bot = &options.bots[0];
        assert_eq!((bot.id, bot.dc, bot.username.as_str(), bot.revoked), (42, 1, "some_bot", true));
        assert!(parsed("\u{feff}{}").unwrap().sandbox);
    }

    #[test]
    fn a4_errors_name_the_wrong_field() {
        for (text, words) in [
            ("{\n\"users\": [{]}", &["line 2", "must be JSON"][..]),
            ("", &["must be JSON"]),
            ("[]", &["the file must be an object", "users"]),
            (r#"{"user": []}"#, &["unknown field \"user\"", "users"]),
            (r#"{"users": {}}"#, &["users must be a list"]),
            (r#"{"users": [7]}"#, &["users[0] must be an object"]),
            (r#"{"users": [{}]}"#, &["users[0] needs a \"phone\""]),
            (r#"{"users": [{"phone": 12025550123}]}"#, &["users[0].phone must be a string in quotes"]),
            (r#"{"users": [{"phone": "12"}]}"#, &["users[0].phone must be", "5 to 15 digits"]),
            (
                r#"{"users": [{"phone": "12025550123", "phne": 1}]}"#,
                &["users[0] has an unknown field \"phne\"", "login_email"],
            ),
            (
                r#"{"users": [{"phone": "12025550123", "dc": 4}]}"#,
                &["users[0].dc must be the number 1, 2 or 3"],
            ),
            (r#"{"users": [{"phone": "12025550123", "code": "abc"}]}"#, &["users[0].code must be"]),
            (
                r#"{"users": [{"phone": "12025550123", "hint": "x"}]}"#,
                &["users[0].hint needs a \"password\""],
            ),
            (r#"{"users": [{"phone": "12025550123", "username": "a b"}]}"#, &["users[0].username must be"]),
            (
                r#"{"users": [{"phone": "12025550123", "login_email": "x"}]}"#,
                &["users[0].login_email", "required"],
            ),
            (r#"{"users": [{"phone": "12025550123", "id": 0}]}"#, &["users[0].id must be"]),
            (r#"{"bots": [{}]}"#, &["bots[0] needs a \"token\""]),
            (r#"{"bots": [{"token": "x:1"}]}"#, &["bots[0].token must be"]),
            (
                r#"{"users": [{"phone": "12025550123", "id": 1}, {"phone": "+12025550123", "id": 2}]}"#,
                &["users[1] has the same phone number as users[0]"],
            ),
            (
                r#"{"users": [{"phone": "12025550123", "id": 5}], "bots": [{"token": "5:x"}]}"#,
                &["bots[0] has the same id as users[0]"],
            ),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
        let error = parsed(r#"{"users": [{"phone": "12025550123", "password": ["hunter2"]}]}"#).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
