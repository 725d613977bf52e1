//! Randomness for tests, reproducible from a seed and therefore insecure.

pub use sansgram_core::crypto::SecureRandom;

/// A generator whose whole output follows from its seed (SplitMix64), so that a run can be replayed. A few bytes of it
/// reveal all others: never use it for a real connection.
#[derive(Clone, Debug)]
pub struct SeededRandomForTestingOnly {
    state: u64,
}

impl SeededRandomForTestingOnly {
    /// The generator of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`; 0 if `bound` is 0. The small bias of a remainder does not matter to a test.
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// Returns a second generator, independent of the further output of this one.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }
}

impl SecureRandom for SeededRandomForTestingOnly {
    fn fill(&mut self, buffer: &mut [u8]) {
        for piece in buffer.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            piece.copy_from_slice(&bytes[..piece.len()]);
        }
    }
}

/// A length from 1 to `max`, at random: no client may rely on where pieces end.
pub(crate) fn random_length(max: usize, random: &mut dyn SecureRandom) -> usize {
    let mut drawn = [0; 4];
    random.fill(&mut drawn);
    u32::from_le_bytes(drawn) as usize % max + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream() {
        let mut first = [0; 33];
        let mut second = [0; 33];
        SeededRandomForTestingOnly::new(7).fill(&mut first);
        SeededRandomForTestingOnly::new(7).fill(&mut second);
        assert_eq!(first, second);
        SeededRandomForTestingOnly::new(8).fill(&mut second);
        assert_ne!(first, second);
    }
}
