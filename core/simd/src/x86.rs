//! AES-NI, VAES and SHA-NI.
//!
//! The functions of this file are compiled for the instructions of a level. What they call is `#[inline(always)]`: only
//! inlined into them it is compiled for these instructions, too, and keeps vectors in registers.

mod aes;
mod lanes;
mod many;
mod message;
mod sha256;

use aes::{Chains, round_keys};
use lanes::One;

use crate::{Block, KeyAndIv, KeyParts, Message, msg_key_of};

#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
pub(crate) fn kdf(parts: &KeyParts<'_>, msg_key: &[u8; 16]) -> KeyAndIv {
    // SAFETY: this function has the features.
    unsafe {
        let (key, iv) = message::kdf(parts, lanes::load(msg_key));
        KeyAndIv { key: lanes::bytes(key), iv: lanes::bytes(iv) }
    }
}

#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
pub(crate) fn ige<const DECRYPT: bool>(key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    // SAFETY: this function has the features; the pointer is that of the blocks.
    unsafe {
        let [key, iv] = [lanes::pair(key), lanes::pair(iv)];
        let mut chain = Chains::<One, 1>::one::<DECRYPT>(round_keys::<DECRYPT>(key), iv);
        chain.run::<DECRYPT>(&[[blocks.as_mut_ptr()]], blocks.len());
    }
}

/// # Safety
/// There are at least two blocks.
#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
pub(crate) unsafe fn seal(parts: &KeyParts<'_>, blocks: &mut [Block]) -> [u8; 32] {
    // SAFETY: this function has the features; the caller has checked the number of blocks.
    unsafe { message::seal(parts, blocks) }
}

/// # Safety
/// There are at least two blocks.
#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
pub(crate) unsafe fn open(parts: &KeyParts<'_>, msg_key: &[u8; 16], blocks: &mut [Block]) -> [u8; 32] {
    // SAFETY: this function has the features; the caller has checked the number of blocks.
    unsafe { message::open(parts, msg_key, blocks) }
}

/// # Safety
/// Each message has at least two blocks. The processor has AES-NI and SHA-NI, and VAES if `has_vaes`.
pub(crate) unsafe fn many<const DECRYPT: bool>(has_vaes: bool, messages: &mut [Message<'_>]) {
    // SAFETY: the caller has checked the features and the numbers of blocks.
    unsafe {
        if DECRYPT {
            crypt_many::<DECRYPT>(has_vaes, messages);
            hash_many(messages);
        } else {
            hash_many(messages);
            messages.iter_mut().for_each(|message| message.msg_key = msg_key_of(message.large));
            crypt_many::<DECRYPT>(has_vaes, messages);
        }
    }
}

/// # Safety
/// See [`many`].
unsafe fn crypt_many<const DECRYPT: bool>(has_vaes: bool, messages: &mut [Message<'_>]) {
    // SAFETY: the caller has checked the features.
    unsafe {
        match (has_vaes, messages.len()) {
            (true, 9..) => crypt_16::<DECRYPT>(messages),
            (true, _) => crypt_8::<DECRYPT>(messages),
            (false, _) => crypt_4::<DECRYPT>(messages),
        }
    }
}

#[target_feature(enable = "aes,vaes,sha,ssse3,sse4.1,avx2")]
fn crypt_16<const DECRYPT: bool>(messages: &mut [Message<'_>]) {
    // SAFETY: this function has the features.
    unsafe { many::crypt::<lanes::Two, 8, DECRYPT>(messages) }
}

#[target_feature(enable = "aes,vaes,sha,ssse3,sse4.1,avx2")]
fn crypt_8<const DECRYPT: bool>(messages: &mut [Message<'_>]) {
    // SAFETY: this function has the features.
    unsafe { many::crypt::<lanes::Two, 4, DECRYPT>(messages) }
}

#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
fn crypt_4<const DECRYPT: bool>(messages: &mut [Message<'_>]) {
    // SAFETY: this function has the features.
    unsafe { many::crypt::<One, 4, DECRYPT>(messages) }
}

/// # Safety
/// Each message has at least two blocks.
#[target_feature(enable = "aes,sha,ssse3,sse4.1,avx")]
unsafe fn hash_many(messages: &mut [Message<'_>]) {
    // SAFETY: this function has the features; the caller has checked the numbers of blocks.
    unsafe { many::hash(messages) }
}
