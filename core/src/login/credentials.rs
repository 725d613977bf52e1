//! The identity of the application, and the token of a bot.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The identity of an application, from `my.telegram.org`. The hash is wiped on drop.
#[derive(Clone)]
pub struct ApiCredentials {
    /// `api_id`.
    pub id: i32,
    /// `api_hash`, 32 hex digits. It is a secret and not in the `Debug` output.
    pub hash: String,
}

/// The text is not an `api_hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an api_hash, which has 32 hexadecimal digits; copy it from my.telegram.org again")]
pub struct InvalidApiHash;

impl ApiCredentials {
    /// Checks the form of the hash without asking the server.
    ///
    /// # Errors
    /// Returns [`InvalidApiHash`] if the hash does not have exactly 32 hexadecimal digits.
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

/// The text is not a bot token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a bot token; BotFather gives one of the form 123456:ABC-DEF")]
pub struct InvalidBotToken;

impl BotToken {
    /// Checks the form of a token without asking the server; surrounding white space is ignored. A token inside a longer
    /// text, such as BotFather's message or a Bot API URL, is found if it has at least 30 characters after the colon.
    ///
    /// # Errors
    /// Returns [`InvalidBotToken`] if the text is not a number, a colon, and 1 to 128 letters, digits, `-` or `_`, and
    /// does not contain exactly one such token.
    pub fn parse(text: &str) -> Result<Self, InvalidBotToken> {
        let text = text.trim();
        if token_at_end(text).is_some_and(|token| token.len() == text.len()) {
            return Ok(Self(text.into()));
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
        let words = text.split(|c| !is_part(c)).filter_map(token_at_end);
        let mut found = words.filter(|token| {
            token.split_once(':').is_some_and(|(_, secret)| secret.len() >= SHORTEST_IN_TEXT)
        });
        let token = found.next().ok_or(InvalidBotToken)?;
        if found.all(|other| other == token) { Ok(Self(token.into())) } else { Err(InvalidBotToken) }
    }

    /// Returns the token.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The shortest secret of a token within a text, in characters: BotFather's have 35, and a time of day has two.
const SHORTEST_IN_TEXT: usize = 30;

/// Returns the token at the end of a word: after `bot` in a Bot API URL, or after a name and a colon.
fn token_at_end(word: &str) -> Option<&str> {
    let (before, secret) = word.rsplit_once(':')?;
    let named = before.rsplit(':').next().unwrap_or(before);
    let number = named.strip_prefix("bot").unwrap_or(named);
    let is_number = (1..=19).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_secret = (1..=128).contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let at = word.len() - number.len() - 1 - secret.len();
    word.get(at..).filter(|_| is_number && is_secret)
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
    fn d4_a_token_is_found_in_what_botfather_writes() {
        let token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-";
        for text in [
            "Use this token to access the HTTP API:\nTOKEN\nKeep your token secure.",
            "https://api.telegram.org/botTOKEN/getMe",
            "BOT_TOKEN=\"TOKEN\"",
            "token: TOKEN",
            "token:TOKEN",
            "`TOKEN`",
            "botTOKEN",
            "TOKEN TOKEN",
        ] {
            let found = BotToken::parse(&text.replace("TOKEN", token));
            assert_eq!(found.as_ref().map(BotToken::expose), Ok(token), "{text}");
        }
        let other = "110201544:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
        for text in ["at 12:30", "2026-11-28 12:30:00", &[token, other].join(" "), "http://example.org:80/"] {
            assert_eq!(BotToken::parse(text), Err(InvalidBotToken), "{text}");
        }
    }

    #[test]
    fn only_the_form_of_a_token_passes() {
        for good in ["1:sandbox", "2:elsewhere", " 123456789:AAH-x_9 "] {
            assert!(BotToken::parse(good).is_ok());
        }
        for bad in ["", "12345", ":x", "x:1:a", "1:", "a:b", "1:with space", "1:a:b"] {
            assert_eq!(BotToken::parse(bad), Err(InvalidBotToken));
        }
    }
}
