//! RSA public keys in PEM: PKCS#1 and SPKI, in strict DER.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use pem_rfc7468::LineEnding;
use pkcs1::der::asn1::UintRef;
use pkcs1::der::{Decode, Encode};
use pkcs1::{ALGORITHM_ID, RsaPublicKey, RsaPublicKeyRef};
use spki::SubjectPublicKeyInfoRef;
use thiserror::Error;

/// Why a PEM text was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PemError {
    /// There is no `-----BEGIN ...-----` line.
    #[error("no PEM block in the text")]
    NoBlock,
    /// The block is neither `RSA PUBLIC KEY` nor `PUBLIC KEY`.
    #[error("the PEM block is not a public key: expected RSA PUBLIC KEY or PUBLIC KEY")]
    WrongLabel,
    /// The block has no matching `-----END ...-----` line.
    #[error("the PEM block has no matching END line")]
    NoEnd,
    /// Something follows the block.
    #[error("text after the end of the PEM block")]
    TrailingText,
    /// The body of the block is not base64.
    #[error("the PEM block is not base64")]
    NotBase64,
    /// The decoded body is not a key in strict DER.
    #[error("the PEM block is not an RSA public key in DER")]
    NotDer,
    /// The block is a `PUBLIC KEY` of another algorithm.
    #[error("the public key is not an RSA key")]
    NotRsa,
}

const PKCS1: &str = "RSA PUBLIC KEY";
const SPKI: &str = "PUBLIC KEY";

/// Returns the modulus and the public exponent of the only key in `text`, big-endian without leading zeros.
///
/// The armour is parsed here because `pem-rfc7468` rejects blocks that a chat or a configuration file has indented or
/// re-wrapped, and has a single error for all faults.
pub(super) fn read_public_key(text: &str) -> Result<(Vec<u8>, Vec<u8>), PemError> {
    let (is_pkcs1, body) = unwrap_armour(text)?;
    let digits: String = body.split_ascii_whitespace().collect();
    let der = Base64::decode_vec(&digits).map_err(|_| PemError::NotBase64)?;
    let key = if is_pkcs1 { &der } else { inside_spki(&der)? };
    let key = RsaPublicKeyRef::from_der(key).map_err(|_| PemError::NotDer)?;
    Ok((positive(&key.modulus)?, positive(&key.public_exponent)?))
}

/// Writes a key as a PKCS#1 block with 64 digits per line and a final line feed.
pub(super) fn write_pkcs1(modulus: &[u8], exponent: &[u8]) -> String {
    let der = UintRef::new(modulus)
        .and_then(|modulus| RsaPublicKey { modulus, public_exponent: UintRef::new(exponent)? }.to_der());
    // A checked key has 256 bytes and an exponent of at most 8, which always fit.
    pem_rfc7468::encode_string(PKCS1, LineEnding::LF, &der.unwrap_or_default()).unwrap_or_default()
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

fn inside_spki(der: &[u8]) -> Result<&[u8], PemError> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PemError::NotDer)?;
    // `rsaEncryption` with NULL parameters (RFC 3279, 2.3.1).
    if info.algorithm != ALGORITHM_ID {
        return Err(PemError::NotRsa);
    }
    info.subject_public_key.as_bytes().ok_or(PemError::NotDer)
}

fn positive(number: &UintRef<'_>) -> Result<Vec<u8>, PemError> {
    match number.as_bytes() {
        [] | [0] => Err(PemError::NotDer),
        digits => Ok(digits.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", Base64::encode_string(der))
    }

    #[test]
    fn base64_is_strict() {
        for text in
            ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Z=g=", "Zm9*", "Zm9\u{e9}"]
        {
            let block = format!("-----BEGIN {PKCS1}-----\n{text}\n-----END {PKCS1}-----\n");
            assert_eq!(read_public_key(&block), Err(PemError::NotBase64), "{text}");
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
            // Truncated, too long, a third number, another type.
            &[0x30, 6, 2, 1, 35, 2, 1],
            &[0x30, 6, 2, 1, 35, 2, 1, 3, 0],
            &[0x30, 9, 2, 1, 35, 2, 1, 3, 2, 1, 3],
            &[0x31, 6, 2, 1, 35, 2, 1, 3],
            // Negative, zero, empty, unnecessarily padded.
            &[0x30, 6, 2, 1, 0x80, 2, 1, 3],
            &[0x30, 6, 2, 1, 0, 2, 1, 3],
            &[0x30, 5, 2, 0, 2, 1, 3],
            &[0x30, 7, 2, 2, 0, 35, 2, 1, 3],
        ] {
            assert_eq!(read_public_key(&pem(PKCS1, der)), Err(PemError::NotDer), "{der:02x?}");
        }
    }

    #[test]
    fn keys_of_other_algorithms_are_recognised() {
        // Ed25519: OID 1.3.101.112 and a 2-byte "key".
        let der = [0x30, 12, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 3, 0, 1, 2];
        assert_eq!(read_public_key(&pem(SPKI, &der)), Err(PemError::NotRsa));
    }
}
