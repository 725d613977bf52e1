//! From `req_DH_params` to `set_client_DH_params`: the group, `g_a` and `g_b`.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::answer::read;
use super::dh_gen::{Exchange, WaitingForDhGen};
use super::nonces::{Nonces, TmpAesKey, ct_equal};
use super::{HandshakeError, Reply};
use crate::crypto::dh::DhGroup;
use crate::crypto::hash::sha1;
use crate::crypto::{SecureRandom, aes_ige};
use crate::tl::{enums, types};

/// `req_DH_params` has been sent; the state waits for `server_DH_params_ok`.
#[derive(Debug)]
pub struct WaitingForDhParams {
    pub(super) nonces: Nonces,
    pub(super) expires_in: Option<i32>,
}

impl WaitingForDhParams {
    /// Handles `server_DH_params_ok`. Returns the next state and the body of `set_client_DH_params`. Computes two
    /// 2048-bit exponentiations of some milliseconds each. A prime other than Telegram's well-known one is checked
    /// first, which takes longer.
    ///
    /// # Errors
    /// Returns the [`HandshakeError`] of the check that failed.
    pub fn receive(
        self,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<(WaitingForDhGen, Vec<u8>), HandshakeError> {
        let Self { nonces, expires_in } = self;
        let reply = match read(body, Reply::ServerDhParams)?.0 {
            enums::ServerDhParams::Ok(reply) => reply,
            enums::ServerDhParams::Fail(fail) => {
                nonces.check(&fail.nonce, &fail.server_nonce, Reply::ServerDhParams)?;
                nonces.check_fail_hash(&fail.new_nonce_hash)?;
                return Err(HandshakeError::DhParamsFailed);
            }
        };
        nonces.check(&reply.nonce, &reply.server_nonce, Reply::ServerDhParams)?;
        let tmp_aes_key = nonces.tmp_aes_key();
        let inner = open_answer(reply.encrypted_answer, &tmp_aes_key)?;
        nonces.check(&inner.nonce, &inner.server_nonce, Reply::ServerDhInnerData)?;

        let group = DhGroup::check(inner.g, &inner.dh_prime, random).map_err(HandshakeError::Group)?;
        let g_a = group.check_public(&inner.g_a).map_err(HandshakeError::ServerPublicValue)?;
        let exchange =
            Exchange { nonces, tmp_aes_key, group, g_a, server_time: inner.server_time, expires_in };
        Ok(WaitingForDhGen::start(exchange, random))
    }
}

/// Decrypts SHA-1 (20 bytes), `server_DH_inner_data` and padding (0 to 15 bytes). Checks all three before any content
/// is used.
fn open_answer(
    encrypted: Vec<u8>,
    tmp_aes_key: &TmpAesKey,
) -> Result<types::ServerDhInnerData, HandshakeError> {
    let mut answer = Zeroizing::new(encrypted);
    let length = HandshakeError::AnswerLength(answer.len());
    aes_ige::decrypt(&tmp_aes_key.key, &tmp_aes_key.iv, &mut answer).map_err(|_| length.clone())?;
    let (hash, object) = answer.split_first_chunk::<20>().ok_or(length)?;
    let (enums::ServerDhInnerData::ServerDhInnerData(inner), consumed) =
        read(object, Reply::ServerDhInnerData)?;
    let (object, padding) = object.split_at_checked(consumed).unwrap_or((object, &[]));
    if padding.len() > 15 {
        return Err(HandshakeError::AnswerPadding(padding.len()));
    }
    if !ct_equal(hash, &sha1(&[object])) {
        return Err(HandshakeError::AnswerHash);
    }
    Ok(inner)
}
