//! Output: results on standard output, everything else on standard error.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use sansgram_runtime::core::login::UserInfo;
use sansgram_runtime::text::{for_standard_error, printable, printable_unlimited};
use serde::Serialize;
use serde_json::json;

use crate::error::Failure;

/// Prints a line of the result. A closed reader is not an error.
pub(crate) fn result(line: &str) -> Result<(), Failure> {
    text(format!("{}\n", printable_lines(line)).as_bytes())
}

/// Returns `text` without terminal control characters, which a file name may contain, but with its line breaks.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable_unlimited).collect::<Vec<_>>().join("\n")
}

/// Prints a line of JSON that is [`escaped`]. Returns whether the reader may want more: `false` if it has closed standard
/// output.
pub(crate) fn is_read(line: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    let is_closed = matches!(&written, Err(error) if error.kind() == ErrorKind::BrokenPipe);
    check_written(written).map(|()| !is_closed)
}

/// Prints a result that ends its own lines, see [`result`].
pub(crate) fn text(text: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    check_written(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Checks the result of writing to standard output; a closed reader is not an error.
pub(crate) fn check_written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("the result cannot be written to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a line for the user, on standard error.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", for_standard_error(&printable_lines(line)));
}

/// The user that is logged in, as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct UserJson<'a> {
    user_id: i64,
    first_name: &'a str,
    is_bot: bool,
    dc: u16,
}

impl<'a> UserJson<'a> {
    pub(crate) fn new(user: &'a UserInfo, dc: u16) -> Self {
        Self { user_id: user.id, first_name: &user.first_name, is_bot: user.is_bot, dc }
    }
}

/// Returns a value as one line of JSON. Terminal control characters are written as `\uXXXX`, which makes the line safe
/// to print without losing anything.
pub(crate) fn json(value: &impl Serialize) -> String {
    match serde_json::to_string(value) {
        Ok(text) => escaped(&text),
        // Only maps with keys other than strings fail.
        Err(error) => json!({ "error": error.to_string() }).to_string(),
    }
}

/// Returns `json` with terminal control characters written as `\uXXXX`.
pub(crate) fn escaped(json: &str) -> String {
    let mut quoted = String::new();
    for char in json.chars() {
        if printable(char.encode_utf8(&mut [0; 4])).is_empty() {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                let _ = write!(quoted, "\\u{unit:04x}");
            }
        } else {
            quoted.push(char);
        }
    }
    quoted
}

/// Returns one line of JSON on several lines, indented, in the order of its fields, and [`escaped`].
pub(crate) fn indented(json: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    let mut is_string = false;
    let mut before = ' ';
    let json = escaped(json);
    let mut chars = json.chars().peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(char) = chars.next() {
        match char {
            _ if is_string => {
                is_string = char != '"' || before == '\\';
                // A backslash that another one precedes escapes nothing.
                before = if before == '\\' { ' ' } else { char };
                text.push(char);
                continue;
            }
            '"' => {
                is_string = true;
                text.push(char);
            }
            '{' | '[' => {
                text.push(char);
                match chars.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut text, depth);
                text.push(char);
            }
            ',' => {
                text.push(char);
                line(&mut text, depth);
            }
            ':' => text += ": ",
            _ => text.push(char),
        }
        before = ' ';
    }
    text
}

/// Describes a user in words: `Ada Lovelace (@ada), user 17 on DC 2`.
pub(crate) fn describe_user(user: &UserInfo, dc: u16) -> String {
    let mut name = printable(&user.first_name);
    if let Some(last_name) = &user.last_name {
        name = format!("{name} {}", printable(last_name));
    }
    if let Some(username) = &user.username {
        name = format!("{name} (@{})", printable(username));
    }
    let kind = if user.is_bot { "bot" } else { "user" };
    let number = format!("{kind} {} on DC {dc}", user.id);
    match name.trim() {
        "" => number,
        name => format!("{name}, {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{json, *};

    fn user(first_name: &str) -> UserInfo {
        UserInfo { id: 17, is_bot: false, first_name: first_name.into(), last_name: None, username: None }
    }

    #[test]
    fn json_has_the_four_fields_in_order() {
        let expected = r#"{"user_id":17,"first_name":"A\"da","is_bot":false,"dc":2}"#;
        assert_eq!(json(&UserJson::new(&user("A\"da"), 2)), expected);
    }

    #[test]
    fn json_escapes_terminal_control_characters() {
        for name in ["\u{1b}[2J\u{7f}\u{9b}31m\r\n", "Ünï 漢字 🦀", "\u{202e}evil\u{e0041}"] {
            let line = json(&UserJson::new(&user(name), 2));
            assert_eq!(printable(&line), line);
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["first_name"], name);
        }
    }

    #[test]
    fn indented_json_is_the_same_json_in_the_same_order() {
        let line = r#"{"b":[1,{"a":"x\"},[:\\"},[],{}],"a":{"c":null,"d":"\\\""}}"#;
        let text = indented(line);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&text), value(line));
        assert!(text.starts_with("{\n  \"b\": [\n    1,\n    {\n      \"a\": "), "{text}");
        assert!(text.contains("    [],\n    {}\n  ],\n  \"a\": {\n    \"c\": null,"), "{text}");
        assert_eq!(indented("[]"), "[]");
        assert_eq!(indented("true"), "true");
    }

    #[test]
    fn descriptions_omit_missing_names() {
        assert_eq!(describe_user(&user(""), 1), "user 17 on DC 1");
        let full =
            UserInfo { last_name: Some("Lovelace".into()), username: Some("ada".into()), ..user("A\u{7}da") };
        assert_eq!(describe_user(&full, 1), "Ada Lovelace (@ada), user 17 on DC 1");
    }
}
