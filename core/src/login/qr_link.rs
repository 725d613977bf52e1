//! The link of a login by QR code (`api/qr-login`).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::AnswerError;
use crate::policy;

const SCHEME: &str = "tg://login?token=";

/// A link that another device of the account scans as a QR code to log this one in. It is a secret while it is valid, so
/// it is not in the `Debug` output.
#[derive(Clone)]
pub struct QrLink {
    url: Zeroizing<String>,
    /// The server's time in seconds since 1970.
    expires: i32,
    /// How long it can be scanned after it was received, 1 s to 5 min. The server's links are valid for 30 s.
    pub lifetime: Duration,
    /// Its number within the login, from 1.
    pub number: u32,
}

impl QrLink {
    /// Returns the link of a token that was received at `server_time`; both times are in seconds since 1970. Errors if
    /// the token is empty or longer than 512 bytes.
    pub(super) fn new(
        token: &[u8],
        expires: i32,
        server_time: i64,
        number: u32,
    ) -> Result<Self, AnswerError> {
        if token.is_empty() || token.len() > policy::MAX_QR_TOKEN_LEN {
            return Err(AnswerError::LoginToken { len: token.len() });
        }
        let token = Zeroizing::new(Base64UrlUnpadded::encode_string(token));
        let url = Zeroizing::new([SCHEME, &token].concat());
        let left = u64::try_from(i64::from(expires).saturating_sub(server_time)).unwrap_or(0);
        let lifetime = Duration::from_secs(left).clamp(policy::MIN_QR_LIFETIME, policy::MAX_QR_LIFETIME);
        Ok(Self { url, expires, lifetime, number })
    }

    /// How long after its receipt the next link should be requested, at least 1 s.
    #[must_use]
    pub fn renew_after(&self) -> Duration {
        let early = policy::QR_RENEWAL_MARGIN.min(self.lifetime / 4);
        (self.lifetime - early).max(policy::MIN_QR_LIFETIME)
    }

    /// Returns `tg://login?token=` and the token in base64url without padding (`api/qr-login`).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the token alone, 1 to 512 bytes. A device that is logged in gives it to `auth.acceptLoginToken`.
    #[must_use]
    pub fn token(&self) -> Zeroizing<Vec<u8>> {
        let encoded = self.url.strip_prefix(SCHEME).unwrap_or_default();
        Zeroizing::new(Base64UrlUnpadded::decode_vec(encoded).unwrap_or_default())
    }
}

impl PartialEq for QrLink {
    fn eq(&self, other: &Self) -> bool {
        let shown = |link: &Self| (link.expires, link.lifetime, link.number);
        shown(self) == shown(other) && self.url.as_bytes().ct_eq(other.url.as_bytes()).into()
    }
}

impl Eq for QrLink {}

impl fmt::Debug for QrLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrLink")
            .field("lifetime", &self.lifetime)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_gives_its_token_back() {
        for token in [&[0xfb; 36][..], &[0; 35], b"=", &[7; 512]] {
            let link = QrLink::new(token, 0, 0, 1).unwrap();
            assert_eq!(*link.token(), token);
        }
    }

    #[test]
    fn the_lifetime_of_a_link_has_limits_whatever_the_clocks_say() {
        for (expires, server_time, lifetime, renewed) in [
            (1030, 1000, 30, 25),
            (1008, 1000, 8, 6),
            (1000, 1000, 1, 1),
            (1000, 1_000_000, 1, 1),
            (i32::MAX, 1000, 300, 295),
            (i32::MIN, i64::MAX, 1, 1),
            (i32::MAX, i64::MIN, 300, 295),
        ] {
            let link = QrLink::new(&[7; 36], expires, server_time, 1).unwrap();
            assert_eq!(link.lifetime, Duration::from_secs(lifetime), "{expires} at {server_time}");
            assert_eq!(link.renew_after().as_secs(), renewed, "{expires} at {server_time}");
        }
    }

    #[test]
    fn a_token_of_no_bytes_or_more_than_512_makes_no_link() {
        assert_eq!(QrLink::new(&[], 0, 0, 1), Err(AnswerError::LoginToken { len: 0 }));
        assert_eq!(QrLink::new(&[7; 513], 0, 0, 1), Err(AnswerError::LoginToken { len: 513 }));
        assert!(QrLink::new(&[7], 0, 0, 1).is_ok());
    }
}
