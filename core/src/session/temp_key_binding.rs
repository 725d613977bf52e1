//! `auth.bindTempAuthKey`, which binds a temporary key to a permanent one (`method/auth.bindTempAuthKey`, `api/pfs`).
//!
//! It is the only request whose bytes depend on its msg_id, so the session serializes it itself each time it is packed.

use alloc::vec::Vec;

use super::ids::MsgId;
use super::request::RequestTag;
use crate::crypto::{AuthKey, AuthKeyId, SecureRandom, message, random};
use crate::tl::{Serialize, functions};

/// `bind_auth_key_inner#75a3f765`.
const BIND_AUTH_KEY_INNER_ID: u32 = 0x75a3_f765;

/// A binding that is not confirmed yet.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) tag: RequestTag,
    pub(super) permanent: AuthKey,
    pub(super) expires_at: i32,
}

impl Binding {
    /// Appends the request with this msg_id, in the session `session_id` under the key `temporary`.
    pub(super) fn write(
        &self,
        msg_id: MsgId,
        session_id: u64,
        temporary: AuthKeyId,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) {
        let nonce: [u8; 8] = random::array(random);
        let mut inner = [0; 40];
        let fields = [
            &BIND_AUTH_KEY_INNER_ID.to_le_bytes()[..],
            &nonce,
            &temporary.to_bytes(),
            &self.permanent.id().to_bytes(),
            &session_id.to_le_bytes(),
            &self.expires_at.to_le_bytes(),
        ];
        for (to, from) in inner.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        let padding = random::array(random);
        let sealed = message::seal_binding(&self.permanent, random::array(random), msg_id.0, &inner, padding);
        let request = functions::auth::BindTempAuthKey {
            perm_auth_key_id: self.permanent.id().0.cast_signed(),
            nonce: i64::from_le_bytes(nonce),
            expires_at: self.expires_at,
            encrypted_message: sealed.to_vec(),
        };
        request.serialize(out);
    }
}
