//! The choices of a plan, which follow from its seed.

use std::time::Duration;

use sansgram_testkit::random::SeededRandomForTestingOnly;

/// The generator of a plan, with the choices that plans make.
pub(super) struct Choice(SeededRandomForTestingOnly);

impl Choice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(SeededRandomForTestingOnly::new(seed))
    }

    /// A number below `bound`.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// `true` in so many cases of a hundred.
    pub(super) const fn percent(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    pub(super) const fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.0.below(values.len() as u64) as usize]
    }

    /// A number up to `most`; small ones are likelier.
    pub(super) const fn up_to(&mut self, most: u64) -> u64 {
        let scale = self.one_of(&[1, 1, 4, 16, 64]);
        self.below(most / scale + 1)
    }

    /// A time up to `longest`, in milliseconds; short ones are likelier.
    pub(super) fn time(&mut self, longest: Duration) -> Duration {
        Duration::from_millis(self.up_to(longest.as_millis() as u64))
    }
}
