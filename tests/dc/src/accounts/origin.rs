//! Fingerprints of the accounts of the options: a saved account whose description has changed starts fresh.

use sansgram_core::crypto::hash::sha256;

use super::options::{LoginEmail, TestBot, TestUser};
use crate::wire::Writer;

/// SHA-256 of the description of an account.
pub(super) type Origin = [u8; 32];

impl TestUser {
    pub(super) fn origin(&self) -> Origin {
        let (email, address) = login_email_fields(&self.login_email);
        let password = self.password.as_ref();
        let described = Writer::default()
            .i64(self.id)
            .i32(self.dc)
            .bytes(self.phone.as_bytes())
            .bytes(self.first_name.as_bytes())
            .bytes(self.last_name.as_bytes())
            .bytes(self.username.as_bytes())
            .i32(email)
            .bytes(address.as_bytes())
            .i32(password.map_or(0, |password| 1 + i32::from(password.has_recovery)))
            .bytes(password.map_or("", |password| &password.text).as_bytes())
            .bytes(password.and_then(|password| password.hint.as_deref()).unwrap_or_default().as_bytes());
        sha256(&[b"user", &described.finish()])
    }
}

impl TestBot {
    pub(super) fn origin(&self) -> Origin {
        let described = Writer::default()
            .i64(self.id)
            .i32(self.dc)
            .bytes(self.token.as_bytes())
            .bytes(self.first_name.as_bytes())
            .bytes(self.username.as_bytes());
        sha256(&[b"bot", &described.finish()])
    }
}

/// The kind of the login e-mail as a number, and the address if there is one.
pub(super) fn login_email_fields(email: &LoginEmail) -> (i32, &str) {
    match email {
        LoginEmail::None => (0, ""),
        LoginEmail::Required => (1, ""),
        LoginEmail::At(address) => (2, address),
    }
}
