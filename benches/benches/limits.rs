//! What the processor allows, from chains of single instructions: the limits in `BENCHMARKS.md` are computed from these.
//! One element is one instruction on one block or word. Only on x86-64.
#![allow(missing_docs, reason = "criterion's macros write functions")]
#![allow(unsafe_code, reason = "instructions that are there only if the processor says so")]

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_aesenc_si128, _mm_set1_epi32, _mm_sha256rnds2_epu32, _mm256_aesenc_epi128,
        _mm256_set1_epi32,
    };
    use std::hint::black_box;

    use criterion::{Criterion, Throughput};
    use sansgram_benches::CpuTime;

    /// How many instructions depend on each other in one sample.
    const LENGTH: u64 = 1000;

    /// `STREAMS` chains of AES rounds side by side.
    #[target_feature(enable = "aes")]
    fn aes<const STREAMS: usize>(key: __m128i) -> [__m128i; STREAMS] {
        let mut blocks = [key; STREAMS];
        for _ in 0..LENGTH {
            for block in &mut blocks {
                *block = _mm_aesenc_si128(*block, key);
            }
        }
        blocks
    }

    /// The same with two blocks in a register.
    #[target_feature(enable = "vaes,avx2")]
    fn vaes<const STREAMS: usize>(key: __m256i) -> [__m256i; STREAMS] {
        let mut blocks = [key; STREAMS];
        for _ in 0..LENGTH {
            for block in &mut blocks {
                *block = _mm256_aesenc_epi128(*block, key);
            }
        }
        blocks
    }

    /// Double rounds of SHA-256, each of which needs the one before.
    #[target_feature(enable = "sha,sse2")]
    fn sha256<const STREAMS: usize>(words: __m128i) -> [[__m128i; 2]; STREAMS] {
        let mut states = [[words; 2]; STREAMS];
        for _ in 0..LENGTH / 2 {
            for [low, high] in &mut states {
                *low = _mm_sha256rnds2_epu32(*low, *high, words);
                *high = _mm_sha256rnds2_epu32(*high, *low, words);
            }
        }
        states
    }

    /// Upper halves of products of 64 bits, eight independent chains.
    fn products(factor: u64) -> [u64; 8] {
        let mut words = [factor; 8];
        for _ in 0..LENGTH {
            for word in &mut words {
                *word = ((u128::from(*word) * u128::from(factor)) >> 64) as u64;
            }
        }
        words
    }

    fn measure<T>(
        criterion: &mut Criterion<CpuTime>,
        (group, parameter): (&str, &str),
        streams: u64,
        mut work: impl FnMut() -> T,
    ) {
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::Elements(LENGTH * streams)).sample_size(50);
        group.bench_function(format!("processor/{parameter}"), |bencher| bencher.iter(&mut work));
        group.finish();
    }

    pub(crate) fn limits(criterion: &mut Criterion<CpuTime>) {
        // SAFETY: SSE2 is part of x86-64.
        let word = unsafe { _mm_set1_epi32(black_box(0x1234_5679)) };
        if is_x86_feature_detected!("aes") {
            // SAFETY: the processor has the instructions.
            measure(criterion, ("limit_aes", "one chain"), 1, || unsafe { aes::<1>(black_box(word)) });
            if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has the instructions.
                let word = unsafe { _mm256_set1_epi32(black_box(0x1234_5679)) };
                measure(criterion, ("limit_aes", "many chains"), 16, || {
                    // SAFETY: the processor has the instructions.
                    unsafe { vaes::<8>(black_box(word)) }
                });
            } else {
                // SAFETY: the processor has the instructions.
                measure(criterion, ("limit_aes", "many chains"), 8, || unsafe { aes::<8>(black_box(word)) });
            }
        }
        if is_x86_feature_detected!("sha") {
            // SAFETY: the processor has the instructions.
            measure(criterion, ("limit_sha256", "one chain"), 1, || unsafe { sha256::<1>(black_box(word)) });
            // SAFETY: the processor has the instructions.
            measure(criterion, ("limit_sha256", "many chains"), 4, || unsafe {
                sha256::<4>(black_box(word))
            });
        }
        measure(criterion, ("limit_product", ""), 8, || products(black_box(0x9876_5432_1234_5679)));
    }
}

#[cfg(target_arch = "x86_64")]
fn main() {
    let mut criterion = sansgram_benches::criterion().configure_from_args();
    x86_64::limits(&mut criterion);
    criterion.final_summary();
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {}
