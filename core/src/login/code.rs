//! Login codes: where one went, and what is needed to give it back.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::phone::PhoneNumber;
use crate::tl::{Deserialize, enums};

/// How a code is delivered (`auth.SentCodeType`). `length` counts characters. `Debug` shows no text: those are ways to
/// reach somebody, or a part of the code.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are those of the schema.
pub enum CodeKind {
    /// To the account's other sessions.
    App { length: u32 },
    /// By text message.
    Sms { length: u32 },
    /// Spoken in a phone call.
    Call { length: u32 },
    /// The code is the number that calls; it matches `pattern`.
    FlashCall { pattern: String },
    /// The code is the last digits of the number that calls, which begins with `prefix`.
    MissedCall { prefix: String, length: u32 },
    /// By e-mail, to an address like `pattern`. Where the mail is lost, the code can come by telephone after
    /// `reset_available` seconds (asked for by `reset_login_email`), or will from `reset_pending` on (server time,
    /// seconds since 1970).
    Email { pattern: String, length: u32, reset_available: Option<u32>, reset_pending: Option<i32> },
    /// An e-mail address must be set up first.
    EmailSetUpRequired,
    /// On fragment.com, at `url`.
    Fragment { url: String, length: u32 },
    /// For official applications only: ask for the next way.
    Firebase { length: u32 },
    /// A word, which begins with `beginning`, by text message.
    Word { beginning: Option<String> },
    /// A phrase, which begins with `beginning`, by text message.
    Phrase { beginning: Option<String> },
    /// In a way that this version does not know. The code can be given all the same, or asked for in another way.
    Unknown { constructor: u32 },
}

/// How the next code would be delivered (`auth.CodeType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextCodeKind {
    /// By text message.
    Sms,
    /// Spoken in a phone call.
    Call,
    /// The code is the number that calls.
    FlashCall,
    /// The code is the last digits of the number that calls.
    MissedCall,
    /// On fragment.com.
    Fragment,
    /// In a way that this version does not know.
    Unknown,
}

/// A code that is on its way: give it back together with what the person types.
///
/// It holds the phone number and the `phone_code_hash`, which are not in the `Debug` output.
#[derive(Clone)]
pub struct CodeToken {
    /// The number that the code is for.
    pub phone: PhoneNumber,
    /// `phone_code_hash`; `None` where it could not be read behind an unknown kind.
    pub(super) hash: Option<Zeroizing<String>>,
    /// How the code travels.
    pub kind: CodeKind,
    /// How the next one would travel, if another can be asked for.
    pub next: Option<NextCodeKind>,
    /// After how long another may be asked for.
    pub timeout: Option<Duration>,
}

impl CodeToken {
    /// Whether the code can be given back. It cannot where the server used a kind of code that this version does not
    /// know and its answer could not be read to the end: then ask for another code.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.hash.is_some()
    }

    /// Whether the code comes by e-mail.
    #[must_use]
    pub const fn is_by_email(&self) -> bool {
        matches!(self.kind, CodeKind::Email { .. })
    }
}

impl fmt::Debug for CodeKind {
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

impl PartialEq for CodeToken {
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

impl Eq for CodeToken {}

impl fmt::Debug for CodeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeToken")
            .field("kind", &self.kind)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl From<enums::auth::SentCodeType> for CodeKind {
    fn from(sent: enums::auth::SentCodeType) -> Self {
        use enums::auth::SentCodeType as Sent;
        let count = |length: i32| u32::try_from(length).unwrap_or(0);
        match sent {
            Sent::SentCodeTypeApp(it) => Self::App { length: count(it.length) },
            Sent::SentCodeTypeSms(it) => Self::Sms { length: count(it.length) },
            Sent::SentCodeTypeCall(it) => Self::Call { length: count(it.length) },
            Sent::SentCodeTypeFlashCall(it) => Self::FlashCall { pattern: it.pattern },
            Sent::SentCodeTypeMissedCall(it) => {
                Self::MissedCall { prefix: it.prefix, length: count(it.length) }
            }
            Sent::SentCodeTypeEmailCode(it) => Self::Email {
                pattern: it.email_pattern,
                length: count(it.length),
                reset_available: it.reset_available_period.map(count),
                reset_pending: it.reset_pending_date,
            },
            Sent::SentCodeTypeSetUpEmailRequired(_) => Self::EmailSetUpRequired,
            Sent::SentCodeTypeFragmentSms(it) => Self::Fragment { url: it.url, length: count(it.length) },
            Sent::SentCodeTypeFirebaseSms(it) => Self::Firebase { length: count(it.length) },
            Sent::SentCodeTypeSmsWord(it) => Self::Word { beginning: it.beginning },
            Sent::SentCodeTypeSmsPhrase(it) => Self::Phrase { beginning: it.beginning },
        }
    }
}

impl NextCodeKind {
    /// The kind behind a constructor of `auth.CodeType`; none of them has fields.
    pub(super) fn of(constructor: u32) -> Self {
        use enums::auth::CodeType as Next;
        match Next::from_bytes(&constructor.to_le_bytes()) {
            Ok(Next::CodeTypeSms) => Self::Sms,
            Ok(Next::CodeTypeCall) => Self::Call,
            Ok(Next::CodeTypeFlashCall) => Self::FlashCall,
            Ok(Next::CodeTypeMissedCall) => Self::MissedCall,
            Ok(Next::CodeTypeFragmentSms) => Self::Fragment,
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
            CodeKind::FlashCall { pattern: text() },
            CodeKind::MissedCall { prefix: text(), length: 5 },
            CodeKind::Email { pattern: text(), length: 5, reset_available: None, reset_pending: None },
            CodeKind::Fragment { url: text(), length: 5 },
            CodeKind::Word { beginning: Some(text()) },
            CodeKind::Phrase { beginning: Some(text()) },
        ];
        for kind in &kinds {
            assert!(!format!("{kind:?}").contains("secret"), "{kind:?}");
        }
        assert_eq!(format!("{:?}", kinds[1]), "MissedCall(5 characters)");
        assert_eq!(format!("{:?}", CodeKind::Unknown { constructor: 7 }), "Unknown(0x00000007)");
    }
}
