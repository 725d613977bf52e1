//! The message cipher of MTProto 2.0 by the instructions of the processor: AES-256-IGE, SHA-256, and the key derivation
//! between them.
//!
//! Every function takes the [`Level`] of the instructions that it may use, and gives the same at each. It works in the
//! caller's buffers. Round keys, and blocks that contain parts of keys, are wiped.
//!
//! | level | one message | several |
//! |---|---|---|
//! | VAES | as with AES-NI | 8 or 16 IGE chains at once, two in each register; two hashes at once |
//! | AES-NI and SHA-NI | hashing runs beside the chain of AES rounds | 4 IGE chains at once; two hashes at once |
//! | portable | the crates `aes` and `sha2` | one after the other |
//!
//! Nothing here depends on secrets but through instructions of constant time. Sources:
//! `core.telegram.org/mtproto/description`, FIPS 180-4, FIPS 197.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod level;
mod message;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use level::Level;
pub use message::{Block, KeyAndIv, KeyParts, Message, msg_key_of};

/// Derives the AES key and iv of a message.
#[must_use]
pub fn kdf(level: Level, parts: &KeyParts<'_>, msg_key: &[u8; 16]) -> KeyAndIv {
    #[cfg(target_arch = "x86_64")]
    if level.has_aes() {
        // SAFETY: the processor has the instructions of this level.
        return unsafe { x86::kdf(parts, msg_key) };
    }
    let _ = level;
    portable::kdf(parts, msg_key)
}

/// Encrypts in AES-256-IGE.
pub fn ige_encrypt(level: Level, key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    #[cfg(target_arch = "x86_64")]
    if level.has_aes() {
        // SAFETY: the processor has the instructions of this level.
        return unsafe { x86::ige::<false>(key, iv, blocks) };
    }
    let _ = level;
    portable::ige_encrypt(key, iv, blocks);
}

/// Decrypts AES-256-IGE.
pub fn ige_decrypt(level: Level, key: &[u8; 32], iv: &[u8; 32], blocks: &mut [Block]) {
    #[cfg(target_arch = "x86_64")]
    if level.has_aes() {
        // SAFETY: the processor has the instructions of this level.
        return unsafe { x86::ige::<true>(key, iv, blocks) };
    }
    let _ = level;
    portable::ige_decrypt(key, iv, blocks);
}

/// Encrypts a text of at least two blocks. Returns the SHA-256 whose middle half is its `msg_key`.
///
/// # Panics
/// Panics if there are less than two blocks.
#[must_use]
pub fn seal(level: Level, parts: &KeyParts<'_>, blocks: &mut [Block]) -> [u8; 32] {
    assert!(blocks.len() >= 2, "a message has a header");
    #[cfg(target_arch = "x86_64")]
    if level.has_aes() {
        // SAFETY: the processor has the instructions of this level; there are two blocks.
        return unsafe { x86::seal(parts, blocks) };
    }
    let _ = level;
    portable::seal(parts, blocks)
}

/// Decrypts a text of at least two blocks. Returns the SHA-256 whose middle half should be `msg_key`; the caller
/// compares them.
///
/// # Panics
/// Panics if there are less than two blocks.
#[must_use]
pub fn open(level: Level, parts: &KeyParts<'_>, msg_key: &[u8; 16], blocks: &mut [Block]) -> [u8; 32] {
    assert!(blocks.len() >= 2, "a message has a header");
    #[cfg(target_arch = "x86_64")]
    if level.has_aes() {
        // SAFETY: the processor has the instructions of this level; there are two blocks.
        return unsafe { x86::open(parts, msg_key, blocks) };
    }
    let _ = level;
    portable::open(parts, msg_key, blocks)
}

/// Encrypts each message like [`seal`], several at a time. May change their order.
///
/// # Panics
/// Panics if one has less than two blocks.
pub fn seal_many(level: Level, messages: &mut [Message<'_>]) {
    many::<false>(level, messages);
}

/// Decrypts each message like [`open`], several at a time. May change their order.
///
/// # Panics
/// Panics if one has less than two blocks.
pub fn open_many(level: Level, messages: &mut [Message<'_>]) {
    many::<true>(level, messages);
}

/// The number of messages that are in work at a time: as many as the widest level has chains.
const TOGETHER: usize = 16;

fn many<const DECRYPT: bool>(level: Level, messages: &mut [Message<'_>]) {
    assert!(messages.iter().all(|message| message.blocks.len() >= 2), "a message has a header");
    // Chains of similar lengths run together.
    messages.sort_unstable_by_key(|message| core::cmp::Reverse(message.blocks.len()));
    let mut rest = messages;
    while let [first, others @ ..] = &mut *rest {
        let next = others.first().map_or(0, |second| second.blocks.len());
        // Beside much shorter ones, a chain would run most of its way alone: that is faster together with its hash.
        let is_alone = first.blocks.len() > 2 * next;
        if level == Level::PORTABLE || is_alone {
            one::<DECRYPT>(level, first);
            rest = &mut core::mem::take(&mut rest)[1..];
            continue;
        }
        let count = rest.len().min(TOGETHER);
        let (group, after) = core::mem::take(&mut rest).split_at_mut(count);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions of this level; each message has two blocks.
        unsafe {
            x86::many::<DECRYPT>(level.has_vaes(), group);
        }
        #[cfg(not(target_arch = "x86_64"))]
        group.iter_mut().for_each(|message| one::<DECRYPT>(level, message));
        rest = after;
    }
}

fn one<const DECRYPT: bool>(level: Level, message: &mut Message<'_>) {
    if DECRYPT {
        *message.large = open(level, &message.parts, &message.msg_key, message.blocks);
    } else {
        *message.large = seal(level, &message.parts, message.blocks);
        message.msg_key = msg_key_of(message.large);
    }
}
