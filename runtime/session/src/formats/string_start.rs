//! Recognizes the format of a session string by its beginning.

use std::net::IpAddr;

use super::encoding::{self, Fields};
use super::error::ImportError;
use super::format::Format;

/// Returns the error for a string whose beginning is of a known format, but whose length is wrong.
pub(super) fn truncated(text: &str) -> Option<ImportError> {
    let damaged = |format, reason| ImportError::Damaged { format, reason };
    let (format, expected) = match text.strip_prefix('1').and_then(prefixed) {
        Some(found) => found,
        None => match format_of(&encoding::decode(text.get(..28)?)?)? {
            (format, Some(expected)) => (format, expected),
            (format, None) => return Some(damaged(format, "it is damaged or cut short")),
        },
    };
    let characters = text.len();
    match characters.cmp(&expected) {
        std::cmp::Ordering::Less => Some(ImportError::Truncated { format, characters, expected }),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(damaged(format, "it is too long: it contains extra text")),
    }
}

/// Returns whether the first bytes are those of MTKruto or ferogram. Read as a session of Telethon, they would contain an
/// address that no server has.
pub(super) fn is_other_format(begin: &[u8]) -> bool {
    matches!(format_of(begin), Some((Format::Mtkruto | Format::Ferogram, _)))
}

/// Returns the format of a string that has no prefix of its own, by its first bytes, and its complete length in
/// characters if that is certain.
pub(super) fn format_of(begin: &[u8]) -> Option<(Format, Option<usize>)> {
    const DC: std::ops::RangeInclusive<u8> = 1..=5;
    match begin {
        [1, b'1'..=b'5', 0, 2, 0xfe, ..] | [6, b'1'..=b'5', b'-', b't', b'e', b's', b't', ..] => {
            Some((Format::Mtkruto, None))
        }
        [version @ (1 | 2), dc, 4, a, b, c, d, ..]
            if DC.contains(dc) && may_be_a_dc([*a, *b, *c, *d].into()) =>
        {
            Some((Format::Ferogram, Some(if *version == 1 { 386 } else { 364 })))
        }
        [3, 0..=7, 0, 0, 0, _, 1 | 2, dc, ..] if DC.contains(dc) => Some((Format::Mtcute, None)),
        [dc, 0..=3, _, _, _, 0 | 1, ..] if DC.contains(dc) => Some((Format::Pyrogram, Some(362))),
        // Older versions, which are shorter.
        [dc, 0 | 1, ..] if DC.contains(dc) => Some((Format::Pyrogram, None)),
        _ => None,
    }
}

/// Returns the format and the complete length of a string of Telethon or GramJS, given without its prefix `1`.
fn prefixed(encoded: &str) -> Option<(Format, usize)> {
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

/// Returns whether a DC may have this address: an address of Telegram, or of a test server on this computer or in its
/// network.
pub(super) fn may_be_a_dc(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    is_local || address.is_loopback() || is_telegrams(address)
}

/// Returns whether the address is in a network of Telegram.
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
