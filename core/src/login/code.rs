//! Login codes: how a code was sent, and what is needed to submit it.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::phone::PhoneNumber;
use super::user_input;
use crate::tl::{Deserialize, enums};

/// How a code is delivered (`auth.SentCodeType`). `length` is the length of the code in characters; 0 if unknown.
/// `Debug` omits all strings: they are personal data or parts of the code.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are those of the schema.
pub enum SentCodeType {
    /// To the account's other sessions.
    App { length: u32 },
    /// By text message.
    Sms { length: u32 },
    /// Spoken in a phone call.
    Call { length: u32 },
    /// The code is the calling phone number, which matches `pattern`.
    FlashCall { pattern: String },
    /// The code is the last `length` digits of the calling phone number, which starts with `prefix`.
    MissedCall { prefix: String, length: u32 },
    /// By e-mail, to the masked address `pattern`. If the user cannot open the mailbox,
    /// [`reset_login_email`](super::LoginStep::reset_login_email) switches to codes by telephone, after
    /// `reset_available` seconds. `reset_pending` is when a reset that was already requested takes effect (server time,
    /// seconds since 1970).
    Email { pattern: String, length: u32, reset_available: Option<u32>, reset_pending: Option<i32> },
    /// An e-mail address must be set up first.
    EmailSetUpRequired,
    /// On fragment.com, at `url`.
    Fragment { url: String, length: u32 },
    /// By Firebase, which only official applications can receive: request another code.
    Firebase { length: u32 },
    /// A word, by text message. It starts with `beginning`, if that is known.
    Word { beginning: Option<String> },
    /// A phrase, by text message. It starts with `beginning`, if that is known.
    Phrase { beginning: Option<String> },
    /// In a way that this version does not know. The code can still be submitted, or another one requested.
    Unknown { constructor: u32 },
}

/// How the next code would be delivered (`auth.CodeType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeType {
    /// By text message.
    Sms,
    /// Spoken in a phone call.
    Call,
    /// The code is the calling phone number.
    FlashCall,
    /// The code is the last digits of the calling phone number.
    MissedCall,
    /// On fragment.com.
    Fragment,
    /// In a way that this version does not know.
    Unknown,
}

/// A code that was sent. Pass it to [`sign_in`](super::LoginStep::sign_in) together with the user's input.
///
/// It holds the phone number and the `phone_code_hash`, which are not in the `Debug` output.
#[derive(Clone)]
pub struct SentCode {
    /// The number that the code is for.
    pub phone: PhoneNumber,
    /// `phone_code_hash`; `None` if it could not be read after an unknown type.
    pub(super) hash: Option<Zeroizing<String>>,
    /// How the code was sent.
    pub kind: SentCodeType,
    /// How the next code would be sent; `None` if no other code can be requested.
    pub next: Option<CodeType>,
    /// How long to wait before another code can be requested; `None` if the server states no time.
    pub timeout: Option<Duration>,
}

impl SentCode {
    /// Returns whether the code can be submitted. It cannot if its type is unknown to this version and the rest of the
    /// server's answer could not be read; request another code then.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.hash.is_some()
    }

    /// Extracts the code from typed or pasted text. Digits of any script are accepted; gaps between them and words around
    /// them are ignored. A word or phrase is kept, without surrounding white space.
    ///
    /// # Errors
    /// Returns [`InvalidCode`] if the text cannot be the code. Asking the server would use up one of a few attempts.
    pub fn read_code(&self, typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
        let (length, extra_gaps): (u32, &[char]) = match &self.kind {
            SentCodeType::App { length }
            | SentCodeType::Sms { length }
            | SentCodeType::Call { length }
            | SentCodeType::Fragment { length, .. }
            | SentCodeType::Firebase { length } => (*length, &[]),
            // Users copy the number as their phone shows it.
            SentCodeType::MissedCall { length, .. } => (*length, &['+', '(', ')']),
            SentCodeType::FlashCall { .. } => (0, &['+', '(', ')']),
            SentCodeType::Email { length, .. } => return read_email_code(typed, *length),
            SentCodeType::EmailSetUpRequired
            | SentCodeType::Word { .. }
            | SentCodeType::Phrase { .. }
            | SentCodeType::Unknown { .. } => return Ok(without_gaps(typed)),
        };
        let takes_last_digits = matches!(self.kind, SentCodeType::MissedCall { .. });
        read_digits(typed, length, extra_gaps, takes_last_digits)
    }

    /// Returns whether the code was sent by e-mail.
    #[must_use]
    pub const fn is_by_email(&self) -> bool {
        matches!(self.kind, SentCodeType::Email { .. })
    }
}

/// Why a text cannot be the code that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCode {
    /// It contains no digits.
    #[error("this is not a code: it contains no digits; enter the digits of the code")]
    NoDigits,
    /// It has the wrong number of digits.
    #[error("the code has {expected} digits, but this has {given}; enter the most recent code")]
    Length {
        /// How many digits the code has.
        expected: u32,
        /// How many digits were entered.
        given: u32,
    },
    /// It contains several groups of digits, and it is unclear which one is the code.
    #[error("the text contains several numbers; enter only the code")]
    SeveralNumbers,
}

/// Extracts the code from a text that may contain other words. A `length` of 0 accepts any number of digits.
fn read_digits(
    typed: &str,
    length: u32,
    extra_gaps: &'static [char],
    takes_last_digits: bool,
) -> Result<Zeroizing<String>, InvalidCode> {
    let expected = length as usize;
    let fits = |group: &Zeroizing<String>| expected == 0 || group.len() == expected;
    let mut groups = user_input::digit_groups(typed, extra_gaps);
    let first = groups.next().ok_or(InvalidCode::NoDigits)?;
    let Some(second) = groups.next() else {
        if takes_last_digits && expected > 0 && first.len() > expected {
            return Ok(Zeroizing::new(first[first.len() - expected..].into()));
        }
        let given = u32::try_from(first.len()).unwrap_or(u32::MAX);
        return if fits(&first) { Ok(first) } else { Err(InvalidCode::Length { expected: length, given }) };
    };
    // Among several groups, only the length distinguishes the code.
    if expected == 0 {
        return Err(InvalidCode::SeveralNumbers);
    }
    let mut fitting = [first, second].into_iter().chain(groups).filter(fits);
    let code = fitting.next().ok_or(InvalidCode::SeveralNumbers)?;
    // A message may contain the code twice: alone, and in a link.
    if fitting.all(|other| other == code) { Ok(code) } else { Err(InvalidCode::SeveralNumbers) }
}

/// Extracts the digits of a code that was sent by e-mail. Such a code may have letters, as no document excludes them, so a
/// text of the right length is accepted unchanged.
pub(super) fn read_email_code(typed: &str, length: u32) -> Result<Zeroizing<String>, InvalidCode> {
    let whole = without_gaps(typed);
    let is_plain = whole.chars().all(|char| char.is_ascii_digit());
    match read_digits(typed, length, &[], false) {
        Err(_) if !is_plain && length > 0 && whole.chars().count() == length as usize => Ok(whole),
        other => other,
    }
}

/// Extracts a code of unknown length that may have letters. Errors if it has no digit.
pub(super) fn read_code_with_digits(typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
    let code = without_gaps(typed);
    if code.contains(|char: char| char.is_ascii_digit()) { Ok(code) } else { Err(InvalidCode::NoDigits) }
}

/// Returns the text with ASCII digits and without the white space around it, and without gaps if it has only digits.
fn without_gaps(typed: &str) -> Zeroizing<String> {
    let text = user_input::with_ascii_digits(
        typed.trim_matches(|c: char| c.is_whitespace() || user_input::is_invisible(c)),
    );
    let is_part = |c: char| {
        c.is_ascii_digit() || c.is_whitespace() || user_input::is_dash(c) || user_input::is_invisible(c)
    };
    if !text.chars().all(is_part) {
        return text;
    }
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    digits.extend(text.chars().filter(char::is_ascii_digit));
    digits
}

impl fmt::Debug for SentCodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, length) = match self {
            Self::App { length } => ("App", Some(length)),
            Self::Sms { length } => ("Sms", Some(length)),
            Self::Call { length } => ("Call", Some(length)),
            Self::FlashCall { .. } => ("FlashCall", None),
            Self::MissedCall { length, .. } => ("MissedCall", Some(length)),
            Self::Email { length, .. } => ("Email", Some(length)),
            Self::EmailSetUpRequired => ("EmailSetUpRequired", None),
            Self::Fragment { length, .. } => ("Fragment", Some(length)),
            Self::Firebase { length } => ("Firebase", Some(length)),
            Self::Word { .. } => ("Word", None),
            Self::Phrase { .. } => ("Phrase", None),
            Self::Unknown { constructor } => return write!(f, "Unknown({constructor:#010x})"),
        };
        match length {
            Some(length) => write!(f, "{name}({length} characters)"),
            None => f.write_str(name),
        }
    }
}

impl PartialEq for SentCode {
    fn eq(&self, other: &Self) -> bool {
        let has_same_hash = match (&self.hash, &other.hash) {
            (Some(one), Some(two)) => one.as_bytes().ct_eq(two.as_bytes()).into(),
            (one, two) => one.is_none() && two.is_none(),
        };
        has_same_hash
            && self.phone == other.phone
            && self.kind == other.kind
            && self.next == other.next
            && self.timeout == other.timeout
    }
}

impl Eq for SentCode {}

impl fmt::Debug for SentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentCode").field("kind", &self.kind).field("next", &self.next).finish_non_exhaustive()
    }
}

impl From<enums::auth::SentCodeType> for SentCodeType {
    fn from(sent: enums::auth::SentCodeType) -> Self {
        use enums::auth::SentCodeType as Sent;
        let count = |length: i32| u32::try_from(length).unwrap_or(0);
        match sent {
            Sent::App(it) => Self::App { length: count(it.length) },
            Sent::Sms(it) => Self::Sms { length: count(it.length) },
            Sent::Call(it) => Self::Call { length: count(it.length) },
            Sent::FlashCall(it) => Self::FlashCall { pattern: it.pattern },
            Sent::MissedCall(it) => Self::MissedCall { prefix: it.prefix, length: count(it.length) },
            Sent::EmailCode(it) => Self::Email {
                pattern: it.email_pattern,
                length: count(it.length),
                reset_available: it.reset_available_period.map(count),
                reset_pending: it.reset_pending_date,
            },
            Sent::SetUpEmailRequired(_) => Self::EmailSetUpRequired,
            Sent::FragmentSms(it) => Self::Fragment { url: it.url, length: count(it.length) },
            Sent::FirebaseSms(it) => Self::Firebase { length: count(it.length) },
            Sent::SmsWord(it) => Self::Word { beginning: it.beginning },
            Sent::SmsPhrase(it) => Self::Phrase { beginning: it.beginning },
        }
    }
}

impl CodeType {
    /// Returns the type of a constructor of `auth.CodeType`; none of them has fields.
    pub(super) fn of(constructor: u32) -> Self {
        use enums::auth::CodeType as Next;
        match Next::from_bytes(&constructor.to_le_bytes()) {
            Ok(Next::Sms) => Self::Sms,
            Ok(Next::Call) => Self::Call,
            Ok(Next::FlashCall) => Self::FlashCall,
            Ok(Next::MissedCall) => Self::MissedCall,
            Ok(Next::FragmentSms) => Self::Fragment,
            Err(_) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_shows_no_text() {
        let text = || String::from("secret");
        let kinds = [
            SentCodeType::FlashCall { pattern: text() },
            SentCodeType::MissedCall { prefix: text(), length: 5 },
            SentCodeType::Email { pattern: text(), length: 5, reset_available: None, reset_pending: None },
            SentCodeType::Fragment { url: text(), length: 5 },
            SentCodeType::Word { beginning: Some(text()) },
            SentCodeType::Phrase { beginning: Some(text()) },
        ];
        for kind in &kinds {
            assert!(!format!("{kind:?}").contains("secret"), "{kind:?}");
        }
        assert_eq!(format!("{:?}", kinds[1]), "MissedCall(5 characters)");
        assert_eq!(format!("{:?}", SentCodeType::Unknown { constructor: 7 }), "Unknown(0x00000007)");
    }

    fn token(kind: SentCodeType) -> SentCode {
        let phone = PhoneNumber::parse("+9996621234").unwrap();
        SentCode { phone, hash: None, kind, next: None, timeout: None }
    }

    fn read(kind: SentCodeType, typed: &str) -> Result<String, InvalidCode> {
        token(kind).read_code(typed).map(|code| code.as_str().into())
    }

    #[test]
    fn d4_codes_are_read_as_people_type_and_paste_them() {
        let app = || SentCodeType::App { length: 5 };
        for typed in [
            "22222",
            " 22222\n",
            "۲۲۲۲۲",
            "２２２２２",
            "2.2.2.2.2",
            "222-22",
            "2 2 2 2 2",
            "\u{200e}22222\u{feff}",
            "code 22222",
            "Login code: 22222. Do not give it to anyone.",
            "it is 22222, valid for 5 minutes",
            "22222\r",
            "\u{a0}22222\u{a0}",
            "Telegram code 22222\n\nYou can also tap on this link to log in:\nhttps://t.me/login/22222\n\noLeq9AcOZkT",
            "https://t.me/login/22222",
        ] {
            assert_eq!(read(app(), typed), Ok("22222".into()), "{typed}");
        }
        for (typed, error) in [
            ("", InvalidCode::NoDigits),
            ("code", InvalidCode::NoDigits),
            ("2222", InvalidCode::Length { expected: 5, given: 4 }),
            ("+1 234 567 8900", InvalidCode::Length { expected: 5, given: 11 }),
            ("22222 or 33333", InvalidCode::SeveralNumbers),
        ] {
            assert_eq!(read(app(), typed), Err(error), "{typed}");
        }
        // A server that does not say how long a code is.
        assert_eq!(read(SentCodeType::Sms { length: 0 }, "2-2-2"), Ok("222".into()));
    }

    #[test]
    fn d4_numbers_that_call_and_words_are_read_too() {
        let missed = || SentCodeType::MissedCall { prefix: "1234".into(), length: 4 };
        assert_eq!(read(missed(), "7890"), Ok("7890".into()));
        assert_eq!(read(missed(), "+1 (234) 567-7890"), Ok("7890".into()));
        let flash = SentCodeType::FlashCall { pattern: "*".into() };
        assert_eq!(read(flash, "+1 (234) 567-7890"), Ok("12345677890".into()));
        assert_eq!(read(SentCodeType::Word { beginning: None }, " pineapple \n"), Ok("pineapple".into()));
        assert_eq!(read(SentCodeType::Phrase { beginning: None }, "two words"), Ok("two words".into()));
        let email = || SentCodeType::Email {
            pattern: "a*@b".into(),
            length: 6,
            reset_available: None,
            reset_pending: None,
        };
        assert_eq!(read(email(), "123 456"), Ok("123456".into()));
        assert_eq!(read(email(), "AB12CD"), Ok("AB12CD".into()));
        assert_eq!(read(email(), "12345"), Err(InvalidCode::Length { expected: 6, given: 5 }));
        assert_eq!(read(SentCodeType::Unknown { constructor: 1 }, "۱ ۲"), Ok("12".into()));
    }
}
