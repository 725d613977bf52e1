//! How often a handler is to be called, and what is said if it was not.

use std::ops::{Range, RangeFrom, RangeInclusive, RangeToInclusive};

/// How often a handler is to be called: a number, or a range such as `1..` or `2..=3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    at_least: u32,
    at_most: Option<u32>,
}

impl Times {
    pub(super) fn includes(self, calls: u32) -> bool {
        calls >= self.at_least && self.at_most.is_none_or(|most| calls <= most)
    }
}

impl From<u32> for Times {
    fn from(calls: u32) -> Self {
        Self { at_least: calls, at_most: Some(calls) }
    }
}

impl From<RangeFrom<u32>> for Times {
    fn from(range: RangeFrom<u32>) -> Self {
        Self { at_least: range.start, at_most: None }
    }
}

impl From<RangeInclusive<u32>> for Times {
    fn from(range: RangeInclusive<u32>) -> Self {
        Self { at_least: *range.start(), at_most: Some(*range.end()) }
    }
}

impl From<RangeToInclusive<u32>> for Times {
    fn from(range: RangeToInclusive<u32>) -> Self {
        Self { at_least: 0, at_most: Some(range.end) }
    }
}

impl From<Range<u32>> for Times {
    fn from(range: Range<u32>) -> Self {
        Self { at_least: range.start, at_most: Some(range.end.saturating_sub(1)) }
    }
}

/// What the test expected, `2 calls` or `1 to 3 calls`.
impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |calls: u32| if calls == 1 { "call" } else { "calls" };
        match (self.at_least, self.at_most) {
            (0, Some(0)) => f.write_str("no call"),
            (least, Some(most)) if least == most => write!(f, "{least} {}", plural(least)),
            (0, Some(most)) => write!(f, "at most {most} {}", plural(most)),
            (least, Some(most)) => write!(f, "{least} to {most} calls"),
            (least, None) => write!(f, "at least {least} {}", plural(least)),
        }
    }
}

/// The expectations that were not met, and the handlers that failed. Its text has a line for each, and one with all
/// calls if calls are recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the test DC was not called as expected:\n{}", .lines.join("\n"))]
pub struct UnmetExpectations {
    pub(super) lines: Vec<String>,
}

impl UnmetExpectations {
    /// Returns the lines of the text.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// A number of calls in words.
pub(super) fn calls(count: u32) -> String {
    match count {
        0 => "it was not called".into(),
        1 => "it was called once".into(),
        2 => "it was called twice".into(),
        count => format!("it was called {count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_in_words() {
        let words = |times: Times| times.to_string();
        assert_eq!(words(0.into()), "no call");
        assert_eq!(words(1.into()), "1 call");
        assert_eq!(words((2..).into()), "at least 2 calls");
        assert_eq!(words((1..=3).into()), "1 to 3 calls");
        assert_eq!(words((1..3).into()), "1 to 2 calls");
        assert_eq!(words((..=1).into()), "at most 1 call");
        assert!(Times::from(1..).includes(7) && !Times::from(1..).includes(0));
        assert!(Times::from(..=2).includes(0) && !Times::from(..=2).includes(3));
    }
}
