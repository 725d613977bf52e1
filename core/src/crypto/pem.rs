//! PEM armour and the little DER that an RSA public key needs. Strict: one way to write a key, one way to read it.

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

/// Why a PEM text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PemError {
    /// There is no `-----BEGIN ...-----` line.
    #[error("no PEM block in the text")]
    NoBlock,
    /// The block is neither `RSA PUBLIC KEY` nor `PUBLIC KEY`.
    #[error("the PEM block is not a public key: expected RSA PUBLIC KEY or PUBLIC KEY")]
    WrongLabel,
    /// The block has no fitting `-----END ...-----` line.
    #[error("the PEM block does not end as it began")]
    NoEnd,
    /// Something follows the block.
    #[error("text after the end of the PEM block")]
    TrailingText,
    /// What the block holds is not base64.
    #[error("the PEM block is not base64")]
    NotBase64,
    /// What the base64 holds is not a key in strict DER.
    #[error("the PEM block is not an RSA public key in DER")]
    NotDer,
    /// A `PUBLIC KEY` of another algorithm.
    #[error("the public key is not an RSA key")]
    NotRsa,
}

const PKCS1: &str = "RSA PUBLIC KEY";
const SPKI: &str = "PUBLIC KEY";

/// AlgorithmIdentifier of rsaEncryption: OID 1.2.840.113549.1.1.1 with NULL parameters (RFC 3279, 2.3.1).
const RSA_ENCRYPTION: [u8; 13] =
    [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Modulus and public exponent, big-endian without leading zeros, of the one key in `text`.
pub(super) fn read_public_key(text: &str) -> Result<(Vec<u8>, Vec<u8>), PemError> {
    let (is_pkcs1, body) = unwrap_armour(text)?;
    let der = decode_base64(body)?;
    if is_pkcs1 { read_pkcs1(&der) } else { read_pkcs1(read_spki(&der)?) }
        .map(|(n, e)| (n.to_vec(), e.to_vec()))
}

/// The PKCS#1 block of a key, lines of 64 digits, ended by a line feed.
pub(super) fn write_pkcs1(modulus: &[u8], exponent: &[u8]) -> String {
    let mut numbers = Vec::new();
    for number in [modulus, exponent] {
        // A leading zero keeps a number with its top bit set positive.
        let sign: &[u8] = if number.first().is_some_and(|byte| *byte < 0x80) { &[] } else { &[0] };
        write_header(&mut numbers, INTEGER, sign.len() + number.len());
        numbers.extend_from_slice(sign);
        numbers.extend_from_slice(number);
    }
    let mut der = Vec::new();
    write_header(&mut der, SEQUENCE, numbers.len());
    der.extend_from_slice(&numbers);

    let mut text = String::from("-----BEGIN RSA PUBLIC KEY-----\n");
    // 48 bytes make a line of 64 digits.
    for line in der.chunks(48) {
        encode_base64(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END RSA PUBLIC KEY-----\n");
    text
}

fn unwrap_armour(text: &str) -> Result<(bool, &str), PemError> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(PemError::NoBlock)?;
    let (label, rest) = rest.split_once("-----").ok_or(PemError::NoBlock)?;
    if label != PKCS1 && label != SPKI {
        return Err(PemError::WrongLabel);
    }
    let (body, rest) = rest.split_once("-----END ").ok_or(PemError::NoEnd)?;
    let rest = rest.strip_prefix(label).and_then(|rest| rest.strip_prefix("-----")).ok_or(PemError::NoEnd)?;
    if !rest.trim().is_empty() {
        return Err(PemError::TrailingText);
    }
    Ok((label == PKCS1, body))
}

fn read_spki(der: &[u8]) -> Result<&[u8], PemError> {
    let content = only(SEQUENCE, der)?;
    let (algorithm, content) = element(SEQUENCE, content)?;
    if algorithm != RSA_ENCRYPTION {
        return Err(PemError::NotRsa);
    }
    match only(BIT_STRING, content)? {
        // No unused bits.
        [0, key @ ..] => Ok(key),
        _ => Err(PemError::NotDer),
    }
}

fn read_pkcs1(der: &[u8]) -> Result<(&[u8], &[u8]), PemError> {
    let (modulus, rest) = element(INTEGER, only(SEQUENCE, der)?)?;
    let exponent = only(INTEGER, rest)?;
    Ok((positive(modulus)?, positive(exponent)?))
}

/// The digits of a positive DER integer: not negative, not zero, no needless zero in front.
fn positive(integer: &[u8]) -> Result<&[u8], PemError> {
    match integer {
        [0, digits @ ..] if digits.first().is_some_and(|byte| *byte >= 0x80) => Ok(digits),
        [0x01..=0x7f, ..] => Ok(integer),
        _ => Err(PemError::NotDer),
    }
}

/// One element of type `tag` and nothing after it.
fn only(tag: u8, der: &[u8]) -> Result<&[u8], PemError> {
    match element(tag, der)? {
        (content, []) => Ok(content),
        _ => Err(PemError::NotDer),
    }
}

/// The content of the first element, which must be of type `tag`, and what follows it.
fn element(tag: u8, der: &[u8]) -> Result<(&[u8], &[u8]), PemError> {
    let (len, rest) = match der {
        [found, len @ 0..=0x7f, rest @ ..] if *found == tag => (usize::from(*len), rest),
        // A longer form only where the shorter one is too short.
        [found, 0x81, len @ 0x80..=0xff, rest @ ..] if *found == tag => (usize::from(*len), rest),
        [found, 0x82, high @ 0x01..=0xff, low, rest @ ..] if *found == tag => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return Err(PemError::NotDer),
    };
    rest.split_at_checked(len).ok_or(PemError::NotDer)
}

fn write_header(der: &mut Vec<u8>, tag: u8, len: usize) {
    // Keys of 2048 bits: lengths fit 16 bits.
    let [.., high, low] = len.to_be_bytes();
    match (high, low) {
        (0, 0x80..=0xff) => der.extend_from_slice(&[tag, 0x81, low]),
        (0, _) => der.extend_from_slice(&[tag, low]),
        _ => der.extend_from_slice(&[tag, 0x82, high, low]),
    }
}

fn encode_base64(bytes: &[u8], text: &mut String) {
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().zip([16, 8, 0]).fold(0, |bits, (byte, shift)| bits | u32::from(*byte) << shift);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = ALPHABET[(bits >> shift & 63) as usize];
            text.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
}

fn decode_base64(text: &str) -> Result<Vec<u8>, PemError> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (quads, []) = digits.as_chunks::<4>() else { return Err(PemError::NotBase64) };
    let mut bytes = Vec::with_capacity(quads.len() * 3);
    for (index, quad) in quads.iter().enumerate() {
        let fill = quad.iter().rev().take_while(|byte| **byte == b'=').count();
        if fill > 2 || (fill > 0 && index + 1 != quads.len()) {
            return Err(PemError::NotBase64);
        }
        let mut bits = 0;
        for digit in &quad[..4 - fill] {
            let value = ALPHABET.iter().position(|known| known == digit).ok_or(PemError::NotBase64)?;
            bits = bits << 6 | value as u32;
        }
        bits <<= 6 * fill;
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (kept, dropped) = decoded.split_at(3 - fill);
        if dropped.iter().any(|byte| *byte != 0) {
            return Err(PemError::NotBase64);
        }
        bytes.extend_from_slice(kept);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn base64(bytes: &[u8]) -> String {
        let mut text = String::new();
        encode_base64(bytes, &mut text);
        text
    }

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(der))
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(decode_base64(text), Ok(bytes.as_bytes().to_vec()));
        }
    }

    #[test]
    fn base64_is_strict() {
        for text in
            ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Z=g=", "Zm9*", "Zm9\u{e9}"]
        {
            assert_eq!(decode_base64(text), Err(PemError::NotBase64), "{text}");
        }
    }

    #[test]
    fn armour_is_strict() {
        let good = pem(PKCS1, &[0x30, 6, 2, 1, 35, 2, 1, 3]);
        assert_eq!(read_public_key(&good), Ok(([35].to_vec(), [3].to_vec())));
        assert_eq!(read_public_key(&good.replace('\n', "\r\n")), Ok(([35].to_vec(), [3].to_vec())));
        for (text, error) in [
            (String::new(), PemError::NoBlock),
            ("MAYCASMCAQM=".to_string(), PemError::NoBlock),
            (good.replace("RSA PUBLIC", "RSA PRIVATE"), PemError::WrongLabel),
            (good.replace("END RSA", "END"), PemError::NoEnd),
            (good.replace("-----END RSA PUBLIC KEY-----", ""), PemError::NoEnd),
            (format!("{good}{good}"), PemError::TrailingText),
            (good.replace('M', "!"), PemError::NotBase64),
        ] {
            assert_eq!(read_public_key(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn der_is_strict() {
        for der in [
            &[][..],
            // Long form of a short length, indefinite length, 3-byte length.
            &[0x30, 0x81, 6, 2, 1, 35, 2, 1, 3],
            &[0x30, 0x80, 2, 1, 35, 2, 1, 3, 0, 0],
            &[0x30, 0x83, 0, 0, 6, 2, 1, 35, 2, 1, 3],
            // Cut, too long, a third number, another type.
            &[0x30, 6, 2, 1, 35, 2, 1],
            &[0x30, 6, 2, 1, 35, 2, 1, 3, 0],
            &[0x30, 9, 2, 1, 35, 2, 1, 3, 2, 1, 3],
            &[0x31, 6, 2, 1, 35, 2, 1, 3],
            // Negative, zero, empty, needlessly padded.
            &[0x30, 6, 2, 1, 0x80, 2, 1, 3],
            &[0x30, 6, 2, 1, 0, 2, 1, 3],
            &[0x30, 5, 2, 0, 2, 1, 3],
            &[0x30, 7, 2, 2, 0, 35, 2, 1, 3],
        ] {
            assert_eq!(read_public_key(&pem(PKCS1, der)), Err(PemError::NotDer), "{der:02x?}");
        }
    }

    #[test]
    fn keys_of_other_algorithms_are_named_so() {
        // Ed25519: OID 1.3.101.112 and a 2-byte "key".
        let der = [0x30, 12, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 3, 0, 1, 2];
        assert_eq!(read_public_key(&pem(SPKI, &der)), Err(PemError::NotRsa));
    }
}
