//! Several messages: their chains side by side, and their hashes in pairs.

use super::aes::{Chains, round_keys};
use super::lanes::{self, Lanes};
use super::message::kdf;
use super::sha256::{State, Words, compress, first_words, last_words, words};
use crate::{Block, Message};

/// The most blocks of a chain between two looks at which chains have ended.
const RUN: usize = 64;

/// Encrypts or decrypts the messages under the `msg_key` of each.
///
/// # Safety
/// The processor has the instructions of the vector, SHA-NI and SSE 4.1.
#[inline(always)]
pub(super) unsafe fn crypt<V: Lanes, const W: usize, const DECRYPT: bool>(messages: &mut [Message<'_>]) {
    for group in messages.chunks_mut(W * V::LANES) {
        // SAFETY: the caller has checked the features; there are as many lanes.
        unsafe { crypt_group::<V, W, DECRYPT>(group) };
    }
}

/// # Safety
/// See [`crypt`]. There are at most as many messages as lanes.
#[inline(always)]
unsafe fn crypt_group<V: Lanes, const W: usize, const DECRYPT: bool>(messages: &mut [Message<'_>]) {
    // SAFETY: the caller has checked the features. A lane has its message's blocks as long as there are enough of
    // them, then the scratch, which has as many as one run takes.
    unsafe {
        let mut chains = Chains::<V, W>::idle();
        for (lane, message) in messages.iter().enumerate() {
            let (key, iv) = kdf(&message.parts, lanes::load(&message.msg_key));
            chains.begin::<DECRYPT>(lane, round_keys::<DECRYPT>(key), iv);
        }
        // Chains that have ended, and lanes without a message, work on this.
        let mut scratch = [[0; 16]; RUN];
        let scratch = scratch.as_mut_ptr();
        let mut done = 0;
        loop {
            let left = messages.iter().map(|message| message.blocks.len() - done.min(message.blocks.len()));
            let Some(count) = left.filter(|left| *left > 0).min() else { break };
            let count = count.min(RUN);
            let mut pointers = [V::same_pointers(scratch); W];
            for (lane, message) in messages.iter_mut().enumerate() {
                if message.blocks.len() > done {
                    let at: *mut Block = message.blocks.as_mut_ptr().add(done);
                    pointers[lane / V::LANES].as_mut()[lane % V::LANES] = at;
                }
            }
            chains.run::<DECRYPT>(&pointers, count);
            done += count;
        }
    }
}

/// Hashes the texts, and writes `large` of each message.
///
/// # Safety
/// The processor has SHA-NI and SSE 4.1. Each message has at least two blocks.
#[inline(always)]
pub(super) unsafe fn hash(messages: &mut [Message<'_>]) {
    let (pairs, rest) = messages.as_chunks_mut::<2>();
    // SAFETY: the caller has checked the features and the numbers of blocks.
    unsafe {
        for pair in pairs {
            let [a, b] = pair.each_ref().map(|message| Text::new(message));
            let together = a.count.min(b.count);
            let mut states = [State::initial(); 2];
            for at in 0..together {
                compress(&mut states, [a.words(at), b.words(at)]);
            }
            *pair[0].large = finish(states[0], &a, together);
            *pair[1].large = finish(states[1], &b, together);
        }
        for message in rest {
            let text = Text::new(message);
            *message.large = finish(State::initial(), &text, 0);
        }
    }
}

/// Hashes the rest of a text, from one of its blocks on.
///
/// # Safety
/// See [`hash`]. The text still exists.
#[inline(always)]
unsafe fn finish(state: State, text: &Text, from: usize) -> [u8; 32] {
    let mut states = [state];
    // SAFETY: the caller has checked the features and has the text.
    unsafe {
        for at in from..text.count {
            compress(&mut states, [text.words(at)]);
        }
        lanes::bytes(states[0].digest())
    }
}

/// A text as blocks of SHA-256.
struct Text {
    hashed: *const [u8; 32],
    blocks: *const Block,
    /// The number of blocks of AES.
    length: usize,
    /// The number of blocks of SHA-256, with the padding.
    count: usize,
}

impl Text {
    #[inline(always)]
    fn new(message: &Message<'_>) -> Self {
        let length = message.blocks.len();
        let count = 1 + (length - 2) / 4 + 1;
        Self { hashed: message.parts.hashed, blocks: message.blocks.as_ptr(), length, count }
    }

    /// # Safety
    /// The processor has SSSE3. The block is below `count`, and the text still exists.
    #[inline(always)]
    unsafe fn words(&self, at: usize) -> Words {
        // SAFETY: the caller has checked the features; the blocks are within the text.
        unsafe {
            if at == 0 {
                first_words(&*self.hashed, self.blocks)
            } else if at + 1 < self.count {
                words(self.blocks.add(4 * at - 2))
            } else {
                let tail = self.blocks.add(4 * at - 2);
                last_words(tail, (self.length - 2) % 4, 32 + 16 * self.length)
            }
        }
    }
}
