//! `auth.bindTempAuthKey` on the server's side: the cipher of MTProto 1.0 and the checks, independent of the client's
//! code.
//!
//! Source: `core.telegram.org/method/auth.bindTempAuthKey`, `core.telegram.org/mtproto/description_v1`.

use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::{AuthKey, aes_ige};

use super::policy::MAX_EXPIRY_DIFFERENCE;
use crate::wire::{Malformed, Reader};

/// `auth.bindTempAuthKey`.
pub(super) const BIND_TEMP_AUTH_KEY: u32 = 0xcdd4_2a05;
/// `bind_auth_key_inner`.
const BIND_AUTH_KEY_INNER: u32 = 0x75a3_f765;
/// The bytes of the sealed message: key 8, `msg_key` 16, five blocks.
const SEALED_LEN: usize = 104;
/// The bytes before the padding: random 16, identifier 8, `seq_no` 4, length 4, inner object 40.
const HASHED_LEN: usize = 72;

/// Why a binding is refused, by the name of its `rpc_error` (code 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BindRefusal {
    /// The sealed part does not decrypt, or its fields do not match the message.
    EncryptedMessage,
    /// The key of the session is a permanent one.
    NotTemporary,
    /// The key is bound to another permanent key.
    AlreadyBound,
    /// The expiry has passed or differs from the key's.
    ExpiresAt,
}

impl BindRefusal {
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::EncryptedMessage => "ENCRYPTED_MESSAGE_INVALID",
            Self::NotTemporary => "TEMP_AUTH_KEY_EMPTY",
            Self::AlreadyBound => "TEMP_AUTH_KEY_ALREADY_BOUND",
            Self::ExpiresAt => "EXPIRES_AT_INVALID",
        }
    }
}

/// The arguments of the method, outside of the sealed part.
pub(super) struct Request<'a> {
    pub(super) perm_auth_key_id: u64,
    nonce: i64,
    expires_at: i32,
    sealed: &'a [u8],
}

/// The message that carries the request, as the server knows it.
pub(super) struct BindingContext {
    pub(super) msg_id: u64,
    pub(super) session_id: i64,
    pub(super) temp_auth_key_id: u64,
    /// When the temporary key expires, and the current time, in Unix seconds.
    pub(super) key_expires_at: i64,
    pub(super) now: i64,
}

impl<'a> Request<'a> {
    /// Reads the call, constructor included.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        reader.expect(BIND_TEMP_AUTH_KEY)?;
        let perm_auth_key_id = reader.u64()?;
        let (nonce, expires_at, sealed) = (reader.i64()?, reader.i32()?, reader.bytes()?);
        if reader.rest().is_empty() {
            Ok(Self { perm_auth_key_id, nonce, expires_at, sealed })
        } else {
            Err(Malformed)
        }
    }

    /// Decrypts the sealed part with the permanent key and checks each field.
    pub(super) fn check(&self, permanent: &AuthKey, context: &BindingContext) -> Result<(), BindRefusal> {
        let plain = open(permanent, self.sealed).ok_or(BindRefusal::EncryptedMessage)?;
        let fields = read_inner(&plain).map_err(|Malformed| BindRefusal::EncryptedMessage)?;
        let expected = Fields {
            msg_id: context.msg_id,
            seq_no: 0,
            length: 40,
            nonce: self.nonce,
            temp_auth_key_id: context.temp_auth_key_id,
            perm_auth_key_id: self.perm_auth_key_id,
            session_id: context.session_id,
            expires_at: self.expires_at,
        };
        if fields != expected {
            return Err(BindRefusal::EncryptedMessage);
        }
        let expires_at = i64::from(self.expires_at);
        if expires_at <= context.now || (expires_at - context.key_expires_at).abs() > MAX_EXPIRY_DIFFERENCE {
            return Err(BindRefusal::ExpiresAt);
        }
        Ok(())
    }
}

#[derive(PartialEq, Eq)]
struct Fields {
    msg_id: u64,
    seq_no: u32,
    length: u32,
    nonce: i64,
    temp_auth_key_id: u64,
    perm_auth_key_id: u64,
    session_id: i64,
    expires_at: i32,
}

fn read_inner(plain: &[u8]) -> Result<Fields, Malformed> {
    let mut reader = Reader::new(plain);
    reader.raw(16)?;
    let (msg_id, seq_no, length) = (reader.u64()?, reader.u32()?, reader.u32()?);
    reader.expect(BIND_AUTH_KEY_INNER)?;
    Ok(Fields {
        msg_id,
        seq_no,
        length,
        nonce: reader.i64()?,
        temp_auth_key_id: reader.u64()?,
        perm_auth_key_id: reader.u64()?,
        session_id: reader.i64()?,
        expires_at: reader.i32()?,
    })
}

/// Decrypts by MTProto 1.0; `None` if the key or the hash does not match.
fn open(key: &AuthKey, sealed: &[u8]) -> Option<Vec<u8>> {
    if sealed.len() != SEALED_LEN || sealed[..8] != sha1(&[key.as_bytes()])[12..] {
        return None;
    }
    let (msg_key, ciphertext) = sealed[8..].split_at(16);
    let key = key.as_bytes();
    let a = sha1(&[msg_key, &key[..32]]);
    let b = sha1(&[&key[32..48], msg_key, &key[48..64]]);
    let c = sha1(&[&key[64..96], msg_key]);
    let d = sha1(&[msg_key, &key[96..128]]);
    let aes_key = [&a[..8], &b[8..20], &c[4..16]].concat();
    let aes_iv = [&a[8..20], &b[..8], &c[16..20], &d[..8]].concat();
    let mut plain = ciphertext.to_vec();
    aes_ige::decrypt(&aes_key.try_into().ok()?, &aes_iv.try_into().ok()?, &mut plain).ok()?;
    (sha1(&[&plain[..HASHED_LEN]])[4..] == *msg_key).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_published_layout_is_read_and_every_flipped_bit_refused() {
        let text = include_str!("../../vectors/bind_temp_auth_key.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let bytes = |name: &str| hex(case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}")));
            let key = AuthKey::new(bytes("perm_auth_key").try_into().unwrap());
            let sealed = bytes("encrypted_message");
            let plain = open(&key, &sealed).expect("the vector opens");
            assert_eq!(plain[32..72], bytes("bind_auth_key_inner"));
            for at in 0..sealed.len() {
                let mut forged = sealed.clone();
                forged[at] ^= 1;
                assert_eq!(open(&key, &forged), None, "byte {at}");
            }
        }
    }
}
