//! `rpc_error`: a code, and a name that may contain a number (`api/errors`).

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::policy;
use crate::tl::{Constructor, DecodeError, Deserialize, Reader, types};

/// An error with which the server answered a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The code, similar to an HTTP status: 303, 400, 401, 403, 406, 420, 500. Negative codes exist.
    pub code: i32,
    /// The name without its number, such as `FLOOD_WAIT`. A number in the middle becomes an `X`, as in
    /// `FILE_PART_X_MISSING`. Any other text is made printable: only letters, digits, spaces and ASCII punctuation are
    /// kept, at most 128 bytes. It may be empty.
    pub name: String,
    /// The number in the name, such as 30 in `FLOOD_WAIT_30`, clamped to the range of an `i64`.
    pub value: Option<i64>,
}

impl RpcError {
    /// Reads the answer to a request; `None` if it is not an `rpc_error`.
    ///
    /// # Errors
    /// [`DecodeError`] if it is one and does not match the schema.
    pub(crate) fn read(answer: &[u8]) -> Option<Result<Self, DecodeError>> {
        let mut reader = Reader::new(answer.strip_prefix(&types::RpcError::ID.to_le_bytes())?);
        let error = types::RpcError::deserialize(&mut reader);
        Some(error.map(|error| Self::parse(error.error_code, &error.error_message)))
    }

    /// Parses a server's `error_message`.
    #[must_use]
    pub fn parse(code: i32, message: &str) -> Self {
        let mut name = String::new();
        let mut value = None;
        let mut parts = message.split('_').peekable();
        while let Some(part) = parts.next() {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && value.is_none() {
                // It has only digits, so an overflow is the only possible error: it becomes the maximum.
                value = Some(part.parse().unwrap_or(i64::MAX));
                if parts.peek().is_none() {
                    break;
                }
            }
            if !name.is_empty() {
                name.push('_');
            }
            let shown = if is_number && value.is_some() { "X" } else { part };
            let kept = shown.chars().filter(|c| c.is_ascii_graphic() || *c == ' ' || c.is_alphanumeric());
            name.extend(kept.take(policy::MAX_ERROR_NAME));
            if name.len() > policy::MAX_ERROR_NAME {
                while name.len() > policy::MAX_ERROR_NAME {
                    name.pop();
                }
                break;
            }
        }
        let spaces = name.len() - name.trim_start().len();
        name.drain(..spaces);
        name.truncate(name.trim_end().len());
        Self { code, name, value }
    }

    /// Returns whether the error has this name, with any number.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Returns the DC to which the account's home must move before the request is repeated: the number of
    /// `PHONE_MIGRATE_X`, `NETWORK_MIGRATE_X`, `USER_MIGRATE_X` and other `_MIGRATE_X` errors, except those of
    /// [`redirect_dc`](Self::redirect_dc). The number comes from the server and is not validated.
    #[must_use]
    pub fn migrate_to(&self) -> Option<i64> {
        let migrates = self.code == 303 && self.name.ends_with("_MIGRATE") && self.redirect_dc().is_none();
        if migrates { self.value } else { None }
    }

    /// Returns how long the server requires the client to wait before it repeats the request: the seconds of an error
    /// 420, such as `FLOOD_WAIT_X` or `SLOWMODE_WAIT_X`.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let seconds = self.value.filter(|_| self.code == 420)?;
        Some(Duration::from_secs(seconds.try_into().ok()?))
    }

    /// Returns the DC to which only this request must be sent again: the number of `FILE_MIGRATE_X` or
    /// `STATS_MIGRATE_X`. [`RequestOptions::follow_redirects`](crate::client::RequestOptions::follow_redirects) does so
    /// automatically. The number comes from the server and is not validated.
    #[must_use]
    pub fn redirect_dc(&self) -> Option<i64> {
        let elsewhere = ["FILE_MIGRATE", "STATS_MIGRATE"].contains(&self.name.as_str());
        if self.code == 303 && elsewhere { self.value } else { None }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        let Some(value) = self.value else {
            return if self.name.is_empty() { Ok(()) } else { write!(f, " {}", self.name) };
        };
        // In the server's notation.
        let mut is_shown = false;
        for (index, part) in self.name.split('_').filter(|part| !part.is_empty()).enumerate() {
            f.write_str(if index == 0 { " " } else { "_" })?;
            if part == "X" && !is_shown {
                is_shown = true;
                write!(f, "{value}")?;
            } else {
                f.write_str(part)?;
            }
        }
        match (is_shown, self.name.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => write!(f, " {value}"),
            (false, false) => write!(f, "_{value}"),
        }
    }
}

impl core::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn names_and_numbers_come_apart() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/misc.json");
        let vectors: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let cases = vectors["rpc_error_parse"].as_array().unwrap();
        assert_eq!(cases.len(), 9);
        for case in cases {
            let message = case["message"].as_str().unwrap();
            let parsed = RpcError::parse(420, message);
            if case["name"] == "malformed" {
                assert_eq!((parsed.name.as_str(), parsed.value), (message, None));
                continue;
            }
            assert_eq!(parsed.name, case["name"].as_str().unwrap());
            match &case["value"] {
                serde_json::Value::String(_) => assert!(parsed.value.is_some(), "an overflow is clamped"),
                expected => assert_eq!(parsed.value, expected.as_i64(), "{case}"),
            }
        }
    }

    #[test]
    fn errors_are_shown_as_the_server_wrote_them() {
        for message in ["FLOOD_WAIT_30", "FLOOD_WAIT_0", "FILE_PART_7_MISSING", "AUTH_RESTART_3", "X", "12"] {
            assert_eq!(format!("{}", RpcError::parse(420, message)), format!("420 {message}"));
        }
        assert_eq!(format!("{}", RpcError::parse(500, "")), "500");
    }

    #[test]
    fn terminal_escapes_do_not_survive() {
        assert_eq!(RpcError::parse(400, "A\u{1b}[31mB\n").name, "A[31mB");
    }
}
