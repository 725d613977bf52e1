//! The instructions that the processor has.

/// Which instructions may be used. There are only values that the processor has the instructions of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Aes,
    #[cfg(target_arch = "x86_64")]
    Vaes,
}

impl Level {
    /// None but those that the compiler and the crates `aes` and `sha2` choose.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Returns the highest level of this processor. The first call asks the processor, later ones do not.
    ///
    /// `--cfg sansgram_simd="none"` and `"aes"` limit it.
    #[must_use]
    #[inline]
    pub fn detected() -> Self {
        #[cfg(all(target_arch = "x86_64", not(sansgram_simd = "none")))]
        return x86::detected();
        #[cfg(not(all(target_arch = "x86_64", not(sansgram_simd = "none"))))]
        Self::PORTABLE
    }

    /// Returns the levels up to the highest of this processor, the lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Kind::Portable,
            #[cfg(target_arch = "x86_64")]
            Kind::Aes,
            #[cfg(target_arch = "x86_64")]
            Kind::Vaes,
        ]
        .into_iter()
        .map(Self)
        .filter(|level| *level <= Self::detected())
    }

    /// Whether it has AES-NI, SHA-NI, SSE 4.1 and AVX.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn has_aes(self) -> bool {
        self.0 >= Kind::Aes
    }

    /// Whether it has VAES and AVX2 besides.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn has_vaes(self) -> bool {
        self.0 >= Kind::Vaes
    }
}

#[cfg(all(target_arch = "x86_64", not(sansgram_simd = "none")))]
mod x86 {
    use core::arch::x86_64::__cpuid_count;
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::{Kind, Level};

    cpufeatures::new!(aes, "aes", "sha", "ssse3", "sse4.1", "avx");
    cpufeatures::new!(avx2, "avx2");

    #[inline]
    pub(super) fn detected() -> Level {
        /// 0 before the first call.
        static DETECTED: AtomicU8 = AtomicU8::new(0);
        match DETECTED.load(Ordering::Relaxed) {
            3 => Level(Kind::Vaes),
            2 => Level(Kind::Aes),
            1 => Level(Kind::Portable),
            _ => {
                let level = ask();
                DETECTED.store(level.0 as u8 + 1, Ordering::Relaxed);
                level
            }
        }
    }

    #[cold]
    fn ask() -> Level {
        if !aes::get() {
            return Level(Kind::Portable);
        }
        // `cpufeatures` reports VAES only together with AVX-512, which several processors with VAES lack.
        // SAFETY: every processor of x86_64 has the instruction. Older compilers call this unsafe.
        #[allow(unused_unsafe)]
        let has_vaes = || unsafe { __cpuid_count(7, 0) }.ecx & 1 << 9 != 0;
        let is_wanted = cfg!(not(sansgram_simd = "aes"));
        Level(if is_wanted && avx2::get() && has_vaes() { Kind::Vaes } else { Kind::Aes })
    }
}
