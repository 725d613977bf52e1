//! From `req_pq_multi` to `req_DH_params`: the choice of the server's key, and the proof of work.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::answer::read;
use super::dh_params::WaitingForDhParams;
use super::nonces::{Nonces, check_nonce};
use super::parameters::HandshakeParameters;
use super::{HandshakeError, Reply};
use crate::crypto::Secret;
use crate::crypto::factorize::factorize;
use crate::crypto::random::{self, SecureRandom};
use crate::crypto::rsa::PublicKey;
use crate::tl::{Constructor, Serialize, enums, functions, types, write};

/// `req_pq_multi` has been sent; the state waits for `resPQ`.
#[derive(Debug)]
pub struct WaitingForResPq {
    parameters: HandshakeParameters,
    nonce: [u8; 16],
}

impl WaitingForResPq {
    /// Starts a handshake. Returns the state and the body of `req_pq_multi`.
    pub fn start(parameters: HandshakeParameters, random: &mut dyn SecureRandom) -> (Self, Vec<u8>) {
        let nonce = random::array(random);
        (Self { parameters, nonce }, functions::ReqPqMulti { nonce }.to_bytes())
    }

    /// Handles `resPQ`. Returns the next state and the body of `req_DH_params`. Factorizes `pq`, which takes about a
    /// third of a millisecond.
    ///
    /// # Errors
    /// Returns the [`HandshakeError`] of the check that failed.
    pub fn receive(
        self,
        body: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<(WaitingForDhParams, Vec<u8>), HandshakeError> {
        let HandshakeParameters { dc, public_keys, expires_in } = self.parameters;
        let (enums::ResPq::ResPq(reply), _) = read(body, Reply::ResPq)?;
        check_nonce(&self.nonce, &reply.nonce, Reply::ResPq)?;
        let pq = read_pq(&reply.pq)?;
        let public_key = choose_key(&public_keys, &reply.server_public_key_fingerprints)?;

        let (p, q) = factorize(pq).map_err(HandshakeError::Pq)?;
        let (p, q) = (minimal_bytes(p), minimal_bytes(q));
        let mut new_nonce = Box::new(Secret::new([0; 32]));
        random.fill(new_nonce.expose_mut());
        let nonces = Nonces { nonce: self.nonce, server_nonce: reply.server_nonce, new_nonce };
        let inner_data = inner_data(&nonces, &reply.pq, &p, &q, dc, expires_in);
        let encrypted_data =
            public_key.encrypt_padded(&inner_data, random).map_err(HandshakeError::Rsa)?.to_vec();
        let request = functions::ReqDhParams {
            nonce: nonces.nonce,
            server_nonce: nonces.server_nonce,
            p,
            q,
            public_key_fingerprint: public_key.fingerprint().cast_signed(),
            encrypted_data,
        };
        Ok((WaitingForDhParams { nonces, expires_in }, request.to_bytes()))
    }
}

fn read_pq(bytes: &[u8]) -> Result<u64, HandshakeError> {
    if bytes.is_empty() || bytes.len() > 8 {
        return Err(HandshakeError::PqLength(bytes.len()));
    }
    let pq = bytes.iter().fold(0, |pq: u64, byte| pq << 8 | u64::from(*byte));
    if pq > i64::MAX as u64 {
        return Err(HandshakeError::PqTooLarge);
    }
    Ok(pq)
}

/// Returns the first key in the server's list that is trusted.
fn choose_key<'k>(trusted: &'k Arc<[PublicKey]>, offered: &[i64]) -> Result<&'k PublicKey, HandshakeError> {
    let offered = || offered.iter().map(|fingerprint| fingerprint.cast_unsigned());
    offered()
        .find_map(|fingerprint| trusted.iter().find(|key| key.fingerprint() == fingerprint))
        .ok_or_else(|| HandshakeError::UnknownFingerprints { offered: offered().take(8).collect() })
}

/// Encodes the factor big-endian without leading zeros.
fn minimal_bytes(factor: u64) -> Vec<u8> {
    factor.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Encodes `p_q_inner_data_dc`, or `p_q_inner_data_temp_dc` for a key that expires. The generated types are not used
/// here, so that every copy of `new_nonce` is wiped.
fn inner_data(
    nonces: &Nonces,
    pq: &[u8],
    p: &[u8],
    q: &[u8],
    dc: i32,
    expires_in: Option<i32>,
) -> Zeroizing<Vec<u8>> {
    let id = if expires_in.is_some() { types::PQInnerDataTempDc::ID } else { types::PQInnerDataDc::ID };
    // At most 4 + 3 * 12 + 16 + 16 + 32 + 4 + 4: the buffer is never reallocated.
    let mut data = Zeroizing::new(Vec::with_capacity(112));
    data.extend_from_slice(&id.to_le_bytes());
    for number in [pq, p, q] {
        write::bytes(&mut data, number);
    }
    data.extend_from_slice(&nonces.nonce);
    data.extend_from_slice(&nonces.server_nonce);
    data.extend_from_slice(nonces.new_nonce.expose());
    data.extend_from_slice(&dc.to_le_bytes());
    if let Some(seconds) = expires_in {
        data.extend_from_slice(&seconds.to_le_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pq_has_up_to_8_bytes_and_63_bits() {
        assert_eq!(read_pq(&[]), Err(HandshakeError::PqLength(0)));
        assert_eq!(read_pq(&[1, 2]), Ok(0x0102));
        assert_eq!(read_pq(&i64::MAX.to_be_bytes()), Ok(i64::MAX as u64));
        assert_eq!(read_pq(&i64::MIN.to_be_bytes()), Err(HandshakeError::PqTooLarge));
        assert_eq!(read_pq(&[0; 9]), Err(HandshakeError::PqLength(9)));
    }
}
