//! Reads `auth.SentCode`, so that a type of code from a later layer does not end the login.
//!
//! There are two cases: an unknown `auth.CodeType` (how the next code would be sent) loses nothing, since all
//! of its constructors are empty. An unknown `auth.SentCodeType` hides its own length, so what follows it is read from
//! the end: `timeout`, `next_type`, and before them the only piece of text that ends there.

use alloc::string::String;
use core::time::Duration;

use zeroize::Zeroizing;

use super::code::{CodeType, SentCode, SentCodeType};
use super::phone::PhoneNumber;
use crate::tl::{Constructor, DecodeError, Deserialize, Reader, enums, types};

const HAS_NEXT: u32 = 1 << 1;
const HAS_TIMEOUT: u32 = 1 << 2;
/// The longest `phone_code_hash` that is read; the server's have 18 characters.
const LONGEST_HASH: usize = 253;
/// The shortest one: shorter texts could be found by chance.
const SHORTEST_HASH: usize = 4;

/// An `auth.SentCode`.
pub(super) enum SentCodeReply {
    Code(SentCode),
    Success(enums::auth::Authorization),
    PaymentRequired,
}

/// Reads a boxed `auth.SentCode`; `body` ends with it.
pub(super) fn read(phone: PhoneNumber, body: &[u8]) -> Result<SentCodeReply, DecodeError> {
    let mut reader = Reader::new(body);
    if reader.peek_u32()? != types::auth::SentCode::ID {
        return Ok(match enums::auth::SentCode::from_bytes(body)? {
            enums::auth::SentCode::Success(sent) => SentCodeReply::Success(sent.authorization),
            _ => SentCodeReply::PaymentRequired,
        });
    }
    reader.u32()?;
    let flags = reader.u32()?;
    let constructor = reader.peek_u32()?;
    let rest = reader.rest();
    match enums::auth::SentCodeType::deserialize(&mut Reader::new(rest)) {
        Ok(_) => {}
        Err(DecodeError::UnexpectedConstructor { .. }) => {
            return Ok(SentCodeReply::Code(unknown_kind(phone, constructor, flags, rest)));
        }
        Err(broken) => return Err(broken),
    }
    let mut reader = Reader::new(rest);
    let kind = enums::auth::SentCodeType::deserialize(&mut reader)?.into();
    let hash = Zeroizing::new(String::from(reader.string()?));
    let next = if flags & HAS_NEXT != 0 { Some(CodeType::of(reader.u32()?)) } else { None };
    let timeout = if flags & HAS_TIMEOUT != 0 { Some(reader.i32()?) } else { None };
    reader.finish()?;
    Ok(SentCodeReply::Code(SentCode { phone, hash: Some(hash), kind, next, timeout: timeout.map(seconds) }))
}

/// Reads the rest of an `auth.SentCode` that begins with an `auth.SentCodeType` which this layer does not have.
fn unknown_kind(phone: PhoneNumber, constructor: u32, flags: u32, rest: &[u8]) -> SentCode {
    let mut rest = rest.get(4..).unwrap_or_default();
    let mut last_word = |wanted: bool| {
        let (head, word) = rest.split_last_chunk::<4>().filter(|_| wanted)?;
        rest = head;
        Some(u32::from_le_bytes(*word))
    };
    let timeout = last_word(flags & HAS_TIMEOUT != 0).map(|word| seconds(word as i32));
    let next = last_word(flags & HAS_NEXT != 0).map(CodeType::of);
    SentCode { phone, hash: last_text(rest), kind: SentCodeType::Unknown { constructor }, next, timeout }
}

/// Returns the text that ends with `bytes`, if there is exactly one.
fn last_text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let mut found = None;
    for start in (0..bytes.len()).step_by(4) {
        let mut reader = Reader::new(bytes.get(start..)?);
        let Ok(text) = reader.string() else { continue };
        let is_plausible = reader.remaining() == 0
            && (SHORTEST_HASH..=LONGEST_HASH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plausible && found.replace(text).is_some() {
            return None;
        }
    }
    found.map(|text| Zeroizing::new(text.into()))
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::tl::{Serialize, write};

    fn sent_code(body: &[u8]) -> SentCode {
        match read(PhoneNumber::parse("9996621234").unwrap(), body) {
            Ok(SentCodeReply::Code(sent)) => sent,
            _ => panic!("no code was sent"),
        }
    }

    fn reply(flags: u32, kind: &[u8], hash: &str, tail: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        write::u32(&mut out, types::auth::SentCode::ID);
        write::u32(&mut out, flags);
        out.extend_from_slice(kind);
        write::string(&mut out, hash);
        tail.iter().for_each(|word| write::u32(&mut out, *word));
        out
    }

    const SMS: u32 = 0x72a3_158c;
    const HASH: &str = "0123456789abcdef01";

    fn app() -> Vec<u8> {
        let kind: enums::auth::SentCodeType = types::auth::SentCodeTypeApp { length: 5 }.into();
        kind.to_bytes()
    }

    #[test]
    fn all_of_a_known_kind_is_read() {
        let sent_code = sent_code(&reply(6, &app(), HASH, &[SMS, 60]));
        assert_eq!(sent_code.kind, SentCodeType::App { length: 5 });
        assert_eq!(sent_code.hash, Some(Zeroizing::new(HASH.into())));
        assert_eq!(sent_code.next, Some(CodeType::Sms));
        assert_eq!(sent_code.timeout, Some(Duration::from_secs(60)));
    }

    #[test]
    fn an_unknown_next_kind_costs_nothing() {
        let sent_code = sent_code(&reply(6, &app(), HASH, &[0xdead_beef, 30]));
        assert_eq!(sent_code.next, Some(CodeType::Unknown));
        assert_eq!(sent_code.timeout, Some(Duration::from_secs(30)));
    }

    #[test]
    fn the_hash_is_found_behind_an_unknown_kind() {
        let mut kinds = Vec::new();
        for fields in 0..4 {
            let mut kind = 0x1234_5678_u32.to_le_bytes().to_vec();
            for field in 0..fields {
                match field {
                    0 => write::i32(&mut kind, 5),
                    1 => write::string(&mut kind, "a pattern"),
                    _ => write::u64(&mut kind, u64::MAX),
                }
            }
            kinds.push(kind);
        }
        for kind in kinds {
            for (flags, tail) in [(0, &[][..]), (2, &[SMS][..]), (4, &[60][..]), (6, &[0xdead_beef, 60][..])]
            {
                for hash in [HASH, "0123", &"f".repeat(64)] {
                    let sent_code = sent_code(&reply(flags, &kind, hash, tail));
                    assert_eq!(sent_code.kind, SentCodeType::Unknown { constructor: 0x1234_5678 });
                    assert_eq!(sent_code.hash, Some(Zeroizing::new(hash.into())), "flags {flags}");
                    assert_eq!(sent_code.next.is_some(), flags & 2 != 0);
                    assert_eq!(sent_code.timeout.is_some(), flags & 4 != 0);
                }
            }
        }
    }

    /// A hash whose end is a text itself, so that two pieces of text end there: none is better than a wrong one.
    #[test]
    fn of_two_hashes_neither_is_taken() {
        let kind = 0x1234_5678_u32.to_le_bytes();
        // `#` is 35, and as many characters follow it to the end.
        let (ambiguous, clear) = (["abc#", &"x".repeat(35)].concat(), ["abc$", &"x".repeat(35)].concat());
        assert_eq!(sent_code(&reply(0, &kind, &ambiguous, &[])).hash, None);
        assert_eq!(sent_code(&reply(0, &kind, &clear, &[])).hash, Some(Zeroizing::new(clear)));
        // If the type is known, nothing is searched for.
        assert_eq!(sent_code(&reply(0, &app(), &ambiguous, &[])).hash, Some(Zeroizing::new(ambiguous)));
    }

    #[test]
    fn what_cannot_be_read_keeps_the_flow_alive_without_a_hash() {
        let kind = 0x1234_5678_u32.to_le_bytes();
        for hash in ["", "\u{1}\u{2}\u{3}\u{4}", "with space"] {
            assert_eq!(sent_code(&reply(2, &kind, hash, &[SMS])).hash, None, "{hash:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_refused_where_its_kind_is_known() {
        let whole = reply(6, &app(), HASH, &[SMS, 60]);
        for cut in 0..whole.len() {
            let phone = PhoneNumber::parse("9996621234").unwrap();
            assert!(read(phone, whole.get(..cut).unwrap_or_default()).is_err(), "cut at {cut}");
        }
    }
}
