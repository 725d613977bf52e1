//! One message: the chain of AES rounds and the rounds of its hash in one loop.

use core::arch::x86_64::{
    __m128i, _mm_alignr_epi8, _mm_blend_epi16, _mm_insert_epi32, _mm_or_si128, _mm_set_epi32, _mm_slli_si128,
    _mm_srli_si128,
};

use zeroize::Zeroize;

use super::aes::{Chains, Decryption, ROUNDS, RoundKeys, round_keys};
use super::lanes::{self, Lanes, One};
use super::sha256::{STEPS, State, Words, compress, first_words, for_each_step, last_words, swap, words};
use crate::{Block, KeyParts};

/// Derives the key and the iv of a message: two hashes of 52 bytes, side by side.
///
/// # Safety
/// The processor has SHA-NI and SSE 4.1.
#[inline(always)]
pub(super) unsafe fn kdf(parts: &KeyParts<'_>, msg_key: __m128i) -> ([__m128i; 2], [__m128i; 2]) {
    const BITS: i32 = 52 * 8;
    let word = |part: &[u8; 36]| i32::from_be_bytes([part[32], part[33], part[34], part[35]]);
    // SAFETY: the caller has checked the features.
    unsafe {
        let quarter = |part, offset| swap(lanes::load_at::<36>(part, offset));
        let msg_key = swap(msg_key);
        let first = [
            msg_key,
            quarter(parts.first, 0),
            quarter(parts.first, 16),
            _mm_set_epi32(BITS, 0, i32::MIN, word(parts.first)),
        ];
        let second = [
            quarter(parts.second, 0),
            quarter(parts.second, 16),
            _mm_insert_epi32::<0>(_mm_slli_si128::<4>(msg_key), word(parts.second)),
            _mm_or_si128(_mm_srli_si128::<12>(msg_key), _mm_set_epi32(BITS, 0, i32::MIN, 0)),
        ];
        let mut states = [State::initial(); 2];
        compress(&mut states, [first, second]);
        let [[a0, a1], [b0, b1]] = [states[0].digest(), states[1].digest()];
        // Key and iv take their middle parts from each other's hash.
        let key = [_mm_blend_epi16::<0xf0>(a0, b0), _mm_blend_epi16::<0xf0>(b1, a1)];
        let iv = [_mm_blend_epi16::<0xf0>(b0, a0), _mm_blend_epi16::<0xf0>(a1, b1)];
        (key, iv)
    }
}

/// # Safety
/// The processor has AES-NI, SHA-NI and SSE 4.1. There are at least two blocks.
#[inline(always)]
pub(super) unsafe fn seal(parts: &KeyParts<'_>, blocks: &mut [Block]) -> [u8; 32] {
    let text = blocks.as_mut_ptr();
    let (whole, tail) = ((blocks.len() - 2) / 4, (blocks.len() - 2) % 4);
    // SAFETY: the caller has checked the features; the offsets are within the blocks.
    unsafe {
        let mut states = [State::initial()];
        compress(&mut states, [first_words(parts.hashed, text)]);
        for at in 0..whole {
            compress(&mut states, [words(text.add(2 + 4 * at))]);
        }
        let last = last_words(text.add(2 + 4 * whole), tail, 32 + 16 * blocks.len());
        compress(&mut states, [last]);
        let [low, high] = states[0].digest();
        let (key, iv) = kdf(parts, _mm_alignr_epi8::<8>(high, low));
        let mut chain = Chains::<One, 1>::one::<false>(round_keys::<false>(key), iv);
        chain.run::<false>(&[[text]], blocks.len());
        lanes::bytes([low, high])
    }
}

/// # Safety
/// The processor has AES-NI, SHA-NI and SSE 4.1. There are at least two blocks.
#[inline(always)]
pub(super) unsafe fn open(parts: &KeyParts<'_>, msg_key: &[u8; 16], blocks: &mut [Block]) -> [u8; 32] {
    let text = blocks.as_mut_ptr();
    let count = blocks.len();
    let (whole, tail) = ((count - 2) / 4, (count - 2) % 4);
    // SAFETY: the caller has checked the features; as many blocks are decrypted as there are, and hashed after that.
    unsafe {
        let (key, iv) = kdf(parts, lanes::load(msg_key));
        let mut keys = round_keys::<true>(key);
        keys[ROUNDS] = One(keys[ROUNDS]).xor(One(keys[0])).0;
        let mut chain = Decryption::new(&keys, iv, text);
        chain.rounds(0, 2 * ROUNDS, 2, count == 2);
        chain.advance(2);
        let mut state = State::initial();
        let mut ready = first_words(parts.hashed, text);
        let mut at = text.add(2);
        for group in 0..whole {
            decrypt_beside_hash::<4>(&mut chain, &mut state, ready, group + 1 == whole && tail == 0);
            ready = words(at);
            at = at.add(4);
        }
        match tail {
            0 => decrypt_beside_hash::<0>(&mut chain, &mut state, ready, true),
            1 => decrypt_beside_hash::<1>(&mut chain, &mut state, ready, true),
            2 => decrypt_beside_hash::<2>(&mut chain, &mut state, ready, true),
            _ => decrypt_beside_hash::<3>(&mut chain, &mut state, ready, true),
        }
        let mut states = [state];
        compress(&mut states, [last_words(at, tail, 32 + 16 * count)]);
        wipe(&mut keys);
        lanes::bytes(states[0].digest())
    }
}

/// Decrypts the next `N` blocks while it hashes one that is ready.
///
/// # Safety
/// The processor has AES-NI, SHA-NI and SSE 4.1. There are as many blocks left, and more unless `is_end`.
#[inline(always)]
unsafe fn decrypt_beside_hash<const N: usize>(
    chain: &mut Decryption<'_>,
    state: &mut State,
    mut words: Words,
    is_end: bool,
) {
    let before = *state;
    // SAFETY: the caller has checked the features, and has the blocks.
    unsafe {
        macro_rules! step {
            ($step:literal) => {
                state.step(&mut words, $step);
                let round = |step: usize| N * ROUNDS * step / STEPS;
                chain.rounds(round($step), round($step + 1), N, is_end);
            };
        }
        for_each_step!(step);
        state.add(before);
        chain.advance(N);
    }
}

#[inline(always)]
fn wipe(keys: &mut RoundKeys) {
    keys.zeroize();
}
