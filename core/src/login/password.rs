//! The key stretching of the password, which blocks for about a tenth of a second.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::crypto::{Secret, srp};
use crate::rpc::RequestId;

/// Key stretching for a password (PBKDF2-HMAC-SHA512, 100,000 rounds; about 0.1 s). Run it on a thread for blocking work
/// and return the output. It holds the password, which is wiped on drop and not in the `Debug` output.
pub struct PasswordKdfTask {
    pub(crate) step: RequestId,
    pub(super) password: Secret<String>,
    pub(super) salt1: Vec<u8>,
    pub(super) salt2: Vec<u8>,
}

/// The output of a [`PasswordKdfTask`].
pub struct PasswordKdfOutput {
    pub(crate) step: RequestId,
    // Boxed, so that moving it between threads leaves no copies behind.
    pub(super) x: Box<Secret<[u8; 32]>>,
}

impl PasswordKdfTask {
    /// Runs the task. It blocks for about 0.1 s, or for several seconds without optimization (see "opt-level" in the
    /// README).
    #[must_use]
    pub fn run(self) -> PasswordKdfOutput {
        let x = Box::new(srp::stretch(self.password.expose().as_bytes(), &self.salt1, &self.salt2));
        PasswordKdfOutput { step: self.step, x }
    }
}

/// A password that replaces a forgotten one. It is wiped on drop and not in the `Debug` output.
pub struct NewPassword {
    pub(super) text: Secret<String>,
    pub(super) hint: String,
}

impl NewPassword {
    /// Returns a password without a hint.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: Secret::new(text.into()), hint: String::new() }
    }

    /// Adds a hint, which is shown at every login.
    #[must_use]
    pub fn with_hint(self, hint: &str) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword([redacted])")
    }
}

impl fmt::Debug for PasswordKdfTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKdfTask").field("step", &self.step).finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordKdfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKdfOutput").field("step", &self.step).finish_non_exhaustive()
    }
}
