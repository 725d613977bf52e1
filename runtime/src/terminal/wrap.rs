//! Text that is wrapped to the width of a terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use super::size::AsScreen;
use crate::policy::MIN_COLUMNS;

/// Wraps `text` into lines of at most `columns`, between words. A longer word stays whole, so that a link can be
/// copied. A text that fits is returned unchanged.
#[must_use]
pub fn wrapped(text: &str, columns: usize) -> Cow<'_, str> {
    let is_narrow = |line: &str| textwrap::core::display_width(line) <= columns;
    if columns < MIN_COLUMNS || text.lines().all(is_narrow) {
        return text.into();
    }
    let options = textwrap::Options::new(columns)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::fill(text, options).into()
}

/// Returns `text` [`wrapped`] to the width of standard error if that is a terminal, and unchanged otherwise.
#[must_use]
pub fn for_standard_error(text: &str) -> Cow<'_, str> {
    fitted(text, &io::stderr())
}

/// Returns `text` wrapped to the width of `output` if that is a terminal, and unchanged otherwise.
pub(super) fn fitted<'a>(text: &'a str, output: &(impl IsTerminal + AsScreen)) -> Cow<'a, str> {
    match output.size().filter(|_| output.is_terminal()) {
        Some((columns, _)) => wrapped(text, columns.into()),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_words() {
        let text = "the code is wrong; check it and try again, or type \"resend\"";
        assert_eq!(wrapped(text, 40), "the code is wrong; check it and try\nagain, or type \"resend\"");
        assert_eq!(wrapped(text, 80), text);
        assert_eq!(wrapped(text, 5), text);
        // A link stays one word, and an image that fits is unchanged.
        let link = format!("see https://t.me/{}", "x".repeat(40));
        assert_eq!(wrapped(&link, 40), link.replacen(' ', "\n", 1));
        let image = "██  ▄▄  ██  ";
        assert_eq!(wrapped(image, 20), image);
        let text = "漢字 漢字 漢字 and-some words-with hyphens in them, and so on and so on";
        for columns in 20..90 {
            let broken = wrapped(text, columns);
            assert!(broken.split_whitespace().eq(text.split_whitespace()), "{broken}");
            assert!(broken.lines().all(|line| textwrap::core::display_width(line) <= columns), "{broken}");
        }
    }
}
