//! Telethon's string: `1` and padded urlsafe base64 of DC u8, address of 4 or 16 bytes, port u16, key 256, all
//! big-endian.

use std::net::{IpAddr, SocketAddr};

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::{self, Fields, Text};
use super::{ExportError, Exported, Format, Found, ImportError};

/// The string's lengths, in characters: with an IPv4 and an IPv6 address. Telethon itself reads no others, so that a
/// cut string is noticed.
const LENGTHS: [usize; 2] = [353, 369];

pub(super) fn read(text: &str) -> Option<Result<Found, ImportError>> {
    let encoded = text.strip_prefix('1').filter(|_| LENGTHS.contains(&text.len()))?;
    let bytes = encoding::decode(encoded)?;
    let address_len = match bytes.len() {
        263 => 4,
        275 if !super::gramjs::is_one(&bytes) => 16,
        _ => return None,
    };
    parse(&bytes, address_len).map(Ok)
}

fn parse(bytes: &[u8], address_len: usize) -> Option<Found> {
    let mut fields = Fields(bytes);
    let dc = fields.u8()?;
    let address = match address_len {
        4 => IpAddr::from(fields.array::<4>()?),
        _ => IpAddr::from(fields.array::<16>()?),
    };
    let port = fields.u16()?;
    let key = fields.key()?;
    Some(Found { host: address.to_string(), port, ..Found::new(Format::Telethon, dc.into(), key) })
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
