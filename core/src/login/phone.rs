//! Phone numbers as people type them.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroize;

use super::user_input::{ascii_digit, is_dash, is_invisible};

/// A phone number in international form: 5 to 15 digits (E.164), nothing else. Personal data: it is not in the `Debug`
/// output.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPhone {
    /// It contains a character that is not allowed in a phone number.
    #[error("the phone number contains {0:?}; type it with its country code, such as +1 234 567 8900")]
    Character(char),
    /// It has fewer than 5 digits or more than 15.
    #[error("the phone number has {0} digits; type it with its country code, such as +1 234 567 8900")]
    Length(usize),
    /// It begins with 0, like numbers within a country.
    #[error("the phone number begins with 0; begin with the country code instead, such as +1 234 567 8900")]
    National,
}

/// The number of digits that are read: 15 after a `00`, and one that is too many.
const MOST_DIGITS: usize = 18;

impl PhoneNumber {
    /// Reads a number as people type it: digits of any script, and `+ - . / ( )` and white space between them. A leading
    /// `00`, the usual dialling prefix, is read as `+`. A trunk `(0)` after the country code is dropped. Quotation marks and `tel:` (RFC 3966) before the number are ignored.
    ///
    /// # Errors
    /// Returns [`InvalidPhone`] if it has another character, begins with another 0, or has fewer than 5 digits or more than 15.
    pub fn parse(typed: &str) -> Result<Self, InvalidPhone> {
        // One allocation, so that no copies are left behind; errors wipe it too.
        let mut number = Self(String::with_capacity(MOST_DIGITS));
        let digits = &mut number.0;
        let mut chars = without_label(typed).chars();
        while let Some(c) = chars.next() {
            if c == '('
                && !digits.is_empty()
                && let Some(rest) = behind_trunk_zero(chars.as_str())
            {
                chars = rest.chars();
                continue;
            }
            match ascii_digit(c) {
                Some(digit) if digits.len() < MOST_DIGITS => digits.push(digit),
                Some(_) => {
                    return Err(InvalidPhone::Length(typed.chars().filter_map(ascii_digit).count()));
                }
                None if matches!(c, '+' | '\u{ff0b}' | '.' | '/' | '(' | ')') => {}
                None if c.is_whitespace() || is_dash(c) || is_invisible(c) => {}
                None => return Err(InvalidPhone::Character(c)),
            }
        }
        let is_dialled = digits.starts_with("00") && !typed.contains(['+', '\u{ff0b}']);
        if is_dialled {
            digits.drain(..2);
        }
        if digits.starts_with('0') {
            return Err(InvalidPhone::National);
        }
        let length = digits.len();
        if (5..=15).contains(&length) { Ok(number) } else { Err(InvalidPhone::Length(length)) }
    }

    /// Returns the digits, without `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Returns the number in readable groups: the country code, then about three digits at a time, as in
    /// `+1 234 567 8900`. National conventions are not considered.
    #[must_use]
    pub fn grouped(&self) -> String {
        let mut shown = String::from("+");
        for (index, digit) in self.0.chars().enumerate() {
            let behind_code = index.checked_sub(country_code_len(&self.0));
            let left = self.0.len() - index;
            // No digit stands alone at the end.
            if behind_code.is_some_and(|behind| behind % 3 == 0 && (behind == 0 || left > 1)) {
                shown.push(' ');
            }
            shown.push(digit);
        }
        shown
    }
}

/// Removes quotation marks around the number, and the scheme of a link before it.
fn without_label(typed: &str) -> &str {
    const QUOTES: &[char] = &['"', '\'', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{201e}'];
    let bare = typed.trim().trim_matches(QUOTES).trim_start();
    match bare.split_at_checked(4) {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel:") => number,
        _ => bare,
    }
}

/// Returns the rest of `text` after a leading `0)`.
fn behind_trunk_zero(text: &str) -> Option<&str> {
    let mut chars = text.trim_start().chars();
    let is_zero = chars.next().and_then(ascii_digit) == Some('0');
    chars.as_str().trim_start().strip_prefix(')').filter(|_| is_zero)
}

/// Returns the number of digits of the country code (ITU-T E.164, list of assigned country codes).
fn country_code_len(digits: &str) -> usize {
    let mut digits = digits.bytes();
    match (digits.next(), digits.next()) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        _ => 3,
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber([redacted])")
    }
}

impl Drop for PhoneNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_digits() {
        for typed in
            ["+1 (123) 456-7890", "11234567890", "1.123.456.7890", " +1 123 456 7890\n", "001 (123) 456-7890"]
        {
            assert_eq!(PhoneNumber::parse(typed).unwrap().digits(), "11234567890");
        }
    }

    #[test]
    fn d4_the_zero_of_a_country_and_a_link_are_left_out() {
        for typed in [
            "+49 (0) 151 23456789",
            "0049(0)15123456789",
            "49 ( 0 ) 151/23456789",
            "+٤٩ (٠) 151 23456789",
            "00 49 151 23456789",
            "tel:+49-151-23456789",
            "TEL: +4915123456789",
            "\"+49 151 23456789\"",
            "\u{201e}+49 151 23456789\u{201c}",
        ] {
            assert_eq!(PhoneNumber::parse(typed).unwrap().digits(), "4915123456789", "{typed}");
        }
        assert_eq!(PhoneNumber::parse("(0) 151 23456789"), Err(InvalidPhone::National));
        assert_eq!(PhoneNumber::parse("+1 (012) 456-7890").unwrap().digits(), "10124567890");
        assert_eq!(PhoneNumber::parse("tel:"), Err(InvalidPhone::Length(0)));
    }

    /// Keyboards have digits of their own, and address books copy marks along that do not show.
    #[test]
    fn d4_digits_of_every_script_are_digits() {
        for typed in
            ["+۱ ۱۲۳ ۴۵۶ ۷۸۹۰", "\u{202a}+1 123\u{2011}456\u{2011}7890\u{202c}", "＋１１２３４５６７８９０"]
        {
            assert_eq!(PhoneNumber::parse(typed).unwrap().digits(), "11234567890", "{typed}");
        }
    }

    #[test]
    fn a_number_is_shown_in_groups() {
        for (digits, shown) in [
            ("12345678900", "+1 234 567 8900"),
            ("9996621234", "+999 662 1234"),
            ("4915112345678", "+49 151 123 456 78"),
            ("420601123456", "+420 601 123 456"),
            ("42777", "+427 77"),
            ("42061", "+420 61"),
            ("11234", "+1 1234"),
        ] {
            assert_eq!(PhoneNumber::parse(digits).unwrap().grouped(), shown);
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        assert_eq!(PhoneNumber::parse("hello"), Err(InvalidPhone::Character('h')));
        assert_eq!(PhoneNumber::parse("+"), Err(InvalidPhone::Length(0)));
        assert_eq!(PhoneNumber::parse("00"), Err(InvalidPhone::Length(0)));
        assert_eq!(PhoneNumber::parse(&"1".repeat(16)), Err(InvalidPhone::Length(16)));
        assert_eq!(PhoneNumber::parse(&"1".repeat(50)), Err(InvalidPhone::Length(50)));
        // Within a country; dialled, and a plus before it; dialled twice.
        for national in ["0151 12345678", "+0049 151 12345678", "000049 151"] {
            assert_eq!(PhoneNumber::parse(national), Err(InvalidPhone::National), "{national}");
        }
    }
}
