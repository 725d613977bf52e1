//! What people take for a session, by name; and strings of which some is missing.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::encoding::{self, Fields};
use super::{Format, ImportError};

/// Something that is no session, but is mistaken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoSession {
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
    /// An auth key in hexadecimal, by itself.
    BareKey,
    /// The public key of a server.
    PublicKey,
}

impl fmt::Display for NoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BotToken => "the token of a bot, not a session; a bot logs in with it",
            Self::PhoneNumber => "a phone number, not a session; a user logs in with it",
            Self::ApiHash => "an api_hash, not a session; it belongs to an application, not to an account",
            Self::QrLink => {
                "the link of a QR code, not a session; a device that is logged in opens it to confirm a new one"
            }
            Self::InviteLink => "an invite link to a chat, not a session",
            Self::ProxyLink => "the link of a proxy, not a session",
            Self::Link => "a link of Telegram, not a session",
            Self::BareKey => {
                "an auth key by itself; a session also says its DC, so export one from the program that has the key"
            }
            Self::PublicKey => "the public key of a server, not a session",
        })
    }
}

/// What a text without a session is, if it is known.
pub(super) fn name(text: &str) -> Option<NoSession> {
    let marks = ['"', '\'', '`', '“', '”', ',', ';'];
    let text = text.trim().trim_matches(marks).trim();
    let text = text
        .split_once('=')
        .filter(|(name, _)| is_name(name))
        .map_or(text, |(_, value)| value.trim_matches(marks));
    if text.starts_with("-----BEGIN") && text.contains("PUBLIC KEY") {
        return Some(NoSession::PublicKey);
    }
    if is_hex(text) {
        return match text.len() {
            32 => Some(NoSession::ApiHash),
            512 => Some(NoSession::BareKey),
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
        return Some(NoSession::BotToken);
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

fn phone(text: &str) -> Option<NoSession> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_one = (7..=15).contains(&digits)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b' ' | b'(' | b')' | b'.'));
    is_one.then_some(NoSession::PhoneNumber)
}

fn link(text: &str) -> Option<NoSession> {
    let lower = text.get(..text.len().min(64)).unwrap_or_default().to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("tg:") {
        let rest = rest.trim_start_matches('/');
        return Some(match rest.split(['?', '/']).next().unwrap_or_default() {
            "login" => NoSession::QrLink,
            "join" => NoSession::InviteLink,
            "proxy" | "socks" => NoSession::ProxyLink,
            _ => NoSession::Link,
        });
    }
    let rest = lower.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let hosts = ["t.me/", "telegram.me/", "telegram.dog/"];
    let path = hosts.iter().find_map(|host| rest.strip_prefix(host))?;
    Some(match path {
        _ if path.starts_with('+') || path.starts_with("joinchat") => NoSession::InviteLink,
        _ if path.starts_with("proxy") || path.starts_with("socks") => NoSession::ProxyLink,
        _ if path.starts_with("login") => NoSession::QrLink,
        _ => NoSession::Link,
    })
}

/// What a string with the letters of one, but without the length of any, has lost, as far as its beginning shows.
pub(super) fn incomplete(text: &str) -> Option<ImportError> {
    let first_missing = |format| Some(ImportError::FirstMissing(format));
    if let Some(bytes) = encoding::decode(text) {
        if super::gramjs::is_one(&bytes) {
            return first_missing(Format::GramJs);
        }
        if super::telethon::is_one(&bytes) {
            return first_missing(Format::Telethon);
        }
    }
    if let Some(bytes) = text.get(1..).filter(|_| !text.starts_with('1')).and_then(encoding::decode) {
        let reason = "its first character is wrong: it must be a 1";
        if super::gramjs::is_one(&bytes) {
            return Some(ImportError::Damaged { format: Format::GramJs, reason });
        }
        if super::telethon::is_one(&bytes) {
            return Some(ImportError::Damaged { format: Format::Telethon, reason });
        }
    }
    // What begins as one may have lost a character anywhere.
    if text.get(..28).and_then(encoding::decode).is_some_and(|begin| begins_as(&begin).is_some()) {
        return None;
    }
    // The DC decides about the first letter of Pyrogram's, but its last two bits come with the second one.
    let whole = Zeroizing::new(format!("A{text}"));
    if super::pyrogram::has_length(&whole) && super::pyrogram::is_one(&encoding::decode(&whole)?) {
        return first_missing(Format::Pyrogram);
    }
    // The others begin with a small number, which is always an A.
    for read in [super::ferogram::read, super::mtkruto::read, super::mtcute::read] {
        if let Some(Ok(found)) = read(&whole) {
            return first_missing(found.format);
        }
    }
    None
}

/// Says which format's string begins so, and how long a whole one is, if this is of another length.
pub(super) fn cut(text: &str) -> Option<ImportError> {
    let damaged = |format, reason| ImportError::Damaged { format, reason };
    let (format, expected) = match text.strip_prefix('1').and_then(marked) {
        Some(found) => found,
        None => match begins_as(&encoding::decode(text.get(..28)?)?)? {
            (format, Some(expected)) => (format, expected),
            (format, None) => return Some(damaged(format, "it is changed or cut short")),
        },
    };
    let characters = text.len();
    match characters.cmp(&expected) {
        std::cmp::Ordering::Less => Some(ImportError::Cut { format, characters, expected }),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => {
            Some(damaged(format, "it is too long: something else stands at its end, or inside it"))
        }
    }
}

/// Whether a string that begins so is MTKruto's or ferogram's. At the address that Telethon would find there no server is.
pub(super) fn is_marked_otherwise(begin: &[u8]) -> bool {
    matches!(begins_as(begin), Some((Format::Mtkruto | Format::Ferogram, _)))
}

/// The format of a string without a mark, by its beginning, and how long a whole one is if that is certain.
fn begins_as(begin: &[u8]) -> Option<(Format, Option<usize>)> {
    const DC: std::ops::RangeInclusive<u8> = 1..=5;
    match begin {
        [1, b'1'..=b'5', 0, 2, 0xfe, ..] | [6, b'1'..=b'5', b'-', b't', b'e', b's', b't', ..] => {
            Some((Format::Mtkruto, None))
        }
        [version @ (1 | 2), dc, 4, a, b, c, d, ..]
            if DC.contains(dc) && is_of_a_dc([*a, *b, *c, *d].into()) =>
        {
            Some((Format::Ferogram, Some(if *version == 1 { 386 } else { 364 })))
        }
        [3, 0..=7, 0, 0, 0, _, 1 | 2, dc, ..] if DC.contains(dc) => Some((Format::Mtcute, None)),
        [dc, 0..=3, _, _, _, 0 | 1, ..] if DC.contains(dc) => Some((Format::Pyrogram, Some(362))),
        // Of the old ones, which are shorter.
        [dc, 0 | 1, ..] if DC.contains(dc) => Some((Format::Pyrogram, None)),
        _ => None,
    }
}

/// A string of Telethon or GramJS without its `1`.
fn marked(encoded: &str) -> Option<(Format, usize)> {
    let begin = encoding::decode(encoded.get(..28)?)?;
    let mut fields = Fields(&begin);
    if !(1..=5).contains(&fields.u8()?) {
        return None;
    }
    let (v4, v6) =
        (IpAddr::from(*fields.0.first_chunk::<4>()?), IpAddr::from(*fields.0.first_chunk::<16>()?));
    if is_telegrams(v4) {
        return Some((Format::Telethon, 353));
    }
    if is_telegrams(v6) {
        return Some((Format::Telethon, 369));
    }
    let length = usize::from(fields.u16()?);
    let host = fields.slice(length.min(fields.0.len()))?;
    let is_host = (7..=45).contains(&length)
        && host.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    is_host.then(|| (Format::GramJs, 1 + (261 + length).div_ceil(3) * 4))
}

/// Whether a DC may be at this address: one of Telegram's, or a test server on this machine or in its network.
pub(super) fn is_of_a_dc(address: IpAddr) -> bool {
    let is_near = match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    is_near || address.is_loopback() || is_telegrams(address)
}

/// Whether Telegram's DCs have addresses that begin so.
fn is_telegrams(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(
            address.octets(),
            [149, 154, 160..=175, _]
                | [91, 105, 192..=193, _]
                | [91, 108, _, _]
                | [95, 161, 64..=79, _]
                | [185, 76, 151, _]
        ),
        IpAddr::V6(address) => matches!(
            address.segments(),
            [0x2001, 0xb28, 0xf23d | 0xf23f, ..] | [0x2001, 0x67c, 0x4e8, ..] | [0x2a0a, 0xf280, ..]
        ),
    }
}
