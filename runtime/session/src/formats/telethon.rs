//! Telethon's string: `1` and padded urlsafe base64 of DC u8, address of 4 or 16 bytes, port u16, key 256, all
//! big-endian.

use std::net::{IpAddr, SocketAddr};

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::{self, Fields, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, HostPort, RawSession};
use super::string_start;

/// The string's lengths without padding, in characters: with an IPv4 and an IPv6 address. Telethon itself accepts no
/// other length, and requires the padding, which users often lose.
const LENGTHS: [usize; 2] = [352, 368];

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    let encoded = text.strip_prefix('1').filter(|_| LENGTHS.contains(&text.trim_end_matches('=').len()))?;
    let bytes = encoding::decode(encoded)?;
    let address_len = match bytes.len() {
        263 => 4,
        275 => 16,
        _ => return None,
    };
    if super::gramjs::starts_with_host(&bytes) {
        return None;
    }
    let found = parse(&bytes, address_len)?;
    // A truncated string of another library may have this length without padding.
    let is_whole = encoded.len().is_multiple_of(4) || string_start::may_be_a_dc(found.server.ip()?);
    is_whole.then_some(Ok(found))
}

/// Returns whether the decoded bytes of a string without its `1` may be a session of Telethon.
pub(super) fn recognizes(bytes: &[u8]) -> bool {
    let address_len = match bytes.len() {
        263 => 4,
        275 => 16,
        _ => return false,
    };
    if super::gramjs::starts_with_host(bytes) || string_start::is_other_format(bytes) {
        return false;
    }
    parse(bytes, address_len).is_some_and(|found| {
        let is_likely = match found.server.ip() {
            // A first byte of 0 or 1 is more likely the beginning of an api_id in a string of Pyrogram.
            Some(IpAddr::V4(address)) => address.octets()[0] > 1,
            Some(IpAddr::V6(address)) => {
                // 64:ff9b::/96 is the prefix of NAT64.
                address.is_loopback() || address.octets()[0] > 1 || address.segments()[..2] == [0x64, 0xff9b]
            }
            None => false,
        };
        (1..=9).contains(&found.dc) && found.server.port() != 0 && is_likely
    })
}

fn parse(bytes: &[u8], address_len: usize) -> Option<RawSession> {
    let mut fields = Fields(bytes);
    let dc = fields.u8()?;
    let address = match address_len {
        4 => IpAddr::from(fields.array::<4>()?),
        _ => IpAddr::from(fields.array::<16>()?),
    };
    let port = fields.u16()?;
    let key = fields.key()?;
    Some(RawSession {
        server: HostPort::new(address.to_string(), port),
        ..RawSession::new(Format::Telethon, dc.into(), key)
    })
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable) -> Result<Text, ExportError> {
    let address = session.address(dcs)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(275));
    bytes.push(session.dc_byte()?);
    match address {
        SocketAddr::V4(address) => bytes.extend_from_slice(&address.ip().octets()),
        SocketAddr::V6(address) => bytes.extend_from_slice(&address.ip().octets()),
    }
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes.extend_from_slice(session.key);
    Ok(Zeroizing::new(format!("1{}", *encoding::encode_url_padded(&bytes))))
}
