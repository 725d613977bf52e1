//! A saved login as a text, from which another process can resume it.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use zeroize::Zeroizing;

use super::code::{CodeType, SentCode, SentCodeType};
use super::outcome::{EmailCode, LoginProgress, PasswordHint, SignUpRequired, TermsOfService};
use super::phone::PhoneNumber;
use crate::crypto::text::{TextError, TextFormat};
use crate::tl::{DecodeError, Reader, write};

/// The state of a login between two steps. Store it with the session: another process needs both to resume the login, since
/// codes and links are valid only for the session's key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedLogin {
    /// A code was sent, or requires an e-mail address to be set up first.
    Code(SentCode),
    /// A code was sent to the e-mail address that is being confirmed.
    EmailCode(SentCode, EmailCode),
    /// No account has this number; a sign-up is required.
    SignUp(SignUpRequired),
    /// The account's password is required.
    Password(PasswordHint),
    /// A QR code was shown; the process that resumes the login shows a new one.
    Qr {
        /// The users who cannot scan it.
        except_ids: Vec<i64>,
    },
}

/// Why the text of a saved login cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedLoginFormatError {
    /// It does not begin with `sansgram-login1:`.
    #[error("this is not a saved login: it does not begin with \"sansgram-login1:\"")]
    Foreign,
    /// A part of it is missing or changed.
    #[error("this saved login is damaged; start the login over")]
    Damaged,
    /// A later version wrote it.
    #[error("this saved login was written by a newer sansgram (format {0}); start the login over")]
    Newer(u8),
}

impl LoginProgress {
    /// Returns the saved login with which another process that has the same session can resume the login, or `None` if the
    /// user is logged in.
    #[must_use]
    pub fn saved_login(&self) -> Option<SavedLogin> {
        Some(match self {
            Self::CodeSent(sent_code) => SavedLogin::Code(sent_code.clone()),
            Self::PasswordRequired(hint) => SavedLogin::Password(hint.clone()),
            Self::SignUpRequired(required) => SavedLogin::SignUp(required.clone()),
            Self::LoggedIn(_) => return None,
        })
    }
}

const FORMAT: TextFormat = TextFormat { prefix: "sansgram-login1:", version: 1 };
/// The prefix of earlier versions, which is still read.
const EARLIER_FORMAT: TextFormat = TextFormat { prefix: "sansgram-signin1:", version: 1 };

impl From<TextError> for SavedLoginFormatError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::WrongPrefix => Self::Foreign,
            TextError::Newer(version) => Self::Newer(version),
            TextError::Encoding | TextError::NoVersion | TextError::Truncated | TextError::Checksum => {
                Self::Damaged
            }
        }
    }
}

impl SavedLogin {
    /// Returns the login as one line of text, `sansgram-login1:` and base64url. It holds the phone number and the hash of
    /// the code, so guard it like a password.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.room()));
        write::u32(&mut out, FORMAT.version.into());
        match self {
            Self::Code(sent_code) => {
                write::u32(&mut out, 0);
                write_sent_code(&mut out, sent_code);
            }
            Self::EmailCode(sent_code, code) => {
                write::u32(&mut out, 1);
                write_sent_code(&mut out, sent_code);
                write::string(&mut out, &code.pattern);
                write::u32(&mut out, code.length);
            }
            Self::SignUp(required) => {
                write::u32(&mut out, 2);
                write_sent_code(&mut out, &required.sent_code);
                write_option(&mut out, required.terms_of_service.as_ref(), |out, terms| {
                    write::string(out, &terms.id);
                    write::string(out, &terms.text);
                    write_option(out, terms.min_age.as_ref(), |out, age| write::u32(out, *age));
                    write::bool(out, terms.popup);
                });
            }
            Self::Password(hint) => {
                write::u32(&mut out, 3);
                write_option(&mut out, hint.hint.as_ref(), |out, hint| write::string(out, hint));
                write::bool(&mut out, hint.has_recovery);
            }
            Self::Qr { except_ids } => {
                write::u32(&mut out, 4);
                write::vector(&mut out, except_ids, |out, id| write::i64(out, *id));
            }
        }
        FORMAT.write(out)
    }

    /// Returns more bytes than the content has: a buffer that grows leaves copies behind.
    fn room(&self) -> usize {
        let (sent_code, more) = match self {
            Self::Code(sent_code) => (Some(sent_code), 0),
            Self::EmailCode(sent_code, code) => (Some(sent_code), code.pattern.len()),
            Self::SignUp(required) => {
                let terms = required.terms_of_service.as_ref();
                (Some(&required.sent_code), terms.map_or(0, |terms| terms.id.len() + terms.text.len()))
            }
            Self::Password(hint) => (None, hint.hint.as_ref().map_or(0, String::len)),
            Self::Qr { except_ids } => (None, 8 * except_ids.len()),
        };
        let hash = sent_code.and_then(|sent_code| sent_code.hash.as_ref()).map_or(0, |hash| hash.len());
        let shown = sent_code.map_or(0, |sent_code| match &sent_code.kind {
            SentCodeType::FlashCall { pattern: text }
            | SentCodeType::MissedCall { prefix: text, .. }
            | SentCodeType::Email { pattern: text, .. }
            | SentCodeType::Fragment { url: text, .. }
            | SentCodeType::Word { beginning: Some(text) }
            | SentCodeType::Phrase { beginning: Some(text) } => text.len(),
            _ => 0,
        });
        256 + more + hash + shown
    }

    /// Reads the text that [`to_text`](Self::to_text) wrote. White space around it is ignored.
    ///
    /// # Errors
    /// Returns [`SavedLoginFormatError`] if the text is not a saved login.
    pub fn from_text(text: &str) -> Result<Self, SavedLoginFormatError> {
        let content = match FORMAT.read(text) {
            Err(TextError::WrongPrefix) => EARLIER_FORMAT.read(text),
            content => content,
        };
        read(&content?).ok().flatten().ok_or(SavedLoginFormatError::Damaged)
    }
}

impl From<SentCode> for SavedLogin {
    fn from(sent_code: SentCode) -> Self {
        Self::Code(sent_code)
    }
}

/// Returns `None` for a tag that is never written.
fn read(content: &[u8]) -> Result<Option<SavedLogin>, DecodeError> {
    let mut reader = Reader::new(content);
    reader.u32()?;
    let tag = reader.u32()?;
    let pending = match tag {
        0 => read_sent_code(&mut reader)?.map(SavedLogin::Code),
        1 => {
            let sent_code = read_sent_code(&mut reader)?;
            let code = EmailCode { pattern: reader.string()?.into(), length: reader.u32()? };
            sent_code.map(|sent_code| SavedLogin::EmailCode(sent_code, code))
        }
        2 => {
            let sent_code = read_sent_code(&mut reader)?;
            let terms_of_service = read_option(&mut reader, |reader| {
                Ok(TermsOfService {
                    id: reader.string()?.into(),
                    text: reader.string()?.into(),
                    min_age: read_option(reader, Reader::u32)?,
                    popup: reader.bool()?,
                })
            })?;
            sent_code.map(|sent_code| SavedLogin::SignUp(SignUpRequired { sent_code, terms_of_service }))
        }
        3 => {
            let hint = read_option(&mut reader, |reader| reader.string().map(String::from))?;
            Some(SavedLogin::Password(PasswordHint { hint, has_recovery: reader.bool()? }))
        }
        4 => Some(SavedLogin::Qr { except_ids: reader.vector(Reader::i64)? }),
        _ => None,
    };
    reader.finish()?;
    Ok(pending)
}

fn write_option<T>(out: &mut Vec<u8>, value: Option<&T>, write_value: impl FnOnce(&mut Vec<u8>, &T)) {
    write::bool(out, value.is_some());
    if let Some(value) = value {
        write_value(out, value);
    }
}

fn read_option<'a, T>(
    reader: &mut Reader<'a>,
    read_value: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    if reader.bool()? { read_value(reader).map(Some) } else { Ok(None) }
}

fn write_sent_code(out: &mut Vec<u8>, sent_code: &SentCode) {
    write::string(out, sent_code.phone.digits());
    write_option(out, sent_code.hash.as_ref(), |out, hash| write::string(out, hash));
    write_kind(out, &sent_code.kind);
    write_option(out, sent_code.next.as_ref(), |out, next| {
        write::u32(
            out,
            match next {
                CodeType::Unknown => 0,
                CodeType::Sms => 1,
                CodeType::Call => 2,
                CodeType::FlashCall => 3,
                CodeType::MissedCall => 4,
                CodeType::Fragment => 5,
            },
        );
    });
    let seconds = sent_code.timeout.map(|timeout| u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX));
    write_option(out, seconds.as_ref(), |out, seconds| write::u32(out, *seconds));
}

/// Returns `None` if the value is not a number or of an unknown kind.
fn read_sent_code(reader: &mut Reader<'_>) -> Result<Option<SentCode>, DecodeError> {
    let phone = PhoneNumber::parse(reader.string()?).ok();
    let hash = read_option(reader, |reader| Ok(Zeroizing::new(reader.string()?.into())))?;
    let kind = read_kind(reader)?;
    let next = read_option(reader, |reader| {
        Ok(match reader.u32()? {
            1 => CodeType::Sms,
            2 => CodeType::Call,
            3 => CodeType::FlashCall,
            4 => CodeType::MissedCall,
            5 => CodeType::Fragment,
            _ => CodeType::Unknown,
        })
    })?;
    let timeout = read_option(reader, Reader::u32)?.map(|seconds| Duration::from_secs(seconds.into()));
    Ok(phone.zip(kind).map(|(phone, kind)| SentCode { phone, hash, kind, next, timeout }))
}

fn write_kind(out: &mut Vec<u8>, kind: &SentCodeType) {
    let mut tagged = |tag: u32| write::u32(out, tag);
    match kind {
        SentCodeType::App { length } => {
            tagged(0);
            write::u32(out, *length);
        }
        SentCodeType::Sms { length } => {
            tagged(1);
            write::u32(out, *length);
        }
        SentCodeType::Call { length } => {
            tagged(2);
            write::u32(out, *length);
        }
        SentCodeType::FlashCall { pattern } => {
            tagged(3);
            write::string(out, pattern);
        }
        SentCodeType::MissedCall { prefix, length } => {
            tagged(4);
            write::string(out, prefix);
            write::u32(out, *length);
        }
        SentCodeType::Email { pattern, length, reset_available, reset_pending } => {
            tagged(5);
            write::string(out, pattern);
            write::u32(out, *length);
            write_option(out, reset_available.as_ref(), |out, seconds| write::u32(out, *seconds));
            write_option(out, reset_pending.as_ref(), |out, date| write::i32(out, *date));
        }
        SentCodeType::EmailSetUpRequired => tagged(6),
        SentCodeType::Fragment { url, length } => {
            tagged(7);
            write::string(out, url);
            write::u32(out, *length);
        }
        SentCodeType::Firebase { length } => {
            tagged(8);
            write::u32(out, *length);
        }
        SentCodeType::Word { beginning } => {
            tagged(9);
            write_option(out, beginning.as_ref(), |out, text| write::string(out, text));
        }
        SentCodeType::Phrase { beginning } => {
            tagged(10);
            write_option(out, beginning.as_ref(), |out, text| write::string(out, text));
        }
        SentCodeType::Unknown { constructor } => {
            tagged(11);
            write::u32(out, *constructor);
        }
    }
}

fn read_kind(reader: &mut Reader<'_>) -> Result<Option<SentCodeType>, DecodeError> {
    let text = |reader: &mut Reader<'_>| reader.string().map(String::from);
    Ok(Some(match reader.u32()? {
        0 => SentCodeType::App { length: reader.u32()? },
        1 => SentCodeType::Sms { length: reader.u32()? },
        2 => SentCodeType::Call { length: reader.u32()? },
        3 => SentCodeType::FlashCall { pattern: text(reader)? },
        4 => SentCodeType::MissedCall { prefix: text(reader)?, length: reader.u32()? },
        5 => SentCodeType::Email {
            pattern: text(reader)?,
            length: reader.u32()?,
            reset_available: read_option(reader, Reader::u32)?,
            reset_pending: read_option(reader, Reader::i32)?,
        },
        6 => SentCodeType::EmailSetUpRequired,
        7 => SentCodeType::Fragment { url: text(reader)?, length: reader.u32()? },
        8 => SentCodeType::Firebase { length: reader.u32()? },
        9 => SentCodeType::Word { beginning: read_option(reader, |reader| text(reader))? },
        10 => SentCodeType::Phrase { beginning: read_option(reader, |reader| text(reader))? },
        11 => SentCodeType::Unknown { constructor: reader.u32()? },
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn sent_code(kind: SentCodeType) -> SentCode {
        SentCode {
            phone: PhoneNumber::parse("9996621234").unwrap(),
            hash: Some(Zeroizing::new("0123456789abcdef01".into())),
            kind,
            next: Some(CodeType::Call),
            timeout: Some(Duration::from_secs(60)),
        }
    }

    fn samples() -> Vec<SavedLogin> {
        let kinds = [
            SentCodeType::App { length: 5 },
            SentCodeType::Sms { length: 5 },
            SentCodeType::Call { length: 0 },
            SentCodeType::FlashCall { pattern: "+1*".into() },
            SentCodeType::MissedCall { prefix: "+1".into(), length: 4 },
            SentCodeType::Email {
                pattern: "a*@b".into(),
                length: 6,
                reset_available: Some(0),
                reset_pending: Some(-1),
            },
            SentCodeType::EmailSetUpRequired,
            SentCodeType::Fragment { url: "https://fragment.com".into(), length: 5 },
            SentCodeType::Firebase { length: 6 },
            SentCodeType::Word { beginning: None },
            SentCodeType::Phrase { beginning: Some("To be".into()) },
            SentCodeType::Unknown { constructor: 7 },
        ];
        let mut all: Vec<_> = kinds.into_iter().map(|kind| SavedLogin::Code(sent_code(kind))).collect();
        let bare =
            SentCode { hash: None, next: None, timeout: None, ..sent_code(SentCodeType::Sms { length: 1 }) };
        all.push(SavedLogin::Code(bare.clone()));
        let code = EmailCode { pattern: "x".into(), length: 3 };
        all.push(SavedLogin::EmailCode(sent_code(SentCodeType::EmailSetUpRequired), code));
        let terms =
            TermsOfService { id: "{}".into(), text: "Be kind.".into(), min_age: Some(16), popup: true };
        for terms_of_service in [None, Some(terms)] {
            all.push(SavedLogin::SignUp(SignUpRequired { sent_code: bare.clone(), terms_of_service }));
        }
        for hint in [None, Some("the usual".into())] {
            all.push(SavedLogin::Password(PasswordHint { has_recovery: hint.is_some(), hint }));
        }
        all.push(SavedLogin::Qr { except_ids: vec![1, i64::MIN] });
        all
    }

    #[test]
    fn what_was_written_is_read() {
        for pending in samples() {
            assert_eq!(SavedLogin::from_text(&pending.to_text()), Ok(pending));
        }
    }

    #[test]
    fn every_changed_or_missing_character_is_noticed() {
        for pending in samples() {
            let text = pending.to_text();
            for at in FORMAT.prefix.len()..text.len() {
                let replacement = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
                let mut changed = String::from(text.as_str());
                changed.replace_range(at..=at, replacement);
                assert!(SavedLogin::from_text(&changed).is_err(), "character {at}");
                assert!(SavedLogin::from_text(&text[..at]).is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn foreign_and_newer_texts_are_named() {
        assert_eq!(SavedLogin::from_text("sansgram1:AQ"), Err(SavedLoginFormatError::Foreign));
        assert_eq!(SavedLogin::from_text("sansgram-login1:AgAA"), Err(SavedLoginFormatError::Newer(2)));
    }

    #[test]
    fn texts_of_earlier_versions_are_read() {
        for saved in samples() {
            let earlier = saved.to_text().replace("sansgram-login1:", "sansgram-signin1:");
            assert!(earlier.starts_with("sansgram-signin1:"));
            assert_eq!(SavedLogin::from_text(&earlier), Ok(saved));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        for pending in samples() {
            let shown = alloc::format!("{pending:?}");
            assert!(!shown.contains("0123456789") && !shown.contains("9996621234"), "{shown}");
        }
    }
}
