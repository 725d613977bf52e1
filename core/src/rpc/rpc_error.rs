//! `rpc_error`: a code and a name that may carry a number (`api/errors`).

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::policy;

/// An error that the server answered a request with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// Like an HTTP status: 303, 400, 401, 403, 406, 420, 500; negative ones exist.
    pub code: i32,
    /// The name without its number, such as `FLOOD_WAIT`; a number in the middle is an `X`, as in
    /// `FILE_PART_X_MISSING`. Of what is no name, letters, digits, spaces and ASCII signs are kept, 128 bytes at most, so that
    /// it can be printed; it may be empty.
    pub name: String,
    /// The number within the name, such as 30 of `FLOOD_WAIT_30`; clamped to what an `i64` holds.
    pub value: Option<i64>,
}

impl RpcError {
    /// Takes a server's `error_message` apart.
    #[must_use]
    pub fn parse(code: i32, message: &str) -> Self {
        let mut name = String::new();
        let mut value = None;
        let mut parts = message.split('_').peekable();
        while let Some(part) = parts.next() {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && value.is_none() {
                // More digits than fit can only be a value beyond all others.
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

    /// Whether the error has this name, whatever its number.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Where the server wants the request repeated and the account's home to be: `PHONE_MIGRATE_X`,
    /// `NETWORK_MIGRATE_X`, `USER_MIGRATE_X`, and others of that form but those of [`redirect_dc`](Self::redirect_dc).
    /// The number is the server's and not checked.
    #[must_use]
    pub fn migrate_to(&self) -> Option<i64> {
        let migrates = self.code == 303 && self.name.ends_with("_MIGRATE") && self.redirect_dc().is_none();
        if migrates { self.value } else { None }
    }

    /// How long the server wants us to wait before the same is asked again: 420 with a number, such as `FLOOD_WAIT_X` or
    /// `SLOWMODE_WAIT_X`.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let seconds = self.value.filter(|_| self.code == 420)?;
        Some(Duration::from_secs(seconds.try_into().ok()?))
    }

    /// Where the server wants this one request repeated, while everything else stays: `FILE_MIGRATE_X`,
    /// `STATS_MIGRATE_X`. [`RequestOptions::follow_redirects`](crate::client::RequestOptions::follow_redirects) does it. The number is the
    /// server's and not checked.
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
        // As the server wrote it.
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
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/misc.json");
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
