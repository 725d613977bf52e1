//! A vector with one block of AES, or with two of different chains.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128,
    _mm_loadu_si128, _mm_setzero_si128, _mm_storeu_si128, _mm_xor_si128, _mm256_aesdec_epi128,
    _mm256_aesdeclast_epi128, _mm256_aesenc_epi128, _mm256_aesenclast_epi128, _mm256_castsi128_si256,
    _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_inserti128_si256, _mm256_setzero_si256,
    _mm256_xor_si256,
};

use crate::Block;

/// Blocks of as many chains as the vector has lanes.
///
/// # Safety
/// A vector is a plain array of [`LANES`](Self::LANES) blocks. All functions need the instructions of the vector's level.
pub(super) unsafe trait Lanes: Copy {
    /// The number of chains.
    const LANES: usize;
    /// Where each chain has its blocks.
    type Pointers: Copy + AsMut<[*mut Block]>;

    unsafe fn zero() -> Self;
    unsafe fn same_pointers(pointer: *mut Block) -> Self::Pointers;
    /// Reads block number `at` of each chain.
    unsafe fn load(from: Self::Pointers, at: usize) -> Self;
    /// Writes block number `at` of each chain.
    unsafe fn store(self, to: Self::Pointers, at: usize);
    unsafe fn xor(self, other: Self) -> Self;
    /// One round of AES in the direction.
    unsafe fn round<const DECRYPT: bool>(self, key: Self) -> Self;
    /// The last round of AES in the direction.
    unsafe fn last_round<const DECRYPT: bool>(self, key: Self) -> Self;
}

/// AES-NI: one chain.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct One(pub(super) __m128i);

// SAFETY: the vector is one block.
unsafe impl Lanes for One {
    const LANES: usize = 1;
    type Pointers = [*mut Block; 1];

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe { _mm_setzero_si128() })
    }

    #[inline(always)]
    unsafe fn same_pointers(pointer: *mut Block) -> Self::Pointers {
        [pointer]
    }

    #[inline(always)]
    unsafe fn load([from]: Self::Pointers, at: usize) -> Self {
        // SAFETY: the caller says that the block can be read.
        Self(unsafe { _mm_loadu_si128(from.add(at).cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, [to]: Self::Pointers, at: usize) {
        // SAFETY: the caller says that the block can be written.
        unsafe { _mm_storeu_si128(to.add(at).cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe { _mm_xor_si128(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn round<const DECRYPT: bool>(self, key: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe {
            if DECRYPT { _mm_aesdec_si128(self.0, key.0) } else { _mm_aesenc_si128(self.0, key.0) }
        })
    }

    #[inline(always)]
    unsafe fn last_round<const DECRYPT: bool>(self, key: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe {
            if DECRYPT { _mm_aesdeclast_si128(self.0, key.0) } else { _mm_aesenclast_si128(self.0, key.0) }
        })
    }
}

/// VAES: two chains.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Two(__m256i);

// SAFETY: the vector is two blocks.
unsafe impl Lanes for Two {
    const LANES: usize = 2;
    type Pointers = [*mut Block; 2];

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe { _mm256_setzero_si256() })
    }

    #[inline(always)]
    unsafe fn same_pointers(pointer: *mut Block) -> Self::Pointers {
        [pointer; 2]
    }

    #[inline(always)]
    unsafe fn load([low, high]: Self::Pointers, at: usize) -> Self {
        // SAFETY: the caller says that both blocks can be read.
        unsafe {
            let low = _mm256_castsi128_si256(_mm_loadu_si128(low.add(at).cast()));
            Self(_mm256_inserti128_si256::<1>(low, _mm_loadu_si128(high.add(at).cast())))
        }
    }

    #[inline(always)]
    unsafe fn store(self, [low, high]: Self::Pointers, at: usize) {
        // SAFETY: the caller says that both blocks can be written.
        unsafe {
            _mm_storeu_si128(low.add(at).cast(), _mm256_castsi256_si128(self.0));
            _mm_storeu_si128(high.add(at).cast(), _mm256_extracti128_si256::<1>(self.0));
        }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn round<const DECRYPT: bool>(self, key: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe {
            if DECRYPT { _mm256_aesdec_epi128(self.0, key.0) } else { _mm256_aesenc_epi128(self.0, key.0) }
        })
    }

    #[inline(always)]
    unsafe fn last_round<const DECRYPT: bool>(self, key: Self) -> Self {
        // SAFETY: the caller has checked the features.
        Self(unsafe {
            if DECRYPT {
                _mm256_aesdeclast_epi128(self.0, key.0)
            } else {
                _mm256_aesenclast_epi128(self.0, key.0)
            }
        })
    }
}

/// Reads the first 16 bytes. Every x86-64 processor can.
#[inline(always)]
pub(super) fn load<const N: usize>(bytes: &[u8; N]) -> __m128i {
    load_at::<N>(bytes, 0)
}

/// Reads the 16 bytes at the offset, which is known when this is compiled.
#[inline(always)]
pub(super) fn load_at<const N: usize>(bytes: &[u8; N], offset: usize) -> __m128i {
    assert!(offset + 16 <= N, "the bytes are there");
    // SAFETY: see the assertion.
    unsafe { _mm_loadu_si128(bytes.as_ptr().add(offset).cast()) }
}

#[inline(always)]
pub(super) fn pair(bytes: &[u8; 32]) -> [__m128i; 2] {
    [load(bytes), load_at(bytes, 16)]
}

#[inline(always)]
pub(super) fn block(vector: __m128i) -> Block {
    let mut block = [0; 16];
    // SAFETY: a block can be written.
    unsafe { _mm_storeu_si128((&raw mut block).cast(), vector) };
    block
}

#[inline(always)]
pub(super) fn bytes([low, high]: [__m128i; 2]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (halves, _) = bytes.as_chunks_mut();
    halves[0] = block(low);
    halves[1] = block(high);
    bytes
}
