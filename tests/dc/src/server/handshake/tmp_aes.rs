//! The encryption of the second half of a handshake.

use sansgram_core::crypto::aes_ige;
use sansgram_core::crypto::hash::sha1;

/// `tmp_aes_key` and `tmp_aes_iv`, which both sides derive from the nonces.
pub(super) struct TmpAes {
    key: [u8; 32],
    iv: [u8; 32],
}

impl TmpAes {
    pub(super) fn derive(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> Self {
        let new_server = sha1(&[new_nonce, server_nonce]);
        let server_new = sha1(&[server_nonce, new_nonce]);
        let new_new = sha1(&[new_nonce, new_nonce]);
        let stream = [&new_server[..], &server_new[..], &new_new[..], &new_nonce[..4]].concat();
        let (mut key, mut iv) = ([0; 32], [0; 32]);
        key.copy_from_slice(&stream[..32]);
        iv.copy_from_slice(&stream[32..]);
        Self { key, iv }
    }

    /// `data` must be a multiple of 16 bytes.
    pub(super) fn encrypt(&self, data: &mut [u8]) {
        aes_ige::encrypt(&self.key, &self.iv, data).expect("the caller aligned the data");
    }

    /// `data` must be a multiple of 16 bytes.
    pub(super) fn decrypt(&self, data: &mut [u8]) {
        aes_ige::decrypt(&self.key, &self.iv, data).expect("the caller checked the length");
    }
}
