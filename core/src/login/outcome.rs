//! What the steps of a login end in.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::code::{InvalidCode, SentCode, read_code_with_digits, read_email_code};
use crate::policy;

/// How far a login has come: what to give next, or who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// A code is on its way: give it to [`sign_in`](super::LoginFlow::sign_in), together with this.
    CodeSent(SentCode),
    /// The account has a password: give it to [`check_password`](super::LoginFlow::check_password).
    PasswordRequired(PasswordHint),
    /// No account has this number: make one by [`sign_up`](super::LoginFlow::sign_up).
    SignUpRequired(SignUpRequired),
    /// Logged in.
    LoggedIn(UserInfo),
}

/// What the output of a step says of the account of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountChange {
    /// Nothing.
    Unchanged,
    /// This user has logged in.
    LoggedIn { id: i64, is_bot: bool },
    /// This user is logged in, maybe since long ago.
    Known { id: i64, is_bot: bool },
    /// No user is logged in.
    NotLoggedIn,
    /// The user has logged out.
    LoggedOut,
}

impl AccountChange {
    pub(super) const fn of_login(user: &UserInfo) -> Self {
        Self::LoggedIn { id: user.id, is_bot: user.is_bot }
    }

    pub(super) const fn of_user(user: &UserInfo) -> Self {
        Self::Known { id: user.id, is_bot: user.is_bot }
    }

    pub(super) const fn of_step(step: &LoginStep) -> Self {
        match step {
            LoginStep::LoggedIn(user) => Self::of_login(user),
            // No user is logged in under a key that still needs the password.
            LoginStep::PasswordRequired(_) => Self::NotLoggedIn,
            LoginStep::CodeSent(_) | LoginStep::SignUpRequired(_) => Self::Unchanged,
        }
    }

    pub(super) const fn of_state(state: &Option<LoginStep>) -> Self {
        match state {
            Some(LoginStep::LoggedIn(user)) => Self::of_user(user),
            Some(step) => Self::of_step(step),
            None => Self::NotLoggedIn,
        }
    }
}

/// What the server tells about the password of the account. The hint is not in the `Debug` output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PasswordHint {
    /// The hint that the user set, as the server sent it.
    pub hint: Option<String>,
    /// Whether the password can be recovered by e-mail.
    pub has_recovery: bool,
}

/// A code that was sent to an e-mail address in order to set it up.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailCode {
    /// The masked address, as the server sent it.
    pub pattern: String,
    /// The length of the code in characters; 0 if unknown.
    pub length: u32,
}

impl EmailCode {
    /// Reads the code from what was typed or pasted.
    ///
    /// # Errors
    /// [`InvalidCode`] if it cannot be the code that was sent. Asking the server would waste one of its few tries.
    pub fn read_code(&self, typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
        read_email_code(typed, self.length)
    }
}

/// A code that was sent to the account's recovery address.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    /// The masked address, as the server sent it.
    pub pattern: String,
}

impl RecoveryCode {
    /// Reads the code from what was typed or pasted. Its length is not documented.
    ///
    /// # Errors
    /// [`InvalidCode::NoDigits`]: it cannot be the code. Asking the server would waste one of its few tries.
    pub fn read_code(&self, typed: &str) -> Result<Zeroizing<String>, InvalidCode> {
        read_code_with_digits(typed)
    }
}

/// The state of the removal of a forgotten password (`account.resetPassword`). Times are in seconds since 1970, by the
/// server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordReset {
    /// The password is removed.
    Done,
    /// The removal is pending for 7 days; until then every session can decline it.
    Waiting {
        /// When to ask again.
        until: i32,
    },
    /// A removal was declined recently.
    Refused {
        /// When the next removal can be asked for.
        retry_at: i32,
    },
}

/// What a sign-up needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUpRequired {
    /// Give it to [`sign_up`](super::LoginFlow::sign_up), together with the names.
    pub token: SentCode,
    /// The terms of service, if the server sent any.
    pub terms_of_service: Option<TermsOfService>,
}

/// Terms of service (`help.termsOfService`): signing up accepts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsOfService {
    pub(super) id: String,
    /// The text, as the server sent it.
    pub text: String,
    /// The minimum age in years that the user must confirm, if there is one.
    pub min_age: Option<u32>,
    /// Whether the text must be shown before the names are asked for.
    pub popup: bool,
}

/// A user, as far as a login needs it. Texts are as the server sent them; the phone number is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The user's identifier.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// The first name; empty for deleted accounts.
    pub first_name: String,
    /// The last name.
    pub last_name: Option<String>,
    /// The name without its `@`.
    pub username: Option<String>,
}

/// A link that another device of the account can scan as a QR code in order to log this one in. It is a secret while it
/// is valid, so it is not in the `Debug` output.
#[derive(Clone)]
pub struct QrLink {
    url: Zeroizing<String>,
    /// The server's time in seconds since 1970.
    expires: i32,
    /// How long it can be scanned after it was received: 1 s to 5 min; the server's links live for 30 s.
    pub lifetime: Duration,
    /// Its number within the login, from 1.
    pub number: u32,
}

impl QrLink {
    /// A link that was received at `server_time`; both times are in seconds since 1970.
    pub(super) fn new(url: Zeroizing<String>, expires: i32, server_time: i64, number: u32) -> Self {
        let left = u64::try_from(i64::from(expires).saturating_sub(server_time)).unwrap_or(0);
        let lifetime = Duration::from_secs(left).clamp(policy::MIN_QR_LIFETIME, policy::MAX_QR_LIFETIME);
        Self { url, expires, lifetime, number }
    }

    /// When to ask for the next link, counted from the time when this one was received; at least 1 s.
    #[must_use]
    pub fn renew_after(&self) -> Duration {
        let early = policy::QR_RENEWAL_MARGIN.min(self.lifetime / 4);
        (self.lifetime - early).max(policy::MIN_QR_LIFETIME)
    }

    /// `tg://login?token=` and the token, base64url without padding (`api/qr-login`).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token alone, up to 512 bytes: what a device that is logged in gives to `auth.acceptLoginToken`.
    #[must_use]
    pub fn token(&self) -> Zeroizing<Vec<u8>> {
        let encoded = self.url.rsplit('=').next().unwrap_or_default();
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

impl fmt::Debug for PasswordHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHint")
            .field("has_hint", &self.hint.is_some())
            .field("has_recovery", &self.has_recovery)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EmailCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailCode").field("length", &self.length).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::answer::login_url;

    #[test]
    fn a_link_gives_its_token_back() {
        for token in [&[0xfb; 36][..], &[0; 35], b"=", &[7; 512]] {
            let link = QrLink::new(login_url(token).unwrap(), 0, 0, 1);
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
            let link = QrLink::new(login_url(&[7; 36]).unwrap(), expires, server_time, 1);
            assert_eq!(link.lifetime, Duration::from_secs(lifetime), "{expires} at {server_time}");
            assert_eq!(link.renew_after().as_secs(), renewed, "{expires} at {server_time}");
        }
    }

    #[test]
    fn debug_does_not_show_the_hint_of_a_password() {
        let hint = PasswordHint { hint: Some("my first dog".into()), has_recovery: false };
        assert_eq!(alloc::format!("{hint:?}"), "PasswordHint { has_hint: true, has_recovery: false, .. }");
    }

    #[test]
    fn d4_what_is_no_code_from_an_email_is_not_sent() {
        let (setup, recovery) =
            (EmailCode { pattern: String::new(), length: 6 }, RecoveryCode { pattern: String::new() });
        for typed in ["hello", "", "what code?"] {
            assert_eq!(setup.read_code(typed).unwrap_err(), InvalidCode::NoDigits, "{typed}");
            assert_eq!(recovery.read_code(typed).unwrap_err(), InvalidCode::NoDigits, "{typed}");
        }
        assert!(setup.read_code("22222").is_err(), "it has six characters");
        assert_eq!(*setup.read_code("Your code: 222 222").unwrap(), "222222");
        assert_eq!(*recovery.read_code(" 222-222 ").unwrap(), "222222");
    }

    #[test]
    fn a_token_of_no_bytes_or_more_than_512_makes_no_link() {
        assert_eq!(login_url(&[]), None);
        assert_eq!(login_url(&[7; 513]), None);
        assert!(login_url(&[7]).is_some());
    }
}
