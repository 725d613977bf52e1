//! mtcute's string, version 3: urlsafe base64 without padding of 3 u8, flags i32, and as TL values the DC, the DC for
//! media, the user, and the key.
//!
//! A DC is TL bytes of: version 2 u8, number u8, flags u8, address as TL string, port i32.

use std::net::SocketAddr;

use sansgram_core::client::DcTable;
use sansgram_core::tl::{DecodeError, Reader, write as tl};
use zeroize::Zeroizing;

use super::encoding::{self, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, HostPort, RawSession};

/// The version of the string.
const VERSION: u8 = 3;
const FLAG_USER: i32 = 1;
/// The flag for test DCs in strings of older versions, which had no flag for each DC.
const FLAG_TEST: i32 = 2;
const FLAG_MEDIA: i32 = 4;

/// The version of a DC's description.
const DC_VERSION: u8 = 2;
const DC_FLAG_IPV6: u8 = 1;
const DC_FLAG_TEST: u8 = 4;

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    // A string of Pyrogram for DC 3 begins with a 3 too, and may have any byte in the position of the DC's version. No
    // complete string of mtcute is as short.
    if super::pyrogram::has_length(text) {
        return None;
    }
    let bytes = encoding::decode(text)?;
    let (&[VERSION, flags @ .., _, 1 | DC_VERSION], _) = bytes.split_first_chunk::<7>()? else { return None };
    let flags = i32::from_le_bytes(flags);
    if flags & !(FLAG_USER | FLAG_TEST | FLAG_MEDIA) != 0 {
        return None;
    }
    let mut reader = Reader::new(bytes.get(5..)?);
    let damaged = |_| ImportError::Damaged { format: Format::Mtcute, reason: "it is damaged or cut short" };
    Some(parse(&mut reader, flags).map_err(damaged))
}

fn parse(reader: &mut Reader<'_>, flags: i32) -> Result<RawSession, DecodeError> {
    let (dc, dc_flags, host, port) = parse_dc(reader.bytes()?)?;
    if flags & FLAG_MEDIA != 0 {
        parse_dc(reader.bytes()?)?;
    }
    let (user_id, is_bot) = if flags & FLAG_USER == 0 { (0, false) } else { (reader.i64()?, reader.bool()?) };
    let key = reader.bytes()?.try_into().map_err(|_| DecodeError::UnexpectedEnd)?;
    reader.finish()?;
    let test_dcs = Some(flags & FLAG_TEST != 0 || dc_flags & DC_FLAG_TEST != 0);
    let known = RawSession::new(Format::Mtcute, dc.into(), Zeroizing::new(key));
    Ok(RawSession { server: HostPort::new(host, port), user_id, is_bot, test_dcs, ..known })
}

fn parse_dc(bytes: &[u8]) -> Result<(u8, u8, String, u16), DecodeError> {
    let mut reader = Reader::new(bytes);
    let (number, flags) = match reader.raw(3)? {
        // This version had no flag for test DCs.
        [1, number, flags] => (*number, flags & !DC_FLAG_TEST),
        [DC_VERSION, number, flags] => (*number, *flags),
        _ => return Err(DecodeError::UnexpectedEnd),
    };
    let host = reader.string()?.to_owned();
    let port = u16::try_from(reader.i32()?).unwrap_or(0);
    reader.finish()?;
    Ok((number, flags, host, port))
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable) -> Result<Text, ExportError> {
    let address = session.address(dcs)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(384));
    bytes.push(VERSION);
    tl::i32(&mut bytes, if session.user.is_some() { FLAG_USER } else { 0 });
    tl::bytes(&mut bytes, &describe_dc(session, address)?);
    if let Some(user) = session.user {
        tl::i64(&mut bytes, user.id);
        tl::bool(&mut bytes, user.is_bot);
    }
    tl::bytes(&mut bytes, session.key);
    Ok(encoding::encode_url(&bytes))
}

fn describe_dc(session: &Exported<'_>, address: SocketAddr) -> Result<Vec<u8>, ExportError> {
    let ipv6 = if address.is_ipv6() { DC_FLAG_IPV6 } else { 0 };
    let test = if session.test_dcs { DC_FLAG_TEST } else { 0 };
    let mut bytes = vec![DC_VERSION, session.dc_byte()?, ipv6 | test];
    tl::string(&mut bytes, &address.ip().to_string());
    tl::i32(&mut bytes, address.port().into());
    Ok(bytes)
}
