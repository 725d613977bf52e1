//! SHA-256 by SHA-NI, of one or several streams side by side.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_load_si128, _mm_set_epi8, _mm_set_epi32,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use super::lanes::{self, Lanes, One};
use crate::Block;

/// The 16 words of a block of SHA-256.
pub(super) type Words = [__m128i; 4];

/// The number of steps of a block, each of four rounds.
pub(super) const STEPS: usize = 16;

#[repr(align(16))]
struct Constants([[u32; 4]; STEPS]);

/// FIPS 180-4, 4.2.2.
static K: Constants = Constants([
    [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
    [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
    [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
    [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
    [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
    [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
    [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
    [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
    [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
    [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
    [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
    [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
    [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
]);

/// The state in the order of the instructions.
#[derive(Clone, Copy)]
pub(super) struct State {
    abef: __m128i,
    cdgh: __m128i,
}

/// Puts the bytes of big-endian words into the order of the processor, and back.
///
/// # Safety
/// The processor has SSSE3.
#[inline(always)]
pub(super) unsafe fn swap(words: __m128i) -> __m128i {
    // SAFETY: the caller has checked the features.
    unsafe { _mm_shuffle_epi8(words, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3)) }
}

/// Reads a block of SHA-256.
///
/// # Safety
/// There are four blocks at `at`.
#[inline(always)]
pub(super) unsafe fn words(at: *const Block) -> Words {
    // SAFETY: the caller has the blocks.
    unsafe { [word(at), word(at.add(1)), word(at.add(2)), word(at.add(3))] }
}

/// Reads a quarter of a block of SHA-256.
///
/// # Safety
/// There is a block at `at`.
#[inline(always)]
pub(super) unsafe fn word(at: *const Block) -> __m128i {
    // SAFETY: the caller has the block.
    unsafe { swap(One::load([at.cast_mut()], 0).0) }
}

impl State {
    /// The initial hash value (FIPS 180-4, 5.3.3).
    ///
    /// # Safety
    /// The processor has SSE2.
    #[inline(always)]
    pub(super) unsafe fn initial() -> Self {
        // SAFETY: the caller has checked the features.
        unsafe {
            let [a, b, c, d] = [0x6a09_e667_u32, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a].map(u32::cast_signed);
            let [e, f, g, h] = [0x510e_527f_u32, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19].map(u32::cast_signed);
            Self { abef: _mm_set_epi32(a, b, e, f), cdgh: _mm_set_epi32(c, d, g, h) }
        }
    }

    /// Computes four rounds, and the words of this step before.
    ///
    /// # Safety
    /// The processor has SHA-NI and SSE 4.1.
    #[inline(always)]
    pub(super) unsafe fn step(&mut self, words: &mut Words, step: usize) {
        // SAFETY: the caller has checked the features; the constants are aligned.
        unsafe {
            if step >= 4 {
                let [a, b, c, d] = [0, 1, 2, 3].map(|ahead| words[(step + ahead) % 4]);
                let sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c));
                words[step % 4] = _mm_sha256msg2_epu32(sum, d);
            }
            let sum = _mm_add_epi32(words[step % 4], _mm_load_si128(K.0[step].as_ptr().cast()));
            self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sum);
            self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(sum));
        }
    }

    /// Adds the state before a block.
    ///
    /// # Safety
    /// The processor has SSE2.
    #[inline(always)]
    pub(super) unsafe fn add(&mut self, before: Self) {
        // SAFETY: the caller has checked the features.
        unsafe {
            self.abef = _mm_add_epi32(self.abef, before.abef);
            self.cdgh = _mm_add_epi32(self.cdgh, before.cdgh);
        }
    }

    /// Returns the digest.
    ///
    /// # Safety
    /// The processor has SSE 4.1.
    #[inline(always)]
    pub(super) unsafe fn digest(self) -> [__m128i; 2] {
        // SAFETY: the caller has checked the features.
        unsafe {
            let feba = _mm_shuffle_epi32::<0x1b>(self.abef);
            let dchg = _mm_shuffle_epi32::<0xb1>(self.cdgh);
            let dcba = _mm_blend_epi16::<0xf0>(feba, dchg);
            [swap(dcba), swap(_mm_alignr_epi8::<8>(dchg, feba))]
        }
    }
}

/// Calls a macro for each step: unlike a loop, that is always unrolled, so that words stay in registers.
macro_rules! for_each_step {
    ($each:ident) => {
        $each!(0);
        $each!(1);
        $each!(2);
        $each!(3);
        $each!(4);
        $each!(5);
        $each!(6);
        $each!(7);
        $each!(8);
        $each!(9);
        $each!(10);
        $each!(11);
        $each!(12);
        $each!(13);
        $each!(14);
        $each!(15);
    };
}
pub(super) use for_each_step;

/// Hashes a block of each stream, side by side.
///
/// # Safety
/// The processor has SHA-NI and SSE 4.1.
#[inline(always)]
pub(super) unsafe fn compress<const S: usize>(states: &mut [State; S], mut words: [Words; S]) {
    let before = *states;
    // SAFETY: the caller has checked the features.
    unsafe {
        macro_rules! step {
            ($step:literal) => {
                for stream in 0..S {
                    states[stream].step(&mut words[stream], $step);
                }
            };
        }
        for_each_step!(step);
        for stream in 0..S {
            states[stream].add(before[stream]);
        }
    }
}

/// Returns the words of the last block, which has up to three blocks of AES, then the padding of SHA-256.
///
/// # Safety
/// There are as many blocks at `tail`, at most 3. The processor has SSSE3.
#[inline(always)]
pub(super) unsafe fn last_words(tail: *const Block, count: usize, total_bytes: usize) -> Words {
    debug_assert!(count < 4);
    let bits = total_bytes as u64 * 8;
    // SAFETY: the caller has the blocks, and has checked the features.
    unsafe {
        let end = _mm_set_epi32(0, 0, 0, i32::MIN);
        let mut words = [One::zero().0; 4];
        for (at, quarter) in words[..3].iter_mut().enumerate() {
            if at < count {
                *quarter = word(tail.add(at));
            } else if at == count {
                *quarter = end;
            }
        }
        let length = _mm_set_epi32((bits as u32).cast_signed(), ((bits >> 32) as u32).cast_signed(), 0, 0);
        words[3] = if count == 3 { One(length).xor(One(end)).0 } else { length };
        words
    }
}

/// Returns the words of the first block: 32 bytes of the auth key, then two blocks of the text.
///
/// # Safety
/// There are two blocks at `text`. The processor has SSSE3.
#[inline(always)]
pub(super) unsafe fn first_words(hashed: &[u8; 32], text: *const Block) -> Words {
    let [low, high] = lanes::pair(hashed);
    // SAFETY: the caller has the blocks, and has checked the features.
    unsafe { [swap(low), swap(high), word(text), word(text.add(1))] }
}
