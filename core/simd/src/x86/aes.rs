//! AES-256 round keys, and IGE chains side by side.

use core::arch::x86_64::{
    __m128i, _mm_aesenclast_si128, _mm_aesimc_si128, _mm_set1_epi32, _mm_setzero_si128, _mm_shuffle_epi8,
    _mm_slli_si128, _mm_xor_si128,
};

use zeroize::optimization_barrier;

use super::lanes::{Lanes, One};
use crate::Block;

/// The whitening key, then one key for each round; for decryption those of the equivalent inverse cipher.
pub(super) type RoundKeys = [__m128i; ROUNDS + 1];

pub(super) const ROUNDS: usize = 14;

/// Expands a key (FIPS 197, 5.2).
///
/// The bytes are substituted by the last round of the cipher, which most processors compute faster than
/// `AESKEYGENASSIST`. Rows are not shifted by that, since all columns are the same.
///
/// # Safety
/// The processor has AES-NI and SSSE3.
#[inline(always)]
pub(super) unsafe fn round_keys<const DECRYPT: bool>([low, high]: [__m128i; 2]) -> RoundKeys {
    // SAFETY: the caller has checked the features.
    unsafe {
        let last_word = _mm_set1_epi32(0x0f0e_0d0c);
        let last_word_rotated = _mm_set1_epi32(0x0c0f_0e0d);
        let mut keys = [low; ROUNDS + 1];
        keys[1] = high;
        // A loop would not be unrolled, and would pass each key through memory.
        macro_rules! expand {
            ($($at:literal)*) => {$(
                let before = keys[$at - 1];
                let word = if $at % 2 == 0 {
                    let constant = _mm_set1_epi32(1 << ($at / 2 - 1));
                    _mm_aesenclast_si128(_mm_shuffle_epi8(before, last_word_rotated), constant)
                } else {
                    _mm_aesenclast_si128(_mm_shuffle_epi8(before, last_word), _mm_setzero_si128())
                };
                // Each word is the sum of the words before it in the same key, and of the new one.
                let sum = _mm_xor_si128(keys[$at - 2], _mm_slli_si128::<4>(keys[$at - 2]));
                keys[$at] = _mm_xor_si128(_mm_xor_si128(sum, _mm_slli_si128::<8>(sum)), word);
            )*};
        }
        expand!(2 3 4 5 6 7 8 9 10 11 12 13 14);
        if DECRYPT {
            keys.reverse();
            for key in &mut keys[1..ROUNDS] {
                *key = _mm_aesimc_si128(*key);
            }
        }
        keys
    }
}

/// `W` vectors of IGE chains between two blocks. The round keys are wiped when it is dropped.
///
/// With `x` for what goes in and `y` for what comes out, in either direction `y[i] = AES(x[i] ^ y[i-1]) ^ x[i-1]`. The last
/// round ends with its key, so `y[i]`, `x[i+1]` and the first key of the next block are added to that key before: no
/// addition delays the chain of AES rounds.
pub(super) struct Chains<V: Lanes, const W: usize> {
    /// By round, then by vector. The last has the first added to it.
    keys: [[V; W]; ROUNDS + 1],
    /// `x` and `y` of the block before.
    x: [V; W],
    y: [V; W],
}

impl Chains<One, 1> {
    /// # Safety
    /// The processor has AES-NI.
    #[inline(always)]
    pub(super) unsafe fn one<const DECRYPT: bool>(keys: RoundKeys, iv: [__m128i; 2]) -> Self {
        // SAFETY: the caller has checked the features.
        unsafe {
            let mut chains = Self::idle();
            chains.begin::<DECRYPT>(0, keys, iv);
            chains
        }
    }
}

impl<V: Lanes, const W: usize> Chains<V, W> {
    /// # Safety
    /// The processor has the instructions of the vector.
    #[inline(always)]
    pub(super) unsafe fn idle() -> Self {
        // SAFETY: the caller has checked the features.
        let zero = [unsafe { V::zero() }; W];
        Self { keys: [zero; ROUNDS + 1], x: zero, y: zero }
    }

    /// Begins the chain of a lane.
    ///
    /// # Safety
    /// The processor has the instructions of the vector. The lane is below `W * V::LANES`.
    #[inline(always)]
    pub(super) unsafe fn begin<const DECRYPT: bool>(
        &mut self,
        lane: usize,
        mut keys: RoundKeys,
        iv: [__m128i; 2],
    ) {
        debug_assert!(lane < W * V::LANES);
        let [ciphertext, plaintext] = iv;
        let (x, y) = if DECRYPT { (ciphertext, plaintext) } else { (plaintext, ciphertext) };
        // SAFETY: the caller has checked the features; a row is an array of blocks that has the lane.
        unsafe {
            keys[ROUNDS] = _mm_xor_si128(keys[ROUNDS], keys[0]);
            let put = |row: &mut [V; W], value| row.as_mut_ptr().cast::<__m128i>().add(lane).write(value);
            for (row, key) in self.keys.iter_mut().zip(keys) {
                put(row, key);
            }
            put(&mut self.x, x);
            put(&mut self.y, y);
        }
    }

    /// Encrypts or decrypts the next blocks of every lane in place.
    ///
    /// # Safety
    /// The processor has the instructions of the vector. All pointers are to as many blocks.
    #[inline(always)]
    pub(super) unsafe fn run<const DECRYPT: bool>(&mut self, at: &[V::Pointers; W], blocks: usize) {
        if blocks == 0 {
            return;
        }
        // SAFETY: the caller has checked the features, and has the blocks.
        unsafe {
            let mut before = self.x;
            let mut x = [V::zero(); W];
            let mut state = [V::zero(); W];
            for w in 0..W {
                x[w] = V::load(at[w], 0);
                state[w] = x[w].xor(self.y[w]).xor(self.keys[0][w]);
            }
            for block in 0..blocks {
                for keys in &self.keys[1..ROUNDS] {
                    for w in 0..W {
                        state[w] = state[w].round::<DECRYPT>(keys[w]);
                    }
                }
                let is_last = block + 1 == blocks;
                for w in 0..W {
                    let next = if is_last { V::zero() } else { V::load(at[w], block + 1) };
                    let key = self.keys[ROUNDS][w].xor(before[w]).xor(next);
                    state[w] = state[w].last_round::<DECRYPT>(key);
                    let y = state[w].xor(self.keys[0][w]).xor(next);
                    y.store(at[w], block);
                    before[w] = x[w];
                    x[w] = next;
                    self.y[w] = y;
                }
            }
            self.x = before;
        }
    }
}

impl<V: Lanes, const W: usize> Drop for Chains<V, W> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: vectors may be all zero.
        unsafe { (&raw mut self.keys).write_bytes(0, 1) };
        optimization_barrier(&self.keys);
    }
}

/// One chain that is decrypted beside a hash. The state is that before the first round of the next block.
pub(super) struct Decryption<'a> {
    /// The last has the first added to it.
    keys: &'a RoundKeys,
    state: __m128i,
    /// The ciphertext of the block before, and of the next one.
    before: __m128i,
    x: __m128i,
    /// The next block.
    at: *mut Block,
}

impl<'a> Decryption<'a> {
    /// # Safety
    /// The processor has AES-NI. There is a block at `at`, and it outlives this. The last key has the first added to it.
    #[inline(always)]
    pub(super) unsafe fn new(keys: &'a RoundKeys, iv: [__m128i; 2], at: *mut Block) -> Self {
        let [before, y] = iv;
        // SAFETY: the caller has checked the features, and has a block.
        unsafe {
            let x = One::load([at], 0).0;
            let state = _mm_xor_si128(_mm_xor_si128(x, y), keys[0]);
            Self { keys, state, before, x, at }
        }
    }

    /// Computes some of the rounds of the next `blocks` blocks: those of number `from` to `to`, if numbers go on from block
    /// to block. All arguments but `is_end` are known when this is compiled.
    ///
    /// # Safety
    /// There are as many blocks, and one more unless `is_end`.
    #[inline(always)]
    pub(super) unsafe fn rounds(&mut self, from: usize, to: usize, blocks: usize, is_end: bool) {
        // SAFETY: the caller has the blocks.
        unsafe {
            for number in from..to {
                let (block, round) = (number / ROUNDS, number % ROUNDS + 1);
                if round < ROUNDS {
                    self.state = One(self.state).round::<true>(One(self.keys[round])).0;
                } else {
                    let is_last = is_end && block + 1 == blocks;
                    let next = if is_last { One::zero() } else { One::load([self.at], block + 1) };
                    let key = One(self.keys[ROUNDS]).xor(One(self.before)).xor(next);
                    let state = One(self.state).last_round::<true>(key);
                    state.xor(One(self.keys[0])).xor(next).store([self.at], block);
                    self.state = state.0;
                    self.before = self.x;
                    self.x = next.0;
                }
            }
        }
    }

    /// Goes on to the blocks after those that were decrypted.
    ///
    /// # Safety
    /// There are as many blocks.
    #[inline(always)]
    pub(super) unsafe fn advance(&mut self, blocks: usize) {
        // SAFETY: the caller has the blocks.
        self.at = unsafe { self.at.add(blocks) };
    }
}
