//! ferogram's string (`ferogram-session` 0.6): urlsafe base64 without padding of version u8, DC u8, kind of address u8
//! (4 or 6), address, port u16, user i64, key 256, all big-endian. Version 1 has salt i64, sequence number u32 and
//! layer u32 before the key. It does not say whether the user is a bot.

use std::net::{IpAddr, SocketAddr};

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::{self, Fields, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, HostPort, RawSession};

/// The length of the fields that only version 1 has before the key, in bytes.
const STATE_LEN: usize = 16;

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    let bytes = encoding::decode(text)?;
    let mut fields = Fields(&bytes);
    let version = fields.u8().filter(|version| matches!(version, 1 | 2))?;
    let dc = fields.u8()?;
    let ip = match fields.u8()? {
        4 => IpAddr::from(fields.array::<4>()?),
        6 => IpAddr::from(fields.array::<16>()?),
        _ => return None,
    };
    let port = fields.u16()?;
    let user_id = fields.u64()?;
    if version == 1 {
        fields.slice(STATE_LEN)?;
    }
    let key = fields.key().filter(|_| fields.0.is_empty())?;
    let found = RawSession::new(Format::Ferogram, dc.into(), key);
    Some(Ok(RawSession {
        server: HostPort::new(ip.to_string(), port),
        user_id: i64::try_from(user_id).unwrap_or(-1),
        ..found
    }))
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable) -> Result<Text, ExportError> {
    let user = session.user.ok_or(ExportError::NoUser(Format::Ferogram))?;
    let address = session.address(dcs)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(285));
    bytes.extend([2, session.dc_byte()?]);
    match address {
        SocketAddr::V4(address) => {
            bytes.push(4);
            bytes.extend_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            bytes.push(6);
            bytes.extend_from_slice(&address.ip().octets());
        }
    }
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes.extend_from_slice(&user.id.to_be_bytes());
    bytes.extend_from_slice(session.key);
    Ok(encoding::encode_url(&bytes))
}
