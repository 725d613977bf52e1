//! gotd's session file: JSON with keys in base64,
//! `{"Version":1,"Data":{"Config":{…,"TestMode"},"DC","Addr","AuthKey","AuthKeyID","Salt"}}`.

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::{self, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::imported::Imported;
use super::json::{self, Object};
use super::raw_session::{Exported, RawSession, Reading};

pub(super) fn read(object: &Object<'_>) -> Reading {
    let version = json::number(object.get("Version")?)?;
    let data = json::object(object.get("Data")?.get())?;
    data.get("AuthKeyID")?;
    Some(read_data(version, &data))
}

fn read_data(version: i64, data: &Object<'_>) -> Result<Imported, ImportError> {
    let format = Format::Gotd;
    let damaged = |reason| ImportError::Damaged { format, reason };
    if version != 1 {
        return Err(ImportError::Newer { format, version: version.to_string() });
    }
    let bytes = |name: &str| data.get(name).and_then(|value| encoding::decode(&json::string(value)?));
    let key = bytes("AuthKey").unwrap_or_default();
    if key.is_empty() {
        return Err(ImportError::NoKey(format));
    }
    let key = key.as_slice().try_into().map_err(|_| damaged("its key does not have 256 bytes"))?;
    // Files of old versions have no DC; gotd then starts at DC 2.
    let dc = data.get("DC").and_then(|value| json::number(value)).filter(|dc| *dc != 0).unwrap_or(2);
    let address =
        data.get("Addr").and_then(|value| json::string(value)?.parse::<std::net::SocketAddr>().ok());
    let config = data.get("Config").and_then(|value| json::object(value.get()));
    let test = config.and_then(|config| Some(config.get("TestMode")?.get() == "true"));
    let mut imported = RawSession {
        server: address.into(),
        // The default is false, also for test DCs whose configuration gotd has not requested yet.
        test_dcs: test.filter(|is_test| *is_test),
        ..RawSession::new(format, dc, Zeroizing::new(key))
    }
    .into_imported()?;
    for key in imported.session.keys.values_mut() {
        if bytes("AuthKeyID").is_none_or(|id| id.as_slice() != key.auth_key.id().to_bytes()) {
            return Err(damaged("its key does not match its AuthKeyID: it was changed"));
        }
        key.server_salt = data.get("Salt").and_then(|value| json::number(value)).unwrap_or(0);
    }
    Ok(imported)
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable, salt: i64) -> Result<Text, ExportError> {
    let address = session.address(dcs)?;
    let dc = session.dc.number();
    let id = sansgram_core::AuthKey::new(*session.key).id().to_bytes();
    Ok(Zeroizing::new(format!(
        r#"{{"Version":1,"Data":{{"Config":{{"TestMode":{},"ThisDC":{dc}}},"DC":{dc},"Addr":"{address}","AuthKey":"{}","AuthKeyID":"{}","Salt":{salt}}}}}"#,
        session.test_dcs,
        *encoding::encode_standard(session.key),
        *encoding::encode_standard(&id),
    )))
}
