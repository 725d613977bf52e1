//! The three nonces of a handshake and the values derived from them.

use alloc::boxed::Box;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{HandshakeError, Reply};
use crate::crypto::Secret;
use crate::crypto::hash::sha1;

/// Byte strings of fixed length: leading zeros are significant.
#[derive(Debug)]
pub(super) struct Nonces {
    pub(super) nonce: [u8; 16],
    pub(super) server_nonce: [u8; 16],
    /// Known only to the client and the owner of the RSA key. Boxed, so that a move of the state leaves no copy.
    pub(super) new_nonce: Box<Secret<[u8; 32]>>,
}

/// `tmp_aes_key` and `tmp_aes_iv`, used for `encrypted_answer` and every `encrypted_data` after it.
pub(super) struct TmpAesKey {
    pub(super) key: [u8; 32],
    pub(super) iv: [u8; 32],
}

impl Drop for TmpAesKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

impl Nonces {
    /// Checks the two nonces in `reply`.
    pub(super) fn check(
        &self,
        nonce: &[u8; 16],
        server_nonce: &[u8; 16],
        reply: Reply,
    ) -> Result<(), HandshakeError> {
        check_nonce(&self.nonce, nonce, reply)?;
        if !ct_equal(&self.server_nonce, server_nonce) {
            return Err(HandshakeError::ServerNonce(reply));
        }
        Ok(())
    }

    /// Derives `tmp_aes_key` and `tmp_aes_iv`. Boxed, so that a move leaves no copy.
    pub(super) fn tmp_aes_key(&self) -> Box<TmpAesKey> {
        let new_nonce = self.new_nonce.expose();
        let mut new_server = sha1(&[new_nonce, &self.server_nonce]);
        let mut server_new = sha1(&[&self.server_nonce, new_nonce]);
        let mut new_new = sha1(&[new_nonce, new_nonce]);
        let mut tmp_aes_key = Box::new(TmpAesKey { key: [0; 32], iv: [0; 32] });
        tmp_aes_key.key[..20].copy_from_slice(&new_server);
        tmp_aes_key.key[20..].copy_from_slice(&server_new[..12]);
        tmp_aes_key.iv[..8].copy_from_slice(&server_new[12..]);
        tmp_aes_key.iv[8..28].copy_from_slice(&new_new);
        tmp_aes_key.iv[28..].copy_from_slice(&new_nonce[..4]);
        for hash in [&mut new_server, &mut server_new, &mut new_new] {
            hash.zeroize();
        }
        tmp_aes_key
    }

    /// Checks the hash in `dh_gen_ok` (1), `dh_gen_retry` (2) or `dh_gen_fail` (3).
    pub(super) fn check_hash(
        &self,
        number: u8,
        auth_key_aux_hash: [u8; 8],
        received: &[u8; 16],
    ) -> Result<(), HandshakeError> {
        let hash = sha1(&[self.new_nonce.expose(), &[number], &auth_key_aux_hash]);
        check_new_nonce_hash(&hash, received, Reply::DhGen)
    }

    /// Checks the hash in `server_DH_params_fail`.
    pub(super) fn check_fail_hash(&self, received: &[u8; 16]) -> Result<(), HandshakeError> {
        check_new_nonce_hash(&sha1(&[self.new_nonce.expose()]), received, Reply::ServerDhParams)
    }

    /// Returns the first server salt.
    pub(super) fn server_salt(&self) -> i64 {
        let mut salt = [0; 8];
        for ((byte, new), server) in salt.iter_mut().zip(self.new_nonce.expose()).zip(&self.server_nonce) {
            *byte = new ^ server;
        }
        i64::from_le_bytes(salt)
    }
}

pub(super) fn check_nonce(ours: &[u8; 16], received: &[u8; 16], reply: Reply) -> Result<(), HandshakeError> {
    if ct_equal(ours, received) { Ok(()) } else { Err(HandshakeError::Nonce(reply)) }
}

pub(super) fn ct_equal(ours: &[u8], received: &[u8]) -> bool {
    ours.ct_eq(received).into()
}

fn check_new_nonce_hash(hash: &[u8; 20], received: &[u8; 16], reply: Reply) -> Result<(), HandshakeError> {
    if ct_equal(&hash[4..], received) { Ok(()) } else { Err(HandshakeError::NewNonceHash(reply)) }
}

impl core::fmt::Debug for TmpAesKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/kdf.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn bytes<const N: usize>(case: &Value, name: &str) -> [u8; N] {
        let text: String = case[name].as_str().unwrap().into();
        let bytes: Vec<u8> =
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
        bytes.try_into().unwrap()
    }

    fn nonces(server_nonce: [u8; 16], new_nonce: [u8; 32]) -> Nonces {
        Nonces { nonce: [0; 16], server_nonce, new_nonce: Box::new(Secret::new(new_nonce)) }
    }

    #[test]
    fn the_tmp_aes_key_keeps_leading_zeros() {
        let vectors = vectors();
        let cases = vectors["handshake_tmp_kdf"].as_array().unwrap();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let tmp_aes_key = nonces(bytes(case, "server_nonce"), bytes(case, "new_nonce")).tmp_aes_key();
            assert_eq!(tmp_aes_key.key, bytes(case, "tmp_aes_key"));
            assert_eq!(tmp_aes_key.iv, bytes(case, "tmp_aes_iv"));
        }
    }

    #[test]
    fn each_reply_has_its_own_hash() {
        let vectors = vectors();
        let cases = vectors["auth_key_hashes"].as_array().unwrap();
        let mut checked = 0;
        for case in cases.iter().filter(|case| case["new_nonce"].is_string()) {
            let nonces = nonces([0; 16], bytes(case, "new_nonce"));
            for number in 1..=3 {
                let hash = bytes(case, &std::format!("new_nonce_hash{number}"));
                assert_eq!(nonces.check_hash(number, bytes(case, "aux_hash"), &hash), Ok(()));
                let other = number % 3 + 1;
                assert!(nonces.check_hash(other, bytes(case, "aux_hash"), &hash).is_err());
                checked += 1;
            }
        }
        // Only one of the two cases has a nonce.
        assert_eq!((cases.len(), checked), (2, 3));
    }
}
