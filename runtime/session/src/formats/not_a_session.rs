//! Texts that users mistake for a session.

use std::fmt;

/// The kind of a text that is mistaken for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotASession {
    /// The token of a bot, from `BotFather`.
    BotToken,
    /// A phone number.
    PhoneNumber,
    /// The `api_hash` of an application.
    ApiHash,
    /// The `tg://login` link in a QR code.
    QrLink,
    /// A link that invites to a chat.
    InviteLink,
    /// A link to a proxy.
    ProxyLink,
    /// Another link of Telegram.
    Link,
    /// An auth key alone, in hexadecimal.
    BareKey,
    /// The public key of a server.
    PublicKey,
}

impl fmt::Display for NotASession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BotToken => "a bot token, not a session",
            Self::PhoneNumber => "a phone number, not a session",
            Self::ApiHash => "an api_hash, not a session; it belongs to an application, not to an account",
            Self::QrLink => {
                "the link of a login QR code, not a session; a device that is logged in opens it to confirm a new login"
            }
            Self::InviteLink => "an invite link to a chat, not a session",
            Self::ProxyLink => "the link of a proxy, not a session",
            Self::Link => "a link of Telegram, not a session",
            Self::BareKey => {
                "an auth key alone; a session also contains its DC, so export the session from the program that has the key"
            }
            Self::PublicKey => "the public key of a server, not a session",
        })
    }
}

/// Returns the kind of a text that is mistaken for a session, or `None` if the text is none of them.
pub(super) fn recognize(text: &str) -> Option<NotASession> {
    let marks = ['"', '\'', '`', '“', '”', ',', ';'];
    let text = text.trim().trim_matches(marks).trim();
    let text = text
        .split_once('=')
        .filter(|(name, _)| is_name(name))
        .map_or(text, |(_, value)| value.trim_matches(marks));
    if text.starts_with("-----BEGIN") && text.contains("PUBLIC KEY") {
        return Some(NotASession::PublicKey);
    }
    if is_hex(text) {
        return match text.len() {
            32 => Some(NotASession::ApiHash),
            512 => Some(NotASession::BareKey),
            _ => phone(text),
        };
    }
    if text.contains(char::is_whitespace) && phone(text).is_none() || text.len() > 1024 {
        return None;
    }
    if let Some((number, secret)) = text.split_once(':')
        && (5..=20).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (30..=64).contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        return Some(NotASession::BotToken);
    }
    link(text).or_else(|| phone(text))
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' '))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn phone(text: &str) -> Option<NotASession> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_phone = (7..=15).contains(&digits)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b' ' | b'(' | b')' | b'.'));
    is_phone.then_some(NotASession::PhoneNumber)
}

fn link(text: &str) -> Option<NotASession> {
    let lower = text.get(..text.len().min(64)).unwrap_or_default().to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("tg:") {
        let rest = rest.trim_start_matches('/');
        return Some(match rest.split(['?', '/']).next().unwrap_or_default() {
            "login" => NotASession::QrLink,
            "join" => NotASession::InviteLink,
            "proxy" | "socks" => NotASession::ProxyLink,
            _ => NotASession::Link,
        });
    }
    let rest = lower.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let hosts = ["t.me/", "telegram.me/", "telegram.dog/"];
    let path = hosts.iter().find_map(|host| rest.strip_prefix(host))?;
    Some(match path {
        _ if path.starts_with('+') || path.starts_with("joinchat") => NotASession::InviteLink,
        _ if path.starts_with("proxy") || path.starts_with("socks") => NotASession::ProxyLink,
        _ if path.starts_with("login") => NotASession::QrLink,
        _ => NotASession::Link,
    })
}
