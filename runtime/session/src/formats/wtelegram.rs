//! `WTelegramClient`'s file: position i32 and length i32 of a block, little-endian. The block is an initialization vector
//! of 16 bytes and, in AES-128-CBC under the `api_hash`, the SHA-256 of a JSON document and the document. UNVERIFIED: this follows its public
//! source, not a file of the real program.

use std::path::Path;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::encoding::{self, Bytes};
use super::error::ImportError;
use super::format::Format;
use super::imported::ImportOptions;
use super::json;
use super::raw_session::{HostPort, OtherDc, RawSession, Reading};

const BLOCK: usize = 16;
/// The minimum length in bytes: the initialization vector, the hash and one block of the document.
const SHORTEST: usize = BLOCK + 32 + BLOCK;

pub(super) fn read_file(_path: &Path, bytes: &[u8], options: &ImportOptions) -> Reading {
    let number = |at: usize| {
        let number = bytes.get(at..)?.first_chunk().copied().map(i32::from_le_bytes)?;
        usize::try_from(number).ok()
    };
    let (position, length) = (number(0)?, number(4)?);
    if position < 8 || length < SHORTEST || length % BLOCK != 0 {
        return None;
    }
    let block = bytes.get(position..)?.get(..length)?;
    // The first bytes of a text may look like a position and a length.
    if bytes.iter().take(256).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return None;
    }
    Some(read(block, options))
}

fn read(block: &[u8], options: &ImportOptions) -> Result<super::Imported, ImportError> {
    let format = Format::WTelegram;
    let hash = options.api_hash.as_ref().ok_or(ImportError::ApiHashNeeded(format))?;
    let key = encoding::hex(hash.expose().trim()).ok_or(ImportError::WrongApiHash(format))?;
    let plain = decrypt(block, &key).ok_or(ImportError::WrongApiHash(format))?;
    let (sum, text) = plain.split_at_checked(32).ok_or(ImportError::WrongApiHash(format))?;
    if *Sha256::digest(text) != *sum {
        return Err(ImportError::WrongApiHash(format));
    }
    let damaged = |reason| ImportError::Damaged { format, reason };
    let text = std::str::from_utf8(text).map_err(|_| damaged("it contains no JSON"))?;
    let found = parse(text.trim_start_matches('\u{feff}'));
    found.ok_or(damaged("its fields are inconsistent"))??.into_imported()
}

fn parse(text: &str) -> Option<Result<RawSession, ImportError>> {
    let object = json::object(text)?;
    let field = |name: &str| object.get(name).and_then(|value| json::number(value));
    let home = field("MainDC").unwrap_or(0);
    let sessions = json::object(object.get("DCSessions")?.get())?;
    let mut dcs = Vec::new();
    for (name, value) in &sessions {
        // Negative numbers are media DCs, which share the key of another session.
        let Some(dc) = name.parse::<i64>().ok().filter(|dc| *dc > 0) else { continue };
        let Some(session) = json::object(value.get()) else { continue };
        let key = session.get("AuthKey").and_then(|key| encoding::decode(&json::string(key)?));
        let Some(key) = key.and_then(|key| key.as_slice().try_into().map(Zeroizing::new).ok()) else {
            continue;
        };
        let server = session.get("DataCenter").and_then(|value| json::object(value.get())).map(|server| {
            let host = server.get("ip_address").and_then(|it| json::string(it)).unwrap_or_default();
            HostPort::numbered(host.as_str(), server.get("port").and_then(|it| json::number(it)))
        });
        dcs.push(OtherDc { dc, server: server.unwrap_or_default(), key });
    }
    let Some(at) = dcs.iter().position(|it| it.dc == home) else {
        return Some(Err(ImportError::NoKey(Format::WTelegram)));
    };
    let OtherDc { server, key, .. } = dcs.swap_remove(at);
    Some(Ok(RawSession {
        server,
        others: dcs,
        user_id: field("UserId").unwrap_or(0),
        api_id: field("ApiId").and_then(|id| id.try_into().ok()).unwrap_or(0),
        ..RawSession::new(Format::WTelegram, home, key)
    }))
}

/// Decrypts the block after its initialization vector and removes the padding. Returns `None` if the key is wrong.
fn decrypt(block: &[u8], key: &[u8; 16]) -> Option<Bytes> {
    let (iv, ciphertext) = block.split_first_chunk::<BLOCK>()?;
    let mut plain = Bytes::new(ciphertext.to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), iv.into());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}
