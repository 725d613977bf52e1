//! From `req_DH_params` to `set_client_DH_params`: the group, the server's half of the key, and ours.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::answer::read;
use super::dh_gen::{Exchange, WaitingForDhGen};
use super::nonces::{Nonces, TemporaryKey, equal};
use super::{HandshakeError, Reply};
use crate::crypto::dh::DhGroup;
use crate::crypto::hash::sha1;
use crate::crypto::{SecureRandom, aes_ige};
use crate::tl::{enums, types};

/// `req_DH_params` is sent, `server_DH_params_ok` has to come.
#[derive(Debug)]
pub struct WaitingForDhParams {
    pub(super) nonces: Nonces,
    pub(super) expires_in: Option<i32>,
}

impl WaitingForDhParams {
    /// Takes `server_DH_params_ok`: the next state, and the body of `set_client_DH_params`. Two exponentiations of
    /// 2,048 bits, some milliseconds each; a prime that is not Telegram's well-known one is checked first, which
    /// takes longer.
    ///
    /// # Errors
    /// [`HandshakeError`], by the check that failed.
    pub fn receive(
        self,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<(WaitingForDhGen, Vec<u8>), HandshakeError> {
        let Self { nonces, expires_in } = self;
        let reply = match read(body, Reply::ServerDhParams)?.0 {
            enums::ServerDhParams::ServerDhParamsOk(reply) => reply,
            enums::ServerDhParams::ServerDhParamsFail(fail) => {
                nonces.check(&fail.nonce, &fail.server_nonce, Reply::ServerDhParams)?;
                nonces.check_fail_hash(&fail.new_nonce_hash)?;
                return Err(HandshakeError::DhParamsFailed);
            }
        };
        nonces.check(&reply.nonce, &reply.server_nonce, Reply::ServerDhParams)?;
        let temporary_key = nonces.temporary_key();
        let inner = open_answer(reply.encrypted_answer, &temporary_key)?;
        nonces.check(&inner.nonce, &inner.server_nonce, Reply::ServerDhInnerData)?;

        let group = DhGroup::check(inner.g, &inner.dh_prime, random).map_err(HandshakeError::Group)?;
        let g_a = group.check_public(&inner.g_a).map_err(HandshakeError::ServerPublicValue)?;
        let exchange =
            Exchange { nonces, temporary_key, group, g_a, server_time: inner.server_time, expires_in };
        Ok(WaitingForDhGen::start(exchange, random))
    }
}

/// Decrypts SHA-1 (20 bytes), `server_DH_inner_data`, padding (0 to 15 bytes), and checks all three before anything
/// inside is used.
fn open_answer(
    encrypted: Vec<u8>,
    temporary_key: &TemporaryKey,
) -> Result<types::ServerDhInnerData, HandshakeError> {
    let mut answer = Zeroizing::new(encrypted);
    let length = HandshakeError::AnswerLength(answer.len());
    aes_ige::decrypt(&temporary_key.key, &temporary_key.iv, &mut answer).map_err(|_| length.clone())?;
    let (hash, object) = answer.split_first_chunk::<20>().ok_or(length)?;
    let (enums::ServerDhInnerData::ServerDhInnerData(inner), consumed) =
        read(object, Reply::ServerDhInnerData)?;
    let (object, padding) = object.split_at_checked(consumed).unwrap_or((object, &[]));
    if padding.len() > 15 {
        return Err(HandshakeError::AnswerPadding(padding.len()));
    }
    if !equal(hash, &sha1(&[object])) {
        return Err(HandshakeError::AnswerHash);
    }
    Ok(inner)
}
