//! From `set_client_DH_params` to a key that both sides have.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::answer::read;
use super::nonces::{Nonces, TmpAesKey};
use super::parameters::{MAX_DH_ATTEMPTS, NewAuthKey};
use super::{HandshakeError, Reply};
use crate::crypto::dh::DhGroup;
use crate::crypto::hash::sha1;
use crate::crypto::{AuthKey, AuthKeyId, SecureRandom, aes_ige};
use crate::tl::{Serialize, enums, functions, types};

/// `set_client_DH_params` has been sent; the state waits for `dh_gen_ok`.
#[derive(Debug)]
pub struct WaitingForDhGen {
    exchange: Exchange,
    /// The key, valid once the server confirms it.
    auth_key: AuthKey,
    retries: u8,
}

/// The part of the state that is the same for every value of `b`.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) nonces: Nonces,
    pub(super) tmp_aes_key: Box<TmpAesKey>,
    pub(super) group: DhGroup,
    pub(super) g_a: [u8; 256],
    pub(super) server_time: i32,
    pub(super) expires_in: Option<i32>,
}

/// The result of the server's reply.
#[derive(Debug)]
pub enum DhGenOutcome {
    /// The body to send next, another `set_client_DH_params`.
    Retry(Box<WaitingForDhGen>, Vec<u8>),
    /// Both sides have the key.
    Done(NewAuthKey),
}

impl WaitingForDhGen {
    pub(super) fn start(exchange: Exchange, random: &mut dyn SecureRandom) -> (Self, Vec<u8>) {
        let (auth_key, body) = exchange.offer([0; 8], random);
        (Self { exchange, auth_key, retries: 0 }, body)
    }

    /// Handles `dh_gen_ok`, `dh_gen_retry` or `dh_gen_fail`.
    ///
    /// # Errors
    /// Returns the [`HandshakeError`] of the check that failed.
    pub fn receive(self, body: &[u8], random: &mut dyn SecureRandom) -> Result<DhGenOutcome, HandshakeError> {
        use enums::SetClientDhParamsAnswer::{DhGenFail, DhGenOk, DhGenRetry};
        match read(body, Reply::DhGen)?.0 {
            DhGenOk(reply) => {
                self.check(&reply.nonce, &reply.server_nonce, 1, &reply.new_nonce_hash1)?;
                self.done().map(DhGenOutcome::Done)
            }
            DhGenRetry(reply) => {
                self.check(&reply.nonce, &reply.server_nonce, 2, &reply.new_nonce_hash2)?;
                self.retry(random)
            }
            DhGenFail(reply) => {
                self.check(&reply.nonce, &reply.server_nonce, 3, &reply.new_nonce_hash3)?;
                Err(HandshakeError::DhGenFailed)
            }
        }
    }

    fn check(
        &self,
        nonce: &[u8; 16],
        server_nonce: &[u8; 16],
        number: u8,
        hash: &[u8; 16],
    ) -> Result<(), HandshakeError> {
        self.exchange.nonces.check(nonce, server_nonce, Reply::DhGen)?;
        self.exchange.nonces.check_hash(number, self.auth_key.aux_hash(), hash)
    }

    fn done(self) -> Result<NewAuthKey, HandshakeError> {
        let Self { exchange: Exchange { nonces, server_time, expires_in, .. }, auth_key, retries } = self;
        if auth_key.id() == AuthKeyId(0) {
            return Err(HandshakeError::ZeroAuthKeyId);
        }
        Ok(NewAuthKey { auth_key, server_salt: nonces.server_salt(), server_time, expires_in, retries })
    }

    fn retry(self, random: &mut dyn SecureRandom) -> Result<DhGenOutcome, HandshakeError> {
        let Self { exchange, auth_key, retries } = self;
        let retries = retries + 1;
        if retries >= MAX_DH_ATTEMPTS {
            return Err(HandshakeError::TooManyRetries);
        }
        let (auth_key, body) = exchange.offer(auth_key.aux_hash(), random);
        Ok(DhGenOutcome::Retry(Box::new(Self { exchange, auth_key, retries }), body))
    }
}

impl Exchange {
    /// Draws a new `b`. Returns the resulting key and the body of `set_client_DH_params`.
    fn offer(&self, retry_id: [u8; 8], random: &mut dyn SecureRandom) -> (AuthKey, Vec<u8>) {
        let pair = self.group.key_pair(random);
        let auth_key = AuthKey::new(*pair.agree(&self.g_a).expose());
        let g_b: Vec<u8> = pair.public().iter().copied().skip_while(|byte| *byte == 0).collect();

        let inner = enums::ClientDhInnerData::ClientDhInnerData(types::ClientDhInnerData {
            nonce: self.nonces.nonce,
            server_nonce: self.nonces.server_nonce,
            retry_id: i64::from_le_bytes(retry_id),
            g_b,
        })
        .to_bytes();
        let hash = sha1(&[&inner]);
        let mut blocks = vec![[0; 16]; (hash.len() + inner.len()).div_ceil(16)];
        let (hash_room, rest) = blocks.as_flattened_mut().split_at_mut(hash.len());
        let (inner_room, padding) = rest.split_at_mut(inner.len());
        hash_room.copy_from_slice(&hash);
        inner_room.copy_from_slice(&inner);
        if !padding.is_empty() {
            random.fill(padding);
        }
        aes_ige::encrypt_blocks(&self.tmp_aes_key.key, &self.tmp_aes_key.iv, &mut blocks);

        let request = functions::SetClientDhParams {
            nonce: self.nonces.nonce,
            server_nonce: self.nonces.server_nonce,
            encrypted_data: blocks.into_flattened(),
        };
        (auth_key, request.to_bytes())
    }
}
