//! Typed and pasted text: digits of any script, gaps between them, words around them.

use alloc::string::String;
use core::iter;

use zeroize::Zeroizing;

/// The zero of each script with decimal digits, in rising order; the nine others follow it (Unicode 16, general category
/// Nd).
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0,
    0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0,
    0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Returns the ASCII digit for a decimal digit of any script.
pub(super) fn ascii_digit(typed: char) -> Option<char> {
    let code = u32::from(typed);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

/// Returns the text with digits of any script replaced by ASCII digits.
#[must_use]
pub fn with_ascii_digits(typed: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(typed.len()));
    text.extend(typed.chars().map(|char| ascii_digit(char).unwrap_or(char)));
    text
}

/// Returns whether a character is invisible and has no meaning. Text that is copied from chats and address books
/// contains such characters.
pub(super) const fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns whether a character is a dash or a hyphen of any kind.
pub(super) const fn is_dash(char: char) -> bool {
    matches!(char, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// Returns whether a character may separate the digits of one code.
fn is_gap(char: char) -> bool {
    char.is_whitespace() || is_invisible(char) || is_dash(char) || matches!(char, '.' | ',' | '_' | '/' | '*')
}

/// Returns the groups of digits in a text as ASCII digits, without the gaps in them; characters of `more` are gaps too.
pub(super) fn digit_groups(
    typed: &str,
    extra_gaps: &'static [char],
) -> impl Iterator<Item = Zeroizing<String>> {
    let mut chars = typed.chars();
    iter::from_fn(move || {
        // One allocation, since a string that grows leaves copies behind.
        let mut group = Zeroizing::new(String::with_capacity(chars.as_str().len()));
        for char in chars.by_ref() {
            match ascii_digit(char) {
                Some(digit) => group.push(digit),
                None if is_gap(char) || extra_gaps.contains(&char) => {}
                None if group.is_empty() => {}
                None => return Some(group),
            }
        }
        (!group.is_empty()).then_some(group)
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn d4_digits_of_every_script_are_digits() {
        for typed in ["22222", "۲۲۲۲۲", "٢٢٢٢٢", "２２２２２", "२२२२२", "২২২২২", "𝟐𝟐𝟐𝟐𝟐"]
        {
            assert_eq!(*with_ascii_digits(typed), "22222", "{typed}");
        }
        assert!(ZEROS.is_sorted());
        let all: Vec<char> =
            (0..=9).filter_map(|digit| ascii_digit(char::from_u32(0x6f0 + digit)?)).collect();
        assert_eq!(all, Vec::from_iter('0'..='9'));
        for other in ['/', ':', 'a', '½', '②', '四', '\u{0}', '\u{10ffff}'] {
            assert_eq!(ascii_digit(other), None, "{other:?}");
        }
    }

    #[test]
    fn groups_of_digits_are_found_in_what_is_around_them() {
        let found = |typed: &str| {
            digit_groups(typed, &[]).map(|group| group.as_str().into()).collect::<Vec<String>>()
        };
        assert_eq!(found("2.2.2-2 2"), ["22222"]);
        assert_eq!(found(" code: \u{200e}22222. Do not share it"), ["22222"]);
        assert_eq!(found("2 factor 22222"), ["2", "22222"]);
        assert_eq!(found("no code"), [""; 0]);
        assert_eq!(digit_groups("+1 (234) 5", &['+', '(', ')']).next().unwrap().as_str(), "12345");
    }
}
