//! What a sign-in is asked for besides the phone: the application's identity, and a bot's token.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The identity of an application, from `my.telegram.org`. The hash is wiped on drop.
#[derive(Clone)]
pub struct ApiCredentials {
    /// `api_id`.
    pub id: i32,
    /// `api_hash`, 32 hex digits. A secret: it is not in the `Debug` output.
    pub hash: String,
}

/// What was given is no `api_hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an api_hash: it has 32 hexadecimal digits; copy it from my.telegram.org again")]
pub struct InvalidApiHash;

impl ApiCredentials {
    /// Checks the form of the hash, so that a wrong one costs no traffic.
    ///
    /// # Errors
    /// [`InvalidApiHash`] unless it has 32 hexadecimal digits.
    pub fn check(&self) -> Result<(), InvalidApiHash> {
        let is_hash = self.hash.len() == 32 && self.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(()) } else { Err(InvalidApiHash) }
    }
}

impl PartialEq for ApiCredentials {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.hash.as_bytes().ct_eq(other.hash.as_bytes()).into()
    }
}

impl Eq for ApiCredentials {}

impl Drop for ApiCredentials {
    fn drop(&mut self) {
        self.hash.zeroize();
    }
}

impl fmt::Debug for ApiCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCredentials").field("id", &self.id).field("hash", &"[redacted]").finish()
    }
}

/// A bot's token, `NUMBER:SECRET`. It is not in the `Debug` output.
#[derive(Clone)]
pub struct BotToken(String);

/// What was given is no bot token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a bot token; BotFather gives one of the form 123456:ABC-DEF")]
pub struct InvalidBotToken;

impl BotToken {
    /// Checks a token's form, so that a bad one costs no traffic; white space around it is ignored.
    ///
    /// # Errors
    /// [`InvalidBotToken`] unless it is a number, a colon, and 1 to 128 letters, digits, `-` or `_`.
    pub fn parse(text: &str) -> Result<Self, InvalidBotToken> {
        let text = text.trim();
        let (number, secret) = text.split_once(':').ok_or(InvalidBotToken)?;
        let is_number = (1..=19).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_secret = (1..=128).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if is_number && is_secret { Ok(Self(text.into())) } else { Err(InvalidBotToken) }
    }

    /// The token.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for BotToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for BotToken {}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BotToken([redacted])")
    }
}

impl Drop for BotToken {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_only_the_form_of_a_hash_passes() {
        let check = |hash: &str| ApiCredentials { id: 1, hash: hash.into() }.check();
        assert_eq!(check("0123456789abcdef0123456789abcdef"), Ok(()));
        assert_eq!(check("0123456789ABCDEF0123456789ABCDEF"), Ok(()));
        for bad in
            ["", "0123456789abcdef", "0123456789abcdef0123456789abcdeg", " 123456789abcdef0123456789abcdef"]
        {
            assert_eq!(check(bad), Err(InvalidApiHash), "{bad}");
        }
    }

    #[test]
    fn only_the_form_of_a_token_passes() {
        for good in ["1:sandbox", "2:elsewhere", " 123456789:AAH-x_9 "] {
            assert!(BotToken::parse(good).is_ok());
        }
        for bad in ["", "12345", ":x", "1:", "a:b", "1:with space", "1:a:b"] {
            assert_eq!(BotToken::parse(bad), Err(InvalidBotToken));
        }
    }
}
