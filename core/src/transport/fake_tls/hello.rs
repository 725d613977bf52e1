//! The first message: a TLS 1.3 ClientHello that mimics Chromium's, in two forms.
//!
//! Since 2024 the hellos of browsers have an ML-KEM-768 key share, which makes them about 1800 bytes long, as do those
//! of Telegram's own clients (2026). A shorter hello is conspicuous today, so the long form is sent first. Proxies
//! released earlier do not support it: the MTProxy in C accepts hellos of 512 to 767 bytes, and mtprotoproxy from PyPI
//! only 517. Some networks lose large packets. For both there is the classic form, padded to 517 bytes as in browsers
//! until 2024.
//!
//! As in the browser, the order of the extensions, the GREASE values (RFC 8701) and the length of the encrypted inner
//! hello (a decoy, as for a site without ECH) are random. All public keys are valid.

use alloc::vec::Vec;
use core::time::Duration;

use super::key_share;
use crate::crypto::{SecureRandom, random};
use crate::transport::proxy_secret::MAX_PROXY_DOMAIN_LEN;

/// The three TLS 1.3 suites, then those of TLS 1.2 in the browser's order. A GREASE value precedes them.
const CIPHER_SUITES: [u16; 15] = [
    0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
    0x002f, 0x0035,
];
const X25519_ML_KEM_768: u16 = 0x11ec;
const X25519: u16 = 0x001d;
const SECP256R1: u16 = 0x0017;
const SECP384R1: u16 = 0x0018;
const SIGNATURE_ALGORITHMS: [u16; 8] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];

mod extension {
    pub(super) const SERVER_NAME: u16 = 0x0000;
    pub(super) const STATUS_REQUEST: u16 = 0x0005;
    pub(super) const SUPPORTED_GROUPS: u16 = 0x000a;
    pub(super) const EC_POINT_FORMATS: u16 = 0x000b;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 0x000d;
    pub(super) const ALPN: u16 = 0x0010;
    pub(super) const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 0x0012;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 0x0017;
    pub(super) const COMPRESS_CERTIFICATE: u16 = 0x001b;
    pub(super) const SESSION_TICKET: u16 = 0x0023;
    pub(super) const SUPPORTED_VERSIONS: u16 = 0x002b;
    pub(super) const PSK_KEY_EXCHANGE_MODES: u16 = 0x002d;
    pub(super) const KEY_SHARE: u16 = 0x0033;
    pub(super) const PADDING: u16 = 0x0015;
    pub(super) const APPLICATION_SETTINGS: u16 = 0x44cd;
    /// The number of the extension until 2024.
    pub(super) const APPLICATION_SETTINGS_OLD: u16 = 0x4469;
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
    pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;

    pub(super) const ALL: [u16; 16] = [
        SERVER_NAME,
        STATUS_REQUEST,
        SUPPORTED_GROUPS,
        EC_POINT_FORMATS,
        SIGNATURE_ALGORITHMS,
        ALPN,
        SIGNED_CERTIFICATE_TIMESTAMP,
        EXTENDED_MASTER_SECRET,
        COMPRESS_CERTIFICATE,
        SESSION_TICKET,
        SUPPORTED_VERSIONS,
        PSK_KEY_EXCHANGE_MODES,
        KEY_SHARE,
        APPLICATION_SETTINGS,
        ENCRYPTED_CLIENT_HELLO,
        RENEGOTIATION_INFO,
    ];

    /// The extensions of the classic form, without the encrypted hello and the new number.
    pub(super) const CLASSIC: [u16; 15] = [
        SERVER_NAME,
        STATUS_REQUEST,
        SUPPORTED_GROUPS,
        EC_POINT_FORMATS,
        SIGNATURE_ALGORITHMS,
        ALPN,
        SIGNED_CERTIFICATE_TIMESTAMP,
        EXTENDED_MASTER_SECRET,
        COMPRESS_CERTIFICATE,
        SESSION_TICKET,
        SUPPORTED_VERSIONS,
        PSK_KEY_EXCHANGE_MODES,
        KEY_SHARE,
        APPLICATION_SETTINGS_OLD,
        RENEGOTIATION_INFO,
    ];
}

/// Length of the classic form in bytes, including the record header.
const CLASSIC_LEN: usize = 517;

/// The form of the first message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelloForm {
    /// The current form, with an ML-KEM-768 key share: 1,700 to 2,100 bytes.
    #[default]
    Current,
    /// The form until 2024: 517 bytes for any domain.
    Classic,
}

/// Returns the form of the next hello and the time to subtract from its timestamp, after `failures` attempts without a
/// valid answer.
///
/// Proxies reject a hello whose timestamp is too far off. The MTProxy in C accepts 3 seconds ahead to 10 minutes
/// behind, mtg 2 accepts 3 seconds either way. With one second subtracted, both accept a clock that is up to 4 seconds
/// ahead. If that fails, some attempts subtract 2 minutes: the MTProxy in C then accepts a clock between 8 minutes
/// behind and 2 minutes ahead. Old proxies support only the classic form, and most of them accept a timestamp that is
/// minutes old.
pub(in crate::transport) const fn hello_after_failures(failures: u32) -> (HelloForm, Duration) {
    match failures % 4 {
        0 => (HelloForm::Current, Duration::from_secs(1)),
        1 => (HelloForm::Classic, Duration::from_secs(120)),
        2 => (HelloForm::Classic, Duration::from_secs(1)),
        _ => (HelloForm::Current, Duration::from_secs(120)),
    }
}

/// Values without meaning, at places that a server must ignore if it does not know the value.
struct Grease {
    cipher_suite: u16,
    group: u16,
    version: u16,
    first_extension: u16,
    last_extension: u16,
}

/// Builds the whole record. Its random bytes (11 to 43) are zero.
pub(super) fn build(domain: &str, form: HelloForm, random: &mut dyn SecureRandom) -> Vec<u8> {
    let grease = Grease::draw(random);
    let (domain, _) = domain.as_bytes().split_at(domain.len().min(MAX_PROXY_DOMAIN_LEN));
    let mut out = Vec::with_capacity(2048);
    // For compatibility with old servers, the record of a first hello has the version TLS 1.0.
    out.extend_from_slice(&[0x16, 3, 1]);
    block(&mut out, |out| {
        // ClientHello. The first of the three length bytes is always 0.
        out.extend_from_slice(&[1, 0]);
        block(out, |out| body(out, domain, form, &grease, random));
    });
    out
}

fn body(out: &mut Vec<u8>, domain: &[u8], form: HelloForm, grease: &Grease, random: &mut dyn SecureRandom) {
    out.extend_from_slice(&[3, 3]);
    out.extend_from_slice(&[0; 32]);
    out.push(32);
    fill(out, 32, random);
    block(out, |out| {
        number(out, grease.cipher_suite);
        CIPHER_SUITES.iter().for_each(|suite| number(out, *suite));
    });
    // No compression.
    out.extend_from_slice(&[1, 0]);
    block(out, |out| {
        number(out, grease.first_extension);
        number(out, 0);
        let mut classic = extension::CLASSIC;
        let mut current = extension::ALL;
        let order: &mut [u16] = match form {
            HelloForm::Current => &mut current,
            HelloForm::Classic => &mut classic,
        };
        shuffle(order, random);
        for &kind in &*order {
            number(out, kind);
            block(out, |out| extension_body(out, kind, domain, form, grease, random));
        }
        number(out, grease.last_extension);
        block(out, |out| out.push(0));
        if form == HelloForm::Classic {
            number(out, extension::PADDING);
            let length = CLASSIC_LEN.saturating_sub(out.len() + 2);
            block(out, |out| out.resize(out.len() + length, 0));
        }
    });
}

fn extension_body(
    out: &mut Vec<u8>,
    kind: u16,
    domain: &[u8],
    form: HelloForm,
    grease: &Grease,
    random: &mut dyn SecureRandom,
) {
    match kind {
        extension::SERVER_NAME => block(out, |out| {
            out.push(0);
            block(out, |out| out.extend_from_slice(domain));
        }),
        // OCSP, without responders and extensions.
        extension::STATUS_REQUEST => out.extend_from_slice(&[1, 0, 0, 0, 0]),
        extension::SUPPORTED_GROUPS => block(out, |out| {
            number(out, grease.group);
            if form == HelloForm::Current {
                number(out, X25519_ML_KEM_768);
            }
            [X25519, SECP256R1, SECP384R1].iter().for_each(|group| number(out, *group));
        }),
        extension::EC_POINT_FORMATS => out.extend_from_slice(&[1, 0]),
        extension::SIGNATURE_ALGORITHMS => {
            block(out, |out| SIGNATURE_ALGORITHMS.iter().for_each(|algorithm| number(out, *algorithm)));
        }
        extension::ALPN => block(out, |out| {
            out.extend_from_slice(b"\x02h2");
            out.extend_from_slice(b"\x08http/1.1");
        }),
        // Brotli.
        extension::COMPRESS_CERTIFICATE => out.extend_from_slice(&[2, 0, 2]),
        extension::SUPPORTED_VERSIONS => {
            out.push(6);
            [grease.version, 0x0304, 0x0303].iter().for_each(|version| number(out, *version));
        }
        extension::PSK_KEY_EXCHANGE_MODES => out.extend_from_slice(&[1, 1]),
        extension::KEY_SHARE => block(out, |out| {
            number(out, grease.group);
            block(out, |out| out.push(0));
            if form == HelloForm::Current {
                number(out, X25519_ML_KEM_768);
                block(out, |out| {
                    ml_kem_768_key(out, random);
                    out.extend_from_slice(&key_share::public_key(random));
                });
            }
            number(out, X25519);
            block(out, |out| out.extend_from_slice(&key_share::public_key(random)));
        }),
        extension::APPLICATION_SETTINGS | extension::APPLICATION_SETTINGS_OLD => {
            block(out, |out| out.extend_from_slice(b"\x02h2"));
        }
        extension::ENCRYPTED_CLIENT_HELLO => {
            // An outer hello; HKDF-SHA-256 and AES-128-GCM; a configuration id; then key and payload.
            out.extend_from_slice(&[0, 0, 1, 0, 1]);
            fill(out, 1, random);
            block(out, |out| out.extend_from_slice(&key_share::public_key(random)));
            let [drawn] = random::array(random);
            block(out, |out| fill(out, 144 + 32 * usize::from(drawn % 4), random));
        }
        extension::RENEGOTIATION_INFO => out.push(0),
        // Empty: signed_certificate_timestamp, extended_master_secret, session_ticket.
        _ => {}
    }
}

impl Grease {
    fn draw(random: &mut dyn SecureRandom) -> Self {
        let drawn: [u8; 5] = random::array(random);
        // Both bytes of a GREASE value are equal: a random high half, and `a`.
        let [cipher_suite, group, version, first_extension, mut last_extension] =
            drawn.map(|byte| u16::from_be_bytes([byte & 0xf0 | 0x0a; 2]));
        if last_extension == first_extension {
            // No extension may occur twice.
            last_extension ^= 0x1010;
        }
        Self { cipher_suite, group, version, first_extension, last_extension }
    }
}

/// Appends an ML-KEM-768 public key (FIPS 203): 768 numbers below 3329 of 12 bits each, then a seed of 32 bytes. Random
/// numbers cannot be distinguished from a real key.
fn ml_kem_768_key(out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
    const MODULUS: u16 = 3329;
    const NUMBERS: usize = 768;
    let mut waiting = None;
    let mut written = 0;
    while written < NUMBERS {
        // Three bytes are two candidates. Four out of five are in range.
        for [a, b, c] in random::array::<192>(random).as_chunks::<3>().0 {
            for candidate in [u16::from_le_bytes([*a, b & 15]), u16::from_le_bytes([b >> 4 | c << 4, c >> 4])]
            {
                if candidate >= MODULUS || written == NUMBERS {
                    continue;
                }
                match waiting.take() {
                    None => waiting = Some(candidate),
                    Some(first) => {
                        let [low, middle, high, _] =
                            (u32::from(first) | u32::from(candidate) << 12).to_le_bytes();
                        out.extend_from_slice(&[low, middle, high]);
                        written += 2;
                    }
                }
            }
        }
    }
    fill(out, 32, random);
}

/// Appends a two-byte length and then what `write` appends.
fn block(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    write(out);
    // The whole hello is shorter than 2.5 kB.
    let length = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&length.to_be_bytes());
}

fn number(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends `count` random bytes.
fn fill(out: &mut Vec<u8>, count: usize, random: &mut dyn SecureRandom) {
    let start = out.len();
    out.resize(start + count, 0);
    random.fill(&mut out[start..]);
}

/// Shuffles by Fisher and Yates. The bias of a 32-bit remainder is negligible.
fn shuffle(items: &mut [u16], random: &mut dyn SecureRandom) {
    for last in (1..items.len()).rev() {
        let drawn = u32::from_le_bytes(random::array(random));
        items.swap(last, drawn as usize % (last + 1));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::Seeded;
    use super::*;

    /// FIPS 203, algorithms 5 (ByteEncode) and 7 (SampleNTT), with their own arithmetic.
    #[test]
    fn an_ml_kem_key_has_768_numbers_below_the_modulus_as_fips_203_draws_them() {
        for seed in 0..20 {
            let (mut key, mut random) = (Vec::new(), Seeded(seed));
            ml_kem_768_key(&mut key, &mut random);
            assert_eq!(key.len(), 768 * 12 / 8 + 32);
            let mut random = Seeded(seed);
            let mut expected: Vec<u32> = Vec::new();
            while expected.len() < 768 {
                let drawn: [u8; 192] = random::array(&mut random);
                for three in drawn.chunks(3) {
                    let [c0, c1, c2] = [three[0], three[1], three[2]].map(u32::from);
                    let candidates = [c0 + 256 * (c1 % 16), c1 / 16 + 16 * c2];
                    expected.extend(candidates.into_iter().filter(|candidate| *candidate < 3329));
                }
            }
            expected.truncate(768);
            let bit = |at: usize| u32::from(key[at / 8] >> (at % 8) & 1);
            let found = (0..768).map(|number| (0..12).map(|at| bit(12 * number + at) << at).sum::<u32>());
            assert!(found.eq(expected));
            assert_eq!(key[768 * 12 / 8..], random::array::<32>(&mut random), "the seed");
        }
    }

    #[test]
    fn a_shuffle_gives_each_order() {
        let mut random = Seeded(1);
        let orders: BTreeSet<_> = (0..200)
            .map(|_| {
                let mut items = [1, 2, 3];
                shuffle(&mut items, &mut random);
                items
            })
            .collect();
        assert_eq!(orders.len(), 6);
    }
}
