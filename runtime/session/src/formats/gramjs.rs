//! GramJS' string: `1` and padded standard base64 of DC u8, length i16, address in ASCII, port i16, key 256, all
//! big-endian. The address may be the name of a host.

use std::net::IpAddr;
use std::str;

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::{self, Fields, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, HostPort, RawSession};

/// The length of everything except the address, in bytes.
const FIXED_LEN: usize = 261;
/// The longest address that GramJS accepts. It reads a larger length as the first bytes of an IPv6 address.
const MAX_ADDRESS_LEN: usize = 100;

/// Returns whether the decoded bytes are a session of GramJS. With an address of 14 characters, they have the length of
/// Telethon's with IPv6; its address would then begin with `e::`, which no server has.
pub(super) fn recognizes(bytes: &[u8]) -> bool {
    parse(bytes).is_some()
}

/// Returns whether the bytes start with the text of an address; the rest is not checked. Read as a session of Telethon,
/// they would contain an address that no server has.
pub(super) fn starts_with_host(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes);
    let host = fields.u8().and_then(|_| fields.u16()).and_then(|length| fields.slice(length.into()));
    host.and_then(|host| str::from_utf8(host).ok()).is_some_and(|host| host.parse::<IpAddr>().is_ok())
}

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    let bytes = encoding::decode(text.strip_prefix('1')?)?;
    parse(&bytes).map(Ok)
}

fn parse(bytes: &[u8]) -> Option<RawSession> {
    let mut fields = Fields(bytes);
    let dc = fields.u8()?;
    let length = usize::from(fields.u16()?);
    if length > MAX_ADDRESS_LEN || bytes.len() != FIXED_LEN + length {
        return None;
    }
    let host = fields.slice(length)?;
    if host.is_empty() || !host.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let host = str::from_utf8(host).ok()?.to_owned();
    let port = fields.u16()?;
    let key = fields.key()?;
    Some(RawSession { server: HostPort::new(host, port), ..RawSession::new(Format::GramJs, dc.into(), key) })
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable) -> Result<Text, ExportError> {
    let address = session.address(dcs)?;
    let host = address.ip().to_string();
    let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED_LEN + host.len()));
    bytes.push(session.dc_byte()?);
    // The text of an IP address has at most 45 characters.
    bytes.extend_from_slice(&(host.len() as u16).to_be_bytes());
    bytes.extend_from_slice(host.as_bytes());
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes.extend_from_slice(session.key);
    Ok(Zeroizing::new(format!("1{}", *encoding::encode_standard(&bytes))))
}
